/* The reference model: see model.h. Everything is done page by page, in the most obvious way. */
#include "answer.h"

#include <string.h>

const size_t word_offset[WORDS] = {0, 1360, 2728, 4088};
quire_virt model_end;

/* ---- addresses ---- */

quire_virt model_cluster(size_t cluster)
{
    const quire_virt middle[CLUSTERS] = {0x600000, 0x40000000,
                                         model_end - CLUSTER_PAGES / 2 * PAGE};

    return middle[cluster] - CLUSTER_PAGES / 2 * PAGE;
}

size_t model_index_of(quire_virt address)
{
    for (size_t i = 0; i < CLUSTERS; i++)
        if (address - model_cluster(i) < CLUSTER_PAGES * PAGE)
            return i * CLUSTER_PAGES + (address - model_cluster(i)) / PAGE;
    return SIZE_MAX;
}

quire_virt model_address_of(size_t index)
{
    return model_cluster(index / CLUSTER_PAGES) + index % CLUSTER_PAGES * PAGE;
}

struct model_page *model_page_at(struct model *model, int space, quire_virt address)
{
    size_t index = model_index_of(address);

    return index != SIZE_MAX ? &model->space[space].page[index] : NULL;
}

struct model_page *model_mapped_at(struct model *model, int space, quire_virt address)
{
    struct model_page *page = model_page_at(model, space, address);

    return page != NULL && page->mapped ? page : NULL;
}

void model_forget(struct model_page *page)
{
    *page = (struct model_page){.object = -1};
}

/* ---- content ---- */

struct content model_stored[OBJECTS][OBJECT_PAGES];

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

struct content *model_writable_content(struct model *model, struct model_page *page)
{
    if (page->flags & QUIRE_REGION_SHARED)
        return &model->object[page->object].page[page->index];
    if (!page->own) {
        page->content = *content_of(model, page);
        page->own = true;
    }
    return &page->content;
}

enum quire_status model_access_status(struct model *model, const struct model_page *page,
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
    return page->lost ? QUIRE_IO_ERROR : QUIRE_OK;
}

enum quire_status model_load(struct model *model, int space, quire_virt address, unsigned access,
                             struct content *out)
{
    struct model_page *page = model_mapped_at(model, space, address);
    enum quire_status status;

    if (page == NULL)
        return QUIRE_NO_MAPPING;
    status = model_access_status(model, page, access);
    if (status == QUIRE_OK && out != NULL)
        *out = *content_of(model, page);
    return status;
}

/* ---- answers ---- */

bool answer_wrong(struct answer *answer, const char *why)
{
    answer->why = why;
    return false;
}

/* The operation's status is `right`, or a shortage that is allowed: then *refused is set and
 * nothing happened. */
bool answer_judge(struct answer *answer, enum quire_status right, bool *refused)
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
    return answer_wrong(answer, quire_status_string(right));
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
    struct model_page *page = model_mapped_at(model, space, address);

    if (page == NULL)
        return false;
    for (unsigned i = 0; i < WORDS; i++)
        if (!observe(model, page, i, content->word[i]))
            return false;
    return true;
}

/* A private page of an object that may have been copied without a store. */
void model_maybe_own(struct model *model, struct model_page *page)
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
    struct model_page *page = model_mapped_at(model, space, address);

    if (page != NULL)
        model_maybe_own(model, page);
}

static bool apply_load(struct answer *answer)
{
    const struct op *op = answer->op;
    /* Without the no-execute right a fetch is a read, to the CPU too. */
    unsigned access =
        op->kind == OP_FETCH && QUIRE_HAS_NO_EXECUTE ? QUIRE_ACCESS_EXECUTE : QUIRE_ACCESS_READ;
    bool refused;

    if (!answer_judge(answer, model_load(answer->model, op->space, op->address, access, NULL),
                      &refused))
        return false;
    if (refused)
        return true;
    if (!observe(answer->model, model_mapped_at(answer->model, op->space, op->address), op->word,
                 op->loaded))
        return answer_wrong(answer, "another value");
    return true;
}

static void store(struct model *model, struct model_page *page, unsigned word, uint64_t value)
{
    model_writable_content(model, page)->word[word] = value;
    page->lazy = false;
    page->touched = true;
}

static bool apply_store(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model_page *page;
    bool refused;

    if (!answer_judge(answer,
                      model_load(answer->model, op->space, op->address, QUIRE_ACCESS_WRITE, NULL),
                      &refused))
        return false;
    if (refused)
        return true;
    page = model_mapped_at(answer->model, op->space, op->address);
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

    if (!answer_judge(answer, model_load(answer->model, op->space, op->address, access, &content),
                      &refused))
        return false;
    if (refused)
        return op->done == 0 || answer_wrong(answer, "bytes though it failed");
    return model_observe(answer->model, op->space, op->address, &op->content) ||
           answer_wrong(answer, "another content");
}

static bool apply_space_write(struct answer *answer)
{
    const struct op *op = answer->op;
    unsigned access =
        QUIRE_ACCESS_WRITE | QUIRE_ACCESS_REMOTE | (op->force ? QUIRE_ACCESS_FORCE : 0u);
    bool refused;

    if (!answer_judge(answer, model_load(answer->model, op->space, op->address, access, NULL),
                      &refused))
        return false;
    if (!refused)
        store(answer->model, model_mapped_at(answer->model, op->space, op->address), op->word,
              op->value);
    return true;
}

/* ---- spaces ---- */

static bool apply_create(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model_space *space = &answer->model->space[op->space];
    bool refused;

    if (!answer_judge(answer, QUIRE_OK, &refused))
        return false;
    if (!refused) {
        space->space = op->new_space;
        for (size_t i = 0; i < SPACE_PAGES; i++)
            model_forget(&space->page[i]);
    }
    return true;
}

