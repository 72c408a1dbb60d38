/* Files behind objects: read-ahead, writing back, dropping, reclaim; a pager that keeps what it is
 * given in an array. */
#include "scene.h"

#include <quire/reclaim.h>

#include <string.h>

#define RW_SHARED (RW | QUIRE_REGION_SHARED)
#define PAGES     200

static struct quire_object *object;

static struct {
    uint64_t word[PAGES]; /* the first of each page */
    unsigned fills, filled, cleans, cleaned;
    unsigned longest; /* run written */
    uint64_t busy;    /* a run that ends before this page is being written; 0: none */
    bool fail_clean;
    int64_t bad;             /* this page can be neither read nor written; -1: none */
    void (*meanwhile)(void); /* called once while a page is filled or written */
} file;

static void do_meanwhile(void)
{
    void (*what)(void) = file.meanwhile;

    file.meanwhile = NULL;
    if (what != NULL)
        what();
}

/* For a while, if there are any. */
static void others_run(void)
{
    for (unsigned i = 0; i < 20; i++)
        sim_yield(sim_this_cpu());
}

static bool has_bad(uint64_t index, unsigned n)
{
    return file.bad >= 0 && (uint64_t)file.bad >= index && (uint64_t)file.bad < index + n;
}

static enum quire_status fill(struct quire_object *which, uint64_t index,
                              struct quire_frame *const *frames, unsigned n)
{
    uint64_t word[QUIRE_PAGER_RUN];

    file.fills++;
    file.filled += n;
    memcpy(word, &file.word[index], n * sizeof(*word));
    do_meanwhile();
    if (has_bad(index, n))
        return QUIRE_IO_ERROR;
    for (unsigned i = 0; i < n; i++) {
        uint64_t *bytes = quire_frame_map(which->q, frames[i]);

        memset(bytes, 0x5a, PAGE);
        bytes[0] = word[i];
        quire_frame_unmap(which->q, frames[i], bytes);
    }
    return QUIRE_OK;
}

static enum quire_status clean(struct quire_object *which, uint64_t index,
                               struct quire_frame *const *frames, unsigned n)
{
    file.cleans++;
    file.busy = index + n;
    do_meanwhile();
    others_run();
    file.busy = 0;
    if (file.fail_clean || has_bad(index, n))
        return QUIRE_IO_ERROR;
    for (unsigned i = 0; i < n; i++) {
        uint64_t *bytes = quire_frame_map(which->q, frames[i]);

        file.word[index + i] = bytes[0];
        quire_frame_unmap(which->q, frames[i], bytes);
    }
    file.cleaned += n;
    if (n > file.longest)
        file.longest = n;
    return QUIRE_OK;
}

static const struct quire_pager pager = {.fill = fill, .clean = clean};

static int start(void **state)
{
    (void)state;
    scene_begin(4);
    memset(&file, 0, sizeof(file));
    file.bad = -1;
    for (unsigned i = 0; i < PAGES; i++)
        file.word[i] = 1000 + i;
    assert_ok(
        quire_object_create(machine->q, QUIRE_OBJECT_PAGED, &pager, NULL, PAGES * PAGE, &object));
    return 0;
}

static int end(void **state)
{
    quire_object_put(object);
    return scene_finish(state);
}

static void map(quire_virt address, size_t pages, uint32_t region, uint64_t offset)
{
    struct quire_map request = {.address = address,
                                .length = pages * PAGE,
                                .region = region,
                                .flags = QUIRE_MAP_FIXED,
                                .object = object,
                                .offset = offset};
    quire_virt out;

    assert_ok(quire_space_map(space, &request, &out));
}

static uint64_t load(quire_virt address)
{
    uint64_t word;

    assert_ok(sim_load(cpu, address, &word));
    return word;
}

static void store(unsigned page, uint64_t value)
{
    assert_ok(sim_store(cpu, BASE + page * PAGE, value));
}

