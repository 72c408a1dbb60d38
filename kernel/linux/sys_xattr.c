/*
 * Extended attributes: no file system here keeps any, as on a Linux without CONFIG_TMPFS_XATTR and
 * for 9P folders whose host has none. The file is looked up and the name is read all the same, so
 * that what is wrong with them is told first; lists are empty.
 */
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/file_abi.h"
#include "linux/file_calls.h"
#include "linux/sys_file.h"
#include "linux/syscalls.h"
#include "proc/process.h"
#include "x86/usercopy.h"

#define NAME_LIMIT    256 /* with its end */
#define VALUE_LIMIT   65536
#define XATTR_CREATE  1
#define XATTR_REPLACE 2

/* The name of an attribute: it has a family ("user.x"), or there is no such thing. */
static long check_name(word user)
{
    char name[NAME_LIMIT];
    long length = strncpy_from_user(name, (const char *)user, sizeof name);

    if (length < 0)
        return length;
    return length == 0 || length == sizeof name ? -ERANGE : 0;
}

static long look_up(word name, unsigned flags)
{
    struct vfs_path path;
    long error = lookup_user(AT_FDCWD, (const char *)name, flags, &path);

    if (error == 0)
        path_put(&path);
    return error;
}

static long look_at(word fd)
{
    struct file *file = file_table_find(current_thread()->files, (int)fd);

    if (!file)
        return -EBADF;
    file_put(file);
    return 0;
}

static long refused(long error)
{
    return error ? error : -EOPNOTSUPP;
}

static long check_set(word name, word value, word size, word flags)
{
    uint8_t byte;
    long error;

    if (flags & ~(word)(XATTR_CREATE | XATTR_REPLACE))
        return -EINVAL;
    error = check_name(name);
    if (error)
        return error;
    if (size > VALUE_LIMIT)
        return -E2BIG;
    return size && copy_from_user(&byte, (const void *)value, 1) != 0 ? -EFAULT : 0;
}

long sys_setxattr(word path, word name, word value, word size, word flags)
{
    long error = look_up(path, LOOKUP_FOLLOW);

    return refused(error ? error : check_set(name, value, size, flags));
}

long sys_lsetxattr(word path, word name, word value, word size, word flags)
{
    long error = look_up(path, 0);

    return refused(error ? error : check_set(name, value, size, flags));
}

long sys_fsetxattr(word fd, word name, word value, word size, word flags)
{
    long error = look_at(fd);

    return refused(error ? error : check_set(name, value, size, flags));
}

long sys_getxattr(word path, word name, word value, word size)
{
    long error = look_up(path, LOOKUP_FOLLOW);

    (void)value, (void)size;
    return refused(error ? error : check_name(name));
}

long sys_lgetxattr(word path, word name, word value, word size)
{
    long error = look_up(path, 0);

    (void)value, (void)size;
    return refused(error ? error : check_name(name));
}

long sys_fgetxattr(word fd, word name, word value, word size)
{
    long error = look_at(fd);

    (void)value, (void)size;
    return refused(error ? error : check_name(name));
}

long sys_listxattr(word path, word list, word size)
{
    (void)list, (void)size;
    return look_up(path, LOOKUP_FOLLOW);
}

long sys_llistxattr(word path, word list, word size)
{
    (void)list, (void)size;
    return look_up(path, 0);
}

long sys_flistxattr(word fd, word list, word size)
{
    (void)list, (void)size;
    return look_at(fd);
}

long sys_removexattr(word path, word name)
{
    long error = look_up(path, LOOKUP_FOLLOW);

    return refused(error ? error : check_name(name));
}

long sys_lremovexattr(word path, word name)
{
    long error = look_up(path, 0);

    return refused(error ? error : check_name(name));
}

long sys_fremovexattr(word fd, word name)
{
    long error = look_at(fd);

    return refused(error ? error : check_name(name));
}
