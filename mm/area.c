/*
 * Kernel areas: memory that is contiguous in virtual addresses only, and device memory.
 *
 * Concepts. An area is a range of kernel addresses in q->area.tree: a guard page, the usable pages,
 * a guard page. The guard pages belong to the range and are never mapped, so running off either end
 * faults. The frames of a memory area form a chain through their records (user.words[0] holds the
 * next one's number), in address order; an area can thus be unmapped in one step, with one flush,
 * before any of its frames is given back.
 *
 * Invariants. A range in the tree belongs to one call or one area: whoever inserted it maps and
 * unmaps there without a lock. It leaves the tree only after every TLB has forgotten it, so that
 * its addresses are not given out before. Kind LEAVING marks an area that somebody is freeing; a
 * second free does not find it.
 *
 * Locking. q->area.lock protects the tree, `mapped` and the kind of each area. It is not held while
 * pages are mapped, unmapped or allocated.
 *
 * Failure leaves nothing behind: what was mapped is unmapped, frames, range and record are given
 * back.
 */

#include <quire/area.h>
#include <quire/heap.h>

enum {
    AREA_MEMORY = 0,
    AREA_DEVICE = 1,
    AREA_LEAVING = 2,
};

#define LARGE_PAGE ((size_t)1 << (QUIRE_PAGE_SHIFT + QUIRE_INDEX_BITS))

static struct quire_area *area_of(struct quire_range *range)
{
    return (struct quire_area *)range; /* the range is its first field */
}

enum quire_status quire_area_init(struct quire *q, quire_virt start, quire_virt end)
{
    unsigned levels = q->kernel.levels;

    if (((start | end) & ~QUIRE_PAGE_MASK) != 0)
        return QUIRE_UNALIGNED;
    if (start >= end)
        return start == end ? QUIRE_ZERO_LENGTH : QUIRE_OVERFLOW;
    if (!quire_canonical(start, levels) || !quire_canonical(end - 1, levels) ||
        start < quire_user_limit(levels) + QUIRE_PAGE_SIZE)
        return QUIRE_OUT_OF_RANGE;
    quire_spin_init(&q->area.lock);
    quire_range_init(&q->area.tree);
    q->area.start = start;
    q->area.end = end;
    q->area.mapped = 0;
    return QUIRE_OK;
}

/*
 * A record with a reserved range for `length` bytes (whole pages) that start `phase` bytes behind a
 * multiple of a large page; phase LARGE_PAGE: anywhere.
 */
static struct quire_area *reserve(struct quire *q, size_t length, size_t phase, const char *name)
{
    size_t slack = phase < LARGE_PAGE ? LARGE_PAGE - QUIRE_PAGE_SIZE : 0;
    struct quire_area *area;
    quire_virt found;
    struct quire_range *above;

    if (length == 0 || length > q->area.end - q->area.start)
        return NULL;
    area = quire_heap_alloc_zeroed(q, sizeof(*area));
    if (area == NULL)
        return NULL;
    area->length = length;
    area->name = name;
    area->frames = QUIRE_FRAME_NONE;

    quire_spin_lock(&q->area.lock);
    if (quire_range_find_low(&q->area.tree, q->area.start, q->area.end,
                             length + slack + 2 * QUIRE_PAGE_SIZE, &found, &above) != QUIRE_OK) {
        quire_spin_unlock(&q->area.lock);
        quire_heap_free(q, area);
        return NULL;
    }
    area->start = found + QUIRE_PAGE_SIZE;
    if (slack != 0)
        area->start += (phase - area->start) & (LARGE_PAGE - 1);
    area->range.start = area->start - QUIRE_PAGE_SIZE;
    area->range.end = area->start + length + QUIRE_PAGE_SIZE;
    quire_range_insert_before(&q->area.tree, &area->range, above);
    q->area.mapped += length >> QUIRE_PAGE_SHIFT;
    quire_spin_unlock(&q->area.lock);
    return area;
}

/* The opposite of reserve(): nothing is mapped there any more, in no TLB either. */
static void release(struct quire *q, struct quire_area *area)
{
    quire_spin_lock(&q->area.lock);
    quire_range_remove(&q->area.tree, &area->range);
    q->area.mapped -= area->length >> QUIRE_PAGE_SHIFT;
    quire_spin_unlock(&q->area.lock);
    quire_heap_free(q, area);
}

static void free_frames(struct quire *q, struct quire_area *area)
{
    uint32_t number = area->frames;

    while (number != QUIRE_FRAME_NONE) {
        struct quire_frame *frame = quire_frame_at(q, number);

        number = (uint32_t)frame->user.words[0];
        quire_frame_put(q, frame);
    }
}

/* Maps a frame of its own behind every page; says how far it came when memory ran out. */
static size_t fill(struct quire *q, struct quire_area *area)
{
    struct quire_frame *last = NULL;
    size_t done;

    for (done = 0; done < area->length; done += QUIRE_PAGE_SIZE) {
        struct quire_frame *frame = quire_frame_alloc_one(q, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_ZERO);

        if (frame == NULL)
            break;
        frame->user.words[0] = QUIRE_FRAME_NONE;
        if (last == NULL)
            area->frames = quire_frame_number(q, frame);
        else
            last->user.words[0] = quire_frame_number(q, frame);
        last = frame;
        if (quire_pagetable_map(q, &q->kernel, area->start + done, quire_frame_phys(q, frame),
                                QUIRE_PAGE_SIZE, QUIRE_PROT_READ | QUIRE_PROT_WRITE,
                                QUIRE_PAGE_GLOBAL | QUIRE_PAGE_SMALL) != QUIRE_OK)
            break;
    }
    return done;
}

