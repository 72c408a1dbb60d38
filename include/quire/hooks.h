/*
 * quire/hooks.h: the ordinary hooks, functions that the embedding kernel defines and the linker
 * resolves. A kernel that uses only lower layers needs fewer: each comment names the layer. The
 * library has weak definitions for those that may be left out (log, frame_map, frame_unmap, pause).
 */
#ifndef QUIRE_HOOKS_H
#define QUIRE_HOOKS_H

#include <quire/types.h>

/*
 * Layer 0 on. A broken invariant inside the library: print and stop; must not return.
 * Context: any, any lock may be held. `format` is a plain message without conversions.
 */
void quire_hook_panic(struct quire *q, const char *message) __attribute__((noreturn));

/*
 * `check`, and bootmap reports. One line of text for a person, without newline. Any context; may do
 * nothing (the default).
 */
void quire_hook_log(struct quire *q, const char *line);

/*
 * Layer 3 on. Flush [start, end) (end == 0: everything that is not global) from the TLBs of all the
 * CPUs whose bit is set in mask (an array of 64-bit words covering q->cpu_count bits), this CPU
 * excluded. Returns after all have done it: a frame may be reused then. Context: table and space
 * locks may be held; interrupts are on. `kernel`: the range is in the kernel half and may be held
 * as global entries.
 */
void quire_hook_shootdown(struct quire *q, const uint64_t *mask, quire_virt start, quire_virt end,
                          bool kernel);

/*
 * Layer 3 on, only where RAM exceeds the direct map. Make a frame's bytes reachable through a
 * temporary slot of this CPU; nests last in, first out; the holder neither faults nor sleeps.
 * Cannot fail. The default panics.
 */
void *quire_hook_frame_map(struct quire *q, quire_phys frame);
void quire_hook_frame_unmap(struct quire *q, void *address);

/*
 * Layer 4. Called now and then by what may take long (fault in a whole range), no lock held: the
 * kernel may run something else meanwhile. False: give up, nobody waits for the result any more;
 * the operation then says QUIRE_NO_MEMORY, part of it done. The default returns true.
 */
bool quire_hook_pause(struct quire *q);

/*
 * Layer 4 with pagers that sleep. Wait until quire_hook_wake is called with the same key, or return
 * early: the caller looks again. `lock` is held by the caller and is released while asleep
 * (atomically with the decision to sleep), and held again on return.
 */
struct quire_spinlock;
void quire_hook_sleep(struct quire *q, const void *key, struct quire_spinlock *lock);
void quire_hook_wake(struct quire *q, const void *key);

/* Monotonic time in nanoseconds (trace, policies). */
uint64_t quire_hook_clock(struct quire *q);

/*
 * Layer 4 with slots. Move pages between frames and slots [slot, slot + n) of one area's device; n
 * is at most QUIRE_SLOT_RUN. May sleep; no lock is held.
 *
 * Reading returns when it is done: QUIRE_OK or QUIRE_IO_ERROR (of any of them: the library then
 * reads each by itself). Writing is started, and may go on after the return: for each page
 * quire_slot_written is called when it ends, from a context that may call the library. The frames
 * stay as they are until then.
 */
enum quire_status quire_hook_slot_read(struct quire *q, uint64_t slot,
                                       struct quire_frame *const *frames, unsigned n);
void quire_hook_slot_write(struct quire *q, uint64_t slot, struct quire_frame *const *frames,
                           unsigned n);

/*
 * Layer 4 with slots, and 5. The running thread waits for memory from now on (begins), or no more:
 * it takes pages out itself, or needs a page that would still be here if there were more memory.
 * Pairs nest. A lock may be held: it must not sleep. The default does nothing.
 */
void quire_hook_stall(struct quire *q, bool begins);

/*
 * Layer 5. Fewer frames are free than the low watermark: wake the thread that calls
 * quire_reclaim_balance. Called in allocations, any lock may be held; once until that has run. The
 * default does nothing.
 */
void quire_hook_memory_low(struct quire *q);

/*
 * Layer 5. The running thread takes pages out from now on (begins), or no more. What it allocates
 * meanwhile, in the hooks that write, belongs to write-out: the reserve is there for it
 * (quire_platform_uses_reserve), and it must not come to the reclaimer, where it would wait for
 * itself. Pairs do not nest. The default does nothing.
 */
void quire_hook_sweep(struct quire *q, bool begins);

/* Only with QUIRE_TRACE. One event, see <quire/trace.h>. Any context. */
struct quire_trace_event;
void quire_hook_trace(struct quire *q, const struct quire_trace_event *event);

#endif
