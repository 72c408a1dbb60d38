/*
 * Process 1, inside the kernel: parent of the first program and of every orphan (which it does not
 * need to wait for: its children are reaped as they die), and the one to whom `poweroff`, `halt`
 * and `reboot` send their signals.
 */
#include "core/init.h"

#include "core/memory.h"
#include "core/panic.h"
#include "core/shutdown.h"
#include "proc/scheduler.h"
#include "proc/signals.h"
#include "proc/tree.h"

#define INIT_SCHEDULER 05 /* before every other level: drivers may start threads and sleep */

struct process *init_process;

/* What busybox's init and its applets agree on. */
void init_signal(int signo)
{
    if (signo == SIGUSR1)
        shutdown_request(SHUTDOWN_HALT);
    else if (signo == SIGUSR2)
        shutdown_request(SHUTDOWN_POWER_OFF);
    else if (signo == SIGTERM)
        shutdown_request(SHUTDOWN_REBOOT);
}

/* It has nothing to do but to be there. */
static void init_main(void *argument)
{
    struct wait_queue never;

    (void)argument;
    wait_queue_init(&never);
    wait_event(&never, false);
}

static int start_scheduler(void)
{
    scheduler_init();
    return 0;
}
INITCALL(INIT_SCHEDULER, start_scheduler);

static int create_init(void)
{
    struct thread *thread = thread_create("init");
    struct pid *pid = pid_create_first();
    struct pid *unused;
    uint64_t flags;

    init_process = process_create();
    if (!thread || !pid || !init_process || !(init_process->handlers = signal_handlers_create()))
        panic("no memory for process 1");
    init_process->kernel = true;
    flags = tree_lock_interrupts();
    process_link_locked(init_process, NULL, pid);
    process_set_session_locked(init_process, pid, &unused);
    process_set_group_locked(init_process, pid, &unused);
    process_add_thread_locked(init_process, thread, pid);
    init_process->leader = thread;
    thread_get(thread);
    tree_unlock_interrupts(flags);
    context_prepare_kernel(&thread->context, init_main, NULL);
    thread_start(thread);
    return 0;
}
INITCALL(INIT_PROCESS, create_init);

/* The boot thread is done. */
void cpu_idle(void)
{
    boot_thread_end();
}
