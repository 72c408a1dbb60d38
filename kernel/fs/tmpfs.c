/*
 * tmpfs: a tree in memory. The names in the directories' tables are the file system; the content of
 * a regular file is the memory object that read, write and mappings share. Also the base of
 * devtmpfs, of the root, and of memory without a name (memfd, shared memory).
 *
 * The files of an instance may take half of RAM, or what size= says, as on Linux; the root's all
 * but the sixteenth that regular.c keeps free.
 *
 * Failure: each operation allocates what it needs before it changes anything.
 */
#include "fs/vfs.h"

#include "core/init.h"
#include "core/memory.h"
#include "core/panic.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/process.h"

#include <quire/reclaim.h>

static long tmpfs_read_link(struct vfs_inode *inode, char *buffer, size_t size)
{
    size_t length = strlen(inode->target);

    if (length > size)
        length = size;
    memcpy(buffer, inode->target, length);
    return (long)length;
}

static const struct vfs_inode_operations tmpfs_operations;
static const struct vfs_inode_operations tmpfs_link_operations = {.read_link = tmpfs_read_link};

/* The part of an inode that its type needs. */
static int tmpfs_fill(struct vfs_inode *inode, const struct vfs_node *node)
{
    inode->operations = &tmpfs_operations;
    switch (node->mode & S_IFMT) {
    case S_IFREG:
        if (quire_object_create(&kernel_machine, QUIRE_OBJECT_MEMORY, &inode_pager, inode, 0,
                                &inode->object) != QUIRE_OK)
            return -ENOMEM;
        inode->seals = F_SEAL_SEAL; /* memfd_create may allow them */
        return 0;
    case S_IFDIR:
        inode->operations = &tmpfs_directory_operations;
        inode->links = 1; /* its "." */
        return 0;
    case S_IFLNK: {
        size_t size;

        if (node->target == NULL)
            return -EINVAL;
        size = strlen(node->target) + 1;
        inode->operations = &tmpfs_link_operations;
        inode->target = kernel_alloc(size);
        if (inode->target == NULL)
            return -ENOMEM;
        memcpy(inode->target, node->target, size);
        return 0;
    }
    default:
        inode->device = node->device;
        return 0;
    }
}

static int tmpfs_inode(struct vfs_filesystem *filesystem, const struct vfs_node *node,
                       struct vfs_inode **out)
{
    struct vfs_inode *inode = inode_create(filesystem, node->mode);
    int error;

    if (inode == NULL)
        return -ENOMEM;
    inode->uid = node->uid;
    inode->gid = node->gid;
    error = tmpfs_fill(inode, node);
    if (error != 0) {
        inode_put(inode);
        return error;
    }
    *out = inode;
    return 0;
}

int tmpfs_make(struct vfs_entry *directory, const char *name, size_t length,
               const struct vfs_node *node, struct vfs_entry **out)
{
    struct vfs_inode *parent = directory->inode, *inode;
    struct vfs_entry *entry;
    int error = tmpfs_inode(parent->filesystem, node, &inode);

    if (error != 0)
        return error;
    entry = entry_create(directory, name, length, inode);
    inode_put(inode);
    if (entry == NULL)
        return -ENOMEM;
    inode->links++;
    if (inode_is(inode, S_IFDIR))
        parent->links++; /* its ".." */
    inode_touch(parent, true, true);
    directory_insert(directory, entry);
    if (out != NULL)
        *out = entry;
    else
        entry_put(entry);
    return 0;
}

static int tmpfs_temporary(struct vfs_entry *directory, const struct vfs_node *node,
                           struct vfs_entry **out)
{
    struct vfs_inode *inode;
    char name[32];
    int length, error = tmpfs_inode(directory->inode->filesystem, node, &inode);

    if (error != 0)
        return error;
    length = snprintf(name, sizeof name, "#%lu", (unsigned long)inode->number);
    *out = entry_create(directory, name, (size_t)length, inode);
    inode_put(inode);
    return *out != NULL ? 0 : -ENOMEM;
}

