/* What a space says of its pages: usage, shares, peaks, single pages, what was touched and written
 * since somebody asked to forget it. */
#include "scene.h"

#include <string.h>

#define PAGES 8
#define SHARE ((uint64_t)PAGE << QUIRE_USAGE_FRACTION)

static void map(quire_virt address, size_t pages, uint32_t region, struct quire_object *object)
{
    struct quire_map request = {.address = address,
                                .length = pages * PAGE,
                                .region = region,
                                .flags = QUIRE_MAP_FIXED,
                                .object = object};
    quire_virt ignored;

    assert_ok(quire_space_map(space, &request, &ignored));
}

static void store(quire_virt address, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        assert_ok(sim_store(cpu, address + i * PAGE, i + 1));
}

static struct quire_usage usage(struct quire_space *of)
{
    struct quire_usage sum = {0};

    quire_space_usage_range(of, BASE, BASE + PAGES * PAGE, &sum);
    return sum;
}

static uint8_t flags_of(struct quire_space *of, quire_virt address)
{
    struct quire_page_state page;

    quire_space_page_states(of, address, 1, &page);
    return page.flags;
}

static void pages_are_divided_among_forks(void **state)
{
    struct quire_space *child;
    uint64_t counts[1];
    struct quire_page_state page;

    (void)state;
    map(BASE, PAGES, RW, NULL);
    store(BASE, PAGES);
    assert_int_equal(usage(space).private_dirty, PAGES);
    assert_int_equal(usage(space).proportional, PAGES * SHARE);
    assert_ok(quire_space_clone(space, &child));
    assert_int_equal(usage(child).shared_dirty, PAGES);
    assert_int_equal(usage(child).proportional, PAGES * SHARE / 2);
    assert_int_equal(usage(space).most_mappings, 2);
    assert_int_equal(flags_of(space, BASE) & QUIRE_PAGE_IS_EXCLUSIVE, 0);
    quire_space_page_states(space, BASE, 1, &page);
    quire_frame_mapping_counts(machine->q, (uint32_t)page.number, 1, counts);
    assert_int_equal(counts[0], 2);
    store(BASE, 2); /* copies: the child is alone with the old ones */
    assert_int_equal(usage(space).private_dirty, 2);
    assert_int_equal(usage(child).private_dirty, 2);
    assert_int_equal(usage(child).proportional, 2 * SHARE + 6 * SHARE / 2);
    assert_int_not_equal(flags_of(space, BASE) & QUIRE_PAGE_IS_EXCLUSIVE, 0);
    quire_space_destroy(child);
    assert_int_equal(usage(space).private_dirty, PAGES);
}

static void an_object_is_no_mapping(void **state)
{
    struct quire_object *object;

    (void)state;
    assert_ok(
        quire_object_create(machine->q, QUIRE_OBJECT_MEMORY, NULL, NULL, PAGES * PAGE, &object));
    map(BASE, PAGES, RW | QUIRE_REGION_SHARED, object);
    store(BASE, 3);
    assert_int_equal(usage(space).object, 3);
    assert_int_equal(usage(space).private_dirty, 3);
    assert_int_equal(flags_of(space, BASE), QUIRE_PAGE_IS_PRESENT | QUIRE_PAGE_IS_OBJECT |
                                                QUIRE_PAGE_IS_EXCLUSIVE | QUIRE_PAGE_IS_DIRTY);
    map(BASE + 0x400000, PAGES, RW | QUIRE_REGION_SHARED, object);
    store(BASE + 0x400000, 2);
    assert_int_equal(usage(space).shared_dirty, 2);
    assert_int_equal(usage(space).proportional, SHARE + 2 * SHARE / 2);
    quire_object_put(object);
}

static void peaks_stay(void **state)
{
    const size_t many = 600;
    uint64_t total;

    (void)state;
    map(BASE, many, RW, NULL);
    store(BASE, many);
    total = space->pages.total;
    assert_ok(quire_space_unmap(space, BASE, many * PAGE));
    assert_int_equal(space->pages.total, total - many);
    assert_int_equal(space->pages.total_peak, total);
    assert_true(quire_space_resident_peak(space) >= many);
    map(BASE, PAGES, RW, NULL);
    store(BASE, PAGES);
    assert_true(quire_space_resident_peak(space) >= many);
    quire_space_reset_peak(space);
    assert_int_equal(quire_space_resident_peak(space), PAGES);
    /* Little by little: what is missed stays below the grain. */
    for (unsigned i = 0; i < 100; i++) {
        map(BASE + 0x800000, 40, RW, NULL);
        store(BASE + 0x800000, 40);
        assert_ok(quire_space_unmap(space, BASE + 0x800000, 40 * PAGE));
    }
    assert_int_equal(quire_space_resident_peak(space), PAGES + 40);
}

