/*
 * quire/format/x86_64.h: the x86-64 paging format as constants (Intel SDM vol. 3A, 4.5 "4-level and
 * 5-level paging"). Level 1 is the table of 4 KiB entries. Five levels differ only in `levels` of
 * struct quire_pagetable.
 */
#ifndef QUIRE_FORMAT_X86_64_H
#define QUIRE_FORMAT_X86_64_H

#include <quire/types.h>

#define QUIRE_FORMAT_NAME "x86-64"

typedef uint64_t quire_entry;

#define QUIRE_LEVELS_DEFAULT 4
#define QUIRE_LEVELS_MAX     5
#define QUIRE_INDEX_BITS     9
#define QUIRE_TABLE_ENTRIES  512
#define QUIRE_ROOT_ENTRIES   512
/* Root entries [QUIRE_ROOT_KERNEL, QUIRE_ROOT_ENTRIES) are the kernel half, the same in every
 * space. */
#define QUIRE_ROOT_KERNEL 256
#define QUIRE_ROOT_FIXED  0u

#define QUIRE_ENTRY_NO_EXECUTE    ((quire_entry)1 << 63)
#define QUIRE_ENTRY_ADDRESS       ((quire_entry)0x000ffffffffff000)
#define QUIRE_ENTRY_ADDRESS_LARGE ((quire_entry)0x000fffffffffe000)

/* Levels that may hold a large page, as a bit mask by level (1 GiB pages need
 * CPUID.80000001H:EDX[26]). */
#define QUIRE_LARGE_LEVELS ((1u << 2) | (1u << 3))

/* Bits that an entry pointing to a table may carry, per level: here the same on all. */
#define QUIRE_TABLE_FLAGS(level)                                                                   \
    (QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_WRITE | QUIRE_ENTRY_USER | QUIRE_ENTRY_ACCESSED |           \
     QUIRE_ENTRY_ADDRESS)

/* An expression: a platform header may define it first, for CPUs that lack the bit. */
#ifndef QUIRE_HAS_NO_EXECUTE
#define QUIRE_HAS_NO_EXECUTE 1
#endif

/* One past the last physical address that an entry can name. */
#define QUIRE_PHYS_LIMIT ((quire_phys)1 << 52)

/* Bits 47 (56 with five levels) to 63 are equal. */
QUIRE_INLINE bool quire_canonical(quire_virt address, unsigned levels)
{
    unsigned unused = 64 - (QUIRE_PAGE_SHIFT + QUIRE_INDEX_BITS * levels);

    return (quire_virt)((int64_t)(address << unused) >> unused) == address;
}

/* One past the last user address. */
QUIRE_INLINE quire_virt quire_user_limit(unsigned levels)
{
    return ((quire_virt)1 << (QUIRE_PAGE_SHIFT + QUIRE_INDEX_BITS * levels - 1)) - QUIRE_PAGE_SIZE;
}

#endif
