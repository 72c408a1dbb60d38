/*
 * quire/platform_default.h: the hot hooks as ordinary functions, for libquire.a as installed.
 * The embedder defines the quire_hook_* functions it needs; a kernel that stops at layer 1 needs
 * cpu, direct, direct_phys and the panic hook of <quire/hooks.h> only.
 */
#ifndef QUIRE_PLATFORM_DEFAULT_H
#define QUIRE_PLATFORM_DEFAULT_H

#include <quire/types.h>

unsigned quire_hook_cpu(void);
void *quire_hook_direct(const struct quire *q, quire_phys p);
quire_phys quire_hook_direct_phys(const struct quire *q, const void *v);
void quire_hook_flush_page(const struct quire *q, quire_virt v);
void quire_hook_flush_user(const struct quire *q);
void quire_hook_flush_all(const struct quire *q);
void quire_hook_load_root(const struct quire *q, quire_phys root);

QUIRE_INLINE unsigned quire_platform_cpu(void)
{
    return quire_hook_cpu();
}

QUIRE_INLINE void *quire_platform_direct(const struct quire *q, quire_phys p)
{
    return quire_hook_direct(q, p);
}

QUIRE_INLINE quire_phys quire_platform_direct_phys(const struct quire *q, const void *v)
{
    return quire_hook_direct_phys(q, v);
}

QUIRE_INLINE void quire_platform_relax(void)
{
    __builtin_ia32_pause();
}

QUIRE_INLINE void quire_platform_point(void)
{
}

QUIRE_INLINE void quire_platform_flush_page(const struct quire *q, quire_virt v)
{
    quire_hook_flush_page(q, v);
}

QUIRE_INLINE void quire_platform_flush_user(const struct quire *q)
{
    quire_hook_flush_user(q);
}

QUIRE_INLINE void quire_platform_flush_all(const struct quire *q)
{
    quire_hook_flush_all(q);
}

QUIRE_INLINE void quire_platform_load_root(const struct quire *q, quire_phys root)
{
    quire_hook_load_root(q, root);
}

QUIRE_INLINE void quire_platform_clear_page(void *page)
{
    __builtin_memset(page, 0, QUIRE_PAGE_SIZE);
}

QUIRE_INLINE void quire_platform_copy_page(void *to, const void *from)
{
    __builtin_memcpy(to, from, QUIRE_PAGE_SIZE);
}

#endif
