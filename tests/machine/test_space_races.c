/*
 * Races between what several CPUs do to one space or one object. Each test runs a small scene many
 * times, every time in another order of the CPUs; the simulated MMU ends the run when a frame is
 * freed or changes hands while a TLB still leads to it.
 */
#include "machine.h"

#include <stdlib.h>

#define AT    ((quire_virt)0x40000000)
#define THERE ((quire_virt)0x80000000)
#define SPAN  ((size_t)2 << 20)
#define RW    (QUIRE_PROT_READ | QUIRE_PROT_WRITE | QUIRE_REGION_MAY_READ | QUIRE_REGION_MAY_WRITE)

#define ROUNDS 100

struct scene {
    struct sim_machine *machine;
    struct quire_space *space, *child;
    struct quire_object *object;
    bool done;
};

typedef void (*task)(struct sim_cpu *, void *);

static void set_up(struct scene *scene, uint64_t seed, unsigned point_mean)
{
    const struct sim_options options = {
        .cpus = 3, .frames = 2048, .seed = seed, .point_mean = point_mean};

    *scene = (struct scene){.machine = sim_create(&options)};
    assert_ok(quire_space_create(scene->machine->q, &scene->space));
}

static void tear_down(struct scene *scene)
{
    for (unsigned i = 0; i < scene->machine->options.cpus; i++) {
        sim_enter(scene->machine, i);
        sim_switch(&scene->machine->cpu[i], NULL);
    }
    sim_enter(scene->machine, 0);
    machine_check(scene->machine);
    if (scene->child != NULL)
        quire_space_destroy(scene->child);
    quire_space_destroy(scene->space);
    if (scene->object != NULL)
        quire_object_put(scene->object);
    machine_end(scene->machine);
}

static void run(struct scene *scene, task first, task second, task third)
{
    task tasks[3] = {first, second, third};
    void *arguments[3] = {scene, scene, scene};

    sim_run(scene->machine, tasks, arguments);
    sim_enter(scene->machine, 0);
}

static void map_pages(struct quire_space *space, quire_virt at, size_t pages, uint32_t region,
                      struct quire_object *object)
{
    const struct quire_map map = {.address = at,
                                  .length = pages * PAGE,
                                  .region = region,
                                  .flags = QUIRE_MAP_FIXED,
                                  .object = object};
    quire_virt got;

    assert_ok(quire_space_map(space, &map, &got));
}

static void make_object(struct scene *scene, size_t pages)
{
    size_t done;
    uint64_t word;

    assert_ok(quire_object_create(scene->machine->q, QUIRE_OBJECT_MEMORY, NULL, NULL, pages * PAGE,
                                  &scene->object));
    for (size_t i = 0; i < pages; i++) {
        word = i + 1;
        assert_ok(quire_object_write(scene->object, i * PAGE, &word, sizeof(word), &done));
    }
}

static void truncate_all(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;

    (void)cpu;
    quire_object_resize(scene->object, 0);
    scene->done = true;
}

/* ---- a reference held for a moment must not free a frame before the flush ---- */

static void load_pages(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;
    uint64_t word;

    sim_switch(cpu, scene->space);
    for (unsigned i = 0; i < 8; i++)
        (void)sim_load(cpu, AT + (i & 3) * PAGE, &word);
}

static void read_object(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;

    for (unsigned i = 0; i < 16; i++) {
        struct quire_frame *frame;

        if (quire_object_page(scene->object, i & 3, 0, &frame) != QUIRE_OK)
            continue;
        for (uint64_t points = sim_draw(cpu, 60); points > 0; points--)
            quire_platform_point();
        quire_frame_put(scene->machine->q, frame);
    }
}

static void truncation_and_readers_of_the_object(void **state)
{
    uint64_t seed = machine_seed();

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct scene scene;

        set_up(&scene, seed + round, 2 + round % 40);
        make_object(&scene, 4);
        map_pages(scene.space, AT, 4, RW | QUIRE_REGION_SHARED, scene.object);
        run(&scene, truncate_all, load_pages, read_object);
        tear_down(&scene);
    }
}

/* ---- unmapping a shared table while another thread gets its own copy ---- */

static void unmap_table(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;

    sim_switch(cpu, scene->space);
    assert_ok(quire_space_unmap(scene->space, AT, SPAN));
}

static void store_pages(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;

    sim_switch(cpu, scene->space);
    for (unsigned i = 0; i < 4; i++)
        (void)sim_store(cpu, AT + i * PAGE, 77);
}

