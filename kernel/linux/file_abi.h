#ifndef KERNEL_LINUX_FILE_ABI_H
#define KERNEL_LINUX_FILE_ABI_H

/* Numbers and structures of Linux's file system calls on x86 (include/uapi). */

#include <stdint.h>

#include "linux/time.h"

/* open */
#define O_ACCMODE     00000003u
#define O_RDONLY      00000000u
#define O_WRONLY      00000001u
#define O_RDWR        00000002u
#define O_CREAT       00000100u
#define O_EXCL        00000200u
#define O_NOCTTY      00000400u
#define O_TRUNC       00001000u
#define O_APPEND      00002000u
#define O_NONBLOCK    00004000u
#define O_DSYNC       00010000u
#define O_ASYNC       00020000u
#define O_DIRECT      00040000u
#define O_LARGEFILE   00100000u
#define O_DIRECTORY   00200000u
#define O_NOFOLLOW    00400000u
#define O_NOATIME     01000000u
#define O_CLOEXEC     02000000u
#define O_SYNC        04010000u
#define O_PATH        010000000u
#define O_TMPFILE     020200000u
#define O_TMPFILE_BIT 020000000u
/* what F_SETFL may change */
#define O_SETTABLE (O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME)

/* A 64-bit machine always allows sizes that do not fit a signed word of 32 bits. */
#define O_LARGEFILE_FORCED (sizeof(long) == 8 ? O_LARGEFILE : 0u)
#define SMALL_FILE_MAX     INT32_MAX
/* The end of every file: as many pages as a word can count. */
#define FILE_SIZE_MAX (sizeof(long) == 8 ? INT64_MAX : (int64_t)UINT32_MAX << 12)

#define AT_FDCWD            (-100)
#define AT_SYMLINK_NOFOLLOW 0x100u
#define AT_EACCESS          0x200u
#define AT_REMOVEDIR        0x200u
#define AT_SYMLINK_FOLLOW   0x400u
#define AT_NO_AUTOMOUNT     0x800u
#define AT_EMPTY_PATH       0x1000u
#define AT_STATX_SYNC_TYPE  0x6000u

/* st_mode */
#define S_IFMT        0170000u
#define S_IFSOCK      0140000u
#define S_IFLNK       0120000u
#define S_IFREG       0100000u
#define S_IFBLK       0060000u
#define S_IFDIR       0040000u
#define S_IFCHR       0020000u
#define S_IFIFO       0010000u
#define S_ISUID       0004000u
#define S_ISGID       0002000u
#define S_ISVTX       0001000u
#define S_IRWXUGO     0000777u
#define S_PERMISSIONS 0007777u

#define MAY_EXECUTE 1u
#define MAY_WRITE   2u
#define MAY_READ    4u

#define SEEK_SET  0
#define SEEK_CUR  1
#define SEEK_END  2
#define SEEK_DATA 3
#define SEEK_HOLE 4

/* getdents64 */
#define DT_UNKNOWN       0
#define DT_OF_MODE(mode) (((mode)&S_IFMT) >> 12)

struct dirent64_abi {
    uint64_t d_ino;
    int64_t d_off;
    uint16_t d_reclen;
    uint8_t d_type;
    char d_name[];
} __attribute__((packed));

struct statx_time_abi {
    int64_t seconds;
    uint32_t nanoseconds;
    int32_t reserved;
};

struct statx_abi {
    uint32_t stx_mask, stx_blksize;
    uint64_t stx_attributes;
    uint32_t stx_nlink, stx_uid, stx_gid;
    uint16_t stx_mode, pad1;
    uint64_t stx_ino, stx_size, stx_blocks, stx_attributes_mask;
    struct statx_time_abi stx_atime, stx_btime, stx_ctime, stx_mtime;
    uint32_t stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
    uint64_t stx_mnt_id;
    uint32_t stx_dio_mem_align, stx_dio_offset_align;
    uint64_t spare[12];
};
_Static_assert(sizeof(struct statx_abi) == 256, "Linux's struct statx");

#define STATX_BASIC_STATS     0x7ffu
#define STATX_BTIME           0x800u
#define STATX_MNT_ID          0x1000u
#define STATX_RESERVED        0x80000000u
#define STATX_ATTR_MOUNT_ROOT 0x2000u

struct statfs_abi {
    int64_t f_type, f_bsize;
    uint64_t f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    int32_t f_fsid[2];
    int64_t f_namelen, f_frsize, f_flags, f_spare[4];
};
_Static_assert(sizeof(struct statfs_abi) == 120, "Linux's struct statfs");

#define TMPFS_MAGIC      0x01021994
#define PROC_SUPER_MAGIC 0x9fa0
#define PIPEFS_MAGIC     0x50495045
#define ANON_INODE_MAGIC 0x09041934
#define ST_VALID         0x20

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

struct iovec_abi {
    unsigned long base, length;
};
#define IOV_LIMIT 1024
/* The most one read or write moves: INT_MAX rounded down to a page. */
#define RW_LIMIT 0x7ffff000ul

/* preadv2, pwritev2 */
#define RWF_HIPRI  0x01u
#define RWF_DSYNC  0x02u
#define RWF_SYNC   0x04u
#define RWF_NOWAIT 0x08u
#define RWF_APPEND 0x10u

