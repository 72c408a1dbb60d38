/* The reference model: see model.h. Everything is done page by page, in the most obvious way. */
#include "model.h"

#include <string.h>

const size_t word_offset[WORDS] = {0, 1360, 2728, 4088};

#define MAY_SHIFT 3 /* QUIRE_REGION_MAY_* are the rights, shifted */

/* ---- addresses ---- */

quire_virt model_cluster(size_t cluster)
{
    static const quire_virt middle[CLUSTERS] = {
        0x600000, 0x40000000, ((quire_virt)1 << 47) - PAGE - CLUSTER_PAGES / 2 * PAGE};

    return middle[cluster] - CLUSTER_PAGES / 2 * PAGE;
}

static size_t index_of(quire_virt address)
{
    for (size_t i = 0; i < CLUSTERS; i++)
        if (address - model_cluster(i) < CLUSTER_PAGES * PAGE)
            return i * CLUSTER_PAGES + (address - model_cluster(i)) / PAGE;
    return SIZE_MAX;
}

static quire_virt address_of(size_t index)
{
    return model_cluster(index / CLUSTER_PAGES) + index % CLUSTER_PAGES * PAGE;
}

struct model_page *model_page_at(struct model *model, int space, quire_virt address)
{
    size_t index = index_of(address);

    return index != SIZE_MAX ? &model->space[space].page[index] : NULL;
}

static struct model_page *mapped_at(struct model *model, int space, quire_virt address)
{
    struct model_page *page = model_page_at(model, space, address);

    return page != NULL && page->mapped ? page : NULL;
}

/* ---- content ---- */

struct content model_pager_content(int object, uint64_t index)
{
    struct content content;

    for (unsigned i = 0; i < WORDS; i++)
        content.word[i] = 0xf11e000000000000u | (uint64_t)object << 32 | index << 8 | i;
    return content;
}

static bool beyond_end(const struct model_object *object, uint64_t index)
{
    return index >= (object->size + PAGE - 1) / PAGE;
}

static const struct content *content_of(struct model *model, const struct model_page *page)
{
    static const struct content zero;

    if (page->own)
        return &page->content;
    return page->object >= 0 ? &model->object[page->object].page[page->index] : &zero;
}

static struct content *writable_content(struct model *model, struct model_page *page)
{
    if (page->flags & QUIRE_REGION_SHARED)
        return &model->object[page->object].page[page->index];
    if (!page->own) {
        page->content = *content_of(model, page);
        page->own = true;
    }
    return &page->content;
}

static enum quire_status access_status(struct model *model, const struct model_page *page,
                                       unsigned access)
{
    uint32_t rights = page->flags & QUIRE_REGION_PROTECTION;
    bool force = (access & QUIRE_ACCESS_FORCE) != 0, allowed;

    if (access & QUIRE_ACCESS_WRITE) {
        allowed = (rights & QUIRE_PROT_WRITE) || (force && !(page->flags & QUIRE_REGION_SHARED) &&
                                                  (page->flags & QUIRE_REGION_MAY_WRITE));
    } else if (access & QUIRE_ACCESS_REMOTE) {
        allowed = (rights & QUIRE_PROT_READ) || (force && (page->flags & QUIRE_REGION_MAY_READ));
    } else if (access == QUIRE_ACCESS_EXECUTE) {
        allowed = (rights & QUIRE_PROT_EXECUTE) != 0;
    } else {
        allowed = rights != 0;
    }
    if (!allowed)
        return QUIRE_NO_PERMISSION;
    if (page->object >= 0 && !page->own && beyond_end(&model->object[page->object], page->index))
        return QUIRE_BEYOND_END;
    return QUIRE_OK;
}

enum quire_status model_load(struct model *model, int space, quire_virt address, unsigned access,
                             struct content *out)
{
    struct model_page *page = mapped_at(model, space, address);
    enum quire_status status;

