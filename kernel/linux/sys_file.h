#ifndef KERNEL_LINUX_SYS_FILE_H
#define KERNEL_LINUX_SYS_FILE_H

/*
 * The system calls about files, for the table. Arguments as in Linux, in order, each as a
 * register's worth of bits; the result or a negative errno.
 */

typedef unsigned long word;

/* sys_file.c */
long sys_open(word name, word flags, word mode);
long sys_openat(word start, word name, word flags, word mode);
long sys_openat2(word start, word name, word how, word size);
long sys_creat(word name, word mode);
long sys_close(word fd);
long sys_close_range(word first, word last, word flags);
long sys_read(word fd, word buffer, word count);
long sys_write(word fd, word buffer, word count);
long sys_readv(word fd, word vectors, word count);
long sys_writev(word fd, word vectors, word count);
long sys_preadv(word fd, word vectors, word count, word low, word high);
long sys_pwritev(word fd, word vectors, word count, word low, word high);
long sys_preadv2(word fd, word vectors, word count, word low, word high, word flags);
long sys_pwritev2(word fd, word vectors, word count, word low, word high, word flags);
long sys_memfd_create(word name, word flags);

/* sys_copy.c */
long sys_sendfile(word out, word in, word position, word count);
long sys_copy_file_range(word in, word in_position, word out, word out_position, word length,
                         word flags);
long sys_splice(word in, word in_position, word out, word out_position, word length, word flags);
long sys_tee(word in, word out, word length, word flags);
long sys_vmsplice(word fd, word vectors, word count, word flags);

/* sys_file_range.c */
long sys_fsync(word fd);
long sys_fdatasync(word fd);
long sys_sync(void);
long sys_syncfs(word fd);

/* sys_descriptor.c */
long sys_ioctl(word fd, word command, word argument);
long sys_flock(word fd, word operation);
long sys_dup(word fd);
long sys_dup2(word from, word to);
long sys_dup3(word from, word to, word flags);
long sys_pipe(word fds);
long sys_pipe2(word fds, word flags);
long sys_eventfd(word initial);
long sys_eventfd2(word initial, word flags);

/* sys_stat.c */
long sys_statx(word start, word name, word flags, word mask, word out);
long sys_access(word name, word mode);
long sys_faccessat(word start, word name, word mode);
long sys_faccessat2(word start, word name, word mode, word flags);
long sys_chmod(word name, word mode);
long sys_fchmod(word fd, word mode);
long sys_fchmodat(word start, word name, word mode);
long sys_chown(word name, word uid, word gid);
long sys_lchown(word name, word uid, word gid);
long sys_fchown(word fd, word uid, word gid);
long sys_fchownat(word start, word name, word uid, word gid, word flags);
long sys_utime(word name, word times);
long sys_utimes(word name, word times);
long sys_futimesat(word start, word name, word times);
long sys_utimensat(word start, word name, word times, word flags);
long sys_readlink(word name, word buffer, word size);
long sys_readlinkat(word start, word name, word buffer, word size);

/* sys_directory.c */
long sys_getdents(word fd, word buffer, word size);
long sys_getdents64(word fd, word buffer, word size);
long sys_getcwd(word buffer, word size);
long sys_chdir(word name);
long sys_fchdir(word fd);
long sys_chroot(word name);
long sys_mkdir(word name, word mode);
long sys_mkdirat(word start, word name, word mode);
long sys_mknod(word name, word mode, word device);
long sys_mknodat(word start, word name, word mode, word device);
long sys_rmdir(word name);
long sys_unlink(word name);
long sys_unlinkat(word start, word name, word flags);
long sys_link(word from, word to);
long sys_linkat(word from_start, word from, word to_start, word to, word flags);
long sys_symlink(word target, word name);
long sys_symlinkat(word target, word start, word name);
long sys_rename(word from, word to);
long sys_renameat(word from_start, word from, word to_start, word to);
long sys_renameat2(word from_start, word from, word to_start, word to, word flags);
long sys_mount(word source, word target, word type, word flags, word data);
long sys_umount2(word target, word flags);
long sys_pivot_root(word root, word old);

/* sys_xattr.c */
long sys_setxattr(word path, word name, word value, word size, word flags);
long sys_lsetxattr(word path, word name, word value, word size, word flags);
long sys_fsetxattr(word fd, word name, word value, word size, word flags);
long sys_getxattr(word path, word name, word value, word size);
long sys_lgetxattr(word path, word name, word value, word size);
long sys_fgetxattr(word fd, word name, word value, word size);
long sys_listxattr(word path, word list, word size);
long sys_llistxattr(word path, word list, word size);
long sys_flistxattr(word fd, word list, word size);
long sys_removexattr(word path, word name);
long sys_lremovexattr(word path, word name);
long sys_fremovexattr(word fd, word name);

/* sys_poll.c */
long sys_poll(word fds, word count, word milliseconds);
long sys_ppoll(word fds, word count, word timeout, word mask, word mask_size);
long sys_select(word count, word in, word out, word except, word timeout);
long sys_pselect6(word count, word in, word out, word except, word timeout, word mask);
long sys_epoll_create(word size);
long sys_epoll_create1(word flags);
long sys_epoll_ctl(word epoll, word operation, word fd, word event);
long sys_epoll_wait(word epoll, word events, word count, word milliseconds);
long sys_epoll_pwait(word epoll, word events, word count, word milliseconds, word mask,
                     word mask_size);
long sys_epoll_pwait2(word epoll, word events, word count, word timeout, word mask, word mask_size);

/* What differs: x86_64/ or i386/. */
#include "linux/machine_calls.h"

#endif
