/*
 * /proc: inodes that exist while someone looks at them.
 *
 * Nothing is kept: each lookup makes an entry and an inode for what there is at that moment (a
 * process, one of its files), and the last put frees them. The text of a file is made when it is
 * read at position 0, or for the first time, and stays the same for the reads that follow: who
 * reads byte by byte sees one state. A process that ends meanwhile leaves its open files behind,
 * which then answer ESRCH.
 *
 * Inode numbers: the number of the process, then the place of the file in its table.
 */
#include "fs/procfs.h"

#include "core/init.h"
#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/process.h"

#define ROOT_NUMBER        1
#define FIRST_PID_POSITION 0x10000ull

int proc_may_look(const struct process *process)
{
    return process_access((struct process *)(uintptr_t)process, PROCESS_FILE_CREDENTIALS) == 0
               ? 0
               : -EACCES;
}

/* ---- numbers in names and settings ---- */

int proc_parse_number(const char *name, size_t length)
{
    int number = 0;

    if (length == 0 || length > 9 || (name[0] == '0' && length > 1))
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        number = number * 10 + (name[i] - '0');
    }
    return number;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

int proc_parse_setting(const char *text, int64_t *out)
{
    bool negative;
    uint64_t value = 0;
    int base = 10;

    while (is_blank(*text))
        text++;
    negative = *text == '-';
    text += *text == '-' || *text == '+';
    if (*text == '0') {
        base = text[1] == 'x' || text[1] == 'X' ? 16 : 8;
        text += base == 16 ? 2 : 0;
    }
    if (digit_of(*text) >= base)
        return -EINVAL;
    for (; digit_of(*text) < base; text++)
        if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit_of(*text), &value))
            return -EINVAL;
    while (is_blank(*text))
        text++;
    if (*text != 0 || value > (uint64_t)INT64_MAX)
        return -EINVAL;
    *out = negative ? -(int64_t)value : (int64_t)value;
    return 0;
}

/* ---- open files ---- */

static bool is_gone(const struct proc_target *target)
{
    struct thread *thread;
    bool gone;

    if (target->process == NULL)
        return false;
    if (target->process->pid == NULL)
        return true; /* it has been waited for */
    if (target->tid == 0)
        return false;
    thread = thread_find(target->tid);
    gone = thread == NULL || thread->process != target->process;
    if (thread != NULL)
        thread_put(thread);
    return gone;
}

static int proc_open(struct vfs_inode *inode, struct file *file)
{
    const struct proc_target *target = proc_target(inode);
    unsigned wanted = file->flags & O_ACCMODE;
    struct proc_open *open;

    if (target->file->access == PROC_LOOK || target->file->access == PROC_ATTACH) {
        unsigned mode = target->file->access == PROC_ATTACH ? PROCESS_ATTACH : 0;

        if (is_gone(target))
            return -ESRCH;
        if (process_access(target->process, mode | PROCESS_FILE_CREDENTIALS) != 0)
            return -EACCES;
    }
    if (target->file->access == PROC_SETTING && ((wanted != O_WRONLY && !(inode->mode & 0444)) ||
                                                 (wanted != O_RDONLY && !(inode->mode & 0222))))
        return -EACCES;
    open = kernel_alloc_zeroed(sizeof *open);
    if (open == NULL)
        return -ENOMEM;
    mutex_init(&open->lock);
    open->target = *target;
    if (target->process != NULL) {
        struct memory *memory = process_memory(target->process);

        if (memory != NULL) {
            open->target.space = (uint64_t)memory->space->number + 1;
            memory_put(memory);
        }
    }
    file->data = open;
    file->operations = inode->file_operations;
    return 0;
}

static int make_text(struct proc_open *open)
{
    const struct proc_target *target = &open->target;
    int error;

    text_clear(&open->text);
    open->made = false;
    if (is_gone(target))
        return -ESRCH;
    error = target->file->show(&open->text, target);
    if (error == 0 && open->text.failed)
        error = -ENOMEM;
    if (error != 0)
        text_clear(&open->text);
    open->made = error == 0;
    return error;
}

