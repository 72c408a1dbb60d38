#include "scene.h"

struct sim_machine *machine;
struct quire *q;
struct sim_cpu *cpu;
struct quire_space *space;
struct quire_slot_area *area;

static void begin_on(struct sim_machine *new_machine)
{
    machine = new_machine;
    q = machine->q;
    cpu = sim_this_cpu();
    area = NULL;
    assert_ok(quire_space_create(q, &space));
    sim_switch(cpu, space);
}

void scene_begin_with(const struct sim_options *options)
{
    begin_on(sim_create(options));
}

void scene_begin(unsigned cpus)
{
    begin_on(machine_create(cpus));
}

void scene_end(void)
{
    struct quire_frame_stats frames;

    sim_disk_finish(machine);
    machine_check(machine);
    sim_switch(cpu, NULL);
    quire_space_destroy(space);
    sim_quiesce(machine);
    quire_grace_flush(q);
    if (area != NULL)
        assert_ok(quire_slot_area_destroy(area));
    quire_frame_stats(q, &frames);
    assert_int_equal(frames.kind[QUIRE_FRAME_ANONYMOUS], 0);
    assert_int_equal(frames.kind[QUIRE_FRAME_OBJECT], 0);
    machine_end(machine);
}

uint64_t scene_events(enum quire_event which)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < q->cpu_count; i++)
        sum += q->cpu[i].event[which];
    return sum;
}

int scene_start(void **state)
{
    (void)state;
    scene_begin(2);
    return 0;
}

int scene_finish(void **state)
{
    (void)state;
    scene_end();
    return 0;
}

void scene_swap(uint64_t slots)
{
    assert_ok(quire_slot_area_create(q, slots, 0, NULL, &area));
}

uint64_t scene_slots_in_use(const struct quire_slot_area *which)
{
    struct quire_slot_stats stats;

    quire_slot_stats(which, &stats);
    return stats.total - stats.free - stats.bad;
}

uint64_t scene_slots_bad(const struct quire_slot_area *which)
{
    struct quire_slot_stats stats;

    quire_slot_stats(which, &stats);
    return stats.bad;
}

size_t scene_resident(quire_virt address, size_t pages)
{
    uint8_t bytes[512];
    size_t count = 0;

    assert_true(pages <= sizeof(bytes));
    assert_ok(quire_space_resident(space, address, pages * PAGE, bytes));
    for (size_t i = 0; i < pages; i++)
        count += bytes[i] & 1;
    return count;
}
