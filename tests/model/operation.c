/* Operations of the model test: drawing them, executing them on the library, and telling which ones
 * may run at once. */
#include "model.h"

#include <stdio.h>
#include <string.h>

#define ALL_MAY (QUIRE_REGION_MAY_READ | QUIRE_REGION_MAY_WRITE | QUIRE_REGION_MAY_EXECUTE)

const char *op_name(enum op_kind kind)
{
    static const char *const names[OP_COUNT] = {
        "load",         "store",       "fetch",        "map",          "unmap",
        "protect",      "remap",       "advise",       "lock",         "resident",
        "populate",     "space read",  "space write",  "page out",     "create",
        "clone",        "destroy",     "object make",  "object put",   "object resize",
        "object punch", "object read", "object write", "object clean", "object drop",
    };

    return names[kind];
}

void op_describe(const struct op *op, char *out, size_t size)
{
    snprintf(out, size,
             "%s space %d other %d object %d [0x%llx, +0x%llx) new [0x%llx, +0x%llx) region 0x%x "
             "flags 0x%x protection %u advice %d offset 0x%llx end 0x%llx word %u value 0x%llx "
             "-> %s, result 0x%llx, loaded 0x%llx, content 0x%llx 0x%llx 0x%llx 0x%llx, done %zu",
             op_name(op->kind), op->space, op->other, op->object, (unsigned long long)op->address,
             (unsigned long long)op->length, (unsigned long long)op->new_address,
             (unsigned long long)op->new_length, op->region, op->flags, op->protection,
             (int)op->advice, (unsigned long long)op->offset, (unsigned long long)op->end, op->word,
             (unsigned long long)op->value, quire_status_string(op->status),
             (unsigned long long)op->result, (unsigned long long)op->loaded,
             (unsigned long long)op->content.word[0], (unsigned long long)op->content.word[1],
             (unsigned long long)op->content.word[2], (unsigned long long)op->content.word[3],
             op->done);
}

/* ---- drawing ---- */

static int draw_space(const struct model *model, struct sim_random *random)
{
    int found[SPACES], count = 0;

    for (int i = 0; i < SPACES; i++)
        if (model->space[i].space != NULL)
            found[count++] = i;
    return count != 0 ? found[sim_random_below(random, (uint64_t)count)] : -1;
}

static int free_space(const struct model *model)
{
    for (int i = 0; i < SPACES; i++)
        if (model->space[i].space == NULL)
            return i;
    return -1;
}

/* An object that the test holds a reference to. */
static int draw_object(const struct model *model, struct sim_random *random)
{
    int found[OBJECTS], count = 0;

    for (int i = 0; i < OBJECTS; i++)
        if (model->object[i].object != NULL)
            found[count++] = i;
    return count != 0 ? found[sim_random_below(random, (uint64_t)count)] : -1;
}

/* A page of a cluster, a mapped one most of the time. */
static size_t draw_page(const struct model_space *space, struct sim_random *random, size_t cluster)
{
    size_t page = 0;

    for (unsigned i = 0; i < 6; i++) {
        page = cluster * CLUSTER_PAGES + sim_random_below(random, CLUSTER_PAGES);
        if (space->page[page].mapped)
            break;
    }
    return page;
}

static size_t draw_length(struct sim_random *random)
{
    switch (sim_random_below(random, 4)) {
    case 0:
        return 1;
    case 1:
        return 1 + sim_random_below(random, 4);
    case 2:
        return 1 + sim_random_below(random, 16);
    default:
        return 1 + sim_random_below(random, 48);
    }
}

static quire_virt page_address(size_t page)
{
    return model_cluster(page / CLUSTER_PAGES) + page % CLUSTER_PAGES * PAGE;
}

/* A range inside a cluster. */
static void draw_range(const struct model *model, struct sim_random *random, size_t cluster,
                       struct op *op)
{
    size_t page = draw_page(&model->space[op->space], random, cluster);
    size_t length = draw_length(random), left = CLUSTER_PAGES - page % CLUSTER_PAGES;

