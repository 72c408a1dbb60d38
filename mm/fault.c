/*
 * The page fault.
 *
 * What can be found, and what becomes of it (rows: entry; columns: what the region is):
 *
 *   entry          private anonymous   private, object         shared, object   device
 *   -------------  ------------------  ----------------------  ---------------  -----------
 *   empty, read    zero page           its page, read-only     its page         device page
 *   empty, write   zeroed frame        copy of its page        its page         device page
 *   zero page, w   zeroed frame        -                       -                -
 *   read-only, w   only owner: reuse   copy, or reuse a copy   make writable    make writable
 *                  otherwise: copy
 *   slot           swap in, and its    swap in                 -                -
 *                  neighbours
 *   inaccessible   only with PROT_NONE: no right. A forced access (quire_space_read, _write) goes
 *                  through the same cases, and leaves an inaccessible entry behind, or none
 *   poisoned       SIGBUS
 *   allows it      nothing to do: a stale TLB entry, or another CPU was faster
 *
 * Order of work. (1) Find the region without a lock and copy what matters (struct
 * quire_fault_view), with the sequence number it was valid for. (2) Check the right. (3) Find or
 * make the leaf table; if fork shares it, get our own. (4) Prepare: allocate, clear, fetch the
 * object's page (may sleep in the pager; nothing is held). (5) Lock the table and look again: the
 * parent entry, the sequence number, and the entry must be what (1) to (3) saw. Then install.
 * Otherwise give back what was prepared, and start over.
 *
 * Invariants kept: a frame is reused for writing only if it is anonymous, counted once, and in a
 * table counted once, decided under the table's lock; an object's frame is always copied for a
 * private writer; a writable anonymous entry is dirty from the start; the zero page is never
 * counted; a frame replaced is freed only after the flush.
 *
 * Locking: this file takes only table locks (and object locks inside quire_object_*, before).
 * Steady state writes no shared cache line but the table's own record and the frame's.
 *
 * Failure leaves nothing behind but tables that were made on the way, which belong to the space.
 */
#include "fault.h"

#include <quire/hooks.h>

/* (1): false when nothing covers the page. */
QUIRE_INLINE bool look_up(struct quire_fault *fault)
{
    const struct quire_region_view *view = &fault->view;

    if (!quire_region_read(fault->space, fault->page, &fault->view) || view->start > fault->page)
        return false;
    fault->index = view->offset + ((fault->page - view->start) >> QUIRE_PAGE_SHIFT);
    return true;
}

__attribute__((noinline)) bool quire_fault_find_again(struct quire_fault *fault)
{
    if (!quire_leaf_find(fault->q, &fault->space->table, fault->page, &fault->leaf) ||
        quire_leaf_is_shared(&fault->leaf))
        return false;
    fault->slot = &fault->leaf.entries[quire_level_index(fault->page, 1)];
    return true;
}

/* A counted frame into an entry that was empty or held no frame. */
static void install_locked(struct quire_fault *fault, struct quire_frame *frame, quire_entry bits)
{
    struct quire_frame *table = fault->leaf.table;

    table->table.live = (uint16_t)(table->table.live + (fault->seen == 0));
    table->table.resident++;
    table->table.anonymous =
        (uint16_t)(table->table.anonymous + (frame->kind == QUIRE_FRAME_ANONYMOUS));
    quire_entry_write(fault->slot, quire_entry_make(quire_frame_phys(fault->q, frame), bits));
}

/* ---- private anonymous memory ---- */

static enum quire_status read_zero_page(struct quire_fault *fault)
{
    fault->class = QUIRE_FAULT_ZERO_READ;
    /* A forced read where nobody may: the caller knows from the class that there are zeros. */
    if (QUIRE_UNLIKELY(!(fault->view.flags & QUIRE_REGION_PROTECTION)))
        return QUIRE_OK;
    if (!quire_fault_lock(fault))
        return QUIRE_RETRY;
    quire_entry_write(
        fault->slot, quire_entry_make(fault->q->frame.zero,
                                      QUIRE_ENTRY_SPECIAL | quire_region_entry(fault->view.flags)));
    fault->leaf.table->table.live++;
    quire_fault_unlock(fault);
    return QUIRE_OK;
}

