/* Spaces: what is refused, what merges and splits, placement, stacks, the break, fork, large moves,
 * copying in and out. */
#include "scene.h"

#include <string.h>

#define SPAN ((size_t)2 << 20)

static enum quire_status map(quire_virt address, size_t length, uint32_t region, uint32_t flags,
                             quire_virt *out)
{
    struct quire_map request = {
        .address = address, .length = length, .region = region, .flags = flags};
    quire_virt ignored;

    return quire_space_map(space, &request, out != NULL ? out : &ignored);
}

static void fixed(quire_virt address, size_t length, uint32_t region)
{
    assert_ok(map(address, length, region, QUIRE_MAP_FIXED, NULL));
}

static enum quire_status load(quire_virt address, uint64_t *out)
{
    uint64_t ignored;

    return sim_load(cpu, address, out != NULL ? out : &ignored);
}

static void expect(quire_virt address, uint64_t value)
{
    uint64_t word;

    assert_ok(sim_load(cpu, address, &word));
    assert_int_equal(word, value);
}

static void bad_arguments_have_names(void **state)
{
    const quire_virt limit = space->end;
    struct quire_map shared = {.length = PAGE, .region = RW | QUIRE_REGION_SHARED};
    quire_virt out;

    (void)state;
    assert_status(map(0, 0, RW, 0, NULL), QUIRE_ZERO_LENGTH);
    assert_status(map(BASE + 1, PAGE, RW, QUIRE_MAP_FIXED, NULL), QUIRE_UNALIGNED);
    assert_status(map(0, SIZE_MAX, RW, 0, NULL), QUIRE_NO_SPACE);
    assert_status(map(0, limit + PAGE, RW, 0, NULL), QUIRE_NO_SPACE);
    assert_status(map(limit, PAGE, RW, QUIRE_MAP_FIXED, NULL), QUIRE_OUT_OF_RANGE);
    assert_status(map(limit - PAGE, 2 * PAGE, RW, QUIRE_MAP_FIXED, NULL), QUIRE_OUT_OF_RANGE);
    assert_status(
        map((quire_virt)0xf0 << (sizeof(quire_virt) * 8 - 8), PAGE, RW, QUIRE_MAP_FIXED, NULL),
        QUIRE_OUT_OF_RANGE);
    assert_status(map(~(quire_virt)0 - PAGE + 1, PAGE, RW, QUIRE_MAP_FIXED, NULL),
                  QUIRE_OUT_OF_RANGE);
    assert_status(quire_space_map(space, &shared, &out), QUIRE_INVALID);
    assert_status(quire_space_unmap(space, BASE, 0), QUIRE_ZERO_LENGTH);
    assert_status(quire_space_unmap(space, BASE + 8, PAGE), QUIRE_UNALIGNED);
    assert_status(quire_space_unmap(space, limit, PAGE), QUIRE_OUT_OF_RANGE);
    assert_status(quire_space_unmap(space, BASE, SIZE_MAX), QUIRE_OUT_OF_RANGE);
    assert_ok(quire_space_unmap(space, BASE, PAGE)); /* nothing there: fine */
    assert_status(quire_space_protect(space, BASE, PAGE, QUIRE_PROT_READ, false), QUIRE_NO_MAPPING);
    assert_ok(quire_space_protect(space, BASE, 0, QUIRE_PROT_READ, false));
    assert_status(quire_space_fault(space, ~(quire_virt)0, QUIRE_ACCESS_READ, NULL),
                  QUIRE_NO_MAPPING);
    assert_status(quire_space_fault(space, limit + 2 * PAGE, QUIRE_ACCESS_WRITE, NULL),
                  QUIRE_NO_MAPPING);
    assert_int_equal(machine_regions(space), 0);
}

static void the_last_user_page(void **state)
{
    const quire_virt last = space->end - PAGE;

    (void)state;
    fixed(last, PAGE, RW);
    assert_ok(sim_store(cpu, last + PAGE - 8, 7));
    expect(last + PAGE - 8, 7);
    assert_status(load(last + PAGE, NULL), QUIRE_NO_MAPPING);
    assert_ok(quire_space_unmap(space, last, PAGE));
    assert_status(load(last, NULL), QUIRE_NO_MAPPING);
}