/* fcntl */
#define F_DUPFD         0
#define F_GETFD         1
#define F_SETFD         2
#define F_GETFL         3
#define F_SETFL         4
#define F_GETLK         5
#define F_SETLK         6
#define F_SETLKW        7
#define F_SETLK64       13 /* on 32 bits; elsewhere no such command */
#define F_SETLKW64      14
#define F_SETOWN        8
#define F_GETOWN        9
#define F_SETSIG        10
#define F_GETSIG        11
#define F_OFD_GETLK     36
#define F_OFD_SETLK     37
#define F_OFD_SETLKW    38
#define F_DUPFD_CLOEXEC 1030
#define F_SETPIPE_SZ    1031
#define F_GETPIPE_SZ    1032
#define F_ADD_SEALS     1033
#define F_GET_SEALS     1034
#define FD_CLOEXEC      1

#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

/* Also the i386's flock64, whose 64-bit numbers are aligned to 4 there. */
struct flock_abi {
    int16_t l_type, l_whence;
#ifdef __x86_64__
    int32_t pad;
#endif
    int64_t l_start, l_length;
    int32_t l_pid;
#ifdef __x86_64__
    int32_t pad1;
#endif
};

#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

#define F_SEAL_SEAL         0x01u
#define F_SEAL_SHRINK       0x02u
#define F_SEAL_GROW         0x04u
#define F_SEAL_WRITE        0x08u
#define F_SEAL_FUTURE_WRITE 0x10u

#define MFD_CLOEXEC       0x1u
#define MFD_ALLOW_SEALING 0x2u
#define MFD_HUGETLB       0x4u
#define MFD_HUGE_SHIFT    26
#define MFD_HUGE_MASK     0x3fu

#define FALLOC_FL_KEEP_SIZE      0x01u
#define FALLOC_FL_PUNCH_HOLE     0x02u
#define FALLOC_FL_COLLAPSE_RANGE 0x08u
#define FALLOC_FL_ZERO_RANGE     0x10u
#define FALLOC_FL_INSERT_RANGE   0x20u
#define FALLOC_FL_UNSHARE_RANGE  0x40u

#define RENAME_NOREPLACE 1u
#define RENAME_EXCHANGE  2u

/* poll */
#define POLLIN     0x0001u
#define POLLPRI    0x0002u
#define POLLOUT    0x0004u
#define POLLERR    0x0008u
#define POLLHUP    0x0010u
#define POLLNVAL   0x0020u
#define POLLRDNORM 0x0040u
#define POLLRDBAND 0x0080u
#define POLLWRNORM 0x0100u
#define POLLWRBAND 0x0200u
#define POLLRDHUP  0x2000u

struct pollfd_abi {
    int32_t fd;
    uint16_t events, revents;
};

#define EPOLL_CTL_ADD  1
#define EPOLL_CTL_DEL  2
#define EPOLL_CTL_MOD  3
#define EPOLL_CLOEXEC  O_CLOEXEC
#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP    (1u << 29)
#define EPOLLONESHOT   (1u << 30)
#define EPOLLET        (1u << 31)

struct epoll_event_abi {
    uint32_t events;
    uint64_t data;
} __attribute__((packed));

#define EFD_SEMAPHORE 1u

/* ioctl on any file */
#define FIONREAD 0x541bu
#define FIONBIO  0x5421u
#define FIONCLEX 0x5450u
#define FIOCLEX  0x5451u
#define FIOASYNC 0x5452u
#define FIOQSIZE 0x5460u

/* mount */
#define MS_RDONLY       1u
#define MS_NOSUID       2u
#define MS_NODEV        4u
#define MS_NOEXEC       8u
#define MS_SYNCHRONOUS  16u
#define MS_REMOUNT      32u
#define MS_NOATIME      1024u
#define MS_NODIRATIME   2048u
#define MS_BIND         4096u
#define MS_MOVE         8192u
#define MS_REC          16384u
#define MS_SILENT       32768u
#define MS_UNBINDABLE   (1u << 17)
#define MS_PRIVATE      (1u << 18)
#define MS_SLAVE        (1u << 19)
#define MS_SHARED       (1u << 20)
#define MS_RELATIME     (1u << 21)
#define MS_STRICTATIME  (1u << 24)
#define MNT_FORCE       1u
#define MNT_DETACH      2u
#define MNT_EXPIRE      4u
#define UMOUNT_NOFOLLOW 8u

/* st_dev and st_rdev: the user-visible 64-bit form. */
static inline uint64_t device_number(unsigned major, unsigned minor)
{
    return (minor & 0xffu) | ((uint64_t)(major & 0xfffu) << 8) |
           ((uint64_t)(minor & ~0xffu) << 12) | ((uint64_t)(major & ~0xfffu) << 32);
}
static inline unsigned device_major(uint64_t device)
{
    return (unsigned)(((device >> 8) & 0xfffu) | ((device >> 32) & ~0xfffull));
}
static inline unsigned device_minor(uint64_t device)
{
    return (unsigned)((device & 0xffu) | ((device >> 12) & ~0xffull));
}

#endif
