/* Reclaim: what leaves when memory is short, what stays, policies, watermarks, and the way back
 * when an area is closed. */
#include "scene.h"

#define OTHER  ((quire_virt)0x20000000)
#define FRAMES 1024 /* of a small machine */

static int start(void **state)
{
    (void)state;
    scene_begin(4);
    return 0;
}

/* Little memory, and a reclaimer that sweeps. */
static int start_small(void **state)
{
    struct sim_options options = {
        .cpus = 4, .frames = FRAMES, .seed = 1, .point_mean = 20, .swap = true, .reserve = 16};

    (void)state;
    scene_begin_with(&options);
    return 0;
}

/* Sweeps until nothing more goes. */
static void sweep_all(void)
{
    while (quire_reclaim_pages(q, 4096) > 0)
        sim_disk_finish(machine);
    machine_check(machine);
}

static void map_object(quire_virt address, size_t pages, uint32_t region,
                       struct quire_object *object)
{
    struct quire_map request = {.address = address,
                                .length = pages * PAGE,
                                .region = region,
                                .flags = QUIRE_MAP_FIXED,
                                .object = object};
    quire_virt out;

    assert_ok(quire_space_map(space, &request, &out));
}

/* ---- what leaves, and what stays ---- */

static void more_pages_than_frames(void **state)
{
    (void)state;
    scene_swap(2048);
    machine_anonymous(space, BASE, 2000, 0, 1);
    machine_check(machine);
    machine_expect(space, BASE, 2000, 1);
    machine_expect(space, BASE, 2000, 1);
    machine_check(machine);
    assert_true(scene_slots_in_use(area) >= 2000 - FRAMES);
}

static void nothing_can_go(void **state)
{
    enum quire_status status = QUIRE_OK;
    uint64_t free;
    size_t pages = 0;

    (void)state;
    scene_swap(4);
    quire_slot_area_close(area, true);
    machine_anonymous(space, BASE, FRAMES, 0, 0);
    while (status == QUIRE_OK && pages < FRAMES)
        status = sim_store(cpu, BASE + PAGE * pages++, 1);
    assert_int_equal(status, QUIRE_NO_MEMORY); /* no swap */
    assert_int_equal(quire_reclaim_pages(q, 1), 0);
    machine_check(machine);
    quire_slot_area_close(area, false);
    free = machine_free_frames(machine);
    assert_true(quire_reclaim_pages(q, 100) > 0);
    sim_disk_finish(machine);
    assert_int_equal(machine_free_frames(machine), free + 4);
    assert_int_equal(quire_reclaim_pages(q, 100), 0); /* swap is full */
    machine_check(machine);
}

/* When no slot is free, those go that only keep a clean copy of what is in memory. */
static void clean_copies_make_room(void **state)
{
    (void)state;
    scene_swap(64);
    machine_anonymous(space, BASE, 64, 0, 1);
    assert_int_equal(quire_space_page_out(space, BASE, 64 * PAGE), 64);
    sim_disk_finish(machine);
    machine_expect(space, BASE, 64, 1);
    assert_int_equal(scene_slots_in_use(area), 64);
    assert_ok(quire_space_lock(space, BASE, 64 * PAGE, true, true)); /* nothing is written to */
    assert_int_equal(scene_slots_in_use(area), 64);
    machine_anonymous(space, OTHER, 64, 0, 1001);
    sweep_all();
    assert_int_equal(scene_resident(OTHER, 64), 0);
    machine_expect(space, OTHER, 64, 1001);
    machine_expect(space, BASE, 64, 1);
}

static void locked_pages_stay(void **state)
{
    (void)state;
    scene_swap(256);
    machine_anonymous(space, BASE, 64, 0, 1);
    machine_anonymous(space, OTHER, 64, 0, 1001);
    assert_ok(quire_space_lock(space, BASE + 16 * PAGE, 16 * PAGE, true, false));
    sweep_all();
    assert_int_equal(scene_resident(BASE, 64), 16);
    assert_int_equal(scene_resident(BASE + 16 * PAGE, 16), 16);
    assert_int_equal(scene_resident(OTHER, 64), 0);
    assert_int_equal(quire_space_page_out(space, BASE, 64 * PAGE), 0);
    assert_ok(quire_space_lock(space, BASE + 16 * PAGE, 16 * PAGE, false, false));
    assert_int_equal(quire_space_page_out(space, BASE, 64 * PAGE), 16);
    machine_expect(space, BASE, 64, 1);
    machine_expect(space, OTHER, 64, 1001);
    assert_ok(quire_space_lock_all(space, true, false));
    sweep_all();
    assert_int_equal(scene_resident(BASE, 64) + scene_resident(OTHER, 64), 128);
}

