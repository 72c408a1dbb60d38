/* The simulated MMU itself: it keeps what it is allowed to keep, and says so when that is used. */
#include "machine.h"

#include <string.h>

static char failure[1024];
static jmp_buf jump;

static void catch (struct sim_machine *machine, const char *text)
{
    (void)machine;
    strncpy(failure, text, sizeof(failure) - 1);
    longjmp(jump, 1);
}

/* The statement must end in sim_fail with this text. The machine goes with it. */
#define assert_fails(machine, statement, text)                                                     \
    do {                                                                                           \
        failure[0] = '\0';                                                                         \
        (machine)->on_failure = catch;                                                             \
        if (setjmp(jump) == 0) {                                                                   \
            statement;                                                                             \
        }                                                                                          \
        (machine)->on_failure = NULL;                                                              \
        if (strstr(failure, text) == NULL)                                                         \
            fail_msg("\"%s\" does not say \"%s\"", failure, text);                                 \
        sim_destroy(machine);                                                                      \
    } while (0)

/* The live entry over a kernel page. */
static quire_entry *entry_of(struct sim_machine *machine, quire_virt address)
{
    struct quire_translation found;
    const struct quire_walk_step *last;

    quire_pagetable_translate(machine->q, &machine->q->kernel, address, &found);
    last = &found.step[found.steps - 1];
    return (quire_entry *)sim_bytes(machine, last->table) + last->index;
}

static struct quire_frame *map_page(struct sim_machine *machine)
{
    struct quire_frame *frame =
        quire_frame_alloc_one(machine->q, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_ZERO);

    assert_ok(quire_pagetable_map(machine->q, &machine->q->kernel, KERNEL,
                                  quire_frame_phys(machine->q, frame), PAGE,
                                  QUIRE_PROT_READ | QUIRE_PROT_WRITE, 0));
    return frame;
}

static void a_stale_entry_is_used_and_found(void **state)
{
    struct sim_machine *machine = machine_create(2);
    quire_entry *entry;
    uint64_t word;

    (void)state;
    map_page(machine);
    entry = entry_of(machine, KERNEL);
    assert_true(sim_kernel_store(&machine->cpu[1], KERNEL, 5));
    *entry &= ~QUIRE_ENTRY_WRITE;
    assert_true(sim_kernel_store(&machine->cpu[1], KERNEL, 6)); /* it still believes it may */
    assert_false(sim_kernel_store(&machine->cpu[0], KERNEL, 7));
    assert_true(sim_kernel_load(&machine->cpu[0], KERNEL, &word));
    assert_int_equal(word, 6);
    assert_fails(machine, sim_audit(machine), "gives a right that the tables no longer give");
}

static void a_cleared_dirty_bit_is_found(void **state)
{
    struct sim_machine *machine = machine_create(1);

    (void)state;
    map_page(machine);
    assert_true(sim_kernel_store(sim_this_cpu(), KERNEL, 5));
    *entry_of(machine, KERNEL) &= ~QUIRE_ENTRY_DIRTY;
    assert_true(sim_kernel_store(sim_this_cpu(), KERNEL, 6)); /* does not walk, so sets nothing */
    assert_false(*entry_of(machine, KERNEL) & QUIRE_ENTRY_DIRTY);
    assert_fails(machine, sim_audit(machine), "dirty bit was cleared");
}

static void freeing_what_a_tlb_holds_is_found(void **state)
{
    struct sim_machine *machine = machine_create(2);
    struct quire_frame *frame = map_page(machine);
    uint64_t word;

    (void)state;
    assert_true(sim_kernel_load(&machine->cpu[1], KERNEL, &word));
    assert_fails(machine, quire_frame_put(machine->q, frame), "TLB entries refer to it");
}

static void a_table_in_a_structure_cache_is_found(void **state)
{
    struct sim_machine *machine = machine_create(1);
    struct quire_translation found;
    const struct quire_walk_step *parent;
    uint64_t word;

    (void)state;
    map_page(machine);
    quire_pagetable_translate(machine->q, &machine->q->kernel, KERNEL, &found);
    assert_true(sim_kernel_load(sim_this_cpu(), KERNEL, &word));
    /* Unlink the leaf table behind the CPU's back. */
    parent = &found.step[found.steps - 2];
    ((quire_entry *)sim_bytes(machine, parent->table))[parent->index] = 0;
    assert_false(sim_kernel_load(sim_this_cpu(), KERNEL + 2 * LARGE, &word));
    assert_fails(machine, sim_audit(machine), "stale");
}