static int tmpfs_link(struct vfs_entry *directory, const char *name, size_t length,
                      struct vfs_inode *inode)
{
    struct vfs_entry *entry = entry_create(directory, name, length, inode);

    if (entry == NULL)
        return -ENOMEM;
    inode->links++;
    inode_touch(inode, false, true);
    inode_touch(directory->inode, true, true);
    directory_insert(directory, entry);
    entry_put(entry);
    return 0;
}

static void drop_link(struct vfs_entry *directory, struct vfs_inode *inode)
{
    inode->links--;
    if (inode_is(inode, S_IFDIR)) {
        inode->links--; /* its "." */
        directory->inode->links--;
    }
    inode_touch(inode, false, true);
}

static int tmpfs_remove(struct vfs_entry *directory, struct vfs_entry *entry)
{
    drop_link(directory, entry->inode);
    inode_touch(directory->inode, true, true);
    directory_remove(directory, entry);
    return 0;
}

static int tmpfs_exchange(struct vfs_entry *from, struct vfs_entry *entry, struct vfs_entry *to,
                          struct vfs_entry *other)
{
    char first[VFS_NAME_MAX + 1], second[VFS_NAME_MAX + 1];
    size_t first_length = entry->length, second_length = other->length;
    char *first_room, *second_room;
    bool first_directory = inode_is(entry->inode, S_IFDIR);
    bool second_directory = inode_is(other->inode, S_IFDIR);

    memcpy(first, entry->name, first_length);
    memcpy(second, other->name, second_length);
    if (entry_name_room(entry, second_length, &first_room) != 0)
        return -ENOMEM;
    if (entry_name_room(other, first_length, &second_room) != 0) {
        kernel_free(first_room);
        return -ENOMEM;
    }
    entry_move(from, entry, to, second, second_length, first_room);
    entry_move(to, other, from, first, first_length, second_room);
    if (first_directory != second_directory) {
        from->inode->links += second_directory ? 1u : -1u;
        to->inode->links += first_directory ? 1u : -1u;
    }
    inode_touch(entry->inode, false, true);
    inode_touch(other->inode, false, true);
    inode_touch(from->inode, true, true);
    inode_touch(to->inode, true, true);
    return 0;
}

static int tmpfs_rename(struct vfs_entry *from, struct vfs_entry *entry, struct vfs_entry *to,
                        const char *name, size_t length, struct vfs_entry *victim, bool exchange)
{
    char *room;

    if (exchange)
        return tmpfs_exchange(from, entry, to, victim);
    if (entry_name_room(entry, length, &room) != 0)
        return -ENOMEM;
    if (victim != NULL) {
        drop_link(to, victim->inode);
        directory_remove(to, victim);
    }
    entry_move(from, entry, to, name, length, room);
    if (inode_is(entry->inode, S_IFDIR) && from != to) {
        from->inode->links--;
        to->inode->links++;
    }
    inode_touch(entry->inode, false, true);
    inode_touch(from->inode, true, true);
    inode_touch(to->inode, true, true);
    return 0;
}

static const struct vfs_inode_operations tmpfs_operations = {0};

const struct vfs_inode_operations tmpfs_directory_operations = {
    .create = tmpfs_make,
    .link = tmpfs_link,
    .remove = tmpfs_remove,
    .rename = tmpfs_rename,
    .temporary = tmpfs_temporary,
};

/* ---- instances ---- */

/* Value of an octal or decimal option NAME= in "a=1,b=2"; `otherwise` when absent. */
static unsigned long option_number(const char *options, const char *name, int base,
                                   unsigned long otherwise)
{
    size_t length = strlen(name);

    while (options != NULL && *options != 0) {
        if (strncmp(options, name, length) == 0 && options[length] == '=')
            return strtoul(options + length + 1, NULL, base);
        options = strchr(options, ',');
        if (options != NULL)
            options++;
    }
    return otherwise;
}

