/*
 * open(2): from a name to an open file.
 *
 * With O_CREAT the walk stops at the directory of the last name (links followed, so that a dangling
 * link makes its target), and the directory's mutex is held while the name is looked up and, when
 * it is missing, made: O_EXCL is atomic.
 */
#include "fs/vfs.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/process.h"

static const struct file_operations path_operations; /* O_PATH: a place, no content */

/* What an open file keeps of its flags; the rest told how to open. */
#define KEPT_FLAGS (~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC))

static unsigned wanted_access(unsigned flags)
{
    static const uint8_t access[4] = {MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
                                      MAY_READ | MAY_WRITE};

    return access[flags & O_ACCMODE] | ((flags & O_TRUNC) ? MAY_WRITE : 0);
}

/* Counts writers and programs against each other (ETXTBSY). */
static int claim_writing(struct vfs_inode *inode, unsigned flags)
{
    int error = 0;

    if ((flags & O_ACCMODE) == O_RDONLY || (flags & O_PATH))
        return 0;
    quire_spin_lock(&inode->lock);
    if (inode->deny_write > 0)
        error = -ETXTBSY;
    else
        inode->writers++;
    quire_spin_unlock(&inode->lock);
    return error;
}

static int open_by_type(struct vfs_inode *inode, struct file *file)
{
    if (file->flags & O_PATH) {
        file->operations = &path_operations;
        return 0;
    }
    if (inode->operations->open != NULL)
        return inode->operations->open(inode, file);
    switch (inode->mode & S_IFMT) {
    case S_IFREG:
        file->operations =
            inode->file_operations != NULL ? inode->file_operations : &regular_operations;
        return 0;
    case S_IFDIR:
        file->operations = &directory_operations;
        return 0;
    case S_IFIFO:
        return fifo_open(inode, file);
    case S_IFCHR:
    case S_IFBLK:
        return device_open(inode, file);
    case S_IFLNK:
        return -ELOOP;
    default:
        return -ENXIO; /* a socket's name */
    }
}

/* The path into a file that was just created; after an error the file is only to be put. */
static int open_into(struct file *file, const struct vfs_path *path, unsigned flags)
{
    struct vfs_inode *inode = path->entry->inode;
    int error = claim_writing(inode, flags);

    if (error != 0)
        return error;
    file->flags = flags & KEPT_FLAGS;
    inode_get(inode);
    file->inode = inode;
    path_get(path);
    file->path = *path;
    file->flags |= flags & (O_NOCTTY | O_EXCL); /* a terminal's open looks at it, and a disk's */
    error = open_by_type(inode, file);
    file->flags &= ~(O_NOCTTY | O_EXCL);
    if (error != 0)
        file->operations = &path_operations; /* was not opened: nothing of its own to release */
    return error;
}

int vfs_open_path(const struct vfs_path *path, unsigned flags, struct file **out)
{
    struct file *file = file_create(&path_operations, NULL, 0);
    int error;

    if (file == NULL)
        return -ENOMEM;
    error = open_into(file, path, flags);
    if (error != 0)
        file_put(file);
    else
        *out = file;
    return error;
}

/* Finds or makes the last name. *out_made: it was made, permissions are not asked for. */
static int open_create(int start, const char *name, unsigned flags, unsigned mode, unsigned resolve,
                       struct vfs_path *out, bool *out_made)
{
    unsigned follow = (flags & (O_NOFOLLOW | O_EXCL)) ? 0 : LOOKUP_FOLLOW;
    const struct vfs_inode_operations *operations;
    struct vfs_path directory;
    struct path_last last;
    struct vfs_inode *parent;
    int error = path_lookup_parent(start, name, follow | resolve, &directory, &last);

