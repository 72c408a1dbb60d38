/*
 * Pages of files: how a pager brings them, how they are written back, how they go.
 *
 * Filling. The places of the pages that a fill will bring are marked first (object_tree.h), so that
 * everybody else waits for them, and no page is fetched twice or put in after it was written,
 * cleaned and dropped meanwhile. A truncation takes the marks away; who fills then throws away what
 * it has.
 *
 * Read-ahead. A miss where the last fill ended is sequential: twice as much as last time, up to
 * QUIRE_PAGER_RUN. Another miss brings the aligned block of AROUND pages around it: code and data
 * of programs lie together. An object with many such misses and few hits is read at random, and
 * then page by page (as Linux's mmap_miss). What is brought beyond the wanted page never makes
 * memory short.
 *
 * Cleaning. The dirty marks of the mappings are gathered into the frames, the frames' marks are
 * cleared, and then their bytes are written: a store at any later moment marks them again. One
 * thread at a time cleans an object, so that an older content is never written over a newer one,
 * and that who asks for a clean object (fsync) has waited for all writes when its turn comes. A
 * write that fails marks its pages again.
 *
 * Coming back. Where reclaim took a page, its place says when, counted in evictions. Who needs it
 * before memory has been filled anew since then waits for want of memory (as Linux's refaults of
 * the working set).
 *
 * Going. Reclaim takes pages that only the tree holds. Memory objects' go to slots; clean pages of
 * a pager just go; dirty ones are written first, in one run with their dirty neighbours.
 *
 * Locking: the object's, never held over a pager's work. Who holds a reference on a frame keeps it
 * in the tree, or at least from being another page.
 */
#include "object.h"

#include <quire/hooks.h>

#define AROUND      32  /* pages, a power of two; Linux brings as much */
#define MANY_MISSES 100 /* from here on it is read at random */

static uint64_t pages_of(const struct quire_object *object)
{
    return quire_page_up(__atomic_load_n(&object->size, __ATOMIC_RELAXED)) >> QUIRE_PAGE_SHIFT;
}

/* ---- filling ---- */

/* The pages of one call of the pager: [index, index + n), frame[] in the same order. */
struct run {
    uint64_t index;
    unsigned n;
    struct quire_frame **frame;
    bool missed; /* filling: the page that is wanted would be here if there were more memory */
};

/* What to bring with a page: [*first, *after), the page in it. */
static void choose_window_locked(struct quire_object *object, uint64_t index, unsigned flags,
                                 uint64_t *first, uint64_t *after)
{
    bool in_order = index == object->ahead_next || (flags & QUIRE_OBJECT_SEQUENTIAL);
    uint32_t misses = __atomic_load_n(&object->misses, __ATOMIC_RELAXED);

    *first = index;
    if (flags & QUIRE_OBJECT_RANDOM) {
        object->ahead = 1;
    } else if (in_order && object->ahead_next != 0) {
        object->ahead = 2 * object->ahead < QUIRE_PAGER_RUN && !(flags & QUIRE_OBJECT_SEQUENTIAL)
                            ? 2 * object->ahead
                            : QUIRE_PAGER_RUN;
    } else if (misses >= MANY_MISSES) {
        object->ahead = 1;
    } else {
        *first = index & ~(uint64_t)(AROUND - 1);
        object->ahead = AROUND;
    }
    if (!in_order && misses < MANY_MISSES)
        __atomic_store_n(&object->misses, misses + 2, __ATOMIC_RELAXED);
    *after = *first + object->ahead;
    if (*after > pages_of(object))
        *after = pages_of(object);
}

/* So many frames more can be had without making memory short. */
static bool is_plenty(struct quire *q, uint64_t frames)
{
    return quire_frame_available(q) >
           frames + __atomic_load_n(&q->reclaim.low, __ATOMIC_RELAXED) + q->frame.count / 64;
}

/* The page was here, and went: counted. True: everything that went since it did would fit into
 * memory once more; it went too early. */
static bool is_missed_locked(struct quire_object *object, uint64_t index)
{
    const struct quire_policy_state *state = &object->q->reclaim.state;
    uint32_t evictions = __atomic_load_n(&state->evictions, __ATOMIC_RELAXED), left;

    if (!quire_tree_gone(object, index, &left))
        return false;
    quire_count_event(object->q, QUIRE_EVENT_PAGE_REFAULT);
    if (((evictions - left) & (UINT32_MAX >> QUIRE_PLACE_SHIFT)) >=
        __atomic_load_n(&state->resident, __ATOMIC_RELAXED))
        return false;
    quire_count_event(object->q, QUIRE_EVENT_PAGE_THRASH);
    return true;
}

