/*
 * Injection: a script of operations, run again and again; in the n-th run the n-th allocation fails
 * (or the n-th transfer of the disk), for every n until a run meets no failure any more. After the
 * operation that failed: its status is a named error, everything is as it was before it,
 * quire_check and the TLBs agree; the operation is then done once more and must succeed; and at the
 * end of the run every frame is back.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE QUIRE_PAGE_SIZE
#define BASE ((quire_virt)0x7ff000) /* one page below the end of a leaf table */
#define FAR  ((quire_virt)0x40000000)
#define RIGHTS                                                                                     \
    (QUIRE_PROT_READ | QUIRE_PROT_WRITE | QUIRE_REGION_MAY_READ | QUIRE_REGION_MAY_WRITE |         \
     QUIRE_REGION_MAY_EXECUTE)
#define REGIONS 32

/* What a run has made so far. */
struct run {
    struct sim_machine *machine;
    struct quire *q;
    bool disk; /* transfers fail: looking at content would bring pages in before their time */
    struct quire_space *space, *child;
    struct quire_object *memory, *file;
    struct quire_slot_area *slots;
    void *area, *block;
    struct quire_cache *cache;
    void *things[40];
};

/* ---- the state that a failure must not change ---- */

struct state {
    size_t regions;
    struct quire_region_info region[REGIONS];
    uint64_t sum;        /* of all readable content */
    uint64_t object_sum; /* of the objects' bytes and sizes */
    size_t areas;
    quire_virt program_break;
};

static uint64_t mix(uint64_t sum, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3u;
    return sum;
}

/* A region that was cut in two says the same as before. */
static bool continues(const struct quire_region_info *a, const struct quire_region_info *b)
{
    return a->end == b->start && a->flags == b->flags && a->object == b->object &&
           (a->object == NULL || a->offset + (a->end - a->start) == b->offset);
}

static void take_state(struct run *run, struct state *state)
{
    uint8_t bytes[PAGE];
    struct quire_region_info info;
    quire_virt at = 0;
    size_t done;

    memset(state, 0, sizeof(*state));
    state->areas = run->q->area.tree.count;
    if (run->space != NULL)
        state->program_break = quire_space_break(run->space, 0);
    while (run->space != NULL && quire_space_region(run->space, at, &info)) {
        if (info.object != NULL)
            quire_object_put(info.object);
        for (at = info.start; at < info.end && (info.flags & 7) && !run->disk; at += PAGE)
            if (quire_space_read(run->space, at, bytes, PAGE, false, &done) == QUIRE_OK)
                state->sum = mix(state->sum, bytes, PAGE);
        at = info.end;
        if (state->regions > 0 && continues(&state->region[state->regions - 1], &info))
            state->region[state->regions - 1].end = info.end;
        else
            state->region[state->regions++] = info;
    }
    for (unsigned i = 0; i < 2; i++) {
        struct quire_object *object = i == 0 ? run->memory : run->file;

        for (uint64_t offset = 0; object != NULL && offset < object->size; offset += PAGE)
            if (quire_object_read(object, offset, bytes, PAGE, &done) == QUIRE_OK)
                state->object_sum = mix(state->object_sum, bytes, done);
    }
}

static bool same_state(const struct state *a, const struct state *b)
{
    return a->regions == b->regions && a->sum == b->sum && a->object_sum == b->object_sum &&
           a->areas == b->areas && a->program_break == b->program_break &&
           memcmp(a->region, b->region, sizeof(a->region)) == 0;
}

/* ---- a file ---- */

static enum quire_status fill(struct quire_object *object, uint64_t index,
                              struct quire_frame *const *frames, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint8_t *bytes = quire_frame_map(object->q, frames[i]);

        memset(bytes, (int)(index + i + 1), PAGE);
        quire_frame_unmap(object->q, frames[i], bytes);
    }
    return QUIRE_OK;
}

static const struct quire_pager pager = {.fill = fill};

