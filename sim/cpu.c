/*
 * Simulated CPUs: as coroutines that change over at points drawn from the seed, or as host threads.
 *
 * A coroutine gives up its turn only at a point of the library (each atomic access, lock and
 * unlock), while it waits for a lock, sleeps in a hook, or between the steps of the MMU's walk.
 * Whoever goes on is drawn from the machine's generator, so one seed is one run. An interrupt (a
 * shootdown) is delivered to a coroutine at the point where it stands, as a CPU takes it between
 * two instructions; while its MMU is in the middle of an access, the sender waits.
 */
#include "sim.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define SIM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_ASAN 1
#endif
#endif
#ifdef SIM_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

#define STACK_SIZE ((size_t)256 * 1024)
/* Turns of waiting in which nobody else did anything: a deadlock. */
#define PATIENCE 2000000

struct sim_cpu *sim_this_cpu(void)
{
    return (struct sim_cpu *)sim_here;
}

void sim_enter(struct sim_machine *machine, unsigned cpu)
{
    sim_here = &machine->cpu[cpu].here;
}

uint64_t sim_draw(struct sim_cpu *cpu, uint64_t n)
{
    return sim_random_below(cpu->machine->options.threads ? &cpu->random : &cpu->machine->random,
                            n);
}

/* ---- changing over ---- */

/* The sanitizer wants to know which stack it is on. */
static void switch_context(ucontext_t *from, void **from_fake, ucontext_t *to, const void *to_stack,
                           size_t to_size)
{
#ifdef SIM_ASAN
    __sanitizer_start_switch_fiber(from_fake, to_stack, to_size);
    swapcontext(from, to);
    __sanitizer_finish_switch_fiber(*from_fake, NULL, NULL);
#else
    (void)from_fake;
    (void)to_stack;
    (void)to_size;
    swapcontext(from, to);
#endif
}

static void to_scheduler(struct sim_cpu *cpu)
{
    struct sim_machine *machine = cpu->machine;

    switch_context(&cpu->context, &cpu->fake_stack, &machine->scheduler, machine->scheduler_stack,
                   machine->scheduler_stack_size);
}

static bool is_coroutine(const struct sim_cpu *cpu)
{
    return cpu->state == SIM_CPU_READY || cpu->state == SIM_CPU_ASLEEP;
}

void sim_yield(struct sim_cpu *cpu)
{
    if (cpu->machine->options.threads)
        sched_yield();
    else if (is_coroutine(cpu))
        to_scheduler(cpu);
}

static void rearm(struct sim_cpu *cpu)
{
    unsigned mean = cpu->machine->options.point_mean;

    cpu->here.countdown = mean == 0 ? UINT32_MAX : 1 + (uint32_t)sim_draw(cpu, 2 * mean);
}

/* A CPU may cache any legal entry at any time; another CPU may come in at any point. */
void sim_point_reached(void)
{
    struct sim_cpu *cpu = sim_this_cpu();
    struct sim_machine *machine = cpu->machine;

    rearm(cpu);
    if (machine->options.threads) {
        if (sim_draw(cpu, 2) == 0)
            sim_speculate(cpu);
        sched_yield();
        return;
    }
    machine->relaxed = 0;
    if (sim_draw(cpu, 2) == 0) {
        struct sim_cpu *other = &machine->cpu[sim_draw(cpu, machine->options.cpus)];

        if (!other->mmu.accessing)
            sim_speculate(other);
    }
    sim_yield(cpu);
}

void sim_relax(void)
{
    struct sim_cpu *cpu = sim_this_cpu();
    struct sim_machine *machine = cpu->machine;

    if (machine->options.threads) {
        sched_yield();
        return;
    }
    if (++machine->relaxed > PATIENCE)
        sim_fail(machine, "deadlock: every CPU that runs waits for a lock");
    sim_yield(cpu);
}

/* ---- coroutines ---- */

static void coroutine(unsigned high, unsigned low)
{
    struct sim_cpu *cpu = (struct sim_cpu *)(uintptr_t)((uint64_t)high << 32 | low);

#ifdef SIM_ASAN
    __sanitizer_finish_switch_fiber(NULL, &cpu->machine->scheduler_stack,
                                    &cpu->machine->scheduler_stack_size);
#endif
    for (;;) {
        cpu->task(cpu, cpu->argument);
        if (cpu->slots_used != 0)
            sim_fail(cpu->machine, "temporary slots were not given back");
        cpu->state = SIM_CPU_DONE;
        to_scheduler(cpu);
    }
}

static void prepare(struct sim_cpu *cpu)
{
    if (cpu->stack != NULL)
        return;
    cpu->stack = malloc(STACK_SIZE);
    getcontext(&cpu->context);
    cpu->context.uc_stack.ss_sp = cpu->stack;
    cpu->context.uc_stack.ss_size = STACK_SIZE;
    cpu->context.uc_link = NULL;
    makecontext(&cpu->context, (void (*)(void))(uintptr_t)coroutine, 2,
                (unsigned)((uint64_t)(uintptr_t)cpu >> 32), (unsigned)(uintptr_t)cpu);
}

/* The next CPU to run: any ready one; a sleeper rarely, as hooks may return early. NULL: none is
 * left. */
static struct sim_cpu *choose(struct sim_machine *machine)
{
    struct sim_cpu *ready[SIM_CPUS], *asleep[SIM_CPUS];
    unsigned readies = 0, sleepers = 0;

