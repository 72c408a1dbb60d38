/*
 * Memory is exhausted: what the library calls when it finds no frame (q->reclaimer), and what the
 * kernel's own allocations call (memory_reclaim).
 *
 * Concepts. First pages that are not needed now go out, or are dropped (kernel/reclaim). When there
 * are none, what is kept for reuse goes back: dead threads with their stacks, empty slabs. When
 * that gives nothing either, neither RAM nor swap is left, and a process must die. Points say
 * which: the pages that it holds (resident, swapped out, page tables) plus a thousandth of all
 * memory for each step of its oom_score_adj. The process with the most is killed, with everyone who
 * shares its memory. Its mappings are removed at once, by whoever needed the memory: that needs no
 * memory itself (whole tables leave, none is copied or split), waits for nobody, and works also
 * when the victim sleeps on something that the killer holds. What else the victim holds (files,
 * pipes, segments) comes back when it has died; whoever runs out again in the meantime waits for
 * that, and does not kill a second one.
 *
 *     no frame ── pages or caches gave some ────────────────────────────── try again
 *        │
 *        ├─────── the caller is dying itself ────────────────── fail
 *        ├─────── a victim is on its way out ─── wait, a second at most ── try again
 *        └─────── choose ── nobody may be killed ───────────────── fail
 *                    └───── kill, unmap all of it ──────────────── try again, or fail if it is us
 *
 * Never chosen: process 1, the kernel's own, oom_score_adj -1000, a child of vfork that still uses
 * its parent's memory (the parent is chosen for it). One that is dying already and has the most
 * points is not killed but unmapped.
 *
 * Progress. A thread may have caches emptied for it RECLAIM_ROUNDS times before it returns to user
 * mode: an operation that makes and frees the same objects at each attempt would otherwise go on
 * for ever. Each further round kills a process or gives one up, so it ends.
 *
 * An allocation that was refused on purpose (fail-nth) is no shortage: nothing is given back or
 * killed for it.
 *
 * Locking. May sleep, so no spinlock may be held and interrupts are on; where they are off the
 * answer is "no memory". The choice and the kill happen without a pause: one CPU runs, and nothing
 * between takes it away. Unmapping may itself meet a shortage inside the library; `oom.busy` makes
 * that fail instead of coming here again.
 *
 * Failure: "no memory" goes back to who asked. A system call says ENOMEM, a page fault kills.
 */
#include "proc/oom.h"

#include <quire/frame.h>
#include <quire/heap.h>

#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/panic.h"
#include "core/string.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/settings.h"
#include "linux/signal.h"
#include "linux/system.h"
#include "proc/failnth.h"
#include "proc/scheduler.h"
#include "proc/tree.h"
#include "reclaim/pressure.h"
#include "reclaim/reclaim.h"
#include "x86/cpu.h"
#include "x86/interrupt.h"
#include "x86/time.h"

#define RECLAIM_ROUNDS 16
#define ENOUGH         256 /* frames: with so many free an operation asks for too much at once */
#define WAIT_LIMIT     NANOSECONDS_PER_SECOND
#define TABLE_ROWS     24
#define DUMP_INTERVAL  (5 * NANOSECONDS_PER_SECOND) /* in which DUMP_BURST tables are printed */
#define DUMP_BURST     10
#define KIB(pages)     ((unsigned long)(pages) << (PAGE_SHIFT - 10))

/* What a process holds, and what that makes of it. */
struct candidate {
    int pid;
    uint32_t uid;
    int adjustment;
    char name[16];
    uint64_t total, resident, anonymous, swapped, tables; /* pages */
    int64_t points;                                       /* NEVER: not to be killed */
};
#define NEVER INT64_MIN

static struct {
    struct wait_queue gone; /* a victim ended */
    unsigned victims;       /* (t) that have not ended and that are waited for */
    bool busy;              /* somebody chooses and unmaps */
    uint64_t dump_start;    /* of the interval */
    unsigned dumps;         /* in it */
    uint64_t kills;
    struct candidate row[TABLE_ROWS]; /* those with the most points, most first */
    unsigned rows;
    unsigned others;         /* processes below them */
    uint64_t other_resident; /* pages */
} oom = {.gone = {.waiters = LIST_INIT(oom.gone.waiters)}};

