/*
 * The scheduler: round robin in two classes, O(1) in everything; and above them the real-time
 * policies.
 *
 * Concepts. A thread gets a slice of timer ticks. One that sleeps before its slice is over is
 * interactive: when it wakes it goes behind the other interactive ones and ahead of all demanding
 * ones. One that uses its slice up becomes demanding, and gets a new slice at its next turn in the
 * demanding class. So a shell answers at once beside a busy loop, and a ring of threads that wake
 * each other cannot starve that loop: their slices run out too, and a demanding thread that waited
 * STARVATION_TICKS is taken first.
 *
 * Threads with SCHED_FIFO or SCHED_RR come before all others, by priority; a FIFO thread runs until
 * it sleeps or yields, RR threads of one priority take turns. So that a runaway one does not take
 * the machine away, they get at most REALTIME_TICKS of each second while others wait (as on Linux:
 * 95 %).
 *
 * Invariants. on_queue says that a thread is in its run queue or running. A thread that is asleep
 * but has not left the CPU yet (on_queue still set) is made runnable by its waker in place, and
 * schedule() then keeps it. The dead are freed by whoever runs next, as a thread stands on its own
 * stack until the switch is over.
 *
 * Locking. The run queue's lock, interrupts off, is held across the switch and released by the next
 * thread in thread_switched(): until then the previous thread's context is not complete, and no
 * other CPU may take it.
 */
#include "proc/scheduler.h"

#include <quire/check.h>
#include <quire/grace.h>

#include "core/assert.h"
#include "core/boot_info.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/signals.h"
#include "proc/tree.h"
#include "reclaim/pressure.h"
#include "x86/cpu.h"
#include "x86/interrupt.h"
#include "x86/time.h"

#define SLICE_TICKS      3 /* 12 ms */
#define STARVATION_TICKS 8
#define CACHED_THREADS   32
#define REALTIME_TICKS   (TIMER_HZ * 95 / 100)

struct run_queue {
    struct quire_spinlock lock;
    struct list interactive, demanding; /* run_node */
    struct list realtime;               /* run_node, highest priority first */
    unsigned realtime_ticks;            /* that real-time threads used in this second */
    unsigned runnable;                  /* on the lists */
    uint64_t demanding_since;           /* tick when a demanding thread last ran */
    struct thread *idle;
    struct thread *previous; /* who was switched away from */
    struct memory *loaded; /* whose space is in the page-table root register; NULL: the kernel's */
    uint64_t ticks;
    uint64_t switches;
    uint64_t user_ticks, system_ticks, idle_ticks;
    struct list dead; /* thread structures with stacks, for reuse */
    unsigned dead_count;
    unsigned long load[3];
};

static struct run_queue *run_queues; /* cpu_count of them; NULL in early boot */
static struct quire_cache *thread_cache;
static unsigned thread_total;
static bool check_wanted;
uint32_t io_in_flight;

static struct run_queue *this_queue(void)
{
    return &run_queues[cpu_id()];
}

/* ---- threads and their stacks ---- */

struct thread *thread_create(const char *name)
{
    struct run_queue *queue = this_queue();
    struct thread *thread = NULL;
    uintptr_t bottom, top;
    unsigned long flags = spin_lock_interrupts(&queue->lock);

    if (!list_empty(&queue->dead)) {
        thread = container_of(queue->dead.next, struct thread, run_node);
        list_remove(&thread->run_node);
        queue->dead_count--;
    }
    spin_unlock_interrupts(&queue->lock, flags);
    if (thread) {
        bottom = thread->context.stack_bottom;
        top = thread->context.stack_top;
    } else {
        thread = kernel_cache_alloc(thread_cache);
        if (!thread)
            return NULL;
        if (!kernel_stack_alloc(&bottom, &top)) {
            quire_cache_free(&kernel_machine, thread_cache, thread);
            return NULL;
        }
    }
    /* All but the FPU image, which is written before it is read. */
    memset(thread, 0, offsetof(struct thread, context.fpu));
    memset(&thread->process, 0, sizeof *thread - offsetof(struct thread, process));
    thread->context.stack_bottom = bottom;
    thread->context.stack_top = top;
    thread->references = 1;
    thread->slice = SLICE_TICKS;
    thread->state = THREAD_NEW;
    thread->cpu = cpu_id();
    thread->start_time = clock_monotonic_ns();
    strlcpy(thread->name, name, sizeof thread->name);
    list_init(&thread->run_node);
    list_init(&thread->thread_node);
    list_init(&thread->pending.queue);
    list_init(&thread->futex_locks);
    list_init(&thread->futex_waiting);
    list_init(&thread->tracees);
    thread->signal_stack = SIGNAL_STACK_NONE;
    __atomic_fetch_add(&thread_total, 1, __ATOMIC_RELAXED);
    return thread;
}

