/* Promised memory: what each operation adds to the count and takes from it, and what the policies
 * refuse. That the count agrees with all regions and objects, machine_check proves in every test.
 */
#include "machine.h"

#define MAY  (QUIRE_REGION_MAY_READ | QUIRE_REGION_MAY_WRITE | QUIRE_REGION_MAY_EXECUTE)
#define RO   (QUIRE_PROT_READ | MAY)
#define RW   (QUIRE_PROT_READ | QUIRE_PROT_WRITE | MAY)
#define BASE ((quire_virt)0x10000000)

static struct sim_machine *machine;
static struct quire_space *space;
static struct quire *q;

static int start(void **state)
{
    (void)state;
    machine = machine_create(2);
    q = machine->q;
    assert_ok(quire_space_create(q, &space));
    sim_switch(sim_this_cpu(), space);
    return 0;
}

static int end(void **state)
{
    (void)state;
    machine_check(machine);
    sim_switch(sim_this_cpu(), NULL);
    quire_space_destroy(space);
    assert_int_equal(quire_commit_pages(q), 0);
    machine_end(machine);
    return 0;
}

static enum quire_status map_object(quire_virt address, size_t pages, uint32_t region,
                                    struct quire_object *object)
{
    struct quire_map request = {.address = address,
                                .length = pages * PAGE,
                                .region = region,
                                .flags = QUIRE_MAP_FIXED,
                                .object = object};
    quire_virt ignored;

    return quire_space_map(space, &request, &ignored);
}

static enum quire_status map(quire_virt address, size_t pages, uint32_t region)
{
    return map_object(address, pages, region, NULL);
}

static void assert_promised(uint64_t pages)
{
    assert_int_equal(quire_commit_pages(q), pages);
    machine_check(machine);
}

/* ---- what counts ---- */

static void private_writable_memory_counts(void **state)
{
    (void)state;
    assert_ok(map(BASE, 10, RW));
    assert_promised(10);
    assert_ok(map(BASE + 100 * PAGE, 10, RO));
    assert_ok(map(BASE + 200 * PAGE, 10, RW | QUIRE_REGION_NO_RESERVE));
    assert_promised(10);
    assert_ok(quire_space_unmap(space, BASE + 4 * PAGE, 2 * PAGE));
    assert_promised(8);
    assert_ok(quire_space_unmap(space, BASE, 300 * PAGE));
    assert_promised(0);
}

static void replacing_counts_once(void **state)
{
    (void)state;
    assert_ok(map(BASE, 10, RW));
    assert_ok(map(BASE + 5 * PAGE, 10, RW));
    assert_promised(15);
    assert_ok(map(BASE, 15, RO));
    assert_promised(0);
}

static void becoming_writable_counts_and_stays(void **state)
{
    (void)state;
    assert_ok(map(BASE, 10, RO));
    assert_ok(quire_space_protect(space, BASE + 2 * PAGE, 3 * PAGE, RW & ~MAY, false));
    assert_promised(3);
    /* Read-only again, but perhaps written: still promised, and so no part of its neighbours. */
    assert_ok(quire_space_protect(space, BASE + 2 * PAGE, 3 * PAGE, QUIRE_PROT_READ, false));
    assert_promised(3);
    assert_int_equal(machine_regions(space), 3);
    assert_ok(quire_space_protect(space, BASE, 10 * PAGE, RW & ~MAY, false));
    assert_promised(10);
    assert_int_equal(machine_regions(space), 1);
}

static void growing_and_moving(void **state)
{
    quire_virt place;

    (void)state;
    assert_ok(map(BASE, 10, RW));
    assert_ok(quire_space_remap(space, BASE, 10 * PAGE, 20 * PAGE, 0, 0, &place));
    assert_promised(20);
    assert_ok(quire_space_remap(space, BASE, 20 * PAGE, 30 * PAGE,
                                QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_FIXED, BASE + 100 * PAGE,
                                &place));
    assert_promised(30);
    assert_ok(quire_space_remap(space, place, 30 * PAGE, 30 * PAGE,
                                QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_KEEP_OLD, 0, &place));
    assert_promised(60);
    assert_ok(quire_space_remap(space, place, 30 * PAGE, 5 * PAGE, 0, 0, &place));
    assert_promised(35);
}