static void reading_in_order_goes_ahead(void **state)
{
    (void)state;
    map(BASE, PAGES, RW_SHARED, 0);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(load(BASE + i * PAGE), 1000 + i);
    assert_int_equal(file.filled, PAGES);
    /* 16, then 32 at a time. */
    assert_in_range(file.fills, 1, 1 + (PAGES - 16 + 31) / 32);
}

/* A page here and there of a file that is read at random soon comes alone. */
static void reading_at_random_does_not(void **state)
{
    uint64_t seed = machine_seed();

    (void)state;
    map(BASE, PAGES, RW_SHARED, 0);
    for (unsigned i = 0; i < 600; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        if (i == 300)
            file.fills = file.filled = 0;
        (void)load(BASE + (seed >> 33) % PAGES * PAGE);
        if (i % 2 == 0)
            assert_true(quire_object_drop(object, 0, UINT64_MAX, true) > 0);
    }
    assert_true(file.filled < 2 * file.fills);
    assert_ok(quire_space_advise(space, BASE, PAGES * PAGE, QUIRE_ADVICE_RANDOM));
    quire_object_drop(object, 0, UINT64_MAX, true);
    file.fills = file.filled = 0;
    (void)load(BASE + 7 * PAGE);
    assert_int_equal(file.filled, 1);
    assert_ok(quire_space_advise(space, BASE, PAGES * PAGE, QUIRE_ADVICE_SEQUENTIAL));
    (void)load(BASE + 50 * PAGE);
    assert_int_equal(file.filled, 33);
}

static void stores_are_written_back(void **state)
{
    (void)state;
    map(BASE, PAGES, RW_SHARED, 0);
    for (unsigned i = 10; i < 90; i++)
        store(i, i);
    assert_int_equal(file.cleans, 0);
    assert_ok(quire_object_clean(object, 0, UINT64_MAX));
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(file.word[i], i >= 10 && i < 90 ? i : 1000 + i);
    assert_int_equal(file.cleaned, 80);
    assert_int_equal(file.longest, 32);
    assert_int_equal(quire_object_dirty(object), 0);
    /* Once, and again only what was stored to after that. */
    assert_ok(quire_object_clean(object, 0, UINT64_MAX));
    assert_int_equal(file.cleaned, 80);
    store(20, 7);
    assert_ok(quire_object_clean(object, 0, UINT64_MAX));
    assert_int_equal(file.cleaned, 81);
    assert_int_equal(file.word[20], 7);
    /* What munmap takes the entry of is known to the page. */
    store(21, 8);
    assert_ok(quire_space_unmap(space, BASE, PAGES * PAGE));
    assert_int_equal(quire_object_dirty(object), 1);
    assert_ok(quire_object_clean(object, 0, 20));
    assert_int_equal(quire_object_dirty(object), 1);
    assert_ok(quire_object_clean(object, 21, 21));
    assert_int_equal(file.word[21], 8);
}

static void store_while_cleaning(void)
{
    store(3, 33);
}

static void a_store_meanwhile_is_written_next_time(void **state)
{
    (void)state;
    map(BASE, 8, RW_SHARED, 0);
    store(3, 3);
    file.meanwhile = store_while_cleaning;
    assert_ok(quire_object_clean(object, 0, UINT64_MAX));
    assert_ok(quire_object_clean(object, 0, UINT64_MAX));
    assert_int_equal(file.word[3], 33);
    assert_int_equal(file.cleans, 2);
}

static void what_cannot_be_written_stays(void **state)
{
    (void)state;
    map(BASE, 8, RW_SHARED, 0);
    store(2, 2);
    file.fail_clean = true;
    assert_status(quire_object_clean(object, 0, UINT64_MAX), QUIRE_IO_ERROR);
    assert_ok(quire_space_unmap(space, BASE, 8 * PAGE));
    (void)quire_reclaim_pages(machine->q, 1000);
    (void)quire_object_drop(object, 0, UINT64_MAX, true);
    assert_int_equal(object->resident, 1);
    assert_int_equal(quire_object_dirty(object), 1);
    file.fail_clean = false;
    assert_true(quire_reclaim_pages(machine->q, 1000) > 0);
    assert_int_equal(object->resident, 0);
    assert_int_equal(file.word[2], 2);
    map(BASE, 8, RW_SHARED, 0);
    assert_int_equal(load(BASE + 2 * PAGE), 2);
}

