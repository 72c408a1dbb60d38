/* Page tables: every size of page, splits, rights, translation, harvest, and undoing what failed.
 */
#include "machine.h"

#include <string.h>

/* The largest page of the format, its level, and physical addresses that it can lie at. */
#define GIANT_LEVEL (QUIRE_LARGE_LEVELS & (1u << 3) ? 3u : 2u)
#define GIANT       ((size_t)1 << (GIANT_LEVEL == 3 ? 30 : 24))
#define PHYSICAL    ((quire_phys)GIANT)
#define EXECUTE     (QUIRE_HAS_NO_EXECUTE ? 0u : (unsigned)QUIRE_PROT_EXECUTE)

static void expect(struct sim_machine *machine, quire_virt address, quire_phys physical,
                   unsigned level, unsigned protection)
{
    struct quire_translation found;

    quire_pagetable_translate(machine->q, &machine->q->kernel, address, &found);
    assert_true(found.present);
    assert_int_equal(found.physical, physical);
    assert_int_equal(found.level, level);
    assert_int_equal(found.protection, protection | EXECUTE);
    assert_int_equal(found.steps, machine->q->kernel.levels - level + 1);
}

static void expect_nothing(struct sim_machine *machine, quire_virt address)
{
    struct quire_translation found;

    quire_pagetable_translate(machine->q, &machine->q->kernel, address, &found);
    assert_false(found.present);
}

static enum quire_status map(struct sim_machine *machine, quire_virt address, quire_phys physical,
                             size_t length, unsigned flags)
{
    return quire_pagetable_map(machine->q, &machine->q->kernel, address, physical, length,
                               QUIRE_PROT_READ | QUIRE_PROT_WRITE, flags);
}

static void largest_pages_that_fit(void **state)
{
    struct sim_machine *machine = machine_create(1);
    const unsigned rw = QUIRE_PROT_READ | QUIRE_PROT_WRITE;
    size_t length = PAGE + LARGE + GIANT + LARGE + PAGE;
    quire_virt start = KERNEL + GIANT - LARGE - PAGE;
    quire_phys physical = 5 * PHYSICAL - LARGE - PAGE;

    (void)state;
    assert_ok(map(machine, start, physical, length, QUIRE_PAGE_GLOBAL));
    expect(machine, start + 5, physical + 5, 1, rw);
    expect(machine, start + PAGE + 12345, physical + PAGE + 12345, 2, rw);
    expect(machine, KERNEL + GIANT + GIANT / 3, 5 * PHYSICAL + GIANT / 3, GIANT_LEVEL, rw);
    expect(machine, KERNEL + 2 * GIANT, 6 * PHYSICAL, 2, rw);
    expect(machine, start + length - 1, physical + length - 1, 1, rw);
    expect_nothing(machine, start - 1);
    expect_nothing(machine, start + length);
    assert_ok(quire_pagetable_unmap(machine->q, &machine->q->kernel, start, length));
    expect_nothing(machine, start);
    expect_nothing(machine, KERNEL + GIANT + GIANT / 2);

    assert_ok(map(machine, KERNEL, GIANT, GIANT, QUIRE_PAGE_NO_GIANT));
    expect(machine, KERNEL + 1, GIANT + 1, 2, rw);
    assert_ok(quire_pagetable_unmap(machine->q, &machine->q->kernel, KERNEL, GIANT));
    assert_ok(map(machine, KERNEL, GIANT, LARGE, QUIRE_PAGE_SMALL));
    expect(machine, KERNEL + 1, GIANT + 1, 1, rw);
    assert_ok(quire_pagetable_unmap(machine->q, &machine->q->kernel, KERNEL, LARGE));
    machine_end(machine);
}

