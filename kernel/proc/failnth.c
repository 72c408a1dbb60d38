/*
 * Allocations that fail on purpose, as Linux's fault injection has them for one task.
 *
 * Writing N to /proc/PID/task/TID/fail-nth makes the N-th allocation of that thread fail once: of
 * frames or of the kernel's heap, counted wherever the thread asks for them, in its system calls
 * and page faults. Reading tells how many are left; 0 after an N: it has failed. A child starts
 * with 0; exec keeps the number. The kernel option `failnth=N` is as if the first program had
 * written N before its first instruction. So a test runs a script for N = 1, 2, ... until some is
 * left at its end, and has seen every allocation of it fail.
 *
 * Such a failure is no shortage. memory_reclaim() gives nothing back for it and kills nobody: the
 * system call says ENOMEM. A page fault of user mode has nobody to say it to, and is tried again.
 *
 * The count is the thread's own. One word says whether any thread has one, so that allocation
 * looks at no more where nobody does.
 */
#include "proc/failnth.h"

#include "core/boot_info.h"
#include "core/memory.h"
#include "x86/interrupt.h"

/* (a) threads that count; the library's allocations look at it (x86/quire_platform.h). */
uint32_t failnth_counting;

void failnth_set(struct thread *thread, uint32_t n)
{
    uint32_t old = __atomic_exchange_n(&thread->fail_nth, n, __ATOMIC_RELAXED);

    if (old == 0 && n != 0)
        __atomic_fetch_add(&failnth_counting, 1, __ATOMIC_RELAXED);
    else if (old != 0 && n == 0)
        __atomic_fetch_sub(&failnth_counting, 1, __ATOMIC_RELAXED);
}

void failnth_start(struct thread *thread)
{
    failnth_set(thread, (uint32_t)boot_option_number("failnth", 0));
}

bool failnth_strikes(void)
{
    struct thread *thread = current_thread();
    uint32_t left = thread->fail_nth;

    if (left == 0 || in_interrupt())
        return false;
    failnth_set(thread, left - 1);
    if (left > 1)
        return false;
    thread->allocation_struck = true;
    context_set_exit_work(&thread->context, EXIT_WORK_OTHER);
    return true;
}
