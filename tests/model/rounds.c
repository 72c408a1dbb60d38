/*
 * Rounds of the model test. A round is one to four operations at once, one a CPU, and then
 * everything is compared at rest.
 *
 *   single    one operation: the answer and the new state must be exactly the model's
 *   parallel  operations that do not conflict: any order gives the same answer, so the model
 * applies them one by one hammer    one operation, and loads and stores on the pages it works on:
 * for each page the loads and stores happened before or after it; what was answered and what is
 * found afterwards must be explained by one of the two
 *
 * On host threads every CPU works alone on some clusters of each space between two barriers.
 */
#include "model.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX 4

/* ---- shortage ---- */

struct before {
    uint64_t failures, io_failures;
};

static uint64_t io_failures(const struct test *test)
{
    return model_pager_failures + test->machine->disk.read_failures;
}

static struct before remember(struct test *test)
{
    test->machine->lowest_free = UINT64_MAX;
    return (struct before){test->machine->allocation_failures, io_failures(test)};
}

/* Frames that CPUs and caches hold back count as little as none. */
static struct allowance allow(struct test *test, struct before before)
{
    return (struct allowance){
        .no_memory = test->machine->allocation_failures != before.failures ||
                     test->machine->lowest_free <
                         16 + (uint64_t)test->machine->options.cpus * QUIRE_FRAME_CACHE_SIZE,
        .io_error = io_failures(test) != before.io_failures,
    };
}

/* ---- reports ---- */

static void print_together(const struct test *test)
{
    for (unsigned i = 0; i < test->together_count; i++) {
        char other[600];

        op_describe(&test->together[i], other, sizeof(other));
        fprintf(stderr, "at once: %s\n", other);
    }
}

static void __attribute__((noreturn))
disagree(struct test *test, const struct op *op, const char *why)
{
    char text[600];
    const struct model_page *page =
        op->space >= 0 ? model_page_at(test->model, op->space, op->address) : NULL;

    op_describe(op, text, sizeof(text));
    if (page != NULL && page->mapped)
        fprintf(stderr,
                "the page: flags 0x%x object %d index %llu own %d lazy %d word 0x%llx, object's "
                "0x%llx\n",
                page->flags, page->object, (unsigned long long)page->index, page->own, page->lazy,
                (unsigned long long)page->content.word[op->word],
                page->object < 0 ? 0
                                 : (unsigned long long)test->model->object[page->object]
                                       .page[page->index]
                                       .word[op->word]);
    print_together(test);
    sim_fail(test->machine, "%s; right: %s", text, why);
}

/* ---- comparing at rest ---- */

static int object_number(const struct model *model, const struct quire_object *object)
{
    for (int i = 0; i < OBJECTS; i++)
        if (model->object[i].exists && model->object[i].identity == object)
            return i;
    return -1;
}

static void compare_page(struct test *test, int space, quire_virt address,
                         const struct quire_region_info *info)
{
    const struct model_page *page = model_page_at(test->model, space, address);
    uint64_t offset = info->offset + (address - info->start);

    if (page == NULL || !page->mapped)
        print_together(test);
    if (page == NULL || !page->mapped)
        sim_fail(test->machine, "space %d has a region over 0x%llx, where nothing is mapped", space,
                 (unsigned long long)address);
    if (page->flags != info->flags)
        sim_fail(test->machine, "space %d at 0x%llx: region flags 0x%x, right: 0x%x", space,
                 (unsigned long long)address, info->flags, page->flags);
    if (info->object != NULL &&
        (page->object != object_number(test->model, info->object) || offset != page->index * PAGE))
        sim_fail(test->machine, "space %d at 0x%llx: another object or place", space,
                 (unsigned long long)address);
    if (info->object == NULL && page->object >= 0)
        sim_fail(test->machine, "space %d at 0x%llx: no object", space,
                 (unsigned long long)address);
}

static void compare_regions(struct test *test, int space)
{
    struct quire_region_info info;
    size_t found = 0, expected = 0;
    quire_virt at = 0;

    while (quire_space_region(test->model->space[space].space, at, &info)) {
        for (quire_virt page = info.start; page < info.end; page += PAGE) {
            compare_page(test, space, page, &info);
            found++;
        }
        if (info.object != NULL)
            quire_object_put(info.object);
        at = info.end;
    }
    for (size_t i = 0; i < SPACE_PAGES; i++)
        expected += test->model->space[space].page[i].mapped;
    if (found != expected)
        print_together(test);
    if (found != expected)
        sim_fail(test->machine, "space %d: %zu pages in regions, right: %zu", space, found,
                 expected);
}

/* Every reference is a region's or the test's own. */
static void compare_objects(struct test *test)
{
    for (const struct quire_object *object = test->machine->q->objects; object != NULL;
         object = object->next) {
        uint32_t references = 0;

        for (const struct quire_region *region = object->regions; region != NULL;
             region = region->object_next)
            references++;
        for (int i = 0; i < OBJECTS; i++)
            references += test->model->object[i].object == object;
        if (references != object->references)
            sim_fail(test->machine, "object %d has %u references, right: %u",
                     (int)(intptr_t)object->owner, object->references, references);
    }
}

static uint32_t region_flags(void *context, quire_virt address)
{
    struct quire_region_info info = {0};

    if (quire_space_region(context, address, &info) && info.object != NULL)
        quire_object_put(info.object);
    return info.start <= address ? info.flags : 0;
}