static enum quire_status write_new(struct quire_fault *fault)
{
    struct quire_frame *frame =
        quire_frame_alloc_one(fault->q, QUIRE_FRAME_ANONYMOUS, QUIRE_ALLOC_ZERO | QUIRE_ALLOC_HIGH);

    if (QUIRE_UNLIKELY(frame == NULL))
        return QUIRE_NO_MEMORY;
    if (QUIRE_UNLIKELY(!quire_fault_lock(fault))) {
        quire_frame_put(fault->q, frame);
        return QUIRE_RETRY;
    }
    install_locked(fault, frame, quire_fault_owned_bits(fault));
    quire_fault_unlock(fault);
    fault->class = QUIRE_FAULT_ANONYMOUS_WRITE;
    return QUIRE_OK;
}

/* The zero page gives way to a frame of our own; TLBs may hold it. */
static enum quire_status upgrade_zero_page(struct quire_fault *fault)
{
    struct quire_frame *frame =
        quire_frame_alloc_one(fault->q, QUIRE_FRAME_ANONYMOUS, QUIRE_ALLOC_ZERO | QUIRE_ALLOC_HIGH);

    if (frame == NULL)
        return QUIRE_NO_MEMORY;
    if (!quire_fault_lock(fault)) {
        quire_frame_put(fault->q, frame);
        return QUIRE_RETRY;
    }
    (void)quire_entry_exchange(fault->slot, quire_entry_make(quire_frame_phys(fault->q, frame),
                                                             quire_fault_owned_bits(fault)));
    fault->leaf.table->table.resident++;
    fault->leaf.table->table.anonymous++;
    quire_fault_unlock(fault);
    quire_flush_space(fault->space, fault->page, fault->page + QUIRE_PAGE_SIZE);
    fault->class = QUIRE_FAULT_ZERO_UPGRADE;
    return QUIRE_OK;
}

/* ---- writing where a frame is present, read-only and private ---- */

/* We are the only owner, the slot cache left out; that lets the frame go. */
static bool may_reuse_locked(struct quire *q, struct quire_frame *frame)
{
    if (frame->kind != QUIRE_FRAME_ANONYMOUS)
        return false;
    return __atomic_load_n(&frame->count, __ATOMIC_ACQUIRE) == 1 ||
           (QUIRE_UNLIKELY(quire_frame_slot(frame) != 0) && quire_slot_take(q, frame));
}

/* A first look without the lock, to know whether a copy may be needed. */
static bool may_need_copy(const struct quire_frame *frame)
{
    return frame->kind != QUIRE_FRAME_ANONYMOUS ||
           __atomic_load_n(&frame->count, __ATOMIC_RELAXED) != 1;
}

/* The last owner writes on in place. */
static enum quire_status reuse_locked(struct quire_fault *fault)
{
    (void)quire_entry_set_bits(fault->slot,
                               QUIRE_ENTRY_WRITE | QUIRE_ENTRY_DIRTY | QUIRE_ENTRY_ACCESSED);
    quire_fault_unlock(fault);
    /* Rights grew: only this CPU needs to forget now, others fault and find it done. */
    quire_platform_flush_page(fault->q, fault->page);
    fault->class = QUIRE_FAULT_REUSE;
    return QUIRE_OK;
}

/* Both frames' bytes at once: the slots nest. */
static void copy_frame(struct quire *q, const struct quire_frame *to,
                       const struct quire_frame *from)
{
    void *target = quire_frame_map(q, to);
    void *source = quire_frame_map(q, from);

    quire_platform_copy_page(target, source);
    quire_frame_unmap(q, from, source);
    quire_frame_unmap(q, to, target);
}

static enum quire_status write_copy(struct quire_fault *fault)
{
    struct quire *q = fault->q;
    struct quire_frame *old = quire_frame_of(q, quire_entry_phys(fault->seen)), *copy = NULL;
    bool was_anonymous;

