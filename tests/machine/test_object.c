/* Objects and slots: sizes, holes, sharing, truncation, pagers that fail, pages that go out and
 * come back. */
#include "scene.h"

#include <string.h>

static struct quire_object *object;

static int start(void **state)
{
    (void)state;
    scene_begin(2);
    assert_ok(quire_object_create(q, QUIRE_OBJECT_MEMORY, NULL, NULL, 10 * PAGE, &object));
    return 0;
}

static int end(void **state)
{
    quire_object_put(object);
    return scene_finish(state);
}

static void map(quire_virt address, size_t pages, uint32_t region, uint64_t offset)
{
    struct quire_map request = {.address = address,
                                .length = pages * PAGE,
                                .region = region,
                                .flags = QUIRE_MAP_FIXED,
                                .object = object,
                                .offset = offset};
    quire_virt out;

    assert_ok(quire_space_map(space, &request, &out));
}

static void expect(quire_virt address, uint64_t value)
{
    uint64_t word;

    assert_ok(sim_load(cpu, address, &word));
    assert_int_equal(word, value);
}

static uint64_t read_word(uint64_t offset)
{
    uint64_t word = ~(uint64_t)0;
    size_t done;

    assert_ok(quire_object_read(object, offset, &word, sizeof(word), &done));
    assert_int_equal(done, sizeof(word));
    return word;
}

static void reading_and_writing(void **state)
{
    char text[3 * PAGE], back[3 * PAGE];
    size_t done;

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 7);
    assert_ok(quire_object_write(object, PAGE - 100, text, sizeof(text), &done));
    assert_int_equal(done, sizeof(text));
    assert_ok(quire_object_read(object, PAGE - 100, back, sizeof(back), &done));
    assert_int_equal(done, sizeof(back));
    assert_memory_equal(text, back, sizeof(text));
    assert_int_equal(read_word(8 * PAGE), 0); /* a hole, which stays one */
    assert_int_equal(object->resident, 4);
    assert_ok(quire_object_read(object, 10 * PAGE - 5, back, 100, &done));
    assert_int_equal(done, 5);
    assert_ok(quire_object_read(object, 10 * PAGE, back, 100, &done));
    assert_int_equal(done, 0);
    assert_ok(quire_object_write(object, 12 * PAGE + 1, "x", 1, &done)); /* grows it */
    assert_int_equal(object->size, 12 * PAGE + 2);
    assert_status(quire_object_write(object, UINT64_MAX - 2, "abcdef", 6, &done), QUIRE_OVERFLOW);
    assert_int_equal(quire_object_check(object), 0);
}

static void far_pages_and_deep_trees(void **state)
{
    static const uint64_t places[] = {0, 63, 64, 4095, 4096, 1u << 20, (uint64_t)1 << 40};
    size_t done;

    (void)state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        assert_ok(quire_object_write(object, places[i] * PAGE, &places[i], 8, &done));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        assert_int_equal(read_word(places[i] * PAGE), places[i]);
    assert_int_equal(quire_object_check(object), 0);
    quire_object_resize(object, 64 * PAGE);
    assert_int_equal(object->resident, 2);
    assert_int_equal(quire_object_check(object), 0);
}

static void shared_and_private_see_what_they_should(void **state)
{
    const quire_virt shared = BASE, private = BASE + 32 * PAGE, other = BASE + 64 * PAGE;

    (void)state;
    map(shared, 4, RW | QUIRE_REGION_SHARED, 2 * PAGE);
    map(private, 4, RW, 2 * PAGE);
    map(other, 2, RW | QUIRE_REGION_SHARED, 3 * PAGE);
    assert_ok(sim_store(cpu, shared + PAGE, 1));
    expect(other, 1);
    expect(private + PAGE, 1);
    assert_int_equal(read_word(3 * PAGE), 1);
    assert_ok(sim_store(cpu, shared + PAGE, 2));
    expect(private + PAGE, 2); /* not copied yet */
    assert_ok(sim_store(cpu, private + PAGE + 8, 3));
    assert_ok(sim_store(cpu, shared + PAGE, 4));
    expect(private + PAGE, 2); /* its own now */
    expect(other + 8, 0);
    assert_ok(quire_space_advise(space, private, 4 * PAGE, QUIRE_ADVICE_DONT_NEED));
    expect(private + PAGE, 4);
}