static void thread_free(struct thread *thread)
{
    struct run_queue *queue = this_queue();
    uint64_t flags;

    __atomic_fetch_sub(&thread_total, 1, __ATOMIC_RELAXED);
    flags = spin_lock_interrupts(&queue->lock);
    if (queue->dead_count < CACHED_THREADS) {
        list_add_head(&queue->dead, &thread->run_node);
        queue->dead_count++;
        thread = NULL;
    }
    spin_unlock_interrupts(&queue->lock, flags);
    if (thread) {
        kernel_stack_free(thread->context.stack_bottom);
        quire_cache_free(&kernel_machine, thread_cache, thread);
    }
}

size_t scheduler_trim(void)
{
    struct run_queue *queue = this_queue();
    struct list dead = LIST_INIT(dead);
    size_t threads = 0;
    unsigned long flags = spin_lock_interrupts(&queue->lock);

    while (!list_empty(&queue->dead)) {
        struct list *node = queue->dead.next;

        list_remove(node);
        list_add_head(&dead, node);
    }
    queue->dead_count = 0;
    spin_unlock_interrupts(&queue->lock, flags);
    while (!list_empty(&dead)) {
        struct thread *thread = container_of(dead.next, struct thread, run_node);

        list_remove(&thread->run_node);
        kernel_stack_free(thread->context.stack_bottom);
        quire_cache_free(&kernel_machine, thread_cache, thread);
        threads++;
    }
    return threads;
}

/* The last reference's owner may be anyone except an interrupt handler and the thread itself. */
void thread_put(struct thread *thread)
{
    if (__atomic_sub_fetch(&thread->references, 1, __ATOMIC_ACQ_REL) == 0) {
        if (thread->process)
            process_put(thread->process);
        thread_free(thread);
    }
}

/* ---- the run queue ---- */

unsigned thread_realtime_priority(const struct thread *thread)
{
    bool own = thread->policy == SCHED_FIFO || thread->policy == SCHED_RR;

    return own && thread->priority > thread->inherited_priority ? thread->priority
                                                                : thread->inherited_priority;
}

static bool is_realtime(const struct thread *thread)
{
    return unlikely(thread_realtime_priority(thread) != 0);
}

/* Behind those of its own priority; one that was only interrupted in its turn goes before them. */
static void enqueue_realtime_locked(struct run_queue *queue, struct thread *thread)
{
    bool first = thread->slice > 0 && thread == current_thread();
    unsigned priority = thread_realtime_priority(thread);
    struct list *at = queue->realtime.next;

    for (; at != &queue->realtime; at = at->next) {
        unsigned other = thread_realtime_priority(container_of(at, struct thread, run_node));

        if (other < priority || (first && other == priority))
            break;
    }
    list_add_tail(at, &thread->run_node);
}

static void enqueue_locked(struct run_queue *queue, struct thread *thread)
{
    if (is_realtime(thread)) {
        enqueue_realtime_locked(queue, thread);
    } else {
        if (thread->demanding && list_empty(&queue->demanding))
            queue->demanding_since = queue->ticks;
        list_add_tail(thread->demanding ? &queue->demanding : &queue->interactive,
                      &thread->run_node);
    }
    thread->on_queue = true;
    queue->runnable++;
}

