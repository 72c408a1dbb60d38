/*
 * Hooks that an embedder may leave out. They are weak: the embedder's own definition wins, whether
 * the library is linked as an archive or its sources are compiled into the kernel.
 */

#include <quire/hooks.h>

__attribute__((weak)) void quire_hook_log(struct quire *q, const char *line)
{
    (void)q;
    (void)line;
}

__attribute__((weak)) void *quire_hook_frame_map(struct quire *q, quire_phys frame)
{
    (void)frame;
    quire_hook_panic(q, "RAM exceeds the direct map and quire_hook_frame_map is not defined");
}

__attribute__((weak)) void quire_hook_frame_unmap(struct quire *q, void *address)
{
    (void)address;
    quire_hook_panic(q, "RAM exceeds the direct map and quire_hook_frame_unmap is not defined");
}

__attribute__((weak)) void quire_hook_memory_low(struct quire *q)
{
    (void)q;
}

__attribute__((weak)) void quire_hook_stall(struct quire *q, bool begins)
{
    (void)q;
    (void)begins;
}

__attribute__((weak)) void quire_hook_sweep(struct quire *q, bool begins)
{
    (void)q;
    (void)begins;
}

__attribute__((weak)) bool quire_hook_pause(struct quire *q)
{
    (void)q;
    return true;
}
