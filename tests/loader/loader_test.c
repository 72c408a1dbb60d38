/*
 * What the boot loader makes of a BIOS's answers about memory. BIOSes that end their list in each
 * of the known ways, or never; that give short rows, or write too much; that have no such call.
 * Then the places that the loader finds in such maps.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "boot/loader.h"

#include <cmocka.h> /* behind the loader's own fail() */

#define SMAP 0x534d4150u
#define MIB  0x100000ull

/* The BIOS of a test: what int 15h gives. */
static struct {
    const struct e820_row *rows;
    uint32_t count;
    uint32_t row_size;
    bool ends_by_carry;
    bool endless;
    uint32_t bad_signature_at; /* number of the call, from 1 */
    bool writes_too_much;
    uint32_t e801[4]; /* AX, BX, CX, DX; all 0: no such call */
    uint32_t size88;  /* 0: no such call */
    uint32_t base_kib;
    uint32_t calls;
} bios;

static char printed[256];

void print(const char *format, ...)
{
    strncat(printed, format, sizeof(printed) - strlen(printed) - 1);
}

static void give_row(struct bios_registers *r)
{
    uint32_t number = r->ebx;

    bios.calls++;
    assert_int_equal(r->edx, SMAP);
    assert_int_equal(r->ecx, 24);
    assert_int_equal(e820_answer.row.attributes, 1); /* some BIOSes expect it */
    if (bios.count == 0 || (bios.ends_by_carry && number == bios.count)) {
        r->flags = FLAG_CARRY;
        r->eax = 0x8600;
        return;
    }
    memcpy(&e820_answer, &bios.rows[number % bios.count], bios.row_size);
    if (bios.writes_too_much)
        memset(e820_answer.room + 24, 0xff, sizeof(e820_answer.room) - 24);
    r->eax = bios.calls == bios.bad_signature_at ? 0xe820 : SMAP;
    r->ecx = bios.row_size;
    r->ebx = number + 1;
    if (!bios.endless && !bios.ends_by_carry && r->ebx == bios.count)
        r->ebx = 0;
    r->esi = r->edi = r->ebp = 0xdeadbeef; /* nobody promised to keep them */
    r->ds = r->es = 0xf000;
}

void bios_call(unsigned vector, struct bios_registers *r)
{
    r->flags = 0;
    if (vector == 0x12) {
        r->eax = bios.base_kib;
    } else if (r->eax == 0xe820) {
        give_row(r);
    } else if (r->eax == 0xe801 && (bios.e801[0] | bios.e801[2]) != 0) {
        r->eax = bios.e801[0];
        r->ebx = bios.e801[1];
        r->ecx = bios.e801[2];
        r->edx = bios.e801[3];
    } else if (r->eax == 0x8800 && bios.size88 != 0) {
        r->eax = bios.size88;
    } else {
        r->flags = FLAG_CARRY;
        r->eax = 0x8600;
    }
}

static struct memory memory;

static const struct e820_row pc[] = {
    {0, 0x9fc00, 1, 1},     {0x9fc00, 0x400, 2, 1},      {0xf0000, 0x10000, 2, 1},
    {MIB, 255 * MIB, 1, 1}, {0xfffc0000, 0x40000, 2, 1},
};

/* A BIOS with the map `pc`, read in the usual way unless the test says otherwise. */
static int prepare(void **state)
{
    (void)state;
    memset(&bios, 0, sizeof(bios));
    memset(&memory, 0xee, sizeof(memory));
    printed[0] = '\0';
    bios.rows = pc;
    bios.count = 5;
    bios.row_size = 24;
    bios.base_kib = 639;
    return 0;
}

static void assert_pc(void)
{
    memory_read(&memory);
    assert_int_equal(memory.count, 5);
    assert_memory_equal(memory.rows, pc, sizeof(pc));
    assert_int_equal(memory.base_kib, 639);
    assert_string_equal(printed, "");
}

static void rows_of_24_bytes(void **state)
{
    (void)state;
    assert_pc();
    assert_int_equal(bios.calls, 5);
}

static void rows_of_20_bytes(void **state)
{
    (void)state;
    bios.row_size = 20;
    assert_pc();
}

static void list_that_ends_by_carry(void **state)
{
    (void)state;
    bios.ends_by_carry = true;
    assert_pc();
}

static void more_written_than_asked_for(void **state)
{
    (void)state;
    bios.writes_too_much = true;
    assert_pc();
}

static void another_call_answers(void **state)
{
    (void)state;
    bios.bad_signature_at = 3;
    bios.e801[2] = 15 * 1024;
    bios.e801[3] = 48 * 16;
    memory_read(&memory);
    assert_int_equal(memory.count, 0);
    assert_int_equal(memory.extended_kib, 63 * 1024);
}