    if (may_need_copy(old)) {
        copy = quire_frame_alloc_one(q, QUIRE_FRAME_ANONYMOUS, QUIRE_ALLOC_HIGH);
        if (copy == NULL)
            return QUIRE_NO_MEMORY;
    }
    if (!quire_fault_lock(fault)) {
        if (copy != NULL)
            quire_frame_put(q, copy);
        return QUIRE_RETRY;
    }
    if (may_reuse_locked(q, old)) {
        if (copy != NULL)
            quire_frame_put(q, copy);
        if (fault->view.flags & QUIRE_PROT_WRITE)
            return reuse_locked(fault);
        quire_fault_unlock(fault); /* forced: the entry stays as it is */
        fault->class = QUIRE_FAULT_SPURIOUS;
        return QUIRE_OK;
    }
    if (copy == NULL) { /* another owner appeared meanwhile, or the frame is on its way out */
        quire_fault_unlock(fault);
        return QUIRE_RETRY;
    }
    was_anonymous = old->kind == QUIRE_FRAME_ANONYMOUS;
    copy_frame(q, copy, old);
    quire_frame_gather_dirty(
        old, quire_entry_exchange(fault->slot, quire_entry_make(quire_frame_phys(q, copy),
                                                                quire_fault_owned_bits(fault))));
    if (!was_anonymous)
        fault->leaf.table->table.anonymous++;
    quire_fault_unlock(fault);
    quire_flush_space(fault->space, fault->page, fault->page + QUIRE_PAGE_SIZE);
    quire_page_put(q, old);
    fault->class = was_anonymous ? QUIRE_FAULT_COPY : QUIRE_FAULT_OBJECT_COPY;
    return QUIRE_OK;
}

/* A shared mapping whose entry may not write yet though the region may. */
static enum quire_status write_shared(struct quire_fault *fault)
{
    if (!quire_fault_lock(fault))
        return QUIRE_RETRY;
    (void)reuse_locked(fault);
    fault->class = QUIRE_FAULT_OBJECT_WRITE;
    return QUIRE_OK;
}

/* ---- objects ---- */

/* With the table locked: the page still belongs to the object (truncation takes it out before it
 * looks at tables). */
static bool still_of_object(const struct quire_frame *frame, const struct quire_object *object,
                            uint64_t index)
{
    return __atomic_load_n(&frame->object.owner, __ATOMIC_ACQUIRE) == object &&
           frame->object.index == index;
}

/*
 * A read of an object's page maps its resident neighbours too: an aligned window inside the region
 * and the table. Each entry takes over the reference that quire_object_pages gave.
 */
static enum quire_status map_around(struct quire_fault *fault, quire_entry bits)
{
    const struct quire_region_view *view = &fault->view;
    const quire_virt window = (quire_virt)QUIRE_FAULT_AROUND << QUIRE_PAGE_SHIFT;
    struct quire_frame *frame[QUIRE_FAULT_AROUND];
    quire_virt first = fault->page & ~(window - 1);
    quire_virt last = first + window;
    uint64_t index;
    size_t count;
    quire_entry *slot;
    bool valid;

    if (first < view->start)
        first = view->start;
    if (last > view->end)
        last = view->end;
    count = (last - first) >> QUIRE_PAGE_SHIFT;
    index = fault->index - ((fault->page - first) >> QUIRE_PAGE_SHIFT);
    (void)quire_object_pages(view->object, index, count, frame);

    slot = &fault->leaf.entries[quire_level_index(first, 1)];
    valid = quire_fault_lock(fault);
    for (size_t i = 0; i < count; i++) {
        if (frame[i] == NULL)
            continue;
        if (valid && quire_entry_read(&slot[i]) == 0 &&
            still_of_object(frame[i], view->object, index + i)) {
            quire_entry_write(&slot[i],
                              quire_entry_make(quire_frame_phys(fault->q, frame[i]), bits));
            fault->leaf.table->table.live++;
            fault->leaf.table->table.resident++;
        } else {
            quire_frame_put(fault->q, frame[i]);
        }
    }
    if (valid)
        quire_fault_unlock(fault);
    return valid ? QUIRE_OK : QUIRE_RETRY;
}

