/* quire/format.h: the paging format this library is compiled for, and access to its live entries.
 */
#ifndef QUIRE_FORMAT_H
#define QUIRE_FORMAT_H

#include <quire/platform.h>

#if QUIRE_FORMAT == QUIRE_FORMAT_X86_64
#include <quire/format/x86_64.h>
#else
#error "quire: this format has no header in quire/format/"
#endif

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
    return (entry & QUIRE_ENTRY_PRESENT) ? !(entry & QUIRE_ENTRY_SPECIAL)
                                         : quire_entry_is_inaccessible(entry);
}

QUIRE_INLINE uint64_t quire_entry_slot(quire_entry entry)
{
    return quire_entry_phys(entry) >> QUIRE_PAGE_SHIFT;
}

QUIRE_INLINE quire_entry quire_entry_from_slot(uint64_t slot)
{
    return ((quire_entry)slot << QUIRE_PAGE_SHIFT) | QUIRE_ENTRY_SLOT;
}

#endif