static void truncation_reaches_every_mapping(void **state)
{
    const quire_virt shared = BASE, private = BASE + 32 * PAGE;
    uint64_t word;

    (void)state;
    map(shared, 10, RW | QUIRE_REGION_SHARED, 0);
    map(private, 10, RW, 0);
    for (unsigned i = 0; i < 10; i++) {
        assert_ok(sim_store(cpu, shared + i * PAGE, i + 1));
        assert_ok(sim_store(cpu, shared + i * PAGE + 2048, i + 1));
        assert_ok(sim_store(cpu, private + i * PAGE, 100 + i));
    }
    quire_object_resize(object, 3 * PAGE + 1024);
    expect(shared + 3 * PAGE, 4);
    expect(shared + 3 * PAGE + 2048, 0); /* the rest of the last page */
    assert_status(sim_load(cpu, shared + 4 * PAGE, &word), QUIRE_BEYOND_END);
    assert_status(sim_load(cpu, private + 4 * PAGE, &word), QUIRE_BEYOND_END);
    expect(private + 3 * PAGE, 103);
    machine_check(machine);
    quire_object_resize(object, 10 * PAGE);
    expect(shared + 4 * PAGE, 0);
    expect(private + 9 * PAGE, 0);
}

static void punching_keeps_private_copies(void **state)
{
    const quire_virt shared = BASE, private = BASE + 32 * PAGE;

    (void)state;
    map(shared, 6, RW | QUIRE_REGION_SHARED, 0);
    map(private, 6, RW, 0);
    for (unsigned i = 0; i < 6; i++) {
        assert_ok(sim_store(cpu, shared + i * PAGE, i + 1));
        assert_ok(sim_store(cpu, shared + i * PAGE + 4088, i + 1));
    }
    assert_ok(sim_store(cpu, private + 2 * PAGE, 50));
    quire_object_punch(object, PAGE + 100, 4 * PAGE + 100);
    expect(shared + PAGE, 2);
    expect(shared + PAGE + 4088, 0);
    expect(shared + 2 * PAGE, 0);
    expect(shared + 4 * PAGE, 0);
    expect(shared + 4 * PAGE + 4088, 5);
    expect(private + 2 * PAGE, 50);
    expect(private + 3 * PAGE, 0);
    quire_object_punch(object, 5 * PAGE + 4088, 5 * PAGE + 4090);
    expect(shared + 5 * PAGE + 4088, 0);
    expect(shared + 5 * PAGE, 6);
    quire_object_punch(object, PAGE, PAGE); /* nothing */
    expect(shared + PAGE, 2);
}

/* ---- pagers ---- */

static unsigned fills, failures;
static bool released;

static enum quire_status fill(struct quire_object *which, uint64_t index,
                              struct quire_frame *const *frames, unsigned n)
{
    fills++;
    if (index <= 3 && 3 < index + n) {
        failures++;
        return QUIRE_IO_ERROR;
    }
    for (unsigned i = 0; i < n; i++) {
        uint8_t *bytes = quire_frame_map(which->q, frames[i]);

        memset(bytes, (int)(index + i) + 1, PAGE);
        quire_frame_unmap(which->q, frames[i], bytes);
    }
    return QUIRE_OK;
}

static void release(struct quire_object *which)
{
    assert_int_equal(which->resident, 0);
    released = true;
}