static void locking_brings_back(void **state)
{
    (void)state;
    scene_swap(64);
    machine_anonymous(space, BASE, 32, 0, 1);
    assert_int_equal(quire_space_page_out(space, BASE, 32 * PAGE), 32);
    assert_ok(quire_space_lock(space, BASE, 32 * PAGE, true, false));
    assert_int_equal(scene_resident(BASE, 32), 32);
    sweep_all();
    assert_int_equal(scene_resident(BASE, 32), 32);
}

static void memory_objects_go_out_and_come_back(void **state)
{
    struct quire_object *object;
    uint64_t word;
    size_t done;

    (void)state;
    scene_swap(256);
    assert_ok(quire_object_create(q, QUIRE_OBJECT_MEMORY, NULL, NULL, 64 * PAGE, &object));
    for (uint64_t i = 0; i < 64; i++) {
        word = 7000 + i;
        assert_ok(quire_object_write(object, i * PAGE, &word, sizeof(word), &done));
    }
    map_object(BASE, 64, RW | QUIRE_REGION_SHARED, object);
    for (unsigned i = 0; i < 32; i++)
        assert_ok(sim_store(cpu, BASE + i * PAGE + 8, 1));
    sweep_all();
    assert_int_equal(object->resident, 0);
    assert_int_equal(object->swapped, 64);
    assert_int_equal(scene_slots_in_use(area), 64);
    for (uint64_t i = 0; i < 32; i++) { /* by either way they are the same pages */
        assert_ok(sim_load(cpu, BASE + i * PAGE, &word));
        assert_int_equal(word, 7000 + i);
        assert_ok(quire_object_read(object, (63 - i) * PAGE, &word, sizeof(word), &done));
        assert_int_equal(word, 7063 - i);
    }
    assert_int_equal(object->swapped, 0);
    assert_int_equal(scene_slots_in_use(area), 0);
    sweep_all();
    quire_object_resize(object, 10 * PAGE + 4); /* a page that is out is cut */
    assert_int_equal(object->swapped + object->resident, 11);
    quire_object_resize(object, 64 * PAGE);
    assert_ok(quire_object_read(object, 10 * PAGE, &word, sizeof(word), &done));
    assert_int_equal(word, 7010 & 0xffffffff);
    assert_ok(quire_object_read(object, 10 * PAGE + 8, &word, sizeof(word), &done));
    assert_int_equal(word, 0);
    quire_object_punch(object, 0, 5 * PAGE);
    assert_ok(quire_object_read(object, 0, &word, sizeof(word), &done));
    assert_int_equal(word, 0);
    assert_ok(sim_load(cpu, BASE + 5 * PAGE, &word));
    assert_int_equal(word, 7005);
    quire_object_put(object);
}

/* Pages 0 to 3 of an object, each word the offset. */
static struct quire_object *cut_object(void)
{
    struct quire_object *object;
    size_t done;

    assert_ok(quire_object_create(machine->q, QUIRE_OBJECT_MEMORY, NULL, NULL, 4 * PAGE, &object));
    for (uint64_t at = 0; at < 4 * PAGE; at += 8)
        assert_ok(quire_object_write(object, at, &at, sizeof(at), &done));
    return object;
}

static void expect_bytes(struct quire_object *object, uint64_t from, uint64_t to, bool zeros)
{
    for (uint64_t at = from; at < to; at += 8) {
        uint64_t word, right = zeros ? 0 : at;
        size_t done;

        assert_ok(quire_object_read(object, at, &word, sizeof(word), &done));
        assert_int_equal(word, right);
    }
}