/* A neighbour joins the run, if it is nowhere and costs nobody anything. */
static bool mark_neighbour_locked(struct quire_object *object, uint64_t index,
                                  struct quire_frame **out)
{
    void **place;

    if (quire_tree_find(object, index) != NULL)
        return false;
    *out = quire_frame_alloc_one(object->q, QUIRE_FRAME_OBJECT, QUIRE_ALLOC_HIGH);
    if (*out == NULL)
        return false;
    (*out)->object.index = is_missed_locked(object, index); /* for who waits for it */
    place = quire_tree_make(object, index);
    if (place == NULL) {
        quire_frame_put(object->q, *out);
        return false;
    }
    *place = quire_place_of_filling(*out);
    object->filling++;
    return true;
}

/* Marks what will be brought. `frames` has room for QUIRE_PAGER_RUN on both sides of the page,
 * whose frame stands in the middle. False: somebody was faster, or no memory for the tree. */
static enum quire_status mark_run_locked(struct quire_object *object, uint64_t index,
                                         unsigned flags, struct quire_frame **frames,
                                         struct run *run)
{
    struct quire_frame **middle = frames + QUIRE_PAGER_RUN;
    uint64_t first, after;
    void **place;
    bool missed;

    if (quire_tree_find(object, index) != NULL || index >= pages_of(object))
        return QUIRE_RETRY;
    missed = is_missed_locked(object, index);
    place = quire_tree_make(object, index);
    if (place == NULL)
        return QUIRE_NO_MEMORY;
    *place = quire_place_of_filling(*middle);
    object->filling++;
    (*middle)->object.index = missed; /* for who waits for it */
    *run = (struct run){index, 1, middle, missed};
    choose_window_locked(object, index, flags, &first, &after);
    if (!is_plenty(object->q, after - first))
        after = first = index;
    while (index + run->n < after && mark_neighbour_locked(object, index + run->n, &middle[run->n]))
        run->n++;
    while (run->index > first && mark_neighbour_locked(object, run->index - 1, run->frame - 1)) {
        run->index--;
        run->frame--;
        run->n++;
    }
    object->ahead_next = run->index + run->n;
    return QUIRE_OK;
}

/* What lies beyond the end in the last page is zeros, whatever the pager thinks the end is. */
static void clear_tail(const struct quire_object *object, uint64_t index,
                       const struct quire_frame *frame)
{
    uint64_t size = object->size, start = index << QUIRE_PAGE_SHIFT;
    char *bytes;

    if (size <= start || size - start >= QUIRE_PAGE_SIZE)
        return;
    bytes = quire_frame_map(object->q, frame);
    __builtin_memset(bytes + (size - start), 0, QUIRE_PAGE_SIZE - (size_t)(size - start));
    quire_frame_unmap(object->q, frame, bytes);
}

/* A page that was brought, or not, takes its place, unless the mark is gone: false, and the frame
 * is the caller's. */
static bool settle_locked(struct quire_object *object, uint64_t index, struct quire_frame *frame,
                          bool filled)
{
    if (quire_tree_find(object, index) != quire_place_of_filling(frame))
        return false;
    quire_object_remove_locked(object, index);
    if (!filled)
        return false;
    clear_tail(object, index, frame);
    frame->object.index = index;
    __atomic_store_n(&frame->object.owner, object, __ATOMIC_RELEASE);
    *quire_tree_place(object, index) = frame; /* the reference it was made with is the tree's */
    object->resident++;
    return true;
}

enum quire_status quire_object_fill(struct quire_object *object, uint64_t index, unsigned flags,
                                    struct quire_frame **out)
{
    struct quire *q = object->q;
    struct quire_frame *frames[2 * QUIRE_PAGER_RUN],
        *wanted = quire_frame_alloc_one(q, QUIRE_FRAME_OBJECT, QUIRE_ALLOC_HIGH);
    enum quire_status status, alone;
    struct run run;

