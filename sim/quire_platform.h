/*
 * The platform header of the simulated machine: the library's hot hooks (quire/platform.h),
 * answered for the simulated CPU that runs on this host thread. Behind each atomic access of the
 * library another CPU may come in: quire_platform_point counts down to the next such moment, drawn
 * from the seed.
 */
#ifndef SIM_QUIRE_PLATFORM_H
#define SIM_QUIRE_PLATFORM_H

#include <quire/types.h>

/* What the inlined hooks need of the CPU; struct sim_cpu begins with it. */
struct sim_here {
    unsigned number;    /* of the CPU */
    uint32_t countdown; /* points until sim_point_reached() */
    uint8_t *direct;    /* host address of physical 0 in the direct map */
};

extern _Thread_local struct sim_here *sim_here;

void sim_point_reached(void);
void sim_relax(void);
bool sim_allocation_fails(void);
void sim_frame_freed(const struct quire *q, uint32_t number);
void sim_flush_page(quire_virt address);
void sim_flush_user(void);
void sim_flush_all(void);
void sim_load_root(quire_phys root);

QUIRE_INLINE unsigned quire_platform_cpu(void)
{
    return sim_here->number;
}

QUIRE_INLINE void *quire_platform_direct(const struct quire *q, quire_phys p)
{
    (void)q;
    return sim_here->direct + p;
}

QUIRE_INLINE quire_phys quire_platform_direct_phys(const struct quire *q, const void *v)
{
    (void)q;
    return (quire_phys)((const uint8_t *)v - sim_here->direct);
}

QUIRE_INLINE void quire_platform_point(void)
{
    if (QUIRE_UNLIKELY(--sim_here->countdown == 0))
        sim_point_reached();
}

QUIRE_INLINE void quire_platform_relax(void)
{
    sim_relax();
}

QUIRE_INLINE void quire_platform_flush_page(const struct quire *q, quire_virt v)
{
    (void)q;
    sim_flush_page(v);
}

QUIRE_INLINE void quire_platform_flush_user(const struct quire *q)
{
    (void)q;
    sim_flush_user();
}

QUIRE_INLINE void quire_platform_flush_all(const struct quire *q)
{
    (void)q;
    sim_flush_all();
}

QUIRE_INLINE void quire_platform_load_root(const struct quire *q, quire_phys root)
{
    (void)q;
    sim_load_root(root);
}

QUIRE_INLINE void quire_platform_clear_page(void *page)
{
    __builtin_memset(page, 0, QUIRE_PAGE_SIZE);
}

QUIRE_INLINE void quire_platform_copy_page(void *to, const void *from)
{
    __builtin_memcpy(to, from, QUIRE_PAGE_SIZE);
}

#define quire_platform_allocation_fails()     sim_allocation_fails()
#define quire_platform_frame_freed(q, number) sim_frame_freed(q, number)

#endif