static void list_without_end(void **state)
{
    (void)state;
    bios.endless = true;
    memory_read(&memory);
    assert_int_equal(memory.count, E820_MAX_ROWS);
    assert_int_equal(bios.calls, E820_MAX_ROWS);
    assert_non_null(strstr(printed, "has no end"));
    /* rows that are no rows do not count, but end too */
    prepare(NULL);
    bios.endless = true;
    bios.row_size = 12;
    memory_read(&memory);
    assert_int_equal(memory.count, 0);
    assert_int_equal(bios.calls, E820_MAX_ROWS);
}

static void sizes_where_there_is_no_map(void **state)
{
    static const struct {
        uint32_t e801[4], size88, kib;
    } cases[] = {
        {{0, 0, 0x3c00, 0x0100}, 0xfc00, 31 * 1024}, /* CX and DX */
        {{0x3c00, 0x0100, 0, 0}, 0xfc00, 31 * 1024}, /* AX and BX */
        {{0x3000, 0x0100, 0, 0}, 0, 12 * 1024},      /* a hole at 13 MiB: what follows is lost */
        {{0, 0, 0, 0}, 0xfc00, 63 * 1024},           {{0, 0, 0, 0}, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        prepare(NULL);
        bios.count = 0;
        memcpy(bios.e801, cases[i].e801, sizeof(bios.e801));
        bios.size88 = cases[i].size88;
        memory_read(&memory);
        assert_int_equal(memory.count, 0);
        assert_int_equal(memory.base_kib, 639);
        assert_int_equal(memory.extended_kib, cases[i].kib);
        assert_int_equal(memory_is_usable(&memory, MIB, 12 * MIB), cases[i].kib >= 11 * 1024);
        assert_false(memory_is_usable(&memory, MIB, MIB + cases[i].kib * 1024 + 1));
    }
}

/* ---- places ---- */

static void set_rows(const struct e820_row *rows, uint32_t count)
{
    memcpy(memory.rows, rows, count * sizeof(rows[0]));
    memory.count = count;
}

static void usable_is_what_no_row_contradicts(void **state)
{
    static const struct e820_row rows[] = {
        {8 * MIB, 8 * MIB, 1, 1},     {0, 0x9fc00, 1, 1},           {MIB, 7 * MIB, 1, 1},
        {0x5ff000, 0x1000, 3, 1},     {16 * MIB, UINT64_MAX, 1, 1}, {20 * MIB, 0, 2, 1},
        {32 * MIB, UINT64_MAX, 2, 1},
    };

    (void)state;
    set_rows(rows, 7);
    assert_true(memory_is_usable(&memory, MIB, 0x5ff000));
    assert_false(memory_is_usable(&memory, MIB, 0x5ff001));
    assert_false(memory_is_usable(&memory, 0x5fffff, 0x700000));
    assert_true(memory_is_usable(&memory, 0x600000, 32 * MIB)); /* three rows that meet */
    assert_false(memory_is_usable(&memory, 0x600000, 32 * MIB + 1));
    assert_false(memory_is_usable(&memory, 0, 0x1000)); /* below 1 MiB is never taken */
    assert_false(memory_is_usable(&memory, 0, 2 * MIB));
}

static void lowest_place_is_found(void **state)
{
    static const struct e820_row rows[] = {
        {0x100000000, 4096 * MIB, 1, 1},
        {16 * MIB + 0x800, 16 * MIB, 1, 1},
        {MIB, 14 * MIB, 1, 1},
        {3 * MIB, 0x1800, 4, 1},
    };

    (void)state;
    set_rows(rows, 4);
    assert_int_equal(memory_find(&memory, 2 * MIB, MIB), 2 * MIB);
    assert_int_equal(memory_find(&memory, 2 * MIB + 1, 0x1000), 2 * MIB + 0x1000);
    assert_int_equal(memory_find(&memory, 2 * MIB + 1, MIB), 3 * MIB + 0x2000); /* behind the NVS */
    assert_int_equal(memory_find(&memory, 2 * MIB, 13 * MIB), 16 * MIB + 0x1000);
    assert_int_equal(memory_find(&memory, 2 * MIB, 16 * MIB), 0); /* beyond 4 GiB does not count */
    assert_int_equal(memory_find(&memory, 0xfffff000, 0x1000), 0);
    assert_int_equal(memory_find(&memory, 0, UINT32_MAX), 0);
    memory.count = 0;
    memory.rows[0].length = 0;
    assert_int_equal(memory_find(&memory, MIB, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(rows_of_24_bytes, prepare),
        cmocka_unit_test_setup(rows_of_20_bytes, prepare),
        cmocka_unit_test_setup(list_that_ends_by_carry, prepare),
        cmocka_unit_test_setup(more_written_than_asked_for, prepare),
        cmocka_unit_test_setup(another_call_answers, prepare),
        cmocka_unit_test_setup(list_without_end, prepare),
        cmocka_unit_test_setup(sizes_where_there_is_no_map, prepare),
        cmocka_unit_test_setup(usable_is_what_no_row_contradicts, prepare),
        cmocka_unit_test_setup(lowest_place_is_found, prepare),
    };

    return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