static void unmapping_and_unsharing(void **state)
{
    uint64_t seed = machine_seed();

    (void)state;
    for (unsigned round = 0; round < 4 * ROUNDS; round++) {
        struct scene scene;
        uint64_t word;

        set_up(&scene, seed + round, 2 + round % 40);
        map_pages(scene.space, AT, SPAN / PAGE, RW, NULL);
        sim_switch(&scene.machine->cpu[0], scene.space);
        for (unsigned i = 0; i < 4; i++)
            assert_ok(sim_store(&scene.machine->cpu[0], AT + i * PAGE, i));
        assert_ok(quire_space_clone(scene.space, &scene.child));
        run(&scene, unmap_table, store_pages, store_pages);
        sim_switch(&scene.machine->cpu[0], scene.child);
        for (unsigned i = 0; i < 4; i++) {
            assert_ok(sim_load(&scene.machine->cpu[0], AT + i * PAGE, &word));
            assert_int_equal(word, i);
        }
        tear_down(&scene);
    }
}

/* ---- truncation of what stands in shared tables ---- */

static void store_beside(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;

    sim_switch(cpu, scene->space);
    assert_ok(sim_store(cpu, AT + 256 * PAGE, 5));
}

static void expect_beyond_end(struct scene *scene, struct quire_space *space, size_t pages)
{
    uint64_t word;

    sim_switch(&scene->machine->cpu[0], space);
    for (size_t i = 0; i < pages; i++)
        assert_status(sim_load(&scene->machine->cpu[0], AT + i * PAGE, &word), QUIRE_BEYOND_END);
}

static void truncation_and_unsharing(void **state)
{
    uint64_t seed = machine_seed();

    (void)state;
    for (unsigned round = 0; round < 4 * ROUNDS; round++) {
        struct scene scene;
        uint64_t word;

        set_up(&scene, seed + round, 2 + round % 40);
        make_object(&scene, 4);
        map_pages(scene.space, AT, 4, RW, scene.object);
        map_pages(scene.space, AT + 256 * PAGE, 1, RW, NULL);
        sim_switch(&scene.machine->cpu[0], scene.space);
        for (unsigned i = 0; i < 4; i++)
            assert_ok(sim_load(&scene.machine->cpu[0], AT + i * PAGE, &word));
        assert_ok(quire_space_clone(scene.space, &scene.child));
        run(&scene, truncate_all, store_beside, NULL);
        expect_beyond_end(&scene, scene.space, 4);
        expect_beyond_end(&scene, scene.child, 4);
        tear_down(&scene);
    }
}

#define MANY (QUIRE_GATHER_FRAMES + 8)

static void load_many_in_child(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;
    uint64_t word;

    sim_switch(cpu, scene->child);
    while (!scene->done) {
        (void)sim_load(cpu, AT + (MANY - 1 - sim_draw(cpu, 8)) * PAGE, &word);
        quire_platform_point();
    }
}

/* More pages than one gathering holds, in a table that two loaded spaces share. */
static void truncation_of_a_large_shared_table(void **state)
{
    const size_t pages = MANY;
    struct scene scene;
    uint64_t word;

    (void)state;
    set_up(&scene, 1, 6);
    make_object(&scene, pages);
    map_pages(scene.space, AT, pages, RW, scene.object);
    sim_enter(scene.machine, 1);
    sim_switch(&scene.machine->cpu[1], scene.space);
    for (size_t i = 0; i < pages; i++)
        assert_ok(sim_load(&scene.machine->cpu[1], AT + i * PAGE, &word));
    assert_ok(quire_space_clone(scene.space, &scene.child));
    sim_enter(scene.machine, 0);
    run(&scene, truncate_all, NULL, load_many_in_child);
    expect_beyond_end(&scene, scene.space, pages);
    expect_beyond_end(&scene, scene.child, pages);
    tear_down(&scene);
}

/* ---- a pager that sleeps ---- */

static struct scene *paged_scene;

/* While the fault waits for its page, the region goes, and its table's frame gets another owner. */
static enum quire_status fill_while_unmapped(struct quire_object *object, uint64_t index,
                                             struct quire_frame *const *frames, unsigned n)
{
    struct quire *q = object->q;
    struct quire_frame *taken[8];

