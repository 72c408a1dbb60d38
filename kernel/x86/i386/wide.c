/*
 * What the compiler calls for 64-bit numbers on 32 bits, and would find in libgcc. Division takes
 * one or two DIV instructions. (Atomic accesses to such numbers are in mm/atomic.c.)
 *
 * The names are the compiler's, given by asm labels, so that it does not compare the types with its
 * own.
 */

#include <stdint.h>

#define NAMED(name) __asm__(name)

uint64_t divide_unsigned(uint64_t n, uint64_t d) NAMED("__udivdi3");
uint64_t modulo_unsigned(uint64_t n, uint64_t d) NAMED("__umoddi3");
uint64_t divide_modulo_unsigned(uint64_t n, uint64_t d, uint64_t *out_rest) NAMED("__udivmoddi4");
int64_t divide_signed(int64_t n, int64_t d) NAMED("__divdi3");
int64_t modulo_signed(int64_t n, int64_t d) NAMED("__moddi3");
int64_t divide_modulo_signed(int64_t n, int64_t d, int64_t *out_rest) NAMED("__divmoddi4");
int count_ones(uint64_t value) NAMED("__popcountdi2");
int trailing_zeros(uint64_t value) NAMED("__ctzdi2");

/* (high:low) / d, where high < d: what DIV can do. */
static uint32_t divide_once(uint32_t high, uint32_t low, uint32_t d, uint32_t *out_rest)
{
    uint32_t quotient, rest;

    __asm__("divl %4" : "=a"(quotient), "=d"(rest) : "a"(low), "d"(high), "r"(d) : "cc");
    *out_rest = rest;
    return quotient;
}

/* A divisor of 32 bits: from the high half down, as on paper. Zero faults, as it should. */
static uint64_t divide_short(uint64_t n, uint32_t d, uint64_t *out_rest)
{
    uint32_t rest, high = divide_once(0, (uint32_t)(n >> 32), d, &rest);
    uint32_t low = divide_once(rest, (uint32_t)n, d, &rest);

    *out_rest = rest;
    return (uint64_t)high << 32 | low;
}

/*
 * A longer one: the quotient has at most 32 bits. Dividing half of n by the divisor's 32 highest
 * bits gives it with an error of at most one above, which taking one off first makes one below.
 */
static uint64_t divide_long(uint64_t n, uint64_t d, uint64_t *out_rest)
{
    int shift = __builtin_clz((uint32_t)(d >> 32));
    uint64_t half = n >> 1;
    uint32_t unused, top = (uint32_t)(d << shift >> 32);
    uint64_t estimate = divide_once((uint32_t)(half >> 32), (uint32_t)half, top, &unused);
    uint64_t quotient = estimate << shift >> 31;

    if (quotient != 0)
        quotient--;
    if (n - quotient * d >= d)
        quotient++;
    *out_rest = n - quotient * d;
    return quotient;
}

uint64_t divide_modulo_unsigned(uint64_t n, uint64_t d, uint64_t *out_rest)
{
    uint64_t rest, quotient;

    if (d >> 32 == 0)
        quotient = divide_short(n, (uint32_t)d, &rest);
    else
        quotient = divide_long(n, d, &rest);
    if (out_rest)
        *out_rest = rest;
    return quotient;
}

uint64_t divide_unsigned(uint64_t n, uint64_t d)
{
    return divide_modulo_unsigned(n, d, 0);
}

uint64_t modulo_unsigned(uint64_t n, uint64_t d)
{
    uint64_t rest;

    divide_modulo_unsigned(n, d, &rest);
    return rest;
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

/* The rest has the sign of what is divided. */
int64_t divide_modulo_signed(int64_t n, int64_t d, int64_t *out_rest)
{
    uint64_t rest, quotient = divide_modulo_unsigned(magnitude(n), magnitude(d), &rest);

    if (out_rest)
        *out_rest = (int64_t)(n < 0 ? -rest : rest);
    return (int64_t)((n < 0) != (d < 0) ? -quotient : quotient);
}

int64_t divide_signed(int64_t n, int64_t d)
{
    return divide_modulo_signed(n, d, 0);
}

int64_t modulo_signed(int64_t n, int64_t d)
{
    int64_t rest;

    divide_modulo_signed(n, d, &rest);
    return rest;
}

/* Sums of neighbouring bits, pairs, nibbles; then of all bytes, by multiplication. */
static uint32_t count_ones_short(uint32_t value)
{
    value -= value >> 1 & 0x55555555;
    value = (value & 0x33333333) + (value >> 2 & 0x33333333);
    value = (value + (value >> 4)) & 0x0f0f0f0f;
    return value * 0x01010101 >> 24;
}

/* Undefined for 0, as the instruction is. */
int trailing_zeros(uint64_t value)
{
    uint32_t low = (uint32_t)value;

    return low ? __builtin_ctz(low) : 32 + __builtin_ctz((uint32_t)(value >> 32));
}

int count_ones(uint64_t value)
{
    return (int)(count_ones_short((uint32_t)value) + count_ones_short((uint32_t)(value >> 32)));
}
