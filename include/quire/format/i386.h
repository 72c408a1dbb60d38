/*
 * quire/format/i386.h: the i386 paging format as constants (Intel SDM vol. 3A, 4.3 "32-bit
 * paging"): two levels of 1024 32-bit entries, 4 MiB pages where the CPU has PSE, no no-execute
 * right. Level 1 is the table of 4 KiB entries.
 */
#ifndef QUIRE_FORMAT_I386_H
#define QUIRE_FORMAT_I386_H

#include <quire/types.h>

#define QUIRE_FORMAT_NAME "i386"

typedef uint32_t quire_entry;

#define QUIRE_LEVELS_DEFAULT 2
#define QUIRE_LEVELS_MAX     2
#define QUIRE_INDEX_BITS     10
#define QUIRE_TABLE_ENTRIES  1024
#define QUIRE_ROOT_ENTRIES   1024
/* Root entries [QUIRE_ROOT_KERNEL, QUIRE_ROOT_ENTRIES) are the kernel's, the same in every space:
 * the last GiB. */
#define QUIRE_ROOT_KERNEL 768
#define QUIRE_ROOT_FIXED  0u

#define QUIRE_ENTRY_NO_EXECUTE ((quire_entry)0) /* the format has no such bit */
#define QUIRE_ENTRY_ADDRESS    ((quire_entry)0xfffff000)
/* PSE-36's physical bits above 31 (13 to 20 of the entry) stay 0. */
#define QUIRE_ENTRY_ADDRESS_LARGE ((quire_entry)0xffc00000)

/* Levels that may hold a large page, as a bit mask by level. */
#define QUIRE_LARGE_LEVELS (1u << 2)

/* Bits that an entry pointing to a table may carry, per level. */
#define QUIRE_TABLE_FLAGS(level)                                                                   \
    (QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_WRITE | QUIRE_ENTRY_USER | QUIRE_ENTRY_ACCESSED |           \
     QUIRE_ENTRY_ADDRESS)

#define QUIRE_HAS_NO_EXECUTE 0

/* One past the last physical address that an entry can name. */
#define QUIRE_PHYS_LIMIT ((quire_phys)1 << 32)

QUIRE_INLINE bool quire_canonical(quire_virt address, unsigned levels)
{
    (void)levels;
    return address <= UINT32_MAX;
}

/* One past the last user address. */
QUIRE_INLINE quire_virt quire_user_limit(unsigned levels)
{
    (void)levels;
    return (quire_virt)QUIRE_ROOT_KERNEL << 22;
}

#endif
