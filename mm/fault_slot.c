/*
 * Page faults on slots: what went out comes back.
 *
 * Slots of neighbouring entries are held by the numbers before they are read, and the entries are
 * looked at again after it: a number that came back for another page meanwhile is never taken for
 * the old one. How many are read with the one that is wanted follows the program: see pages_ahead.
 */
#include "fault.h"

#include <quire/hooks.h>

/*
 * How many pages from the faulting one on are read together. A program that goes on where the last
 * swap-in ended doubles it, one that jumps halves it: in order is soon read in large runs, at
 * random page by page.
 */
static unsigned pages_ahead(const struct quire_fault *fault)
{
    struct quire_space *space = fault->space;
    uint32_t ahead = QUIRE_FIELD(space->ahead);

    if (fault->view.flags & QUIRE_REGION_RANDOM)
        return 1;
    if (fault->view.flags & QUIRE_REGION_SEQUENTIAL)
        return QUIRE_SLOT_RUN;
    if (ahead == 0)
        ahead = 4;
    if (QUIRE_FIELD(space->ahead_next) == fault->page)
        ahead = 2 * ahead < QUIRE_SLOT_RUN ? 2 * ahead : QUIRE_SLOT_RUN;
    else
        ahead = ahead > 1 ? ahead / 2 : 1;
    __atomic_store_n(&space->ahead, ahead, __ATOMIC_RELAXED);
    return ahead;
}

/* Entries from the faulting one on that hold consecutive slots; each slot is held. Table locked. */
static unsigned hold_run_locked(struct quire_fault *fault, uint64_t slot)
{
    unsigned index = quire_level_index(fault->page, 1), most = pages_ahead(fault), count = 0;
    quire_virt page = fault->page;

    while (count < most && index + count < QUIRE_TABLE_ENTRIES && page < fault->view.end &&
           fault->slot[count] == quire_entry_from_slot(slot + count)) {
        quire_slot_get(fault->q, slot + count);
        page += QUIRE_PAGE_SIZE;
        count++;
    }
    return count;
}

/* Pages that came from slots get the word that the policy gives those who return. */
static void set_word(struct quire_fault *fault, uint64_t slot, struct quire_frame *frame)
{
    struct quire_reclaim_layer *layer = &fault->q->reclaim;
    const struct quire_policy *policy = QUIRE_FIELD(layer->started);
    const struct quire_slot *record = quire_slot_find(fault->q, slot);

    if (policy != NULL && policy->arrive != NULL && record != NULL)
        __atomic_store_n(quire_frame_policy(frame),
                         policy->arrive(&layer->state, QUIRE_FIELD(record->word),
                                        (uint32_t)(quire_hook_clock(fault->q) >> 20)),
                         __ATOMIC_RELAXED);
}

/*
 * The i-th page of a run goes where its slot entry stands, if it still does. The faulting page (0)
 * is written to at once where that is wanted and nobody else has the frame; the others count as
 * unused until they are used.
 */
static bool install_from_slot_locked(struct quire_fault *fault, unsigned i, uint64_t slot,
                                     struct quire_frame *frame)
{
    struct quire_frame *table = fault->leaf.table;
    quire_entry bits = quire_fault_region_bits(fault);

    if (quire_entry_read(&fault->slot[i]) != quire_entry_from_slot(slot + i))
        return false;
    set_word(fault, slot + i, frame);
    if (i > 0)
        bits &= ~QUIRE_ENTRY_ACCESSED;
    else if ((fault->access & QUIRE_ACCESS_WRITE) && !(fault->view.flags & QUIRE_REGION_SHARED) &&
             quire_slot_take(fault->q, frame))
        bits = quire_fault_owned_bits(fault);
    table->table.resident++;
    table->table.anonymous++;
    quire_entry_write(&fault->slot[i], quire_entry_make(quire_frame_phys(fault->q, frame), bits));
    quire_slot_put(fault->q, slot + i); /* the entry's */
    return true;
}

enum quire_status quire_fault_swap_in(struct quire_fault *fault)
{
    struct quire *q = fault->q;
    uint64_t slot = quire_entry_slot(fault->seen);
    struct quire_frame *frame[QUIRE_SLOT_RUN];
    enum quire_status status;
    unsigned count;
    bool valid;

    /* Held until the entries have been looked at again, or the numbers could have come back for
     * other pages meanwhile. */
    if (!quire_fault_lock(fault))
        return QUIRE_RETRY;
    count = hold_run_locked(fault, slot);
    quire_fault_unlock(fault);
    status = quire_slot_read_run(q, slot, slot, count, frame);
    valid = (status == QUIRE_OK || status == QUIRE_IO_ERROR) && quire_fault_find_again(fault) &&
            quire_fault_lock(fault);
    if (valid && status == QUIRE_IO_ERROR) {
        quire_entry_write(fault->slot, QUIRE_ENTRY_POISONED);
        quire_slot_put(q, slot);
    }
    for (unsigned i = 0; i < count; i++) {
        if (frame[i] == NULL)
            continue;
        quire_count_event(q, QUIRE_EVENT_SWAP_IN);
        /* The reference that reading gave becomes the entry's. */
        if (valid && install_from_slot_locked(fault, i, slot, frame[i]))
            frame[i] = NULL;
    }
    if (valid)
        quire_fault_unlock(fault);
    for (unsigned i = 0; i < count; i++) {
        if (frame[i] != NULL)
            quire_page_put(q, frame[i]);
        quire_slot_put(q, slot + i);
    }
    __atomic_store_n(&fault->space->ahead_next,
                     fault->page + ((quire_virt)count << QUIRE_PAGE_SHIFT), __ATOMIC_RELAXED);
    if (status == QUIRE_IO_ERROR)
        fault->class = QUIRE_FAULT_IO_ERROR;
    if (status != QUIRE_OK)
        return status;
    if (!valid)
        return QUIRE_RETRY;
    fault->class = QUIRE_FAULT_SWAP_IN;
    return QUIRE_OK;
}
