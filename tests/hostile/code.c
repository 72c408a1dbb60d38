/*
 * Random bytes as code. A page is filled with nothing but chance, or with instructions that a
 * program has no business with, whole or with bytes of chance between them; then it is jumped to
 * with random registers, flags, stack pointer and, at times, segment registers. Where it faults,
 * the handler comes back to the loop on the signal stack.
 */
#define _GNU_SOURCE
#include "hostile.h"

#include <string.h>
#include <sys/mman.h>

struct piece {
    uint8_t size;
    uint8_t bytes[10];
};

#ifdef __x86_64__
#include "code_x86_64.h"
#else
#include "code_i386.h"
#endif

static word register_value(void)
{
    switch (below(6)) {
    case 0:
        return random_word();
    case 1:
        return edge();
    case 2:
        return below(512);
    default:
        return pointer();
    }
}

static unsigned chance(uint8_t *bytes, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)random_word();
    return size;
}

static void fill(uint8_t *bytes)
{
    unsigned kind = below(3), at = 0;

    while (at < 4096 - 16) {
        const struct piece *piece = &pieces[below(sizeof pieces / sizeof *pieces)];

        if (kind == 0 || (kind == 1 && below(3) == 0)) {
            at += chance(bytes + at, 1 + below(8));
        } else {
            memcpy(bytes + at, piece->bytes, piece->size);
            at += piece->size;
        }
    }
    memset(bytes + at, 0xcc, 4096 - at);
}

/* Selectors that may or may not be there, in rings that may or may not be allowed. */
static void load_segments(void)
{
    static const uint16_t selectors[] = {0,    3,    8,    0x0b, 0x10, 0x13, 0x18,  0x1b,
                                         0x20, 0x23, 0x28, 0x2b, 0x30, 0x33, 0x38,  0x3b,
                                         0x40, 0x43, 0x48, 0x4b, 4,    7,    0xffff};
    uint16_t selector =
        below(4) ? selectors[below(sizeof selectors / sizeof *selectors)] : (uint16_t)random_word();

    switch (below(4)) {
    case 0:
        __asm__ volatile("movw %0, %%ds" ::"r"(selector));
        break;
    case 1:
        __asm__ volatile("movw %0, %%es" ::"r"(selector));
        break;
    case 2:
        __asm__ volatile("movw %0, %%gs" ::"r"(selector));
        break;
    default:
        __asm__ volatile("movw %0, %%fs" ::"r"(selector));
    }
}

static word stack_value(void)
{
    switch (below(8)) {
    case 0:
        return edge();
    case 1:
        return random_word();
    case 2:
        return edge() + below(64) - 32;
    case 3:
        return (word)mine() + BLOCK_SIZE - 2048;
    default:
        return arena_page() + below(4096) / 8 * 8;
    }
}

static word flag_value(void)
{
    static const word bits[] = {0x100, 0x400, 0x4000, 0x40000, 0x200000, 0x10000, 0x3000, 0x800};

    return 0x202 | (below(2) ? bits[below(sizeof bits / sizeof *bits)] : 0) |
           (below(8) ? 0 : random_word() & 0x3fffff);
}

void random_code(void)
{
    word page = arena_page(), values[REGISTERS], target;

    if (call_mmap(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, (word)-1) < 0)
        return;
    fill((uint8_t *)page);
    for (unsigned i = 0; i < REGISTERS; i++)
        values[i] = register_value();
    if (below(3) == 0)
        values[ACCUMULATOR] = below(461);
    values[STACK] = stack_value();
    values[FLAGS] = flag_value();
    target = page + below(4096);
    if (below(3) == 0)
        load_segments();
    run_at(target, values);
    __builtin_unreachable();
}