    if (wanted == NULL)
        return QUIRE_NO_MEMORY;
    frames[QUIRE_PAGER_RUN] = wanted;
    quire_spin_lock(&object->lock);
    status = mark_run_locked(object, index, flags, frames, &run);
    quire_spin_unlock(&object->lock);
    if (status != QUIRE_OK) {
        quire_frame_put(q, wanted);
        return status;
    }
    if (run.missed)
        quire_hook_stall(q, true);
    status = alone = object->pager->fill(object, run.index, run.frame, run.n);
    if (status != QUIRE_OK && run.n > 1)
        alone = object->pager->fill(object, index, &wanted, 1);
    if (run.missed)
        quire_hook_stall(q, false);

    quire_spin_lock(&object->lock);
    for (unsigned i = 0; i < run.n; i++) {
        bool filled = (run.frame[i] == wanted ? alone : status) == QUIRE_OK;

        if (!settle_locked(object, run.index + i, run.frame[i], filled))
            continue;
        if (run.frame[i] == wanted) {
            quire_frame_get(wanted);
            *out = wanted;
        }
        run.frame[i] = NULL;
        quire_count_event(q, QUIRE_EVENT_PAGE_IN);
    }
    quire_hook_wake(q, &object->filling);
    quire_spin_unlock(&object->lock);
    if (alone == QUIRE_OK && run.frame[index - run.index] != NULL)
        alone = QUIRE_RETRY; /* truncated meanwhile */
    for (unsigned i = 0; i < run.n; i++)
        if (run.frame[i] != NULL)
            quire_frame_put(q, run.frame[i]);
    return alone;
}

enum quire_status quire_object_fetch_ahead(struct quire_object *object, uint64_t first,
                                           uint64_t last)
{
    if (object->kind == QUIRE_OBJECT_DEVICE ||
        (object->kind == QUIRE_OBJECT_MEMORY &&
         __atomic_load_n(&object->swapped, __ATOMIC_RELAXED) == 0))
        return QUIRE_OK;
    for (uint64_t index = first; index <= last && index < pages_of(object); index++) {
        struct quire_frame *frame;
        enum quire_status status;

        /* A sparse object has many places without a page. */
        if (index % 1024 == 0 && !quire_hook_pause(object->q))
            return QUIRE_NO_MEMORY;
        if (!is_plenty(object->q, QUIRE_PAGER_RUN))
            return QUIRE_NO_MEMORY;
        if (object->kind == QUIRE_OBJECT_MEMORY) {
            status = quire_object_page(object, index, 0, &frame); /* a hole stays one */
        } else {
            status = quire_object_page(object, index,
                                       QUIRE_OBJECT_ALLOCATE | QUIRE_OBJECT_SEQUENTIAL, &frame);
        }
        if (status == QUIRE_OK)
            quire_frame_put(object->q, frame);
        else if (status != QUIRE_NO_MAPPING)
            return status == QUIRE_BEYOND_END ? QUIRE_OK : status;
    }
    return QUIRE_OK;
}

/* ---- cleaning ---- */

static bool may_clean(const struct quire_object *object)
{
    return object->pager != NULL && object->pager->clean != NULL;
}

/* The caller cleans the object, alone. Locked; sleeps if it may wait. */
static bool begin_cleaning_locked(struct quire_object *object, bool wait)
{
    while (object->cleaning) {
        if (!wait)
            return false;
        quire_hook_sleep(object->q, &object->cleaning, &object->lock);
    }
    object->cleaning = true;
    return true;
}

static void end_cleaning_locked(struct quire_object *object)
{
    object->cleaning = false;
    quire_hook_wake(object->q, &object->cleaning);
}

void quire_object_end_io_locked(struct quire_object *object, uint64_t size)
{
    uint64_t last = size >> QUIRE_PAGE_SHIFT;

    /* A fill of the new last page may have read what is beyond the end now. */
    if ((size & (QUIRE_PAGE_SIZE - 1)) != 0 &&
        quire_place_is_filling(quire_tree_find(object, last)))
        quire_object_remove_locked(object, last);
    while (object->cleaning)
        quire_hook_sleep(object->q, &object->cleaning, &object->lock);
}

/* The page at a place is there, dirty, and inside the object: it can be written. */
static struct quire_frame *dirty_page_locked(const struct quire_object *object, uint64_t index)
{
    struct quire_frame *frame = quire_place_frame(quire_tree_find(object, index));

    return frame != NULL && quire_frame_is_dirty(frame) && index < pages_of(object) ? frame : NULL;
}

/* The dirty pages from an index on join a run, each with a reference, and count as clean. */
static void take_run_locked(struct quire_object *object, uint64_t index, uint64_t last,
                            struct run *run)
{
    struct quire_frame *frame;