    op->address = page_address(page);
    op->length = (length < left ? length : left) * PAGE;
    if (sim_random_once_in(random, 16))
        op->length -= sim_random_below(random, PAGE); /* lengths are rounded up */
}

static unsigned draw_protection(struct sim_random *random)
{
    return sim_random_once_in(random, 2) ? QUIRE_PROT_READ | QUIRE_PROT_WRITE
                                         : (unsigned)sim_random_below(random, 8);
}

static void draw_map(const struct model *model, struct sim_random *random, size_t cluster,
                     bool inside, struct op *op)
{
    draw_range(model, random, cluster, op);
    op->region = draw_protection(random);
    op->region |= sim_random_once_in(random, 8) ? (op->region & 7) << 3 : ALL_MAY;
    op->flags = QUIRE_MAP_FIXED;
    op->object = -1;
    if (!inside && sim_random_once_in(random, 4))
        op->flags = 0;
    if (!inside && op->flags == 0 && sim_random_once_in(random, 2))
        op->address = 0;
    else if (op->flags != 0 && sim_random_once_in(random, 4))
        op->flags |= QUIRE_MAP_NO_REPLACE;
    if (sim_random_once_in(random, 4))
        op->flags |= QUIRE_MAP_POPULATE;
    if (sim_random_once_in(random, 2))
        op->object = draw_object(model, random);
    if (op->object >= 0) {
        uint64_t start = sim_random_below(random, OBJECT_PAGES);

        op->offset = start * PAGE;
        if (op->length > (OBJECT_PAGES - start) * PAGE)
            op->length = (OBJECT_PAGES - start) * PAGE;
        if (sim_random_once_in(random, 2))
            op->region |= QUIRE_REGION_SHARED;
    }
}

/*
 * A remap inside one region, as the library has it now: the model does not know where regions end.
 * Locked ones are not kept (the old region loses its lock as a whole).
 */
static bool draw_remap(const struct model *model, struct sim_random *random, size_t cluster,
                       bool inside, struct op *op)
{
    const struct model_space *space = &model->space[op->space];
    struct quire_region_info info;
    size_t page, pages;
    uint64_t limit;

    draw_range(model, random, cluster, op);
    op->length = quire_page_up(op->length);
    if (!quire_space_region(space->space, op->address, &info))
        return false;
    if (info.object != NULL)
        quire_object_put(info.object);
    if (info.start > op->address)
        return false;
    if (op->length > info.end - op->address)
        op->length = info.end - op->address;
    page = (op->address - model_cluster(cluster)) / PAGE + cluster * CLUSTER_PAGES;
    limit =
        space->page[page].object >= 0 ? OBJECT_PAGES - space->page[page].index : CLUSTER_PAGES / 2;
    pages = draw_length(random);
    if (pages > limit)
        pages = limit;
    op->new_length = pages * PAGE;
    if (inside || sim_random_once_in(random, 3)) {
        size_t target = cluster * CLUSTER_PAGES + sim_random_below(random, CLUSTER_PAGES);

        if (pages > CLUSTER_PAGES - target % CLUSTER_PAGES)
            return false;
        op->flags = QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_FIXED;
        op->new_address = page_address(target);
        if (op->new_address < op->address + op->length &&
            op->address < op->new_address + op->new_length)
            return false;
    } else {
        op->flags = sim_random_once_in(random, 3) ? 0 : QUIRE_REMAP_MAY_MOVE;
    }
    if ((op->flags & QUIRE_REMAP_MAY_MOVE) && sim_random_once_in(random, 4) &&
        !(space->page[page].flags & QUIRE_REGION_LOCKED)) {
        op->flags |= QUIRE_REMAP_KEEP_OLD;
        op->new_length = op->length;
        if (op->new_address != 0 &&
            (op->new_address + op->new_length > model_cluster(cluster) + CLUSTER_PAGES * PAGE ||
             (op->new_address < op->address + op->length &&
              op->address < op->new_address + op->new_length)))
            return false;
    }
    return true;
}

