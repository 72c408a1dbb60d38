/* Kernel areas: content, guard pages, reuse, devices, and what is refused. */
#include "machine.h"

static uint64_t load(struct sim_machine *machine, void *address)
{
    uint64_t word;

    assert_true(sim_kernel_load(sim_this_cpu(), (quire_virt)address, &word));
    (void)machine;
    return word;
}

static bool is_mapped(quire_virt address)
{
    uint64_t word;

    return sim_kernel_load(sim_this_cpu(), address, &word);
}

static void zeroed_writable_and_guarded(void **state)
{
    struct sim_machine *machine = machine_create(2);
    quire_virt area = (quire_virt)quire_area_alloc(machine->q, 3 * PAGE + 1, "test");
    uint64_t word;

    (void)state;
    assert_int_not_equal(area, 0);
    assert_int_equal(area % PAGE, 0);
    for (quire_virt at = area; at < area + 4 * PAGE; at += 8) {
        assert_true(sim_kernel_load(&machine->cpu[0], at, &word));
        assert_int_equal(word, 0);
    }
    assert_true(sim_kernel_store(&machine->cpu[0], area + 4 * PAGE - 8, 42));
    assert_true(sim_kernel_load(&machine->cpu[1], area + 4 * PAGE - 8, &word));
    assert_int_equal(word, 42);
    assert_false(is_mapped(area - 8));
    assert_false(is_mapped(area + 4 * PAGE));
    assert_int_equal(quire_area_check(machine->q), 0);
    assert_ok(quire_area_free(machine->q, (void *)(area + PAGE + 3)));
    assert_false(is_mapped(area));
    assert_status(quire_area_free(machine->q, (void *)area), QUIRE_NOT_ALLOCATED);
    machine_end(machine);
}

static void every_frame_comes_back(void **state)
{
    struct sim_machine *machine = machine_create(2);
    void *area[50];
    uint64_t free_frames;
    uint64_t word;

    (void)state;
    /* Once, so that tables exist and the heap has its slab. */
    assert_ok(quire_area_free(machine->q, quire_area_alloc(machine->q, 50 * 6 * PAGE, "warm")));
    free_frames = machine_free_frames(machine);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 50; i++) {
            area[i] = quire_area_alloc(machine->q, (i % 4 + 1) * PAGE, "test");
            assert_non_null(area[i]);
            assert_true(sim_kernel_load(&machine->cpu[1], (quire_virt)area[i], &word));
        }
        assert_int_equal(quire_area_check(machine->q), 0);
        for (unsigned i = 0; i < 50; i++)
            assert_ok(quire_area_free(machine->q, area[(i * 7) % 50]));
    }
    quire_heap_shrink(machine->q);
    assert_true(machine_free_frames(machine) + 1 >= free_frames);
    assert_int_equal(machine->q->area.mapped, 0);
    machine_end(machine);
}

static void devices(void **state)
{
    struct sim_machine *machine = machine_create(1);
    uint8_t *registers = quire_area_map_device(machine->q, SIM_DEVICE_START + 0x10, 32,
                                               QUIRE_CACHE_UNCACHED, "device");
    struct quire_translation found;
    struct quire_area area;

    (void)state;
    assert_non_null(registers);
    assert_int_equal((quire_virt)registers % PAGE, 0x10);
    assert_true(sim_kernel_store(sim_this_cpu(), (quire_virt)registers, 7));
    assert_int_equal(load(machine, registers), 7);
    quire_pagetable_translate(machine->q, &machine->q->kernel, (quire_virt)registers, &found);
    assert_int_equal(found.physical, SIM_DEVICE_START + 0x10);
    assert_int_equal(found.protection & (QUIRE_PROT_READ | QUIRE_PROT_WRITE),
                     QUIRE_PROT_READ | QUIRE_PROT_WRITE);
    assert_int_equal(!!(found.protection & QUIRE_PROT_EXECUTE), !QUIRE_HAS_NO_EXECUTE);
    assert_true(found.step[found.steps - 1].entry & QUIRE_ENTRY_CACHE_DISABLE);
    assert_true(quire_area_find(machine->q, (quire_virt)registers, &area));
    assert_string_equal(area.name, "device");
    assert_int_equal(area.device, SIM_DEVICE_START);
    assert_ok(quire_area_free(machine->q, registers));
    machine_end(machine);
}

