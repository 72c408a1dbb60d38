/* mm/object.h: what the files of objects share. */
#ifndef QUIRE_MM_OBJECT_H
#define QUIRE_MM_OBJECT_H

#include "object_tree.h"
#include "region.h"

/* ---- object.c ---- */

/* The page's place is empty from now on; the object's counts follow. What it held is the caller's.
 */
void quire_object_remove_locked(struct quire_object *object, uint64_t index);

/* quire_object_page, and *waited is set where a device was waited for. */
enum quire_status quire_object_fetch(struct quire_object *object, uint64_t index, unsigned flags,
                                     struct quire_frame **out, bool *waited);

/* The object with the smallest number of at least `number`, with a reference; NULL: there is none,
 * or it went just now. Devices are left out. */
struct quire_object *quire_object_hold_next(struct quire *q, uint32_t number);

/* ---- object_mappings.c ---- */

/* Entries of pages [first, last] leave every mapping; keep_anonymous: private copies do not. */
void quire_object_zap_locked(struct quire_object *object, uint64_t first, uint64_t last,
                             bool keep_anonymous);
/* What was written through mappings to pages [first, last] is known to the frames. Flushes. */
void quire_object_gather_dirty_locked(struct quire_object *object, uint64_t first, uint64_t last);

/* A shared mapping that may ever write to the object. */
QUIRE_INLINE bool quire_region_may_write_object(const struct quire_region *region)
{
    return (region->flags & QUIRE_REGION_SHARED) &&
           (region->flags & (QUIRE_PROT_WRITE | QUIRE_REGION_MAY_WRITE));
}

/* ---- object_pager.c ---- */

/*
 * The page, which is nowhere, comes from the pager, and with it neighbours that will probably be
 * wanted. QUIRE_OK: *out with a reference. QUIRE_RETRY: look again. QUIRE_NO_MEMORY,
 * QUIRE_IO_ERROR. Sleeps; no lock held.
 */
enum quire_status quire_object_fill(struct quire_object *object, uint64_t index, unsigned flags,
                                    struct quire_frame **out);
/* Somebody found the page that he wanted. */
QUIRE_INLINE void quire_object_note_hit(struct quire_object *object)
{
    uint32_t misses = __atomic_load_n(&object->misses, __ATOMIC_RELAXED);

    if (QUIRE_UNLIKELY(misses != 0))
        __atomic_store_n(&object->misses, misses - 1, __ATOMIC_RELAXED);
}
/* After shrinking to `size`: no write of what is beyond goes on, no fill brings it. May sleep. */
void quire_object_end_io_locked(struct quire_object *object, uint64_t size);

#endif
