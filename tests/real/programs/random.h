/* A generator whose sequence depends on its seed alone: xorshift64*. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}

/* A state that is never 0, and differs much for neighbouring seeds. */
static inline uint64_t random_state(uint64_t seed)
{
    uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15ull;

    state ^= state >> 29;
    return state != 0 ? state : 1;
}

#endif