/* What was cut off must not come back when the object grows again. */
static void an_object_is_not_cut_through_a_page_that_cannot_be_read(void **state)
{
    struct quire_object *object;

    (void)state;
    scene_swap(32);
    object = cut_object();
    sweep_all();
    assert_int_equal(object->swapped, 4);
    machine->disk.read_fail_once_in = 1;
    assert_status(quire_object_resize(object, PAGE + 1000), QUIRE_IO_ERROR);
    assert_int_equal(object->size, 4 * PAGE);
    assert_status(quire_object_punch(object, 8, 3 * PAGE), QUIRE_IO_ERROR);
    assert_status(quire_object_punch(object, PAGE, 2 * PAGE + 8), QUIRE_IO_ERROR);
    assert_status(quire_object_punch(object, 2 * PAGE + 8, 2 * PAGE + 16), QUIRE_IO_ERROR);
    machine_check(machine);
    machine->disk.read_fail_once_in = 0;
    expect_bytes(object, 0, 4 * PAGE, false); /* nothing has changed */
    sweep_all();
    machine->disk.read_fail_once_in = 1;
    assert_ok(quire_object_resize(object, 3 * PAGE)); /* no page is cut */
    assert_ok(quire_object_resize(object, 3 * PAGE + 8));
    assert_ok(quire_object_resize(object, 3 * PAGE));
    assert_ok(quire_object_punch(object, 0, PAGE));
    machine->disk.read_fail_once_in = 0;
    assert_ok(quire_object_resize(object, PAGE + 1000));
    assert_ok(quire_object_resize(object, 4 * PAGE));
    expect_bytes(object, 0, PAGE, true);
    expect_bytes(object, PAGE, PAGE + 1000, false);
    expect_bytes(object, PAGE + 1000, 4 * PAGE, true);
    machine_check(machine);
    quire_object_put(object);
}

/* Two spaces with one table: it changes for both, and every CPU forgets. */
static void a_shared_table_goes_at_once(void **state)
{
    struct quire_space *child;
    uint64_t word;

    (void)state;
    scene_swap(256);
    machine_anonymous(space, BASE, 64, 0, 1);
    assert_ok(quire_space_clone(space, &child));
    for (unsigned i = 0; i < 64; i++) /* into this CPU's TLB */
        assert_ok(sim_load(cpu, BASE + i * PAGE, &word));
    assert_int_equal(quire_space_page_out(child, BASE, 64 * PAGE), 64);
    sim_disk_finish(machine);
    machine_check(machine);
    assert_int_equal(scene_resident(BASE, 64), 0);
    assert_int_equal(scene_slots_in_use(area), 64);
    machine_expect(space, BASE, 64, 1);
    machine_expect(child, BASE, 64, 1);
    quire_space_destroy(child);
}

static void page_out_takes_what_it_is_told_to(void **state)
{
    uint8_t byte;

    (void)state;
    scene_swap(256);
    machine_anonymous(space, BASE, 16, 0, 1);
    machine_anonymous(space, BASE + 32 * PAGE, 16, 0, 33);
    assert_int_equal(quire_space_page_out(space, BASE + 4 * PAGE, 4 * PAGE), 4);
    assert_int_equal(scene_resident(BASE, 4), 4);
    assert_int_equal(scene_resident(BASE + 4 * PAGE, 4), 0);
    assert_int_equal(scene_resident(BASE + 8 * PAGE, 8), 8);
    /* Over a hole, and beyond the last region; what is out already does not go again. */
    assert_int_equal(quire_space_page_out(space, BASE, 4096 * PAGE), 28);
    assert_status(quire_space_resident(space, BASE + 16 * PAGE, PAGE, &byte), QUIRE_NO_MAPPING);
    machine_expect(space, BASE, 16, 1);
    machine_expect(space, BASE + 32 * PAGE, 16, 33);
    assert_int_equal(quire_space_page_out(space, 0, PAGE), 0);
}

/* A page without rights is still memory. */
static void inaccessible_pages_go_too(void **state)
{
    (void)state;
    scene_swap(64);
    machine_anonymous(space, BASE, 8, 0, 1);
    assert_ok(quire_space_protect(space, BASE, 8 * PAGE, 0, false));
    assert_int_equal(quire_space_page_out(space, BASE, 8 * PAGE), 8);
    sim_disk_finish(machine);
    machine_check(machine);
    assert_ok(quire_space_protect(space, BASE, 8 * PAGE, QUIRE_PROT_READ, false));
    machine_expect(space, BASE, 8, 1);
    assert_int_equal(machine->disk.reads, 8);
}

