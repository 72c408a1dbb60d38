#ifndef KERNEL_LINUX_ERRNO_H
#define KERNEL_LINUX_ERRNO_H

/* Linux error numbers of x86-64 (include/uapi/asm-generic/errno*.h in value). */

enum {
    EPERM = 1, ENOENT, ESRCH, EINTR, EIO, ENXIO, E2BIG, ENOEXEC, EBADF, ECHILD,
    EAGAIN, ENOMEM, EACCES, EFAULT, ENOTBLK, EBUSY, EEXIST, EXDEV, ENODEV, ENOTDIR,
    EISDIR, EINVAL, ENFILE, EMFILE, ENOTTY, ETXTBSY, EFBIG, ENOSPC, ESPIPE, EROFS,
    EMLINK, EPIPE, EDOM, ERANGE, EDEADLK, ENAMETOOLONG, ENOLCK, ENOSYS, ENOTEMPTY, ELOOP,
    EWOULDBLOCK = EAGAIN,
    ENOMSG = 42, EIDRM = 43, ENOSTR = 60, ENODATA = 61, ETIME = 62, EPROTO = 71, EOVERFLOW = 75,
    EBADFD = 77, EILSEQ = 84, EUSERS = 87, ENOTSOCK = 88, EDESTADDRREQ = 89, EMSGSIZE = 90,
    EPROTOTYPE = 91, ENOPROTOOPT = 92, EPROTONOSUPPORT = 93, EOPNOTSUPP = 95, EAFNOSUPPORT = 97,
    EADDRINUSE = 98, ENOTCONN = 107, ETIMEDOUT = 110, ECONNREFUSED = 111, EALREADY = 114,
    EINPROGRESS = 115, ESTALE = 116, EDQUOT = 122, ECANCELED = 125, EOWNERDEAD = 130,
    ENOTRECOVERABLE = 131,

    /* Inside the kernel only: how an interrupted system call wants to go on. Never reaches a program. */
    ERESTARTSYS = 512,           /* again after a handler with SA_RESTART, or none; else EINTR */
    ERESTARTNOINTR = 513,        /* always again */
    ERESTARTNOHAND = 514,        /* again unless a handler ran */
    ERESTART_RESTARTBLOCK = 516, /* restart_syscall() with what is left; EINTR after a handler */
};

#endif