static void a_pager_fills_fails_and_is_released(void **state)
{
    static const struct quire_pager pager = {.fill = fill, .release = release};
    enum quire_fault_class class;
    uint64_t word;
    size_t done;

    (void)state;
    quire_object_put(object);
    assert_ok(quire_object_create(machine->q, QUIRE_OBJECT_PAGED, &pager, NULL, 6 * PAGE, &object));
    fills = failures = 0;
    released = false;
    map(BASE, 8, RW, 0);
    expect(BASE + PAGE, 0x0202020202020202);
    expect(BASE + PAGE + 8, 0x0202020202020202);
    assert_int_equal(fills, 2); /* with all of the file, and when that failed alone */
    assert_int_equal(failures, 1);
    assert_int_equal(object->resident, 1);
    assert_status(quire_space_fault(space, BASE + 3 * PAGE, QUIRE_ACCESS_READ, &class),
                  QUIRE_IO_ERROR);
    assert_int_equal(class, QUIRE_FAULT_IO_ERROR);
    failures = 0;
    assert_status(sim_load(cpu, BASE + 3 * PAGE, &word), QUIRE_IO_ERROR); /* asked again */
    assert_true(failures > 0);
    assert_status(quire_object_read(object, 2 * PAGE, &(char[2 * PAGE]){0}, 2 * PAGE, &done),
                  QUIRE_IO_ERROR);
    assert_int_equal(done, PAGE);
    assert_status(sim_load(cpu, BASE + 6 * PAGE, &word), QUIRE_BEYOND_END);
    assert_ok(quire_space_unmap(space, BASE, 8 * PAGE));
    assert_false(released);
    quire_object_put(object);
    assert_true(released);
    assert_ok(quire_object_create(machine->q, QUIRE_OBJECT_MEMORY, NULL, NULL, PAGE, &object));
}

/* Made ahead: memory that nobody sees before it is used. */
static void pages_made_ahead(void **state)
{
    struct quire_frame *frame;
    uint8_t there[4];

    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        assert_ok(quire_object_page(object, i, QUIRE_OBJECT_ALLOCATE | QUIRE_OBJECT_AHEAD, &frame));
        quire_frame_put(q, frame);
    }
    assert_int_equal(object->resident, 4);
    map(BASE, 4, RW | QUIRE_REGION_SHARED, 0);
    assert_ok(quire_space_resident(space, BASE, 4 * PAGE, there));
    assert_memory_equal(there, "\0\0\0", 4);
    assert_false(quire_object_exists(object, 1));
    expect(BASE + PAGE, 0);
    assert_ok(sim_store(cpu, BASE + 3 * PAGE, 7));
    assert_ok(quire_space_resident(space, BASE, 4 * PAGE, there));
    assert_memory_equal(there, "\0\1\0\1", 4);
    assert_ok(quire_space_unmap(space, BASE, 4 * PAGE));
    assert_true(quire_object_exists(object, 1));
    assert_true(quire_object_exists(object, 3));
    assert_false(quire_object_exists(object, 2));
    assert_int_equal(object->resident, 4);
    machine_check(machine);
}

/* ---- slots ---- */

static void anonymous(quire_virt address, size_t pages)
{
    struct quire_map request = {
        .address = address, .length = pages * PAGE, .region = RW, .flags = QUIRE_MAP_FIXED};
    quire_virt out;

    assert_ok(quire_space_map(space, &request, &out));
    for (size_t i = 0; i < pages; i++)
        assert_ok(sim_store(cpu, address + i * PAGE, 1000 + i));
}