/* ---- policies ---- */

static unsigned first_looks, second_looks, starts;

static bool keep_some(struct quire_policy_state *state, struct quire_policy_page *page)
{
    extern const struct quire_policy second_policy;

    state->own[0]++;
    *page->word = 5;
    if (++first_looks == 40)
        quire_reclaim_set_policy(q, &second_policy);
    return first_looks % 2 == 0;
}

static void begin(struct quire_policy_state *state)
{
    starts++;
    for (unsigned i = 0; i < sizeof(state->own) / sizeof(state->own[0]); i++)
        assert_int_equal(state->own[i], 0);
    assert_int_equal(state->urgency, 0);
}

static bool take_all(struct quire_policy_state *state, struct quire_policy_page *page)
{
    (void)state;
    (void)page;
    second_looks++;
    return true;
}

static const struct quire_policy first_policy = {
    .name = "first", .idea = "every other page", .start = begin, .look = keep_some};
const struct quire_policy second_policy = {
    .name = "second", .idea = "every page", .start = begin, .look = take_all};

static void a_policy_changes_in_mid_sweep(void **state)
{
    (void)state;
    first_looks = second_looks = starts = 0;
    scene_swap(1024);
    machine_anonymous(space, BASE, 200, 0, 1);
    quire_reclaim_set_policy(q, &first_policy);
    assert_true(quire_reclaim_pages(q, 50) > 0);
    assert_int_equal(first_looks, 100); /* the sweep that had begun ends as it began */
    assert_int_equal(second_looks, 0);
    assert_int_equal(starts, 1);
    assert_ptr_equal(quire_reclaim_policy(q), &second_policy);
    sim_disk_finish(machine);
    machine_check(machine);
    assert_true(quire_reclaim_pages(q, 50) > 0);
    assert_int_equal(first_looks, 100);
    assert_int_equal(second_looks, 50);
    assert_int_equal(starts, 2);
    sim_disk_finish(machine);
    assert_int_equal(scene_slots_in_use(area), 100);
    machine_expect(space, BASE, 200, 1);
}

/* The word of a page stays with its slot, and is what the policy makes the new one of. */
static unsigned arrivals, wrong_words;

static uint32_t arrive_from_word(const struct quire_policy_state *state, uint32_t word,
                                 uint32_t time)
{
    (void)state;
    (void)time;
    arrivals++;
    wrong_words += word != 100 + arrivals;
    return 1000 + word;
}

static bool take_marked(struct quire_policy_state *state, struct quire_policy_page *page)
{
    if (*page->word == 0)
        *page->word = 101 + state->own[0]++;
    else
        wrong_words += *page->word <= 1100;
    return true;
}

static const struct quire_policy marking_policy = {.name = "marking",
                                                   .idea = "every page, with a number",
                                                   .arrive = arrive_from_word,
                                                   .look = take_marked};

static void a_word_stays_with_the_slot(void **state)
{
    (void)state;
    arrivals = wrong_words = 0;
    scene_swap(64);
    machine_anonymous(space, BASE, 8, 0, 1);
    quire_reclaim_set_policy(q, &marking_policy);
    assert_true(quire_reclaim_pages(q, 8) > 0);
    sim_disk_finish(machine);
    machine_expect(space, BASE, 8, 1);
    assert_int_equal(arrivals, 8);
    assert_int_equal(wrong_words, 0);
    /* Clean copies this time, which keep their slots. */
    assert_true(quire_reclaim_pages(q, 8) > 0);
    sim_disk_finish(machine);
    assert_int_equal(wrong_words, 0);
    arrivals = 1000;
    machine_expect(space, BASE, 8, 1);
    assert_int_equal(wrong_words, 0);
    assert_int_equal(arrivals, 1008);
    machine_check(machine);
}

