/* /proc/PID: fd and fdinfo, the open files. */
#include "fs/procfs.h"

#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"

static struct file *target_file(const struct proc_target *target)
{
    struct file_table *files = process_files(target->process);
    struct file *file = files != NULL ? file_table_find(files, target->descriptor) : NULL;

    file_table_put(files);
    return file;
}

static int follow_descriptor(const struct proc_target *target, struct vfs_path *out)
{
    struct file *file = target_file(target);
    int error;

    if (file == NULL)
        return -ENOENT;
    error = file_place(file, out);
    file_put(file);
    return error;
}

static long read_descriptor(const struct proc_target *target, char *buffer, size_t size)
{
    struct file *file = target_file(target);
    long length;
    char *text;

    if (file == NULL)
        return -ENOENT;
    if (file->path.entry == NULL) {
        length = file_label(file, buffer, size);
    } else {
        length = path_text(&file->path, NULL, buffer, size, true, &text);
        if (length > 0)
            memmove(buffer, text, (size_t)--length);
    }
    file_put(file);
    return length;
}

static int show_descriptor(struct text *text, const struct proc_target *target)
{
    struct file *file = target_file(target);

    if (file == NULL)
        return -ENOENT;
    text_printf(text, "pos:\t%" PRIu64 "\nflags:\t0%o\nmnt_id:\t%u\nino:\t%" PRIu64 "\n",
                file->operations->seek != NULL ? file->position : 0, file->flags,
                file->path.mount != NULL ? file->path.mount->number : 1,
                file->inode != NULL ? file->inode->number : 0);
    file_put(file);
    return 0;
}

/* By access mode; the last is for opens that may neither read nor write (mode 3). */
#define DESCRIPTOR_LINK(permissions)                                                               \
    {                                                                                              \
        .name = "N", .mode = S_IFLNK | (permissions), .follow = follow_descriptor,                 \
        .read_link = read_descriptor, .access = PROC_LOOK                                          \
    }
static const struct proc_file descriptor_link[O_ACCMODE + 1] = {
    DESCRIPTOR_LINK(0500), DESCRIPTOR_LINK(0300), DESCRIPTOR_LINK(0700), DESCRIPTOR_LINK(0)};
static const struct proc_file descriptor_info = {
    .name = "info", .mode = S_IFREG | 0444, .show = show_descriptor, .access = PROC_LOOK};

static uint64_t descriptor_number(const struct proc_target *here, int descriptor, bool info)
{
    return ((uint64_t)here->process->number << 24) + (info ? 0x800000u : 0x1000u) +
           (unsigned)descriptor;
}

static int descriptors_lookup(struct vfs_entry *directory, const char *name, size_t length,
                              bool info, struct vfs_entry **out)
{
    const struct proc_target *here = proc_target(directory->inode);
    struct proc_target target = {.process = here->process,
                                 .descriptor = proc_parse_number(name, length)};
    struct file *file;

    if (proc_may_look(here->process) != 0)
        return -EACCES;
    file = target.descriptor >= 0 ? target_file(&target) : NULL;
    if (file == NULL)
        return -ENOENT;
    target.file = info ? &descriptor_info : &descriptor_link[file->flags & O_ACCMODE];
    file_put(file);
    return proc_entry(directory, name, length, descriptor_number(here, target.descriptor, info),
                      &target, out);
}

static int fd_lookup(struct vfs_entry *directory, const char *name, size_t length,
                     struct vfs_entry **out)
{
    return descriptors_lookup(directory, name, length, false, out);
}

static int fdinfo_lookup(struct vfs_entry *directory, const char *name, size_t length,
                         struct vfs_entry **out)
{
    return descriptors_lookup(directory, name, length, true, out);
}

static int descriptors_list(struct vfs_inode *inode, struct file *file, struct directory_sink *sink)
{
    const struct proc_target *here = proc_target(inode);
    struct file_table *files;
    int error = proc_may_look(here->process);

    if (error != 0)
        return error;
    files = process_files(here->process);
    if (files == NULL)
        return 0;
    for (;;) {
        int descriptor = file_table_next(files, (int)(file->position - 2));
        char name[12];
        int length;

        if (descriptor < 0)
            break;
        length = snprintf(name, sizeof name, "%d", descriptor);
        if (!sink->name(sink, name, (size_t)length, descriptor_number(here, descriptor, false),
                        DT_OF_MODE(S_IFLNK), (uint64_t)descriptor + 3))
            break;
        file->position = (uint64_t)descriptor + 3;
    }
    file_table_put(files);
    return 0;
}

static int fdinfo_permission(struct vfs_inode *inode)
{
    return proc_may_look(proc_target(inode)->process) == 0 ? 1 : -EACCES;
}

const struct vfs_inode_operations proc_fd_operations = {.lookup = fd_lookup,
                                                        .list = descriptors_list,
                                                        .permission = proc_own_permission,
                                                        .refresh = proc_inode_refresh,
                                                        .release = proc_inode_release};
const struct vfs_inode_operations proc_fdinfo_operations = {.lookup = fdinfo_lookup,
                                                            .list = descriptors_list,
                                                            .permission = fdinfo_permission,
                                                            .refresh = proc_inode_refresh,
                                                            .release = proc_inode_release};