    if (page == NULL)
        return QUIRE_NO_MAPPING;
    status = access_status(model, page, access);
    if (status == QUIRE_OK && out != NULL)
        *out = *content_of(model, page);
    return status;
}

/* ---- answers ---- */

struct answer {
    struct model *model;
    const struct op *op;
    struct allowance allowance;
    const char *why;
};

static bool wrong(struct answer *answer, const char *why)
{
    answer->why = why;
    return false;
}

/* The operation's status is `right`, or a shortage that is allowed: then *refused is set and
 * nothing happened. */
static bool judge(struct answer *answer, enum quire_status right, bool *refused)
{
    enum quire_status status = answer->op->status;

    *refused = status != QUIRE_OK;
    if (status == right)
        return true;
    /* A shortage may come before the true cause is found. */
    if (status == QUIRE_NO_MEMORY && answer->allowance.no_memory)
        return true;
    if (status == QUIRE_IO_ERROR && answer->allowance.io_error)
        return true;
    return wrong(answer, quire_status_string(right));
}

/* ---- loads and stores ---- */

/* What was seen decides what a lazy page holds. */
static bool observe(struct model *model, struct model_page *page, unsigned word, uint64_t seen)
{
    if (content_of(model, page)->word[word] == seen)
        return true;
    if (!page->lazy || !page->own)
        return false;
    page->own = false;
    page->lazy = false;
    return content_of(model, page)->word[word] == seen;
}

bool model_observe(struct model *model, int space, quire_virt address,
                   const struct content *content)
{
    struct model_page *page = mapped_at(model, space, address);

    if (page == NULL)
        return false;
    for (unsigned i = 0; i < WORDS; i++)
        if (!observe(model, page, i, content->word[i]))
            return false;
    return true;
}

/* A private page of an object that may have been copied without a store. */
static void maybe_own(struct model *model, struct model_page *page)
{
    if (page->own || page->object < 0 || (page->flags & QUIRE_REGION_SHARED) ||
        beyond_end(&model->object[page->object], page->index))
        return;
    page->content = *content_of(model, page);
    page->own = true;
    page->lazy = true;
}

void model_maybe_copied(struct model *model, int space, quire_virt address)
{
    struct model_page *page = mapped_at(model, space, address);

    if (page != NULL)
        maybe_own(model, page);
}

static bool apply_load(struct answer *answer)
{
    const struct op *op = answer->op;
    unsigned access = op->kind == OP_FETCH ? QUIRE_ACCESS_EXECUTE : QUIRE_ACCESS_READ;
    bool refused;

    if (!judge(answer, model_load(answer->model, op->space, op->address, access, NULL), &refused))
        return false;
    if (refused)
        return true;
    if (!observe(answer->model, mapped_at(answer->model, op->space, op->address), op->word,
                 op->loaded))
        return wrong(answer, "another value");
    return true;
}

static void store(struct model *model, struct model_page *page, unsigned word, uint64_t value)
{
    writable_content(model, page)->word[word] = value;
    page->lazy = false;
    page->touched = true;
}

static bool apply_store(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model_page *page;
    bool refused;

    if (!judge(answer, model_load(answer->model, op->space, op->address, QUIRE_ACCESS_WRITE, NULL),
               &refused))
        return false;
    if (refused)
        return true;
    page = mapped_at(answer->model, op->space, op->address);
    store(answer->model, page, op->word, op->value);
    return true;
}

static bool apply_space_read(struct answer *answer)
{
    const struct op *op = answer->op;
    unsigned access =
        QUIRE_ACCESS_READ | QUIRE_ACCESS_REMOTE | (op->force ? QUIRE_ACCESS_FORCE : 0u);
    struct content content;
    bool refused;

    if (!judge(answer, model_load(answer->model, op->space, op->address, access, &content),
               &refused))
        return false;
    if (refused)
        return op->done == 0 || wrong(answer, "bytes though it failed");
    return model_observe(answer->model, op->space, op->address, &op->content) ||
           wrong(answer, "another content");
}