/* Every policy in turn, with more pages than frames; each ends, and loses nothing. */
static void every_policy_works(void **state)
{
    (void)state;
    scene_swap(2048);
    machine_anonymous(space, BASE, 1500, 0, 1);
    for (size_t i = 0; quire_policies[i] != NULL; i++) {
        quire_reclaim_set_policy(q, quire_policies[i]);
        machine_expect(space, BASE, 1500, 1);
        machine_check(machine);
    }
}

/* The clock gives what was used a second chance, and takes what was not. */
static void what_is_used_stays(void **state)
{
    uint64_t word;

    (void)state;
    scene_swap(512);
    machine_anonymous(space, BASE, 256, 0, 1);
    assert_ok(quire_space_populate(space, BASE, 256 * PAGE, QUIRE_ACCESS_READ));
    quire_space_clear_accessed(space, true, true);
    for (unsigned i = 0; i < 64; i++)
        assert_ok(sim_load(cpu, BASE + i * PAGE, &word));
    assert_true(quire_reclaim_pages(q, 128) > 0);
    assert_int_equal(scene_resident(BASE, 64), 64);
    assert_int_equal(scene_resident(BASE + 64 * PAGE, 192), 64);
}

/* ---- watermarks ---- */

static unsigned told;

void quire_hook_memory_low(struct quire *which)
{
    (void)which;
    told++;
}

static void the_embedder_is_told_once(void **state)
{
    const uint64_t low = 100, high = 160;
    uint64_t many;

    (void)state;
    told = 0;
    scene_swap(1024);
    many = machine_free_frames(machine) - 2 * low;
    quire_reclaim_set_watermarks(q, low, high);
    machine_anonymous(space, BASE, many, 0, 1);
    assert_int_equal(told, 0);
    machine_anonymous(space, OTHER, low + low / 2, 0, 5001); /* some are left */
    assert_int_equal(told, 1);
    quire_reclaim_balance(q);
    sim_disk_finish(machine);
    quire_frame_drain(q);
    assert_in_range(machine_free_frames(machine), high, high + 2 * low); /* and not more */
    assert_int_equal(told, 1);
    machine_expect(space, BASE, many, 1);
    machine_expect(space, OTHER, low + low / 2, 5001);
    assert_true(told > 1); /* again, as the balance has run meanwhile */
    told = 0;
    quire_reclaim_set_watermarks(q, 0, 0);
    quire_reclaim_balance(q);
    machine_expect(space, BASE, many, 1);
    assert_int_equal(told, 0);
}

/* It ends where nothing can go. */
static void balance_gives_up(void **state)
{
    (void)state;
    told = 0;
    quire_reclaim_set_watermarks(q, 100000, 100000);
    machine_anonymous(space, BASE, 64, 0, 1);
    quire_reclaim_balance(q);
    scene_swap(16);
    quire_reclaim_balance(q);
    assert_int_equal(scene_slots_in_use(area), 16);
    machine_expect(space, BASE, 64, 1);
}

/* ---- closing an area ---- */

/* Closed, emptied and gone: nothing is left on it. */
static void take_away(struct quire_slot_area *which)
{
    enum quire_status status = QUIRE_NO_MEMORY;

    quire_slot_area_close(which, true);
    /* The simulator's reclaimer gives only so often in one step. */
    for (unsigned tries = 0; tries < 64 && status == QUIRE_NO_MEMORY; tries++) {
        machine->steps++;
        status = quire_reclaim_drain(which);
    }
    assert_ok(status);
    machine_check(machine);
    assert_ok(quire_slot_area_destroy(which));
    sim_quiesce(machine);
}