/* Whose turn it is: one of the lists, not empty. */
static struct list *choose_list_locked(struct run_queue *queue)
{
    bool others = !list_empty(&queue->interactive) || !list_empty(&queue->demanding);

    if (unlikely(!list_empty(&queue->realtime)) &&
        (queue->realtime_ticks < REALTIME_TICKS || !others))
        return &queue->realtime;
    if (!list_empty(&queue->interactive) &&
        (list_empty(&queue->demanding) || queue->ticks - queue->demanding_since < STARVATION_TICKS))
        return &queue->interactive;
    queue->demanding_since = queue->ticks;
    return &queue->demanding;
}

static struct thread *pick_locked(struct run_queue *queue)
{
    struct thread *thread;

    if (queue->runnable == 0)
        return queue->idle;
    thread = container_of(choose_list_locked(queue)->next, struct thread, run_node);
    list_remove(&thread->run_node);
    queue->runnable--;
    if (thread->slice == 0) {
        int ticks = SLICE_TICKS - thread->nice / 8; /* 1 at nice 19, 5 at nice -20 */

        thread->slice = (uint8_t)(ticks > 0 ? ticks : 1);
    }
    return thread;
}

/* The one that runs here gives way to the one that woke, if it is due. */
static inline void ask_for_switch(struct run_queue *queue, const struct thread *woken)
{
    struct thread *running = current_thread();
    bool due = running->demanding && !is_realtime(running);

    if (is_realtime(woken))
        due = thread_realtime_priority(woken) > thread_realtime_priority(running);
    if (due && &run_queues[cpu_id()] == queue && running != queue->idle)
        context_set_exit_work(&running->context, EXIT_WORK_RESCHEDULE);
}

void thread_inherit_priority(struct thread *thread, uint8_t priority)
{
    struct run_queue *queue = &run_queues[thread->cpu];
    unsigned long flags = spin_lock_interrupts(&queue->lock);
    bool waits_for_turn = !list_empty(&thread->run_node) && thread->state == THREAD_RUNNABLE;

    if (waits_for_turn) {
        list_remove(&thread->run_node);
        queue->runnable--;
    }
    thread->inherited_priority = priority;
    if (waits_for_turn) {
        enqueue_locked(queue, thread);
        ask_for_switch(queue, thread);
    } else if (thread == current_thread() && queue->runnable != 0) {
        context_set_exit_work(&thread->context, EXIT_WORK_RESCHEDULE);
    }
    spin_unlock_interrupts(&queue->lock, flags);
}

static bool wake_from(struct thread *thread, uint32_t asleep)
{
    struct run_queue *queue = &run_queues[thread->cpu];
    unsigned long flags = spin_lock_interrupts(&queue->lock);
    bool woken = __atomic_load_n(&thread->state, __ATOMIC_ACQUIRE) == asleep;

    if (woken) {
        __atomic_store_n(&thread->state, THREAD_RUNNABLE, __ATOMIC_RELEASE);
        if (!thread->on_queue) {
            thread->demanding = thread->slice == 0;
            enqueue_locked(queue, thread);
            pressure_runs(thread);
            ask_for_switch(queue, thread);
        }
    }
    spin_unlock_interrupts(&queue->lock, flags);
    return woken;
}

bool thread_wake(struct thread *thread)
{
    return wake_from(thread, THREAD_SLEEPING);
}

bool thread_wake_stopped(struct thread *thread)
{
    return wake_from(thread, THREAD_STOPPED);
}

/*
 * A new thread waits for its turn: whoever made it mostly has something to do with it first, and
 * what a parent does before the child runs needs no copy.
 */
void thread_start(struct thread *thread)
{
    struct run_queue *queue = &run_queues[thread->cpu];
    unsigned long flags = spin_lock_interrupts(&queue->lock);

    thread->demanding = current_thread()->demanding;
    __atomic_store_n(&thread->state, THREAD_RUNNABLE, __ATOMIC_RELEASE);
    enqueue_locked(queue, thread);
    pressure_runs(thread);
    spin_unlock_interrupts(&queue->lock, flags);
}

/* ---- the switch ---- */