static enum quire_advice draw_advice(struct sim_random *random)
{
    static const enum quire_advice advice[] = {
        QUIRE_ADVICE_NORMAL,         QUIRE_ADVICE_RANDOM,       QUIRE_ADVICE_DONT_NEED,
        QUIRE_ADVICE_DONT_NEED,      QUIRE_ADVICE_DONT_NEED,    QUIRE_ADVICE_FREE,
        QUIRE_ADVICE_REMOVE,         QUIRE_ADVICE_DONT_FORK,    QUIRE_ADVICE_DO_FORK,
        QUIRE_ADVICE_DO_FORK,        QUIRE_ADVICE_WIPE_ON_FORK, QUIRE_ADVICE_KEEP_ON_FORK,
        QUIRE_ADVICE_KEEP_ON_FORK,   QUIRE_ADVICE_DONT_DUMP,    QUIRE_ADVICE_DO_DUMP,
        QUIRE_ADVICE_COLD,           QUIRE_ADVICE_PAGE_OUT,     QUIRE_ADVICE_POPULATE_READ,
        QUIRE_ADVICE_POPULATE_WRITE, QUIRE_ADVICE_WILL_NEED,    QUIRE_ADVICE_DONT_NEED_LOCKED,
        QUIRE_ADVICE_MERGEABLE,      QUIRE_ADVICE_UNMERGEABLE,
    };

    return advice[sim_random_below(random, sizeof(advice) / sizeof(advice[0]))];
}

static uint64_t unique_value(struct sim_random *random)
{
    return sim_random_below(random, UINT64_MAX) | 1; /* never zero, hardly ever twice */
}

/* Now and then an argument that must be refused. */
static void spoil(struct sim_random *random, struct op *op)
{
    if (!sim_random_once_in(random, 64))
        return;
    switch (sim_random_below(random, 4)) {
    case 0:
        op->address += 8;
        break;
    case 1:
        op->length = 0;
        break;
    case 2:
        op->length = SIZE_MAX - sim_random_below(random, 2 * PAGE);
        break;
    default:
        op->address = model_cluster(CLUSTERS - 1) + CLUSTER_PAGES * PAGE - PAGE;
        op->length = 2 * PAGE;
        break;
    }
}

static enum op_kind draw_range_kind(struct sim_random *random)
{
    static const enum op_kind kinds[] = {
        OP_LOAD,     OP_LOAD,       OP_LOAD,        OP_LOAD,     OP_STORE,    OP_STORE, OP_STORE,
        OP_STORE,    OP_STORE,      OP_FETCH,       OP_MAP,      OP_MAP,      OP_MAP,   OP_UNMAP,
        OP_PROTECT,  OP_PROTECT,    OP_REMAP,       OP_ADVISE,   OP_ADVISE,   OP_LOCK,  OP_RESIDENT,
        OP_POPULATE, OP_SPACE_READ, OP_SPACE_WRITE, OP_PAGE_OUT, OP_PAGE_OUT,
    };

    return kinds[sim_random_below(random, sizeof(kinds) / sizeof(kinds[0]))];
}

void op_draw_inside(const struct model *model, struct sim_random *random, int space, size_t cluster,
                    struct op *op)
{
    bool inside = true;

    memset(op, 0, sizeof(*op));
    op->object = -1;
    op->space = space;
    op->kind = draw_range_kind(random);
    op->word = (unsigned)sim_random_below(random, WORDS);
    op->value = unique_value(random);
    switch (op->kind) {
    case OP_MAP:
        draw_map(model, random, cluster, inside, op);
        break;
    case OP_REMAP:
        if (draw_remap(model, random, cluster, inside, op))
            break;
        memset(op, 0, sizeof(*op));
        op->object = -1;
        op->space = space;
        op->kind = OP_RESIDENT;
        draw_range(model, random, cluster, op);
        break;
    case OP_LOCK:
        draw_range(model, random, cluster, op);
        op->flags = sim_random_once_in(random, 3) ? (uint32_t)sim_random_below(random, 2) : 2;
        break;
    case OP_PROTECT:
    case OP_POPULATE:
        draw_range(model, random, cluster, op);
        op->protection = op->kind == OP_PROTECT          ? draw_protection(random)
                         : sim_random_once_in(random, 2) ? QUIRE_ACCESS_READ
                                                         : QUIRE_ACCESS_WRITE;
        break;
    default:
        draw_range(model, random, cluster, op);
        op->advice = draw_advice(random);
        /* The sweep takes such pages or leaves them: tests/machine/test_advice.c. */
        if (model->swept && op->advice == QUIRE_ADVICE_FREE)
            op->advice = QUIRE_ADVICE_COLD;
        op->force = sim_random_once_in(random, 2);
        break;
    }
}

