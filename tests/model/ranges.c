/* The reference model: calls on a range of a space's pages. Page by page, in the most obvious way.
 */
#include "answer.h"

#include <string.h>

#define MAY_SHIFT 3 /* QUIRE_REGION_MAY_* are the rights, shifted */

/* ---- ranges ---- */

/* Private pages that may be written count as promised, and do so for good. */
static uint32_t accounted(uint32_t flags)
{
    bool counts = (flags & (QUIRE_PROT_WRITE | QUIRE_REGION_SHARED | QUIRE_REGION_NO_RESERVE)) ==
                  QUIRE_PROT_WRITE;

    return counts ? flags | QUIRE_REGION_ACCOUNTED : flags;
}

/*
 * What a range check answers; *length in bytes, rounded up. munmap refuses an empty range and one
 * that leaves user space; mprotect, madvise and mlock find nothing to do, and a hole.
 */
static enum quire_status check_range(const struct op *op, size_t *length)
{
    quire_virt end = model_cluster(CLUSTERS - 1) + CLUSTER_PAGES * PAGE;
    bool unmap = op->kind == OP_UNMAP;

    *length = quire_page_up(op->length);
    if (op->address % PAGE != 0)
        return QUIRE_UNALIGNED;
    if (op->length == 0 && unmap)
        return QUIRE_ZERO_LENGTH;
    if (*length == 0 && op->length != 0)
        return unmap ? QUIRE_OUT_OF_RANGE : QUIRE_OVERFLOW;
    if (op->address > end || *length > end - op->address)
        return unmap ? QUIRE_OUT_OF_RANGE : QUIRE_NO_MAPPING;
    return QUIRE_OK;
}

static bool any_mapped(struct model *model, int space, quire_virt start, quire_virt end)
{
    for (size_t i = 0; i < SPACE_PAGES; i++)
        if (model_address_of(i) >= start && model_address_of(i) < end &&
            model->space[space].page[i].mapped)
            return true;
    return false;
}

/* The highest free place below the place where searches start, else the lowest above it. */
static quire_virt expected_place(struct model *model, int space, size_t length)
{
    quire_virt top = model->space[space].space->map_top;
    quire_virt high = top;

    /* Candidates end where something starts, or at the top. */
    while (high >= length + 0x10000) {
        quire_virt low = high - length, next = 0;

        if (!any_mapped(model, space, low, high))
            return low;
        /* Go below the lowest mapped page of [low, high). */
        for (size_t i = 0; i < SPACE_PAGES; i++) {
            if (model->space[space].page[i].mapped && model_address_of(i) >= low &&
                model_address_of(i) < high) {
                next = model_address_of(i);
                break;
            }
        }
        high = next;
    }
    return 0;
}

bool apply_map(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model *model = answer->model;
    size_t length = quire_page_up(op->length);
    quire_virt end = model_cluster(CLUSTERS - 1) + CLUSTER_PAGES * PAGE;
    enum quire_status right = QUIRE_OK;
    bool fixed = (op->flags & QUIRE_MAP_FIXED) != 0, refused;
    quire_virt start = op->address;

    if (op->length == 0)
        right = QUIRE_ZERO_LENGTH;
    else if (op->offset % PAGE != 0)
        right = QUIRE_UNALIGNED;
    else if ((op->region & QUIRE_REGION_SHARED) && op->object < 0)
        right = QUIRE_INVALID;
    else if (fixed && start % PAGE != 0)
        right = QUIRE_UNALIGNED;
    else if (fixed && start > end - length)
        right = QUIRE_OUT_OF_RANGE;
    else if (fixed && (op->flags & QUIRE_MAP_NO_REPLACE) &&
             any_mapped(model, op->space, start, start + length))
        right = QUIRE_EXISTS;
    if (!answer_judge(answer, right, &refused))
        return false;
    if (refused)
        return true;
    if (!fixed) {
        start = quire_page_down(start);
        if (start == 0 || start > end - length ||
            any_mapped(model, op->space, start, start + length))
            start = expected_place(model, op->space, length);
    }
    if (op->result != start)
        return answer_wrong(answer, "another place");
    if (model_index_of(start) == SIZE_MAX || model_index_of(start + length - 1) == SIZE_MAX)
        return true; /* outside the clusters: the test takes it away again */
    for (quire_virt at = start; at < start + length; at += PAGE) {
        struct model_page *page = model_page_at(model, op->space, at);

        model_forget(page);
        page->mapped = true;
        page->flags = accounted(op->region);
        page->object = (int8_t)op->object;
        page->index = op->object >= 0 ? (op->offset + (at - start)) / PAGE : 0;
        if ((op->flags & QUIRE_MAP_POPULATE) && (page->flags & QUIRE_PROT_WRITE))
            model_maybe_own(model, page);
    }
    return true;
}