static bool apply_space_write(struct answer *answer)
{
    const struct op *op = answer->op;
    unsigned access =
        QUIRE_ACCESS_WRITE | QUIRE_ACCESS_REMOTE | (op->force ? QUIRE_ACCESS_FORCE : 0u);
    bool refused;

    if (!judge(answer, model_load(answer->model, op->space, op->address, access, NULL), &refused))
        return false;
    if (!refused)
        store(answer->model, mapped_at(answer->model, op->space, op->address), op->word, op->value);
    return true;
}

/* ---- ranges ---- */

/* Private pages that may be written count as promised, and do so for good. */
static uint32_t accounted(uint32_t flags)
{
    bool counts = (flags & (QUIRE_PROT_WRITE | QUIRE_REGION_SHARED | QUIRE_REGION_NO_RESERVE)) ==
                  QUIRE_PROT_WRITE;

    return counts ? flags | QUIRE_REGION_ACCOUNTED : flags;
}

static void forget(struct model_page *page)
{
    *page = (struct model_page){.object = -1};
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
        if (address_of(i) >= start && address_of(i) < end && model->space[space].page[i].mapped)
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
            if (model->space[space].page[i].mapped && address_of(i) >= low &&
                address_of(i) < high) {
                next = address_of(i);
                break;
            }
        }
        high = next;
    }
    return 0;
}

static bool apply_map(struct answer *answer)
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
    if (!judge(answer, right, &refused))
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
        return wrong(answer, "another place");
    if (index_of(start) == SIZE_MAX || index_of(start + length - 1) == SIZE_MAX)
        return true; /* outside the clusters: the test takes it away again */
    for (quire_virt at = start; at < start + length; at += PAGE) {
        struct model_page *page = model_page_at(model, op->space, at);

        forget(page);
        page->mapped = true;
        page->flags = accounted(op->region);
        page->object = (int8_t)op->object;
        page->index = op->object >= 0 ? (op->offset + (at - start)) / PAGE : 0;
        if ((op->flags & QUIRE_MAP_POPULATE) && (page->flags & QUIRE_PROT_WRITE))
            maybe_own(model, page);
    }
    return true;
}

static bool apply_unmap(struct answer *answer)
{
    const struct op *op = answer->op;
    size_t length;
    bool refused;

    if (!judge(answer, check_range(op, &length), &refused))
        return false;
    for (size_t i = 0; !refused && i < SPACE_PAGES; i++)
        if (address_of(i) - op->address < length)
            forget(&answer->model->space[op->space].page[i]);
    return true;
}

static bool apply_protect(struct answer *answer)
{
    const struct op *op = answer->op;
    enum quire_status right;
    quire_virt at = op->address;
    size_t length;
    bool refused;

    right = check_range(op, &length);
    for (at = op->address; right == QUIRE_OK && at < op->address + length; at += PAGE) {
        struct model_page *page = mapped_at(answer->model, op->space, at);

        if (page == NULL)
            right = QUIRE_NO_MAPPING;
        else if (op->protection & ~(page->flags >> MAY_SHIFT) & QUIRE_REGION_PROTECTION)
            right = QUIRE_NO_PERMISSION;
        else
            page->flags =
                accounted((page->flags & ~(uint32_t)QUIRE_REGION_PROTECTION) | op->protection);
    }
    return judge(answer, right, &refused);
}

/* ---- advice ---- */

/* Bytes [start, end) of an object become zero. */
static void zero_bytes(struct model_object *object, uint64_t start, uint64_t end)
{
    for (uint64_t i = 0; i < OBJECT_PAGES; i++) {
        for (unsigned j = 0; j < WORDS; j++) {
            uint8_t *bytes = (uint8_t *)&object->page[i].word[j];

            for (unsigned k = 0; k < sizeof(uint64_t); k++)
                if (i * PAGE + word_offset[j] + k >= start && i * PAGE + word_offset[j] + k < end)
                    bytes[k] = 0;
        }
    }
}

