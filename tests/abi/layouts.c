/*
 * The sizes and places that kernel/linux takes for granted, against Linux's own headers: compiled,
 * never run, for 64 and for 32 bits. Two numbers each: what x86-64 has, what i386 has.
 */
#include <asm/shmbuf.h>
#include <asm/siginfo.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/resource.h>
#include <linux/rseq.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/sysinfo.h>
#include <linux/time_types.h>
#include <linux/times.h>
#include <linux/uio.h>
#include <linux/utime.h>
#include <stddef.h>

#define SIZE(type, wide, narrow)                                                                   \
    _Static_assert(sizeof(type) == (sizeof(long) == 8 ? (wide) : (narrow)), #type)
#define PLACE(type, field, wide, narrow)                                                           \
    _Static_assert(offsetof(type, field) == (sizeof(long) == 8 ? (wide) : (narrow)),               \
                   #type "." #field)

SIZE(struct stat, 144, 64);
PLACE(struct stat, st_size, 48, 20);
PLACE(struct stat, st_ctime_nsec, 112, 52);
#ifdef __i386__
SIZE(struct stat64, 96, 96);
PLACE(struct stat64, st_mode, 16, 16);
PLACE(struct stat64, st_rdev, 32, 32);
PLACE(struct stat64, st_size, 44, 44);
PLACE(struct stat64, st_blocks, 56, 56);
PLACE(struct stat64, st_atime, 64, 64);
PLACE(struct stat64, st_ino, 88, 88);
SIZE(struct __old_kernel_stat, 32, 32);
#endif
SIZE(struct statfs, 120, 64);
SIZE(struct statfs64, 120, 84);
PLACE(struct statfs64, f_fsid, 56, 48);
SIZE(struct statx, 256, 256);
SIZE(struct flock, 32, 16);
#ifdef __i386__
SIZE(struct flock64, 24, 24);
PLACE(struct flock64, l_pid, 20, 20);
#endif
SIZE(struct iovec, 16, 8);
SIZE(struct epoll_event, 12, 12);
PLACE(struct epoll_event, data, 4, 4);
SIZE(struct rlimit, 16, 8);
SIZE(struct rlimit64, 16, 16);
SIZE(struct rusage, 144, 72);
SIZE(struct sysinfo, 112, 64);
PLACE(struct sysinfo, procs, 80, 40);
PLACE(struct sysinfo, mem_unit, 104, 52);
SIZE(struct tms, 32, 16);
SIZE(struct utimbuf, 16, 8);
SIZE(struct __kernel_timespec, 16, 16);
SIZE(struct clone_args, 88, 88);
SIZE(struct rseq, 32, 32);
SIZE(struct robust_list_head, 24, 12);
PLACE(struct robust_list_head, list_op_pending, 16, 8);
SIZE(struct futex_waitv, 24, 24);
SIZE(struct shmid64_ds, 112, 84);
PLACE(struct shmid64_ds, shm_segsz, 48, 36);
PLACE(struct shmid64_ds, shm_cpid, 80, 64);
PLACE(struct shmid64_ds, shm_nattch, 88, 72);
SIZE(struct shminfo64, 72, 36);
SIZE(siginfo_t, 128, 128);
PLACE(siginfo_t, si_pid, 16, 12);
PLACE(siginfo_t, si_value, 24, 20);
PLACE(siginfo_t, si_addr, 16, 12);
PLACE(siginfo_t, si_utime, 32, 24);
PLACE(struct sigevent, sigev_notify, 12, 8);
PLACE(struct sigevent, _sigev_un._tid, 16, 12);