long proc_read(struct file *file, struct transfer *to, uint64_t *position)
{
    struct proc_open *open = file->data;
    const struct proc_file *kind = open->target.file;
    long done = 0;

    if (kind->show == NULL)
        return kind->access == PROC_SETTING ? -EINVAL : -EIO;
    if (kind->once && *position != 0)
        return 0;
    mutex_lock(&open->lock);
    if (!open->made || *position == 0)
        done = make_text(open);
    if (done == 0)
        done = text_read(&open->text, to, position);
    mutex_unlock(&open->lock);
    return done;
}

static long proc_write(struct file *file, struct transfer *from, uint64_t *position)
{
    const struct proc_open *open = file->data;
    size_t all = from->length, n;
    char text[128];
    int error;

    if (open->target.file->store == NULL)
        return open->target.process != NULL ? -EINVAL : -EIO;
    if (all == 0 && open->target.file->access == PROC_SETTING)
        return 0; /* everything else reads even nothing, as on Linux */
    n = transfer_in(from, text, all < sizeof text ? all : sizeof text - 1);
    if (n == 0 && all > 0)
        return -EFAULT;
    text[n] = 0;
    if (is_gone(&open->target))
        return -ESRCH;
    error = open->target.file->store(text, n, &open->target);
    if (error != 0)
        return error;
    *position += all;
    return (long)all;
}

int64_t proc_seek(struct file *file, int64_t offset, int whence)
{
    const struct proc_file *kind = proc_open_target(file)->file;

    if (whence == SEEK_CUR)
        offset += (int64_t)file->position;
    else if (whence != SEEK_SET && !(whence == SEEK_END && kind->seeks_end))
        return -EINVAL;
    if (offset < 0)
        return -EINVAL;
    file->position = (uint64_t)offset;
    return offset;
}

void proc_release(struct file *file)
{
    struct proc_open *open = file->data;

    text_clear(&open->text);
    kernel_free(open);
}

static const struct file_operations proc_file_operations = {
    .read = proc_read,
    .write = proc_write,
    .seek = proc_seek,
    .release = proc_release,
};

/* ---- inodes ---- */

void proc_inode_release(struct vfs_inode *inode)
{
    struct proc_target *target = inode->data;

    if (target == NULL)
        return;
    if (target->process != NULL)
        process_put(target->process);
    kernel_free(target);
}

static long proc_read_link(struct vfs_inode *inode, char *buffer, size_t size)
{
    const struct proc_target *target = proc_target(inode);
    struct vfs_path place;
    char *text;
    long length;

    if (target->file->access == PROC_LOOK && proc_may_look(target->process) != 0)
        return -EACCES;
    if (target->file->read_link != NULL)
        return target->file->read_link(target, buffer, size);
    length = target->file->follow(target, &place);
    if (length != 0)
        return length;
    length = path_text(&place, NULL, buffer, size, true, &text);
    path_put(&place);
    if (length <= 0)
        return length;
    memmove(buffer, text, (size_t)length - 1);
    return length - 1;
}

static int proc_follow(struct vfs_inode *inode, struct vfs_path *out)
{
    const struct proc_target *target = proc_target(inode);

    if (target->file->access == PROC_LOOK && proc_may_look(target->process) != 0)
        return -EACCES;
    return target->file->follow(target, out);
}

/* A process may always go through the lists of its own files and mappings, whoever they belong to.
 */
int proc_own_permission(struct vfs_inode *inode)
{
    return proc_target(inode)->process == current_process() ? 0 : 1;
}

/* The owner is the owner of the process now; files of one that hides its memory are root's. */
void proc_inode_refresh(struct vfs_inode *inode)
{
    const struct proc_target *target = proc_target(inode);
    const struct process *process = target != NULL ? target->process : NULL;
    bool hidden;

    if (process == NULL)
        return;
    hidden = !process->dumpable && (inode->mode & 0777) != 0555;
    inode->uid = hidden ? 0 : process->credentials.euid;
    inode->gid = hidden ? 0 : process->credentials.egid;
}

