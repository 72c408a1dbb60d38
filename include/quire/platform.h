/*
 * quire/platform.h: the hot hooks, inlined.
 *
 * An embedder compiles with -DQUIRE_PLATFORM_HEADER='"my_platform.h"' and gives each function below
 * as static inline. Without it, <quire/platform_default.h> turns them into ordinary functions that
 * the linker resolves (hooks.h), so that an installed libquire.a can be used as it is.
 *
 * The library's rules of execution:
 *  - While the library runs on a CPU it stays on that CPU, except inside hooks that may sleep
 *    (a kernel that is not preemptive has this by itself; a preemptive one disables preemption).
 *  - Interrupt handlers do not call the library.
 *  - Interrupts may be on; they must be on (or shootdowns polled) while the library spins,
 *    so that another CPU's TLB shootdown can complete.
 *
 *   unsigned quire_platform_cpu(void)
 *       This CPU's number, 0 .. cpu_count-1.
 *   void *quire_platform_direct(const struct quire *q, quire_phys p)
 *       Address of physical byte p in the direct map. Only called below q->frame.direct_end.
 *   quire_phys quire_platform_direct_phys(const struct quire *q, const void *v)
 *       The inverse.
 *   void quire_platform_relax(void)
 *       One turn of a spinning wait (PAUSE).
 *   void quire_platform_point(void)
 *       Called before each atomic access to shared state: the simulator changes over to another CPU
 *       here. Empty on real machines.
 *   void quire_platform_flush_page(const struct quire *q, quire_virt v)
 *       INVLPG on this CPU: the page's entries and every paging-structure cache entry.
 *   void quire_platform_flush_user(const struct quire *q)
 *       Reload the root: all non-global entries of this CPU.
 *   void quire_platform_flush_all(const struct quire *q)
 *       All entries of this CPU, global ones too.
 *   void quire_platform_load_root(const struct quire *q, quire_phys root)
 *       CR3 := root (flushes non-global entries).
 *   void quire_platform_clear_page(void *page)      fill 4 KiB with zero
 *   void quire_platform_copy_page(void *to, const void *from)
 *
 * Three more may be left out, and cost nothing then. They are macros:
 *   bool quire_platform_uses_reserve()
 *       No frame was found for an ordinary request: may who runs here have one of the reserve?
 *       (Who writes pages out so that others get memory.)
 * The other two are for test machines:
 *   bool quire_platform_allocation_fails()
 *       True: this allocation of frames or of a heap object shall fail.
 *   void quire_platform_frame_freed(const struct quire *q, uint32_t number)
 *       This frame is given back now, its record still says what it was: nobody's TLB may hold it.
 */
#ifndef QUIRE_PLATFORM_H
#define QUIRE_PLATFORM_H

#include <quire/types.h>

#ifdef QUIRE_PLATFORM_HEADER
#include QUIRE_PLATFORM_HEADER
#else
#include <quire/platform_default.h>
#endif

#ifndef quire_platform_uses_reserve
#define quire_platform_uses_reserve() false
#endif
#ifndef quire_platform_allocation_fails
#define quire_platform_allocation_fails() false
#endif
#ifndef quire_platform_frame_freed
#define quire_platform_frame_freed(q, number) ((void)0)
#endif

#endif
