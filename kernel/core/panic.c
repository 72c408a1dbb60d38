/*
 * Reports. Nothing here allocates, sleeps or takes a lock for good; the stack is read only where it
 * is known to be mapped (the running context's stack, the boot stack, the interrupt stacks), so
 * that a report about a broken stack pointer does not break itself. A fault while reporting ends
 * the machine at once.
 */

#include "core/panic.h"

#include "core/compiler.h"
#include "core/log.h"
#include "core/printf.h"
#include "core/symbols.h"
#include "x86/context.h"
#include "x86/cpu.h"
#include "x86/power.h"
#include "x86/trap.h"

#define BACKTRACE_DEPTH 32
#define ADDRESS_DIGITS  ((int)(2 * sizeof(uintptr_t)))

static bool reporting;

static void log_address(const char *prefix, uintptr_t address)
{
    const char *name;
    size_t offset;

    if (symbol_lookup(address, &name, &offset))
        log_error("%s%0*lx %s+0x%zx", prefix, ADDRESS_DIGITS, (unsigned long)address, name, offset);
    else
        log_error("%s%0*lx", prefix, ADDRESS_DIGITS, (unsigned long)address);
}

/* Two words of a frame record can be read at this address. */
static bool frame_readable(uintptr_t address)
{
    uintptr_t bottom, top;

    return address % sizeof(uintptr_t) == 0 && cpu_stack_find(address, &bottom, &top) &&
           top - address >= 2 * sizeof(uintptr_t);
}

/* Follows saved frame pointers up to the first that does not lie on a stack. */
static void log_backtrace(uintptr_t frame_pointer)
{
    for (unsigned depth = 0; depth < BACKTRACE_DEPTH; depth++) {
        const uintptr_t *record = (const uintptr_t *)frame_pointer;

        if (!frame_readable(frame_pointer) || record[1] == 0)
            return;
        /* The call, not the instruction behind it: that may be another function's first. */
        log_address("  called from ", record[1] - 1);
        if (record[0] <= frame_pointer)
            return;
        frame_pointer = record[0];
    }
    log_error("  ...");
}

void backtrace_log(void)
{
    log_backtrace((uintptr_t)__builtin_frame_address(0));
}

/* What ran, and the first line of every report. A second report inside the first ends at once. */
static void report_begin(const char *format, va_list arguments)
{
    char reason[400];

    interrupts_disable();
    if (reporting) {
        log_error("kernel bug: another fault while the report was made");
        log_vline(LOG_ERROR, format, arguments);
        machine_power_off(POWER_OFF_PANIC);
    }
    reporting = true;
    log_begin_report();
    vsnprintf(reason, sizeof reason, format, arguments);
    log_error("kernel bug: %s", reason);
    log_error("on CPU %u, in %s", cpu_id(), cpu_running_name());
}

_Noreturn void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report_begin(format, arguments);
    va_end(arguments);
    trap_log_control_registers();
    log_backtrace((uintptr_t)__builtin_frame_address(0));
    machine_power_off(POWER_OFF_PANIC);
}

_Noreturn void panic_trap(const struct trap_frame *frame, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report_begin(format, arguments);
    va_end(arguments);
    trap_log_registers(frame);
    trap_log_control_registers();
    log_address("  at          ", frame->ip);
    if (!trap_from_user(frame))
        log_backtrace(frame->bp);
    machine_power_off(POWER_OFF_PANIC);
}
