/* The self-map: programs read their own page tables, and nothing else, and nothing that is gone. */
#include "machine.h"

static struct sim_machine *create(void)
{
    struct sim_options options = {
        .cpus = 2, .frames = 4096, .seed = 1, .point_mean = 20, .self_map = true};

    return sim_create(&options);
}

static struct quire_space *new_space(struct sim_machine *machine)
{
    struct quire_space *space;

    assert_ok(quire_space_create(machine->q, &space));
    sim_switch(&machine->cpu[0], space);
    return space;
}

static quire_virt map_pages(struct quire_space *space, size_t pages)
{
    struct quire_map map = {.length = pages * PAGE,
                            .region = QUIRE_PROT_READ | QUIRE_PROT_WRITE | QUIRE_REGION_MAY_READ |
                                      QUIRE_REGION_MAY_WRITE};
    quire_virt address;

    assert_ok(quire_space_map(space, &map, &address));
    return address;
}

/* The entry of a level as a program reads it. */
static enum quire_status read_entry(struct sim_machine *machine, quire_virt address, unsigned level,
                                    quire_entry *out)
{
    quire_virt at = quire_self_map_entry(machine->q, address, level);
    uint64_t word = 0;
    enum quire_status status = sim_load(&machine->cpu[0], at & ~(quire_virt)7, &word);

    *out = (quire_entry)(word >> (8 * (at & 7)));
    return status;
}

/* All levels that the window has (all but the root of a format whose root is not in it). */
static void expect_entries(struct sim_machine *machine, struct quire_space *space,
                           quire_virt address)
{
    struct quire_translation walk;
    unsigned checked = 0;

    quire_pagetable_translate(machine->q, &space->table, address, &walk);
    for (unsigned i = 0; i < walk.steps; i++) {
        quire_entry entry;

        if (QUIRE_ROOT_FIXED && walk.step[i].level == space->table.levels)
            continue;
        assert_ok(read_entry(machine, address, walk.step[i].level, &entry));
        assert_true(entry == walk.step[i].entry);
        checked++;
    }
    assert_int_equal(checked, space->table.levels - QUIRE_ROOT_FIXED);
}

static void a_program_reads_its_entries(void **state)
{
    struct sim_machine *machine = create();
    struct quire_space *space = new_space(machine);
    quire_virt low = map_pages(space, 3), high;

    (void)state;
    high = map_pages(space, 1);
    assert_ok(sim_store(&machine->cpu[0], low, 1));
    assert_ok(sim_store(&machine->cpu[0], low + 2 * PAGE, 1));
    assert_ok(sim_store(&machine->cpu[0], high, 1));
    expect_entries(machine, space, low);
    expect_entries(machine, space, low + PAGE); /* an empty entry is one too */
    expect_entries(machine, space, low + 2 * PAGE);
    expect_entries(machine, space, high);
    /* The window shows itself: the table that leads to it is the root. */
    if (!QUIRE_ROOT_FIXED)
        expect_entries(machine, space, quire_self_map_entry(machine->q, low, space->table.levels));
    machine_check(machine);
    sim_switch(&machine->cpu[0], NULL);
    quire_space_destroy(space);
    machine_end(machine);
}

static void it_writes_none_and_sees_no_kernel_table(void **state)
{
    struct sim_machine *machine = create();
    struct quire_space *space = new_space(machine);
    quire_virt page = map_pages(space, 1);
    quire_entry entry;

    (void)state;
    assert_ok(sim_store(&machine->cpu[0], page, 1));
    assert_status(sim_store(&machine->cpu[0], quire_self_map_entry(machine->q, page, 1), 0),
                  QUIRE_NO_MAPPING);
    assert_false(sim_kernel_store(&machine->cpu[0], quire_self_map_entry(machine->q, page, 1), 0));
    assert_status(
        sim_fetch(&machine->cpu[0], quire_self_map_entry(machine->q, page, 1), &(uint64_t){0}),
        QUIRE_HAS_NO_EXECUTE ? QUIRE_NO_MAPPING : QUIRE_OK);
    /* The kernel half: its lowest tables, and whatever lies between. */
    for (quire_virt at = KERNEL; at >= KERNEL; at += (quire_virt)1 << quire_level_shift(2)) {
        if (at - machine->q->self_map < quire_self_map_size(space->table.levels))
            continue;
        assert_status(read_entry(machine, at, 1, &entry), QUIRE_NO_MAPPING);
        if (at - KERNEL > (quire_virt)64 << quire_level_shift(2) && UINTPTR_MAX > UINT32_MAX)
            break;
    }
    assert_status(read_entry(machine, (quire_virt)SIM_AREA_START, 1, &entry), QUIRE_NO_MAPPING);
    machine_check(machine);
    sim_switch(&machine->cpu[0], NULL);
    quire_space_destroy(space);
    machine_end(machine);
}

