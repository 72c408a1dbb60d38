/*
 * What memory there is, and the line A20.
 *
 * The rows of int 15h AX=E820h are kept as they come, in whatever order and however they overlap:
 * the kernel makes sense of them (mm/bootmap.c). The loader itself only asks whether the places it
 * wants are RAM, and for that takes a row's word only where no other row contradicts it.
 *
 * BIOSes differ: some give 20 bytes a row and some 24; some end the list with EBX = 0 and some with
 * carry; some clobber the signature or never end. So every answer is checked and the list is
 * bounded. Machines without the call tell two sizes.
 */

#include "boot/loader.h"

#define SMAP        0x534d4150u
#define MIB         0x100000u
#define PAGE        4096u
#define ROW_SIZE    20u /* before ACPI 3 */
#define LONG_ROW    24u
#define ROW_ENABLED 1u /* attribute of a row, ACPI 3; some BIOSes expect to find it set */

/* --- A20 ------------------------------------------------------------------------------------- */

/*
 * With A20 off, address bit 20 is 0 and the second mebibyte shows the first. Different values at
 * two places a mebibyte apart tell; the waits of the keyboard controller are bounded, as there may
 * be none.
 */
static bool a20_is_on(void)
{
    static volatile uint32_t low;
    volatile uint32_t *high = (volatile uint32_t *)((uintptr_t)&low + MIB);
    uint32_t before = *high;
    bool on = true;

    for (uint32_t i = 1; i <= 16 && on; i++) {
        low = i;
        *high = ~i;
        on = low == i;
    }
    *high = before;
    return on;
}

static uint8_t port_read(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void port_write(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static void a20_by_bios(void)
{
    struct bios_registers r = {.eax = 0x2401};

    bios_call(0x15, &r);
}

static void keyboard_wait(void)
{
    for (unsigned i = 0; i < 100000 && port_read(0x64) & 2; i++)
        ;
}

static void a20_by_keyboard(void)
{
    keyboard_wait();
    port_write(0x64, 0xd1); /* write the output port */
    keyboard_wait();
    port_write(0x60, 0xdf); /* A20 on, no reset */
    keyboard_wait();
    port_write(0x64, 0xff); /* pulses nothing; some controllers want it */
    keyboard_wait();
}

static void a20_by_port_92(void)
{
    port_write(0x92, (uint8_t)((port_read(0x92) | 2) & ~1));
}

/* Controllers take their time. */
static bool a20_comes_on(void)
{
    for (unsigned i = 0; i < 1000; i++)
        if (a20_is_on())
            return true;
    return false;
}

bool a20_enable(void)
{
    static void (*const ways[])(void) = {a20_by_bios, a20_by_keyboard, a20_by_port_92};

    if (a20_is_on())
        return true;
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        ways[i]();
        if (a20_comes_on())
            return true;
    }
    return false;
}

/* --- the map --------------------------------------------------------------------------------- */

union e820_answer e820_answer;

/* The rows' number; 0: no such call, or one that cannot be believed. */
static uint32_t read_rows(struct e820_row rows[E820_MAX_ROWS])
{
    uint32_t next = 0, count = 0;

    for (unsigned call = 0; call < E820_MAX_ROWS; call++) {
        struct bios_registers r = {.eax = 0xe820, .ebx = next, .ecx = LONG_ROW, .edx = SMAP};

        memset(&e820_answer, 0, sizeof e820_answer);
        e820_answer.row.attributes = ROW_ENABLED;
        r.es = segment_of(&e820_answer);
        r.edi = offset_of(&e820_answer);
        bios_call(0x15, &r);
        if (r.flags & FLAG_CARRY) /* how some end the list */
            return count;
        if (r.eax != SMAP) /* some other call has answered */
            return 0;
        if (r.ecx < LONG_ROW)
            e820_answer.row.attributes = ROW_ENABLED;
        if (r.ecx >= ROW_SIZE)
            rows[count++] = e820_answer.row;
        next = r.ebx;
        if (next == 0)
            return count;
    }
    print("quire: the BIOS's memory map has no end; %u rows are taken\n", count);
    return count;
}

/* KiB above 1 MiB: E801h counts up to 16 MiB in KiB and beyond in 64 KiB; 88h ends at 64 MiB. */
static uint32_t read_extended(void)
{
    struct bios_registers r = {.eax = 0xe801};

    bios_call(0x15, &r);
    if (!(r.flags & FLAG_CARRY) && (r.eax & 0xff00) != 0x8600) {
        uint32_t low = r.ecx & 0xffff, high = r.edx & 0xffff;

        if (low == 0 && high == 0) {
            low = r.eax & 0xffff;
            high = r.ebx & 0xffff;
        }
        if (low != 0 && low <= 15 * 1024)
            return low == 15 * 1024 ? low + high * 64 : low;
    }
    r = (struct bios_registers){.eax = 0x8800};
    bios_call(0x15, &r);
    return r.flags & FLAG_CARRY ? 0 : r.eax & 0xffff;
}

void memory_read(struct memory *memory)
{
    struct bios_registers r = {.eax = 0};

    memory->count = read_rows(memory->rows);
    bios_call(0x12, &r);
    memory->base_kib = r.eax & 0xffff;
    memory->extended_kib = read_extended();
    if (memory->count == 0)
        memory->rows[0] =
            (struct e820_row){MIB, (uint64_t)memory->extended_kib << 10, E820_USABLE, ROW_ENABLED};
}

/* --- places ---------------------------------------------------------------------------------- */

static uint32_t row_count(const struct memory *memory)
{
    return memory->count != 0 ? memory->count : 1;
}

static uint64_t row_end(const struct e820_row *row)
{
    return row->length > UINT64_MAX - row->start ? UINT64_MAX : row->start + row->length;
}

/* As far as one row after the other says RAM from here. */
static uint64_t usable_from(const struct memory *memory, uint64_t at)
{
    for (uint32_t i = 0; i < row_count(memory);) {
        const struct e820_row *row = &memory->rows[i++];

        if (row->type == E820_USABLE && row->start <= at && at < row_end(row)) {
            at = row_end(row);
            i = 0; /* ends: `at` grows each time */
        }
    }
    return at;
}

static bool contradicted(const struct memory *memory, uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < row_count(memory); i++) {
        const struct e820_row *row = &memory->rows[i];

        if (row->type != E820_USABLE && row->length != 0 && row->start < end &&
            start < row_end(row))
            return true;
    }
    return false;
}

bool memory_is_usable(const struct memory *memory, uint64_t start, uint64_t end)
{
    return start >= MIB && usable_from(memory, start) >= end && !contradicted(memory, start, end);
}

uint32_t memory_find(const struct memory *memory, uint32_t from, uint32_t size)
{
    uint64_t best = UINT64_MAX;

    /* The lowest place begins at `from`, where a row begins, or where one ends. */
    for (uint32_t i = 0; i <= 2 * row_count(memory); i++) {
        const struct e820_row *row = &memory->rows[i / 2];
        uint64_t at = i == 2 * row_count(memory) ? from : i % 2 ? row_end(row) : row->start;

        if (at > UINT32_MAX - PAGE)
            continue;
        at = (at + PAGE - 1) & ~(uint64_t)(PAGE - 1);
        if (at >= from && at < best && at + size <= UINT32_MAX &&
            memory_is_usable(memory, at, at + size))
            best = at;
    }
    return best == UINT64_MAX ? 0 : (uint32_t)best;
}