static void accessed_and_dirty_are_set_once(void **state)
{
    struct sim_machine *machine = machine_create(1);
    uint64_t word;

    (void)state;
    map_page(machine);
    *entry_of(machine, KERNEL) &= ~(QUIRE_ENTRY_ACCESSED | QUIRE_ENTRY_DIRTY);
    assert_true(sim_kernel_load(sim_this_cpu(), KERNEL, &word));
    assert_true(*entry_of(machine, KERNEL) & QUIRE_ENTRY_ACCESSED);
    assert_false(*entry_of(machine, KERNEL) & QUIRE_ENTRY_DIRTY);
    assert_true(sim_kernel_store(sim_this_cpu(), KERNEL, 1));
    assert_true(*entry_of(machine, KERNEL) & QUIRE_ENTRY_DIRTY);
    sim_audit(machine);
    sim_flush_page(KERNEL);
    assert_int_equal(machine->cpu[0].mmu.structures, 0);
    machine_check(machine);
    sim_destroy(machine);
}

static void reserved_bits_are_found(void **state)
{
    struct sim_machine *machine = machine_create(1);
    struct quire_translation found;
    const struct quire_walk_step *parent;
    uint64_t word;

    (void)state;
    map_page(machine);
    quire_pagetable_translate(machine->q, &machine->q->kernel, KERNEL, &found);
    /* The leaf table is no large page: it lies where none can. */
    parent = &found.step[found.steps - 2];
    ((quire_entry *)sim_bytes(machine, parent->table))[parent->index] |= QUIRE_ENTRY_LARGE;
    assert_fails(machine, sim_kernel_load(sim_this_cpu(), KERNEL, &word), "reserved bits");
}

static void memory_beyond_the_direct_map_needs_a_slot(void **state)
{
    struct sim_machine *machine = machine_create_high(1, 100);
    struct quire_frame *frame =
        quire_frame_alloc_one(machine->q, QUIRE_FRAME_ANONYMOUS, QUIRE_ALLOC_HIGH);
    uint8_t *first, *second;

    (void)state;
    assert_non_null(frame);
    assert_true(quire_frame_phys(machine->q, frame) >= machine->direct_end);
    first = quire_frame_map(machine->q, frame);
    second = quire_frame_map(machine->q, frame);
    assert_ptr_not_equal(first, second);
    first[7] = 42;
    assert_int_equal(second[7], 42);
    assert_int_equal(sim_bytes(machine, quire_frame_phys(machine->q, frame))[7], 42);
    assert_fails(machine, quire_frame_unmap(machine->q, frame, first), "out of order");
}

/* A TLB of four entries that forgets the least recently used one: five pages in turn never hit. */
static void a_limited_tlb_forgets_the_least_recently_used(void **state)
{
    struct sim_options options = {
        .cpus = 1, .frames = 512, .levels = 4, .seed = 1, .tlb_entries = 4};
    struct sim_machine *machine = sim_create(&options);
    struct sim_mmu *mmu = &machine->cpu[0].mmu;
    struct quire_frame *frame = quire_frame_alloc(machine->q, 3, QUIRE_FRAME_KERNEL, 0);
    uint64_t hits, misses, value;

    (void)state;
    assert_non_null(frame);
    assert_ok(quire_pagetable_map(machine->q, &machine->q->kernel, KERNEL,
                                  quire_frame_phys(machine->q, frame), 8 * PAGE, QUIRE_PROT_READ,
                                  0));
    for (unsigned pages = 4; pages <= 5; pages++) {
        for (unsigned i = 0; i < pages; i++)
            assert_true(sim_kernel_load(&machine->cpu[0], KERNEL + i * PAGE, &value));
        hits = mmu->hits;
        misses = mmu->misses;
        for (unsigned i = 0; i < 10 * pages; i++)
            assert_true(sim_kernel_load(&machine->cpu[0], KERNEL + i % pages * PAGE, &value));
        assert_int_equal(mmu->hits - hits, pages == 4 ? 40 : 0);
        assert_int_equal(mmu->misses - misses, pages == 4 ? 0 : 50);
        assert_true(mmu->count <= 4);
    }
    assert_ok(quire_pagetable_unmap(machine->q, &machine->q->kernel, KERNEL, 8 * PAGE));
    machine_end(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stale_entry_is_used_and_found),
        cmocka_unit_test(a_cleared_dirty_bit_is_found),
        cmocka_unit_test(freeing_what_a_tlb_holds_is_found),
        cmocka_unit_test(a_table_in_a_structure_cache_is_found),
        cmocka_unit_test(accessed_and_dirty_are_set_once),
        cmocka_unit_test(reserved_bits_are_found),
        cmocka_unit_test(memory_beyond_the_direct_map_needs_a_slot),
        cmocka_unit_test(a_limited_tlb_forgets_the_least_recently_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