/* A table that left the space: its page is gone from the window, in every TLB. */
static void what_is_gone_cannot_be_read(void **state)
{
    struct sim_machine *machine = create();
    struct quire_space *space = new_space(machine), *child;
    quire_virt page = map_pages(space, 1);
    struct quire_translation walk;
    quire_entry before, after;

    (void)state;
    assert_ok(sim_store(&machine->cpu[0], page, 1));
    assert_ok(read_entry(machine, page, 1, &before));
    /* A fork shares the table; the first write puts a copy in its place. */
    assert_ok(quire_space_clone(space, &child));
    assert_ok(read_entry(machine, page, 1, &after));
    assert_ok(sim_store(&machine->cpu[0], page, 2));
    quire_pagetable_translate(machine->q, &space->table, page, &walk);
    assert_ok(read_entry(machine, page, 1, &after));
    assert_true(after == walk.step[walk.steps - 1].entry);
    assert_true(quire_entry_phys(after) != quire_entry_phys(before));
    quire_space_destroy(child);

    assert_ok(quire_space_unmap(space, page, PAGE));
    assert_status(read_entry(machine, page, 1, &after), QUIRE_NO_MAPPING);
    machine_check(machine);
    sim_switch(&machine->cpu[0], NULL);
    quire_space_destroy(space);
    machine_end(machine);
}

static void spaces_see_themselves(void **state)
{
    struct sim_machine *machine = create();
    struct quire_space *one = new_space(machine), *two;
    quire_virt page = map_pages(one, 1);
    quire_entry of_one, of_two;

    (void)state;
    assert_ok(sim_store(&machine->cpu[0], page, 1));
    assert_ok(read_entry(machine, page, 1, &of_one));
    two = new_space(machine);
    assert_int_equal(map_pages(two, 1), page);
    assert_status(read_entry(machine, page, 1, &of_two), QUIRE_NO_MAPPING);
    assert_ok(sim_store(&machine->cpu[0], page, 1));
    assert_ok(read_entry(machine, page, 1, &of_two));
    assert_true(quire_entry_phys(of_one) != quire_entry_phys(of_two));
    machine_check(machine);
    sim_switch(&machine->cpu[0], NULL);
    quire_space_destroy(one);
    quire_space_destroy(two);
    machine_end(machine);
}

static void what_it_refuses(void **state)
{
    struct sim_options options = {.cpus = 1, .frames = 4096, .seed = 1};
    struct sim_machine *machine = sim_create(&options);
    struct quire *q = machine->q;
    quire_virt size = quire_self_map_size(q->kernel.levels), window = (quire_virt)0 - 2 * size;
    struct quire_space *space;

    (void)state;
    if (q->self_map != 0) { /* QUIRE_SELF_MAP */
        sim_destroy(machine);
        skip();
    }
    assert_status(quire_self_map_init(q, window + PAGE), QUIRE_UNALIGNED);
    assert_status(quire_self_map_init(q, size), QUIRE_OUT_OF_RANGE);
    assert_ok(quire_pagetable_map(q, &q->kernel, window + size - PAGE, 0x100000, PAGE,
                                  QUIRE_PROT_READ, 0));
    assert_status(quire_self_map_init(q, window), QUIRE_EXISTS);
    assert_ok(quire_pagetable_unmap(q, &q->kernel, window + size - PAGE, PAGE));
    assert_ok(quire_space_create(q, &space));
    assert_status(quire_self_map_init(q, window), QUIRE_BUSY);
    quire_space_destroy(space);
    assert_ok(quire_self_map_init(q, window));
    assert_status(quire_self_map_init(q, window), QUIRE_BUSY);
    machine_end(machine);
}

/* A root that cannot get all it needs leaves nothing behind. */
static void no_memory_for_a_root(void **state)
{
    struct sim_machine *machine = create();
    struct quire_pagetable table;
    uint64_t frames, n;

    (void)state;
    assert_ok(quire_pagetable_create(machine->q, &table));
    quire_pagetable_destroy(machine->q, &table);
    frames = machine_free_frames(machine);
    for (n = 1;; n++) {
        enum quire_status status;

        machine->fail_allocation_at = n;
        status = quire_pagetable_create(machine->q, &table);
        machine->fail_allocation_at = 0;
        if (status == QUIRE_OK)
            break;
        assert_int_equal(status, QUIRE_NO_MEMORY);
        assert_int_equal(machine_free_frames(machine), frames);
        machine_check(machine);
    }
    /* PAE: the root, three directories of its own, and the copy of the kernel's. */
    assert_int_equal(n, QUIRE_ROOT_FIXED ? 6 : 2);
    quire_pagetable_destroy(machine->q, &table);
    assert_int_equal(machine_free_frames(machine), frames);
    machine_end(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_reads_its_entries),
        cmocka_unit_test(it_writes_none_and_sees_no_kernel_table),
        cmocka_unit_test(what_is_gone_cannot_be_read),
        cmocka_unit_test(spaces_see_themselves),
        cmocka_unit_test(what_it_refuses),
        cmocka_unit_test(no_memory_for_a_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