static void unmapping_a_part_splits_what_it_cuts(void **state)
{
    struct sim_machine *machine = machine_create(1);
    const unsigned rw = QUIRE_PROT_READ | QUIRE_PROT_WRITE;

    (void)state;
    assert_ok(map(machine, KERNEL, 4 * PHYSICAL, GIANT, 0));
    assert_ok(
        quire_pagetable_unmap(machine->q, &machine->q->kernel, KERNEL + LARGE + PAGE, 2 * PAGE));
    expect(machine, KERNEL + LARGE - 1, 4 * PHYSICAL + LARGE - 1, 2, rw);
    expect(machine, KERNEL + LARGE, 4 * PHYSICAL + LARGE, 1, rw);
    expect_nothing(machine, KERNEL + LARGE + PAGE);
    expect_nothing(machine, KERNEL + LARGE + 3 * PAGE - 1);
    expect(machine, KERNEL + LARGE + 3 * PAGE, 4 * PHYSICAL + LARGE + 3 * PAGE, 1, rw);
    expect(machine, KERNEL + GIANT - 1, 5 * PHYSICAL - 1, 2, rw);
    assert_ok(quire_pagetable_unmap(machine->q, &machine->q->kernel, KERNEL, GIANT));
    expect_nothing(machine, KERNEL + LARGE);
    machine_end(machine);
}

static void protection_of_a_part(void **state)
{
    struct sim_machine *machine = machine_create(1);
    const unsigned rw = QUIRE_PROT_READ | QUIRE_PROT_WRITE;

    (void)state;
    assert_ok(map(machine, KERNEL, 4 * PHYSICAL, 2 * LARGE, 0));
    assert_ok(quire_pagetable_protect(machine->q, &machine->q->kernel, KERNEL + LARGE - PAGE,
                                      2 * PAGE, QUIRE_PROT_READ, 0));
    expect(machine, KERNEL + LARGE - PAGE - 1, 4 * PHYSICAL + LARGE - PAGE - 1, 1, rw);
    expect(machine, KERNEL + LARGE - 1, 4 * PHYSICAL + LARGE - 1, 1, QUIRE_PROT_READ);
    expect(machine, KERNEL + LARGE + PAGE - 1, 4 * PHYSICAL + LARGE + PAGE - 1, 1, QUIRE_PROT_READ);
    expect(machine, KERNEL + LARGE + PAGE, 4 * PHYSICAL + LARGE + PAGE, 1, rw);
    assert_ok(quire_pagetable_protect(machine->q, &machine->q->kernel, KERNEL, 2 * LARGE,
                                      QUIRE_PROT_READ | QUIRE_PROT_EXECUTE, 0));
    expect(machine, KERNEL + LARGE, 4 * PHYSICAL + LARGE, 1, QUIRE_PROT_READ | QUIRE_PROT_EXECUTE);
    assert_ok(
        quire_pagetable_protect(machine->q, &machine->q->kernel, KERNEL, PAGE, QUIRE_PROT_NONE, 0));
    expect_nothing(machine, KERNEL);
    assert_ok(
        quire_pagetable_protect(machine->q, &machine->q->kernel, KERNEL, PAGE, QUIRE_PROT_READ, 0));
    expect(machine, KERNEL, 4 * PHYSICAL, 1, QUIRE_PROT_READ);
    machine_end(machine);
}

static void cache_modes_survive_a_split(void **state)
{
    struct sim_machine *machine = machine_create(1);
    struct quire_translation found;
    unsigned flags = QUIRE_CACHE_WRITE_COMBINING << QUIRE_PAGE_CACHE_SHIFT;

    (void)state;
    assert_ok(map(machine, KERNEL, 4 * PHYSICAL, GIANT, flags));
    quire_pagetable_translate(machine->q, &machine->q->kernel, KERNEL, &found);
    assert_true(found.step[found.steps - 1].entry & QUIRE_ENTRY_PAT_LARGE);
    assert_ok(quire_pagetable_unmap(machine->q, &machine->q->kernel, KERNEL + PAGE, PAGE));
    quire_pagetable_translate(machine->q, &machine->q->kernel, KERNEL, &found);
    assert_int_equal(found.level, 1);
    assert_int_equal(found.physical, 4 * PHYSICAL);
    assert_true(found.step[found.steps - 1].entry & QUIRE_ENTRY_PAT);
    quire_pagetable_translate(machine->q, &machine->q->kernel, KERNEL + LARGE, &found);
    assert_int_equal(found.level, 2);
    assert_int_equal(found.physical, 4 * PHYSICAL + LARGE);
    assert_true(found.step[found.steps - 1].entry & QUIRE_ENTRY_PAT_LARGE);
    machine_end(machine);
}

