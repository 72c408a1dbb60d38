/* System calls on names: listing, current directory, making, removing, renaming, mounts. */
#include "linux/file_calls.h"

#include "core/memory.h"
#include "core/string.h"

/* ---- listing ---- */

#define LIST_BUFFER (8 * PAGE_SIZE)

struct dirent_sink {
    struct directory_sink sink;
    char *buffer;
    size_t used, size;
    bool old_layout;         /* getdents: numbers are words, the type is the record's last byte */
    bool too_small, too_big; /* the first record did not fit; a number does not fit its word */
};

/* struct linux_dirent and linux_dirent64 begin with two numbers and the record's length. */
static size_t number_size(bool old_layout)
{
    return old_layout ? sizeof(word) : sizeof(uint64_t);
}

static bool sink_name(struct directory_sink *base, const char *name, size_t length, uint64_t inode,
                      unsigned type, uint64_t next)
{
    struct dirent_sink *sink = container_of(base, struct dirent_sink, sink);
    size_t number = number_size(sink->old_layout);
    size_t head = 2 * number + (sink->old_layout ? 2 : 3);
    size_t size = (head + length + 1 + (sink->old_layout ? 1 : 0) + number - 1) & ~(number - 1);
    char *at = sink->buffer + sink->used;

    if (size > sink->size - sink->used) {
        sink->too_small = sink->used == 0;
        return false;
    }
    if (sink->old_layout && (word)inode != inode) {
        sink->too_big = true;
        return false;
    }
    memset(at + size - number, 0, number);
    memcpy(at, &inode, number);
    memcpy(at + number, &next, number);
    at[2 * number] = (char)size;
    at[2 * number + 1] = (char)(size >> 8);
    memcpy(at + head, name, length);
    at[head + length] = 0;
    if (sink->old_layout)
        at[size - 1] = (char)type;
    else
        at[head - 1] = (char)type;
    sink->used += size;
    return true;
}

/* Bytes of the whole records among the first n of the buffer; *out_next is where the listing goes
 * on after them. */
static size_t whole_records(const char *buffer, size_t n, bool old_layout, uint64_t *out_next)
{
    size_t used = 0, number = number_size(old_layout);

    for (;;) {
        uint16_t size;

        if (n - used < 2 * number + sizeof size)
            return used;
        memcpy(&size, buffer + used + 2 * number, sizeof size);
        if (n - used < size)
            return used;
        *out_next = 0;
        memcpy(out_next, buffer + used + number, number);
        used += size;
    }
}

static long list_directory(word fd, word user_buffer, word size, bool old_layout)
{
    struct file *file = descriptor_file(fd);
    struct dirent_sink sink = {.sink.name = sink_name, .old_layout = old_layout};
    uint64_t before;
    long result = 0;

    if (file == NULL)
        return -EBADF;
    if (file->operations->list == NULL)
        result = -ENOTDIR;
    sink.size = size < LIST_BUFFER ? size : LIST_BUFFER;
    if (result == 0) {
        sink.buffer = kernel_alloc(sink.size > 64 ? sink.size : 64);
        if (sink.buffer == NULL)
            result = -ENOMEM;
    }
    if (result == 0) {
        file_position_lock(file);
        before = file->position;
        result = file->operations->list(file, &sink.sink);
        if (result == 0 && sink.too_small)
            result = -EINVAL;
        if (result == 0 && sink.too_big && sink.used == 0)
            result = -EOVERFLOW;
        if (result == 0) {
            size_t left = copy_to_user((void *)user_buffer, sink.buffer, sink.used);

            if (left != 0) {
                sink.used = whole_records(sink.buffer, sink.used - left, old_layout, &before);
                file->position = before;
                result = sink.used > 0 ? 0 : -EFAULT;
            }
        }
        file_position_unlock(file);
        if (result == 0)
            result = (long)sink.used;
    }
    kernel_free(sink.buffer);
    file_put(file);
    return result;
}

long sys_getdents64(word fd, word buffer, word size)
{
    return list_directory(fd, buffer, (unsigned)size, false);
}

long sys_getdents(word fd, word buffer, word size)
{
    return list_directory(fd, buffer, (unsigned)size, true);
}

/* ---- current directory and root ---- */

long sys_getcwd(word user_buffer, word size)
{
    struct vfs_path path;
    char *buffer = kernel_alloc(VFS_PATH_MAX), *text = buffer;
    long result;

    if (buffer == NULL)
        return -ENOMEM;
    fs_context_directory(current_thread()->fs, &path);
    if (path.entry->parent != path.entry && !path.entry->in_directory)
        result = -ENOENT;
    else
        result = path_text(&path, NULL, buffer, VFS_PATH_MAX, false, &text);
    path_put(&path);
    if (result > 0 && (word)result > size)
        result = -ERANGE;
    if (result > 0 && copy_to_user((void *)user_buffer, text, (size_t)result) != 0)
        result = -EFAULT;
    kernel_free(buffer);
    return result;
}