/* A debugger reads and writes where the program may not, and the program's rights stay. */
static void forced_access(void **state)
{
    uint64_t word = 0;
    size_t done;

    (void)state;
    fixed(BASE, 3 * PAGE, RW);
    assert_ok(sim_store(cpu, BASE, 7));
    assert_ok(quire_space_protect(space, BASE, 3 * PAGE, 0, false));
    assert_status(quire_space_read(space, BASE, &word, 8, false, &done), QUIRE_NO_PERMISSION);
    assert_ok(quire_space_read(space, BASE, &word, 8, true, &done));
    assert_int_equal(word, 7);
    assert_ok(quire_space_read(space, BASE + PAGE, &word, 8, true, &done));
    assert_int_equal(word, 0);
    word = 9;
    assert_status(quire_space_write(space, BASE, &word, 8, false, &done), QUIRE_NO_PERMISSION);
    assert_ok(quire_space_write(space, BASE, &word, 8, true, &done));
    assert_ok(quire_space_write(space, BASE + 2 * PAGE, &word, 8, true, &done));
    machine_check(machine);
    assert_status(load(BASE, NULL), QUIRE_NO_PERMISSION);
    assert_status(load(BASE + 2 * PAGE, NULL), QUIRE_NO_PERMISSION);
    assert_ok(quire_space_protect(space, BASE, 3 * PAGE, QUIRE_PROT_READ, false));
    expect(BASE, 9);
    expect(BASE + PAGE, 0);
    expect(BASE + 2 * PAGE, 9);
    assert_status(sim_store(cpu, BASE, 1), QUIRE_NO_PERMISSION);
    /* What the CPU can read because it can write, another process may not read. */
    assert_ok(quire_space_protect(space, BASE, PAGE, QUIRE_PROT_WRITE, false));
    expect(BASE, 9);
    assert_status(quire_space_read(space, BASE, &word, 8, false, &done), QUIRE_NO_PERMISSION);
    /* Without the right to become writable there is none to write by force either. */
    fixed(BASE, PAGE, QUIRE_PROT_READ | QUIRE_REGION_MAY_READ);
    assert_status(quire_space_write(space, BASE, &word, 8, true, &done), QUIRE_NO_PERMISSION);
}

static void ends_of_a_region(void **state)
{
    (void)state;
    fixed(BASE, 2 * PAGE, RW);
    assert_ok(sim_store(cpu, BASE, 1));
    assert_ok(sim_store(cpu, BASE + 2 * PAGE - 8, 2));
    assert_status(load(BASE - 8, NULL), QUIRE_NO_MAPPING);
    assert_status(load(BASE + 2 * PAGE, NULL), QUIRE_NO_MAPPING);
    assert_status(map(BASE + PAGE, 2 * PAGE, RW, QUIRE_MAP_FIXED | QUIRE_MAP_NO_REPLACE, NULL),
                  QUIRE_EXISTS);
    assert_ok(map(BASE + 2 * PAGE, PAGE, RW, QUIRE_MAP_FIXED | QUIRE_MAP_NO_REPLACE, NULL));
    expect(BASE, 1);
    expect(BASE + 2 * PAGE - 8, 2);
}

static void neighbours_merge_and_split(void **state)
{
    (void)state;
    fixed(BASE, PAGE, RW);
    fixed(BASE + 2 * PAGE, PAGE, RW);
    assert_int_equal(machine_regions(space), 2);
    fixed(BASE + PAGE, PAGE, RW);
    assert_int_equal(machine_regions(space), 1);
    assert_ok(quire_space_protect(space, BASE + PAGE, PAGE, QUIRE_PROT_READ, false));
    assert_int_equal(machine_regions(space), 3);
    assert_ok(
        quire_space_protect(space, BASE + PAGE, PAGE, QUIRE_PROT_READ | QUIRE_PROT_WRITE, false));
    assert_int_equal(machine_regions(space), 1);
    assert_ok(quire_space_unmap(space, BASE + PAGE, PAGE));
    assert_int_equal(machine_regions(space), 2);
    assert_status(quire_space_protect(space, BASE, 3 * PAGE, QUIRE_PROT_READ, false),
                  QUIRE_NO_MAPPING);
    assert_status(sim_store(cpu, BASE, 1), QUIRE_NO_PERMISSION); /* changed before the hole */
    assert_ok(sim_store(cpu, BASE + 2 * PAGE, 1));
}

