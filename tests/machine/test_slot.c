/* Slots: how many entries hold them, what is written and what need not be, which area is next, and
 * devices that fail. */
#include "scene.h"

#define OTHER ((quire_virt)0x20000000)

/* Pages of the space leave, and have left when this returns. */
static void page_out(quire_virt address, size_t pages, size_t expected)
{
    assert_int_equal(quire_space_page_out(space, address, pages * PAGE), expected);
    sim_disk_finish(machine);
    machine_check(machine);
}

/* ---- what is written ---- */

static void zeros_are_never_written(void **state)
{
    uint64_t word;

    (void)state;
    scene_swap(32);
    machine_anonymous(space, BASE, 8, 0, 1000); /* only the last word of each is not 0 */
    machine_anonymous(space, OTHER, 8, 0, 0);
    for (unsigned i = 0; i < 8; i++)
        assert_ok(sim_store(cpu, OTHER + i * PAGE, 0));
    page_out(OTHER, 8, 8);
    assert_int_equal(machine->disk.writes, 0);
    assert_int_equal(scene_resident(OTHER, 8), 0);
    page_out(BASE, 8, 8);
    assert_int_equal(machine->disk.writes, 8);
    for (unsigned i = 0; i < 8; i++) {
        assert_ok(sim_load(cpu, OTHER + i * PAGE, &word));
        assert_int_equal(word, 0);
    }
    assert_int_equal(machine->disk.reads, 0);
    machine_expect(space, BASE, 8, 1000);
    assert_ok(sim_store(cpu, OTHER, 5)); /* a page like any other now */
    page_out(OTHER, 1, 1);
    assert_int_equal(machine->disk.writes, 9);
    assert_ok(sim_load(cpu, OTHER, &word));
    assert_int_equal(word, 5);
}

static void neighbours_go_in_one_transfer(void **state)
{
    (void)state;
    scene_swap(256);
    machine_anonymous(space, BASE, 4 * QUIRE_SLOT_RUN, 0, 1);
    page_out(BASE, 4 * QUIRE_SLOT_RUN, 4 * QUIRE_SLOT_RUN);
    assert_int_equal(machine->disk.write_runs, 4);
    assert_int_equal(machine->disk.writes, 4 * QUIRE_SLOT_RUN);
    /* Zeros between them: their slots are not written, and cut the run in two. */
    machine_anonymous(space, OTHER, 16, 0, 1);
    assert_ok(sim_store(cpu, OTHER + 8 * PAGE - 8, 0));
    page_out(OTHER, 16, 16);
    assert_int_equal(machine->disk.write_runs, 6);
    machine_expect(space, OTHER, 7, 1);
    machine_expect(space, OTHER + 8 * PAGE, 8, 9);
    machine_expect(space, BASE, 4 * QUIRE_SLOT_RUN, 1);
}

static void what_was_only_read_is_not_written_again(void **state)
{
    (void)state;
    scene_swap(16);
    machine_anonymous(space, BASE, 8, 0, 1000);
    page_out(BASE, 8, 8);
    machine_expect(space, BASE, 8, 1000);
    assert_int_equal(machine->disk.writes, 8);
    page_out(BASE, 8, 8);
    assert_int_equal(machine->disk.writes, 8);
    assert_int_equal(scene_slots_in_use(area), 8); /* the slots that they had */
    machine_expect(space, BASE, 8, 1000);
    assert_ok(sim_store(cpu, BASE + 3 * PAGE - 8, 77)); /* page 2 is not what its slot holds */
    assert_int_equal(scene_slots_in_use(area), 7);
    page_out(BASE, 8, 8);
    assert_int_equal(machine->disk.writes, 9);
    machine_expect(space, BASE + 2 * PAGE, 1, 77);
    machine_expect(space, BASE, 2, 1000);
    machine_expect(space, BASE + 3 * PAGE, 5, 1003);
}