bool apply_unmap(struct answer *answer)
{
    const struct op *op = answer->op;
    size_t length;
    bool refused;

    if (!answer_judge(answer, check_range(op, &length), &refused))
        return false;
    for (size_t i = 0; !refused && i < SPACE_PAGES; i++)
        if (model_address_of(i) - op->address < length)
            model_forget(&answer->model->space[op->space].page[i]);
    return true;
}

/* Locked pages of the range that may be written are brought in, if that works: copied, perhaps. */
static void bring_in_locked(struct answer *answer, size_t length)
{
    const uint32_t bits = QUIRE_REGION_LOCKED | QUIRE_REGION_LOCK_ON_FAULT | QUIRE_PROT_WRITE;
    const struct op *op = answer->op;

    for (size_t i = 0; i < SPACE_PAGES; i++) {
        struct model_page *page = &answer->model->space[op->space].page[i];

        if (model_address_of(i) - op->address < length && page->mapped &&
            (page->flags & bits) == (QUIRE_REGION_LOCKED | QUIRE_PROT_WRITE))
            model_maybe_own(answer->model, page);
    }
}

bool apply_protect(struct answer *answer)
{
    const struct op *op = answer->op;
    enum quire_status right;
    quire_virt at = op->address;
    size_t length;
    bool refused;

    right = check_range(op, &length);
    for (at = op->address; right == QUIRE_OK && at < op->address + length; at += PAGE) {
        struct model_page *page = model_mapped_at(answer->model, op->space, at);

        if (page == NULL)
            right = QUIRE_NO_MAPPING;
        else if (op->protection & ~(page->flags >> MAY_SHIFT) & QUIRE_REGION_PROTECTION)
            right = QUIRE_NO_PERMISSION;
        else
            page->flags =
                accounted((page->flags & ~(uint32_t)QUIRE_REGION_PROTECTION) | op->protection);
    }
    if (at != op->address && (op->protection & QUIRE_PROT_WRITE))
        bring_in_locked(answer, length);
    return answer_judge(answer, right, &refused);
}

/* ---- advice ---- */

static bool is_private_anonymous(const struct model_page *page)
{
    return page->object < 0;
}

/* Populated for writing: for sure, or only perhaps because the whole failed somewhere. */
static void populated(struct model *model, struct model_page *page, bool surely)
{
    if (!surely)
        model_maybe_own(model, page);
    else if (!(page->flags & QUIRE_REGION_SHARED) && page->object >= 0)
        (void)model_writable_content(model, page);
}