    for (unsigned i = 0; i < machine->options.cpus; i++) {
        struct sim_cpu *cpu = &machine->cpu[i];

        if (cpu->state == SIM_CPU_READY)
            ready[readies++] = cpu;
        else if (cpu->state == SIM_CPU_ASLEEP)
            asleep[sleepers++] = cpu;
    }
    if (sleepers != 0 && (readies == 0 || sim_random_once_in(&machine->random, 64))) {
        if (readies == 0 && ++machine->relaxed > PATIENCE)
            sim_fail(machine, "deadlock: every CPU sleeps and nobody is left to wake one");
        return asleep[sim_random_below(&machine->random, sleepers)];
    }
    return readies != 0 ? ready[sim_random_below(&machine->random, readies)] : NULL;
}

void sim_run(struct sim_machine *machine, void (*const *task)(struct sim_cpu *, void *),
             void *const *argument)
{
    struct sim_here *caller = sim_here;
    struct sim_cpu *cpu;

    for (unsigned i = 0; i < machine->options.cpus; i++) {
        if (task[i] == NULL)
            continue;
        cpu = &machine->cpu[i];
        prepare(cpu);
        cpu->task = task[i];
        cpu->argument = argument[i];
        cpu->state = SIM_CPU_READY;
    }
    machine->relaxed = 0;
    while ((cpu = choose(machine)) != NULL) {
        sim_here = &cpu->here;
        switch_context(&machine->scheduler, &machine->scheduler_fake_stack, &cpu->context,
                       cpu->stack, STACK_SIZE);
    }
    for (unsigned i = 0; i < machine->options.cpus; i++)
        machine->cpu[i].state = SIM_CPU_OFF;
    sim_here = caller;
}

/* ---- threads ---- */

static void *thread(void *argument)
{
    struct sim_cpu *cpu = argument;

    sim_here = &cpu->here;
    cpu->task(cpu, cpu->argument);
    return NULL;
}

void sim_run_threads(struct sim_machine *machine, void (*const *task)(struct sim_cpu *, void *),
                     void *const *argument)
{
    pthread_t id[SIM_CPUS];

    for (unsigned i = 0; i < machine->options.cpus; i++) {
        machine->cpu[i].task = task[i];
        machine->cpu[i].argument = argument[i];
        if (task[i] != NULL && pthread_create(&id[i], NULL, thread, &machine->cpu[i]) != 0)
            sim_fail(machine, "the host gives no thread");
    }
    for (unsigned i = 0; i < machine->options.cpus; i++)
        if (task[i] != NULL)
            pthread_join(id[i], NULL);
}

/* ---- hooks ---- */

void quire_hook_sleep(struct quire *q, const void *key, struct quire_spinlock *lock)
{
    struct sim_cpu *cpu = sim_this_cpu();

    if (cpu->slots_used != 0)
        sim_fail(q->user, "a temporary slot is held while asleep");
    if (key == &q->reclaim.writing) { /* the disk gets on while somebody waits for it */
        quire_spin_unlock(lock);
        sim_disk_finish(cpu->machine);
        quire_spin_lock(lock);
        return;
    }
    if (cpu->machine->options.threads) {
        quire_spin_unlock(lock); /* an early return is allowed: the caller looks again */
        sched_yield();
    } else if (is_coroutine(cpu)) {
        cpu->sleep_key = key;
        cpu->state = SIM_CPU_ASLEEP;
        __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
        to_scheduler(cpu);
        cpu->state = SIM_CPU_READY;
        cpu->sleep_key = NULL;
    } else {
        if (++cpu->machine->relaxed > PATIENCE)
            sim_fail(q->user, "the only CPU that runs sleeps for ever");
        return;
    }
    quire_spin_lock(lock);
}

void quire_hook_wake(struct quire *q, const void *key)
{
    struct sim_machine *machine = q->user;

    if (machine->options.threads)
        return;
    for (unsigned i = 0; i < machine->options.cpus; i++)
        if (machine->cpu[i].state == SIM_CPU_ASLEEP && machine->cpu[i].sleep_key == key)
            machine->cpu[i].state = SIM_CPU_READY;
}

/* In an order of its own choice, and not all at the same moment. */
void quire_hook_shootdown(struct quire *q, const uint64_t *mask, quire_virt start, quire_virt end,
                          bool kernel)
{
    struct sim_cpu *self = sim_this_cpu();
    struct sim_machine *machine = q->user;
    unsigned cpus = machine->options.cpus, first = (unsigned)sim_draw(self, cpus);

    for (unsigned i = 0; i < cpus; i++) {
        unsigned number = (first + i) % cpus;
        struct sim_cpu *target = &machine->cpu[number];

        if (target == self ||
            !(__atomic_load_n(&mask[number / 64], __ATOMIC_SEQ_CST) >> (number % 64) & 1))
            continue;
        quire_platform_point();
        while (!machine->options.threads && target->mmu.accessing)
            sim_relax();
        sim_mmu_drop(target, start, end, kernel);
    }
}

void sim_hold(struct sim_machine *machine, bool hold)
{
    for (unsigned i = 0; i < machine->options.cpus; i++) {
        struct sim_cpu *cpu = &machine->cpu[i];

        if (hold)
            cpu->held_countdown = cpu->here.countdown;
        cpu->here.countdown = hold ? UINT32_MAX : cpu->held_countdown;
    }
}

void sim_quiesce(struct sim_machine *machine)
{
    struct sim_here *caller = sim_here;

    sim_disk_finish(machine);
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < machine->options.cpus; i++) {
            sim_enter(machine, i);
            quire_quiescent(machine->q);
        }
    }
    sim_here = caller;
}
