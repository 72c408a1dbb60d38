/* quire/format.h: the paging format this library is compiled for, and access to its live entries.
 */
#ifndef QUIRE_FORMAT_H
#define QUIRE_FORMAT_H

#include <quire/platform.h>

#if QUIRE_FORMAT == QUIRE_FORMAT_I386
#include <quire/format/i386.h>
#elif QUIRE_FORMAT == QUIRE_FORMAT_I386_PAE
#include <quire/format/i386_pae.h>
#else
#include <quire/format/x86_64.h>
#endif

/*
 * A format's header gives, all else follows from it:
 *
 *   quire_entry             the type of an entry
 *   QUIRE_LEVELS_DEFAULT, QUIRE_LEVELS_MAX, QUIRE_INDEX_BITS, QUIRE_TABLE_ENTRIES
 *   QUIRE_ROOT_ENTRIES      of which those from QUIRE_ROOT_KERNEL on are the kernel's
 *   QUIRE_ROOT_FIXED        1: the CPU reads the root's entries only when it is loaded
 *   QUIRE_ENTRY_NO_EXECUTE (0 where there is none), QUIRE_ENTRY_ADDRESS, QUIRE_ENTRY_ADDRESS_LARGE
 *   QUIRE_LARGE_LEVELS, QUIRE_TABLE_FLAGS(level), QUIRE_HAS_NO_EXECUTE, QUIRE_PHYS_LIMIT
 *   quire_canonical(), quire_user_limit()
 *
 * Where a machine word is smaller than an entry, atomic access to it is a call of the compiler's
 * __atomic_..._8 functions: mm/atomic.c has them.
 */

/* The hardware's bits that all formats have in the same places (Intel SDM vol. 3A, figures 4-4, 4-7
 * and 4-11). */
#define QUIRE_ENTRY_PRESENT       ((quire_entry)1 << 0)
#define QUIRE_ENTRY_WRITE         ((quire_entry)1 << 1)
#define QUIRE_ENTRY_USER          ((quire_entry)1 << 2)
#define QUIRE_ENTRY_WRITE_THROUGH ((quire_entry)1 << 3)
#define QUIRE_ENTRY_CACHE_DISABLE ((quire_entry)1 << 4)
#define QUIRE_ENTRY_ACCESSED      ((quire_entry)1 << 5)
#define QUIRE_ENTRY_DIRTY         ((quire_entry)1 << 6)
#define QUIRE_ENTRY_LARGE         ((quire_entry)1 << 7)  /* levels above 1 */
#define QUIRE_ENTRY_PAT           ((quire_entry)1 << 7)  /* level 1 */
#define QUIRE_ENTRY_PAT_LARGE     ((quire_entry)1 << 12) /* levels above 1, large pages */
#define QUIRE_ENTRY_GLOBAL        ((quire_entry)1 << 8)

/*
 * Software's bits. SPECIAL, in present entries: the frame is not counted (zero page, device).
 * STATE, in entries that are not present and not 0, what they keep: SLOT, the slot's number where
 * the address stands; INACCESSIBLE, a counted frame with its rights under PROT_NONE; POISONED,
 * nothing (a failed swap-in or pager: SIGBUS).
 */
#define QUIRE_ENTRY_SPECIAL      ((quire_entry)1 << 9)
#define QUIRE_ENTRY_STATE        ((quire_entry)3 << 10)
#define QUIRE_ENTRY_SLOT         ((quire_entry)1 << 10)
#define QUIRE_ENTRY_INACCESSIBLE ((quire_entry)2 << 10)
#define QUIRE_ENTRY_POISONED     ((quire_entry)3 << 10)

/* Bits of an address below those that index a level. */
QUIRE_INLINE unsigned quire_level_shift(unsigned level)
{
    return QUIRE_PAGE_SHIFT + QUIRE_INDEX_BITS * (level - 1);
}

QUIRE_INLINE unsigned quire_level_index(quire_virt address, unsigned level)
{
    return (unsigned)(address >> quire_level_shift(level)) & (QUIRE_TABLE_ENTRIES - 1);
}

/* Bytes that one entry of a level covers, as a mask of the address bits below. */
QUIRE_INLINE quire_virt quire_level_mask(unsigned level)
{
    return ((quire_virt)1 << quire_level_shift(level)) - 1;
}