/* size=N with k, m, g or %, of RAM, behind it; 0: no such option. Pages. */
static uint64_t option_size(const char *options)
{
    const char *at = options != NULL ? strstr(options, "size=") : NULL;
    struct quire_frame_stats frames;
    char *unit;
    uint64_t size;

    if (at == NULL || (at != options && at[-1] != ','))
        return 0;
    size = strtoull(at + 5, &unit, 10);
    switch (*unit | 0x20) {
    case 'g':
        return size << (30 - PAGE_SHIFT);
    case 'm':
        return size << (20 - PAGE_SHIFT);
    case 'k':
        return (size + 3) >> (PAGE_SHIFT - 10);
    case '%' | 0x20:
        quire_frame_stats(&kernel_machine, &frames);
        return frames.total * size / 100;
    default:
        return (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    }
}

static void tmpfs_limits(struct vfs_filesystem *filesystem, const char *options, uint32_t mode)
{
    uint64_t size = option_size(options);
    struct quire_frame_stats frames;
    size_t length = 0;

    quire_frame_stats(&kernel_machine, &frames);
    filesystem->limit = size != 0 ? size : frames.total / 2;
    if (size != 0)
        length = (size_t)scnprintf(filesystem->options, sizeof filesystem->options,
                                   ",size=%" PRIu64 "k", size << (PAGE_SHIFT - 10));
    if (mode != 01777)
        scnprintf(filesystem->options + length, sizeof filesystem->options - length, ",mode=%o",
                  mode);
}

static int tmpfs_mount(const char *source, const char *options, struct vfs_filesystem **out)
{
    struct vfs_filesystem *filesystem = filesystem_create(&tmpfs_type);
    struct vfs_node node = {.mode = S_IFDIR};
    struct vfs_inode *inode;
    int error;

    (void)source;
    if (filesystem == NULL)
        return -ENOMEM;
    node.mode |= (uint32_t)(option_number(options, "mode", 8, 01777) & 07777);
    node.uid = (uint32_t)option_number(options, "uid", 10, 0);
    node.gid = (uint32_t)option_number(options, "gid", 10, 0);
    tmpfs_limits(filesystem, options, node.mode & 07777);
    error = tmpfs_inode(filesystem, &node, &inode);
    if (error == 0) {
        inode->links = 2;
        filesystem->root = entry_create(NULL, "", 0, inode);
        inode_put(inode);
        if (filesystem->root == NULL)
            error = -ENOMEM;
    }
    if (error != 0) {
        kernel_free(filesystem);
        return error;
    }
    *out = filesystem;
    return 0;
}

static struct vfs_entry *first_child(struct vfs_entry *directory)
{
    list_for_each(node, &directory->inode->directory.names)
    {
        struct vfs_entry *entry = container_of(node, struct vfs_entry, sibling);

        if (entry->inode != NULL)
            return entry;
    }
    return NULL;
}

/* The whole tree, leaves first: down to a first child, cut it off, up again. */
static void tmpfs_release(struct vfs_filesystem *filesystem)
{
    struct vfs_entry *at = filesystem->root;

    while (at != NULL) {
        struct vfs_entry *child = inode_is(at->inode, S_IFDIR) ? first_child(at) : NULL;
        struct vfs_entry *parent;

        if (child != NULL) {
            at = child;
            continue;
        }
        if (at == filesystem->root)
            break;
        parent = at->parent;
        directory_remove(parent, at);
        at = parent;
    }
}

static void tmpfs_statistics(struct vfs_filesystem *filesystem, struct statfs_abi *out)
{
    struct quire_frame_stats frames;
    struct quire_reclaim_stats swap;
    uint64_t left, total, free;

    quire_frame_stats(&kernel_machine, &frames);
    quire_reclaim_stats(&kernel_machine, &swap);
    total = frames.total + swap.slots;
    free = frames.free + swap.slots_free;
    out->f_blocks = filesystem->limit < total ? filesystem->limit : total;
    left = out->f_blocks > filesystem->used ? out->f_blocks - filesystem->used : 0;
    out->f_bfree = left < free ? left : free;
    out->f_bavail = out->f_bfree;
    out->f_files = frames.total / 2;
    out->f_ffree = frames.free / 2;
}

struct vfs_filesystem_type tmpfs_type = {
    .name = "tmpfs",
    .no_device = true,
    .magic = TMPFS_MAGIC,
    .mount = tmpfs_mount,
    .statistics = tmpfs_statistics,
    .release = tmpfs_release,
};

/* ---- memory without a name ---- */

static struct vfs_filesystem *nameless;
static struct vfs_mount *nameless_mount;

static struct vfs_entry *nameless_create(const char *name, uint64_t size, unsigned mode)
{
    struct vfs_node node = {.mode = S_IFREG | mode,
                            .uid = current_process()->credentials.fsuid,
                            .gid = current_process()->credentials.fsgid};
    struct vfs_inode *inode;
    struct vfs_entry *entry;
    char *text;

    if (tmpfs_inode(nameless, &node, &inode) != 0)
        return NULL;
    /* The name is given with its slash; listings of the tree put their own before it. */
    entry = entry_create(nameless->root, name + (name[0] == '/'), strlen(name) - (name[0] == '/'),
                         inode);
    text = kernel_alloc(strlen(name) + sizeof " (deleted)");
    if (entry == NULL || text == NULL) {
        kernel_free(text);
        entry_put(entry);
        inode_put(inode);
        return NULL;
    }
    snprintf(text, strlen(name) + sizeof " (deleted)", "%s (deleted)", name);
    inode->deleted_name = text;
    quire_object_resize(inode->object, size);
    inode_put(inode);
    return entry;
}

int tmpfs_object_create(const char *name, uint64_t size, struct quire_object **out)
{
    struct vfs_entry *entry = nameless_create(name, size, 0777);

    if (entry == NULL)
        return -ENOMEM;
    *out = entry->inode->object;
    quire_object_get(*out);
    entry_put(entry);
    return 0;
}

int tmpfs_file_create(const char *name, uint64_t size, struct file **out)
{
    struct vfs_path path = {.mount = nameless_mount, .entry = nameless_create(name, size, 0777)};
    int error;

    if (path.entry == NULL)
        return -ENOMEM;
    mount_get(path.mount);
    error = vfs_open_path(&path, O_RDWR | O_LARGEFILE, out);
    path_put(&path);
    return error;
}

/* What the root is: known by another name in /proc/mounts and /proc/filesystems. */
static struct vfs_filesystem_type rootfs_type;

static int rootfs_mount(const char *source, const char *options, struct vfs_filesystem **out)
{
    int error = tmpfs_mount(source, options, out);

    if (error == 0) {
        (*out)->type = &rootfs_type;
        (*out)->limit = FILESYSTEM_ALL_BUT_SOME;
        (*out)->options[0] = 0;
    }
    return error;
}

/* The root and the file systems of memory; before the archive is unpacked and /dev is filled. */
void tmpfs_init(void)
{
    if (root_mount != NULL)
        return;
    rootfs_type = tmpfs_type;
    rootfs_type.name = "rootfs";
    rootfs_type.mount = rootfs_mount;
    rootfs_type.next = NULL;
    mutex_init(&rename_mutex);
    epoll_init();
    filesystem_register(&rootfs_type);
    filesystem_register(&tmpfs_type);
    if (vfs_mount_type("rootfs", "rootfs", NULL, 0, "mode=755") != 0 ||
        tmpfs_mount("tmpfs", NULL, &nameless) != 0 ||
        (nameless_mount = mount_internal(nameless)) == NULL)
        panic("no memory for the root file system");
    nameless->limit = FILESYSTEM_ALL_MEMORY;
}
