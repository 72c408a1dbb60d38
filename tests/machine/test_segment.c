/* Segmentation: real mode and A20, descriptors there and back, and each check of protected mode. */
#include "machine.h"

#include "segment.h"

#define PRESENT_CODE(privilege) (0x00cf9b000000ffffull | (uint64_t)(privilege) << 45)
#define PRESENT_DATA(privilege) (0x00cf93000000ffffull | (uint64_t)(privilege) << 45)

static void real_mode(void **state)
{
    uint16_t segment, offset;

    (void)state;
    assert_int_equal(sim_real_linear(0x07c0, 0x0000, true), 0x7c00);
    assert_int_equal(sim_real_linear(0x0000, 0x7c00, true), 0x7c00);
    assert_int_equal(sim_real_linear(0xffff, 0xffff, true), 0x10ffef);
    /* The line that a PC cuts at start: an 8086 has 20 address lines. */
    assert_int_equal(sim_real_linear(0xffff, 0xffff, false), 0x0ffef);
    assert_int_equal(sim_real_linear(0xffff, 0x0010, true), 0x100000);
    assert_int_equal(sim_real_linear(0xffff, 0x0010, false), 0);

    assert_true(sim_real_offset(0xb8000, 0xb800, &offset));
    assert_int_equal(offset, 0);
    assert_true(sim_real_offset(0xb8000, 0xa801, &offset));
    assert_int_equal(offset, 0xfff0);
    assert_false(sim_real_offset(0xb8000, 0xa800, &offset));
    assert_false(sim_real_offset(0xb8000, 0xb801, &offset));
    for (uint32_t linear = 0; linear < 0x10fff0; linear += 0xff1) {
        assert_true(sim_real_pair(linear, &segment, &offset));
        assert_int_equal(sim_real_linear(segment, offset, true), linear);
        assert_true(offset < 16 || segment == 0xffff);
    }
    assert_true(sim_real_pair(0x10ffef, &segment, &offset));
    assert_int_equal(segment, 0xffff);
    assert_false(sim_real_pair(0x10fff0, &segment, &offset));
}

static void descriptors_there_and_back(void **state)
{
    struct sim_random random = {4};
    struct sim_descriptor d, again;

    (void)state;
    sim_descriptor_decode(0x00cf9b000000ffff, &d);
    assert_true(d.segment && d.code && d.readable && d.present && d.wide && d.accessed);
    assert_int_equal(d.base, 0);
    assert_int_equal(d.limit, 0xffffffff);
    sim_descriptor_decode(0x8040f70000010fff, &d);
    assert_int_equal(d.base, 0x80000001);
    assert_int_equal(d.limit, 0xfff);
    assert_true(d.expand_down && d.writable && !d.code);
    assert_int_equal(d.privilege, 3);
    for (unsigned i = 0; i < 2000; i++) {
        uint64_t raw = sim_random_below(&random, UINT64_MAX);

        raw &= ~((uint64_t)1 << 52); /* for software */
        sim_descriptor_decode(raw, &d);
        sim_descriptor_decode(sim_descriptor_encode(&d), &again);
        assert_int_equal(sim_descriptor_encode(&d), raw);
        assert_memory_equal(&d, &again, sizeof d);
    }
}

static uint64_t global[16], local[2];

static struct sim_segment_result use(unsigned privilege, uint16_t selector, uint32_t offset,
                                     uint32_t size, enum sim_segment_use how)
{
    struct sim_segmentation tables = {global, sizeof global - 1, local, sizeof local - 1,
                                      privilege};
    struct sim_segment_result result;

    sim_segment_translate(&tables, selector, offset, size, how, &result);
    return result;
}

static void expect_linear(unsigned privilege, uint16_t selector, uint32_t offset,
                          enum sim_segment_use how, uint32_t linear)
{
    struct sim_segment_result result = use(privilege, selector, offset, 4, how);

    assert_true(result.allowed);
    assert_int_equal(result.linear, linear);
}

static void expect_exception(unsigned privilege, uint16_t selector, uint32_t offset,
                             enum sim_segment_use how, unsigned exception, unsigned code)
{
    struct sim_segment_result result = use(privilege, selector, offset, 4, how);

    assert_false(result.allowed);
    assert_int_equal(result.exception, exception);
    assert_int_equal(result.error_code, code);
    assert_true(result.why[0] != 0);
}

static void fill_tables(void)
{
    struct sim_descriptor small = {.base = 0x10000,
                                   .limit = 0xfff,
                                   .segment = true,
                                   .writable = true,
                                   .readable = true,
                                   .present = true,
                                   .wide = true};
    struct sim_descriptor other = small;

    global[1] = PRESENT_CODE(0);
    global[2] = PRESENT_DATA(0);
    global[3] = PRESENT_CODE(3);
    global[4] = PRESENT_DATA(3);
    global[5] = sim_descriptor_encode(&small);
    other.expand_down = true;
    global[6] = sim_descriptor_encode(&other);
    other.wide = false;
    global[7] = sim_descriptor_encode(&other);
    other = small;
    other.present = false;
    global[8] = sim_descriptor_encode(&other);
    other = small;
    other.writable = false;
    global[9] = sim_descriptor_encode(&other);
    global[10] = 0x0000890000000067; /* a task state */
    other = small;
    other.code = true;
    other.readable = false;
    other.writable = false;
    global[11] = sim_descriptor_encode(&other);
    other.conforming = true;
    global[12] = sim_descriptor_encode(&other);
    local[1] = sim_descriptor_encode(&small);
}