/* False: every object exists already, and in mappings only. */
static bool draw_object_op(const struct model *model, struct sim_random *random, struct op *op)
{
    const struct model_object *object;

    op->object = draw_object(model, random);
    if (op->object < 0 || sim_random_once_in(random, 12)) {
        op->kind = OP_OBJECT_CREATE;
        for (op->object = 0; op->object < OBJECTS && model->object[op->object].exists;)
            op->object++;
        op->flags = sim_random_once_in(random, 3); /* from a pager */
        op->offset = (op->flags ? OBJECT_PAGES : sim_random_below(random, OBJECT_PAGES + 1)) * PAGE;
        if (op->object < OBJECTS)
            return true;
        op->object = draw_object(model, random);
        op->kind = OP_OBJECT_PUT;
        return op->object >= 0;
    }
    object = &model->object[op->object];
    op->kind = OP_OBJECT_READ;
    op->offset = sim_random_below(random, OBJECT_PAGES) * PAGE + word_offset[op->word];
    if (object->paged && sim_random_once_in(random, 3)) {
        op->kind = sim_random_once_in(random, 3) ? OP_OBJECT_DROP : OP_OBJECT_CLEAN;
        op->offset = sim_random_below(random, OBJECT_PAGES);
        op->end = op->offset + sim_random_below(random, OBJECT_PAGES - op->offset);
        op->flags = sim_random_once_in(random, 2); /* drop: mapped pages too */
        return true;
    }
    switch (sim_random_below(random, 8)) {
    case 0:
        op->kind = object->paged ? OP_OBJECT_READ : OP_OBJECT_RESIZE;
        if (!object->paged)
            op->offset = sim_random_below(random, OBJECT_PAGES * PAGE + 1);
        break;
    case 1:
        op->kind = object->paged ? OP_OBJECT_READ : OP_OBJECT_PUNCH;
        if (!object->paged) {
            op->offset = sim_random_below(random, OBJECT_PAGES * PAGE);
            op->end = op->offset + sim_random_below(random, OBJECT_PAGES * PAGE - op->offset + 1);
        }
        break;
    case 2:
        if (sim_random_once_in(random, 8))
            op->kind = OP_OBJECT_PUT;
        break;
    case 3:
    case 4:
    case 5:
        if (!object->paged || op->offset + 8 <= object->size)
            op->kind = OP_OBJECT_WRITE;
        break;
    default:
        break;
    }
    return true;
}

void op_draw(const struct model *model, struct sim_random *random, struct op *op)
{
    int space = draw_space(model, random);
    uint64_t choice = sim_random_below(random, 100);

    memset(op, 0, sizeof(*op));
    op->object = -1;
    op->space = space;
    op->word = (unsigned)sim_random_below(random, WORDS);
    op->value = unique_value(random);
    op->other = free_space(model);
    if (space < 0 || (choice < 1 && op->other >= 0)) {
        op->kind = OP_CREATE;
        op->space = op->other;
    } else if (choice < 5 && op->other >= 0) {
        op->kind = OP_CLONE;
    } else if (choice < (op->other < 0 ? 7 : 4)) {
        op->kind = OP_DESTROY;
    } else if (choice >= 20 || !draw_object_op(model, random, op)) {
        size_t cluster = sim_random_below(random, CLUSTERS);

        op_draw_inside(model, random, space, cluster, op);
        if (op->kind == OP_MAP && sim_random_once_in(random, 2)) {
            memset(op, 0, sizeof(*op));
            op->kind = OP_MAP;
            op->space = space;
            draw_map(model, random, cluster, false, op);
        } else if (op->kind == OP_REMAP && sim_random_once_in(random, 2)) {
            struct op whole = {.kind = OP_REMAP, .space = space, .object = -1};

            if (draw_remap(model, random, cluster, false, &whole))
                *op = whole;
        }
        if (op->kind == OP_UNMAP || op->kind == OP_PROTECT || op->kind == OP_ADVISE)
            spoil(random, op);
    }
}