void *quire_area_alloc(struct quire *q, size_t length, const char *name)
{
    struct quire_area *area = reserve(q, quire_page_up(length), LARGE_PAGE, name);
    size_t done;

    if (area == NULL)
        return NULL;
    done = fill(q, area);
    if (done == area->length)
        return (void *)area->start;
    if (done != 0)
        (void)quire_pagetable_unmap(q, &q->kernel, area->start, done);
    free_frames(q, area);
    release(q, area);
    return NULL;
}

void *quire_area_map_device(struct quire *q, quire_phys physical, size_t length,
                            enum quire_cache_mode mode, const char *name)
{
    size_t inside = (size_t)(physical & ~QUIRE_PAGE_MASK);
    quire_phys first = physical - inside;
    struct quire_area *area;
    size_t bytes;

    /* Also refuses a length whose rounding up would wrap. */
    if (length == 0 || physical + (length - 1) < physical ||
        length > SIZE_MAX - 2 * QUIRE_PAGE_SIZE)
        return NULL;
    bytes = quire_page_up(length + inside);
    area = reserve(q, bytes, bytes >= LARGE_PAGE ? first & (LARGE_PAGE - 1) : LARGE_PAGE, name);
    if (area == NULL)
        return NULL;
    area->device = first;
    area->kind = AREA_DEVICE;
    if (quire_pagetable_map(q, &q->kernel, area->start, first, bytes,
                            QUIRE_PROT_READ | QUIRE_PROT_WRITE,
                            QUIRE_PAGE_GLOBAL | QUIRE_PAGE_NO_GIANT |
                                ((unsigned)mode << QUIRE_PAGE_CACHE_SHIFT)) != QUIRE_OK) {
        release(q, area);
        return NULL;
    }
    return (void *)(area->start + inside);
}

/* The area whose usable part holds address; NULL: none, or it is being freed. Area lock held. */
static struct quire_area *find_locked(struct quire *q, quire_virt address)
{
    struct quire_range *range = quire_range_at_or_above(&q->area.tree, address);
    struct quire_area *area = range != NULL ? area_of(range) : NULL;

    if (area == NULL || area->kind == AREA_LEAVING || address < area->start ||
        address - area->start >= area->length)
        return NULL;
    return area;
}

enum quire_status quire_area_free(struct quire *q, void *address)
{
    struct quire_area *area;

    quire_spin_lock(&q->area.lock);
    area = find_locked(q, (quire_virt)address);
    if (area != NULL)
        area->kind = AREA_LEAVING;
    quire_spin_unlock(&q->area.lock);
    if (area == NULL)
        return QUIRE_NOT_ALLOCATED;
    /* The range is unmapped as it was mapped, so no large page is cut and nothing needs memory. */
    (void)quire_pagetable_unmap(q, &q->kernel, area->start, area->length);
    free_frames(q, area);
    release(q, area);
    return QUIRE_OK;
}

bool quire_area_find(struct quire *q, quire_virt address, struct quire_area *out)
{
    struct quire_range *range;
    unsigned tries = 1000000;

    /* A crash report asks too, perhaps on the CPU that holds the lock: it must not wait for ever.
     */
    while (!quire_spin_try(&q->area.lock)) {
        if (--tries == 0)
            return false;
        quire_platform_relax();
    }
    range = quire_range_at_or_above(&q->area.tree, address);
    if (range != NULL)
        *out = *area_of(range);
    quire_spin_unlock(&q->area.lock);
    return range != NULL;
}

/* The page at address leads to what the area says; *number walks the chain of frames. */
static bool page_agrees(struct quire *q, const struct quire_area *area, quire_virt address,
                        uint32_t *number)
{
    struct quire_translation found;
    struct quire_frame *frame;

    quire_pagetable_translate(q, &q->kernel, address, &found);
    if (area->kind == AREA_DEVICE)
        return found.present && found.physical == area->device + (address - area->start);
    if (*number >= q->frame.count)
        return false;
    frame = quire_frame_at(q, *number);
    *number = (uint32_t)frame->user.words[0];
    return found.present && found.physical == quire_frame_phys(q, frame) && frame->count == 1 &&
           frame->kind == QUIRE_FRAME_KERNEL;
}

static bool is_unmapped(struct quire *q, quire_virt address)
{
    struct quire_translation found;

    quire_pagetable_translate(q, &q->kernel, address, &found);
    return !found.present;
}

unsigned quire_area_check(struct quire *q)
{
    unsigned wrong = quire_range_check(&q->area.tree);
    struct quire_range *range;
    uint64_t pages = 0;

    for (range = q->area.tree.first; range != NULL; range = range->next) {
        const struct quire_area *area = area_of(range);
        uint32_t number = area->frames;
        size_t at;

        for (at = 0; at < area->length; at += QUIRE_PAGE_SIZE)
            wrong += !page_agrees(q, area, area->start + at, &number);
        wrong += number != QUIRE_FRAME_NONE;
        wrong += !is_unmapped(q, range->start) || !is_unmapped(q, range->end - QUIRE_PAGE_SIZE);
        wrong += range->start < q->area.start || range->end > q->area.end;
        pages += area->length >> QUIRE_PAGE_SHIFT;
    }
    return wrong + (pages != q->area.mapped);
}
