/*
 * Open files that no tree has a name for: pipes, event counters, streams of drivers. They belong to
 * a file system of their own, so that they have inode numbers, and get an entry only when somebody
 * opens or names them through /proc/PID/fd.
 */
#include "fs/vfs.h"

#include "core/init.h"
#include "core/memory.h"
#include "core/printf.h"
#include "linux/errno.h"
#include "proc/process.h"

static struct vfs_filesystem *nameless;
static struct vfs_mount *nameless_mount;
static struct vfs_filesystem_type nameless_type = {
    .name = "pipefs", .no_device = true, .magic = PIPEFS_MAGIC};

static const struct vfs_inode_operations nameless_operations = {0};

struct vfs_inode *nameless_inode(uint32_t mode)
{
    struct vfs_inode *inode = inode_create(nameless, mode);

    if (inode != NULL) {
        const struct credentials *who = &current_process()->credentials;

        inode->uid = who->fsuid;
        inode->gid = who->fsgid;
        inode->operations = &nameless_operations;
        inode->links = 1;
    }
    return inode;
}

/* ---- a stream opened again: /dev/stdin where descriptor 0 is a driver's stream ---- */

static struct file *original(struct file *file)
{
    return file->data;
}

static long forward_read(struct file *file, struct transfer *to, uint64_t *position)
{
    struct file *to_file = original(file);

    return to_file->operations->read != NULL ? to_file->operations->read(to_file, to, position)
                                             : -EINVAL;
}

static long forward_write(struct file *file, struct transfer *from, uint64_t *position)
{
    struct file *to_file = original(file);

    return to_file->operations->write != NULL ? to_file->operations->write(to_file, from, position)
                                              : -EINVAL;
}

static int forward_ioctl(struct file *file, unsigned command, unsigned long argument, long *result)
{
    struct file *to_file = original(file);

    return to_file->operations->ioctl != NULL
               ? to_file->operations->ioctl(to_file, command, argument, result)
               : -ENOTTY;
}

static unsigned forward_poll(struct file *file, struct poll_table *table)
{
    struct file *to_file = original(file);

    return to_file->operations->poll != NULL ? to_file->operations->poll(to_file, table)
                                             : POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

static void forward_release(struct file *file)
{
    file_put(original(file));
}

static const struct file_operations forward_operations = {
    .read = forward_read,
    .write = forward_write,
    .ioctl = forward_ioctl,
    .poll = forward_poll,
    .release = forward_release,
};

static int stream_open(struct vfs_inode *inode, struct file *file)
{
    struct file *stream = inode->data;
    unsigned has = stream->flags & O_ACCMODE, wants = file->flags & O_ACCMODE;

    if (epoll_is(stream))
        return -ENXIO;
    if (has != O_RDWR && has != wants)
        return -EACCES;
    file_get(stream);
    file->data = stream;
    file->operations = &forward_operations;
    return 0;
}

static void stream_release(struct vfs_inode *inode)
{
    file_put(inode->data);
}

static const struct vfs_inode_operations stream_operations = {
    .open = stream_open,
    .release = stream_release,
};

/* ---- names ---- */

int file_label(const struct file *file, char *buffer, size_t size)
{
    unsigned long number = file->inode != NULL ? (unsigned long)file->inode->number : file->number;

    if (file->label != NULL)
        return snprintf(buffer, size, "anon_inode:%s", file->label);
    return snprintf(buffer, size, "pipe:[%lu]", number);
}

int file_place(struct file *file, struct vfs_path *out)
{
    struct vfs_inode *inode = file->inode;
    char name[64];
    int length;

    if (file->path.entry != NULL) {
        *out = file->path;
        path_get(out);
        return 0;
    }
    if (inode == NULL) {
        inode = nameless_inode(S_IFIFO | 0600);
        if (inode == NULL)
            return -ENOMEM;
        inode->operations = &stream_operations;
        inode->data = file;
        file_get(file);
    } else {
        inode_get(inode);
    }
    length = file_label(file, name, sizeof name);
    out->entry = entry_create(NULL, name, (size_t)length, inode);
    inode_put(inode);
    if (out->entry == NULL)
        return -ENOMEM;
    out->mount = nameless_mount;
    mount_get(out->mount);
    return 0;
}

static int nameless_init(void)
{
    struct vfs_inode *root;

    nameless = filesystem_create(&nameless_type);
    if (nameless == NULL)
        return -ENOMEM;
    root = inode_create(nameless, S_IFDIR | 0555);
    if (root == NULL)
        return -ENOMEM;
    root->operations = &nameless_operations;
    nameless->root = entry_create(NULL, "", 0, root);
    inode_put(root);
    nameless_mount = nameless->root != NULL ? mount_internal(nameless) : NULL;
    return nameless_mount != NULL ? 0 : -ENOMEM;
}
INITCALL(INIT_BUS, nameless_init);