static void reclaim_takes_mapped_and_dirty_pages(void **state)
{
    (void)state;
    map(BASE, PAGES, RW_SHARED, 0);
    for (unsigned i = 0; i < PAGES; i += 2)
        store(i, i);
    while (object->resident > 0)
        assert_true(quire_reclaim_pages(machine->q, 50) > 0);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(file.word[i], i % 2 == 0 ? i : 1000 + i);
    assert_int_equal(file.cleaned, PAGES / 2);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(load(BASE + i * PAGE), file.word[i]);
}

static unsigned stalls;
static int stalling;

void quire_hook_stall(struct quire *which, bool begins)
{
    (void)which;
    stalls += begins;
    stalling += begins ? 1 : -1;
}

static void reclaim_everything(void)
{
    while (object->resident > 0)
        assert_true(quire_reclaim_pages(machine->q, 50) > 0);
    machine->q->reclaim.state.resident = 2 * PAGES; /* as if there were others, too */
}

/* Pages that come again soon are missed, and who needs them waits for memory. */
static void what_went_too_early_is_told(void **state)
{
    uint64_t refaults, missed;

    (void)state;
    stalls = 0;
    map(BASE, PAGES, RW_SHARED, 0);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(load(BASE + i * PAGE), 1000 + i);
    assert_int_equal(scene_events(QUIRE_EVENT_PAGE_REFAULT), 0);
    reclaim_everything();
    assert_int_equal(stalls, 0);
    file.filled = file.fills = 0;
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(load(BASE + i * PAGE), 1000 + i);
    assert_int_equal(scene_events(QUIRE_EVENT_PAGE_REFAULT), PAGES);
    assert_int_equal(scene_events(QUIRE_EVENT_PAGE_THRASH), PAGES);
    assert_int_equal(stalls, file.fills); /* neighbours were not waited for */
    assert_int_equal(stalling, 0);

    reclaim_everything();
    machine->q->reclaim.state.evictions += 2 * PAGES;
    missed = scene_events(QUIRE_EVENT_PAGE_THRASH);
    stalls = 0;
    assert_int_equal(load(BASE + 20 * PAGE), 1020);
    assert_true(scene_events(QUIRE_EVENT_PAGE_REFAULT) > PAGES);
    assert_int_equal(scene_events(QUIRE_EVENT_PAGE_THRASH),
                     missed); /* memory would have to be larger */
    assert_int_equal(stalls, 0);

    /* What was told to go was not taken. */
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(load(BASE + i * PAGE), 1000 + i);
    refaults = scene_events(QUIRE_EVENT_PAGE_REFAULT);
    assert_int_equal(quire_object_drop(object, 0, UINT64_MAX, true), PAGES);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(load(BASE + i * PAGE), 1000 + i);
    assert_int_equal(scene_events(QUIRE_EVENT_PAGE_REFAULT), refaults);
    machine_check(machine);
}

static void truncate_while_filling(void)
{
    quire_object_resize(object, 5 * PAGE + 8);
    file.word[5] = 0; /* as the file behind it */
}

/* What was on its way is neither seen beyond the end nor as the old rest of the last page. */
static void truncation_while_a_page_is_filled(void **state)
{
    uint64_t word;

    (void)state;
    map(BASE, PAGES, RW_SHARED, 0);
    file.meanwhile = truncate_while_filling;
    assert_status(sim_load(cpu, BASE + 7 * PAGE, &word), QUIRE_BEYOND_END);
    assert_int_equal(load(BASE + 5 * PAGE), 0);
    assert_int_equal(load(BASE + 5 * PAGE + 8), 0); /* not the pager's rest */
    quire_object_resize(object, 8 * PAGE);
    assert_int_equal(load(BASE + 5 * PAGE + 16), 0);
    machine_check(machine);
}