static void rights_cannot_exceed_the_most(void **state)
{
    (void)state;
    fixed(BASE, PAGE, QUIRE_PROT_READ | QUIRE_REGION_MAY_READ);
    assert_status(quire_space_protect(space, BASE, PAGE, QUIRE_PROT_READ | QUIRE_PROT_WRITE, false),
                  QUIRE_NO_PERMISSION);
    assert_status(sim_store(cpu, BASE, 1), QUIRE_NO_PERMISSION);
    expect(BASE, 0);
}

static void no_right_and_back_keeps_the_content(void **state)
{
    (void)state;
    fixed(BASE, 2 * PAGE, RW);
    assert_ok(sim_store(cpu, BASE, 11));
    assert_ok(quire_space_protect(space, BASE, 2 * PAGE, QUIRE_PROT_NONE, false));
    assert_status(load(BASE, NULL), QUIRE_NO_PERMISSION);
    assert_ok(quire_space_protect(space, BASE, 2 * PAGE, QUIRE_PROT_READ, false));
    expect(BASE, 11);
    assert_status(sim_store(cpu, BASE, 12), QUIRE_NO_PERMISSION);
}

static void placement_goes_down_from_the_top(void **state)
{
    quire_virt first, second, third;

    (void)state;
    assert_ok(map(0, 4 * PAGE, RW, 0, &first));
    assert_int_equal(first, space->map_top - 4 * PAGE);
    assert_ok(map(0, PAGE, QUIRE_PROT_READ | MAY, 0, &second));
    assert_int_equal(second, first - PAGE);
    assert_ok(quire_space_unmap(space, first + PAGE, PAGE));
    assert_ok(map(0, PAGE, QUIRE_PROT_READ | MAY, 0, &third));
    assert_int_equal(third, first + PAGE);
    assert_ok(map(BASE + 5, PAGE, RW, 0, &third)); /* a hint, rounded down as on Linux */
    assert_int_equal(third, BASE);
    assert_ok(map(BASE, PAGE, RW, 0, &third)); /* taken: elsewhere */
    assert_int_not_equal(third, BASE);
    assert_ok(map(0, PAGE, RW, QUIRE_MAP_LOW_2G, &third));
    assert_in_range(third, (quire_virt)1 << 30, ((quire_virt)1 << 31) - PAGE);
}

static void a_stack_grows_and_stops(void **state)
{
    const quire_virt top = BASE + 64 * PAGE;
    const size_t gap = QUIRE_STACK_GUARD_PAGES * PAGE;
    enum quire_fault_class class;

    (void)state;
    fixed(top - PAGE, PAGE, RW | QUIRE_REGION_GROWS_DOWN | QUIRE_REGION_STACK);
    space->limits.stack = 16 * PAGE;
    assert_ok(sim_store(cpu, top - 2 * PAGE, 1));
    assert_ok(sim_store(cpu, top - 9 * PAGE, 2)); /* several pages at once */
    expect(top - 5 * PAGE, 0);
    assert_int_equal(machine_regions(space), 1);
    assert_ok(sim_store(cpu, top - 16 * PAGE, 3));
    assert_status(quire_space_fault(space, top - 17 * PAGE, QUIRE_ACCESS_WRITE, &class),
                  QUIRE_NO_MAPPING);
    assert_int_equal(class, QUIRE_FAULT_GUARD);

    space->limits.stack = UINT64_MAX;
    fixed(top - 40 * PAGE, PAGE, RW);
    assert_ok(sim_store(cpu, top - 39 * PAGE + gap, 4));
    assert_status(sim_store(cpu, top - 39 * PAGE + gap - PAGE, 5), QUIRE_NO_MAPPING);
    expect(top - 16 * PAGE, 3);
}

static void the_break_moves(void **state)
{
    (void)state;
    quire_space_set_break(space, BASE + 100);
    assert_int_equal(quire_space_break(space, 0), BASE + 100);
    assert_int_equal(quire_space_break(space, BASE + 3 * PAGE + 5), BASE + 3 * PAGE + 5);
    assert_ok(sim_store(cpu, BASE + 3 * PAGE, 9));
    assert_status(load(BASE + 4 * PAGE, NULL), QUIRE_NO_MAPPING);
    fixed(BASE + 6 * PAGE, PAGE, RW);
    assert_int_equal(quire_space_break(space, BASE + 7 * PAGE), BASE + 3 * PAGE + 5);
    assert_int_equal(quire_space_break(space, BASE + PAGE), BASE + PAGE);
    assert_status(load(BASE + 3 * PAGE, NULL), QUIRE_NO_MAPPING);
    assert_int_equal(quire_space_break(space, BASE + 4 * PAGE), BASE + 4 * PAGE);
    expect(BASE + 3 * PAGE, 0); /* what was given back is gone */
    assert_int_equal(quire_space_break(space, ~(quire_virt)0), BASE + 4 * PAGE);
    space->limits.data = 2 * PAGE;
    assert_int_equal(quire_space_break(space, BASE + 5 * PAGE), BASE + 4 * PAGE);
}

