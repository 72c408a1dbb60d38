/* Advice about pages that are there: FREE, COLD, PAGE_OUT, WILL_NEED. */
#include "scene.h"

#include <quire/reclaim.h>

#define BELOW (BASE - PAGES * PAGE)
#define PAGES 64
#define WORD  (PAGE - sizeof(uint64_t)) /* of a page: where the fixtures write */

static int start(void **state)
{
    (void)state;
    scene_begin(4);
    scene_swap(512);
    machine_anonymous(space, BASE, PAGES, 0, 1);
    machine_expect(space, BASE, PAGES, 1);
    return 0;
}

static void advise(enum quire_advice advice)
{
    assert_ok(quire_space_advise(space, BASE, PAGES * PAGE, advice));
    machine_check(machine);
}

/* How many pages hold zeros; the others hold what was written. */
static size_t zeros(uint64_t value)
{
    size_t count = 0;

    for (size_t page = 0; page < PAGES; page++) {
        uint64_t word = 1;

        assert_ok(sim_load(cpu, BASE + page * PAGE + WORD, &word));
        if (word == 0)
            count++;
        else
            assert_int_equal(word, value + page);
    }
    return count;
}

/* ---- FREE ---- */

static void freed_pages_go_first_and_unwritten(void **state)
{
    uint64_t out;

    (void)state;
    /* The hand would meet these before, and they are cold. */
    machine_anonymous(space, BELOW, PAGES, 0, 7);
    assert_ok(quire_space_advise(space, BELOW, PAGES * PAGE, QUIRE_ADVICE_COLD));
    advise(QUIRE_ADVICE_FREE);
    assert_int_equal(scene_events(QUIRE_EVENT_LAZY_FREE), PAGES);
    assert_int_equal(zeros(1), 0); /* nothing is short */
    out = scene_events(QUIRE_EVENT_SWAP_OUT);
    assert_true(quire_reclaim_pages(q, PAGES) >= PAGES);
    assert_int_equal(scene_events(QUIRE_EVENT_LAZY_FREED), PAGES);
    assert_int_equal(scene_events(QUIRE_EVENT_SWAP_OUT), out);
    machine_check(machine);
    assert_int_equal(zeros(1), PAGES);
    machine_expect(space, BELOW, PAGES, 7);
}

static void written_again_they_stay(void **state)
{
    (void)state;
    advise(QUIRE_ADVICE_FREE);
    for (size_t page = 0; page < PAGES; page += 2)
        assert_ok(sim_store(cpu, BASE + page * PAGE + WORD, 1 + page));
    while (quire_reclaim_pages(q, 4096) > 0)
        sim_disk_finish(machine);
    machine_check(machine);
    assert_int_equal(scene_events(QUIRE_EVENT_LAZY_FREED), PAGES / 2);
    assert_int_equal(zeros(1), PAGES / 2);
}

/* What is written before the bit is taken away a second time (clear_refs) counts as well. */
static void written_and_forgotten(void **state)
{
    (void)state;
    advise(QUIRE_ADVICE_FREE);
    for (size_t page = 0; page < PAGES; page++)
        assert_ok(sim_store(cpu, BASE + page * PAGE + WORD, 1 + page));
    assert_ok(quire_space_clear_dirty(space));
    while (quire_reclaim_pages(q, 4096) > 0)
        sim_disk_finish(machine);
    machine_check(machine);
    assert_int_equal(scene_events(QUIRE_EVENT_LAZY_FREED), 0);
    assert_int_equal(zeros(1), 0);
}

static void slots_are_freed_at_once(void **state)
{
    struct quire_slot_stats stats;

    (void)state;
    assert_int_equal(quire_space_page_out(space, BASE, PAGES * PAGE), PAGES);
    sim_disk_finish(machine);
    advise(QUIRE_ADVICE_FREE);
    quire_slot_stats(area, &stats);
    assert_int_equal(stats.free, stats.total);
    assert_int_equal(zeros(1), PAGES);
}

/* Pages that a child has too are nobody's to give up. */
static void shared_pages_are_passed_over(void **state)
{
    struct quire_space *child;

    (void)state;
    assert_ok(quire_space_clone(space, &child));
    advise(QUIRE_ADVICE_FREE);
    assert_int_equal(scene_events(QUIRE_EVENT_LAZY_FREE), 0);
    assert_int_equal(zeros(1), 0);
    quire_space_destroy(child);
    sim_quiesce(machine);
}

