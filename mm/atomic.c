/*
 * Atomic access to 64 bits on 32-bit machines: what the compiler calls there for entries of PAE and
 * for 64-bit counters, and what libatomic would have. CMPXCHG8B is the one instruction that does it
 * without the FPU (SDM vol. 3A, 9.1.1); every CPU since the Pentium has it.
 *
 * A load is a compare-and-exchange too: it writes back what it finds, so the memory must be
 * writable, as all that the library changes atomically is. The definitions are weak: an embedder's
 * own win. The names are given to the assembler only, as the compiler knows them with its own
 * types.
 */
#include <quire/types.h>

#if defined(__i386__)

#define BUILTIN(name) __asm__("__atomic_" name "_8") __attribute__((weak))

uint64_t quire_load_8(volatile uint64_t *at, int order) BUILTIN("load");
void quire_store_8(volatile uint64_t *at, uint64_t value, int order) BUILTIN("store");
uint64_t quire_exchange_8(volatile uint64_t *at, uint64_t value, int order) BUILTIN("exchange");
bool quire_compare_exchange_8(volatile uint64_t *at, uint64_t *expected, uint64_t value,
                              int success, int failure) BUILTIN("compare_exchange");
uint64_t quire_fetch_add_8(volatile uint64_t *at, uint64_t value, int order) BUILTIN("fetch_add");
uint64_t quire_fetch_sub_8(volatile uint64_t *at, uint64_t value, int order) BUILTIN("fetch_sub");
uint64_t quire_fetch_and_8(volatile uint64_t *at, uint64_t value, int order) BUILTIN("fetch_and");
uint64_t quire_fetch_or_8(volatile uint64_t *at, uint64_t value, int order) BUILTIN("fetch_or");

/* What was there: `expected`, and then `value` is there now, or something else, which stays. */
static uint64_t swap_if(volatile uint64_t *at, uint64_t expected, uint64_t value)
{
    uint64_t found = expected;

    __asm__ volatile("lock cmpxchg8b %1"
                     : "+A"(found), "+m"(*at)
                     : "b"((uint32_t)value), "c"((uint32_t)(value >> 32))
                     : "memory", "cc");
    return found;
}

/* Two plain reads: a guess, which the exchange that follows proves. */
static uint64_t guess(volatile uint64_t *at)
{
    return *at;
}

uint64_t quire_load_8(volatile uint64_t *at, int order)
{
    (void)order;
    return swap_if(at, 0, 0);
}

bool quire_compare_exchange_8(volatile uint64_t *at, uint64_t *expected, uint64_t value,
                              int success, int failure)
{
    uint64_t wanted = *expected;

    (void)success;
    (void)failure;
    *expected = swap_if(at, wanted, value);
    return *expected == wanted;
}

#define READ_MODIFY_WRITE(operation, new_value)                                                    \
    uint64_t quire_##operation##_8(volatile uint64_t *at, uint64_t value, int order)               \
    {                                                                                              \
        uint64_t found = guess(at), old;                                                           \
                                                                                                   \
        (void)order;                                                                               \
        do {                                                                                       \
            old = found;                                                                           \
            found = swap_if(at, old, new_value);                                                   \
        } while (found != old);                                                                    \
        return old;                                                                                \
    }

READ_MODIFY_WRITE(exchange, value)
READ_MODIFY_WRITE(fetch_add, old + value)
READ_MODIFY_WRITE(fetch_sub, old - value)
READ_MODIFY_WRITE(fetch_and, old &value)
READ_MODIFY_WRITE(fetch_or, old | value)

void quire_store_8(volatile uint64_t *at, uint64_t value, int order)
{
    (void)quire_exchange_8(at, value, order);
}

#else

typedef int quire_needs_no_atomic_functions; /* a file of nothing is no C */

#endif