/* ---- the pager ---- */

uint64_t model_pager_failures;

/* Its owner field is the object's number. */
static enum quire_status fill(struct quire_object *object, uint64_t index,
                              struct quire_frame *const *frames, unsigned n)
{
    struct sim_cpu *cpu = sim_this_cpu();

    for (unsigned i = (unsigned)sim_draw(cpu, 3); i > 0; i--)
        sim_yield(cpu);
    if (sim_draw(cpu, 100) == 0) {
        __atomic_fetch_add(&model_pager_failures, 1, __ATOMIC_RELAXED);
        return QUIRE_IO_ERROR;
    }
    for (unsigned page = 0; page < n; page++) {
        struct content content = model_stored[(intptr_t)object->owner][index + page];
        uint8_t *bytes = quire_frame_map(object->q, frames[page]);

        memset(bytes, 0, PAGE);
        for (unsigned i = 0; i < WORDS; i++)
            memcpy(bytes + word_offset[i], &content.word[i], sizeof(content.word[i]));
        quire_frame_unmap(object->q, frames[page], bytes);
    }
    return QUIRE_OK;
}

/* A transfer that takes its time: mappings may store to pages that are gone already, and to those
 * whose turn is to come. */
static enum quire_status clean(struct quire_object *object, uint64_t index,
                               struct quire_frame *const *frames, unsigned n)
{
    struct sim_cpu *cpu = sim_this_cpu();

    for (unsigned page = 0; page < n; page++) {
        struct content *content = &model_stored[(intptr_t)object->owner][index + page];
        uint8_t *bytes;

        for (unsigned i = (unsigned)sim_draw(cpu, 3); i > 0; i--)
            sim_yield(cpu);
        if (sim_draw(cpu, 200) == 0) {
            __atomic_fetch_add(&model_pager_failures, 1, __ATOMIC_RELAXED);
            return QUIRE_IO_ERROR;
        }
        sim_forget_stores(cpu->machine, frames[page]);
        bytes = quire_frame_map(object->q, frames[page]);
        for (unsigned i = 0; i < WORDS; i++) {
            const uint64_t *word = (const uint64_t *)(bytes + word_offset[i]);

            content->word[i] = __atomic_load_n(word, __ATOMIC_RELAXED);
        }
        quire_frame_unmap(object->q, frames[page], bytes);
    }
    return QUIRE_OK;
}

const struct quire_pager model_pager = {.fill = fill, .clean = clean};

/* ---- executing ---- */

static void load_space(struct sim_cpu *cpu, struct quire_space *space)
{
    if (cpu->space != space)
        sim_switch(cpu, space);
}

/* A whole page: its words, and that the rest is zero. */
static void read_page(struct sim_cpu *cpu, struct quire_space *space, struct op *op)
{
    uint8_t bytes[PAGE], zeros[PAGE] = {0};

    op->status = quire_space_read(space, op->address, bytes, PAGE, op->force, &op->done);
    if (op->status != QUIRE_OK)
        return;
    for (unsigned i = 0; i < WORDS; i++) {
        memcpy(&op->content.word[i], bytes + word_offset[i], sizeof(op->content.word[i]));
        memset(bytes + word_offset[i], 0, sizeof(op->content.word[i]));
    }
    if (memcmp(bytes, zeros, PAGE) != 0)
        sim_fail(cpu->machine, "bytes at 0x%llx that nobody wrote",
                 (unsigned long long)op->address);
}

