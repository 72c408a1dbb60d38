/*
 * quire/types.h: the words every layer speaks.
 *
 * Addresses: quire_phys is a physical address in bytes, quire_virt a virtual address in bytes.
 * Frame numbers and page numbers are addresses shifted right by QUIRE_PAGE_SHIFT.
 */
#ifndef QUIRE_TYPES_H
#define QUIRE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <quire/config.h>

#define QUIRE_VERSION_MAJOR 0
#define QUIRE_VERSION_MINOR 1

typedef uint64_t quire_phys;
typedef uintptr_t quire_virt;

#define QUIRE_PAGE_SIZE ((size_t)1 << QUIRE_PAGE_SHIFT)
#define QUIRE_PAGE_MASK (~(QUIRE_PAGE_SIZE - 1))

/* One value per cause; quire_status_string() names it in words. Functions that can fail return it.
 */
enum quire_status {
    QUIRE_OK = 0,
    QUIRE_NO_MEMORY,     /* no frame, table or heap memory left after the reclaimer was asked */
    QUIRE_NO_SPACE,      /* no free range of addresses (or storage) large enough */
    QUIRE_NO_MAPPING,    /* no region covers the address (SIGSEGV, SEGV_MAPERR) */
    QUIRE_NO_PERMISSION, /* a region covers it but forbids the access (SIGSEGV, SEGV_ACCERR) */
    QUIRE_BEYOND_END,    /* the object ends before the page (SIGBUS, BUS_ADRERR) */
    QUIRE_IO_ERROR,      /* the pager or the swap device failed (SIGBUS, BUS_ADRERR) */
    QUIRE_UNALIGNED,     /* an address or offset is not a multiple of the page size */
    QUIRE_ZERO_LENGTH,   /* a length of zero, where it has no meaning */
    QUIRE_OVERFLOW,      /* start + length wraps, or an offset exceeds its type */
    QUIRE_OUT_OF_RANGE,  /* an address outside user space, a non-canonical one, or a bad index */
    QUIRE_EXISTS,        /* something is mapped there already (no-replace) */
    QUIRE_INVALID,       /* flags that contradict each other or are unknown */
    QUIRE_BUSY,          /* in use: a counted frame, a non-empty cache, an object with mappings */
    QUIRE_NOT_ALLOCATED, /* freeing what is already free */
    QUIRE_LIMIT,         /* a limit that the embedder set was reached */
    QUIRE_LOCK_LIMIT,    /* the limit on locked pages was reached */
    QUIRE_COMMIT_LIMIT,  /* more memory would be promised than the commit policy allows */
    QUIRE_RETRY,  /* internal: state changed meanwhile, look again (never leaves the library) */
    QUIRE_BROKEN, /* check found a disagreement; the log says which */
    QUIRE_STATUS_COUNT
};

/* The cause in words, for logs: never NULL, also for values that do not exist. */
const char *quire_status_string(enum quire_status status);

struct quire;
struct quire_frame;
struct quire_space;
struct quire_region;
struct quire_object;
struct quire_cache;
struct quire_bootmap;

#define QUIRE_INLINE      static inline __attribute__((always_inline))
#define QUIRE_LIKELY(x)   __builtin_expect(!!(x), 1)
#define QUIRE_UNLIKELY(x) __builtin_expect(!!(x), 0)

/*
 * Rounding to pages, in the argument's own type. quire_page_up wraps to 0 for addresses in the last
 * page of the type: callers check for overflow first.
 */
#define quire_page_down(address) ((address) & ~(__typeof__((address) + 0))(QUIRE_PAGE_SIZE - 1))
#define quire_page_up(address)                                                                     \
    (((address) + (__typeof__((address) + 0))(QUIRE_PAGE_SIZE - 1)) &                              \
     ~(__typeof__((address) + 0))(QUIRE_PAGE_SIZE - 1))

#endif