/* The page word by word, as a program that may only write to it still can on this hardware. */
static enum quire_status probe_by_loads(struct test *test, int space, quire_virt address,
                                        struct content *out)
{
    struct op op = {.kind = OP_LOAD, .space = space, .object = -1, .address = address};

    for (op.word = 0; op.word < WORDS; op.word++) {
        op_execute(sim_this_cpu(), test->model, &op);
        if (op.status != QUIRE_OK)
            return op.status;
        out->word[op.word] = op.loaded;
    }
    return QUIRE_OK;
}

/* Nothing fails while the test itself looks (on host threads nothing of this ever fails). */
struct calm {
    unsigned allocation, read;
};

static struct calm calm_down(struct test *test)
{
    struct sim_machine *machine = test->machine;
    struct calm calm = {machine->fail_allocation_once_in, machine->disk.read_fail_once_in};

    if (calm.allocation != 0)
        machine->fail_allocation_once_in = 0;
    if (calm.read != 0)
        machine->disk.read_fail_once_in = 0;
    return calm;
}

static void stir_up(struct test *test, struct calm calm)
{
    if (calm.allocation != 0)
        test->machine->fail_allocation_once_in = calm.allocation;
    if (calm.read != 0)
        test->machine->disk.read_fail_once_in = calm.read;
}

/* The whole page as the library has it. */
static enum quire_status probe(struct test *test, int space, quire_virt address,
                               struct content *out)
{
    struct op op = {
        .kind = OP_SPACE_READ, .space = space, .object = -1, .address = address, .force = true};
    struct calm calm = calm_down(test);
    enum quire_status status;

    do {
        uint64_t failures = model_pager_failures;

        op_execute(sim_this_cpu(), test->model, &op);
        status = op.status;
        if (status == QUIRE_IO_ERROR && model_pager_failures == failures)
            break;
    } while (status == QUIRE_IO_ERROR);
    *out = op.content;
    if (status == QUIRE_NO_PERMISSION)
        status = probe_by_loads(test, space, address, out);
    stir_up(test, calm);
    return status;
}

struct dirty {
    struct quire *q;
    bool *seen; /* per frame: an entry that holds it is dirty */
};

static bool note_dirty(void *context, quire_virt address, unsigned level, quire_entry *entry)
{
    struct dirty *dirty = context;
    const struct quire_frame *frame = quire_frame_find(dirty->q, quire_entry_phys(*entry));

    (void)address;
    (void)level;
    if (frame != NULL && (*entry & QUIRE_ENTRY_DIRTY))
        dirty->seen[quire_frame_number(dirty->q, frame)] = true;
    return true;
}

static void read_words(struct quire *q, const struct quire_frame *frame, struct content *out)
{
    uint8_t *bytes = quire_frame_map(q, frame);

    for (unsigned i = 0; i < WORDS; i++)
        memcpy(&out->word[i], bytes + word_offset[i], sizeof(out->word[i]));
    quire_frame_unmap(q, frame, bytes);
}