static bool apply_clone(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model_space *child = &answer->model->space[op->other];
    bool refused;

    if (!answer_judge(answer, QUIRE_OK, &refused))
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
            model_forget(page);
        } else if (page->flags & QUIRE_REGION_WIPE_ON_FORK) {
            page->own = false;
            page->lazy = false;
            page->lost = false;
        }
    }
    return true;
}

/* ---- objects ---- */

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
void model_punch(struct model *model, int object, uint64_t start, uint64_t end)
{
    uint64_t first = (start + PAGE - 1) / PAGE, after = end / PAGE;

    zero_bytes(&model->object[object], start, end);
    for (uint64_t i = first; model->object[object].paged && i < after; i++)
        model->object[object].page[i] = model_stored[object][i];
    for (int i = 0; i < SPACES; i++) {
        for (size_t j = 0; j < SPACE_PAGES; j++) {
            struct model_page *page = &model->space[i].page[j];

            if (page->mapped && page->object == object && page->index >= first &&
                page->index < after && !page->own)
                page->touched = false;
        }
    }
}

static bool apply_object_create(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model_object *object = &answer->model->object[op->object];
    bool refused;

    if (!answer_judge(answer, QUIRE_OK, &refused))
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
        object->page[i] = model_stored[op->object][i];
    return true;
}

static bool apply_object_resize(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model_object *object = &answer->model->object[op->object];
    bool refused;

    if (!answer_judge(answer, QUIRE_OK, &refused))
        return false;
    if (refused)
        return true;
    if (op->offset <= object->size) {
        uint64_t first = (op->offset + PAGE - 1) / PAGE;

        zero_bytes(object, op->offset, OBJECT_PAGES * PAGE);
        for (int i = 0; i < SPACES; i++) {
            for (size_t j = 0; j < SPACE_PAGES; j++) {
                struct model_page *page = &answer->model->space[i].page[j];

                if (page->mapped && page->object == op->object && page->index >= first) {
                    page->own = page->lazy = page->lost = false;
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
    bool refused;

    if (!answer_judge(answer, QUIRE_OK, &refused))
        return false;
    if (!refused)
        model_punch(answer->model, op->object, op->offset, op->end);
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
    if (!answer_judge(answer, QUIRE_OK, &refused))
        return false;
    if (refused)
        return true;
    if (op->done != bytes)
        return answer_wrong(answer, "another number of bytes");
    if (bytes == 0)
        return true;
    difference = op->loaded ^ object->page[op->offset / PAGE].word[op->word];
    if (difference << (64 - 8 * bytes) != 0)
        return answer_wrong(answer, "another content");
    return true;
}

static bool apply_object_write(struct answer *answer)
{
    const struct op *op = answer->op;
    struct model_object *object = &answer->model->object[op->object];
    bool refused;

    if (!answer_judge(answer, QUIRE_OK, &refused))
        return false;
    if (refused)
        return op->done == 0 || answer_wrong(answer, "bytes though it failed");
    object->page[op->offset / PAGE].word[op->word] = op->value;
    if (object->size < op->offset + sizeof(uint64_t))
        object->size = op->offset + sizeof(uint64_t);
    return true;
}

/* The pager has it all now: the last state of every page of the range. */
static bool apply_object_clean(struct answer *answer)
{
    const struct op *op = answer->op;
    const struct model_object *object = &answer->model->object[op->object];
    bool refused;

    if (!answer_judge(answer, QUIRE_OK, &refused))
        return false;
    for (uint64_t i = op->offset; !refused && object->paged && i <= op->end; i++)
        if (memcmp(&object->page[i], &model_stored[op->object][i], sizeof(object->page[i])) != 0)
            return answer_wrong(answer, "the last content at the pager");
    return true;
}

/* No content changes; with their mappings, pages may be gone that were stored to. */
static bool apply_object_drop(struct answer *answer)
{
    const struct op *op = answer->op;

    if (!answer->model->object[op->object].paged && op->done != 0)
        return answer_wrong(answer, "none: memory has no other place");
    for (int i = 0; op->flags != 0 && i < SPACES; i++) {
        for (size_t j = 0; j < SPACE_PAGES; j++) {
            struct model_page *page = &answer->model->space[i].page[j];

            if (page->mapped && page->object == op->object && !page->own)
                page->touched = false;
        }
    }
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
        if (model_address_of(i) - op->address < quire_page_up(op->length))
            done.space[op->space].page[i] = model->space[op->space].page[i];
    done.space[op->space].space = model->space[op->space].space;
    whole.status = QUIRE_OK;
    (void)model_apply(&done, &whole, (struct allowance){true, true}, &ignored);
    for (size_t i = 0; i < SPACE_PAGES; i++) {
        struct model_page *page = &model->space[op->space].page[i];
        const struct model_page *after = &done.space[op->space].page[i];
        uint32_t flags;

        if (model_address_of(i) - op->address >= quire_page_up(op->length) || !page->mapped)
            continue;
        flags = flags_of(context, model_address_of(i));
        if (flags != page->flags && flags != after->flags) {
            *why = "flags of before or after";
            return false;
        }
        page->flags = flags;
        page->touched = false;
        page->lazy |= page->own && !after->own;
        if (after->own)
            model_maybe_own(model, page);
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
            model_forget(&model->space[op->space].page[i]);
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
    case OP_OBJECT_CLEAN:
        right = apply_object_clean(&answer);
        break;
    case OP_OBJECT_DROP:
        right = apply_object_drop(&answer);
        break;
    case OP_COUNT:
        break;
    }
    *why = answer.why;
    return right;
}