static void limits_are_kept(void **state)
{
    (void)state;
    space->limits.total = 4 * PAGE;
    fixed(BASE, 4 * PAGE, RW);
    assert_status(map(0, PAGE, RW, 0, NULL), QUIRE_LIMIT);
    fixed(BASE, 4 * PAGE, QUIRE_PROT_READ | MAY); /* what is replaced does not count */
    space->limits.total = UINT64_MAX;
    space->limits.locked = PAGE;
    assert_status(quire_space_lock(space, BASE, 2 * PAGE, true, false), QUIRE_LOCK_LIMIT);
    assert_ok(quire_space_lock(space, BASE, PAGE, true, false));
    assert_ok(quire_space_lock(space, BASE, PAGE, false, false));
}

static void fork_copies_on_write(void **state)
{
    struct quire_space *child;
    uint64_t word = 0;
    size_t done;

    (void)state;
    fixed(BASE, 4 * PAGE, RW);
    for (unsigned i = 0; i < 4; i++)
        assert_ok(sim_store(cpu, BASE + i * PAGE, i + 1));
    assert_ok(quire_space_advise(space, BASE + 2 * PAGE, PAGE, QUIRE_ADVICE_WIPE_ON_FORK));
    assert_ok(quire_space_advise(space, BASE + 3 * PAGE, PAGE, QUIRE_ADVICE_DONT_FORK));
    assert_ok(quire_space_clone(space, &child));
    assert_ok(sim_store(cpu, BASE, 100)); /* through what was writable a moment ago */
    assert_ok(quire_space_read(child, BASE, &word, sizeof(word), false, &done));
    assert_int_equal(word, 1);
    word = 200;
    assert_ok(quire_space_write(child, BASE + PAGE, &word, sizeof(word), false, &done));
    expect(BASE, 100);
    expect(BASE + PAGE, 2);
    assert_ok(quire_space_read(child, BASE + 2 * PAGE, &word, sizeof(word), false, &done));
    assert_int_equal(word, 0);
    assert_status(quire_space_read(child, BASE + 3 * PAGE, &word, sizeof(word), false, &done),
                  QUIRE_NO_MAPPING);
    machine_check(machine);
    quire_space_destroy(child);
    assert_ok(sim_store(cpu, BASE + PAGE, 5));
}

static void a_large_move_takes_whole_tables(void **state)
{
    const quire_virt from = 0x40000000, to = 0x80000000;
    const size_t length = 2 * SPAN + 3 * PAGE;
    quire_virt result;

    (void)state;
    fixed(from, length, RW);
    for (size_t at = 0; at < length; at += 37 * PAGE)
        assert_ok(sim_store(cpu, from + at, at + 1));
    sim_enter(machine, 1); /* another CPU remembers the old place */
    sim_switch(sim_this_cpu(), space);
    assert_ok(sim_load(sim_this_cpu(), from + 37 * PAGE, &(uint64_t){0}));
    sim_enter(machine, 0);
    assert_ok(quire_space_remap(space, from, length, length + SPAN,
                                QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_FIXED, to, &result));
    machine_check(machine);
    for (size_t at = 0; at < length; at += 37 * PAGE)
        expect(to + at, at + 1);
    assert_status(load(from, NULL), QUIRE_NO_MAPPING);
    expect(to + length, 0);
    sim_enter(machine, 1);
    assert_status(sim_load(sim_this_cpu(), from + 37 * PAGE, &(uint64_t){0}), QUIRE_NO_MAPPING);
    sim_switch(sim_this_cpu(), NULL);
    sim_enter(machine, 0);
    /* Not aligned alike: entry by entry, and back in one piece with the old range kept empty. */
    assert_ok(quire_space_remap(space, to, length, length,
                                QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_FIXED | QUIRE_REMAP_KEEP_OLD,
                                from + PAGE, &result));
    expect(from + PAGE + 37 * PAGE, 37 * PAGE + 1);
    expect(to + 37 * PAGE, 0);
    assert_status(quire_space_remap(space, to, PAGE, PAGE, QUIRE_REMAP_FIXED, from, &result),
                  QUIRE_INVALID);
    assert_status(quire_space_remap(space, to, 2 * PAGE, 2 * PAGE,
                                    QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_FIXED, to + PAGE, &result),
                  QUIRE_INVALID);
    assert_status(quire_space_remap(space, BASE, PAGE, PAGE, 0, 0, &result), QUIRE_NO_MAPPING);
    assert_status(quire_space_remap(space, to, PAGE, 0, 0, 0, &result), QUIRE_ZERO_LENGTH);
}