static enum quire_status copy_from_object(struct quire_fault *fault, struct quire_frame *page)
{
    struct quire_frame *copy =
        quire_frame_alloc_one(fault->q, QUIRE_FRAME_ANONYMOUS, QUIRE_ALLOC_HIGH);

    if (copy == NULL)
        return QUIRE_NO_MEMORY;
    copy_frame(fault->q, copy, page);
    if (!quire_fault_lock(fault)) {
        quire_frame_put(fault->q, copy);
        return QUIRE_RETRY;
    }
    if (!still_of_object(page, fault->view.object, fault->index)) {
        quire_fault_unlock(fault);
        quire_frame_put(fault->q, copy);
        return QUIRE_RETRY;
    }
    install_locked(fault, copy, quire_fault_owned_bits(fault));
    quire_fault_unlock(fault);
    fault->class = QUIRE_FAULT_OBJECT_COPY;
    return QUIRE_OK;
}

/* The caller's reference becomes the entry's, if all is well. */
static enum quire_status map_object_page(struct quire_fault *fault, struct quire_frame *page)
{
    bool writing = (fault->access & QUIRE_ACCESS_WRITE) != 0;

    if (!quire_fault_lock(fault))
        return QUIRE_RETRY;
    if (!still_of_object(page, fault->view.object, fault->index)) {
        quire_fault_unlock(fault);
        return QUIRE_RETRY;
    }
    install_locked(fault, page, quire_fault_region_bits(fault) | (writing ? QUIRE_ENTRY_DIRTY : 0));
    if (writing)
        quire_frame_mark_dirty(page); /* others who map it see that at once */
    quire_fault_unlock(fault);
    fault->class = writing ? QUIRE_FAULT_OBJECT_WRITE : QUIRE_FAULT_OBJECT_READ;
    return QUIRE_OK;
}

static enum quire_status device_fault(struct quire_fault *fault)
{
    const struct quire_object *object = fault->view.object;
    uint64_t offset = fault->index << QUIRE_PAGE_SHIFT;
    quire_entry bits = quire_region_entry(fault->view.flags) | QUIRE_ENTRY_SPECIAL;

    /* Reading registers is no copying of bytes. */
    if (fault->access & QUIRE_ACCESS_REMOTE) {
        fault->class = QUIRE_FAULT_NO_RIGHT;
        return QUIRE_NO_PERMISSION;
    }
    if (offset >= object->size) {
        fault->class = QUIRE_FAULT_BEYOND_END;
        return QUIRE_BEYOND_END;
    }
    if (object->cache_mode == QUIRE_CACHE_UNCACHED)
        bits |= QUIRE_ENTRY_CACHE_DISABLE | QUIRE_ENTRY_WRITE_THROUGH;
    else if (object->cache_mode == QUIRE_CACHE_WRITE_THROUGH)
        bits |= QUIRE_ENTRY_WRITE_THROUGH;
    else if (object->cache_mode == QUIRE_CACHE_WRITE_COMBINING)
        bits |= QUIRE_ENTRY_PAT;
    if (!quire_fault_lock(fault))
        return QUIRE_RETRY;
    quire_entry_write(fault->slot, quire_entry_make(object->device + offset, bits));
    fault->leaf.table->table.live++;
    quire_fault_unlock(fault);
    fault->class = QUIRE_FAULT_DEVICE;
    return QUIRE_OK;
}

/* A page that is not resident: made, or got from the pager, which may sleep. */
static __attribute__((noinline)) enum quire_status
fetch_page(struct quire_fault *fault, struct quire_frame **out, bool *waited)
{
    unsigned flags = QUIRE_OBJECT_ALLOCATE |
                     (fault->view.flags & QUIRE_REGION_RANDOM ? QUIRE_OBJECT_RANDOM : 0) |
                     (fault->view.flags & QUIRE_REGION_SEQUENTIAL ? QUIRE_OBJECT_SEQUENTIAL : 0);
    enum quire_status status =
        quire_object_fetch(fault->view.object, fault->index, flags, out, waited);

    if (status == QUIRE_OK && !quire_fault_find_again(fault)) {
        quire_frame_put(fault->q, *out);
        return QUIRE_RETRY;
    }
    return status;
}