static void execute_map(struct model *model, struct quire_space *space, struct op *op)
{
    struct quire_map map = {
        .address = op->address,
        .length = op->length,
        .region = op->region,
        .flags = op->flags,
        .object = op->object >= 0 ? model->object[op->object].object : NULL,
        .offset = op->offset,
    };

    op->status = quire_space_map(space, &map, &op->result);
}

static void execute_object_create(struct quire *q, struct op *op)
{
    for (uint64_t i = 0; i < OBJECT_PAGES; i++)
        model_stored[op->object][i] = model_pager_content(op->object, i);
    op->status = quire_object_create(q, op->flags ? QUIRE_OBJECT_PAGED : QUIRE_OBJECT_MEMORY,
                                     op->flags ? &model_pager : NULL, (void *)(intptr_t)op->object,
                                     op->offset, &op->new_object);
}

void op_execute(struct sim_cpu *cpu, struct model *model, struct op *op)
{
    struct quire *q = cpu->machine->q;
    struct quire_space *space = op->space >= 0 ? model->space[op->space].space : NULL;
    struct quire_object *object = op->object >= 0 ? model->object[op->object].object : NULL;
    quire_virt word = op->address + word_offset[op->word];

    op->status = QUIRE_OK;
    switch (op->kind) {
    case OP_LOAD:
        load_space(cpu, space);
        op->status = sim_load(cpu, word, &op->loaded);
        break;
    case OP_FETCH:
        load_space(cpu, space);
        op->status = sim_fetch(cpu, word, &op->loaded);
        break;
    case OP_STORE:
        load_space(cpu, space);
        op->status = sim_store(cpu, word, op->value);
        break;
    case OP_MAP:
        execute_map(model, space, op);
        break;
    case OP_UNMAP:
        op->status = quire_space_unmap(space, op->address, op->length);
        break;
    case OP_PROTECT:
        op->status = quire_space_protect(space, op->address, op->length, op->protection, false);
        break;
    case OP_REMAP:
        op->status = quire_space_remap(space, op->address, op->length, op->new_length, op->flags,
                                       op->new_address, &op->result);
        break;
    case OP_ADVISE:
        op->status = quire_space_advise(space, op->address, op->length, op->advice);
        break;
    case OP_LOCK:
        op->status = quire_space_lock(space, op->address, op->length, !(op->flags & 2),
                                      (op->flags & 1) != 0);
        break;
    case OP_RESIDENT:
        op->status = quire_space_resident(space, op->address, op->length, op->resident);
        break;
    case OP_POPULATE:
        op->length = quire_page_up(op->length);
        op->status = quire_space_populate(space, op->address, op->length, op->protection);
        break;
    case OP_SPACE_READ:
        read_page(cpu, space, op);
        break;
    case OP_SPACE_WRITE:
        op->status =
            quire_space_write(space, word, &op->value, sizeof(op->value), op->force, &op->done);
        break;
    case OP_PAGE_OUT:
        op->done = quire_space_page_out(space, op->address, op->length);
        break;
    case OP_CREATE:
        op->status = quire_space_create(q, &op->new_space);
        if (op->status == QUIRE_OK)
            op->new_space->map_top = model_cluster(1) + CLUSTER_PAGES / 4 * 3 * PAGE;
        break;
    case OP_CLONE:
        op->status = quire_space_clone(space, &op->new_space);
        break;
    case OP_DESTROY:
        quire_space_destroy(space);
        break;
    case OP_OBJECT_CREATE:
        execute_object_create(q, op);
        break;
    case OP_OBJECT_PUT:
        quire_object_put(object);
        break;
    case OP_OBJECT_RESIZE:
        op->status = quire_object_resize(object, op->offset);
        break;
    case OP_OBJECT_PUNCH:
        op->status = quire_object_punch(object, op->offset, op->end);
        break;
    case OP_OBJECT_READ:
        op->status =
            quire_object_read(object, op->offset, &op->loaded, sizeof(op->loaded), &op->done);
        break;
    case OP_OBJECT_WRITE:
        op->status =
            quire_object_write(object, op->offset, &op->value, sizeof(op->value), &op->done);
        break;
    case OP_OBJECT_CLEAN:
        op->status = quire_object_clean(object, op->offset, op->end);
        break;
    case OP_OBJECT_DROP:
        op->done = quire_object_drop(object, op->offset, op->end, op->flags != 0);
        break;
    case OP_COUNT:
        break;
    }
}