static void the_break_and_stacks(void **state)
{
    (void)state;
    quire_space_set_break(space, BASE);
    assert_int_equal(quire_space_break(space, BASE + 7 * PAGE - 1), BASE + 7 * PAGE - 1);
    assert_promised(7);
    assert_int_equal(quire_space_break(space, BASE + PAGE), BASE + PAGE);
    assert_promised(1);
    assert_ok(map(2 * BASE, 2, RW | QUIRE_REGION_GROWS_DOWN));
    assert_ok(quire_space_fault(space, 2 * BASE - 3 * PAGE, QUIRE_ACCESS_WRITE, NULL));
    assert_promised(6);
}

static void fork_counts_again(void **state)
{
    struct quire_space *child;

    (void)state;
    assert_ok(map(BASE, 10, RW));
    assert_ok(map(2 * BASE, 10, RW));
    assert_ok(quire_space_advise(space, 2 * BASE, 10 * PAGE, QUIRE_ADVICE_DONT_FORK));
    assert_ok(quire_space_clone(space, &child));
    assert_promised(30);
    quire_space_destroy(child);
    assert_promised(20);
}

static void objects_count_whole_or_by_page(void **state)
{
    struct quire_object *reserved, *file;
    size_t done;

    (void)state;
    assert_ok(quire_object_create(q, QUIRE_OBJECT_MEMORY, NULL, NULL, 9 * PAGE + 1, &reserved));
    assert_ok(quire_object_reserve(reserved, space));
    assert_promised(10);
    assert_ok(map_object(BASE, 10, RW | QUIRE_REGION_SHARED, reserved));
    assert_ok(quire_space_fault(space, BASE, QUIRE_ACCESS_WRITE, NULL));
    assert_promised(10);
    /* A private mapping of it may be copied whole. */
    assert_ok(map_object(2 * BASE, 10, RW, reserved));
    assert_promised(20);

    assert_ok(quire_object_create(q, QUIRE_OBJECT_MEMORY, NULL, NULL, 9 * PAGE, &file));
    assert_promised(20);
    assert_ok(quire_object_write(file, PAGE - 1, "ab", 2, &done));
    assert_promised(22);
    quire_object_punch(file, 0, PAGE);
    assert_promised(21);
    quire_object_resize(file, 0);
    assert_promised(20);
    assert_ok(quire_object_write(file, 0, "a", 1, &done));
    quire_object_put(file);
    quire_object_put(reserved);
    assert_ok(quire_space_unmap(space, BASE, 2 * BASE));
    assert_promised(0);
}

/* ---- the policies ---- */

static void the_heuristic_refuses_the_impossible(void **state)
{
    const uint64_t all = q->commit.machine;

    (void)state;
    quire_commit_set(q, QUIRE_COMMIT_HEURISTIC, 0, 0, 0);
    assert_status(map(BASE, all + 1, RW), QUIRE_COMMIT_LIMIT);
    assert_promised(0);
    assert_int_equal(machine_regions(space), 0);
    assert_ok(map(BASE, all + 1, RW | QUIRE_REGION_NO_RESERVE));
    assert_ok(map(100 * BASE, all, RW));
    assert_ok(map(200 * BASE, all, RW));
    assert_promised(2 * all);
}

static void strict(uint64_t limit)
{
    quire_commit_set(q, QUIRE_COMMIT_STRICT, limit, 0, 0);
}

