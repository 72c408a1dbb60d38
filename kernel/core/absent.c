/*
 * What the ground answers where nothing above it is linked in: a kernel that boots, ticks, reports,
 * and has no programs. Each function is replaced by the one that kernel/proc, kernel/linux bring.
 */

#include <quire/grace.h>
#include <quire/hooks.h>
#include <quire/slot.h>

#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/panic.h"
#include "x86/context.h"
#include "x86/syscall.h"
#include "x86/time.h"
#include "x86/trap.h"

#define ABSENT __attribute__((weak))

ABSENT int fault_handle(struct trap_frame *frame, uintptr_t address, unsigned error_code)
{
    (void)frame;
    (void)address;
    (void)error_code;
    return -1;
}

ABSENT void trap_signal_user(struct trap_frame *frame, int signo, int code, uintptr_t address)
{
    panic_trap(frame, "signal %d, code %d, address %#zx, and no processes", signo, code, address);
}

ABSENT void exit_to_user_work(struct trap_frame *frame)
{
    (void)frame;
    this_context()->exit_work = 0;
}

ABSENT void timer_tick(struct trap_frame *frame)
{
    (void)frame;
}

ABSENT void thread_switched(void)
{
}

ABSENT const char *context_name(const struct context *context)
{
    (void)context;
    return "a kernel thread";
}

ABSENT void screen_log(const char *text, size_t size)
{
    (void)text;
    (void)size;
}

ABSENT void screen_begin_report(void)
{
}

ABSENT uint32_t failnth_counting = 0;

ABSENT bool failnth_strikes(void)
{
    return false;
}

ABSENT bool memory_reclaim(size_t frames)
{
    (void)frames;
    return false;
}

ABSENT bool memory_uses_reserve(void)
{
    return false;
}

ABSENT void process_init_start(void)
{
    log_info("no process layer: idle");
}

ABSENT void cpu_idle(void)
{
    quire_quiescent(&kernel_machine);
    interrupts_disable();
    cpu_wait_for_interrupt();
}

ABSENT void quire_hook_sleep(struct quire *q, const void *key, struct quire_spinlock *lock)
{
    (void)q, (void)lock;
    panic("nothing can sleep on %p without threads", key);
}

ABSENT void quire_hook_wake(struct quire *q, const void *key)
{
    (void)q, (void)key;
}

/* Nothing switches a swap device on: the library hands out no slots, so it has nothing to move. */
ABSENT enum quire_status quire_hook_slot_read(struct quire *q, uint64_t slot,
                                              struct quire_frame *const *frames, unsigned n)
{
    (void)q, (void)slot, (void)frames, (void)n;
    return QUIRE_IO_ERROR;
}

ABSENT void quire_hook_slot_write(struct quire *q, uint64_t slot, struct quire_frame *const *frames,
                                  unsigned n)
{
    (void)frames;
    for (unsigned i = 0; i < n; i++)
        quire_slot_written(q, slot + i, true);
}

ABSENT const syscall_function syscall_table[1] = {NULL};
ABSENT const unsigned long syscall_count = 0;

ABSENT long syscall_unknown(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
                            unsigned long e, unsigned long f)
{
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    return -38;
}
