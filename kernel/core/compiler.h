#ifndef KERNEL_CORE_COMPILER_H
#define KERNEL_CORE_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* The number of the lowest bit that is set; there is one. */
static inline unsigned first_bit(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;

    if (sizeof(long) == 8)
        return (unsigned)__builtin_ctzll(bits);
    return low ? (unsigned)__builtin_ctz(low)
               : 32 + (unsigned)__builtin_ctz((uint32_t)(bits >> 32));
}

/* Marks a pointer into the user half: only usercopy.h may look behind it. */
#define __user

#endif