/* ---- points ---- */

static uint64_t total_pages(void)
{
    struct quire_frame_stats frames;

    quire_frame_stats(&kernel_machine, &frames);
    return frames.total;
}

/* A child of vfork before its exec or exit. The tree lock is not needed: a wrong answer is old. */
static bool borrows_memory(const struct process *process, const struct memory *memory)
{
    bool borrows = false;
    uint64_t flags = tree_lock_interrupts();

    list_for_each(node, &process->threads)
    {
        const struct thread *thread = container_of(node, struct thread, thread_node);

        borrows |= thread->vfork_waited;
    }
    if (borrows && process->parent && !list_empty(&process->parent->threads))
        borrows = container_of(process->parent->threads.next, struct thread, thread_node)->memory ==
                  memory;
    tree_unlock_interrupts(flags);
    return borrows;
}

/* False: it has no memory (any more). */
static bool measure(struct process *process, uint64_t all, struct candidate *out)
{
    struct memory *memory = process->kernel ? NULL : process_memory(process);
    struct quire_usage usage;

    if (!memory)
        return false;
    quire_space_usage(memory->space, &usage);
    *out =
        (struct candidate){.pid = process->number,
                           .uid = process->credentials.uid,
                           .adjustment = process->oom_score_adj,
                           .total = memory->space->pages.total,
                           .resident = usage.resident,
                           .anonymous = usage.anonymous,
                           .swapped = usage.swapped,
                           .tables = usage.tables - 1}; /* the root is not counted, as on Linux */
    if (process->leader)
        strlcpy(out->name, process->leader->name, sizeof out->name);
    out->points = (int64_t)(out->resident + out->swapped + out->tables) +
                  out->adjustment * (int64_t)(all / 1000);
    if (process == init_process || out->adjustment == OOM_SCORE_ADJ_MIN || process->oom_given_up ||
        borrows_memory(process, memory))
        out->points = NEVER;
    memory_put(memory);
    return true;
}

uint64_t oom_kills(void)
{
    return oom.kills;
}

unsigned long oom_score(struct process *process)
{
    int64_t all = (int64_t)total_pages();
    struct candidate candidate;

    if (!measure(process, (uint64_t)all, &candidate) || candidate.points == NEVER)
        return 0;
    return (unsigned long)((1000 + candidate.points * 1000 / all) * 2 / 3);
}

/* ---- oom_score_adj ---- */

static bool privileged(void)
{
    return current_process()->credentials.euid == 0;
}

static void set_adjustment(struct process *process, int value, bool floor)
{
    process->oom_score_adj = (int16_t)value;
    if (floor)
        process->oom_score_adj_min = (int16_t)value;
}

/* For the process, and for those who share its memory, as they could not be killed apart. */
static void set_adjustments(struct process *process, int value, bool floor)
{
    struct memory *memory = process_memory(process), *theirs;
    bool shared = memory && memory->references > process->thread_count + 1 &&
                  !borrows_memory(process, memory);
    struct process *other;

    set_adjustment(process, value, floor);
    for (int number = 1; shared && (other = process_next(number)) != NULL;) {
        number = other->number + 1;
        theirs = other->kernel ? NULL : process_memory(other);
        if (theirs == memory && !borrows_memory(other, memory))
            set_adjustment(other, value, floor);
        memory_put(theirs);
        process_put(other);
    }
    memory_put(memory);
}

int oom_score_adj_set(struct process *process, long value)
{
    if (value < OOM_SCORE_ADJ_MIN || value > OOM_SCORE_ADJ_MAX)
        return -EINVAL;
    if (value < process->oom_score_adj_min && !privileged())
        return -EACCES;
    set_adjustments(process, (int)value, privileged());
    return 0;
}

int oom_adj_set(struct process *process, long value)
{
    if (value < OOM_ADJ_MIN || value > OOM_ADJ_MAX)
        return -EINVAL;
    value = value == OOM_ADJ_MAX ? OOM_SCORE_ADJ_MAX : value * OOM_SCORE_ADJ_MAX / -OOM_ADJ_MIN;
    if (value < process->oom_score_adj && !privileged())
        return -EACCES;
    set_adjustments(process, (int)value, false);
    return 0;
}