static void a_large_device_gets_large_pages(void **state)
{
    struct sim_machine *machine = machine_create(1);
    uint8_t *screen = quire_area_map_device(machine->q, 0xfd000000, (size_t)8 << 20,
                                            QUIRE_CACHE_WRITE_COMBINING, "screen");
    struct quire_translation found;

    (void)state;
    assert_non_null(screen);
    quire_pagetable_translate(machine->q, &machine->q->kernel, (quire_virt)screen + 0x123456,
                              &found);
    assert_int_equal(found.physical, 0xfd123456);
    assert_int_equal(found.level, 2);
    assert_int_equal(quire_area_check(machine->q), 0);
    assert_ok(quire_area_free(machine->q, screen));
    assert_false(is_mapped((quire_virt)screen));
    machine_end(machine);
}

static void what_is_refused(void **state)
{
    struct sim_machine *machine = machine_create(1);
    struct quire *q = machine->q;
    uint64_t free_frames = machine_free_frames(machine);
    struct quire_area area;

    (void)state;
    assert_null(quire_area_alloc(q, 0, "none"));
    assert_null(quire_area_alloc(q, SIZE_MAX, "all"));
    assert_null(quire_area_alloc(q, SIZE_MAX - PAGE, "nearly all"));
    assert_null(quire_area_alloc(q, (size_t)64 << 20, "more than RAM"));
    assert_null(quire_area_map_device(q, ~(quire_phys)0 - 10, 20, 0, "wraps"));
    assert_null(quire_area_map_device(q, 0xfd000000, SIZE_MAX, 0, "wraps"));
    assert_null(quire_area_map_device(q, (quire_phys)1 << 53, 4096, 0, "beyond the format"));
    assert_null(quire_area_map_device(q, 0xfd000000, 0, 0, "empty"));
    assert_status(quire_area_free(q, (void *)(q->area.start + PAGE)), QUIRE_NOT_ALLOCATED);
    assert_status(quire_area_free(q, NULL), QUIRE_NOT_ALLOCATED);
    assert_false(quire_area_find(q, q->area.start, &area));
    assert_int_equal(q->area.mapped, 0);
    quire_heap_shrink(q);
    /* Tables made on the way stay in the kernel half. */
    assert_in_range(free_frames - machine_free_frames(machine), 0, 20);
    assert_status(quire_area_init(q, 1, PAGE), QUIRE_UNALIGNED);
    assert_status(quire_area_init(q, PAGE, PAGE), QUIRE_ZERO_LENGTH);
    assert_status(quire_area_init(q, PAGE, 2 * PAGE), QUIRE_OUT_OF_RANGE);
    machine_end(machine);
}

static void a_failure_anywhere_leaves_nothing(void **state)
{
    struct sim_machine *machine = machine_create(1);
    struct quire *q = machine->q;
    unsigned failures = 0;
    uint64_t free_frames;
    void *area;

    (void)state;
    assert_ok(quire_area_free(q, quire_area_alloc(q, 8 * PAGE, "warm")));
    quire_heap_shrink(q);
    free_frames = machine_free_frames(machine);
    for (uint64_t n = 1;; n++) {
        machine->fail_allocation_at = n;
        area = quire_area_alloc(q, 6 * PAGE, "test");
        machine->fail_allocation_at = 0;
        if (area != NULL)
            break;
        failures++;
        quire_heap_shrink(q);
        assert_int_equal(machine_free_frames(machine), free_frames);
        assert_int_equal(q->area.tree.count, 0);
        assert_int_equal(quire_area_check(q), 0);
    }
    assert_true(failures >= 7);
    assert_ok(quire_area_free(q, area));
    machine_end(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_writable_and_guarded),
        cmocka_unit_test(every_frame_comes_back),
        cmocka_unit_test(devices),
        cmocka_unit_test(a_large_device_gets_large_pages),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(a_failure_anywhere_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
