/*
 * mm/fault.h: a page fault under way, as fault.c and fault_slot.c see it. The order of work, and
 * what (1) and (5) are, stands at the top of fault.c.
 */
#ifndef QUIRE_MM_FAULT_H
#define QUIRE_MM_FAULT_H

#include "object.h"

struct quire_fault {
    struct quire *q;
    struct quire_space *space;
    quire_virt page;
    unsigned access;
    struct quire_region_view view;
    uint64_t index; /* of the page in the region's object */
    struct quire_leaf leaf;
    quire_entry *slot;
    quire_entry seen; /* *slot as the work was prepared for */
    enum quire_fault_class class;
};

/* (5): with the table locked, nothing changed since it was looked at. Accessed and dirty bits do
 * not matter. */
QUIRE_INLINE bool quire_fault_still_valid(const struct quire_fault *fault)
{
    return __atomic_load_n(&fault->space->sequence, __ATOMIC_ACQUIRE) == fault->view.sequence &&
           quire_leaf_valid_locked(&fault->leaf) &&
           ((quire_entry_read(fault->slot) ^ fault->seen) &
            ~(QUIRE_ENTRY_ACCESSED | QUIRE_ENTRY_DIRTY)) == 0;
}

QUIRE_INLINE bool quire_fault_lock(struct quire_fault *fault)
{
    quire_spin_lock(&fault->leaf.table->table.lock);
    if (QUIRE_LIKELY(quire_fault_still_valid(fault)))
        return true;
    quire_spin_unlock(&fault->leaf.table->table.lock);
    return false;
}

QUIRE_INLINE void quire_fault_unlock(struct quire_fault *fault)
{
    quire_spin_unlock(&fault->leaf.table->table.lock);
}

/*
 * After a pager, a disk or the reclaimer, which may have slept: the CPU was outside the library
 * meanwhile, so the table may have been freed, and its frame be anything now. It is found anew;
 * quire_fault_lock compares the rest. False: start over.
 */
bool quire_fault_find_again(struct quire_fault *fault);

QUIRE_INLINE quire_entry quire_fault_writable_bits(const struct quire_fault *fault)
{
    return quire_region_entry(fault->view.flags) | QUIRE_ENTRY_WRITE | QUIRE_ENTRY_DIRTY;
}

/* The entry bits of the region; without any right (a forced access) they keep the frame and grant
 * nothing. */
QUIRE_INLINE quire_entry quire_fault_region_bits(const struct quire_fault *fault)
{
    if (QUIRE_UNLIKELY(!(fault->view.flags & QUIRE_REGION_PROTECTION)))
        return QUIRE_ENTRY_USER | QUIRE_ENTRY_ACCESSED | QUIRE_ENTRY_INACCESSIBLE;
    return quire_region_entry(fault->view.flags);
}

/* The rights of a private frame that is ours alone: a forced write leaves a read-only region
 * read-only. */
QUIRE_INLINE quire_entry quire_fault_owned_bits(const struct quire_fault *fault)
{
    if (QUIRE_UNLIKELY(!(fault->view.flags & QUIRE_PROT_WRITE)))
        return quire_fault_region_bits(fault) | QUIRE_ENTRY_DIRTY;
    return quire_fault_writable_bits(fault);
}

/* (fault_slot.c) The entry holds a slot: its page comes back, and neighbours with it. */
enum quire_status quire_fault_swap_in(struct quire_fault *fault);

#endif