static void named_errors_change_nothing(void **state)
{
    struct sim_machine *machine = machine_create(1);
    const unsigned levels = machine->q->kernel.levels;
    /* The first address behind the user half: not canonical, or the kernel's first. */
    const quire_virt hole = (quire_user_limit(levels) + PAGE) & ~(quire_virt)PAGE;

    (void)state;
    assert_status(map(machine, KERNEL, 0, 0, 0), QUIRE_ZERO_LENGTH);
    assert_status(map(machine, KERNEL + 1, 0, PAGE, 0), QUIRE_UNALIGNED);
    assert_status(map(machine, KERNEL, 1, PAGE, 0), QUIRE_UNALIGNED);
    assert_status(map(machine, KERNEL, 0, PAGE + 1, 0), QUIRE_UNALIGNED);
    assert_status(map(machine, ~(quire_virt)0 - PAGE + 1, 0, 2 * PAGE, 0), QUIRE_OVERFLOW);
    assert_status(map(machine, KERNEL, ~(quire_phys)0 - PAGE + 1, 2 * PAGE, 0), QUIRE_OVERFLOW);
    if (!quire_canonical(hole, levels))
        assert_status(map(machine, hole, 0, PAGE, 0), QUIRE_OUT_OF_RANGE);
    assert_status(map(machine, hole - PAGE, 0, 2 * PAGE, 0), QUIRE_OUT_OF_RANGE);
    assert_status(map(machine, KERNEL, QUIRE_PHYS_LIMIT, PAGE, 0), QUIRE_OUT_OF_RANGE);
    assert_ok(map(machine, KERNEL + 3 * PAGE, 7 * PAGE, PAGE, 0));
    assert_status(map(machine, KERNEL, 0, 8 * PAGE, 0), QUIRE_EXISTS);
    expect_nothing(machine, KERNEL);
    expect_nothing(machine, KERNEL + 2 * PAGE);
    expect(machine, KERNEL + 3 * PAGE, 7 * PAGE, 1, QUIRE_PROT_READ | QUIRE_PROT_WRITE);
    machine_end(machine);
}

static void a_failed_map_is_undone(void **state)
{
    struct sim_machine *machine = machine_create(1);
    quire_virt start = KERNEL + GIANT - LARGE - PAGE;
    unsigned failures = 0;

    (void)state;
    for (uint64_t n = 1;; n++) {
        enum quire_status status;

        machine->fail_allocation_at = n;
        status = map(machine, start, 5 * PHYSICAL + PAGE, 2 * LARGE, 0);
        machine->fail_allocation_at = 0;
        if (status == QUIRE_OK)
            break;
        assert_int_equal(status, QUIRE_NO_MEMORY);
        expect_nothing(machine, start);
        expect_nothing(machine, start + PAGE);
        expect_nothing(machine, start + LARGE + PAGE);
        failures++;
        start += 16 * GIANT; /* tables of the kernel half stay: go where none is */
    }
    assert_true(failures >= 2);
    assert_ok(quire_pagetable_unmap(machine->q, &machine->q->kernel, start, 2 * LARGE));
    machine_end(machine);
}

static void a_failed_split_changes_nothing_behind_it(void **state)
{
    struct sim_machine *machine = machine_create(1);

    (void)state;
    assert_ok(map(machine, KERNEL, 4 * PHYSICAL, 2 * LARGE, 0));
    machine->fail_allocation_at = 1;
    assert_status(quire_pagetable_unmap(machine->q, &machine->q->kernel, KERNEL + PAGE, PAGE),
                  QUIRE_NO_MEMORY);
    machine->fail_allocation_at = 0;
    expect(machine, KERNEL + PAGE, 4 * PHYSICAL + PAGE, 2, QUIRE_PROT_READ | QUIRE_PROT_WRITE);
    machine_end(machine);
}

struct visits {
    unsigned count;
    quire_virt last;
    unsigned stop_at;
};

static bool count_visit(void *context, quire_virt address, unsigned level, quire_entry *entry)
{
    struct visits *visits = context;

    assert_true(visits->count == 0 || address > visits->last);
    assert_true(quire_entry_is_present(*entry));
    assert_in_range(level, 1, GIANT_LEVEL);
    visits->last = address;
    return ++visits->count != visits->stop_at;
}

