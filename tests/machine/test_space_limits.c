/* Corners of the calls on spaces where Linux's answer is easily missed, and limits of their ranges.
 */
#include "machine.h"

#define AT  ((quire_virt)0x40000000)
#define MAY (QUIRE_REGION_MAY_READ | QUIRE_REGION_MAY_WRITE)
#define RW  (QUIRE_PROT_READ | QUIRE_PROT_WRITE | MAY)

struct scene {
    struct sim_machine *machine;
    struct quire_space *space;
};

static struct scene begin(void)
{
    struct scene scene = {.machine = machine_create(1)};

    assert_ok(quire_space_create(scene.machine->q, &scene.space));
    sim_switch(&scene.machine->cpu[0], scene.space);
    return scene;
}

static void end(struct scene *scene)
{
    sim_switch(&scene->machine->cpu[0], NULL);
    machine_check(scene->machine);
    quire_space_destroy(scene->space);
    machine_end(scene->machine);
}

static enum quire_status map(struct scene *scene, quire_virt at, size_t pages, uint32_t region,
                             unsigned flags, struct quire_object *object, uint64_t first,
                             quire_virt *got)
{
    const struct quire_map wanted = {.address = at,
                                     .length = pages * PAGE,
                                     .region = region,
                                     .flags = flags,
                                     .object = object,
                                     .offset = first * PAGE};

    return quire_space_map(scene->space, &wanted, got);
}

static struct quire_object *make_object(struct scene *scene, size_t pages)
{
    struct quire_object *object;

    assert_ok(quire_object_create(scene->machine->q, QUIRE_OBJECT_MEMORY, NULL, NULL, pages * PAGE,
                                  &object));
    return object;
}

/* Linux: the target is unmapped first, then nothing is found at the source (EFAULT). */
static void second_mapping_onto_itself(void **state)
{
    struct scene scene = begin();
    struct quire_object *object = make_object(&scene, 4);
    quire_virt got;

    (void)state;
    assert_ok(map(&scene, AT, 4, RW | QUIRE_REGION_SHARED, QUIRE_MAP_FIXED, object, 0, &got));
    assert_status(quire_space_remap(scene.space, AT, 0, 4 * PAGE,
                                    QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_FIXED, AT, &got),
                  QUIRE_NO_MAPPING);
    quire_object_put(object);
    end(&scene);
}

/* A move that fails for want of memory leaves the regions as they were, uncut. */
static void failed_move_leaves_one_region(void **state)
{
    struct scene scene = begin();
    struct quire_region_info info;
    quire_virt got;

    (void)state;
    assert_ok(map(&scene, AT, 8, RW, QUIRE_MAP_FIXED, NULL, 0, &got));
    assert_ok(sim_store(&scene.machine->cpu[0], AT + 3 * PAGE, 7));
    for (uint64_t n = 1; n <= 8; n++) {
        enum quire_status status;

        scene.machine->fail_allocation_at = n;
        status = quire_space_remap(scene.space, AT + 2 * PAGE, 2 * PAGE, 4 * PAGE,
                                   QUIRE_REMAP_MAY_MOVE, 0, &got);
        scene.machine->fail_allocation_at = 0;
        if (status == QUIRE_OK)
            break;
        assert_status(status, QUIRE_NO_MEMORY);
        assert_true(quire_space_region(scene.space, AT, &info));
        assert_int_equal(info.start, AT);
        assert_int_equal(info.end, AT + 8 * PAGE);
        machine_check(scene.machine);
    }
    end(&scene);
}

/* Linux rounds a hint down, and one below the lowest address up to that. */
static void hints_are_rounded_down(void **state)
{
    struct scene scene = begin();
    quire_virt got;

    (void)state;
    assert_ok(map(&scene, AT + 123, 1, RW, 0, NULL, 0, &got));
    assert_int_equal(got, AT);
    assert_ok(map(&scene, 0x1000, 1, RW, 0, NULL, 0, &got));
    assert_int_equal(got, 0x10000);
    end(&scene);
}

/* What a fixed mapping replaces does not count against the limits. */
static void replacing_within_the_limits(void **state)
{
    struct scene scene = begin();
    quire_virt got;

    (void)state;
    assert_ok(map(&scene, AT, 4, RW, QUIRE_MAP_FIXED, NULL, 0, &got));
    scene.space->limits.data = 4 * PAGE;
    scene.space->limits.total = 4 * PAGE;
    assert_ok(map(&scene, AT, 4, RW, QUIRE_MAP_FIXED, NULL, 0, &got));
    assert_status(map(&scene, AT + PAGE, 4, RW, QUIRE_MAP_FIXED, NULL, 0, &got), QUIRE_LIMIT);
    end(&scene);
}

/* A punch ends where it ends: what maps the pages right behind it keeps them. */
static void punch_keeps_the_next_mapping(void **state)
{
    struct scene scene = begin();
    struct quire_object *object = make_object(&scene, 4);
    struct quire_usage usage;
    quire_virt got;

    (void)state;
    assert_ok(map(&scene, AT, 2, RW | QUIRE_REGION_SHARED, QUIRE_MAP_FIXED, object, 2, &got));
    assert_ok(sim_store(&scene.machine->cpu[0], AT, 1));
    quire_object_punch(object, PAGE, 2 * PAGE);
    quire_space_usage(scene.space, &usage);
    assert_int_equal(usage.resident, 1);
    quire_object_put(object);
    end(&scene);
}