int oom_adj_get(const struct process *process)
{
    int value = process->oom_score_adj * -OOM_ADJ_MIN / OOM_SCORE_ADJ_MAX;

    return value < OOM_ADJ_MAX ? value : OOM_ADJ_MAX;
}

/* ---- everybody, by points ---- */

/* Among equals the one found last, which is the younger one, comes first. */
static void add_row(const struct candidate *candidate)
{
    unsigned at = oom.rows;

    while (at > 0 && oom.row[at - 1].points <= candidate->points)
        at--;
    if (oom.rows == TABLE_ROWS) {
        const struct candidate *out = at < TABLE_ROWS ? &oom.row[TABLE_ROWS - 1] : candidate;

        oom.others++;
        oom.other_resident += out->resident;
        if (at == TABLE_ROWS)
            return;
    } else {
        oom.rows++;
    }
    memmove(&oom.row[at + 1], &oom.row[at], (oom.rows - 1 - at) * sizeof oom.row[0]);
    oom.row[at] = *candidate;
}

static void collect(void)
{
    uint64_t all = total_pages();
    struct candidate candidate;
    struct process *process;

    oom.rows = oom.others = 0;
    oom.other_resident = 0;
    for (int number = 1; (process = process_next(number)) != NULL;) {
        number = process->number + 1;
        if (measure(process, all, &candidate))
            add_row(&candidate);
        process_put(process);
    }
}

/* ---- the report ---- */

static void report_memory(void)
{
    struct quire_frame_stats frames;
    struct pressure_figures stalled[2];
    uint64_t swap, free_swap;

    quire_frame_stats(&kernel_machine, &frames);
    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++) {
        const struct quire_zone *zone = &kernel_machine.frame.zone[i];

        if (zone->first != zone->end)
            log_info("  zone %-6s %9lu KiB of RAM, %9lu KiB free", quire_zone_string(i),
                     KIB(zone->present), KIB(quire_zone_free(zone)));
    }
    reclaim_swap(&swap, &free_swap);
    for (unsigned i = 0; i < 2; i++)
        pressure_figures(PRESSURE_MEMORY, i != 0, &stalled[i]);
    log_info("  %lu KiB of swap, %lu KiB free; stalled for want of memory in the last 10 s: "
             "%lu.%02lu %% of the time some, %lu.%02lu %% all",
             KIB(swap), KIB(free_swap), PRESSURE_PERCENT(stalled[0].average[0]),
             PRESSURE_HUNDREDTHS(stalled[0].average[0]), PRESSURE_PERCENT(stalled[1].average[0]),
             PRESSURE_HUNDREDTHS(stalled[1].average[0]));
    log_info("  %lu KiB of RAM, %lu KiB free; in use, in KiB:", KIB(frames.total),
             KIB(frames.free));
    for (unsigned kind = QUIRE_FRAME_RESERVED + 1; kind < QUIRE_FRAME_KIND_COUNT; kind++)
        if (frames.kind[kind] != 0)
            log_info("  %9lu %s", KIB(frames.kind[kind]), quire_frame_kind_string(kind));
}

static bool may_dump(void)
{
    uint64_t now = clock_monotonic_ns();

    if (oom.dump_start == 0 || now - oom.dump_start > DUMP_INTERVAL) {
        oom.dump_start = now;
        oom.dumps = 0;
    }
    return oom.dumps++ < DUMP_BURST;
}

/* The columns are Linux's, and so are their units: pages, but for the tables. */
static void report_tasks(void)
{
    log_info("Tasks state (memory values in pages):");
    log_info("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name");
    for (unsigned i = 0; i < oom.rows; i++) {
        const struct candidate *row = &oom.row[i];

        log_info("[%7d] %5u %5d %8lu %8lu %8lu %8lu         %5d %s", row->pid, row->uid, row->pid,
                 (unsigned long)row->total, (unsigned long)row->resident,
                 (unsigned long)row->tables * PAGE_SIZE, (unsigned long)row->swapped,
                 row->adjustment, row->name);
    }
    if (oom.others != 0)
        log_info("and %u more with fewer points, %lu pages resident", oom.others,
                 (unsigned long)oom.other_resident);
}