static long enter_directory(struct vfs_path *path, bool as_root)
{
    int error = inode_is(path->entry->inode, S_IFDIR)
                    ? inode_permission(path->entry->inode, MAY_EXECUTE, false)
                    : -ENOTDIR;

    if (error == 0 && as_root && current_process()->credentials.euid != 0)
        error = -EPERM;
    if (error != 0)
        path_put(path);
    else
        fs_context_set(current_thread()->fs, as_root ? path : NULL, as_root ? NULL : path);
    return error;
}

long sys_chdir(word name)
{
    struct vfs_path path;
    int error = lookup_user(AT_FDCWD, (void *)name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

    return error != 0 ? error : enter_directory(&path, false);
}

long sys_fchdir(word fd)
{
    struct file *file = descriptor_any(fd);
    struct vfs_path path;

    if (file == NULL)
        return -EBADF;
    path = file->path;
    if (path.entry == NULL) {
        file_put(file);
        return -ENOTDIR;
    }
    path_get(&path);
    file_put(file);
    return enter_directory(&path, false);
}

long sys_chroot(word name)
{
    struct vfs_path path;
    int error = lookup_user(AT_FDCWD, (void *)name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

    return error != 0 ? error : enter_directory(&path, true);
}

/* ---- making ---- */

static long make_node(word start, word user_name, struct vfs_node *node, bool use_mask)
{
    struct user_name name;
    int error = user_name_get(&name, (void *)user_name, false);

    if (error != 0)
        return error;
    error = vfs_make((int)start, name.text, node, use_mask ? current_thread()->fs->umask : 0);
    user_name_done(&name);
    return error;
}

long sys_mkdirat(word start, word name, word mode)
{
    struct vfs_node node = {.mode = S_IFDIR | ((unsigned)mode & (S_IRWXUGO | S_ISVTX))};

    return make_node(start, name, &node, true);
}

long sys_mkdir(word name, word mode)
{
    return sys_mkdirat((word)AT_FDCWD, name, mode);
}

long sys_mknodat(word start, word name, word mode, word device)
{
    struct vfs_node node = {.mode = (unsigned)mode & (S_IFMT | S_PERMISSIONS)};

    switch (node.mode & S_IFMT) {
    case 0:
        node.mode |= S_IFREG;
        break;
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
        break;
    case S_IFCHR:
    case S_IFBLK:
        if (current_process()->credentials.euid != 0)
            return -EPERM;
        node.device = (uint32_t)device; /* the 32-bit form has the same layout */
        break;
    case S_IFDIR:
        return -EPERM;
    default:
        return -EINVAL;
    }
    return make_node(start, name, &node, true);
}

long sys_mknod(word name, word mode, word device)
{
    return sys_mknodat((word)AT_FDCWD, name, mode, device);
}

long sys_symlinkat(word user_target, word start, word user_name)
{
    struct vfs_node node = {.mode = S_IFLNK | S_IRWXUGO};
    struct user_name target;
    long result = user_name_get(&target, (void *)user_target, false);

    if (result != 0)
        return result;
    node.target = target.text;
    result = make_node(start, user_name, &node, false);
    user_name_done(&target);
    return result;
}

long sys_symlink(word target, word name)
{
    return sys_symlinkat(target, (word)AT_FDCWD, name);
}

/* Two paths at once. */
static long with_names(word user_from, word user_to, bool empty_ok, struct user_name *from,
                       struct user_name *to)
{
    int error = user_name_get(from, (void *)user_from, empty_ok);

    if (error != 0)
        return error;
    error = user_name_get(to, (void *)user_to, false);
    if (error != 0)
        user_name_done(from);
    return error;
}

long sys_linkat(word from_start, word user_from, word to_start, word user_to, word flags)
{
    struct user_name from, to;
    long result;

    if (flags & ~(word)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    result = with_names(user_from, user_to, (flags & AT_EMPTY_PATH) != 0, &from, &to);
    if (result != 0)
        return result;
    result = vfs_link((int)from_start, from.text, (unsigned)flags, (int)to_start, to.text);
    user_name_done(&from);
    user_name_done(&to);
    return result;
}

long sys_link(word from, word to)
{
    return sys_linkat((word)AT_FDCWD, from, (word)AT_FDCWD, to, 0);
}

/* ---- removing, renaming ---- */

long sys_unlinkat(word start, word user_name, word flags)
{
    struct user_name name;
    int error;

    if (flags & ~(word)AT_REMOVEDIR)
        return -EINVAL;
    error = user_name_get(&name, (void *)user_name, false);
    if (error != 0)
        return error;
    error = vfs_remove((int)start, name.text, (flags & AT_REMOVEDIR) != 0);
    user_name_done(&name);
    return error;
}

long sys_unlink(word name)
{
    return sys_unlinkat((word)AT_FDCWD, name, 0);
}

long sys_rmdir(word name)
{
    return sys_unlinkat((word)AT_FDCWD, name, AT_REMOVEDIR);
}

long sys_renameat2(word from_start, word user_from, word to_start, word user_to, word flags)
{
    struct user_name from, to;
    long result = with_names(user_from, user_to, false, &from, &to);

    if (result != 0)
        return result;
    result = vfs_rename((int)from_start, from.text, (int)to_start, to.text, (unsigned)flags);
    user_name_done(&from);
    user_name_done(&to);
    return result;
}

long sys_renameat(word from_start, word from, word to_start, word to)
{
    return sys_renameat2(from_start, from, to_start, to, 0);
}

long sys_rename(word from, word to)
{
    return sys_renameat2((word)AT_FDCWD, from, (word)AT_FDCWD, to, 0);
}

/* ---- mounts ---- */

/* A short string of the user's, "" for NULL. */
static int user_string(char *out, size_t size, word user)
{
    long length = 0;

    out[0] = 0;
    if (user != 0)
        length = strncpy_from_user(out, (void *)user, size);
    if (length < 0)
        return -EFAULT;
    return length == (long)size ? -EINVAL : 0;
}

static long do_mount(const struct vfs_path *on, word source, word user_type, unsigned flags,
                     word data)
{
    char source_name[64], type[32], options[256];
    struct vfs_path from;
    int error = 0;

    if (flags & MS_REMOUNT)
        return (flags & MS_BIND) || on->entry == on->mount->root ? vfs_remount(on, flags) : -EINVAL;
    if (flags & (MS_BIND | MS_MOVE)) {
        error = lookup_user(AT_FDCWD, (void *)source, LOOKUP_FOLLOW, &from);
        if (error == 0) {
            error =
                (flags & MS_BIND) ? vfs_mount_bind(&from, on, flags) : vfs_mount_move(&from, on);
            path_put(&from);
        }
        return error;
    }
    if (flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE))
        return on->entry == on->mount->root ? 0 : -EINVAL; /* nothing is propagated anywhere */
    if (user_string(source_name, sizeof source_name, source) == -EFAULT)
        return -EFAULT;
    source_name[sizeof source_name - 1] = 0;
    error = user_string(type, sizeof type, user_type);
    if (error == 0 && data != 0)
        error = user_string(options, sizeof options, data);
    if (error != 0)
        return error;
    if (type[0] == 0)
        return -EINVAL;
    return vfs_mount_type(type, source_name[0] != 0 ? source_name : "none", on, flags,
                          data != 0 ? options : NULL);
}

long sys_mount(word source, word target, word type, word flags, word data)
{
    struct vfs_path on;
    long result;

    if (current_process()->credentials.euid != 0)
        return -EPERM;
    if ((flags & 0xffff0000u) == 0xc0ed0000u) /* the magic number of old programs */
        flags &= 0xffff;
    result = lookup_user(AT_FDCWD, (void *)target, LOOKUP_FOLLOW, &on);
    if (result != 0)
        return result;
    result = do_mount(&on, source, type, (unsigned)flags, data);
    path_put(&on);
    return result;
}

long sys_umount2(word target, word flags)
{
    struct vfs_path at;
    long result;

    if (flags & ~(word)(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
        return -EINVAL;
    if (current_process()->credentials.euid != 0)
        return -EPERM;
    result =
        lookup_user(AT_FDCWD, (void *)target, (flags & UMOUNT_NOFOLLOW) ? 0 : LOOKUP_FOLLOW, &at);
    return result != 0 ? result : vfs_unmount(&at, (unsigned)flags);
}

/* The root file system here is the first one: Linux refuses to pivot from it too. */
long sys_pivot_root(word root, word old)
{
    struct vfs_path path;
    long result;

    (void)old;
    if (current_process()->credentials.euid != 0)
        return -EPERM;
    result = lookup_user(AT_FDCWD, (void *)root, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
    if (result == 0) {
        path_put(&path);
        result = -EINVAL;
    }
    return result;
}