static const struct vfs_inode_operations proc_file_inode_operations = {
    .open = proc_open, .refresh = proc_inode_refresh, .release = proc_inode_release};
static const struct vfs_inode_operations proc_link_operations = {
    .read_link = proc_read_link, .refresh = proc_inode_refresh, .release = proc_inode_release};
static const struct vfs_inode_operations proc_place_operations = {.read_link = proc_read_link,
                                                                  .follow = proc_follow,
                                                                  .refresh = proc_inode_refresh,
                                                                  .release = proc_inode_release};

static const struct vfs_inode_operations *operations_of(const struct proc_file *file)
{
    if (file->operations != NULL)
        return file->operations;
    if (file->follow != NULL)
        return &proc_place_operations;
    if (file->read_link != NULL)
        return &proc_link_operations;
    return file->children != NULL ? &proc_table_operations : &proc_file_inode_operations;
}

int proc_entry(struct vfs_entry *directory, const char *name, size_t length, uint64_t number,
               const struct proc_target *target, struct vfs_entry **out)
{
    struct vfs_inode *inode = inode_create(directory->inode->filesystem, target->file->mode);
    struct proc_target *own = kernel_alloc(sizeof *own);

    if (inode == NULL || own == NULL) {
        kernel_free(own);
        inode_put(inode);
        return -ENOMEM;
    }
    *own = *target;
    if (own->process != NULL)
        process_get(own->process);
    inode->data = own;
    inode->number = number;
    inode->links = inode_is(inode, S_IFDIR) ? 2 : 1;
    inode->operations = operations_of(target->file);
    inode->file_operations = target->file->file_operations != NULL ? target->file->file_operations
                                                                   : &proc_file_operations;
    proc_inode_refresh(inode);
    *out = entry_create(directory, name, length, inode);
    inode_put(inode);
    return *out != NULL ? 0 : -ENOMEM;
}

/* ---- directories with a table of names ---- */

static uint64_t table_number(const struct proc_target *directory, size_t index)
{
    uint64_t owner = directory->process != NULL ? (uint64_t)directory->process->number : 0;

    return proc_inode_number((owner << 24) + ((uint64_t)directory->tid << 40) + index + 100);
}

static int table_lookup(struct vfs_entry *directory, const char *name, size_t length,
                        struct vfs_entry **out)
{
    const struct proc_target *here = proc_target(directory->inode);
    const struct proc_file *children = here->file->children;
    struct proc_target target = *here;

    if (is_gone(here))
        return -ENOENT;
    for (size_t i = 0; children[i].name != NULL; i++) {
        if (strlen(children[i].name) != length || memcmp(children[i].name, name, length) != 0)
            continue;
        target.file = &children[i];
        return proc_entry(directory, name, length, table_number(here, i), &target, out);
    }
    return -ENOENT;
}

static int table_list(struct vfs_inode *inode, struct file *file, struct directory_sink *sink)
{
    const struct proc_target *here = proc_target(inode);
    const struct proc_file *children = here->file->children;
    size_t count = 0;

    if (is_gone(here))
        return -ENOENT;
    while (children[count].name != NULL)
        count++;
    while (file->position - 2 < count) {
        size_t i = (size_t)(file->position - 2);

        if (!sink->name(sink, children[i].name, strlen(children[i].name), table_number(here, i),
                        DT_OF_MODE(children[i].mode), file->position + 1))
            break;
        file->position++;
    }
    return 0;
}

const struct vfs_inode_operations proc_table_operations = {
    .lookup = table_lookup,
    .list = table_list,
    .refresh = proc_inode_refresh,
    .release = proc_inode_release,
};

/* ---- the root ---- */

static const struct proc_file process_directory = {
    .name = "PID", .mode = S_IFDIR | 0555, .children = proc_process_files};

struct process *procfs_process(const struct file *file)
{
    const struct vfs_inode *inode = file->inode;
    struct process *process;