    run->index = index;
    run->n = 0;
    while (run->n < QUIRE_PAGER_RUN && index <= last &&
           (frame = dirty_page_locked(object, index)) != NULL) {
        quire_frame_get(frame);
        __atomic_fetch_and(&frame->flags, (uint8_t)~QUIRE_FRAME_DIRTY, __ATOMIC_SEQ_CST);
        run->frame[run->n++] = frame;
        index++;
    }
}

static enum quire_status write_run(struct quire_object *object, const struct run *run)
{
    enum quire_status status = object->pager->clean(object, run->index, run->frame, run->n);

    for (unsigned i = 0; i < run->n; i++) {
        if (status != QUIRE_OK)
            quire_frame_mark_dirty(run->frame[i]);
        else
            quire_count_event(object->q, QUIRE_EVENT_PAGE_OUT);
        quire_frame_put(object->q, run->frame[i]);
    }
    return status;
}

/* The first dirty page of [*index, last]; false: there is none. */
static bool next_dirty_locked(struct quire_object *object, uint64_t *index, uint64_t last)
{
    for (; quire_tree_next(object, index) != NULL && *index <= last; ++*index)
        if (dirty_page_locked(object, *index) != NULL)
            return true;
    return false;
}

enum quire_status quire_object_clean(struct quire_object *object, uint64_t first, uint64_t last)
{
    enum quire_status status = QUIRE_OK;
    struct quire_frame *frames[QUIRE_PAGER_RUN];
    struct run run = {.frame = frames};
    uint64_t index = first;

    if (!may_clean(object))
        return QUIRE_OK;
    quire_spin_lock(&object->lock);
    (void)begin_cleaning_locked(object, true);
    quire_object_gather_dirty_locked(object, first, last);
    while (next_dirty_locked(object, &index, last)) {
        enum quire_status written;

        take_run_locked(object, index, last, &run);
        quire_spin_unlock(&object->lock);
        written = write_run(object, &run);
        if (written != QUIRE_OK)
            status = written;
        index = run.index + run.n;
        quire_spin_lock(&object->lock);
    }
    end_cleaning_locked(object);
    quire_spin_unlock(&object->lock);
    return status;
}

uint64_t quire_object_dirty(struct quire_object *object)
{
    uint64_t index = 0, count = 0;

    if (!may_clean(object))
        return 0;
    quire_spin_lock(&object->lock);
    for (; next_dirty_locked(object, &index, UINT64_MAX); index++)
        count++;
    quire_spin_unlock(&object->lock);
    return count;
}

/* ---- going ---- */

/* Nobody maps or holds the page: the tree's own reference is the only one, and others come only
 * under the object's lock. */
static bool is_unused(const struct quire_frame *frame)
{
    return __atomic_load_n(&frame->count, __ATOMIC_ACQUIRE) == 1;
}

/* A clean page that nobody uses leaves; its reference becomes the caller's. */
static bool take_clean_locked(struct quire_object *object, uint64_t index,
                              struct quire_frame *frame)
{
    if (!is_unused(frame) || quire_frame_is_dirty(frame))
        return false;
    quire_object_remove_locked(object, index);
    __atomic_store_n(&frame->object.owner, NULL, __ATOMIC_RELEASE);
    return true;
}

/* Reclaim takes it: if it is needed again soon, that is told. */
static bool take_away_locked(struct quire_object *object, uint64_t index, struct quire_frame *frame)
{
    if (!take_clean_locked(object, index, frame))
        return false;
    quire_tree_set_gone(object, index,
                        __atomic_load_n(&object->q->reclaim.state.evictions, __ATOMIC_RELAXED));
    return true;
}

/* The page of a memory object goes to a new slot; 0: there is none. */
static uint64_t take_to_slot_locked(struct quire_object *object, uint64_t index,
                                    struct quire_frame *frame)
{
    struct quire *q = object->q;
    uint64_t slot;

    __atomic_store_n(&frame->object.owner, NULL, __ATOMIC_RELAXED);
    frame->object.index = 0;
    quire_frame_set_kind(q, frame, QUIRE_FRAME_ANONYMOUS);
    slot = quire_slot_alloc(q, frame);
    if (slot == 0) {
        quire_frame_set_kind(q, frame, QUIRE_FRAME_OBJECT);
        frame->object.index = index;
        __atomic_store_n(&frame->object.owner, object, __ATOMIC_RELEASE);
        return 0;
    }
    quire_slot_get(q, slot);
    *quire_tree_place(object, index) = quire_place_of_slot(slot);
    object->resident--;
    object->swapped++;
    quire_count_event(q, QUIRE_EVENT_SWAP_OUT);
    return slot;
}