/* Mapping needs no more than the page, and its neighbours may be mapped too. */
static bool reads_around(const struct quire_fault *fault)
{
    return !(fault->access & (QUIRE_ACCESS_WRITE | QUIRE_ACCESS_FORCE)) &&
           !(fault->view.flags & QUIRE_REGION_RANDOM);
}

/* The page is there, with a reference for us, which is used up. */
static enum quire_status use_object_page(struct quire_fault *fault, struct quire_frame *page,
                                         bool waited)
{
    bool copying =
        (fault->access & QUIRE_ACCESS_WRITE) && !(fault->view.flags & QUIRE_REGION_SHARED);
    enum quire_status status = QUIRE_OK;

    /* What came along with it is mapped along with it. */
    if (waited && reads_around(fault))
        status = map_around(fault, quire_region_entry(fault->view.flags));
    if (status == QUIRE_OK && waited && quire_entry_read(fault->slot) != fault->seen) {
        quire_frame_put(fault->q, page);
    } else if (status == QUIRE_OK) {
        status = copying ? copy_from_object(fault, page) : map_object_page(fault, page);
        if (copying || status != QUIRE_OK)
            quire_frame_put(fault->q, page);
    } else {
        quire_frame_put(fault->q, page);
    }
    if (waited && status == QUIRE_OK)
        fault->class = QUIRE_FAULT_PAGER_WAIT;
    return status;
}

static enum quire_status object_fault(struct quire_fault *fault)
{
    const struct quire_region_view *view = &fault->view;
    struct quire_object *object = view->object;
    struct quire_frame *page;
    enum quire_status status;
    bool waited = false;

    if (object->kind == QUIRE_OBJECT_DEVICE)
        return device_fault(fault);
    /* Reads find their page and its neighbours resident most of the time. */
    if (reads_around(fault)) {
        status = map_around(fault, quire_region_entry(view->flags));
        if (status != QUIRE_OK || quire_entry_read(fault->slot) != 0) {
            quire_object_note_hit(object);
            fault->class = QUIRE_FAULT_OBJECT_READ;
            return status;
        }
    }
    /* The pager may sleep, and then the region may go, and with it the object: hold it, unless it
     * is going just now. */
    if (!quire_object_try_get(object))
        return QUIRE_RETRY;
    status = quire_object_page(object, fault->index, QUIRE_OBJECT_RESIDENT, &page);
    if (QUIRE_UNLIKELY(status == QUIRE_NO_MAPPING))
        status = fetch_page(fault, &page, &waited);
    if (status == QUIRE_OK)
        status = use_object_page(fault, page, waited);
    else if (status == QUIRE_BEYOND_END)
        fault->class = QUIRE_FAULT_BEYOND_END;
    else if (status == QUIRE_IO_ERROR)
        fault->class = QUIRE_FAULT_IO_ERROR;
    quire_object_put(object);
    return status;
}

/* ---- growing ---- */

/* The page lies below a grow-down region: extend it, if its limit and the guard gap to what lies
 * below allow. */
static enum quire_status grow(struct quire_fault *fault)
{
    struct quire_space *space = fault->space;
    enum quire_status status = QUIRE_NO_MAPPING;
    struct quire_region *region;
    const struct quire_region *below;