static void changes_behind_the_object(void **state)
{
    (void)state;
    map(BASE, 8, RW_SHARED, 0);
    assert_int_equal(load(BASE), 1000);
    store(1, 1);
    file.word[0] = 5;
    file.word[1] = 6;
    assert_int_equal(load(BASE), 1000);
    (void)quire_object_drop(object, 0, UINT64_MAX, false);
    assert_int_equal(load(BASE), 1000); /* mapped ones stay */
    (void)quire_object_drop(object, 0, UINT64_MAX, true);
    assert_int_equal(load(BASE), 5);
    assert_int_equal(load(BASE + PAGE), 1); /* dirty: ours stands */
}

static void new_pages_beyond_the_end_are_not_asked_for(void **state)
{
    size_t done;

    (void)state;
    assert_ok(quire_object_write(object, PAGES * PAGE + 100, "end", 3, &done));
    assert_int_equal(file.fills, 0);
    assert_int_equal(object->size, PAGES * PAGE + 103);
    assert_int_equal(quire_object_dirty(object), 1);
    quire_object_resize(object, PAGES * PAGE);
    assert_int_equal(quire_object_dirty(object), 0);
}

static void what_was_behind_the_end_is_written_when_the_file_grows(void **state)
{
    struct quire_frame *frame;

    (void)state;
    quire_object_resize(object, PAGE + 100);
    assert_ok(quire_object_page(object, 1, QUIRE_OBJECT_ALLOCATE, &frame));
    quire_frame_mark_dirty(frame);
    assert_ok(quire_object_clean(object, 0, UINT64_MAX));
    assert_int_equal(quire_object_dirty(object), 0);
    quire_object_resize(object, PAGE + 200);
    assert_int_equal(quire_object_dirty(object), 1);
    quire_frame_put(machine->q, frame);
}

static void fetching_ahead(void **state)
{
    (void)state;
    assert_ok(quire_object_fetch_ahead(object, 10, 80));
    assert_true(file.fills <= 4);
    assert_true(object->resident >= 71);
    file.fills = 0;
    map(BASE, PAGES, RW_SHARED, 0);
    for (unsigned i = 10; i <= 80; i++)
        assert_int_equal(load(BASE + i * PAGE), 1000 + i);
    assert_int_equal(file.fills, 0);
}

/* Read-ahead over a place that cannot be read: who wants another page does not notice. */
static void a_bad_place_costs_one_page(void **state)
{
    uint64_t word;

    (void)state;
    map(BASE, PAGES, RW_SHARED, 0);
    file.bad = 40;
    for (unsigned i = 0; i < PAGES; i++) {
        if (i == 40)
            assert_status(sim_load(cpu, BASE + i * PAGE, &word), QUIRE_IO_ERROR);
        else
            assert_int_equal(load(BASE + i * PAGE), 1000 + i);
    }
    assert_int_equal(object->resident, PAGES - 1);
    file.bad = -1; /* and it is asked for again */
    assert_int_equal(load(BASE + 40 * PAGE), 1040);
}

static void a_run_that_cannot_be_written_stays(void **state)
{
    (void)state;
    map(BASE, PAGES, RW_SHARED, 0);
    for (unsigned i = 0; i < 100; i++)
        store(i, i);
    file.bad = 70;
    assert_status(quire_object_clean(object, 0, UINT64_MAX), QUIRE_IO_ERROR);
    assert_in_range(quire_object_dirty(object), 1, QUIRE_PAGER_RUN); /* the others are written */
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(file.word[i], i);
    file.bad = -1;
    assert_ok(quire_object_clean(object, 0, UINT64_MAX));
    assert_int_equal(quire_object_dirty(object), 0);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(file.word[i], i);
}