static void everything_comes_back(void **state)
{
    struct quire_object *object;
    struct quire_space *child;
    uint64_t word = 9;
    size_t done;

    (void)state;
    scene_swap(512);
    assert_ok(quire_object_create(q, QUIRE_OBJECT_MEMORY, NULL, NULL, 20 * PAGE, &object));
    for (unsigned i = 0; i < 20; i++)
        assert_ok(quire_object_write(object, i * PAGE, &word, sizeof(word), &done));
    machine_anonymous(space, BASE, 64, 0, 1);
    machine_anonymous(space, OTHER, 8, 0, 501);
    assert_ok(sim_store(cpu, BASE + 9 * PAGE - 8, 0)); /* a slot that holds zeros */
    assert_ok(quire_space_protect(space, OTHER, 4 * PAGE, 0, false));
    assert_ok(quire_space_clone(space, &child));
    assert_ok(sim_store(cpu, BASE + PAGE - 8, 1));
    sweep_all();
    machine_expect(child, BASE + 40 * PAGE, 8, 41);
    take_away(area);
    area = NULL;
    machine->disk.fail_once_in = 1; /* nobody asks it any more */
    machine_expect(child, BASE, 8, 1);
    machine_expect(space, BASE + 9 * PAGE, 55, 10);
    assert_ok(quire_space_protect(space, OTHER, 4 * PAGE, QUIRE_PROT_READ, false));
    machine_expect(space, OTHER, 8, 501);
    assert_int_equal(object->swapped, 0);
    assert_ok(quire_object_read(object, 19 * PAGE, &word, sizeof(word), &done));
    assert_int_equal(word, 9);
    quire_object_put(object);
    quire_space_destroy(child);
}

/* Without another area a small machine cannot hold it all: an error, and as it was. */
static void too_much_to_come_back(void **state)
{
    (void)state;
    scene_swap(2048);
    machine_anonymous(space, BASE, 1500, 0, 1);
    quire_slot_area_close(area, true);
    assert_status(quire_reclaim_drain(area), QUIRE_NO_MEMORY);
    machine_check(machine);
    assert_status(quire_slot_area_destroy(area), QUIRE_BUSY);
    quire_slot_area_close(area, false);
    machine_expect(space, BASE, 1500, 1);
    machine_expect(space, BASE, 1500, 1);
    assert_ok(quire_space_unmap(space, BASE + 200 * PAGE, 1300 * PAGE));
    take_away(area);
    area = NULL;
    machine_expect(space, BASE, 200, 1);
}

/* With another one, the pages that make room while others come back go there, and do not use their
 * clean copies. */
static void from_one_area_to_another(void **state)
{
    struct quire_slot_area *first;

    (void)state;
    assert_ok(quire_slot_area_create(q, 2048, 1, NULL, &first));
    scene_swap(2048);
    machine_anonymous(space, BASE, 1500, 0, 1);
    machine_expect(space, BASE, 1500, 1);
    assert_int_equal(scene_slots_in_use(area), 0);
    take_away(first);
    machine_expect(space, BASE, 1500, 1);
}

/* What cannot be read is lost; the program is told when it asks, and the area can go. */
static void some_cannot_be_read(void **state)
{
    uint64_t word;

    (void)state;
    scene_swap(64);
    machine_anonymous(space, BASE, 32, 0, 1);
    assert_int_equal(quire_space_page_out(space, BASE, 32 * PAGE), 32);
    sim_disk_finish(machine);
    machine->disk.bad_slot = area->first + 7;
    take_away(area);
    area = NULL;
    assert_int_equal(scene_resident(BASE, 32), 31);
    assert_status(sim_load(cpu, BASE + 7 * PAGE, &word), QUIRE_IO_ERROR);
    machine_expect(space, BASE, 7, 1);
    machine_expect(space, BASE + 8 * PAGE, 24, 9);
}

/* An object has no place for "lost": its page stays on the area until the object goes. */
static void an_objects_page_cannot_be_read(void **state)
{
    struct quire_object *object;
    uint64_t word = 5;
    size_t done;

    (void)state;
    scene_swap(64);
    assert_ok(quire_object_create(q, QUIRE_OBJECT_MEMORY, NULL, NULL, 8 * PAGE, &object));
    for (unsigned i = 0; i < 8; i++)
        assert_ok(quire_object_write(object, i * PAGE, &word, sizeof(word), &done));
    machine_anonymous(space, BASE, 8, 0, 1);
    sweep_all();
    assert_int_equal(object->swapped, 8);
    for (uint64_t slot = area->first; slot < area->first + 16; slot++)
        if (*(uint64_t *)machine->disk.page[slot] == 5)
            machine->disk.bad_slot = slot;
    quire_slot_area_close(area, true);
    assert_status(quire_reclaim_drain(area), QUIRE_IO_ERROR);
    machine_check(machine);
    assert_int_equal(object->swapped, 1);
    assert_int_equal(scene_resident(BASE, 8), 8); /* the others came */
    assert_status(quire_slot_area_destroy(area), QUIRE_BUSY);
    quire_object_put(object);
    assert_ok(quire_reclaim_drain(area));
}