/* ---- the script: each step returns its status and may be tried again ---- */

static enum quire_status map(struct run *run, quire_virt address, size_t pages, uint32_t region,
                             struct quire_object *object, uint64_t offset, uint32_t flags)
{
    struct quire_map request = {.address = address,
                                .length = pages * PAGE,
                                .region = region,
                                .flags = QUIRE_MAP_FIXED | flags,
                                .object = object,
                                .offset = offset};
    quire_virt result;

    return quire_space_map(run->space, &request, &result);
}

static enum quire_status store_all(struct run *run, quire_virt start, size_t pages, uint64_t value)
{
    struct sim_cpu *cpu = sim_this_cpu();

    sim_switch(cpu, run->space);
    for (size_t i = 0; i < pages; i++) {
        enum quire_status status = sim_store(cpu, start + i * PAGE + 8 * i, value + i);

        if (status != QUIRE_OK)
            return status;
    }
    return QUIRE_OK;
}

static enum quire_status not_null(const void *pointer)
{
    return pointer != NULL ? QUIRE_OK : QUIRE_NO_MEMORY;
}

#define BREAK (FAR + 128 * PAGE)

static enum quire_status step_create(struct run *run)
{
    enum quire_status status = quire_space_create(run->q, &run->space);

    if (status == QUIRE_OK)
        quire_space_set_break(run->space, BREAK);
    return status;
}

static enum quire_status step_memory(struct run *run)
{
    return quire_object_create(run->q, QUIRE_OBJECT_MEMORY, NULL, NULL, 40 * PAGE, &run->memory);
}

static enum quire_status step_file(struct run *run)
{
    return quire_object_create(run->q, QUIRE_OBJECT_PAGED, &pager, NULL, 8 * PAGE, &run->file);
}

static enum quire_status step_slots(struct run *run)
{
    return quire_slot_area_create(run->q, 32, 0, NULL, &run->slots);
}

static enum quire_status step_map(struct run *run)
{
    return map(run, BASE, 8, RIGHTS, NULL, 0, 0);
}

static enum quire_status step_map_shared(struct run *run)
{
    return map(run, BASE + 16 * PAGE, 8, RIGHTS | QUIRE_REGION_SHARED, run->memory, 4 * PAGE, 0);
}

static enum quire_status step_map_file(struct run *run)
{
    return map(run, FAR, 8, RIGHTS, run->file, 0, 0);
}

static enum quire_status step_map_more(struct run *run)
{
    return map(run, FAR + 16 * PAGE, 12, RIGHTS, NULL, 0, 0);
}

static enum quire_status step_map_over(struct run *run)
{
    return map(run, FAR + 20 * PAGE, 2, RIGHTS & ~(uint32_t)QUIRE_PROT_WRITE, NULL, 0, 0);
}

static enum quire_status step_store(struct run *run)
{
    return store_all(run, BASE, 8, 100);
}

static enum quire_status step_store_shared(struct run *run)
{
    return store_all(run, BASE + 16 * PAGE, 8, 200);
}

static enum quire_status step_store_file(struct run *run)
{
    return store_all(run, FAR, 4, 300);
}

static enum quire_status step_store_more(struct run *run)
{
    return store_all(run, FAR + 16 * PAGE, 4, 400);
}

static enum quire_status step_clone(struct run *run)
{
    return quire_space_clone(run->space, &run->child);
}

static enum quire_status step_store_after_clone(struct run *run)
{
    return store_all(run, BASE, 2, 500);
}

static enum quire_status step_write_child(struct run *run)
{
    uint64_t value = 77;
    size_t done;

    return quire_space_write(run->child, FAR + 17 * PAGE, &value, sizeof(value), false, &done);
}

static enum quire_status step_protect(struct run *run)
{
    return quire_space_protect(run->space, BASE + 2 * PAGE, 2 * PAGE, QUIRE_PROT_READ, false);
}