static bool same_content(const struct content *a, const struct content *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* What is not dirty in memory the pager has, as it is now. */
static void compare_stored(struct test *test, const struct dirty *dirty)
{
    struct quire *q = test->machine->q;

    for (int i = 0; i < OBJECTS; i++) {
        const struct model_object *object = &test->model->object[i];

        for (uint64_t j = 0; object->exists && object->paged && j < OBJECT_PAGES; j++) {
            struct content found = model_stored[i][j];
            struct quire_frame *frame;
            bool known = false;

            if (quire_object_page(object->identity, j, QUIRE_OBJECT_RESIDENT, &frame) == QUIRE_OK) {
                read_words(q, frame, &found);
                known = (frame->flags & QUIRE_FRAME_DIRTY) != 0 ||
                        dirty->seen[quire_frame_number(q, frame)];
                quire_frame_put(q, frame);
            }
            if (!same_content(&found, &object->page[j]))
                sim_fail(test->machine, "page %llu of object %d holds another content",
                         (unsigned long long)j, i);
            if (!known && !same_content(&model_stored[i][j], &object->page[j]))
                sim_fail(test->machine, "page %llu of object %d is clean, but the pager has 0x%llx",
                         (unsigned long long)j, i, (unsigned long long)model_stored[i][j].word[0]);
        }
    }
}

/* What programs stored to an object's page is known: in its frame's record or in an entry. */
static void compare_dirty(struct test *test)
{
    struct quire *q = test->machine->q;
    struct dirty dirty = {q, calloc(q->frame.count, sizeof(bool))};

    for (int i = 0; i < SPACES; i++)
        if (test->model->space[i].space != NULL)
            quire_pagetable_visit(test->machine->q, &test->model->space[i].space->table, 0,
                                  test->model->space[i].space->end, note_dirty, &dirty);
    for (uint32_t i = 0; (i = quire_frame_next_written(q, i)) < q->frame.count; i++) {
        const struct quire_frame *frame = quire_frame_at(q, i);

        if (test->machine->stored[i] && frame->kind == QUIRE_FRAME_OBJECT &&
            frame->object.owner != NULL && !(frame->flags & QUIRE_FRAME_DIRTY) && !dirty.seen[i])
            sim_fail(test->machine, "page %llu of an object was stored to, and nothing says so",
                     (unsigned long long)frame->object.index);
    }
    compare_stored(test, &dirty);
    free(dirty.seen);
}

static void check(struct test *test, bool all_regions)
{
    sim_hold(test->machine, true);
    if (quire_check(test->machine->q) != QUIRE_OK) {
        print_together(test);
        sim_fail(test->machine, "quire_check found a disagreement");
    }
    sim_audit(test->machine);
    compare_objects(test);
    if (all_regions)
        compare_dirty(test);
    for (int i = 0; all_regions && i < SPACES; i++)
        if (test->model->space[i].space != NULL)
            compare_regions(test, i);
    sim_hold(test->machine, false);
}

/* ---- pages that could not be read back ---- */

static bool is_lost(struct test *test, int space, quire_virt address)
{
    struct quire_leaf leaf;

    if (!quire_leaf_find(test->machine->q, &test->model->space[space].space->table,
                         address & ~(QUIRE_LEAF_SPAN - 1), &leaf))
        return false;
    return quire_entry_is_poisoned(quire_entry_read(&leaf.entries[quire_level_index(address, 1)]));
}

/*
 * A page whose read failed is lost to the one who wanted it, and to nobody else: all others that
 * have it are compared as ever. Which pages that are is seen in the tables; that there was a reason
 * is the test's to know. One that is not lost any more must be as the model has it.
 */
static void find_lost(struct test *test)
{
    bool reason = test->lost != 0 || test->machine->disk.read_failures != test->read_failures;
    uint64_t lost = 0, before = test->lost;

    test->read_failures = test->machine->disk.read_failures;
    if (!reason)
        return;
    for (int i = 0; i < SPACES; i++) {
        for (size_t j = 0; test->model->space[i].space != NULL && j < SPACE_PAGES; j++) {
            struct model_page *page = &test->model->space[i].page[j];

            if (!page->mapped)
                continue;
            page->lost = is_lost(test, i, model_address_of(j));
            if (!page->lost)
                continue;
            if (page->flags & QUIRE_REGION_SHARED)
                sim_fail(test->machine, "space %d lost a page of an object that still has it", i);
            page->own = true;
            page->lazy = false;
            page->touched = false;
            lost++;
        }
    }
    test->lost = lost;
    test->lost_ever += lost > before ? lost - before : 0;
}

/* ---- before and after an operation ---- */

/* What a lazy page holds decides itself now. */
static void look_at_lazy(struct test *test, int space, quire_virt address)
{
    const struct model_page *page = model_page_at(test->model, space, address);
    struct op look = {.kind = OP_SPACE_READ,
                      .space = space,
                      .object = -1,
                      .address = address & QUIRE_PAGE_MASK,
                      .status = QUIRE_OK};

    if (page == NULL || !page->mapped || !page->lazy)
        return;
    if (probe(test, space, look.address, &look.content) == QUIRE_OK &&
        !model_observe(test->model, space, look.address, &look.content))
        disagree(test, &look, "another content");
}

/*
 * An operation that stores to a page whose content is open, or that may copy it now: look first. A
 * page is open between two contents, not three.
 */
static void settle(struct test *test, const struct op *op)
{
    switch (op->kind) {
    case OP_STORE:
    case OP_SPACE_WRITE:
        look_at_lazy(test, op->space, op->address);
        break;
    case OP_LOCK:
    case OP_PROTECT:
    case OP_POPULATE:
    case OP_ADVISE:
        for (size_t i = 0; i < SPACE_PAGES; i++)
            if (model_address_of(i) - op->address < quire_page_up(op->length))
                look_at_lazy(test, op->space, model_address_of(i));
        break;
    default:
        break;
    }
}

/* No CPU may have a space loaded that is about to go. */
static void unload(struct test *test, const struct op *op)
{
    struct sim_machine *machine = test->machine;
    unsigned caller = sim_this_cpu()->here.number;

    if (op->kind != OP_DESTROY)
        return;
    for (unsigned i = 0; i < machine->options.cpus; i++) {
        if (machine->cpu[i].space != test->model->space[op->space].space)
            continue;
        sim_enter(machine, i);
        sim_switch(&machine->cpu[i], NULL);
    }
    sim_enter(machine, caller);
}

/* Mappings that the library placed outside the clusters are none of the model's business. */
static void tidy(struct test *test, const struct op *op)
{
    size_t length = op->kind == OP_MAP ? op->length : op->new_length;
    unsigned once_in = test->machine->fail_allocation_once_in;

    if ((op->kind != OP_MAP && op->kind != OP_REMAP) || op->status != QUIRE_OK)
        return;
    length = quire_page_up(length);
    if (model_page_at(test->model, op->space, op->result) != NULL &&
        model_page_at(test->model, op->space, op->result + length - 1) != NULL)
        return;
    test->machine->fail_allocation_once_in = 0;
    for (quire_virt at = op->result; at < op->result + length; at += PAGE) {
        struct model_page *page = model_page_at(test->model, op->space, at);

        if (page != NULL) {
            memset(page, 0, sizeof(*page));
            page->object = -1;
        }
    }
    if (quire_space_unmap(test->model->space[op->space].space, op->result, length) != QUIRE_OK)
        sim_fail(test->machine, "what was mapped outside the clusters cannot be unmapped");
    test->machine->fail_allocation_once_in = once_in;
}

static bool is_partial(const struct op *op)
{
    return op->status == QUIRE_NO_MEMORY &&
           (op->kind == OP_PROTECT || op->kind == OP_LOCK ||
            (op->kind == OP_ADVISE && op->advice != QUIRE_ADVICE_POPULATE_READ &&
             op->advice != QUIRE_ADVICE_POPULATE_WRITE));
}

static bool is_mapped(struct quire_space *space, quire_virt address)
{
    struct quire_region_info info;

    if (!quire_space_region(space, address, &info))
        return false;
    if (info.object != NULL)
        quire_object_put(info.object);
    return info.start <= address;
}

/* All of [address, address + length) is mapped as before, or all of it is gone. */
static void lose_range(struct test *test, struct model *model, const struct op *op,
                       quire_virt address, size_t length)
{
    struct quire_space *space = test->model->space[op->space].space;
    size_t kept = 0, lost = 0;

    for (size_t done = 0; done < length; done += PAGE) {
        struct model_page *page = model_page_at(model, op->space, address + done);

        if (!page->mapped)
            continue;
        if (is_mapped(space, address + done)) {
            kept++;
        } else {
            *page = (struct model_page){.object = -1};
            lost++;
        }
    }
    if (kept != 0 && lost != 0)
        sim_fail(test->machine, "a failed move left half of what it replaces");
}

/*
 * A move to a fixed place that ran out of memory may have emptied that place, and taken off the
 * part of the old range that the new one has no room for.
 */
static void lose_ranges(struct test *test, struct model *model, const struct op *op)
{
    size_t old_length = quire_page_up(op->length), new_length = quire_page_up(op->new_length);

    if (op->kind != OP_REMAP || op->status != QUIRE_NO_MEMORY || !(op->flags & QUIRE_REMAP_FIXED))
        return;
    lose_range(test, model, op, op->new_address, new_length);
    if (old_length > new_length)
        lose_range(test, model, op, op->address + new_length, old_length - new_length);
}

static void apply(struct test *test, const struct op *op, struct allowance allowance)
{
    const char *why = "?";

    if (is_partial(op)) {
        if (!allowance.no_memory && op->kind != OP_LOCK)
            disagree(test, op, "no shortage");
        if (!model_apply_partly(test->model, op, region_flags, test->model->space[op->space].space,
                                &why))
            disagree(test, op, why);
    } else if (!model_apply(test->model, op, allowance, &why)) {
        disagree(test, op, why);
    }
    lose_ranges(test, test->model, op);
    __atomic_fetch_add(&test->counts[op->kind], 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&test->refusals[op->status], 1, __ATOMIC_RELAXED);
}

/* ---- single ---- */

static void single(struct test *test)
{
    struct sim_machine *machine = test->machine;
    struct before before;
    struct op op;

    sim_enter(machine, (unsigned)sim_random_below(&test->random, machine->options.cpus));
    op_draw(test->model, &test->random, &op);
    machine->doing = op_name(op.kind);
    settle(test, &op);
    unload(test, &op);
    before = remember(test);
    op_execute(sim_this_cpu(), test->model, &op);
    apply(test, &op, allow(test, before));
    tidy(test, &op);
    machine->steps++;
}

/* ---- several at once ---- */

struct task {
    struct test *test;
    struct op *op;
};

static void run_op(struct sim_cpu *cpu, void *argument)
{
    struct task *task = argument;

    op_execute(cpu, task->test->model, task->op);
    if (sim_draw(cpu, 2) == 0)
        quire_quiescent(cpu->machine->q);
}

/*
 * A second area of slots comes, or goes: its pages come back first. Where some cannot (a read that
 * fails, memory that is short) it is opened again.
 */
static void change_slots(struct test *test, struct quire *q, struct sim_random *random)
{
    if (__atomic_exchange_n(&test->changing_slots, true, __ATOMIC_ACQUIRE))
        return;
    if (test->more_slots == NULL) {
        /* Records of more than a page may lie in a kernel area, where only a CPU can read. */
        if (quire_slot_area_create(
                q, 1 + sim_random_below(random, PAGE / sizeof(struct quire_slot)),
                (int)sim_random_below(random, 3) - 1, NULL, &test->more_slots) != QUIRE_OK)
            test->more_slots = NULL;
        else
            test->areas_came++;
    } else {
        quire_slot_area_close(test->more_slots, true);
        if (quire_reclaim_drain(test->more_slots) == QUIRE_OK &&
            quire_slot_area_destroy(test->more_slots) == QUIRE_OK) {
            test->more_slots = NULL;
            test->areas_went++;
        } else {
            quire_slot_area_close(test->more_slots, false);
        }
    }
    __atomic_store_n(&test->changing_slots, false, __ATOMIC_RELEASE);
}

/* With --swap: memory is swept, by one policy or another. */
static void sweep(struct test *test, struct sim_cpu *cpu, struct sim_random *random)
{
    struct quire *q = cpu->machine->q;
    size_t policies = 0;

    if (sim_random_once_in(random, 40))
        change_slots(test, q, random);

    while (quire_policies[policies] != NULL)
        policies++;
    if (sim_random_once_in(random, 16))
        quire_reclaim_set_policy(q, quire_policies[sim_random_below(random, policies)]);
    if (sim_random_once_in(random, 8))
        quire_reclaim_balance(q);
    else
        (void)quire_reclaim_pages(q, 1 + sim_random_below(random, 64));
}

static void run_sweep(struct sim_cpu *cpu, void *argument)
{
    struct test *test = argument;

    sweep(test, cpu, &test->sweeping);
    if (sim_draw(cpu, 2) == 0)
        quire_quiescent(cpu->machine->q);
}

/* ops[0..count) on different CPUs, from a random one on. */
static void run_together(struct test *test, struct op *ops, unsigned count)
{
    void (*tasks[SIM_CPUS])(struct sim_cpu *, void *) = {NULL};
    void *arguments[SIM_CPUS] = {NULL};
    struct task task[CPUS_MAX];
    unsigned cpus = test->machine->options.cpus;
    unsigned first = (unsigned)sim_random_below(&test->random, cpus);

    for (unsigned i = 0; i < count; i++) {
        task[i] = (struct task){test, &ops[i]};
        tasks[(first + i) % cpus] = run_op;
        arguments[(first + i) % cpus] = &task[i];
    }
    if (test->model->swept && count < cpus) {
        tasks[(first + count) % cpus] = run_sweep;
        arguments[(first + count) % cpus] = test;
    }
    sim_run(test->machine, tasks, arguments);
    test->machine->steps += count;
    memcpy(test->together, ops, count * sizeof(ops[0]));
    test->together_count = count;
}

static void parallel(struct test *test)
{
    struct op ops[CPUS_MAX];
    unsigned count = 0;
    struct before before;
    struct allowance allowance;

    test->machine->doing = "parallel round";
    for (unsigned tries = 0; tries < 12 && count < test->machine->options.cpus; tries++) {
        bool fits = true;

        op_draw(test->model, &test->random, &ops[count]);
        for (unsigned i = 0; fits && i < count; i++)
            fits = !op_conflicts(test->model, &ops[count], &ops[i]);
        count += fits;
    }
    for (unsigned i = 0; i < count; i++) {
        settle(test, &ops[i]);
        unload(test, &ops[i]);
    }
    before = remember(test);
    run_together(test, ops, count);
    allowance = allow(test, before);
    for (unsigned i = 0; i < count; i++)
        apply(test, &ops[i], allowance);
    for (unsigned i = 0; i < count; i++)
        tidy(test, &ops[i]);
}

/* ---- one operation under loads and stores ---- */

/* Those whose answer and effect are decided page by page. */
static bool can_be_hammered(const struct op *op)
{
    switch (op->kind) {
    case OP_MAP:
    case OP_REMAP:
        return (op->flags & (op->kind == OP_MAP ? (unsigned)QUIRE_MAP_FIXED
                                                : (unsigned)QUIRE_REMAP_FIXED)) != 0;
    case OP_UNMAP:
    case OP_PROTECT:
    case OP_LOCK:
    case OP_PAGE_OUT:
    case OP_CLONE:
    case OP_OBJECT_RESIZE:
    case OP_OBJECT_PUNCH:
    case OP_OBJECT_WRITE:
        return true;
    case OP_ADVISE:
        /* With a store at the same time there are three contents: old, new, new among zeros. */
        return op->advice != QUIRE_ADVICE_FREE;
    default:
        return false;
    }
}

/* A load or store on a page that the operation works on, or near it. */
static void draw_hammer(struct test *test, const struct op *target, struct op *op)
{
    struct sim_random *random = &test->random;
    int space = target->space;

    if (target->kind >= OP_OBJECT_CREATE || space < 0) {
        do
            space = (int)sim_random_below(random, SPACES);
        while (test->model->space[space].space == NULL);
    }
    op_draw_inside(test->model, random, space, sim_random_below(random, CLUSTERS), op);
    op->kind = sim_random_once_in(random, 3) ? OP_LOAD : OP_STORE;
    op->length = PAGE;
    op->new_length = 0;
    op->object = -1;
    if (target->kind < OP_OBJECT_CREATE && target->kind != OP_CLONE &&
        !sim_random_once_in(random, 4)) {
        size_t pages = quire_page_up(target->length) / PAGE;

        if (pages > 0 && pages < CLUSTER_PAGES)
            op->address =
                (target->address & QUIRE_PAGE_MASK) + sim_random_below(random, pages) * PAGE;
    }
    op->address &= QUIRE_PAGE_MASK;
}

/* Both stores reach the same bytes, or share what decides their answer. */
static bool same_page(const struct model *model, const struct op *a, const struct op *b)
{
    return op_conflicts(model, a, b) || (a->space == b->space && a->address == b->address);
}

/* The page that one store means moves to where the other's is: both may be found there, or one. */
static bool meet_by_move(const struct op *target, const struct op *a, const struct op *b)
{
    return target->kind == OP_REMAP && a->space == target->space && b->space == target->space &&
           (a->address - target->address == b->address - target->new_address ||
            b->address - target->address == a->address - target->new_address);
}

/* The operation maps the object that the other stores to or loads from, through a shared mapping or
 * one that has no copy: a page that two of them mean is none of the states that are compared. */
static bool reaches_new_mapping(struct model *model, const struct op *target, const struct op *op)
{
    const struct model_page *page = model_page_at(model, op->space, op->address);

    return target->kind == OP_MAP && target->object >= 0 && page != NULL && page->mapped &&
           page->object == target->object && ((page->flags & QUIRE_REGION_SHARED) || !page->own);
}

static bool explains(const struct model *model, const struct op *op, struct allowance allowance)
{
    static struct model copy;
    const char *why;

    copy = *model;
    return model_apply(&copy, op, allowance, &why);
}

/* The page as mappings show it, also behind the object's end. */
static void look_at_object(struct test *test, const struct model_object *object, int number,
                           uint64_t index, struct content *out)
{
    struct quire *q = test->machine->q;
    struct calm calm = calm_down(test);
    struct quire_frame *frame;
    enum quire_status status;

    status = quire_object_page(object->identity, index, QUIRE_OBJECT_ANY_INDEX, &frame);
    stir_up(test, calm);
    if (status != QUIRE_OK) {
        *out = object->paged ? model_stored[number][index] : (struct content){{0}};
        return;
    }
    read_words(q, frame, out);
    quire_frame_put(q, frame);
}

/* An object's page that may be the one or the other: look, and take what is there. */
static void choose_object_pages(struct test *test, struct model *early, struct model *late)
{
    for (int i = 0; i < OBJECTS; i++) {
        for (uint64_t j = 0; late->object[i].exists && j < OBJECT_PAGES; j++) {
            struct content *a = &early->object[i].page[j], *b = &late->object[i].page[j];
            struct content found;

            if (same_content(a, b))
                continue;
            look_at_object(test, &late->object[i], i, j, &found);
            if (!same_content(&found, a) && !same_content(&found, b)) {
                print_together(test);
                for (unsigned k = 0; k < WORDS; k++)
                    fprintf(stderr, "word %u: 0x%llx, early 0x%llx, late 0x%llx\n", k,
                            (unsigned long long)found.word[k], (unsigned long long)a->word[k],
                            (unsigned long long)b->word[k]);
                sim_fail(test->machine, "object %d page %llu is neither as before nor as after", i,
                         (unsigned long long)j);
            }
            *b = found;
        }
    }
}

static bool page_differs(const struct model_page *a, const struct model_page *b)
{
    return a->own != b->own || a->lazy != b->lazy ||
           (a->own && !same_content(&a->content, &b->content));
}

static void choose_pages(struct test *test, struct model *early, struct model *late)
{
    for (int i = 0; i < SPACES; i++) {
        for (size_t j = 0; late->space[i].space != NULL && j < SPACE_PAGES; j++) {
            struct model_page *a = &early->space[i].page[j], *b = &late->space[i].page[j];
            quire_virt at = model_cluster(j / CLUSTER_PAGES) + j % CLUSTER_PAGES * PAGE;
            struct content found;
            struct model_page taken = *a;

            if (!a->mapped || !b->mapped || !page_differs(a, b))
                continue;
            if (probe(test, i, at, &found) != QUIRE_OK)
                continue; /* beyond the end in both, or no right that anybody can ever get */
            if (model_observe(late, i, at, &found))
                continue;
            *b = taken;
            if (!model_observe(late, i, at, &found)) {
                print_together(test);
                sim_fail(test->machine, "space %d at 0x%llx is neither as before nor as after", i,
                         (unsigned long long)at);
            }
        }
    }
}

static void must_apply(struct test *test, struct model *model, const struct op *op,
                       struct allowance allowance)
{
    const char *why = "?";

    if (!model_apply(model, op, allowance, &why))
        disagree(test, op, why);
    lose_ranges(test, model, op);
}

/*
 * A store ran together with an operation that stopped on its way: that one's pages are as before or
 * done, so the store may have found its right or not, its copy may have been made without it, and
 * advice may have thrown it away. What the page shows is taken.
 */
static void look_at_store(struct test *test, const struct op *target, const struct op *op)
{
    struct model_page *page = model_page_at(test->model, op->space, op->address);
    struct model_object *object;
    struct content found;

    if (page == NULL || !page->mapped ||
        probe(test, op->space, op->address & QUIRE_PAGE_MASK, &found) != QUIRE_OK)
        return;
    if (op->status == QUIRE_OK && target->kind != OP_ADVISE && found.word[op->word] != op->value)
        disagree(test, op, "what was stored");
    page->touched = false;
    object = page->object >= 0 ? &test->model->object[page->object] : NULL;
    if (page->flags & QUIRE_REGION_SHARED) {
        object->page[page->index] = found;
        return;
    }
    page->content = found;
    page->own = true;
    page->lazy = object != NULL && same_content(&found, &object->page[page->index]);
}

static void hammer(struct test *test)
{
    static struct model early, late, after;
    struct op ops[CPUS_MAX];
    bool first[CPUS_MAX], last[CPUS_MAX];
    unsigned count = 1;
    struct before before;
    struct allowance allowance;

    test->machine->doing = "hammer round";
    do
        op_draw(test->model, &test->random, &ops[0]);
    while (!can_be_hammered(&ops[0]));
    for (unsigned tries = 0; tries < 12 && count < test->machine->options.cpus; tries++) {
        bool fits = true;

        draw_hammer(test, &ops[0], &ops[count]);
        fits = !reaches_new_mapping(test->model, &ops[0], &ops[count]);
        for (unsigned i = 1; fits && i < count; i++)
            fits = !same_page(test->model, &ops[count], &ops[i]) &&
                   !meet_by_move(&ops[0], &ops[count], &ops[i]);
        count += fits;
    }
    for (unsigned i = 1; i < count; i++) /* nothing may be open on pages that are fought for */
        settle(test, &ops[i]);
    before = remember(test);
    run_together(test, ops, count);
    allowance = allow(test, before);
    if (is_partial(&ops[0])) {
        apply(test, &ops[0], allowance);
        for (unsigned i = 1; i < count; i++)
            if (ops[i].kind == OP_STORE)
                look_at_store(test, &ops[0], &ops[i]);
        return;
    }

    after = *test->model;
    must_apply(test, &after, &ops[0], allowance);
    early = *test->model;
    late = *test->model;
    for (unsigned i = 1; i < count; i++) {
        first[i] = explains(test->model, &ops[i], allowance);
        last[i] = explains(&after, &ops[i], allowance);
        if (!first[i] && !last[i])
            disagree(test, &ops[i], "neither before nor after the operation");
        if (first[i])
            must_apply(test, &early, &ops[i], allowance);
        if (!last[i])
            must_apply(test, &late, &ops[i], allowance);
    }
    must_apply(test, &early, &ops[0], allowance);
    must_apply(test, &late, &ops[0], allowance);
    for (unsigned i = 1; i < count; i++) {
        if (!first[i])
            must_apply(test, &early, &ops[i], allowance);
        if (last[i])
            must_apply(test, &late, &ops[i], allowance);
    }
    /* From here on the library is asked with the new state's spaces. */
    for (int i = 0; i < SPACES; i++)
        test->model->space[i].space = late.space[i].space;
    model_collect_objects(&late);
    choose_object_pages(test, &early, &late);
    choose_pages(test, &early, &late);
    for (unsigned i = 1; i < count; i++) {
        struct model_page *page = model_page_at(&late, ops[i].space, ops[i].address);

        if (page != NULL)
            page->touched = false;
        if (ops[i].kind != OP_STORE)
            continue;
        model_maybe_copied(&late, ops[i].space, ops[i].address);
        if (ops[0].kind == OP_CLONE && ops[0].status == QUIRE_OK)
            model_maybe_copied(&late, ops[0].other, ops[i].address);
        /* Copied before it moved, and then not stored to: nothing is where it was. */
        if (ops[0].kind == OP_REMAP && ops[0].status == QUIRE_OK && ops[0].space == ops[i].space &&
            ops[i].address - ops[0].address < ops[0].length)
            model_maybe_copied(&late, ops[0].space,
                               ops[0].result + (ops[i].address - ops[0].address));
    }
    *test->model = late;
    for (unsigned i = 0; i < count; i++) {
        test->counts[ops[i].kind]++;
        test->refusals[ops[i].status]++;
    }
    tidy(test, &ops[0]);
}

/* ---- running ---- */

void test_start(struct test *test, const struct sim_options *options)
{
    memset(test, 0, sizeof(*test));
    test->machine = sim_create(options);
    model_end = quire_user_limit(test->machine->options.levels);
    test->random.state = options->seed ^ 0x5eed;
    test->model = calloc(1, sizeof(*test->model));
    test->check_every = 1;
    test->compare_every = 16;
    for (int i = 0; i < SPACES; i++)
        for (size_t j = 0; j < SPACE_PAGES; j++)
            test->model->space[i].page[j].object = -1;
    if (quire_slot_area_create(test->machine->q, options->swap ? 2000 : 256, 0, NULL,
                               &test->slots) != QUIRE_OK)
        sim_fail(test->machine, "no memory for the slots");
    test->model->swept = options->swap;
    test->model->leaving = options->swap || options->threads;
    test->sweeping.state = options->seed ^ 0x5eeb;
    if (options->swap) {
        quire_reclaim_set_watermarks(test->machine->q, 60, 120);
        test->machine->disk.write_fail_once_in = 3000;
        if (!options->threads)
            test->machine->disk.read_fail_once_in = 100;
    }
}

static bool no_space(const struct test *test)
{
    for (int i = 0; i < SPACES; i++)
        if (test->model->space[i].space != NULL)
            return false;
    return true;
}

static void quiesce_some(struct test *test)
{
    struct sim_machine *machine = test->machine;

    for (unsigned i = 0; i < machine->options.cpus; i++) {
        if (sim_random_once_in(&test->random, 4)) {
            sim_enter(machine, i);
            quire_quiescent(machine->q);
        }
    }
}

void test_run(struct test *test, uint64_t steps)
{
    struct sim_machine *machine = test->machine;
    uint64_t rounds = 0;

    while (machine->steps < steps) {
        uint64_t choice = sim_random_below(&test->random, 20);
        bool lone = machine->options.cpus == 1;

        /* For a while now and then, allocations fail. */
        if (rounds % 1024 == 0)
            machine->fail_allocation_once_in = sim_random_once_in(&test->random, 4) ? 40 : 0;
        if (choice < 12 || lone || no_space(test))
            single(test);
        else if (choice < 17)
            parallel(test);
        else
            hammer(test);
        find_lost(test);
        model_collect_objects(test->model);
        quiesce_some(test);
        if (test->model->swept && sim_random_once_in(&test->random, 4)) {
            machine->doing = "sweep";
            sweep(test, sim_this_cpu(), &test->sweeping);
            find_lost(test);
        }
        rounds++;
        if (rounds % test->check_every == 0)
            check(test, rounds % test->compare_every == 0);
    }
    machine->fail_allocation_once_in = 0;
}

/* ---- host threads ---- */

struct worker {
    struct test *test;
    unsigned number;
    uint64_t epoch, steps;
    struct sim_random random;
};

/* Operations on clusters that are this worker's own in this epoch; objects that others may look at
 * are left alone. */
static void work(struct sim_cpu *cpu, void *argument)
{
    struct worker *worker = argument;
    struct test *test = worker->test;
    unsigned cpus = cpu->machine->options.cpus;

    for (uint64_t i = 0; i < worker->steps; i++) {
        struct allowance any = {true, true};
        size_t cluster = sim_random_below(&worker->random, CLUSTERS);
        int space = (int)sim_random_below(&worker->random, SPACES);
        struct op op;

        if (test->model->space[space].space == NULL ||
            ((uint64_t)space + cluster + worker->epoch) % cpus != worker->number)
            continue;
        op_draw_inside(test->model, &worker->random, space, cluster, &op);
        if (op_shares_object(test->model, &op))
            continue;
        settle(test, &op);
        op_execute(cpu, test->model, &op);
        apply(test, &op, any);
        if (test->model->swept && sim_random_once_in(&worker->random, 8))
            sweep(test, cpu, &worker->random);
        if (sim_random_once_in(&worker->random, 4))
            quire_quiescent(cpu->machine->q);
    }
    /* Outside the library until the next epoch: nobody waits for this CPU. */
    quire_quiescent(cpu->machine->q);
}

void test_run_threads(struct test *test, uint64_t steps)
{
    struct sim_machine *machine = test->machine;
    unsigned cpus = machine->options.cpus;
    struct worker worker[SIM_CPUS];
    void (*tasks[SIM_CPUS])(struct sim_cpu *, void *) = {NULL};
    void *arguments[SIM_CPUS] = {NULL};

    for (uint64_t epoch = 0; machine->steps < steps; epoch++) {
        for (unsigned i = 0; i < 30; i++) {
            single(test);
            model_collect_objects(test->model);
            quiesce_some(test);
        }
        machine->doing = "threads";
        for (unsigned i = 0; i < cpus; i++) {
            worker[i] = (struct worker){.test = test,
                                        .number = i,
                                        .epoch = epoch,
                                        .steps = 300,
                                        .random = {sim_random_below(&test->random, UINT64_MAX)}};
            tasks[i] = work;
            arguments[i] = &worker[i];
        }
        sim_run_threads(machine, tasks, arguments);
        machine->steps += (uint64_t)cpus * 100;
        sim_enter(machine, 0);
        model_collect_objects(test->model);
        check(test, true);
    }
}

/* ---- the end ---- */

void test_end(struct test *test)
{
    struct sim_machine *machine = test->machine;
    struct quire_frame_stats stats;

    machine->doing = "giving everything back";
    machine->disk.read_fail_once_in = 0;
    sim_enter(machine, 0);
    for (int i = 0; i < SPACES; i++) {
        struct op op = {.kind = OP_DESTROY, .space = i, .object = -1};

        if (test->model->space[i].space == NULL)
            continue;
        unload(test, &op);
        op_execute(sim_this_cpu(), test->model, &op);
        apply(test, &op, (struct allowance){false, false});
    }
    for (int i = 0; i < OBJECTS; i++)
        if (test->model->object[i].object != NULL) {
            quire_object_put(test->model->object[i].object);
            test->model->object[i].object = NULL;
        }
    sim_quiesce(machine);
    quire_grace_flush(machine->q);
    if (quire_slot_area_destroy(test->slots) != QUIRE_OK ||
        (test->more_slots != NULL && quire_slot_area_destroy(test->more_slots) != QUIRE_OK))
        sim_fail(machine, "slots are still in use");
    check(test, false);
    for (unsigned i = 0; i < machine->options.cpus; i++) {
        sim_enter(machine, i);
        quire_heap_shrink(machine->q);
    }
    quire_frame_stats(machine->q, &stats);
    for (uint32_t i = 0; (i = quire_frame_next_written(machine->q, i)) < machine->q->frame.count;
         i++) {
        const struct quire_frame *frame = quire_frame_at(machine->q, i);

        if (frame->kind == QUIRE_FRAME_ANONYMOUS || frame->kind == QUIRE_FRAME_OBJECT)
            sim_fail(machine, "frame %u (kind %s, count %u) was lost, one of %llu", i,
                     quire_frame_kind_string((enum quire_frame_kind)frame->kind), frame->count,
                     (unsigned long long)(stats.kind[QUIRE_FRAME_ANONYMOUS] +
                                          stats.kind[QUIRE_FRAME_OBJECT]));
    }
    if (stats.kind[QUIRE_FRAME_TABLE] > QUIRE_ROOT_ENTRIES - QUIRE_ROOT_KERNEL + 1 + 8 +
                                            (machine->q->self_map_fixed ? QUIRE_TABLE_ENTRIES : 0))
        sim_fail(machine, "%llu page tables are left",
                 (unsigned long long)stats.kind[QUIRE_FRAME_TABLE]);
    sim_destroy(machine);
    free(test->model);
}