static void pages_go_out_and_come_back(void **state)
{
    struct quire_slot_area *slots;
    struct quire_space *child;
    uint64_t word;
    size_t done;

    (void)state;
    assert_status(quire_slot_area_create(machine->q, 0, 0, NULL, &slots), QUIRE_INVALID);
    assert_ok(quire_slot_area_create(machine->q, 6, 0, NULL, &slots));
    anonymous(BASE, 8);
    assert_int_equal(quire_space_page_out(space, BASE, 8 * PAGE),
                     6); /* then the slots are used up */
    assert_int_equal(machine->disk.writes, 6);
    machine_check(machine);
    assert_status(quire_slot_area_destroy(slots), QUIRE_BUSY);
    assert_ok(quire_space_clone(space, &child));
    for (unsigned i = 0; i < 8; i++)
        expect(BASE + i * PAGE, 1000 + i);
    assert_ok(sim_store(cpu, BASE, 1));
    assert_ok(quire_space_read(child, BASE, &word, sizeof(word), false, &done));
    assert_int_equal(word, 1000);
    assert_true(machine->disk.reads <= 7); /* a page that both want is read once */
    machine_check(machine);
    quire_space_destroy(child);
    assert_ok(quire_space_unmap(space, BASE, 8 * PAGE));
    sim_quiesce(machine);
    assert_ok(quire_slot_area_destroy(slots));
}

/* As by mlock, whoever maps it; private copies of its pages are others' affair. */
static void locked_objects_stay(void **state)
{
    struct quire_slot_area *slots;

    (void)state;
    assert_ok(quire_slot_area_create(machine->q, 64, 0, NULL, &slots));
    map(BASE, 8, RW | QUIRE_REGION_SHARED, 0);
    map(BASE + 8 * PAGE, 2, RW, 0);
    for (size_t i = 0; i < 10; i++)
        assert_ok(sim_store(cpu, BASE + i * PAGE, 100 + i));
    object->locked = true;
    assert_int_equal(quire_space_page_out(space, BASE, 8 * PAGE), 0);
    while (quire_reclaim_pages(q, 64) > 0)
        sim_disk_finish(machine);
    assert_int_equal(object->resident, 8);
    assert_int_equal(object->swapped, 0);
    object->locked = false;
    while (quire_reclaim_pages(q, 64) > 0)
        sim_disk_finish(machine);
    assert_int_equal(object->resident, 0);
    for (size_t i = 0; i < 10; i++)
        expect(BASE + i * PAGE, 100 + i);
    machine_check(machine);
    assert_ok(quire_space_unmap(space, BASE, 10 * PAGE));
    assert_ok(quire_object_resize(object, 0));
    sim_quiesce(machine);
    assert_ok(quire_slot_area_destroy(slots));
}

static void a_disk_that_fails(void **state)
{
    struct quire_slot_area *slots;
    enum quire_fault_class class;
    uint64_t word;

    (void)state;
    assert_ok(quire_slot_area_create(machine->q, 8, 0, NULL, &slots));
    anonymous(BASE, 3);
    machine->disk.fail_at = 2;
    assert_int_equal(quire_space_page_out(space, BASE, 3 * PAGE), 3);
    sim_disk_finish(machine);
    machine_check(machine);
    expect(BASE + PAGE, 1001); /* it stayed */
    machine->disk.fail_at = 1;
    assert_status(sim_load(cpu, BASE, &word), QUIRE_IO_ERROR);
    assert_status(quire_space_fault(space, BASE, QUIRE_ACCESS_READ, &class), QUIRE_IO_ERROR);
    assert_int_equal(class, QUIRE_FAULT_POISONED);
    expect(BASE + 2 * PAGE, 1002);
    machine_check(machine);
    assert_ok(quire_space_advise(space, BASE, PAGE, QUIRE_ADVICE_DONT_NEED));
    expect(BASE, 0); /* as good as new */
    assert_ok(quire_space_unmap(space, BASE, 3 * PAGE));
    assert_ok(quire_slot_area_destroy(slots));
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(reading_and_writing),
        test(far_pages_and_deep_trees),
        test(shared_and_private_see_what_they_should),
        test(truncation_reaches_every_mapping),
        test(punching_keeps_private_copies),
        test(a_pager_fills_fails_and_is_released),
        test(pages_made_ahead),
        test(pages_go_out_and_come_back),
        test(locked_objects_stay),
        test(a_disk_that_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