static void load_ldt(const struct memory *memory)
{
    if (memory)
        cpu_load_ldt(memory->ldt, memory->ldt_entries);
    else
        cpu_load_ldt(NULL, 0);
}

/* Its address or size changed. The caller's interrupts are off. */
void scheduler_reload_ldt(const struct memory *memory)
{
    for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
        if (run_queues[cpu].loaded != memory)
            continue;
        assert(cpu == cpu_id());
        load_ldt(memory);
    }
}

/*
 * The next thread's space. Kernel threads and the idle thread run in whatever is loaded;
 * memory_put() unloads a space before it is destroyed.
 */
static void load_space(struct run_queue *queue, struct thread *next)
{
    struct memory *memory = next->memory;

    if (memory && memory != queue->loaded) {
        quire_space_load(&kernel_machine, memory->space,
                         queue->loaded ? queue->loaded->space : NULL);
        if (unlikely(memory->ldt || (queue->loaded && queue->loaded->ldt)))
            load_ldt(memory);
        queue->loaded = memory;
    }
}

void scheduler_load_memory(struct memory *memory)
{
    unsigned long flags = interrupts_save();
    struct run_queue *queue = this_queue();

    quire_space_load(&kernel_machine, memory ? memory->space : NULL,
                     queue->loaded ? queue->loaded->space : NULL);
    load_ldt(memory);
    queue->loaded = memory;
    interrupts_restore(flags);
}

void scheduler_unload(struct memory *memory)
{
    for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
        if (run_queues[cpu].loaded != memory)
            continue;
        assert(cpu == cpu_id());
        scheduler_load_memory(NULL);
    }
}

/* On the new thread's stack, interrupts off. */
void thread_switched(void)
{
    struct run_queue *queue = this_queue();
    struct thread *previous = queue->previous;
    bool dead = previous->state == THREAD_DEAD;

    queue->previous = NULL;
    quire_spin_unlock(&queue->lock);
    if (dead)
        thread_put(previous);
}

static void schedule_with_interrupts_off(void)
{
    struct run_queue *queue = this_queue();
    struct thread *previous = current_thread();
    struct thread *next;

    quire_spin_lock(&queue->lock);
    context_clear_exit_work(&previous->context, EXIT_WORK_RESCHEDULE);
    if (previous != queue->idle) {
        if (previous->state == THREAD_RUNNABLE) {
            enqueue_locked(queue, previous);
            previous->times.involuntary_switches++;
        } else {
            previous->on_queue = false;
            pressure_sleeps(previous);
            previous->times.voluntary_switches++;
        }
    }
    /* A restartable sequence must start again; a system call is no place for one. */
    if (previous->rseq && !trap_is_syscall(context_user_frame(&previous->context))) {
        previous->rseq_interrupted = true;
        context_set_exit_work(&previous->context, EXIT_WORK_OTHER);
    }
    next = pick_locked(queue);
    if (next == previous) {
        quire_spin_unlock(&queue->lock);
        return;
    }
    queue->switches++;
    queue->previous = previous;
    load_space(queue, next);
    context_switch(&previous->context, &next->context);
    thread_switched();
}

void schedule(void)
{
    unsigned long flags = interrupts_save();

    assert(!in_interrupt());
    quire_quiescent(&kernel_machine);
    schedule_with_interrupts_off();
    interrupts_restore(flags);
}

void give_way(void)
{
    if (unlikely(__atomic_load_n(&current_thread()->context.exit_work, __ATOMIC_RELAXED) &
                 EXIT_WORK_RESCHEDULE))
        schedule();
}

_Noreturn void thread_end(void)
{
    interrupts_disable();
    __atomic_store_n(&current_thread()->state, THREAD_DEAD, __ATOMIC_RELEASE);
    quire_quiescent(&kernel_machine);
    schedule_with_interrupts_off();
    panic("a dead thread runs");
}

/* ---- sleeping with a deadline ---- */

static void deadline_reached(void *argument)
{
    struct thread *thread = argument;

    thread->timed_out = true;
    thread_wake(thread);
}