static enum quire_status step_protect_none(struct run *run)
{
    return quire_space_protect(run->space, FAR + PAGE, PAGE, QUIRE_PROT_NONE, false);
}

static enum quire_status step_unmap(struct run *run)
{
    return quire_space_unmap(run->space, BASE + 5 * PAGE, PAGE);
}

static enum quire_status step_remap_move(struct run *run)
{
    quire_virt result;

    return quire_space_remap(run->space, BASE, 2 * PAGE, 4 * PAGE, QUIRE_REMAP_MAY_MOVE, 0,
                             &result);
}

static enum quire_status step_remap_fixed(struct run *run)
{
    quire_virt result;

    return quire_space_remap(run->space, BASE + 18 * PAGE, 2 * PAGE, 2 * PAGE,
                             QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_FIXED, FAR + 64 * PAGE, &result);
}

/* The new place, the tail and the old place are all cut out of the middle of something. */
static enum quire_status step_remap_over(struct run *run)
{
    quire_virt result;

    return quire_space_remap(run->space, BASE + 20 * PAGE, 3 * PAGE, 2 * PAGE,
                             QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_FIXED, FAR + 25 * PAGE, &result);
}

static enum quire_status step_remap_keep(struct run *run)
{
    quire_virt result;

    return quire_space_remap(run->space, BASE + 3 * PAGE, PAGE, PAGE,
                             QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_FIXED | QUIRE_REMAP_KEEP_OLD,
                             FAR + 17 * PAGE, &result);
}

static enum quire_status step_dont_need(struct run *run)
{
    return quire_space_advise(run->space, FAR + 16 * PAGE, PAGE, QUIRE_ADVICE_DONT_NEED);
}

static enum quire_status step_no_fork(struct run *run)
{
    return quire_space_advise(run->space, FAR + 24 * PAGE, PAGE, QUIRE_ADVICE_DONT_FORK);
}

static enum quire_status step_break(struct run *run)
{
    return quire_space_break(run->space, BREAK + 3 * PAGE) == BREAK + 3 * PAGE ? QUIRE_OK
                                                                               : QUIRE_NO_MEMORY;
}

static enum quire_status step_object_write(struct run *run)
{
    size_t done;

    return quire_object_write(run->memory, 39 * PAGE + 5, "hello", 5, &done);
}

/* Pages that nobody shares may go. */
#define ALONE (FAR + 1024 * PAGE)

static enum quire_status step_map_alone(struct run *run)
{
    return map(run, ALONE, 6, RIGHTS, NULL, 0, 0);
}

static enum quire_status step_store_alone(struct run *run)
{
    return store_all(run, ALONE, 6, 600);
}

static enum quire_status step_page_out(struct run *run)
{
    (void)quire_space_page_out(run->space, ALONE, 6 * PAGE);
    return QUIRE_OK;
}

static enum quire_status step_swap_in(struct run *run)
{
    return quire_space_populate(run->space, ALONE, 3 * PAGE, QUIRE_ACCESS_WRITE);
}

static enum quire_status step_clone_swapped(struct run *run)
{
    if (run->child != NULL)
        quire_space_destroy(run->child);
    run->child = NULL;
    return quire_space_clone(run->space, &run->child);
}

static enum quire_status step_swap_in_child(struct run *run)
{
    return quire_space_populate(run->child, ALONE, 6 * PAGE, QUIRE_ACCESS_READ);
}

static enum quire_status step_area(struct run *run)
{
    run->area = quire_area_alloc(run->q, 3 * PAGE, "test");
    return not_null(run->area);
}

static enum quire_status step_heap(struct run *run)
{
    run->block = quire_heap_alloc(run->q, 3 * PAGE + 100);
    return not_null(run->block);
}

static enum quire_status step_heap_resize(struct run *run)
{
    void *block = quire_heap_resize(run->q, run->block, 9 * PAGE);

    if (block != NULL)
        run->block = block;
    return not_null(block);
}