static void advice_reaches_behind_holes(void **state)
{
    (void)state;
    fixed(BASE, PAGE, RW);
    fixed(BASE + 2 * PAGE, PAGE, RW);
    assert_ok(sim_store(cpu, BASE, 1));
    assert_ok(sim_store(cpu, BASE + 2 * PAGE, 2));
    assert_status(quire_space_advise(space, BASE, 4 * PAGE, QUIRE_ADVICE_DONT_NEED),
                  QUIRE_NO_MAPPING);
    expect(BASE, 0);
    expect(BASE + 2 * PAGE, 0);
    fixed(BASE + 8 * PAGE, PAGE, RW);
    assert_ok(quire_space_lock(space, BASE + 8 * PAGE, PAGE, true, false));
    assert_status(quire_space_advise(space, BASE + 8 * PAGE, PAGE, QUIRE_ADVICE_DONT_NEED),
                  QUIRE_INVALID);
}

static void residency(void **state)
{
    uint8_t bytes[4];

    (void)state;
    fixed(BASE, 4 * PAGE, RW);
    assert_ok(sim_store(cpu, BASE + 2 * PAGE, 1));
    assert_ok(quire_space_resident(space, BASE, 4 * PAGE, bytes));
    assert_int_equal(bytes[0] & 1, 0);
    assert_int_equal(bytes[2] & 1, 1);
    assert_int_equal(bytes[3] & 1, 0);
    assert_status(quire_space_resident(space, BASE + 3 * PAGE, 2 * PAGE, bytes), QUIRE_NO_MAPPING);
}

static void a_device_is_mapped_and_not_counted(void **state)
{
    struct quire_object *device;
    struct quire_map request = {.address = BASE,
                                .length = 2 * PAGE,
                                .region = RW | QUIRE_REGION_SHARED,
                                .flags = QUIRE_MAP_FIXED};
    quire_virt out;

    (void)state;
    assert_status(
        quire_object_create_device(machine->q, 12, PAGE, QUIRE_CACHE_UNCACHED, NULL, &device),
        QUIRE_UNALIGNED);
    assert_ok(quire_object_create_device(machine->q, SIM_DEVICE_START, PAGE, QUIRE_CACHE_UNCACHED,
                                         NULL, &device));
    request.object = device;
    assert_ok(quire_space_map(space, &request, &out));
    assert_ok(sim_store(cpu, BASE + 8, 99));
    assert_int_equal(*(uint64_t *)(void *)sim_bytes(machine, SIM_DEVICE_START + 8), 99);
    assert_status(load(BASE + PAGE, NULL), QUIRE_BEYOND_END);
    request.region &= ~(uint32_t)QUIRE_REGION_SHARED;
    assert_status(quire_space_map(space, &request, &out), QUIRE_INVALID);
    quire_object_put(device);
}

#define test(name) cmocka_unit_test_setup_teardown(name, scene_start, scene_finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(bad_arguments_have_names),
        test(the_last_user_page),
        test(forced_access),
        test(ends_of_a_region),
        test(neighbours_merge_and_split),
        test(rights_cannot_exceed_the_most),
        test(no_right_and_back_keeps_the_content),
        test(placement_goes_down_from_the_top),
        test(a_stack_grows_and_stops),
        test(the_break_moves),
        test(limits_are_kept),
        test(fork_copies_on_write),
        test(a_large_move_takes_whole_tables),
        test(advice_reaches_behind_holes),
        test(residency),
        test(a_device_is_mapped_and_not_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