static void report_shortage(size_t frames)
{
    const struct thread *thread = current_thread();

    log_warn("%s[%d] needs %zu more pages of memory, and none can be given back (oom_score_adj %d)",
             thread->name, thread->tid, frames, thread->process->oom_score_adj);
    if (!may_dump())
        return;
    report_memory();
    if (vm_settings.oom_dump_tasks)
        report_tasks();
}

/* Last lines: the one that programs look for, and why, for a person. */
static void report_kill(const struct candidate *victim)
{
    const struct candidate *next = NULL;

    for (unsigned i = 0; i < oom.rows && !next; i++)
        if (oom.row[i].pid != victim->pid && oom.row[i].points != NEVER)
            next = &oom.row[i];
    log_warn("Out of memory: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:%lukB,"
             " shmem-rss:%lukB, UID:%u pgtables:%lukB oom_score_adj:%d",
             victim->pid, victim->name, KIB(victim->total), KIB(victim->anonymous), 0ul,
             KIB(victim->resident - victim->anonymous), victim->uid, KIB(victim->tables),
             victim->adjustment);
    if (vm_settings.oom_kill_allocating_task)
        log_warn("%s[%d] was killed because it asked for memory and "
                 "vm.oom_kill_allocating_task is set",
                 victim->name, victim->pid);
    else if (!next)
        log_warn("%s[%d] was killed because nobody else may be", victim->name, victim->pid);
    else if (victim->resident + victim->swapped + victim->tables <
             next->resident + next->swapped + next->tables)
        log_warn(
            "%s[%d] was killed because its oom_score_adj of %d, against %d of %s[%d], outweighs "
            "that it holds only %lu KiB",
            victim->name, victim->pid, victim->adjustment, next->adjustment, next->name, next->pid,
            KIB(victim->resident));
    else
        log_warn("%s[%d] was killed because it holds the most, %lu KiB and %lu KiB of swap; next "
                 "is %s[%d] "
                 "with %lu KiB and %lu KiB",
                 victim->name, victim->pid, KIB(victim->resident), KIB(victim->swapped), next->name,
                 next->pid, KIB(next->resident), KIB(next->swapped));
}

/* ---- killing ---- */

static void mark_victim(struct process *process)
{
    uint64_t flags = tree_lock_interrupts();

    if (!process->oom_victim && !process->zombie) {
        process->oom_victim = true;
        oom.victims++;
    }
    tree_unlock_interrupts(flags);
}

void oom_process_ended(struct process *process)
{
    uint64_t flags;

    if (!__atomic_load_n(&process->oom_victim, __ATOMIC_RELAXED))
        return;
    flags = tree_lock_interrupts();
    process->oom_victim = false;
    if (!process->oom_given_up)
        oom.victims--;
    tree_unlock_interrupts(flags);
    wake_all(&oom.gone);
}

/* Nobody uses the mappings any more but system calls on their way out, for which it is as if
 * another thread had unmapped them. */
static void unmap_everything(struct memory *memory)
{
    uint64_t resident = memory_resident_peak(memory);

    memory->resident_peak = resident / PAGE_SIZE; /* for its parent's wait4 */
    if (quire_space_unmap(memory->space, 0, memory->space->end) != QUIRE_OK)
        log_warn("the victim's memory stays until it has died");
}

static void kill_all_with(struct memory *memory, struct process *victim)
{
    struct process *process;

    signal_send_process(victim, SIGKILL, NULL);
    mark_victim(victim);
    for (int number = 1; (process = process_next(number)) != NULL;) {
        struct memory *theirs = process->kernel ? NULL : process_memory(process);

        number = process->number + 1;
        if (theirs == memory && process != victim) {
            log_warn("%d shares the memory of %d: killed with it", process->number, victim->number);
            signal_send_process(process, SIGKILL, NULL);
            mark_victim(process);
        }
        memory_put(theirs);
        process_put(process);
    }
}