    fault->class = QUIRE_FAULT_GUARD;
    /* A copy by another process, unless it is forced, is no use of the stack. */
    if ((fault->access & (QUIRE_ACCESS_REMOTE | QUIRE_ACCESS_FORCE)) == QUIRE_ACCESS_REMOTE)
        return QUIRE_NO_MAPPING;
    quire_spin_lock(&space->lock);
    region = quire_region_at_or_above(space, fault->page);
    if (region == NULL || region->range.start <= fault->page) {
        status = QUIRE_RETRY;
    } else if (region->flags & QUIRE_REGION_GROWS_DOWN) {
        quire_virt size = region->range.end - fault->page;
        quire_virt grown = region->range.start - fault->page;
        const quire_virt guard = QUIRE_STACK_GUARD_PAGES * QUIRE_PAGE_SIZE;

        /* Far below the stack it is no stack access at all, but a wild one. */
        if (size > guard && size - guard > space->limits.stack)
            fault->class = QUIRE_FAULT_NO_REGION;
        below = quire_region_previous(region);
        if (size <= space->limits.stack &&
            !quire_exceeds(space->limits.total, space->pages.total, grown) &&
            !((region->flags & QUIRE_REGION_LOCKED) &&
              quire_exceeds(space->limits.locked, space->pages.locked, grown)) &&
            fault->page >= QUIRE_LOWEST_HINT &&
            (region->object == NULL || grown >> QUIRE_PAGE_SHIFT <= region->offset) &&
            (below == NULL || !(below->flags & QUIRE_REGION_PROTECTION) ||
             (below->flags & QUIRE_REGION_GROWS_DOWN) || fault->page - below->range.end >= guard) &&
            quire_space_charge(space, region->flags, grown)) {
            quire_sequence_begin(space);
            quire_region_resize(space, region, fault->page, region->range.end);
            quire_sequence_end(space);
            fault->class = QUIRE_FAULT_GROW;
            status = QUIRE_RETRY;
        }
    }
    quire_spin_unlock(&space->lock);
    return status;
}

/* ---- the whole ---- */

/* Not the CPU reads or writes, but the kernel for somebody else. */
static bool is_permitted_remotely(uint32_t flags, unsigned access)
{
    const uint32_t private_may_write = QUIRE_REGION_SHARED | QUIRE_REGION_MAY_WRITE;
    bool force = (access & QUIRE_ACCESS_FORCE) != 0;

    if (access & QUIRE_ACCESS_WRITE)
        return (flags & QUIRE_PROT_WRITE) ||
               (force && (flags & private_may_write) == QUIRE_REGION_MAY_WRITE);
    return (flags & QUIRE_PROT_READ) || (force && (flags & QUIRE_REGION_MAY_READ));
}

QUIRE_INLINE bool is_permitted(uint32_t flags, unsigned access)
{
    uint32_t rights = flags & QUIRE_REGION_PROTECTION;

    if (QUIRE_UNLIKELY(access & QUIRE_ACCESS_REMOTE))
        return is_permitted_remotely(flags, access);
    if (access & QUIRE_ACCESS_WRITE)
        return (rights & QUIRE_PROT_WRITE) != 0;
    if (access & QUIRE_ACCESS_EXECUTE)
        return (rights & QUIRE_PROT_EXECUTE) != 0;
    return rights != 0; /* x86 cannot grant write or execute without read */
}

static enum quire_status present_fault(struct quire_fault *fault)
{
    bool writing = (fault->access & QUIRE_ACCESS_WRITE) != 0;

    if (writing && !(fault->seen & QUIRE_ENTRY_WRITE)) {
        if (fault->view.flags & QUIRE_REGION_SHARED)
            return write_shared(fault);
        if (fault->seen & QUIRE_ENTRY_SPECIAL) {
            /* A forced write to a private device mapping, which nothing else can write to. */
            if (QUIRE_UNLIKELY(fault->view.object != NULL)) {
                fault->class = QUIRE_FAULT_NO_RIGHT;
                return QUIRE_NO_PERMISSION;
            }
            return upgrade_zero_page(fault);
        }
        return write_copy(fault);
    }
    quire_platform_flush_page(fault->q, fault->page);
    fault->class = QUIRE_FAULT_SPURIOUS;
    return QUIRE_OK;
}

/* A frame is kept where nobody has a right, and the access is forced. */
static enum quire_status inaccessible_fault(struct quire_fault *fault)
{
    if (fault->access & QUIRE_ACCESS_WRITE)
        return write_copy(fault);
    fault->class = QUIRE_FAULT_SPURIOUS;
    return QUIRE_OK;
}

static enum quire_status fault_once(struct quire_fault *fault)
{
    enum quire_status status;