/*
 * The CPU sets accessed and dirty bits at any time, on other CPUs too: a live present entry changes
 * only by atomic exchange or atomic bit operations (invariant 6).
 */
QUIRE_INLINE quire_entry quire_entry_read(const quire_entry *entry)
{
    quire_platform_point();
    return __atomic_load_n(entry, __ATOMIC_ACQUIRE);
}

/* Only where no CPU can be using the entry: it was not present, or its table is not linked yet. */
QUIRE_INLINE void quire_entry_write(quire_entry *entry, quire_entry value)
{
    quire_platform_point();
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

QUIRE_INLINE quire_entry quire_entry_exchange(quire_entry *entry, quire_entry value)
{
    quire_platform_point();
    return __atomic_exchange_n(entry, value, __ATOMIC_ACQ_REL);
}

QUIRE_INLINE bool quire_entry_compare_exchange(quire_entry *entry, quire_entry *expected,
                                               quire_entry value)
{
    quire_platform_point();
    return __atomic_compare_exchange_n(entry, expected, value, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

/* Returns what was there before. */
QUIRE_INLINE quire_entry quire_entry_clear_bits(quire_entry *entry, quire_entry bits)
{
    quire_platform_point();
    return __atomic_fetch_and(entry, ~bits, __ATOMIC_ACQ_REL);
}

QUIRE_INLINE quire_entry quire_entry_set_bits(quire_entry *entry, quire_entry bits)
{
    quire_platform_point();
    return __atomic_fetch_or(entry, bits, __ATOMIC_ACQ_REL);
}

/* An entry for the frame (or large page) at `physical`. */
QUIRE_INLINE quire_entry quire_entry_make(quire_phys physical, quire_entry bits)
{
    return (quire_entry)physical | bits;
}

/* An entry of `level` that points to the table at `physical`, with those of `bits` that the level
 * knows. */
QUIRE_INLINE quire_entry quire_entry_link(quire_phys physical, unsigned level, quire_entry bits)
{
    (void)level; /* most formats' levels are alike */
    return (quire_entry)physical | (bits & QUIRE_TABLE_FLAGS(level));
}

/* What an entry of a level on the way down allows, of the rights WRITE and USER: all, where the
 * level has no such bits. */
QUIRE_INLINE quire_entry quire_entry_rights(quire_entry entry, unsigned level, bool leaf)
{
    const quire_entry rights = QUIRE_ENTRY_WRITE | QUIRE_ENTRY_USER;

    (void)level;
    return leaf ? entry & rights : (entry | ~QUIRE_TABLE_FLAGS(level)) & rights;
}

QUIRE_INLINE quire_phys quire_entry_phys(quire_entry entry)
{
    return entry & QUIRE_ENTRY_ADDRESS;
}

QUIRE_INLINE bool quire_entry_is_present(quire_entry entry)
{
    return (entry & QUIRE_ENTRY_PRESENT) != 0;
}

QUIRE_INLINE bool quire_entry_is_slot(quire_entry entry)
{
    return (entry & (QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_STATE)) == QUIRE_ENTRY_SLOT;
}

QUIRE_INLINE bool quire_entry_is_inaccessible(quire_entry entry)
{
    return (entry & (QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_STATE)) == QUIRE_ENTRY_INACCESSIBLE;
}

QUIRE_INLINE bool quire_entry_is_poisoned(quire_entry entry)
{
    return (entry & (QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_STATE)) == QUIRE_ENTRY_POISONED;
}

/* The entry holds a counted reference to the frame at its address. */
QUIRE_INLINE bool quire_entry_is_counted(quire_entry entry)
{
    return (entry & (QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_SPECIAL)) == QUIRE_ENTRY_PRESENT ||
           quire_entry_is_inaccessible(entry);
}

QUIRE_INLINE uint64_t quire_entry_slot(quire_entry entry)
{
    return quire_entry_phys(entry) >> QUIRE_PAGE_SHIFT;
}

/* The highest slot number that an entry can hold. */
#define QUIRE_ENTRY_SLOTS ((uint64_t)(QUIRE_ENTRY_ADDRESS >> QUIRE_PAGE_SHIFT))

QUIRE_INLINE quire_entry quire_entry_from_slot(uint64_t slot)
{
    return ((quire_entry)slot << QUIRE_PAGE_SHIFT) | QUIRE_ENTRY_SLOT;
}

#endif