/* A failed write: the content is in the slot cache alone, and comes from there. */
static void some_could_not_be_written(void **state)
{
    (void)state;
    scene_swap(64);
    machine_anonymous(space, BASE, 32, 0, 1);
    machine->disk.write_fail_once_in = 3;
    (void)quire_space_page_out(space, BASE, 32 * PAGE);
    sim_disk_finish(machine);
    machine->disk.write_fail_once_in = 0;
    take_away(area);
    area = NULL;
    assert_int_equal(scene_resident(BASE, 32), 32);
    machine_expect(space, BASE, 32, 1);
}

#define ROUNDS 6

static void drain_task(struct sim_cpu *on, void *argument)
{
    struct quire_slot_area *which = argument;

    (void)on;
    quire_slot_area_close(which, true);
    while (quire_reclaim_drain(which) != QUIRE_OK || quire_slot_area_destroy(which) != QUIRE_OK)
        quire_quiescent(q);
}

static void sweep_task(struct sim_cpu *on, void *argument)
{
    (void)on;
    (void)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        (void)quire_reclaim_pages(q, 32);
        quire_quiescent(q);
    }
}

static void read_task(struct sim_cpu *on, void *argument)
{
    uint64_t word;

    (void)argument;
    sim_switch(on, space);
    for (unsigned i = 0; i < 200; i++) {
        unsigned page = (i * 37) % 200;

        assert_ok(sim_load(on, BASE + (page + 1) * PAGE - 8, &word));
        assert_int_equal(word, 1 + page);
        quire_quiescent(q);
    }
    sim_switch(on, NULL);
}

static void fork_task(struct sim_cpu *on, void *argument)
{
    (void)on;
    (void)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct quire_space *child;

        assert_ok(quire_space_clone(space, &child));
        machine_expect(child, BASE + 32 * i * PAGE, 8, 32 * i + 1);
        quire_space_destroy(child);
        quire_quiescent(q);
    }
}

/* While one area is emptied, programs run, fork, and are swept. */
static void emptied_in_mid_run(void **state)
{
    void (*tasks[])(struct sim_cpu *, void *) = {drain_task, sweep_task, read_task, fork_task};
    uint64_t seed = machine_seed();

    (void)state;
    machine->random.state = seed;
    scene_swap(256);
    machine_anonymous(space, BASE, 200, 0, 1);
    for (unsigned round = 0; round < 10; round++) {
        struct quire_slot_area *leaving = area;
        void *arguments[] = {leaving, NULL, NULL, NULL};

        (void)quire_space_page_out(space, BASE, 200 * PAGE);
        scene_swap(round % 3 == 0 ? 20 : 256);
        sim_switch(cpu, NULL);
        sim_run(machine, tasks, arguments);
        sim_disk_finish(machine);
        sim_quiesce(machine);
        machine_check(machine);
        machine_expect(space, BASE, 200, 1);
    }
}

#define test(name)  cmocka_unit_test_setup_teardown(name, start, scene_finish)
#define small(name) cmocka_unit_test_setup_teardown(name, start_small, scene_finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        small(more_pages_than_frames),
        small(nothing_can_go),
        test(clean_copies_make_room),
        test(locked_pages_stay),
        test(locking_brings_back),
        test(memory_objects_go_out_and_come_back),
        test(a_shared_table_goes_at_once),
        test(page_out_takes_what_it_is_told_to),
        test(inaccessible_pages_go_too),
        test(a_policy_changes_in_mid_sweep),
        test(a_word_stays_with_the_slot),
        small(every_policy_works),
        test(what_is_used_stays),
        small(the_embedder_is_told_once),
        test(balance_gives_up),
        test(everything_comes_back),
        small(too_much_to_come_back),
        small(from_one_area_to_another),
        test(some_cannot_be_read),
        test(an_objects_page_cannot_be_read),
        test(an_object_is_not_cut_through_a_page_that_cannot_be_read),
        test(some_could_not_be_written),
        test(emptied_in_mid_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