    if (inode == NULL || inode->operations != &proc_table_operations ||
        proc_target(inode)->file != &process_directory)
        return NULL;
    process = proc_target(inode)->process;
    process_get(process);
    return process;
}

static int root_lookup(struct vfs_entry *directory, const char *name, size_t length,
                       struct vfs_entry **out)
{
    struct proc_target target = {.file = &process_directory};
    int pid = proc_parse_number(name, length), error;

    if (pid <= 0)
        return table_lookup(directory, name, length, out);
    target.process = process_find(pid);
    if (target.process == NULL) {
        struct thread *thread = thread_find(pid);

        /* A thread's number has a directory too, which is not listed. */
        if (thread == NULL)
            return -ENOENT;
        target.process = thread->process;
        process_get(target.process);
        thread_put(thread);
    }
    error = proc_entry(directory, name, length, ((uint64_t)pid << 24) + 1, &target, out);
    process_put(target.process);
    return error;
}

static int root_list(struct vfs_inode *inode, struct file *file, struct directory_sink *sink)
{
    size_t count = 0;

    while (proc_system_files[count].name != NULL)
        count++;
    if (file->position - 2 < count) {
        table_list(inode, file, sink);
        if (file->position - 2 < count)
            return 0;
    }
    if (file->position < FIRST_PID_POSITION)
        file->position = FIRST_PID_POSITION;
    for (;;) {
        int from = (int)(file->position - FIRST_PID_POSITION);
        struct process *process = process_next(from > 0 ? from : 1);
        char name[12];
        int length, pid;
        bool room;

        if (process == NULL)
            return 0;
        pid = process->number;
        process_put(process);
        length = snprintf(name, sizeof name, "%d", pid);
        room = sink->name(sink, name, (size_t)length, ((uint64_t)pid << 24) + 1,
                          DT_OF_MODE(S_IFDIR), FIRST_PID_POSITION + (uint64_t)pid + 1);
        if (!room)
            return 0;
        file->position = FIRST_PID_POSITION + (uint64_t)pid + 1;
    }
}

const struct vfs_inode_operations proc_root_operations = {
    .lookup = root_lookup,
    .list = root_list,
    .release = proc_inode_release,
};

static const struct proc_file root_file = {.name = "",
                                           .mode = S_IFDIR | 0555,
                                           .children = proc_system_files,
                                           .operations = &proc_root_operations};

/* ---- the file system ---- */

struct vfs_filesystem *proc_filesystem_create(const struct vfs_filesystem_type *type,
                                              const struct proc_file *root)
{
    struct vfs_filesystem *filesystem = filesystem_create(type);
    struct vfs_inode *inode = filesystem != NULL ? inode_create(filesystem, root->mode) : NULL;
    struct proc_target *target = inode != NULL ? kernel_alloc_zeroed(sizeof *target) : NULL;

    if (target == NULL) {
        inode_put(inode);
        kernel_free(filesystem);
        return NULL;
    }
    target->file = root;
    inode->number = ROOT_NUMBER;
    inode->links = 2;
    inode->operations = operations_of(root);
    inode->data = target;
    filesystem->root = entry_create(NULL, "", 0, inode);
    inode_put(inode);
    if (filesystem->root == NULL) {
        kernel_free(filesystem);
        return NULL;
    }
    return filesystem;
}

static struct vfs_filesystem *proc; /* the only instance */

static int proc_mount(const char *source, const char *options, struct vfs_filesystem **out)
{
    (void)source, (void)options;
    filesystem_get(proc);
    *out = proc;
    return 0;
}

static struct vfs_filesystem_type proc_type = {
    .name = "proc", .no_device = true, .magic = PROC_SUPER_MAGIC, .mount = proc_mount};

static int proc_init(void)
{
    proc = proc_filesystem_create(&proc_type, &root_file);
    if (proc == NULL)
        return -ENOMEM;
    filesystem_register(&proc_type);
    return 0;
}
INITCALL(INIT_DRIVER, proc_init);