static enum quire_status advise_page(struct model *model, const struct op *op,
                                     struct model_page *page)
{
    switch (op->advice) {
    case QUIRE_ADVICE_DONT_NEED:
        if (page->flags & QUIRE_REGION_LOCKED)
            return QUIRE_INVALID;
        /* fall through */
    case QUIRE_ADVICE_DONT_NEED_LOCKED:
        page->own = false;
        page->lazy = false;
        page->lost = false;
        page->touched = false;
        return QUIRE_OK;
    case QUIRE_ADVICE_MERGEABLE:
        if (!(page->flags & QUIRE_REGION_SHARED))
            page->flags |= QUIRE_REGION_MERGEABLE;
        return QUIRE_OK;
    case QUIRE_ADVICE_UNMERGEABLE:
        page->flags &= ~(uint32_t)QUIRE_REGION_MERGEABLE;
        return QUIRE_OK;
    case QUIRE_ADVICE_FREE:
        if ((page->flags & QUIRE_REGION_LOCKED) || !is_private_anonymous(page))
            return QUIRE_INVALID;
        page->lazy = page->own;
        page->touched = false;
        return QUIRE_OK;
    case QUIRE_ADVICE_REMOVE:
        if (page->object < 0 || (page->flags & QUIRE_REGION_LOCKED))
            return QUIRE_INVALID;
        if ((page->flags & (QUIRE_REGION_SHARED | QUIRE_REGION_MAY_WRITE)) !=
            (QUIRE_REGION_SHARED | QUIRE_REGION_MAY_WRITE))
            return QUIRE_NO_PERMISSION;
        model_punch(model, page->object, page->index * PAGE, (page->index + 1) * PAGE);
        return QUIRE_OK;
    case QUIRE_ADVICE_DONT_FORK:
        page->flags |= QUIRE_REGION_NO_FORK;
        return QUIRE_OK;
    case QUIRE_ADVICE_DO_FORK:
        page->flags &= ~(uint32_t)QUIRE_REGION_NO_FORK;
        return QUIRE_OK;
    case QUIRE_ADVICE_WIPE_ON_FORK:
        if (!is_private_anonymous(page))
            return QUIRE_INVALID;
        page->flags |= QUIRE_REGION_WIPE_ON_FORK;
        return QUIRE_OK;
    case QUIRE_ADVICE_KEEP_ON_FORK:
        page->flags &= ~(uint32_t)QUIRE_REGION_WIPE_ON_FORK;
        return QUIRE_OK;
    case QUIRE_ADVICE_COLD:
    case QUIRE_ADVICE_PAGE_OUT:
        if (page->flags & QUIRE_REGION_LOCKED)
            return QUIRE_INVALID;
        page->touched = false;
        return QUIRE_OK;
    case QUIRE_ADVICE_POPULATE_READ:
        if (!(page->flags & QUIRE_PROT_READ))
            return QUIRE_NO_PERMISSION;
        return model_access_status(model, page, QUIRE_ACCESS_READ);
    case QUIRE_ADVICE_POPULATE_WRITE: {
        enum quire_status status = model_access_status(model, page, QUIRE_ACCESS_WRITE);

        if (status == QUIRE_OK)
            populated(model, page, op->status == QUIRE_OK);
        return status;
    }
    case QUIRE_ADVICE_NORMAL:
        page->flags &= ~(uint32_t)(QUIRE_REGION_SEQUENTIAL | QUIRE_REGION_RANDOM);
        return QUIRE_OK;
    case QUIRE_ADVICE_RANDOM:
        page->flags &= ~(uint32_t)QUIRE_REGION_SEQUENTIAL;
        page->flags |= QUIRE_REGION_RANDOM;
        return QUIRE_OK;
    case QUIRE_ADVICE_DONT_DUMP:
        page->flags |= QUIRE_REGION_NO_DUMP;
        return QUIRE_OK;
    case QUIRE_ADVICE_DO_DUMP:
        page->flags &= ~(uint32_t)QUIRE_REGION_NO_DUMP;
        return QUIRE_OK;
    default:
        return QUIRE_OK;
    }
}