static void visits_in_order(void **state)
{
    struct sim_machine *machine = machine_create(1);
    struct visits visits = {0};

    (void)state;
    assert_ok(map(machine, KERNEL, 4 * PHYSICAL, 3 * PAGE, 0));
    assert_ok(map(machine, KERNEL + LARGE, 4 * PHYSICAL, LARGE, 0));
    assert_ok(map(machine, KERNEL + GIANT, 4 * PHYSICAL, GIANT, 0));
    quire_pagetable_visit(machine->q, &machine->q->kernel, KERNEL, KERNEL + 2 * GIANT, count_visit,
                          &visits);
    assert_int_equal(visits.count, 4 + (GIANT >> quire_level_shift(GIANT_LEVEL)));
    assert_int_equal(visits.last,
                     KERNEL + 2 * GIANT - ((size_t)1 << quire_level_shift(GIANT_LEVEL)));
    visits = (struct visits){.stop_at = 2};
    quire_pagetable_visit(machine->q, &machine->q->kernel, KERNEL, KERNEL + 2 * GIANT, count_visit,
                          &visits);
    assert_int_equal(visits.count, 2);
    visits = (struct visits){0};
    quire_pagetable_visit(machine->q, &machine->q->kernel, KERNEL + PAGE, KERNEL + 2 * PAGE,
                          count_visit, &visits);
    assert_int_equal(visits.count, 1);
    assert_int_equal(visits.last, KERNEL + PAGE);
    machine_end(machine);
}

static void harvest_sees_what_the_cpu_used(void **state)
{
    struct sim_machine *machine = machine_create(2);
    struct quire_frame *frame =
        quire_frame_alloc(machine->q, 3, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_ZERO);
    struct quire_harvest found;
    uint64_t word;

    (void)state;
    machine->cpu[0].here.countdown = UINT32_MAX; /* no speculation: it sets accessed bits too */
    machine->cpu[1].here.countdown = UINT32_MAX;
    assert_ok(
        map(machine, KERNEL, quire_frame_phys(machine->q, frame), 8 * PAGE, QUIRE_PAGE_SMALL));
    quire_pagetable_harvest(machine->q, &machine->q->kernel, KERNEL, KERNEL + 8 * PAGE, true,
                            &found);
    assert_int_equal(found.present, 8);
    quire_pagetable_harvest(machine->q, &machine->q->kernel, KERNEL, KERNEL + 8 * PAGE, true,
                            &found);
    assert_int_equal(found.accessed, 0);
    assert_true(sim_kernel_load(&machine->cpu[0], KERNEL + PAGE, &word));
    assert_true(sim_kernel_store(&machine->cpu[1], KERNEL + 3 * PAGE, 1));
    quire_pagetable_harvest(machine->q, &machine->q->kernel, KERNEL, KERNEL + 8 * PAGE, true,
                            &found);
    assert_int_equal(found.accessed, 2);
    assert_true(sim_kernel_load(&machine->cpu[1], KERNEL + 3 * PAGE, &word));
    assert_int_equal(word, 1);
    quire_pagetable_harvest(machine->q, &machine->q->kernel, KERNEL, KERNEL + 8 * PAGE, true,
                            &found);
    assert_int_equal(found.accessed, 1);
    assert_ok(quire_pagetable_unmap(machine->q, &machine->q->kernel, KERNEL, 8 * PAGE));
    assert_ok(quire_frame_free(machine->q, frame));
    machine_end(machine);
}

static void every_cpu_forgets(void **state)
{
    struct sim_machine *machine = machine_create(3);
    struct quire_frame *frame =
        quire_frame_alloc(machine->q, 0, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_ZERO);
    uint64_t word;

    (void)state;
    assert_ok(map(machine, KERNEL, quire_frame_phys(machine->q, frame), PAGE, QUIRE_PAGE_GLOBAL));
    for (unsigned i = 0; i < 3; i++)
        assert_true(sim_kernel_store(&machine->cpu[i], KERNEL, i));
    assert_ok(quire_pagetable_protect(machine->q, &machine->q->kernel, KERNEL, PAGE,
                                      QUIRE_PROT_READ, QUIRE_PAGE_GLOBAL));
    for (unsigned i = 0; i < 3; i++) {
        assert_false(sim_kernel_store(&machine->cpu[i], KERNEL, 9));
        assert_true(sim_kernel_load(&machine->cpu[i], KERNEL, &word));
        assert_int_equal(word, 2);
    }
    sim_audit(machine);
    assert_ok(quire_pagetable_unmap(machine->q, &machine->q->kernel, KERNEL, PAGE));
    for (unsigned i = 0; i < 3; i++)
        assert_false(sim_kernel_load(&machine->cpu[i], KERNEL, &word));
    assert_ok(quire_frame_free(machine->q, frame));
    machine_end(machine);
}