static void protected_mode(void **state)
{
    (void)state;
    fill_tables();
    expect_linear(0, 0x28, 0x123, SIM_SEGMENT_READ, 0x10123);
    expect_linear(0, 0x28, 0xffc, SIM_SEGMENT_WRITE, 0x10ffc);
    expect_linear(0, 0x0c, 0x10, SIM_SEGMENT_READ, 0x10010); /* the local table */
    expect_linear(3, 0x23, 0xfffffffc, SIM_SEGMENT_WRITE, 0xfffffffc);
    expect_linear(3, 0x1b, 0x1000, SIM_SEGMENT_EXECUTE, 0x1000);
    /* Limits: the last byte counts; stacks have an exception of their own. */
    expect_exception(0, 0x28, 0xffd, SIM_SEGMENT_READ, 13, 0);
    expect_exception(0, 0x28, 0xffd, SIM_SEGMENT_STACK, 12, 0);
    /* Expand down: above the limit, up to 4 GiB or 64 KiB. */
    expect_linear(0, 0x30, 0x1000, SIM_SEGMENT_WRITE, 0x11000);
    expect_exception(0, 0x30, 0xfff, SIM_SEGMENT_WRITE, 13, 0);
    expect_linear(0, 0x30, 0xfffffffc, SIM_SEGMENT_WRITE, 0xfffc);
    expect_linear(0, 0x38, 0xfffc, SIM_SEGMENT_STACK, 0x1fffc);
    expect_exception(0, 0x38, 0xfffd, SIM_SEGMENT_STACK, 12, 0);
    /* Which descriptor. */
    expect_exception(0, 0, 0, SIM_SEGMENT_READ, 13, 0);
    expect_exception(0, 3, 0, SIM_SEGMENT_READ, 13, 0);
    expect_exception(0, 0x80, 0, SIM_SEGMENT_READ, 13, 0x80);
    expect_exception(0, 0x17, 0, SIM_SEGMENT_READ, 13, 0x14);
    expect_exception(0, 0x40, 0, SIM_SEGMENT_READ, 11, 0x40);
    expect_exception(0, 0x40, 0, SIM_SEGMENT_STACK, 12, 0x40);
    expect_exception(0, 0x50, 0, SIM_SEGMENT_READ, 13, 0x50);
    /* What it may be used for. */
    expect_exception(0, 0x48, 0, SIM_SEGMENT_WRITE, 13, 0);
    expect_exception(0, 0x48, 0, SIM_SEGMENT_STACK, 13, 0x48);
    expect_exception(0, 0x08, 0, SIM_SEGMENT_WRITE, 13, 0);
    expect_exception(0, 0x10, 0, SIM_SEGMENT_EXECUTE, 13, 0x10);
    expect_exception(0, 0x58, 0, SIM_SEGMENT_READ, 13, 0x58);
    /* Privilege: the larger number of the code's and the selector's counts. */
    expect_exception(3, 0x10, 0, SIM_SEGMENT_READ, 13, 0x10);
    expect_exception(0, 0x13, 0, SIM_SEGMENT_READ, 13, 0x10);
    expect_linear(0, 0x23, 0, SIM_SEGMENT_READ, 0);
    expect_exception(3, 0x20, 0, SIM_SEGMENT_STACK, 13, 0x20);
    expect_exception(0, 0x23, 0, SIM_SEGMENT_STACK, 13, 0x20);
    expect_linear(3, 0x23, 0, SIM_SEGMENT_STACK, 0);
    expect_exception(3, 0x08, 0, SIM_SEGMENT_EXECUTE, 13, 0x08);
    expect_linear(3, 0x60, 0, SIM_SEGMENT_EXECUTE, 0x10000);
    expect_exception(3, 0x58, 0, SIM_SEGMENT_EXECUTE, 13, 0x58);
}

static void linear_back_to_offset(void **state)
{
    struct sim_descriptor d;
    uint32_t offset;

    (void)state;
    fill_tables();
    sim_descriptor_decode(global[5], &d);
    assert_true(sim_segment_offset(&d, 0x10fff, &offset));
    assert_int_equal(offset, 0xfff);
    assert_false(sim_segment_offset(&d, 0x11000, &offset));
    assert_false(sim_segment_offset(&d, 0xffff, &offset));
    sim_descriptor_decode(global[6], &d);
    assert_false(sim_segment_offset(&d, 0x10fff, &offset));
    assert_true(sim_segment_offset(&d, 0xffff, &offset));
    assert_int_equal(offset, 0xffffffff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_mode),
        cmocka_unit_test(descriptors_there_and_back),
        cmocka_unit_test(protected_mode),
        cmocka_unit_test(linear_back_to_offset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
