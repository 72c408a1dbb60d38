/*
 * quire/grace.h: grace periods. Lookups of regions and tables take no lock, so what they may still
 * see is freed only after every CPU has been outside the library once since.
 *
 * The embedder calls quire_quiescent() on each CPU regularly at a point where that CPU is not
 * inside the library (on return to user mode after a timer tick, at a context switch): about 10
 * instructions when nothing waits. An idle CPU says so with quire_idle_enter and must not call the
 * library until quire_idle_leave.
 */
#ifndef QUIRE_GRACE_H
#define QUIRE_GRACE_H

#include <quire/machine.h>

void quire_quiescent_slow(struct quire *q, struct quire_cpu *cpu);

QUIRE_INLINE void quire_quiescent(struct quire *q)
{
    struct quire_cpu *cpu = quire_this_cpu(q);

    if (QUIRE_UNLIKELY(cpu->deferred != NULL || cpu->table_first != QUIRE_FRAME_NONE ||
                       cpu->epoch != __atomic_load_n(&q->epoch, __ATOMIC_RELAXED)))
        quire_quiescent_slow(q, cpu);
}

void quire_idle_enter(struct quire *q);
void quire_idle_leave(struct quire *q);

/* Run `run(q, node)` after a grace period. On a machine with one CPU that is: at the next
 * quire_quiescent(). */
void quire_defer(struct quire *q, struct quire_deferred *node,
                 void (*run)(struct quire *q, struct quire_deferred *node));
/* The same for a table that has left its parent. */
void quire_defer_table(struct quire *q, struct quire_frame *table);

/* Run everything that waits, when the caller knows that no other CPU is inside the library (tests,
 * shutdown). */
void quire_grace_flush(struct quire *q);

#endif
