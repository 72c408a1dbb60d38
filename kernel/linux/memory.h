#ifndef KERNEL_LINUX_MEMORY_H
#define KERNEL_LINUX_MEMORY_H

/* The memory calls' numbers, and the library's causes as Linux errors. */

#include <quire/commit.h>
#include <quire/types.h>

#include "linux/errno.h"
#include "proc/process.h"

#define PROT_READ      1u
#define PROT_WRITE     2u
#define PROT_EXEC      4u
#define PROT_SEM       8u
#define PROT_GROWSDOWN 0x01000000u
#define PROT_GROWSUP   0x02000000u

/* personality(2): what may be read may be executed; and what a program with others' rights does not
 * inherit. */
#define READ_IMPLIES_EXEC   0x0400000u
#define PERSONALITY_CLEARED (READ_IMPLIES_EXEC | 0x0040000u | 0x0200000u | 0x0100000u)

#define MAP_SHARED          0x01u
#define MAP_PRIVATE         0x02u
#define MAP_SHARED_VALIDATE 0x03u
#define MAP_TYPE            0x0fu
#define MAP_FIXED           0x10u
#define MAP_ANONYMOUS       0x20u
#define MAP_32BIT           0x40u
/* On i386 it means nothing: every address has 32 bits. */
#define MAP_32BIT_COUNTS    (sizeof(long) == 8)
#define MAP_GROWSDOWN       0x0100u
#define MAP_DENYWRITE       0x0800u
#define MAP_EXECUTABLE      0x1000u
#define MAP_LOCKED          0x2000u
#define MAP_NORESERVE       0x4000u
#define MAP_POPULATE        0x8000u
#define MAP_NONBLOCK        0x10000u
#define MAP_STACK           0x20000u
#define MAP_HUGETLB         0x40000u
#define MAP_SYNC            0x80000u
#define MAP_FIXED_NOREPLACE 0x100000u
#define MAP_HUGE_SHIFT      26
#define MAP_HUGE_1GB        (30u << MAP_HUGE_SHIFT)

/* The only size of huge pages: 4 MiB with two levels of tables, 2 MiB otherwise. */
#if QUIRE_FORMAT == QUIRE_FORMAT_I386
#define HUGE_PAGE_SHIFT 22
#else
#define HUGE_PAGE_SHIFT 21
#endif
#define HUGE_PAGE_SIZE ((uint64_t)1 << HUGE_PAGE_SHIFT)

#define PKEY_ACCESS_MASK 3u /* PKEY_DISABLE_ACCESS, PKEY_DISABLE_WRITE */

#define MREMAP_MAYMOVE   1u
#define MREMAP_FIXED     2u
#define MREMAP_DONTUNMAP 4u

#define MS_ASYNC      1u
#define MS_INVALIDATE 2u
#define MS_SYNC       4u

#define MCL_CURRENT   1u
#define MCL_FUTURE    2u
#define MCL_ONFAULT   4u
#define MLOCK_ONFAULT 1u

/* prctl's PR_SET_MM. */
long prctl_set_memory(unsigned long option, unsigned long address, unsigned long size,
                      unsigned long last);

/* Whole pages in a word: what does not fit is 0, for the calls to refuse. */
static inline unsigned long page_up(unsigned long length)
{
    return (length + PAGE_SIZE - 1) & ~(unsigned long)(PAGE_SIZE - 1);
}

static inline struct quire_space *my_space(void)
{
    return current_thread()->memory->space;
}

/* A result that is an error and no address: addresses may have their highest bit set. */
static inline bool is_error(long result)
{
    return (unsigned long)result >= -4095ul;
}

/* mmap. The offset is in bytes; i386 has calls that take it in pages, and so reach further. */
long mmap_call(unsigned long address, unsigned long length, unsigned long protection,
               unsigned long flags, unsigned long fd, uint64_t offset);

/* What most memory calls answer for each cause; calls that differ say so themselves. */
static inline int status_errno(enum quire_status status)
{
    switch (status) {
    case QUIRE_OK:
        return 0;
    case QUIRE_NO_PERMISSION:
        return -EACCES;
    case QUIRE_BEYOND_END:
    case QUIRE_OUT_OF_RANGE:
    case QUIRE_NO_MAPPING:
    case QUIRE_NO_SPACE:
    case QUIRE_NO_MEMORY:
    case QUIRE_LIMIT:
    case QUIRE_COMMIT_LIMIT:
        return -ENOMEM;
    case QUIRE_LOCK_LIMIT:
        return -EAGAIN;
    case QUIRE_EXISTS:
        return -EEXIST;
    case QUIRE_BUSY:
        return -EBUSY;
    case QUIRE_IO_ERROR:
        return -EIO;
    default:
        return -EINVAL;
    }
}

/* Pages of a space that nothing else maps go out: of anonymous and shared anonymous memory, of
 * files' mappings. Locked ones stay. */
void advise_page_out_all(struct quire_space *space, bool anonymous, bool files);

/* Something of the running program is mapped in [start, end). */
bool anything_mapped(unsigned long start, unsigned long end);

/* Below vm.mmap_min_addr only uid 0 may map. */
bool address_too_low(unsigned long address);

#endif