static enum quire_status step_cache(struct run *run)
{
    run->cache = quire_cache_create(run->q, "things", 700, 0);
    return not_null(run->cache);
}

static enum quire_status step_cache_alloc(struct run *run)
{
    for (size_t i = 0; i < sizeof(run->things) / sizeof(run->things[0]); i++) {
        if (run->things[i] == NULL)
            run->things[i] = quire_cache_alloc(run->q, run->cache);
        if (run->things[i] == NULL)
            return QUIRE_NO_MEMORY;
    }
    return QUIRE_OK;
}

static const struct step {
    const char *name;
    enum quire_status (*run)(struct run *run);
    bool partial; /* a failure may leave a part done: stores page by page, a transfer, a lost target
                   */
} script[] = {
    {"heap", step_heap, false},
    {"heap resize", step_heap_resize, false},
    {"cache", step_cache, false},
    {"cache alloc", step_cache_alloc, false},
    {"area", step_area, false},
    {"space create", step_create, false},
    {"object create", step_memory, false},
    {"object create, paged", step_file, false},
    {"slot area", step_slots, false},
    {"map", step_map, false},
    {"map shared", step_map_shared, false},
    {"map file", step_map_file, false},
    {"map more", step_map_more, false},
    {"store", step_store, true},
    {"store shared", step_store_shared, true},
    {"store file", step_store_file, true},
    {"store more", step_store_more, true},
    {"object write", step_object_write, false},
    {"clone", step_clone, false},
    {"store after clone", step_store_after_clone, true},
    {"write to the child", step_write_child, false},
    {"protect", step_protect, false},
    {"protect none", step_protect_none, false},
    {"unmap a hole", step_unmap, false},
    {"remap, move", step_remap_move, false},
    {"remap, fixed", step_remap_fixed, false},
    {"remap, over a mapping", step_remap_over, false},
    {"remap, over a mapping, old one kept", step_remap_keep, false},
    {"don't need", step_dont_need, false},
    {"no fork", step_no_fork, false},
    {"map over", step_map_over, false},
    {"break", step_break, false},
    {"map alone", step_map_alone, false},
    {"store alone", step_store_alone, true},
    {"page out", step_page_out, true},
    {"swap in", step_swap_in, false},
    {"clone with pages out", step_clone_swapped, false},
    {"swap in, in the child", step_swap_in_child, false},
};
#define STEPS (sizeof(script) / sizeof(script[0]))

static void give_back(struct run *run)
{
    for (size_t i = 0; i < sizeof(run->things) / sizeof(run->things[0]); i++)
        if (run->things[i] != NULL)
            quire_cache_free(run->q, run->cache, run->things[i]);
    if (run->cache != NULL && quire_cache_destroy(run->q, run->cache) != QUIRE_OK)
        sim_fail(run->machine, "the cache is still in use");
    quire_heap_free(run->q, run->block);
    if (run->area != NULL)
        (void)quire_area_free(run->q, run->area);
    sim_switch(sim_this_cpu(), NULL);
    if (run->child != NULL)
        quire_space_destroy(run->child);
    if (run->space != NULL)
        quire_space_destroy(run->space);
    if (run->memory != NULL)
        quire_object_put(run->memory);
    if (run->file != NULL)
        quire_object_put(run->file);
    sim_quiesce(run->machine);
    quire_grace_flush(run->q);
    if (run->slots != NULL && quire_slot_area_destroy(run->slots) != QUIRE_OK)
        sim_fail(run->machine, "slots are still in use");
}

static void check(struct run *run)
{
    if (quire_check(run->q) != QUIRE_OK)
        sim_fail(run->machine, "quire_check found a disagreement");
    sim_audit(run->machine);
}

/* Frames in use, without those that the heap and the CPU keep and the tables of the kernel half. */
static uint64_t frames_out(struct run *run)
{
    struct quire_frame_stats stats;

    (void)quire_heap_shrink(run->q);
    quire_frame_stats(run->q, &stats);
    return stats.kind[QUIRE_FRAME_ANONYMOUS] + stats.kind[QUIRE_FRAME_OBJECT] +
           stats.kind[QUIRE_FRAME_KERNEL] + stats.kind[QUIRE_FRAME_HEAP];
}