    if (error != 0)
        return error;
    parent = directory.entry->inode;
    operations = parent->operations;
    if (last.dot || last.slash) {
        error = -EISDIR;
        goto done;
    }
    mutex_lock(&parent->mutex);
    error = (resolve & LOOKUP_REVALIDATE) || (flags & O_EXCL)
                ? entry_revalidate(directory.entry, last.name, last.length)
                : 0;
    if (error == 0)
        error = path_step(&directory, last.name, last.length, out);
    if (error == 0) {
        if (flags & O_EXCL)
            error = -EEXIST;
        else if (inode_is(out->entry->inode, S_IFDIR))
            error = -EISDIR;
        if (error != 0)
            path_put(out);
    } else if (error == -ENOENT) {
        struct vfs_node node = {.mode = S_IFREG | (mode & S_PERMISSIONS),
                                .uid = current_process()->credentials.fsuid,
                                .gid = current_process()->credentials.fsgid};

        if (parent->mode & S_ISGID)
            node.gid = parent->gid;
        error = directory_changeable(&directory);
        if (error == 0 && operations->create == NULL)
            error = -ENOENT; /* /proc: its lookup has said so already */
        if (error == 0)
            error = operations->create(directory.entry, last.name, last.length, &node, &out->entry);
        if (error == 0) {
            out->mount = directory.mount;
            mount_get(out->mount);
            *out_made = true;
        }
    }
    mutex_unlock(&parent->mutex);
done:
    path_last_done(&last);
    path_put(&directory);
    return error;
}

static int open_temporary(int start, const char *name, unsigned flags, unsigned mode,
                          unsigned resolve, struct vfs_path *out)
{
    struct vfs_node node = {.mode = S_IFREG | (mode & S_PERMISSIONS),
                            .uid = current_process()->credentials.fsuid,
                            .gid = current_process()->credentials.fsgid};
    struct vfs_path directory;
    const struct vfs_inode_operations *operations;
    int error;

    if ((flags & O_ACCMODE) == O_RDONLY)
        return -EINVAL;
    error = path_lookup(start, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY | resolve, &directory);
    if (error != 0)
        return error;
    operations = directory.entry->inode->operations;
    error = directory_changeable(&directory);
    if (error == 0 && operations->temporary == NULL)
        error = -EOPNOTSUPP;
    if (error == 0)
        error = operations->temporary(directory.entry, &node, &out->entry);
    if (error == 0) {
        out->entry->inode->linkable = !(flags & O_EXCL);
        out->mount = directory.mount;
        mount_get(out->mount);
    }
    path_put(&directory);
    return error;
}

/* May the running process open this for what the flags ask? */
static int open_check(const struct vfs_path *path, unsigned flags, bool made)
{
    struct vfs_inode *inode = path->entry->inode;
    unsigned wanted = wanted_access(flags);

    if (inode_is(inode, S_IFLNK))
        return -ELOOP;
    if (inode_is(inode, S_IFDIR) && (wanted & MAY_WRITE))
        return -EISDIR;
    if ((flags & O_DIRECTORY) && !inode_is(inode, S_IFDIR))
        return -ENOTDIR;
    if ((inode_is(inode, S_IFCHR) || inode_is(inode, S_IFBLK)) && (path->mount->flags & MS_NODEV))
        return -EACCES;
    if ((wanted & MAY_WRITE) && (inode_is(inode, S_IFREG) || inode_is(inode, S_IFDIR)) &&
        mount_writable(path->mount) != 0)
        return -EROFS;
    if ((flags & O_TRUNC) && inode->deny_write > 0)
        return -ETXTBSY;
    if ((flags & O_NOATIME) && !inode_owned(inode))
        return -EPERM;
    if (made)
        return 0;
    if (inode->operations->refresh != NULL)
        inode->operations->refresh(inode);
    return inode_permission(inode, wanted, false);
}

static int open_place(int start, const char *name, unsigned flags, unsigned resolve,
                      struct file **out)
{
    unsigned lookup = resolve;
    struct vfs_path path;
    int error;

    if (!(flags & O_NOFOLLOW))
        lookup |= LOOKUP_FOLLOW;
    if (flags & O_DIRECTORY)
        lookup |= LOOKUP_DIRECTORY;
    error = path_lookup(start, name, lookup, &path);
    if (error != 0)
        return error;
    error = vfs_open_path(&path, O_PATH | (flags & (O_DIRECTORY | O_NOFOLLOW)), out);
    path_put(&path);
    return error;
}