/* False: it is gone already. */
static bool kill_victim(struct process *process, const struct candidate *victim)
{
    struct memory *memory = process_memory(process);

    if (!memory)
        return false;
    if (!process->group_exit) {
        oom.kills++;
        report_kill(victim);
    }
    kill_all_with(memory, process);
    unmap_everything(memory);
    memory_put(memory);
    return true;
}

/* The one to be killed for a shortage of the running thread; NULL: nobody. */
static struct process *choose(struct candidate *out)
{
    struct process *mine = current_process();

    if (vm_settings.oom_kill_allocating_task && measure(mine, total_pages(), out) &&
        out->points != NEVER) {
        process_get(mine);
        return mine;
    }
    if (oom.rows == 0 || oom.row[0].points == NEVER)
        return NULL;
    *out = oom.row[0];
    return process_find(out->pid);
}

static bool kill_one(size_t frames)
{
    struct candidate victim;
    struct process *process;
    bool killed = false;

    collect();
    process = choose(&victim);
    if (!process || !process->group_exit)
        report_shortage(frames);
    if (vm_settings.panic_on_oom)
        panic("out of memory, and vm.panic_on_oom is set");
    if (!process)
        log_warn("out of memory, and no process may be killed for it");
    else
        killed = kill_victim(process, &victim);
    if (process)
        process_put(process);
    return killed;
}

/* ---- waiting for a victim ---- */

/* Those that were waited for in vain may hold what others wait for, but no more of it is expected
 * soon. */
static void give_victims_up(void)
{
    struct process *process;

    for (int number = 1; (process = process_next(number)) != NULL;) {
        uint64_t flags = tree_lock_interrupts();

        number = process->number + 1;
        if (process->oom_victim && !process->oom_given_up) {
            process->oom_given_up = true;
            oom.victims--;
        }
        tree_unlock_interrupts(flags);
        process_put(process);
    }
}

static void wait_for_victims(void)
{
    uint64_t deadline = clock_monotonic_ns() + WAIT_LIMIT;
    struct waiter waiter = {0};
    int late = 0;

    wait_prepare(&oom.gone, &waiter);
    while (__atomic_load_n(&oom.victims, __ATOMIC_ACQUIRE) != 0 && !kill_pending() && late == 0) {
        late = schedule_until(deadline);
        wait_prepare(&oom.gone, &waiter);
    }
    wait_finish(&waiter);
    if (late != 0)
        give_victims_up();
}

/* ---- what callers see ---- */

size_t memory_drop_caches(void)
{
    size_t threads = scheduler_trim() + vfs_shrink();

    return threads + kernel_stack_trim() + quire_heap_shrink(&kernel_machine);
}

bool memory_reclaim(size_t frames)
{
    struct thread *thread = current_thread();
    bool given, enough;

    if (oom.busy || in_interrupt() || !interrupts_enabled() || !init_process || thread->dying ||
        thread->sweeping || failnth_struck())
        return false;
    enough =
        quire_frame_available(&kernel_machine) >= kernel_machine.frame.reserve + frames + ENOUGH;
    given = reclaim_direct(frames) != 0;
    if (given && !enough)
        return true; /* each time there is less to take: this ends */
    given |= memory_drop_caches() != 0;
    if (given && thread->process->kernel)
        return true; /* it never gets to user mode, and asks for single things */
    if ((given || enough) && thread->reclaim_rounds < RECLAIM_ROUNDS) {
        thread->reclaim_rounds++;
        context_set_exit_work(&thread->context, EXIT_WORK_OTHER);
        return true;
    }
    if (enough || thread->spares_others)
        return false;
    if (oom.victims != 0) {
        wait_for_victims();
        return !kill_pending();
    }
    oom.busy = true;
    given = kill_one(frames);
    oom.busy = false;
    return given && !kill_pending();
}

static bool reclaimer(struct quire *q, size_t frames)
{
    (void)q;
    return memory_reclaim(frames);
}

static int oom_init(void)
{
    kernel_machine.reclaimer = reclaimer;
    return 0;
}
INITCALL(INIT_PROCESS, oom_init);