    if (QUIRE_UNLIKELY(!look_up(fault))) {
        fault->class = QUIRE_FAULT_NO_REGION;
        return fault->view.flags & QUIRE_REGION_GROWS_DOWN ? grow(fault) : QUIRE_NO_MAPPING;
    }
    if (QUIRE_UNLIKELY(!is_permitted(fault->view.flags, fault->access))) {
        fault->class = QUIRE_FAULT_NO_RIGHT;
        return QUIRE_NO_PERMISSION;
    }
    fault->class = QUIRE_FAULT_NO_MEMORY;
    if (QUIRE_UNLIKELY(
            !quire_leaf_find(fault->q, &fault->space->table, fault->page, &fault->leaf))) {
        status = quire_leaf_make(fault->q, &fault->space->table, fault->page, &fault->leaf);
        if (status != QUIRE_OK)
            return status;
    }
    fault->slot = &fault->leaf.entries[quire_level_index(fault->page, 1)];
    fault->seen = quire_entry_read(fault->slot);

    if (QUIRE_UNLIKELY(quire_leaf_is_shared(&fault->leaf))) {
        /* Reading what is there changes nothing; everything else needs a table of our own. */
        if (!(quire_entry_is_present(fault->seen) && !(fault->access & QUIRE_ACCESS_WRITE))) {
            status = quire_table_unshare(fault->space, fault->page, &fault->leaf);
            if (status == QUIRE_OK)
                fault->class = QUIRE_FAULT_UNSHARE;
            return status == QUIRE_OK ? QUIRE_RETRY : status;
        }
    }
    if (fault->seen == 0) {
        if (fault->view.object != NULL)
            return object_fault(fault);
        return fault->access & QUIRE_ACCESS_WRITE ? write_new(fault) : read_zero_page(fault);
    }
    if (quire_entry_is_present(fault->seen))
        return present_fault(fault);
    if (quire_entry_is_slot(fault->seen))
        return quire_fault_swap_in(fault);
    if (quire_entry_is_poisoned(fault->seen)) {
        fault->class = QUIRE_FAULT_POISONED;
        return QUIRE_IO_ERROR;
    }
    if (QUIRE_UNLIKELY(!(fault->view.flags & QUIRE_REGION_PROTECTION)))
        return inaccessible_fault(fault);
    return QUIRE_RETRY; /* inaccessible in a region that is accessible: rights are changing just now
                         */
}

#if QUIRE_TRACE
static void trace(const struct quire_fault *fault)
{
    struct quire_trace_event event = {
        .clock = quire_hook_clock(fault->q),
        .address = fault->page,
        .detail = fault->seen,
        .space = fault->space->number,
        .type = (uint8_t)fault->class,
        .cpu = (uint8_t)quire_platform_cpu(),
        .access = (uint16_t)fault->access,
    };

    quire_hook_trace(fault->q, &event);
}
#endif

enum quire_status quire_space_fault(struct quire_space *space, quire_virt address, unsigned access,
                                    enum quire_fault_class *out_class)
{
    struct quire_fault fault;
    enum quire_status status;

    fault.q = space->q;
    fault.space = space;
    fault.page = quire_page_down(address);
    fault.access = access;
    fault.seen = 0;
    if (QUIRE_UNLIKELY(address >= space->end)) {
        fault.class = QUIRE_FAULT_KERNEL_ADDRESS;
        status = QUIRE_NO_MAPPING;
    } else {
        for (;;) {
            status = fault_once(&fault);
            if (QUIRE_LIKELY(status == QUIRE_OK))
                break;
            if (status == QUIRE_RETRY) {
                /* One step further (a table of our own, a longer stack), or another CPU was in the
                 * way. */
                if (fault.class != QUIRE_FAULT_UNSHARE && fault.class != QUIRE_FAULT_GROW)
                    fault.class = QUIRE_FAULT_RACE;
                quire_this_cpu(fault.q)->fault[fault.class]++;
                continue;
            }
            if (status == QUIRE_NO_MEMORY) {
                fault.class = QUIRE_FAULT_NO_MEMORY;
                if (quire_reclaim(fault.q, 1))
                    continue;
            }
            break;
        }
    }
    quire_this_cpu(fault.q)->fault[fault.class]++;
#if QUIRE_TRACE
    trace(&fault);
#endif
    if (out_class != NULL)
        *out_class = fault.class;
    return status;
}

