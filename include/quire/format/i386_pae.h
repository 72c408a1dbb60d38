/*
 * quire/format/i386_pae.h: the i386 paging format with physical address extension as constants
 * (Intel SDM vol. 3A, 4.4 "PAE paging"): 64-bit entries, two levels of 512 below a root of four.
 * 2 MiB pages; no-execute where the CPU has it.
 *
 * The root's entries are unlike all others: they carry no rights and no accessed bit, and the CPU
 * reads them only when the root is loaded (4.4.1). So all four point to their tables from the
 * space's first moment on, and never change (QUIRE_ROOT_FIXED).
 */
#ifndef QUIRE_FORMAT_I386_PAE_H
#define QUIRE_FORMAT_I386_PAE_H

#include <quire/types.h>

#define QUIRE_FORMAT_NAME "i386-pae"

typedef uint64_t quire_entry;

#define QUIRE_LEVELS_DEFAULT 3
#define QUIRE_LEVELS_MAX     3
#define QUIRE_INDEX_BITS     9
#define QUIRE_TABLE_ENTRIES  512
#define QUIRE_ROOT_ENTRIES   4
/* The last root entry is the kernel's, the same in every space: the last GiB. */
#define QUIRE_ROOT_KERNEL 3
#define QUIRE_ROOT_FIXED  1u

#define QUIRE_ENTRY_NO_EXECUTE    ((quire_entry)1 << 63)
#define QUIRE_ENTRY_ADDRESS       ((quire_entry)0x000ffffffffff000)
#define QUIRE_ENTRY_ADDRESS_LARGE ((quire_entry)0x000fffffffffe000)

/* Levels that may hold a large page, as a bit mask by level. */
#define QUIRE_LARGE_LEVELS (1u << 2)

/* Bits that an entry pointing to a table may carry, per level. */
#define QUIRE_TABLE_FLAGS(level)                                                                   \
    ((level) == 3 ? QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_ADDRESS                                      \
                  : QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_WRITE | QUIRE_ENTRY_USER |                   \
                        QUIRE_ENTRY_ACCESSED | QUIRE_ENTRY_ADDRESS)

/* An expression: a platform header may define it first, for CPUs that lack the bit. */
#ifndef QUIRE_HAS_NO_EXECUTE
#define QUIRE_HAS_NO_EXECUTE 1
#endif

/* One past the last physical address that an entry can name. */
#define QUIRE_PHYS_LIMIT ((quire_phys)1 << 52)

QUIRE_INLINE bool quire_canonical(quire_virt address, unsigned levels)
{
    (void)levels;
    return address <= UINT32_MAX;
}

/* One past the last user address. */
QUIRE_INLINE quire_virt quire_user_limit(unsigned levels)
{
    (void)levels;
    return (quire_virt)QUIRE_ROOT_KERNEL << 30;
}

#endif