/* Zero bytes of an object; whole pages leave the mappings that show them. A pager fills them again.
 */
static void punch(struct model *model, int object, uint64_t start, uint64_t end)
{
    uint64_t first = (start + PAGE - 1) / PAGE, after = end / PAGE;

    zero_bytes(&model->object[object], start, end);
    for (uint64_t i = first; model->object[object].paged && i < after; i++)
        model->object[object].page[i] = model_pager_content(object, i);
    for (int i = 0; i < SPACES; i++) {
        for (size_t j = 0; j < SPACE_PAGES; j++) {
            struct model_page *page = &model->space[i].page[j];

            if (page->mapped && page->object == object && page->index >= first &&
                page->index < after && !page->own)
                page->touched = false;
        }
    }
}

static bool is_private_anonymous(const struct model_page *page)
{
    return page->object < 0;
}

/* Populated for writing: for sure, or only perhaps because the whole failed somewhere. */
static void populated(struct model *model, struct model_page *page, bool surely)
{
    if (!surely)
        maybe_own(model, page);
    else if (!(page->flags & QUIRE_REGION_SHARED) && page->object >= 0)
        (void)writable_content(model, page);
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
        punch(model, page->object, page->index * PAGE, (page->index + 1) * PAGE);
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
        return access_status(model, page, QUIRE_ACCESS_READ);
    case QUIRE_ADVICE_POPULATE_WRITE: {
        enum quire_status status = access_status(model, page, QUIRE_ACCESS_WRITE);

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
static bool apply_advise(struct answer *answer)
{
    const struct op *op = answer->op;
    bool populate =
        op->advice == QUIRE_ADVICE_POPULATE_READ || op->advice == QUIRE_ADVICE_POPULATE_WRITE;
    enum quire_status right;
    size_t length;
    bool holes = false, refused;

    right = check_range(op, &length);
    for (quire_virt at = op->address; right == QUIRE_OK && at < op->address + length; at += PAGE) {
        struct model_page *page = mapped_at(answer->model, op->space, at);

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
    return judge(answer, right, &refused);
}

static bool apply_lock(struct answer *answer)
{
    const struct op *op = answer->op;
    const uint32_t bits = QUIRE_REGION_LOCKED | QUIRE_REGION_LOCK_ON_FAULT;
    bool unlock = (op->flags & 2) != 0;
    enum quire_status right;
    size_t length;
    bool refused;

    right = check_range(op, &length);
    for (quire_virt at = op->address; right == QUIRE_OK && at < op->address + length; at += PAGE) {
        struct model_page *page = mapped_at(answer->model, op->space, at);

        if (page == NULL) {
            right = QUIRE_NO_MAPPING;
            break;
        }
        page->flags &= ~bits;
        if (!unlock)
            page->flags |= op->flags & 1 ? bits : QUIRE_REGION_LOCKED;
        if (!unlock && !(op->flags & 1) && (page->flags & QUIRE_PROT_WRITE))
            maybe_own(answer->model, page);
    }
    if (right == QUIRE_OK && !unlock && op->status == QUIRE_NO_MEMORY)
        return true; /* some pages could not be brought in: no right, beyond the end, or shortage */
    return judge(answer, right, &refused);
}

static bool apply_resident(struct answer *answer)
{
    const struct op *op = answer->op;
    enum quire_status right;
    size_t length;
    bool refused;

    right = check_range(op, &length);
    for (size_t i = 0; right == QUIRE_OK && i < length / PAGE; i++)
        if (mapped_at(answer->model, op->space, op->address + i * PAGE) == NULL)
            right = QUIRE_NO_MAPPING;
    if (!judge(answer, right, &refused))
        return false;
    for (size_t i = 0; !refused && i < length / PAGE; i++) {
        struct model_page *page = mapped_at(answer->model, op->space, op->address + i * PAGE);

        if (page->touched && !(op->resident[i] & 1))
            return wrong(answer, "a page that was stored to as resident");
    }
    return true;
}

static bool apply_populate(struct answer *answer)
{
    const struct op *op = answer->op;
    enum quire_status right = QUIRE_OK;
    bool refused;

    for (quire_virt at = op->address; right == QUIRE_OK && at < op->address + op->length;
         at += PAGE) {
        right = model_load(answer->model, op->space, at, op->protection, NULL);
        if (right == QUIRE_OK && (op->protection & QUIRE_ACCESS_WRITE))
            populated(answer->model, mapped_at(answer->model, op->space, at),
                      op->status == QUIRE_OK);
    }
    if ((op->status == QUIRE_NO_MEMORY && answer->allowance.no_memory) ||
        (op->status == QUIRE_IO_ERROR && answer->allowance.io_error))
        return true;
    return judge(answer, right, &refused);
}

static bool apply_page_out(struct answer *answer)
{
    const struct op *op = answer->op;

    for (size_t i = 0; i < SPACE_PAGES; i++)
        if (address_of(i) - op->address < op->length)
            answer->model->space[op->space].page[i].touched = false;
    return true;
}

/* ---- remap ---- */

/*
 * The test asks only for ranges inside one region (as the library reports it), so what is left is:
 * shrink, grow in place where the addresses behind are free, move.
 */
static bool apply_remap(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model *model = answer->model;
    struct model_page *from = model->space[op->space].page, moved[CLUSTER_PAGES];
    size_t old_pages = quire_page_up(op->length) / PAGE;
    size_t new_pages = quire_page_up(op->new_length) / PAGE;
    size_t kept = old_pages < new_pages ? old_pages : new_pages;
    size_t first = index_of(op->address);
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
    if (!judge(answer, QUIRE_OK, &refused))
        return false;
    if (refused)
        return true;
    if (fixed && target != op->new_address)
        return wrong(answer, "the place that was asked for");
    if (!fixed && !keep && room && target != op->address)
        return wrong(answer, "no move: there is room");
    if (!(op->flags & QUIRE_REMAP_MAY_MOVE) && target != op->address)
        return wrong(answer, "no move: it was not allowed");
    memcpy(moved, from + first, old_pages * sizeof(moved[0]));
    if (target != op->address && !fixed &&
        any_mapped(model, op->space, target, target + new_pages * PAGE))
        return wrong(answer, "a free place");
    for (size_t i = 0; i < old_pages; i++) {
        if (target == op->address ? i >= new_pages : !keep || i >= kept) {
            forget(from + first + i);
        } else if (target != op->address) {
            from[first + i].own = false;
            from[first + i].lazy = false;
            from[first + i].touched = false;
            from[first + i].flags &= ~(uint32_t)(QUIRE_REGION_LOCKED | QUIRE_REGION_LOCK_ON_FAULT);
        }
    }
    if (index_of(target) == SIZE_MAX || index_of(target + new_pages * PAGE - 1) == SIZE_MAX)
        return true; /* outside the clusters: the test takes it away again */
    for (size_t i = 0; i < new_pages; i++) {
        struct model_page *page = model_page_at(model, op->space, target + i * PAGE);

        if (i < kept) {
            *page = moved[i];
            continue;
        }
        forget(page);
        page->mapped = true;
        page->flags = moved[0].flags;
        page->object = moved[0].object;
        page->index = moved[0].object >= 0 ? moved[0].index + i : 0;
    }
    return true;
}

/* ---- spaces ---- */

static bool apply_create(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model_space *space = &answer->model->space[op->space];
    bool refused;

    if (!judge(answer, QUIRE_OK, &refused))
        return false;
    if (!refused) {
        space->space = op->new_space;
        for (size_t i = 0; i < SPACE_PAGES; i++)
            forget(&space->page[i]);
    }
    return true;
}

static bool apply_clone(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model_space *child = &answer->model->space[op->other];
    bool refused;

    if (!judge(answer, QUIRE_OK, &refused))
        return false;
    if (refused)
        return true;
    *child = answer->model->space[op->space];
    child->space = op->new_space;
    for (size_t i = 0; i < SPACE_PAGES; i++) {
        struct model_page *page = &child->page[i];

        page->flags &= ~(uint32_t)(QUIRE_REGION_LOCKED | QUIRE_REGION_LOCK_ON_FAULT);
        page->touched = false;
        if (page->flags & QUIRE_REGION_NO_FORK) {
            forget(page);
        } else if (page->flags & QUIRE_REGION_WIPE_ON_FORK) {
            page->own = false;
            page->lazy = false;
        }
    }
    return true;
}

/* ---- objects ---- */

static bool apply_object_create(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model_object *object = &answer->model->object[op->object];
    bool refused;

    if (!judge(answer, QUIRE_OK, &refused))
        return false;
    if (refused)
        return true;
    memset(object, 0, sizeof(*object));
    object->object = op->new_object;
    object->identity = op->new_object;
    object->exists = true;
    object->size = op->offset;
    object->paged = op->flags != 0;
    for (uint64_t i = 0; object->paged && i < OBJECT_PAGES; i++)
        object->page[i] = model_pager_content(op->object, i);
    return true;
}

static bool apply_object_resize(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model_object *object = &answer->model->object[op->object];

    if (op->offset < object->size) {
        uint64_t first = (op->offset + PAGE - 1) / PAGE;

        zero_bytes(object, op->offset, OBJECT_PAGES * PAGE);
        for (int i = 0; i < SPACES; i++) {
            for (size_t j = 0; j < SPACE_PAGES; j++) {
                struct model_page *page = &answer->model->space[i].page[j];

                if (page->mapped && page->object == op->object && page->index >= first) {
                    page->own = false;
                    page->touched = false;
                }
            }
        }
    }
    object->size = op->offset;
    return true;
}

static bool apply_object_punch(struct answer *answer)
{
    const struct op *op = answer->op;

    punch(answer->model, op->object, op->offset, op->end);
    return true;
}

/* One word, at its place in the object. */
static bool apply_object_read(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model_object *object = &answer->model->object[op->object];
    uint64_t bytes = 0, difference;
    bool refused;

    /* The end may lie inside the word: then its first bytes are read. */
    if (op->offset < object->size)
        bytes = object->size - op->offset < 8 ? object->size - op->offset : 8;
    if (!judge(answer, QUIRE_OK, &refused))
        return false;
    if (refused)
        return true;
    if (op->done != bytes)
        return wrong(answer, "another number of bytes");
    if (bytes == 0)
        return true;
    difference = op->loaded ^ object->page[op->offset / PAGE].word[op->word];
    if (difference << (64 - 8 * bytes) != 0)
        return wrong(answer, "another content");
    return true;
}

static bool apply_object_write(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model_object *object = &answer->model->object[op->object];
    bool refused;

    if (!judge(answer, QUIRE_OK, &refused))
        return false;
    if (refused)
        return op->done == 0 || wrong(answer, "bytes though it failed");
    object->page[op->offset / PAGE].word[op->word] = op->value;
    if (object->size < op->offset + sizeof(uint64_t))
        object->size = op->offset + sizeof(uint64_t);
    return true;
}

void model_collect_objects(struct model *model)
{
    for (int i = 0; i < OBJECTS; i++) {
        bool used = model->object[i].object != NULL;

        for (int j = 0; !used && j < SPACES; j++)
            for (size_t k = 0; !used && k < SPACE_PAGES; k++)
                used = model->space[j].page[k].mapped && model->space[j].page[k].object == i;
        if (!used)
            model->object[i].exists = false;
    }
}

/* ---- shortage on the way ---- */

bool model_apply_partly(struct model *model, const struct op *op,
                        uint32_t (*flags_of)(void *context, quire_virt address), void *context,
                        const char **why)
{
    static _Thread_local struct model done;
    struct op whole = *op;
    const char *ignored;

    /* Done as far as it goes: a hole or a refusal further on ends it there. */
    /* Only what the operation may touch: on host threads the rest belongs to others. */
    memcpy(done.object, model->object, sizeof(done.object));
    for (size_t i = 0; i < SPACE_PAGES; i++)
        if (address_of(i) - op->address < quire_page_up(op->length))
            done.space[op->space].page[i] = model->space[op->space].page[i];
    done.space[op->space].space = model->space[op->space].space;
    whole.status = QUIRE_OK;
    (void)model_apply(&done, &whole, (struct allowance){true, true}, &ignored);
    for (size_t i = 0; i < SPACE_PAGES; i++) {
        struct model_page *page = &model->space[op->space].page[i];
        const struct model_page *after = &done.space[op->space].page[i];
        uint32_t flags;

        if (address_of(i) - op->address >= quire_page_up(op->length) || !page->mapped)
            continue;
        flags = flags_of(context, address_of(i));
        if (flags != page->flags && flags != after->flags) {
            *why = "flags of before or after";
            return false;
        }
        page->flags = flags;
        page->touched = false;
        page->lazy |= page->own && !after->own;
    }
    return true;
}

/* ---- the whole ---- */

bool model_apply(struct model *model, const struct op *op, struct allowance allowance,
                 const char **why)
{
    struct answer answer = {.model = model, .op = op, .allowance = allowance, .why = "?"};
    bool right = true;

    switch (op->kind) {
    case OP_LOAD:
    case OP_FETCH:
        right = apply_load(&answer);
        break;
    case OP_STORE:
        right = apply_store(&answer);
        break;
    case OP_MAP:
        right = apply_map(&answer);
        break;
    case OP_UNMAP:
        right = apply_unmap(&answer);
        break;
    case OP_PROTECT:
        right = apply_protect(&answer);
        break;
    case OP_REMAP:
        right = apply_remap(&answer);
        break;
    case OP_ADVISE:
        right = apply_advise(&answer);
        break;
    case OP_LOCK:
        right = apply_lock(&answer);
        break;
    case OP_RESIDENT:
        right = apply_resident(&answer);
        break;
    case OP_POPULATE:
        right = apply_populate(&answer);
        break;
    case OP_SPACE_READ:
        right = apply_space_read(&answer);
        break;
    case OP_SPACE_WRITE:
        right = apply_space_write(&answer);
        break;
    case OP_PAGE_OUT:
        right = apply_page_out(&answer);
        break;
    case OP_CREATE:
        right = apply_create(&answer);
        break;
    case OP_CLONE:
        right = apply_clone(&answer);
        break;
    case OP_DESTROY:
        for (size_t i = 0; i < SPACE_PAGES; i++)
            forget(&model->space[op->space].page[i]);
        model->space[op->space].space = NULL;
        break;
    case OP_OBJECT_CREATE:
        right = apply_object_create(&answer);
        break;
    case OP_OBJECT_PUT:
        model->object[op->object].object = NULL;
        break;
    case OP_OBJECT_RESIZE:
        right = apply_object_resize(&answer);
        break;
    case OP_OBJECT_PUNCH:
        right = apply_object_punch(&answer);
        break;
    case OP_OBJECT_READ:
        right = apply_object_read(&answer);
        break;
    case OP_OBJECT_WRITE:
        right = apply_object_write(&answer);
        break;
    case OP_COUNT:
        break;
    }
    *why = answer.why;
    return right;
}