/* Frames that are got and cleared before the table is locked to install them. */
#define POPULATE_BATCH 16

/*
 * Many new pages of private anonymous memory at once: one look at region and table serves up to
 * POPULATE_BATCH entries that are empty. Returns how many pages from `page` on were dealt with; 0:
 * this is another case, or a race, or memory is short, and quire_space_fault decides.
 */
static size_t populate_new(struct quire_space *space, quire_virt page, quire_virt end)
{
    struct quire *q = space->q;
    struct quire_fault fault = {
        .q = q, .space = space, .page = page, .access = QUIRE_ACCESS_WRITE, .seen = 0};
    quire_virt table_end = (page & ~(QUIRE_LEAF_SPAN - 1)) + QUIRE_LEAF_SPAN;
    struct quire_frame *frame[POPULATE_BATCH];
    size_t count, installed = 0;
    bool valid;

    if (!look_up(&fault) || !is_permitted(fault.view.flags, fault.access) ||
        fault.view.object != NULL || !quire_leaf_find(q, &space->table, page, &fault.leaf) ||
        quire_leaf_is_shared(&fault.leaf))
        return 0;
    if (end > fault.view.end)
        end = fault.view.end;
    if (end > table_end)
        end = table_end;
    fault.slot = &fault.leaf.entries[quire_level_index(page, 1)];
    for (count = 0; count < POPULATE_BATCH && page + (count << QUIRE_PAGE_SHIFT) < end; count++)
        if (quire_entry_read(&fault.slot[count]) != 0)
            break;
    if (count == 0 ||
        quire_frame_alloc_many(q, count, QUIRE_FRAME_ANONYMOUS, QUIRE_ALLOC_ZERO | QUIRE_ALLOC_HIGH,
                               frame) != QUIRE_OK)
        return 0;

    valid = quire_fault_lock(&fault);
    for (size_t i = 0; i < count; i++) {
        if (valid && quire_entry_read(fault.slot) == 0) {
            install_locked(&fault, frame[i], quire_fault_owned_bits(&fault));
            installed++;
        } else {
            quire_frame_put(q, frame[i]);
        }
        fault.slot++;
    }
    if (!valid)
        return 0;
    quire_fault_unlock(&fault);
    quire_this_cpu(q)->fault[QUIRE_FAULT_ANONYMOUS_WRITE] += installed;
    return count;
}

/* A page whose number is a multiple of this pauses first; the first page of a table always does. */
#define POPULATE_PAUSE 64

enum quire_status quire_space_populate(struct quire_space *space, quire_virt address, size_t length,
                                       unsigned access)
{
    quire_virt end = address + quire_page_up(length);

    for (quire_virt page = quire_page_down(address); page < end; page += QUIRE_PAGE_SIZE) {
        enum quire_status status;
        struct quire_leaf leaf;
        size_t done;

        if (page % (POPULATE_PAUSE * QUIRE_PAGE_SIZE) == 0 && !quire_hook_pause(space->q))
            return QUIRE_NO_MEMORY;
        done = access & QUIRE_ACCESS_WRITE ? populate_new(space, page, end) : 0;

        if (done > 0) {
            page += (done - 1) << QUIRE_PAGE_SHIFT;
            continue;
        }
        if (quire_leaf_find(space->q, &space->table, page, &leaf)) {
            quire_entry entry = quire_entry_read(&leaf.entries[quire_level_index(page, 1)]);

            /* There already, with the right asked for: fault-around was here. */
            if (quire_entry_is_present(entry) &&
                (!(access & QUIRE_ACCESS_WRITE) ||
                 ((entry & QUIRE_ENTRY_WRITE) && !quire_leaf_is_shared(&leaf))))
                continue;
        }
        status = quire_space_fault(space, page, access | QUIRE_ACCESS_KERNEL, NULL);
        if (status != QUIRE_OK)
            return status;
    }
    return QUIRE_OK;
}