/* Holes are passed over, and told at the end; the first page that refuses ends it. */
bool apply_advise(struct answer *answer)
{
    const struct op *op = answer->op;
    bool populate =
        op->advice == QUIRE_ADVICE_POPULATE_READ || op->advice == QUIRE_ADVICE_POPULATE_WRITE;
    enum quire_status right;
    size_t length;
    bool holes = false, refused;

    right = check_range(op, &length);
    for (quire_virt at = op->address; right == QUIRE_OK && at < op->address + length; at += PAGE) {
        struct model_page *page = model_mapped_at(answer->model, op->space, at);

        if (page == NULL)
            holes = true;
        else
            right = advise_page(answer->model, op, page);
    }
    if (right == QUIRE_OK && holes)
        right = QUIRE_NO_MAPPING;
    if (op->status == QUIRE_NO_MEMORY && populate && answer->allowance.no_memory)
        return true;
    if (op->status == QUIRE_IO_ERROR && answer->allowance.io_error)
        return true;
    return answer_judge(answer, right, &refused);
}

bool apply_lock(struct answer *answer)
{
    const struct op *op = answer->op;
    const uint32_t bits = QUIRE_REGION_LOCKED | QUIRE_REGION_LOCK_ON_FAULT;
    bool unlock = (op->flags & 2) != 0;
    enum quire_status right;
    size_t length;
    bool refused;

    right = check_range(op, &length);
    for (quire_virt at = op->address; right == QUIRE_OK && at < op->address + length; at += PAGE) {
        struct model_page *page = model_mapped_at(answer->model, op->space, at);

        if (page == NULL) {
            right = QUIRE_NO_MAPPING;
            break;
        }
        if (answer->model->leaving && !(page->flags & QUIRE_REGION_LOCKED))
            page->touched = false; /* it may be out, and comes back perhaps only when touched */
        page->flags &= ~bits;
        if (!unlock)
            page->flags |= op->flags & 1 ? bits : QUIRE_REGION_LOCKED;
        if (answer->model->leaving && page->own && !unlock && !(op->flags & 1) &&
            op->status == QUIRE_OK)
            page->touched = true; /* all of it was brought in */
        if (!unlock && !(op->flags & 1) && (page->flags & QUIRE_PROT_WRITE))
            model_maybe_own(answer->model, page);
    }
    if (right == QUIRE_OK && !unlock && op->status == QUIRE_NO_MEMORY)
        return true; /* some pages could not be brought in: no right, beyond the end, or shortage */
    return answer_judge(answer, right, &refused);
}

bool apply_resident(struct answer *answer)
{
    const struct op *op = answer->op;
    enum quire_status right;
    size_t length;
    bool refused;

    right = check_range(op, &length);
    for (size_t i = 0; right == QUIRE_OK && i < length / PAGE; i++)
        if (model_mapped_at(answer->model, op->space, op->address + i * PAGE) == NULL)
            right = QUIRE_NO_MAPPING;
    if (!answer_judge(answer, right, &refused))
        return false;
    for (size_t i = 0; !refused && i < length / PAGE; i++) {
        struct model_page *page = model_mapped_at(answer->model, op->space, op->address + i * PAGE);

        if (page->touched && !(op->resident[i] & 1) &&
            (!answer->model->leaving || (page->flags & QUIRE_REGION_LOCKED)))
            return answer_wrong(answer, "a page that was stored to as resident");
    }
    return true;
}

bool apply_populate(struct answer *answer)
{
    const struct op *op = answer->op;
    enum quire_status right = QUIRE_OK;
    bool refused;

    for (quire_virt at = op->address; right == QUIRE_OK && at < op->address + op->length;
         at += PAGE) {
        right = model_load(answer->model, op->space, at, op->protection, NULL);
        if (right == QUIRE_OK && (op->protection & QUIRE_ACCESS_WRITE))
            populated(answer->model, model_mapped_at(answer->model, op->space, at),
                      op->status == QUIRE_OK);
    }
    if ((op->status == QUIRE_NO_MEMORY && answer->allowance.no_memory) ||
        (op->status == QUIRE_IO_ERROR && answer->allowance.io_error))
        return true;
    return answer_judge(answer, right, &refused);
}

