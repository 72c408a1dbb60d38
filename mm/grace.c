/*
 * Grace periods by epochs.
 *
 * The machine has a current epoch; each CPU records the epoch it saw when it was last outside the
 * library. The epoch may advance from E to E+1 when every CPU has recorded E (or is idle). What was
 * unlinked during epoch e can be seen by no CPU once the epoch is e+2: each CPU has then recorded
 * e+1, which did not exist before the unlinking, so it was outside the library since. With one CPU
 * there is nobody else to wait for, and unlinking is followed by freeing at once: the library never
 * frees what its own caller still looks at.
 */
#include "table.h"

static void try_advance(struct quire *q)
{
    uint64_t now = __atomic_load_n(&q->epoch, __ATOMIC_ACQUIRE);

    for (unsigned i = 0; i < q->cpu_count; i++) {
        quire_platform_point();
        if (__atomic_load_n(&q->cpu[i].epoch, __ATOMIC_SEQ_CST) < now)
            return;
    }
    (void)__atomic_compare_exchange_n(&q->epoch, &now, now + 1, false, __ATOMIC_ACQ_REL,
                                      __ATOMIC_RELAXED);
}

static void free_table(struct quire *q, struct quire_frame *table)
{
    quire_table_set_flags(table, quire_table_free_flags(q, table));
    quire_frame_free_bulk(q, &table, 1);
}

static void run_deferred(struct quire *q, struct quire_cpu *cpu, uint64_t now)
{
    while (cpu->deferred != NULL && cpu->deferred->epoch + 2 <= now) {
        struct quire_deferred *node = cpu->deferred;

        cpu->deferred = node->next;
        node->run(q, node);
    }
    while (cpu->table_first != QUIRE_FRAME_NONE) {
        struct quire_frame *table = quire_frame_at(q, cpu->table_first);

        if ((uint32_t)now - table->table.epoch < 2)
            break;
        cpu->table_first = table->table.next;
        free_table(q, table);
    }
}

void quire_quiescent_slow(struct quire *q, struct quire_cpu *cpu)
{
    __atomic_store_n(&cpu->epoch, __atomic_load_n(&q->epoch, __ATOMIC_ACQUIRE), __ATOMIC_SEQ_CST);
    if (cpu->deferred == NULL && cpu->table_first == QUIRE_FRAME_NONE)
        return;
    try_advance(q);
    run_deferred(q, cpu, __atomic_load_n(&q->epoch, __ATOMIC_ACQUIRE));
}

void quire_idle_enter(struct quire *q)
{
    struct quire_cpu *cpu = quire_this_cpu(q);

    quire_quiescent(q);
    __atomic_store_n(&cpu->epoch, UINT64_MAX, __ATOMIC_SEQ_CST);
}

void quire_idle_leave(struct quire *q)
{
    struct quire_cpu *cpu = quire_this_cpu(q);

    __atomic_store_n(&cpu->epoch, __atomic_load_n(&q->epoch, __ATOMIC_ACQUIRE), __ATOMIC_SEQ_CST);
}

void quire_defer(struct quire *q, struct quire_deferred *node,
                 void (*run)(struct quire *q, struct quire_deferred *node))
{
    struct quire_cpu *cpu = quire_this_cpu(q);

    if (q->cpu_count == 1) {
        run(q, node);
        return;
    }
    node->next = NULL;
    node->run = run;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    node->epoch = __atomic_load_n(&q->epoch, __ATOMIC_ACQUIRE);
    if (cpu->deferred == NULL)
        cpu->deferred = node;
    else
        cpu->deferred_last->next = node;
    cpu->deferred_last = node;
}

void quire_defer_table(struct quire *q, struct quire_frame *table)
{
    struct quire_cpu *cpu = quire_this_cpu(q);

    if (q->cpu_count == 1) {
        free_table(q, table);
        return;
    }
    quire_table_mark_dead(table);
    table->table.next = QUIRE_FRAME_NONE;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    table->table.epoch = (uint32_t)__atomic_load_n(&q->epoch, __ATOMIC_ACQUIRE);
    if (cpu->table_first == QUIRE_FRAME_NONE)
        cpu->table_first = quire_frame_number(q, table);
    else
        quire_frame_at(q, cpu->table_last)->table.next = quire_frame_number(q, table);
    cpu->table_last = quire_frame_number(q, table);
}

void quire_grace_flush(struct quire *q)
{
    for (unsigned i = 0; i < q->cpu_count; i++)
        run_deferred(q, &q->cpu[i], q->epoch + 2);
}