/* A page that somebody holds, a read(2) in progress for example, does not go under him. */
static void what_is_held_stays(void **state)
{
    struct quire_frame *frame;

    (void)state;
    assert_ok(quire_object_fetch_ahead(object, 0, 31));
    assert_ok(quire_object_page(object, 3, 0, &frame));
    (void)quire_object_drop(object, 0, UINT64_MAX, true);
    while (quire_reclaim_pages(machine->q, 1000) > 0)
        continue;
    assert_int_equal(object->resident, 1);
    quire_frame_put(machine->q, frame);
    assert_int_equal(quire_object_drop(object, 0, UINT64_MAX, false), 1);
    assert_int_equal(object->resident, 0);
}

/* ---- at the same time ---- */

#define TURNS 40

static void writer_task(struct sim_cpu *on, void *argument)
{
    uint64_t *value = argument;

    sim_switch(on, space);
    for (unsigned i = 0; i < TURNS; i++) {
        enum quire_status status = sim_store(on, BASE + i % 8 * PAGE, ++*value);

        assert_true(status == QUIRE_OK || (status == QUIRE_BEYOND_END && i % 8 >= 4));
        quire_quiescent(machine->q);
        others_run();
    }
    sim_switch(on, NULL);
}

static void cleaner_task(struct sim_cpu *on, void *argument)
{
    (void)on;
    (void)argument;
    for (unsigned i = 0; i < TURNS / 4; i++) {
        assert_ok(quire_object_clean(object, 0, UINT64_MAX));
        quire_quiescent(machine->q);
        others_run();
    }
}

static void truncating_task(struct sim_cpu *on, void *argument)
{
    (void)on;
    (void)argument;
    for (unsigned i = 0; i < TURNS / 4; i++) {
        quire_object_resize(object, i % 2 == 0 ? 4 * PAGE : 8 * PAGE);
        /* The file can be cut now: nobody writes to it beyond its new end any more. */
        assert_true(i % 2 != 0 || file.busy <= 4);
        quire_quiescent(machine->q);
        others_run();
    }
    quire_object_resize(object, 8 * PAGE);
}

static void sweeping_task(struct sim_cpu *on, void *argument)
{
    (void)on;
    (void)argument;
    for (unsigned i = 0; i < TURNS / 4; i++) {
        (void)quire_reclaim_pages(machine->q, 8);
        (void)quire_object_drop(object, 0, UINT64_MAX, true);
        quire_quiescent(machine->q);
        others_run();
    }
}

/* Stores, writing back, truncation and reclaim at once: at the end the file has the last stores to
 * the pages that were never cut off. */
static void all_at_once(void **state)
{
    void (*tasks[])(struct sim_cpu *, void *) = {writer_task, cleaner_task, truncating_task,
                                                 sweeping_task};
    uint64_t value = 0, seed = machine_seed();
    void *arguments[] = {&value, NULL, NULL, NULL};

    (void)state;
    machine->random.state = seed;
    quire_object_resize(object, 8 * PAGE);
    map(BASE, 8, RW_SHARED, 0);
    for (unsigned round = 0; round < 20; round++) {
        sim_switch(cpu, NULL);
        sim_run(machine, tasks, arguments);
        sim_quiesce(machine);
        machine_check(machine);
        assert_ok(quire_object_clean(object, 0, UINT64_MAX));
        for (unsigned i = 0; i < 4; i++) /* TURNS is a multiple of 8 */
            assert_int_equal(file.word[i], value - 7 + i);
    }
    sim_switch(cpu, space);
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(reading_in_order_goes_ahead),
        test(reading_at_random_does_not),
        test(stores_are_written_back),
        test(a_store_meanwhile_is_written_next_time),
        test(what_cannot_be_written_stays),
        test(reclaim_takes_mapped_and_dirty_pages),
        test(what_went_too_early_is_told),
        test(truncation_while_a_page_is_filled),
        test(changes_behind_the_object),
        test(new_pages_beyond_the_end_are_not_asked_for),
        test(what_was_behind_the_end_is_written_when_the_file_grows),
        test(fetching_ahead),
        test(a_bad_place_costs_one_page),
        test(a_run_that_cannot_be_written_stays),
        test(what_is_held_stays),
        test(all_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