    (void)index;
    (void)frames;
    (void)n;
    if (paged_scene->done)
        return QUIRE_OK;
    paged_scene->done = true;
    assert_ok(quire_space_unmap(paged_scene->space, AT, PAGE));
    sim_quiesce(paged_scene->machine);
    for (unsigned i = 0; i < 8; i++) {
        taken[i] = quire_frame_alloc_one(q, QUIRE_FRAME_KERNEL, 0);
        taken[i]->user.words[0] = UINT64_MAX;
        taken[i]->user.words[1] = UINT64_MAX;
        __builtin_memset(quire_frame_direct(q, taken[i]), 0xff, PAGE);
    }
    map_pages(paged_scene->space, AT, 1, RW | QUIRE_REGION_SHARED, object);
    for (unsigned i = 0; i < 8; i++)
        taken[i]->user.words[1] = i;
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(taken[i]->user.words[0], UINT64_MAX);
    /* They are kept until the test ends, in a chain. */
    for (unsigned i = 0; i < 8; i++)
        taken[i]->user.words[1] = i + 1 < 8 ? quire_frame_number(q, taken[i + 1]) : 0;
    paged_scene->machine->doing = "a fault goes on after its pager slept";
    paged_scene->child = (struct quire_space *)taken[0];
    return QUIRE_OK;
}

static void region_and_table_go_while_the_pager_sleeps(void **state)
{
    static const struct quire_pager pager = {.fill = fill_while_unmapped};
    struct quire_frame *frame;
    struct scene scene;
    uint64_t word;

    (void)state;
    set_up(&scene, 1, 0);
    paged_scene = &scene;
    assert_ok(quire_object_create(scene.machine->q, QUIRE_OBJECT_PAGED, &pager, NULL, PAGE,
                                  &scene.object));
    map_pages(scene.space, AT, 1, RW | QUIRE_REGION_SHARED, scene.object);
    sim_switch(&scene.machine->cpu[0], scene.space);
    assert_ok(sim_load(&scene.machine->cpu[0], AT, &word));
    frame = (struct quire_frame *)scene.child;
    scene.child = NULL;
    for (unsigned i = 0; i < 8; i++) {
        uint32_t next = (uint32_t)frame->user.words[1];

        assert_int_equal(frame->user.words[0], UINT64_MAX);
        assert_ok(quire_frame_free(scene.machine->q, frame));
        frame = quire_frame_at(scene.machine->q, next);
    }
    tear_down(&scene);
}

/* ---- fork while other threads write ---- */

static void clone_twice(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;

    sim_switch(cpu, scene->space);
    for (unsigned i = 0; i < 3; i++) {
        struct quire_space *child;

        assert_ok(quire_space_clone(scene->space, &child));
        quire_space_destroy(child);
        quire_quiescent(scene->machine->q);
    }
    assert_ok(quire_space_clone(scene->space, &scene->child));
    scene->done = true;
}

/* What a thread has stored it finds again, whatever its neighbours and forks do. */
static void store_and_look(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;
    quire_virt mine = AT + 8 * cpu->here.number;
    uint64_t word;

    sim_switch(cpu, scene->space);
    for (uint64_t i = 1; !scene->done || i < 8; i++) {
        assert_ok(sim_store(cpu, mine, i));
        quire_platform_point();
        assert_ok(sim_load(cpu, mine, &word));
        if (word != i)
            sim_fail(scene->machine, "a store of CPU %u was lost", cpu->here.number);
        quire_quiescent(scene->machine->q);
    }
}

static void fork_and_writing_threads(void **state)
{
    uint64_t seed = machine_seed();

    (void)state;
    for (unsigned round = 0; round < 2 * ROUNDS; round++) {
        struct scene scene;

        set_up(&scene, seed + round, 2 + round % 40);
        map_pages(scene.space, AT, 1, RW, NULL);
        if (round & 1) /* a neighbour that is not shared: entries are copied, not the table */
            map_pages(scene.space, AT + PAGE, 1, RW | QUIRE_REGION_NO_FORK, NULL);
        run(&scene, clone_twice, store_and_look, store_and_look);
        tear_down(&scene);
    }
}

/* ---- regions that are cut and joined while their object is truncated ---- */

static void cut_and_join(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;

    (void)cpu;
    for (unsigned i = 0; i < 4; i++) {
        assert_ok(quire_space_advise(scene->space, AT + PAGE, 2 * PAGE, QUIRE_ADVICE_SEQUENTIAL));
        assert_ok(quire_space_advise(scene->space, AT, 4 * PAGE, QUIRE_ADVICE_NORMAL));
    }
}

static void truncation_and_regions_that_change(void **state)
{
    uint64_t seed = machine_seed();

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct scene scene;
        uint64_t word;

        set_up(&scene, seed + round, 2 + round % 40);
        make_object(&scene, 4);
        map_pages(scene.space, AT, 4, RW | QUIRE_REGION_SHARED, scene.object);
        sim_switch(&scene.machine->cpu[0], scene.space);
        for (unsigned i = 0; i < 4; i++)
            assert_ok(sim_load(&scene.machine->cpu[0], AT + i * PAGE, &word));
        run(&scene, cut_and_join, truncate_all, NULL);
        expect_beyond_end(&scene, scene.space, 4);
        tear_down(&scene);
    }
}