static void a_root_of_its_own_shares_the_kernel_half(void **state)
{
    struct sim_machine *machine = machine_create(1);
    struct quire_pagetable own;
    struct quire_translation found;
    uint64_t before = machine_free_frames(machine);

    (void)state;
    assert_ok(quire_pagetable_create(machine->q, &own));
    assert_ok(map(machine, KERNEL, 4 * PHYSICAL, PAGE, 0));
    quire_pagetable_translate(machine->q, &own, KERNEL, &found);
    assert_true(found.present);
    assert_ok(quire_pagetable_map(machine->q, &own, 0x400000, 4 * PHYSICAL, 3 * PAGE,
                                  QUIRE_PROT_READ, QUIRE_PAGE_USER));
    quire_pagetable_translate(machine->q, &own, 0x400000, &found);
    assert_true(found.present && found.user);
    quire_pagetable_translate(machine->q, &machine->q->kernel, 0x400000, &found);
    assert_false(found.present);
    quire_pagetable_destroy(machine->q, &own);
    assert_ok(quire_pagetable_unmap(machine->q, &machine->q->kernel, KERNEL, PAGE));
    /* Tables of the kernel half stay, on i386 those that came with the first root too. */
    assert_in_range(before - machine_free_frames(machine), 0,
                    QUIRE_LARGE_LEVELS >> machine->q->kernel.levels & 1
                        ? QUIRE_ROOT_ENTRIES - QUIRE_ROOT_KERNEL
                        : machine->q->kernel.levels - 2);
    machine_end(machine);
}

/* A root that can hold large pages: they cannot change once other roots have them too. */
static void a_large_page_of_the_shared_root_stays(void **state)
{
    struct sim_machine *machine = machine_create(1);
    struct quire *q = machine->q;
    struct quire_pagetable own;
    struct quire_translation found;

    (void)state;
    if (!(QUIRE_LARGE_LEVELS >> q->kernel.levels & 1)) {
        machine_end(machine);
        return;
    }
    assert_ok(map(machine, KERNEL, 4 * PHYSICAL, LARGE, 0));
    assert_ok(quire_pagetable_create(q, &own));
    assert_status(quire_pagetable_unmap(q, &q->kernel, KERNEL, LARGE), QUIRE_BUSY);
    assert_status(quire_pagetable_protect(q, &q->kernel, KERNEL, PAGE, QUIRE_PROT_READ, 0),
                  QUIRE_BUSY);
    quire_pagetable_translate(q, &own, KERNEL + LARGE - 1, &found);
    assert_true(found.present);
    assert_int_equal(found.physical, 4 * PHYSICAL + LARGE - 1);
    /* What comes later gets tables, which all roots share already. */
    assert_ok(map(machine, KERNEL + LARGE, 4 * PHYSICAL, LARGE, 0));
    quire_pagetable_translate(q, &own, KERNEL + LARGE, &found);
    assert_true(found.present);
    assert_int_equal(found.level, 1);
    assert_ok(quire_pagetable_unmap(q, &q->kernel, KERNEL + LARGE, LARGE));
    quire_pagetable_translate(q, &own, KERNEL + LARGE, &found);
    assert_false(found.present);
    quire_pagetable_destroy(q, &own);
    machine_end(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(largest_pages_that_fit),
        cmocka_unit_test(unmapping_a_part_splits_what_it_cuts),
        cmocka_unit_test(protection_of_a_part),
        cmocka_unit_test(cache_modes_survive_a_split),
        cmocka_unit_test(named_errors_change_nothing),
        cmocka_unit_test(a_failed_map_is_undone),
        cmocka_unit_test(a_failed_split_changes_nothing_behind_it),
        cmocka_unit_test(visits_in_order),
        cmocka_unit_test(harvest_sees_what_the_cpu_used),
        cmocka_unit_test(every_cpu_forgets),
        cmocka_unit_test(a_root_of_its_own_shares_the_kernel_half),
        cmocka_unit_test(a_large_page_of_the_shared_root_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