static int open_file(struct file *file, int start, const char *name, unsigned flags, unsigned mode,
                     unsigned resolve)
{
    struct vfs_path path;
    bool made = false;
    int error;

    if (flags & O_TMPFILE_BIT) {
        error = open_temporary(start, name, flags, mode, resolve, &path);
        made = true;
        flags &= ~(O_DIRECTORY | O_TRUNC);
    } else if (flags & O_CREAT) {
        if (flags & O_DIRECTORY)
            return -EINVAL;
        error = open_create(start, name, flags, mode, resolve, &path, &made);
        if (error == 0 && inode_is(path.entry->inode, S_IFLNK) && !(flags & O_NOFOLLOW)) {
            path_put(&path); /* a link that is a place: /proc/self/fd/1 */
            error = path_lookup(start, name, LOOKUP_FOLLOW | resolve, &path);
        }
    } else {
        unsigned lookup = resolve | ((flags & O_NOFOLLOW) ? 0 : LOOKUP_FOLLOW) |
                          ((flags & O_DIRECTORY) ? LOOKUP_DIRECTORY : 0);

        error = path_lookup(start, name, lookup, &path);
    }
    if (error != 0)
        return error;
    error = open_check(&path, flags, made);
    if (error == 0)
        error = open_into(file, &path, flags);
    if (error == 0 && (flags & O_TMPFILE_BIT))
        file->flags |= O_DIRECTORY; /* as fcntl tells it */
    if (error == 0 && (flags & O_TRUNC) && !made && inode_is(path.entry->inode, S_IFREG))
        error = vfs_truncate(path.entry->inode, 0);
    path_put(&path);
    return error;
}

/* A name that a cache knew leads elsewhere by now: once more, without the cache. */
static bool look_again(int error, unsigned *lookup)
{
    if (error != -ESTALE || (*lookup & LOOKUP_REVALIDATE))
        return false;
    *lookup |= LOOKUP_REVALIDATE;
    return true;
}

/* The structure comes first: a name is not made for a file that then cannot be opened. */
int vfs_open(int start, const char *name, unsigned flags, unsigned mode, unsigned resolve,
             struct file **out)
{
    struct file *file;
    int error;

    if (flags & O_PATH)
        return open_place(start, name, flags, resolve, out);
    do {
        file = file_create(&path_operations, NULL, 0);
        if (file == NULL)
            return -ENOMEM;
        error = open_file(file, start, name, flags, mode, resolve);
        if (error != 0)
            file_put(file);
    } while (look_again(error, &resolve));
    if (error == 0)
        *out = file;
    return error;
}

static int open_executable(int start, const char *name, unsigned lookup, struct file **out)
{
    struct vfs_path path;
    struct vfs_inode *inode;
    int error = path_lookup(start, name, lookup, &path);

    if (error != 0)
        return error;
    inode = path.entry->inode;
    if (inode_is(inode, S_IFLNK))
        error = -ELOOP;
    else if (!inode_is(inode, S_IFREG) || inode->object == NULL || (path.mount->flags & MS_NOEXEC))
        error = -EACCES;
    else
        error = inode_permission(inode, MAY_EXECUTE, false);
    if (error == 0) {
        quire_spin_lock(&inode->lock);
        if (inode->writers > 0)
            error = -ETXTBSY;
        else
            inode->deny_write++;
        quire_spin_unlock(&inode->lock);
    }
    if (error == 0) {
        error = vfs_open_path(&path, O_RDONLY | O_LARGEFILE, out);
        if (error == 0) {
            (*out)->deny_write = true;
        } else {
            quire_spin_lock(&inode->lock);
            inode->deny_write--;
            quire_spin_unlock(&inode->lock);
        }
    }
    path_put(&path);
    return error;
}

int vfs_open_executable(int start, const char *name, unsigned at_flags, struct file **out)
{
    unsigned lookup = ((at_flags & AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW) |
                      ((at_flags & AT_EMPTY_PATH) ? LOOKUP_EMPTY : 0);
    int error;

    do
        error = open_executable(start, name, lookup, out);
    while (look_again(error, &lookup));
    return error;
}