/* Given up before the fork: while both have them they are written out like others. */
static void freed_then_shared(void **state)
{
    struct quire_space *child;

    (void)state;
    advise(QUIRE_ADVICE_FREE);
    assert_ok(quire_space_clone(space, &child));
    while (quire_reclaim_pages(q, 4096) > 0)
        sim_disk_finish(machine);
    machine_check(machine);
    assert_int_equal(scene_events(QUIRE_EVENT_LAZY_FREED), 0);
    assert_int_equal(zeros(1), 0);
    quire_space_destroy(child);
    sim_quiesce(machine);
}

/* ---- the others ---- */

static void page_out_spares_what_others_have(void **state)
{
    struct quire_space *child;
    uint8_t bytes[PAGES];

    (void)state;
    assert_ok(quire_space_clone(space, &child));
    advise(QUIRE_ADVICE_PAGE_OUT);
    assert_int_equal(scene_events(QUIRE_EVENT_SWAP_OUT), 0);
    quire_space_destroy(child);
    sim_quiesce(machine);
    advise(QUIRE_ADVICE_PAGE_OUT);
    sim_disk_finish(machine);
    assert_int_equal(scene_events(QUIRE_EVENT_SWAP_OUT), PAGES);
    assert_ok(quire_space_resident(space, BASE, sizeof(bytes) * PAGE, bytes));
    for (size_t page = 0; page < PAGES; page++)
        assert_int_equal(bytes[page] & 1, 0);
    advise(QUIRE_ADVICE_WILL_NEED);
    assert_ok(quire_space_resident(space, BASE, sizeof(bytes) * PAGE, bytes));
    for (size_t page = 0; page < PAGES; page++)
        assert_int_equal(bytes[page] & 1, 1);
    machine_expect(space, BASE, PAGES, 1);
}

/* The clock takes what was not used since it came by: cold pages at its first look. */
static void cold_pages_go_at_the_first_look(void **state)
{
    (void)state;
    machine_anonymous(space, BASE + PAGES * PAGE, PAGES, 0, 7);
    for (size_t page = 0; page < 2 * PAGES; page++) {
        uint64_t word;

        assert_ok(sim_load(cpu, BASE + page * PAGE + WORD, &word));
    }
    advise(QUIRE_ADVICE_COLD);
    (void)quire_reclaim_pages(q, PAGES / 2);
    sim_disk_finish(machine);
    assert_true(scene_events(QUIRE_EVENT_SWAP_OUT) >= PAGES / 2);
    for (size_t page = 0; page < PAGES; page++) {
        struct quire_page_state hot;

        quire_space_page_states(space, BASE + (PAGES + page) * PAGE, 1, &hot);
        assert_true(hot.flags & QUIRE_PAGE_IS_PRESENT);
    }
    machine_expect(space, BASE, PAGES, 1);
}

static void locked_pages_refuse(void **state)
{
    (void)state;
    assert_ok(quire_space_lock(space, BASE, PAGES * PAGE, true, false));
    assert_int_equal(quire_space_advise(space, BASE, PAGES * PAGE, QUIRE_ADVICE_FREE),
                     QUIRE_INVALID);
    assert_int_equal(quire_space_advise(space, BASE, PAGES * PAGE, QUIRE_ADVICE_COLD),
                     QUIRE_INVALID);
    assert_int_equal(quire_space_advise(space, BASE, PAGES * PAGE, QUIRE_ADVICE_PAGE_OUT),
                     QUIRE_INVALID);
    assert_int_equal(quire_reclaim_pages(q, PAGES), 0);
    machine_expect(space, BASE, PAGES, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(freed_pages_go_first_and_unwritten, start, scene_finish),
        cmocka_unit_test_setup_teardown(written_again_they_stay, start, scene_finish),
        cmocka_unit_test_setup_teardown(written_and_forgotten, start, scene_finish),
        cmocka_unit_test_setup_teardown(slots_are_freed_at_once, start, scene_finish),
        cmocka_unit_test_setup_teardown(shared_pages_are_passed_over, start, scene_finish),
        cmocka_unit_test_setup_teardown(freed_then_shared, start, scene_finish),
        cmocka_unit_test_setup_teardown(page_out_spares_what_others_have, start, scene_finish),
        cmocka_unit_test_setup_teardown(cold_pages_go_at_the_first_look, start, scene_finish),
        cmocka_unit_test_setup_teardown(locked_pages_refuse, start, scene_finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