int schedule_until(uint64_t deadline)
{
    struct thread *thread = current_thread();

    if (deadline == UINT64_MAX) {
        schedule();
        return 0;
    }
    if (deadline <= clock_monotonic_ns()) {
        __atomic_store_n(&thread->state, THREAD_RUNNABLE, __ATOMIC_RELAXED);
        return -ETIMEDOUT;
    }
    thread->timed_out = false;
    timer_add(&thread->timer, deadline, deadline_reached, thread);
    schedule();
    timer_cancel(&thread->timer);
    return thread->timed_out ? -ETIMEDOUT : 0;
}

/* ---- time ---- */

/* The load averages as Linux computes them: exponentially decaying over 1, 5 and 15 minutes, every
 * 5 seconds. */
static void update_load(struct run_queue *queue)
{
    static const unsigned long decay[3] = {1884, 2014, 2037};
    unsigned long active = queue->runnable + (current_thread() != queue->idle);

    for (int i = 0; i < 3; i++)
        queue->load[i] = (queue->load[i] * decay[i] + active * 2048 * (2048 - decay[i])) / 2048;
}

/* A tick of the running thread's turn is over; and every second the real-time ones get a new share.
 */
static void use_slice(struct run_queue *queue, struct thread *thread)
{
    bool realtime = is_realtime(thread), over = false;

    if (queue->ticks % TIMER_HZ == 0) {
        queue->realtime_ticks = 0;
        over = !realtime && !list_empty(&queue->realtime);
    }
    if (realtime)
        over = ++queue->realtime_ticks >= REALTIME_TICKS;
    if (thread->slice > 0 && thread->policy != SCHED_FIFO)
        thread->slice--;
    if (thread->slice == 0) {
        thread->demanding = true;
        over = true;
    }
    if (!realtime && !list_empty(&queue->demanding) &&
        queue->ticks - queue->demanding_since >= STARVATION_TICKS)
        over = true;
    if (over && queue->runnable != 0)
        context_set_exit_work(&thread->context, EXIT_WORK_RESCHEDULE);
}

void timer_tick(struct trap_frame *frame)
{
    struct thread *thread = current_thread();
    struct run_queue *queue;

    if (!run_queues)
        return; /* early boot: no threads yet */
    queue = this_queue();
    queue->ticks++;
    pressure_tick(queue->ticks);
    if (queue->ticks % (5 * TIMER_HZ) == 0)
        update_load(queue);
    if (thread == queue->idle) {
        queue->idle_ticks++;
        return;
    }
    if (trap_from_user(frame)) {
        queue->user_ticks++;
        thread->times.user += NANOSECONDS_PER_SECOND / TIMER_HZ;
    } else {
        queue->system_ticks++;
        thread->times.system += NANOSECONDS_PER_SECOND / TIMER_HZ;
    }
    /* Even with nobody to switch to, a thread that stays in user mode passes a quiescent point. */
    context_set_exit_work(&thread->context, EXIT_WORK_OTHER);
    use_slice(queue, thread);
    if (thread->process && !thread->process->kernel)
        signal_tick(thread, trap_from_user(frame));
}

void scheduler_load(unsigned long out_average[3], unsigned *out_runnable, unsigned *out_threads)
{
    struct run_queue *queue = &run_queues[0];

    memcpy(out_average, queue->load, sizeof queue->load);
    *out_runnable = queue->runnable + 1;
    *out_threads = __atomic_load_n(&thread_total, __ATOMIC_RELAXED);
}

uint64_t scheduler_switches(void)
{
    return run_queues[0].switches;
}

void scheduler_cpu_ticks(uint64_t *out_user, uint64_t *out_system, uint64_t *out_idle)
{
    *out_user = run_queues[0].user_ticks;
    *out_system = run_queues[0].system_ticks;
    *out_idle = run_queues[0].idle_ticks;
}

const char *context_name(const struct context *context)
{
    static char text[sizeof((struct thread *)0)->name + 16];
    const struct thread *thread = (const struct thread *)context;

    if (!context)
        return "nobody";
    scnprintf(text, sizeof text, "%s, %d", thread->name, thread->tid);
    return text;
}

/* ---- kernel threads, the boot thread, the idle thread ---- */