static void the_strict_policy_adds_up(void **state)
{
    struct quire_space *child;
    struct quire_object *object;
    quire_virt place;
    size_t done;

    (void)state;
    strict(100);
    assert_ok(map(BASE, 60, RW | QUIRE_REGION_NO_RESERVE)); /* no meaning here */
    assert_promised(60);
    assert_status(map(2 * BASE, 40, RW), QUIRE_COMMIT_LIMIT);
    assert_ok(map(2 * BASE, 39, RW));
    assert_ok(map(2 * BASE, 39, RW)); /* replaced: nothing more */
    assert_ok(map(3 * BASE, 10, RO));
    assert_promised(99);
    assert_status(quire_space_protect(space, 3 * BASE, PAGE, RW & ~MAY, false), QUIRE_COMMIT_LIMIT);
    assert_status(
        quire_space_remap(space, BASE, 60 * PAGE, 61 * PAGE, QUIRE_REMAP_MAY_MOVE, 0, &place),
        QUIRE_COMMIT_LIMIT);
    assert_status(quire_space_clone(space, &child), QUIRE_COMMIT_LIMIT);
    assert_promised(99);
    quire_space_set_break(space, 5 * BASE);
    assert_int_equal(quire_space_break(space, 5 * BASE + 1), 5 * BASE);
    assert_ok(quire_object_create(q, QUIRE_OBJECT_MEMORY, NULL, NULL, PAGE, &object));
    assert_status(quire_object_reserve(object, space), QUIRE_COMMIT_LIMIT);
    assert_status(quire_object_write(object, 0, "a", 1, &done), QUIRE_COMMIT_LIMIT);
    assert_int_equal(done, 0);
    assert_promised(99);
    quire_object_put(object);
    assert_ok(quire_space_unmap(space, BASE, 60 * PAGE));
    assert_ok(map(BASE, 60, RW));
}

static void a_stack_does_not_grow_beyond_the_limit(void **state)
{
    (void)state;
    strict(4);
    assert_ok(map(BASE, 2, RW | QUIRE_REGION_GROWS_DOWN));
    assert_ok(quire_space_fault(space, BASE - PAGE, QUIRE_ACCESS_WRITE, NULL));
    assert_status(quire_space_fault(space, BASE - 2 * PAGE, QUIRE_ACCESS_WRITE, NULL),
                  QUIRE_NO_MAPPING);
    assert_promised(3);
}

static void something_is_kept_for_the_administrator(void **state)
{
    (void)state;
    quire_commit_set(q, QUIRE_COMMIT_STRICT, 1000, 100, 10);
    assert_status(map(BASE, 900, RW), QUIRE_COMMIT_LIMIT);
    space->limits.administrator = true;
    assert_ok(map(BASE, 900, RW));
    /* From a space of 900 pages 10 are kept back, from a small one 1/32 of it. */
    assert_status(map(2 * BASE, 90, RW), QUIRE_COMMIT_LIMIT);
    assert_ok(map(2 * BASE, 89, RW));
}

static void a_failed_fork_gives_back(void **state)
{
    struct quire_space *child;

    (void)state;
    assert_ok(map(BASE, 50, RW));
    assert_ok(map(2 * BASE, 40, RW));
    strict(150);
    assert_status(quire_space_clone(space, &child), QUIRE_COMMIT_LIMIT);
    assert_promised(90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(private_writable_memory_counts, start, end),
        cmocka_unit_test_setup_teardown(replacing_counts_once, start, end),
        cmocka_unit_test_setup_teardown(becoming_writable_counts_and_stays, start, end),
        cmocka_unit_test_setup_teardown(growing_and_moving, start, end),
        cmocka_unit_test_setup_teardown(the_break_and_stacks, start, end),
        cmocka_unit_test_setup_teardown(fork_counts_again, start, end),
        cmocka_unit_test_setup_teardown(objects_count_whole_or_by_page, start, end),
        cmocka_unit_test_setup_teardown(the_heuristic_refuses_the_impossible, start, end),
        cmocka_unit_test_setup_teardown(the_strict_policy_adds_up, start, end),
        cmocka_unit_test_setup_teardown(a_stack_does_not_grow_beyond_the_limit, start, end),
        cmocka_unit_test_setup_teardown(something_is_kept_for_the_administrator, start, end),
        cmocka_unit_test_setup_teardown(a_failed_fork_gives_back, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