bool apply_page_out(struct answer *answer)
{
    const struct op *op = answer->op;

    /* Where fork shares a table, pages leave it for all its spaces at once. */
    for (int space = 0; space < SPACES; space++)
        for (size_t i = 0; !answer->model->leaving && i < SPACE_PAGES; i++)
            if (model_address_of(i) - op->address < op->length)
                answer->model->space[space].page[i].touched = false;
    return true;
}

/* ---- remap ---- */

/*
 * The test asks only for ranges inside one region (as the library reports it), so what is left is:
 * shrink, grow in place where the addresses behind are free, move.
 */
bool apply_remap(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model *model = answer->model;
    struct model_page *from = model->space[op->space].page, moved[CLUSTER_PAGES];
    size_t old_pages = quire_page_up(op->length) / PAGE;
    size_t new_pages = quire_page_up(op->new_length) / PAGE;
    size_t kept = old_pages < new_pages ? old_pages : new_pages;
    size_t first = model_index_of(op->address);
    quire_virt target = op->result;
    bool refused, keep = (op->flags & QUIRE_REMAP_KEEP_OLD) != 0;
    bool fixed = (op->flags & QUIRE_REMAP_FIXED) != 0;
    bool room;

    room = new_pages <= old_pages ||
           (!any_mapped(model, op->space, op->address + old_pages * PAGE,
                        op->address + new_pages * PAGE) &&
            op->address + new_pages * PAGE <= model_cluster(CLUSTERS - 1) + CLUSTER_PAGES * PAGE);
    if (op->status == QUIRE_NO_SPACE && !fixed && !keep && !room &&
        !(op->flags & QUIRE_REMAP_MAY_MOVE))
        return true;
    if (!answer_judge(answer, QUIRE_OK, &refused))
        return false;
    if (refused)
        return true;
    if (fixed && target != op->new_address)
        return answer_wrong(answer, "the place that was asked for");
    if (!fixed && !keep && room && target != op->address)
        return answer_wrong(answer, "no move: there is room");
    if (!(op->flags & QUIRE_REMAP_MAY_MOVE) && target != op->address)
        return answer_wrong(answer, "no move: it was not allowed");
    memcpy(moved, from + first, old_pages * sizeof(moved[0]));
    if (target != op->address && !fixed &&
        any_mapped(model, op->space, target, target + new_pages * PAGE))
        return answer_wrong(answer, "a free place");
    for (size_t i = 0; i < old_pages; i++) {
        if (target == op->address ? i >= new_pages : !keep || i >= kept) {
            model_forget(from + first + i);
        } else if (target != op->address) {
            from[first + i].own = false;
            from[first + i].lazy = false;
            from[first + i].lost = false;
            from[first + i].touched = false;
            from[first + i].flags &= ~(uint32_t)(QUIRE_REGION_LOCKED | QUIRE_REGION_LOCK_ON_FAULT);
        }
    }
    if (model_index_of(target) == SIZE_MAX ||
        model_index_of(target + new_pages * PAGE - 1) == SIZE_MAX)
        return true; /* outside the clusters: the test takes it away again */
    for (size_t i = 0; i < new_pages; i++) {
        struct model_page *page = model_page_at(model, op->space, target + i * PAGE);

        if (i < kept) {
            *page = moved[i];
            continue;
        }
        model_forget(page);
        page->mapped = true;
        page->flags = moved[0].flags;
        page->object = moved[0].object;
        page->index = moved[0].object >= 0 ? moved[0].index + i : 0;
        /* What is locked comes in at once, and what may be written as a copy. */
        if ((page->flags & (QUIRE_REGION_LOCKED | QUIRE_REGION_LOCK_ON_FAULT | QUIRE_PROT_WRITE)) ==
            (QUIRE_REGION_LOCKED | QUIRE_PROT_WRITE))
            model_maybe_own(model, page);
    }
    return true;
}