/* A mapping of a file's first pages cannot grow below the file. */
static void growing_stops_at_the_start_of_the_object(void **state)
{
    struct scene scene = begin();
    struct quire_object *object = make_object(&scene, 4);
    quire_virt got;

    (void)state;
    assert_ok(map(&scene, AT, 2, RW | QUIRE_REGION_GROWS_DOWN, QUIRE_MAP_FIXED, object, 1, &got));
    assert_ok(sim_store(&scene.machine->cpu[0], AT - PAGE, 1));
    assert_status(sim_store(&scene.machine->cpu[0], AT - 2 * PAGE, 1), QUIRE_NO_MAPPING);
    quire_object_put(object);
    end(&scene);
}

/* Device memory is no memory: copying to or from it is refused, with force too. */
static void device_memory_is_not_copied(void **state)
{
    struct scene scene = begin();
    struct quire_object *object;
    uint64_t word = 5;
    quire_virt got;
    size_t done;

    (void)state;
    assert_ok(quire_object_create_device(scene.machine->q, SIM_DEVICE_START, 2 * PAGE,
                                         QUIRE_CACHE_UNCACHED, NULL, &object));
    assert_ok(map(&scene, AT, 1, RW | QUIRE_REGION_SHARED, QUIRE_MAP_FIXED, object, 0, &got));
    assert_ok(map(&scene, AT + PAGE, 1, QUIRE_PROT_READ | QUIRE_REGION_MAY_READ, QUIRE_MAP_FIXED,
                  object, 1, &got));
    assert_status(quire_space_read(scene.space, AT, &word, sizeof(word), false, &done),
                  QUIRE_NO_PERMISSION);
    assert_status(quire_space_write(scene.space, AT, &word, sizeof(word), false, &done),
                  QUIRE_NO_PERMISSION);
    assert_status(quire_space_write(scene.space, AT + PAGE, &word, sizeof(word), true, &done),
                  QUIRE_NO_PERMISSION);
    quire_object_put(object);
    end(&scene);
}

/* A size that no space has is not a limit reached, where there is none. */
static void growing_beyond_all_without_limits(void **state)
{
    struct scene scene = begin();
    quire_virt got;

    (void)state;
    assert_ok(map(&scene, AT, 4, RW | QUIRE_REGION_LOCKED, QUIRE_MAP_FIXED, NULL, 0, &got));
    assert_status(quire_space_remap(scene.space, AT, PAGE, (size_t)0 - 2 * PAGE,
                                    QUIRE_REMAP_MAY_MOVE, 0, &got),
                  QUIRE_NO_SPACE);
    scene.space->limits.locked = 4 * PAGE;
    assert_status(quire_space_remap(scene.space, AT, PAGE, (size_t)0 - 2 * PAGE,
                                    QUIRE_REMAP_MAY_MOVE, 0, &got),
                  QUIRE_LOCK_LIMIT);
    end(&scene);
}

static uint64_t tables(const struct scene *scene)
{
    struct quire_frame_stats stats;

    quire_frame_stats(scene->machine->q, &stats);
    return stats.kind[QUIRE_FRAME_TABLE];
}

/* What the move that was refused would have filled is not left behind, empty. */
static void refused_move_leaves_no_tables(void **state)
{
    const quire_virt there = AT + ((quire_virt)64 << 20);
    struct scene scene = begin();
    struct quire_region_info info;
    uint64_t before;
    quire_virt got;

    (void)state;
    assert_ok(map(&scene, AT, 2, RW, QUIRE_MAP_FIXED, NULL, 0, &got));
    assert_ok(sim_store(&scene.machine->cpu[0], AT, 7));
    before = tables(&scene);
    assert_ok(map(&scene, there, 2, RW, QUIRE_MAP_FIXED, NULL, 0, &got));
    scene.space->limits.total = 4 * PAGE;
    assert_status(quire_space_remap(scene.space, AT, 2 * PAGE, 8 * PAGE,
                                    QUIRE_REMAP_MAY_MOVE | QUIRE_REMAP_FIXED, there, &got),
                  QUIRE_LIMIT);
    assert_true(!quire_space_region(scene.space, there, &info));
    sim_quiesce(scene.machine);
    assert_int_equal(tables(&scene), before);
    machine_check(scene.machine);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(second_mapping_onto_itself),
        cmocka_unit_test(failed_move_leaves_one_region),
        cmocka_unit_test(hints_are_rounded_down),
        cmocka_unit_test(replacing_within_the_limits),
        cmocka_unit_test(punch_keeps_the_next_mapping),
        cmocka_unit_test(growing_stops_at_the_start_of_the_object),
        cmocka_unit_test(device_memory_is_not_copied),
        cmocka_unit_test(growing_beyond_all_without_limits),
        cmocka_unit_test(refused_move_leaves_no_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