struct kernel_thread_start {
    void (*run)(void *argument);
    void *argument;
};

static void kernel_thread_main(void *argument)
{
    struct kernel_thread_start start = *(struct kernel_thread_start *)argument;

    kernel_free(argument);
    start.run(start.argument);
    thread_end();
}

struct thread *kernel_thread_start(const char *name, void (*run)(void *argument), void *argument)
{
    struct kernel_thread_start *start = kernel_alloc(sizeof *start);
    struct thread *thread = start ? thread_create(name) : NULL;

    if (!thread) {
        kernel_free(start);
        return NULL;
    }
    *start = (struct kernel_thread_start){run, argument};
    thread->process = &kernel_process;
    process_get(&kernel_process);
    context_prepare_kernel(&thread->context, kernel_thread_main, start);
    thread_start(thread);
    return thread;
}

/*
 * With `check` on the command line: whenever the machine is idle, and a quarter of a second has
 * passed, everything that the library knows is proved to agree. Only where one CPU runs, and while
 * no device works for anybody: nobody else is inside the library then.
 */
static void check_if_asked(const struct run_queue *queue)
{
    static uint64_t next;

    if (likely(!check_wanted) || queue->ticks < next ||
        __atomic_load_n(&io_in_flight, __ATOMIC_RELAXED) != 0)
        return;
    next = queue->ticks + TIMER_HZ / 4;
    interrupts_enable();
    if (quire_check(&kernel_machine) != QUIRE_OK)
        panic("the library's records disagree");
    log_debug("check: everything agrees");
    interrupts_disable();
}

static void idle_main(void *argument)
{
    struct run_queue *queue = this_queue();

    (void)argument;
    check_wanted = boot_option("check") != NULL;
    for (;;) {
        interrupts_disable();
        if (__atomic_load_n(&queue->runnable, __ATOMIC_ACQUIRE) != 0) {
            quire_quiescent(&kernel_machine);
            schedule_with_interrupts_off();
            interrupts_enable();
            continue;
        }
        check_if_asked(queue);
        if (__atomic_load_n(&queue->runnable, __ATOMIC_ACQUIRE) == 0) {
            quire_idle_enter(&kernel_machine);
            cpu_wait_for_interrupt();
            quire_idle_leave(&kernel_machine);
        }
    }
}

static void queue_init(struct run_queue *queue)
{
    list_init(&queue->interactive);
    list_init(&queue->demanding);
    list_init(&queue->realtime);
    list_init(&queue->dead);
}

/* The boot thread keeps the stack it stands on: the one that came with its structure is given back.
 */
static struct thread *adopt_boot_thread(void)
{
    struct thread *boot = thread_create("boot");

    if (!boot)
        return NULL;
    boot->process = &kernel_process;
    boot->state = THREAD_RUNNABLE;
    boot->on_queue = true;
    kernel_stack_free(boot->context.stack_bottom);
    boot->context = *this_context();
    return boot;
}

void scheduler_init(void)
{
    struct run_queue *queues = kernel_alloc_zeroed(cpu_count * sizeof *queues);
    struct thread *idle, *boot;
    unsigned long flags = interrupts_save();

    thread_cache = quire_cache_create(&kernel_machine, "thread", sizeof(struct thread), 64);
    if (!queues || !thread_cache)
        panic("no memory for the scheduler");
    for (unsigned cpu = 0; cpu < cpu_count; cpu++)
        queue_init(&queues[cpu]);
    run_queues = queues;
    idle = thread_create("idle");
    boot = adopt_boot_thread();
    if (!idle || !boot)
        panic("no memory for the first threads");
    idle->process = &kernel_process;
    idle->state = THREAD_RUNNABLE;
    idle->on_queue = true;
    context_prepare_kernel(&idle->context, idle_main, NULL);
    this_queue()->idle = idle;
    this_cpu()->context = &boot->context;
    interrupts_restore(flags);
}

_Noreturn void boot_thread_end(void)
{
    /* Its stack is the kernel image's: the structure is kept for good. */
    thread_get(current_thread());
    thread_end();
}