/* ---- mappings that move while their object is truncated ---- */

/* Both ends are in this CPU's TLB when they move. */
static void move_pages(struct sim_cpu *cpu, struct scene *scene, size_t length)
{
    const unsigned flags = QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_FIXED;
    quire_virt got;
    uint64_t word;

    sim_switch(cpu, scene->space);
    for (unsigned i = 0; i < 6; i++) {
        (void)sim_load(cpu, AT, &word);
        assert_ok(quire_space_remap(scene->space, AT, length, length, flags, THERE, &got));
        (void)sim_load(cpu, THERE, &word);
        assert_ok(quire_space_remap(scene->space, THERE, length, length, flags, AT, &got));
        quire_quiescent(scene->machine->q);
    }
    scene->done = true;
}

static void move_to_and_fro(struct sim_cpu *cpu, void *argument)
{
    move_pages(cpu, argument, SPAN);
}

static void move_a_part(struct sim_cpu *cpu, void *argument)
{
    move_pages(cpu, argument, 4 * PAGE);
}

static void load_here_and_there(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;
    uint64_t word;

    sim_switch(cpu, scene->space);
    while (!scene->done) {
        (void)sim_load(cpu, AT, &word);
        (void)sim_load(cpu, THERE, &word);
        quire_platform_point();
        quire_quiescent(scene->machine->q);
    }
}

static void truncate_and_extend(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;
    uint64_t word = 9;
    size_t done;

    while (!scene->done) {
        quire_object_resize(scene->object, 0);
        assert_ok(quire_object_write(scene->object, 0, &word, sizeof(word), &done));
        for (uint64_t points = sim_draw(cpu, 200); points > 0; points--)
            quire_platform_point();
        quire_quiescent(scene->machine->q);
    }
}

static void truncation_and_moving_mappings(void **state)
{
    uint64_t seed = machine_seed();

    (void)state;
    for (unsigned round = 0; round < 3 * ROUNDS; round++) {
        struct scene scene;

        set_up(&scene, seed + round, 2 + round % 40);
        make_object(&scene, 1);
        map_pages(scene.space, AT, SPAN / PAGE, RW | QUIRE_REGION_SHARED, scene.object);
        run(&scene, round & 1 ? move_a_part : move_to_and_fro, load_here_and_there,
            truncate_and_extend);
        tear_down(&scene);
    }
}

/* ---- one process unmaps what another goes on to use ---- */

static void unmap_one(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;

    sim_switch(cpu, scene->space);
    assert_ok(quire_space_unmap(scene->space, AT, PAGE));
}

static void look_while_unmapped(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;
    uint64_t word;

    sim_switch(cpu, scene->space);
    while (sim_load(cpu, AT, &word) == QUIRE_OK) {
        if (word != 1)
            sim_fail(scene->machine,
                     "another process's store is seen through a page being unmapped");
        quire_platform_point();
    }
}

static void store_in_child(struct sim_cpu *cpu, void *argument)
{
    struct scene *scene = argument;

    sim_switch(cpu, scene->child);
    assert_ok(sim_store(cpu, AT, 2));
}

static void unmapping_before_another_owner_writes(void **state)
{
    uint64_t seed = machine_seed();

    (void)state;
    for (unsigned round = 0; round < 2 * ROUNDS; round++) {
        struct scene scene;

        set_up(&scene, seed + round, 2 + round % 40);
        map_pages(scene.space, AT, 1, RW, NULL);
        map_pages(scene.space, AT + PAGE, 1, RW | QUIRE_REGION_NO_FORK, NULL);
        sim_switch(&scene.machine->cpu[0], scene.space);
        assert_ok(sim_store(&scene.machine->cpu[0], AT, 1));
        assert_ok(quire_space_clone(scene.space, &scene.child));
        run(&scene, unmap_one, look_while_unmapped, store_in_child);
        tear_down(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncation_and_readers_of_the_object),
        cmocka_unit_test(unmapping_and_unsharing),
        cmocka_unit_test(truncation_and_unsharing),
        cmocka_unit_test(truncation_of_a_large_shared_table),
        cmocka_unit_test(region_and_table_go_while_the_pager_sleeps),
        cmocka_unit_test(fork_and_writing_threads),
        cmocka_unit_test(truncation_and_regions_that_change),
        cmocka_unit_test(truncation_and_moving_mappings),
        cmocka_unit_test(unmapping_before_another_owner_writes),
    };
    const char *only = getenv("QUIRE_TEST");

    if (only != NULL)
        cmocka_set_test_filter(only);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