/* The write that ends the stay in the slot cache may also be the access that brings the page in. */
static void a_page_that_comes_back_to_be_written(void **state)
{
    (void)state;
    scene_swap(16);
    machine_anonymous(space, BASE, 4, 0, 1000);
    page_out(BASE, 4, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_ok(sim_store(cpu, BASE + (i + 1) * PAGE - 8, 2000 + i));
    page_out(BASE, 4, 4);
    machine_expect(space, BASE, 4, 2000);
}

/* ---- how many entries hold a slot ---- */

static void forks_count_the_slots(void **state)
{
    struct quire_space *child[3];

    (void)state;
    scene_swap(16);
    machine_anonymous(space, BASE, 8, 0, 1000);
    page_out(BASE, 8, 8);
    for (unsigned i = 0; i < 3; i++)
        assert_ok(quire_space_clone(space, &child[i]));
    machine_check(machine);
    assert_ok(quire_space_unmap(space, BASE, 2 * PAGE));
    assert_ok(quire_space_unmap(child[0], BASE + 6 * PAGE, 2 * PAGE));
    machine_check(machine);
    assert_int_equal(scene_slots_in_use(area), 8);
    machine_expect(child[1], BASE, 8, 1000);
    machine_expect(child[2], BASE, 8, 1000);
    machine_expect(child[0], BASE, 6, 1000);
    machine_expect(space, BASE + 2 * PAGE, 6, 1002);
    assert_int_equal(machine->disk.reads, 8); /* what one has read is there for all */
    for (unsigned i = 0; i < 3; i++)
        quire_space_destroy(child[i]);
    machine_check(machine);
    assert_int_equal(scene_slots_in_use(area), 6);
}

static void a_shared_page_is_written_once(void **state)
{
    struct quire_space *child;
    size_t done;
    uint64_t word = 1;

    (void)state;
    scene_swap(16);
    machine_anonymous(space, BASE, 8, 0, 1000);
    assert_ok(quire_space_clone(space, &child));
    /* Both have tables of their own now, and seven frames in common. */
    assert_ok(quire_space_write(child, BASE + PAGE - 8, &word, sizeof(word), false, &done));
    page_out(BASE, 8, 8);
    assert_true(quire_space_page_out(child, BASE, 8 * PAGE) == 8);
    sim_disk_finish(machine);
    machine_check(machine);
    assert_int_equal(machine->disk.writes, 9);
    assert_int_equal(scene_slots_in_use(area), 9);
    machine_expect(child, BASE, 1, 1);
    machine_expect(child, BASE + PAGE, 7, 1001);
    machine_expect(space, BASE, 8, 1000);
    assert_int_equal(machine->disk.reads, 9);
    quire_space_destroy(child);
}

static void moving_and_unmapping_keep_count(void **state)
{
    quire_virt at;

    (void)state;
    scene_swap(16);
    machine_anonymous(space, BASE, 8, 0, 1000);
    page_out(BASE, 8, 8);
    assert_ok(quire_space_remap(space, BASE, 8 * PAGE, 8 * PAGE,
                                QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_FIXED, OTHER + 3 * PAGE, &at));
    machine_check(machine);
    assert_int_equal(scene_slots_in_use(area), 8);
    machine_expect(space, OTHER + 3 * PAGE, 4, 1000);
    assert_ok(quire_space_unmap(space, OTHER + 7 * PAGE, 4 * PAGE));
    machine_check(machine);
    assert_int_equal(scene_slots_in_use(area), 4); /* the clean copies of those that were read */
    assert_ok(quire_space_advise(space, OTHER + 3 * PAGE, 4 * PAGE, QUIRE_ADVICE_DONT_NEED));
    assert_int_equal(scene_slots_in_use(area), 0);
}

static void trimming_gives_up_clean_copies(void **state)
{
    (void)state;
    scene_swap(16);
    machine_anonymous(space, BASE, 8, 0, 1000);
    page_out(BASE, 8, 8);
    assert_int_equal(quire_slot_trim(q, 100), 0); /* they are needed */
    machine_expect(space, BASE, 6, 1000);
    assert_int_equal(quire_slot_trim(q, 2), 2);
    assert_int_equal(scene_slots_in_use(area), 6);
    machine_check(machine);
    assert_int_equal(quire_slot_trim(q, 100), 4);
    assert_int_equal(scene_slots_in_use(area), 2);
    machine_check(machine);
    page_out(BASE, 8, 6);
    assert_int_equal(machine->disk.writes, 14); /* they had no copy any more */
    machine_expect(space, BASE, 8, 1000);
}

static void slots_run_out(void **state)
{
    (void)state;
    scene_swap(6);
    machine_anonymous(space, BASE, 8, 0, 1000);
    page_out(BASE, 8, 6);
    assert_int_equal(scene_resident(BASE, 8), 2);
    page_out(BASE, 8, 0);
    machine_expect(space, BASE, 8, 1000);
    assert_ok(sim_store(cpu, BASE + PAGE - 8, 7)); /* its slot is free now */
    page_out(BASE + 7 * PAGE, 1, 1);
    machine_expect(space, BASE, 1, 7);
    machine_expect(space, BASE + PAGE, 7, 1001);
}

/* ---- areas ---- */

static void higher_priorities_first(void **state)
{
    struct quire_slot_area *low, *high;

    (void)state;
    assert_ok(quire_slot_area_create(q, 16, -2, NULL, &low));
    assert_ok(quire_slot_area_create(q, 4, 5, NULL, &high));
    scene_swap(4); /* 0, in between */
    machine_anonymous(space, BASE, 10, 0, 1000);
    page_out(BASE, 3, 3);
    assert_int_equal(scene_slots_in_use(high), 3);
    page_out(BASE + 3 * PAGE, 3, 3);
    assert_int_equal(scene_slots_in_use(high), 4);
    assert_int_equal(scene_slots_in_use(area), 2);
    page_out(BASE + 6 * PAGE, 4, 4);
    assert_int_equal(scene_slots_in_use(area), 4);
    assert_int_equal(scene_slots_in_use(low), 2);
    machine_expect(space, BASE, 10, 1000);
    assert_ok(quire_space_unmap(space, BASE, 10 * PAGE));
    assert_ok(quire_slot_area_destroy(low));
    assert_ok(quire_slot_area_destroy(high));
}

/* Pages of [BASE, BASE + pages) leave, 256 at a time, and never come back. */
static void write_much(size_t pages)
{
    for (size_t i = 0; i < pages; i += 256) {
        machine_anonymous(space, BASE + i * PAGE, 256, 0, 1 + i);
        page_out(BASE + i * PAGE, 256, 256);
    }
}

static void equal_priorities_take_turns(void **state)
{
    struct quire_slot_area *second, *late;

    (void)state;
    scene_swap(4096);
    assert_ok(quire_slot_area_create(q, 4096, 0, NULL, &second));
    write_much(2048);
    assert_int_equal(scene_slots_in_use(area), 1024);
    assert_int_equal(scene_slots_in_use(second), 1024);
    /* A third one has its share from now on, and not first of all what the others had before. */
    assert_ok(quire_slot_area_create(q, 4096, 0, NULL, &late));
    machine_anonymous(space, OTHER, 768, 0, 1);
    page_out(OTHER, 768, 768);
    assert_int_equal(scene_slots_in_use(area), 1280);
    assert_int_equal(scene_slots_in_use(second), 1280);
    assert_int_equal(scene_slots_in_use(late), 256);
    assert_ok(quire_space_unmap(space, BASE, 2048 * PAGE));
    assert_ok(quire_space_unmap(space, OTHER, 768 * PAGE));
    assert_ok(quire_slot_area_destroy(second));
    assert_ok(quire_slot_area_destroy(late));
}

/* A turn ends after so many slots wherever they are, not only where a slot of a certain number was
 * free. */
static void turns_end_in_an_area_with_holes(void **state)
{
    struct quire_slot_area *second;

    (void)state;
    scene_swap(2048);
    for (uint64_t i = 0; i < 2048; i += 8)
        quire_slot_area_exclude(area, i + 7);
    assert_ok(quire_slot_area_create(q, 2048, 0, NULL, &second));
    write_much(1024);
    assert_in_range(scene_slots_in_use(area), 256, 768);
    assert_in_range(scene_slots_in_use(second), 256, 768);
    assert_ok(quire_space_unmap(space, BASE, 1024 * PAGE));
    assert_ok(quire_slot_area_destroy(second));
}

static void excluded_slots_are_never_used(void **state)
{
    (void)state;
    scene_swap(8);
    quire_slot_area_exclude(area, 0); /* the device's header */
    quire_slot_area_exclude(area, 3);
    quire_slot_area_exclude(area, 3);
    assert_int_equal(scene_slots_bad(area), 2);
    machine->disk.bad_slot = area->first + 3;
    machine_anonymous(space, BASE, 8, 0, 1000);
    page_out(BASE, 8, 6);
    assert_int_equal(scene_slots_bad(area), 2);
    machine_expect(space, BASE, 8, 1000);
}

static void numbers_of_areas_that_went_come_again(void **state)
{
    struct quire_slot_area *each;

    (void)state;
    assert_status(quire_slot_area_create(q, 0, 0, NULL, &each), QUIRE_INVALID);
    assert_status(quire_slot_area_create(q, QUIRE_ENTRY_SLOTS + 1, 0, NULL, &each), QUIRE_INVALID);
    scene_swap(100);
    /* One stays, others come and go beside it: numbers are not used up. */
    for (unsigned i = 0; i < 100; i++) {
        assert_ok(quire_slot_area_create(q, 1000, 0, NULL, &each));
        assert_true(each->first + each->count <= 3000);
        assert_ok(quire_slot_area_destroy(area));
        area = each;
        assert_ok(quire_slot_area_create(q, 100, 0, NULL, &each));
        assert_ok(quire_slot_area_destroy(area));
        area = each;
        sim_quiesce(machine);
    }
}

/* ---- reading ahead ---- */

static void in_order_is_read_in_large_runs(void **state)
{
    (void)state;
    scene_swap(512);
    machine_anonymous(space, BASE, 512, 0, 1);
    page_out(BASE, 512, 512);
    machine_expect(space, BASE, 512, 1);
    assert_int_equal(machine->disk.reads, 512);
    assert_in_range(machine->disk.read_runs, 512 / QUIRE_SLOT_RUN, 512 / QUIRE_SLOT_RUN + 4);
}

static void at_random_hardly_a_page_is_read_in_vain(void **state)
{
    uint64_t word;

    (void)state;
    scene_swap(512);
    machine_anonymous(space, BASE, 512, 0, 1);
    page_out(BASE, 512, 512);
    for (unsigned i = 0; i < 64; i++) /* all different; a neighbour of the last one is never next */
        assert_ok(sim_load(cpu, BASE + (i * 197 + 31) % 512 * PAGE, &word));
    assert_in_range(machine->disk.reads, 64, 64 + 3);
    assert_in_range(machine->disk.read_runs, 60, 64);
    machine_expect(space, BASE, 512, 1);
}

static void advice_says_what_is_next(void **state)
{
    uint64_t word;

    (void)state;
    scene_swap(512);
    machine_anonymous(space, BASE, 256, QUIRE_REGION_RANDOM, 1);
    machine_anonymous(space, OTHER, 256, QUIRE_REGION_SEQUENTIAL, 1);
    page_out(BASE, 256, 256);
    page_out(OTHER, 256, 256);
    assert_ok(sim_load(cpu, OTHER + 32 * PAGE, &word));
    assert_int_equal(machine->disk.reads, QUIRE_SLOT_RUN);
    for (unsigned i = 0; i < 16; i++)
        assert_ok(sim_load(cpu, BASE + i * PAGE, &word));
    assert_int_equal(machine->disk.reads, QUIRE_SLOT_RUN + 16);
}

/* ---- devices that fail ---- */

static void only_the_page_that_cannot_be_read_is_lost(void **state)
{
    enum quire_fault_class class;
    uint64_t word;

    (void)state;
    scene_swap(32);
    machine_anonymous(space, BASE, 16, QUIRE_REGION_SEQUENTIAL, 1000);
    page_out(BASE, 16, 16);
    machine->disk.bad_slot = area->first + 5;
    assert_ok(sim_load(cpu, BASE, &word)); /* the run contains the bad one */
    machine_check(machine);
    assert_int_equal(scene_resident(BASE, 16), 15);
    machine_expect(space, BASE, 5, 1000);
    machine_expect(space, BASE + 6 * PAGE, 10, 1006);
    assert_status(quire_space_fault(space, BASE + 5 * PAGE, QUIRE_ACCESS_READ, &class),
                  QUIRE_IO_ERROR);
    assert_int_equal(class, QUIRE_FAULT_IO_ERROR);
    assert_status(sim_load(cpu, BASE + 5 * PAGE, &word), QUIRE_IO_ERROR);
    assert_status(sim_store(cpu, BASE + 5 * PAGE, 1), QUIRE_IO_ERROR);
    assert_int_equal(scene_slots_bad(area), 1);
    machine_check(machine);
}

static void a_run_that_fails_once_is_read_again(void **state)
{
    (void)state;
    scene_swap(32);
    machine_anonymous(space, BASE, 16, QUIRE_REGION_SEQUENTIAL, 1000);
    page_out(BASE, 16, 16);
    machine->disk.fail_at = 4;
    machine_expect(space, BASE, 16, 1000);
    assert_int_equal(scene_slots_bad(area), 0);
}

static void a_page_that_cannot_be_read_is_lost_to_who_wanted_it(void **state)
{
    struct quire_space *child;
    uint64_t word;
    size_t done;

    (void)state;
    scene_swap(32);
    machine_anonymous(space, BASE, 2, QUIRE_REGION_RANDOM, 1000);
    page_out(BASE, 2, 2);
    assert_ok(quire_space_clone(space, &child));
    machine->disk.bad_slot = area->first;
    assert_status(sim_load(cpu, BASE, &word), QUIRE_IO_ERROR);
    assert_status(quire_space_read(child, BASE + 4, &word, sizeof(word), false, &done),
                  QUIRE_IO_ERROR);
    assert_int_equal(scene_slots_bad(area),
                     1); /* nobody refers to it any more: not given out again */
    machine_expect(child, BASE + PAGE, 1, 1001);
    machine_check(machine);
    quire_space_destroy(child);
    assert_int_equal(scene_slots_bad(area), 1);
}

static void a_page_that_can_be_read_later_is_there_for_relatives(void **state)
{
    struct quire_space *child;
    uint64_t word;

    (void)state;
    scene_swap(32);
    machine_anonymous(space, BASE, 2, QUIRE_REGION_RANDOM, 1000);
    page_out(BASE, 2, 2);
    assert_ok(quire_space_clone(space, &child));
    machine->disk.fail_at = 1;
    assert_status(sim_load(cpu, BASE, &word), QUIRE_IO_ERROR);
    machine_expect(child, BASE, 2, 1000);
    assert_status(sim_load(cpu, BASE, &word), QUIRE_IO_ERROR);
    machine_check(machine);
    quire_space_destroy(child);
    assert_int_equal(scene_slots_bad(area), 0);
}

/* What `load_task` found in the one page of its space. */
static enum quire_status found[2];

static void load_task(struct sim_cpu *on, void *argument)
{
    uint64_t word;

    sim_switch(on, argument);
    found[on->here.number] = sim_load(on, BASE + PAGE - 8, &word);
    if (found[on->here.number] == QUIRE_OK)
        assert_int_equal(word, 1000);
    sim_switch(on, NULL);
}

/* Who waits for a read that fails does not get what it left behind: it reads again. */
static void a_failed_read_is_nobodys_content(void **state)
{
    void (*tasks[])(struct sim_cpu *, void *) = {load_task, load_task};
    uint64_t seed = machine_seed();

    (void)state;
    machine->random.state = seed;
    scene_swap(32);
    for (unsigned round = 0; round < 100; round++) {
        struct quire_space *child;
        void *arguments[] = {space, NULL};

        machine_anonymous(space, BASE, 1, QUIRE_REGION_RANDOM, 1000);
        page_out(BASE, 1, 1);
        assert_ok(quire_space_clone(space, &child));
        arguments[1] = child;
        machine->disk.fail_at = 1;
        sim_switch(cpu, NULL);
        sim_run(machine, tasks, arguments);
        assert_true((found[0] == QUIRE_IO_ERROR) != (found[1] == QUIRE_IO_ERROR));
        sim_switch(cpu, space);
        assert_ok(quire_space_unmap(space, BASE, PAGE));
        quire_space_destroy(child);
        sim_quiesce(machine);
        machine_check(machine);
    }
}

static void what_cannot_be_written_stays(void **state)
{
    (void)state;
    scene_swap(8);
    machine_anonymous(space, BASE, 6, 0, 1000);
    machine->disk.bad_slot = area->first + 2;
    page_out(BASE, 6, 6);
    assert_int_equal(scene_slots_bad(area), 1);
    assert_int_equal(machine->disk.writes, 5);
    machine_expect(space, BASE, 6, 1000);
    assert_int_equal(machine->disk.reads, 5);
    assert_int_equal(scene_slots_bad(area), 1);
    /* Read or written since, it leaves by another slot. */
    page_out(BASE, 6, 6);
    assert_int_equal(scene_slots_bad(area), 1);
    assert_int_equal(machine->disk.writes, 6);
    machine_expect(space, BASE, 6, 1000);
    for (unsigned i = 0; i < 6; i++)
        assert_ok(sim_store(cpu, BASE + (i + 1) * PAGE - 8, 2000 + i));
    page_out(BASE, 6, 6);
    machine_expect(space, BASE, 6, 2000);
    assert_int_equal(scene_slots_bad(area), 1);
}

/* Its frame cannot go while a relative has it only by its slot; and it is not said to be free. */
static void what_cannot_be_written_stays_for_relatives(void **state)
{
    struct quire_space *child;
    uint64_t free;

    (void)state;
    scene_swap(8);
    machine_anonymous(space, BASE, 1, 0, 1000);
    machine->disk.bad_slot = area->first;
    page_out(BASE, 1, 1);
    assert_ok(quire_space_clone(space, &child));
    machine_expect(child, BASE, 1, 1000);
    machine_check(machine);
    free = machine_free_frames(machine);
    (void)quire_space_page_out(child, BASE, PAGE);
    sim_disk_finish(machine);
    machine_check(machine);
    assert_true(machine_free_frames(machine) >= free);
    machine_expect(child, BASE, 1, 1000);
    machine_expect(space, BASE, 1, 1000);
    quire_space_destroy(child);
    assert_int_equal(scene_slots_bad(area), 1);
}

static void every_slot_fails(void **state)
{
    (void)state;
    scene_swap(8);
    machine_anonymous(space, BASE, 8, 0, 1000);
    machine->disk.fail_once_in = 1;
    page_out(BASE, 8, 8);
    assert_int_equal(scene_slots_bad(area), 8);
    machine_expect(space, BASE, 8, 1000);
    page_out(BASE, 8, 0);
    assert_int_equal(scene_slots_in_use(area), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, scene_start, scene_finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(zeros_are_never_written),
        test(neighbours_go_in_one_transfer),
        test(what_was_only_read_is_not_written_again),
        test(a_page_that_comes_back_to_be_written),
        test(forks_count_the_slots),
        test(a_shared_page_is_written_once),
        test(moving_and_unmapping_keep_count),
        test(trimming_gives_up_clean_copies),
        test(slots_run_out),
        test(higher_priorities_first),
        test(equal_priorities_take_turns),
        test(turns_end_in_an_area_with_holes),
        test(excluded_slots_are_never_used),
        test(numbers_of_areas_that_went_come_again),
        test(in_order_is_read_in_large_runs),
        test(at_random_hardly_a_page_is_read_in_vain),
        test(advice_says_what_is_next),
        test(only_the_page_that_cannot_be_read_is_lost),
        test(a_run_that_fails_once_is_read_again),
        test(a_page_that_cannot_be_read_is_lost_to_who_wanted_it),
        test(a_page_that_can_be_read_later_is_there_for_relatives),
        test(a_failed_read_is_nobodys_content),
        test(what_cannot_be_written_stays),
        test(what_cannot_be_written_stays_for_relatives),
        test(every_slot_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