/* The simulated CPUs touch pages ahead as they like: a few tries are left to them. */
static bool forgets(bool anonymous, bool object, uint64_t accessed)
{
    for (unsigned i = 0; i < 50; i++) {
        store(BASE, PAGES);
        quire_space_clear_accessed(space, anonymous, object);
        if (usage(space).accessed == accessed)
            return true;
    }
    return false;
}

static void accessed_is_forgotten(void **state)
{
    struct quire_object *object;
    uint64_t word;

    (void)state;
    assert_ok(quire_object_create(machine->q, QUIRE_OBJECT_MEMORY, NULL, NULL, 3 * PAGE, &object));
    map(BASE, 5, RW, NULL);
    map(BASE + 5 * PAGE, 3, RW | QUIRE_REGION_SHARED, object);
    quire_object_put(object);
    store(BASE, PAGES);
    assert_int_equal(usage(space).accessed, PAGES);
    assert_true(forgets(true, false, 3));
    assert_true(forgets(false, true, 5));
    assert_true(forgets(true, true, 0));
    assert_ok(sim_load(cpu, BASE, &word)); /* the TLB has forgotten as well */
    assert_true(usage(space).accessed > 0);
}

/* Which of the pages count as written, as bits. */
static unsigned written(struct quire_space *of)
{
    struct quire_page_state pages[PAGES];
    unsigned bits = 0;

    quire_space_page_states(of, BASE, PAGES, pages);
    for (unsigned i = 0; i < PAGES; i++)
        bits |= (pages[i].flags & QUIRE_PAGE_IS_DIRTY ? 1u : 0u) << i;
    return bits;
}

static void written_is_forgotten(void **state)
{
    struct quire_region_info info;
    struct quire_space *child;
    uint64_t word;

    (void)state;
    map(BASE, PAGES, RW, NULL);
    store(BASE, PAGES);
    assert_int_equal(written(space), 0xff);
    assert_ok(quire_space_clear_dirty(space));
    machine_check(machine);
    assert_int_equal(written(space), 0);
    assert_int_equal(usage(space).private_dirty, PAGES); /* the frames remember */
    assert_true(quire_space_region(space, BASE, &info));
    assert_true(info.flags & QUIRE_REGION_UNWRITTEN);
    assert_ok(sim_load(cpu, BASE + PAGE, &word));
    assert_int_equal(word, 2);
    assert_int_equal(written(space), 0);
    assert_ok(sim_store(cpu, BASE + 3 * PAGE, 7)); /* the TLB gives no right that is gone */
    assert_int_equal(written(space), 1u << 3);

    /* A fork's table: forgetting for one does not forget for the other. */
    assert_ok(quire_space_clone(space, &child));
    assert_ok(quire_space_clear_dirty(child));
    assert_int_equal(written(child), 0);
    assert_int_equal(written(space), 1u << 3);
    machine_check(machine);
    quire_space_destroy(child);

    /* A neighbour that is mapped later joins, and the whole counts as new. */
    map(BASE + PAGES * PAGE, 2, RW, NULL);
    assert_true(quire_space_region(space, BASE, &info));
    assert_int_equal(info.end, BASE + (PAGES + 2) * PAGE);
    assert_false(info.flags & QUIRE_REGION_UNWRITTEN);
}

/* A table shared by fork has to be copied first, which can fail: nothing that was known is lost. */
static void forgetting_fails(void **state)
{
    struct quire_space *child;
    uint64_t word;
    size_t done;

    (void)state;
    map(BASE, PAGES, RW, NULL);
    store(BASE, PAGES);
    assert_ok(quire_space_clone(space, &child));
    machine->fail_allocation_once_in = 1; /* each one */
    assert_status(quire_space_clear_dirty(child), QUIRE_NO_MEMORY);
    machine->fail_allocation_once_in = 0;
    machine_check(machine);
    assert_int_equal(written(child), 0xff);
    assert_int_equal(written(space), 0xff);
    assert_ok(quire_space_clear_dirty(child));
    assert_int_equal(written(child), 0);
    assert_ok(quire_space_read(child, BASE, &word, sizeof word, false, &done));
    assert_int_equal(word, 1);
    quire_space_destroy(child);
}

#define test(name) cmocka_unit_test_setup_teardown(name, scene_start, scene_finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(pages_are_divided_among_forks), test(an_object_is_no_mapping), test(peaks_stay),
        test(accessed_is_forgotten),         test(written_is_forgotten),    test(forgetting_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
