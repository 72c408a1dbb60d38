/*
 * quire/reclaim.h, layer 5: memory that is short is taken from pages that are not needed now.
 *
 * The embedder calls quire_reclaim_pages from its reclaimer (q->reclaimer), and
 * quire_reclaim_balance from a thread of its own when quire_hook_memory_low asks. Which pages go is
 * decided by a policy (<quire/policy.h>). Context: no library lock held; both may sleep.
 */
#ifndef QUIRE_RECLAIM_H
#define QUIRE_RECLAIM_H

#include <quire/policy.h>
#include <quire/space.h>

/* Another policy, from the next sweep on. Any context. */
void quire_reclaim_set_policy(struct quire *q, const struct quire_policy *policy);
const struct quire_policy *quire_reclaim_policy(const struct quire *q);

/* Free frames (quire_frame_available) below which quire_hook_memory_low is called, and up to which
 * quire_reclaim_balance works. 0, 0: never (the start). */
void quire_reclaim_set_watermarks(struct quire *q, uint64_t low, uint64_t high);

/*
 * How readily anonymous pages go when objects' pages do too, 0 to 200. 100 (the start) and above:
 * as the policy says. Below: of so many anonymous pages that the policy gives up, so many in a
 * hundred go, unless the last round met few files' pages, or the last two brought nothing. Any
 * context.
 */
void quire_reclaim_set_swappiness(struct quire *q, unsigned swappiness);

/*
 * Takes about so many pages from spaces and objects. Returns how many frames became free; where
 * none did but pages are on their way to a device, it waits for some of those. 0: nothing can go.
 */
size_t quire_reclaim_pages(struct quire *q, size_t wanted);

/*
 * Until `high` frames are free or on their way to be, or nothing more can go (false). Then
 * quire_hook_memory_low is not called again before somebody gave memory back by
 * quire_reclaim_pages.
 */
bool quire_reclaim_balance(struct quire *q);

/* All pages of a range that can go do, whatever the policy says; how many went. Locked ones stay.
 */
size_t quire_space_page_out(struct quire_space *space, quire_virt address, size_t length);

/*
 * Every page that an area's slots hold comes back to memory; close the area before. QUIRE_NO_MEMORY
 * and QUIRE_IO_ERROR: some are still out.
 */
enum quire_status quire_reclaim_drain(struct quire_slot_area *area);

struct quire_reclaim_stats {
    uint64_t slots, slots_free, slots_bad; /* of all areas */
    uint64_t cached;                       /* frames that the slot cache knows */
    uint64_t writing;                      /* pages on their way out now */
};
void quire_reclaim_stats(struct quire *q, struct quire_reclaim_stats *out);

#endif