static void take_page_locked(struct quire_object *object, uint64_t index, struct quire_frame *frame,
                             struct quire_object_pages *pages)
{
    uint64_t slot = 0;

    if (object->kind == QUIRE_OBJECT_MEMORY) {
        if (!pages->no_slots)
            slot = take_to_slot_locked(object, index, frame);
        pages->no_slots |= slot == 0;
        if (slot == 0)
            return;
    } else if (!take_away_locked(object, index, frame)) {
        if (may_clean(object) && pages->dirty_count < QUIRE_SLOT_RUN)
            pages->dirty[pages->dirty_count++] = index;
        return;
    }
    pages->frame[pages->count] = frame;
    pages->slot[pages->count++] = slot;
}

bool quire_object_take_pages(struct quire_object *object, uint64_t *index,
                             struct quire_object_pages *pages)
{
    unsigned looks = 4 * QUIRE_SLOT_RUN;
    void *held = NULL;

    pages->count = pages->dirty_count = 0;
    quire_spin_lock(&object->lock);
    while (pages->count < QUIRE_SLOT_RUN && looks-- > 0 &&
           (held = quire_tree_next(object, index)) != NULL) {
        struct quire_frame *frame = quire_place_frame(held);

        if (frame != NULL && is_unused(frame) && pages->ask(pages->context, frame))
            take_page_locked(object, *index, frame, pages);
        ++*index;
    }
    quire_spin_unlock(&object->lock);
    return held != NULL;
}

/* A dirty page is written in one run with its dirty neighbours on both sides. */
static void clean_around_locked(struct quire_object *object, uint64_t index)
{
    struct quire_frame *frames[QUIRE_PAGER_RUN];
    struct run run = {.frame = frames};
    uint64_t first = index;

    if (dirty_page_locked(object, index) == NULL)
        return;
    while (first > 0 && index - first < QUIRE_PAGER_RUN / 2 &&
           dirty_page_locked(object, first - 1) != NULL)
        first--;
    take_run_locked(object, first, UINT64_MAX, &run);
    quire_spin_unlock(&object->lock);
    (void)write_run(object, &run); /* what failed is dirty again, and stays */
    quire_spin_lock(&object->lock);
}

void quire_object_take_dirty(struct quire_object *object, struct quire_object_pages *pages)
{
    pages->count = 0;
    quire_spin_lock(&object->lock);
    if (begin_cleaning_locked(object, false)) {
        for (unsigned i = 0; i < pages->dirty_count; i++)
            clean_around_locked(object, pages->dirty[i]);
        for (unsigned i = 0; i < pages->dirty_count; i++) {
            uint64_t index = pages->dirty[i];
            struct quire_frame *frame = quire_place_frame(quire_tree_find(object, index));

            if (frame == NULL || !take_away_locked(object, index, frame))
                continue;
            pages->frame[pages->count] = frame;
            pages->slot[pages->count++] = 0;
        }
        end_cleaning_locked(object);
    }
    quire_spin_unlock(&object->lock);
}

uint64_t quire_object_drop(struct quire_object *object, uint64_t first, uint64_t last, bool mapped)
{
    uint64_t index = first, dropped = 0;
    struct quire_frame *frame[QUIRE_GATHER_FRAMES];
    unsigned count = 0;
    void *held;

    if (object->kind != QUIRE_OBJECT_PAGED)
        return 0;
    quire_spin_lock(&object->lock);
    if (mapped)
        quire_object_zap_locked(object, first, last, true);
    for (; (held = quire_tree_next(object, &index)) != NULL && index <= last; index++) {
        struct quire_frame *page = quire_place_frame(held);

        if (page == NULL || !take_clean_locked(object, index, page))
            continue;
        dropped++;
        frame[count++] = page;
        if (count == QUIRE_GATHER_FRAMES) {
            for (unsigned i = 0; i < count; i++)
                (void)quire_frame_drop(frame[i]);
            quire_frame_free_bulk(object->q, frame, count);
            count = 0;
        }
    }
    for (unsigned i = 0; i < count; i++)
        (void)quire_frame_drop(frame[i]);
    if (count > 0)
        quire_frame_free_bulk(object->q, frame, count);
    quire_spin_unlock(&object->lock);
    return dropped;
}