/*
 * One machine lives through all runs of one kind, so that a leak adds up. Returns whether the n-th
 * allocation (or transfer) existed and failed.
 */
static bool run_once(struct sim_machine *machine, uint64_t n, bool disk, uint64_t frames_before)
{
    struct run run = {.machine = machine, .q = machine->q, .disk = disk};
    bool failed = false;

    for (size_t i = 0; i < STEPS; i++) {
        struct state before, after;
        enum quire_status status;
        uint64_t at = disk ? machine->disk.fail_at : machine->fail_allocation_at;

        /* Looking must neither fail nor count. */
        machine->disk.fail_at = machine->fail_allocation_at = 0;
        machine->doing = script[i].name;
        machine->steps = n;
        if (i == 0)
            at = n;
        take_state(&run, &before);
        *(disk ? &machine->disk.fail_at : &machine->fail_allocation_at) = failed ? 0 : at;
        status = script[i].run(&run);
        at = disk ? machine->disk.fail_at : machine->fail_allocation_at;
        machine->disk.fail_at = machine->fail_allocation_at = 0;
        check(&run);
        if (at == 0 && !failed) {
            failed = true;
            if (status != QUIRE_OK && status != QUIRE_NO_MEMORY && status != QUIRE_IO_ERROR)
                sim_fail(machine, "failure %llu in \"%s\" gives \"%s\"", (unsigned long long)n,
                         script[i].name, quire_status_string(status));
            take_state(&run, &after);
            check(&run);
            if (status != QUIRE_OK && !script[i].partial && status != QUIRE_IO_ERROR &&
                !same_state(&before, &after))
                sim_fail(machine, "failure %llu in \"%s\" left another state",
                         (unsigned long long)n, script[i].name);
            if (status == QUIRE_NO_MEMORY)
                status = script[i].run(&run);
            if (status == QUIRE_IO_ERROR)
                break; /* what was on the disk is lost: the run ends here */
        }
        if (status != QUIRE_OK)
            sim_fail(machine, "\"%s\": %s, without a failure", script[i].name,
                     quire_status_string(status));
        *(disk ? &machine->disk.fail_at : &machine->fail_allocation_at) = failed ? 0 : at;
    }
    machine->disk.fail_at = machine->fail_allocation_at = 0;
    give_back(&run);
    check(&run);
    if (frames_before != 0 && frames_out(&run) != frames_before)
        sim_fail(machine, "after failure %llu %lld frames are missing", (unsigned long long)n,
                 (long long)(frames_out(&run) - frames_before));
    return failed;
}

static void run_all(bool disk, unsigned cpus, uint32_t high)
{
    struct sim_options options = {.cpus = cpus, .frames = 1600, .high = high, .seed = 1};
    struct sim_machine *machine = sim_create(&options);
    struct run run = {.machine = machine, .q = machine->q};
    uint64_t n = 1, frames;

    machine->q->reclaimer = NULL; /* a failure is a failure */
    /* Once without any, so that what stays for ever is there. */
    (void)run_once(machine, UINT64_MAX / 2, disk, 0);
    frames = frames_out(&run);
    while (run_once(machine, n, disk, frames))
        n++;
    printf("%s failed in %llu places, one at a time (%u CPUs%s)\n",
           disk ? "disk transfers" : "allocations", (unsigned long long)n - 1, cpus,
           high != 0 ? ", memory beyond the direct map" : "");
    if (n < (disk ? 4 : 100))
        sim_fail(machine, "that is fewer places than the script has");
    sim_destroy(machine);
}

int main(void)
{
    run_all(false, 1, 0);
    run_all(false, 3, 0);
    run_all(false, 2, 600);
    run_all(true, 2, 0);
    return 0;
}