/* ---- conflicts ---- */

static bool is_object_op(const struct op *op)
{
    return op->kind >= OP_OBJECT_CREATE;
}

/* It reaches all of its space, or addresses that the library chooses. */
static bool is_whole_space(const struct op *op)
{
    return op->kind == OP_CREATE || op->kind == OP_CLONE || op->kind == OP_DESTROY ||
           (op->kind == OP_MAP && !(op->flags & QUIRE_MAP_FIXED)) ||
           (op->kind == OP_REMAP && !(op->flags & QUIRE_REMAP_FIXED));
}

static bool spans_overlap(quire_virt a, size_t a_length, quire_virt b, size_t b_length)
{
    a_length = a_length != 0 ? quire_page_up(a_length) : PAGE;
    b_length = b_length != 0 ? quire_page_up(b_length) : PAGE;
    return a < b + b_length && b < a + a_length;
}

static bool ranges_overlap(const struct op *a, const struct op *b)
{
    if (spans_overlap(a->address, a->length, b->address, b->length))
        return true;
    if (a->new_length != 0 && spans_overlap(a->new_address, a->new_length, b->address, b->length))
        return true;
    if (b->new_length != 0 && spans_overlap(a->address, a->length, b->new_address, b->new_length))
        return true;
    return a->new_length != 0 && b->new_length != 0 &&
           spans_overlap(a->new_address, a->new_length, b->new_address, b->new_length);
}

/* Objects that an operation may look at, as a mask; all of a whole-space operation's. */
static unsigned objects_of(const struct model *model, const struct op *op)
{
    unsigned mask = op->object >= 0 ? 1u << op->object : 0;

    if (is_object_op(op) || op->space < 0)
        return mask;
    for (size_t i = 0; i < SPACE_PAGES; i++) {
        const struct model_page *page = &model->space[op->space].page[i];

        bool reached = is_whole_space(op) ||
                       spans_overlap(page_address(i), PAGE, op->address, op->length) ||
                       (op->new_length != 0 &&
                        spans_overlap(page_address(i), PAGE, op->new_address, op->new_length));

        if (reached && page->mapped && page->object >= 0)
            mask |= 1u << page->object;
    }
    return mask;
}

/* It may change an object's content, size or existence. */
static bool changes_objects(const struct op *op)
{
    return (is_object_op(op) && op->kind != OP_OBJECT_READ) || op->kind == OP_STORE ||
           op->kind == OP_SPACE_WRITE || op->kind == OP_DESTROY || op->kind == OP_UNMAP ||
           (op->kind == OP_ADVISE && op->advice == QUIRE_ADVICE_REMOVE);
}

bool op_conflicts(const struct model *model, const struct op *a, const struct op *b)
{
    if ((a->kind == OP_CREATE || a->kind == OP_CLONE) &&
        (b->kind == OP_CREATE || b->kind == OP_CLONE))
        return true; /* the same free place */
    if (!is_object_op(a) && !is_object_op(b) && a->space == b->space &&
        (is_whole_space(a) || is_whole_space(b) || ranges_overlap(a, b)))
        return true;
    return (changes_objects(a) || changes_objects(b)) &&
           (objects_of(model, a) & objects_of(model, b)) != 0;
}

bool op_shares_object(const struct model *model, const struct op *op)
{
    for (int i = 0; i < OBJECTS; i++)
        if ((objects_of(model, op) >> i & 1) && !model->object[i].paged)
            return true;
    /* A paged one is never resized; its content changes through shared mappings only. */
    return objects_of(model, op) != 0 && (changes_objects(op) || op->kind == OP_MAP ||
                                          op->kind == OP_ADVISE || op->kind == OP_REMAP);
}
