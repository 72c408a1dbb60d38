#ifndef KERNEL_X86_QUIRE_PLATFORM_H
#define KERNEL_X86_QUIRE_PLATFORM_H

/* The library's hot hooks (<quire/platform.h>), inlined into it when it is compiled for this
 * kernel. */

#include "x86/cpu.h"
#include "x86/layout.h"

/* Entries get their no-execute bit only where the CPU knows it: elsewhere it is reserved. */
#if QUIRE_FORMAT != QUIRE_FORMAT_I386
#define QUIRE_HAS_NO_EXECUTE cpu_features.no_execute
#endif

/* Allocations that fail on purpose: kernel/proc/failnth.c. */
extern uint32_t failnth_counting;
bool failnth_strikes(void);
#define quire_platform_allocation_fails()                                                          \
    (__builtin_expect(failnth_counting != 0, 0) && failnth_strikes())

/* Who writes pages out, or dies, may use the reserve: kernel/reclaim. */
bool memory_uses_reserve(void);
#define quire_platform_uses_reserve() memory_uses_reserve()

QUIRE_INLINE unsigned quire_platform_cpu(void)
{
    return cpu_id();
}

QUIRE_INLINE void *quire_platform_direct(const struct quire *q, quire_phys p)
{
    (void)q;
    return (void *)(KERNEL_DIRECT + (quire_virt)p);
}

QUIRE_INLINE quire_phys quire_platform_direct_phys(const struct quire *q, const void *v)
{
    (void)q;
    return (quire_virt)v - KERNEL_DIRECT;
}

QUIRE_INLINE void quire_platform_relax(void)
{
    cpu_relax();
}

QUIRE_INLINE void quire_platform_point(void)
{
}

QUIRE_INLINE void quire_platform_flush_page(const struct quire *q, quire_virt v)
{
    (void)q;
    __asm__ volatile("invlpg (%0)" ::"r"(v) : "memory");
}

QUIRE_INLINE void quire_platform_flush_user(const struct quire *q)
{
    (void)q;
    cr3_write(cr3_read());
}

/* Turning global pages off and on again drops global entries too (SDM 3A 4.10.4.1). */
QUIRE_INLINE void quire_platform_flush_all(const struct quire *q)
{
    unsigned long cr4 = cr4_read();

    (void)q;
    if (cr4 & CR4_PGE) {
        cr4_write(cr4 & ~CR4_PGE);
        cr4_write(cr4);
    } else {
        cr3_write(cr3_read());
    }
}

QUIRE_INLINE void quire_platform_load_root(const struct quire *q, quire_phys root)
{
    (void)q;
    cr3_write((unsigned long)root);
}

/* By words of the CPU. */
#ifdef __x86_64__
#define QUIRE_STORE_WORDS "rep stosq"
#define QUIRE_MOVE_WORDS  "rep movsq"
#else
#define QUIRE_STORE_WORDS "rep stosl"
#define QUIRE_MOVE_WORDS  "rep movsl"
#endif

QUIRE_INLINE void quire_platform_clear_page(void *page)
{
    size_t count = QUIRE_PAGE_SIZE / sizeof(long);

    __asm__ volatile(QUIRE_STORE_WORDS : "+D"(page), "+c"(count) : "a"(0ul) : "memory");
}

QUIRE_INLINE void quire_platform_copy_page(void *to, const void *from)
{
    size_t count = QUIRE_PAGE_SIZE / sizeof(long);

    __asm__ volatile(QUIRE_MOVE_WORDS : "+D"(to), "+S"(from), "+c"(count)::"memory");
}

#endif
