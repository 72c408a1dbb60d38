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

#define BACKTRACE_DEPTH 32

static bool reporting;

static void log_address(const char *prefix, uintptr_t address)
{
    const char *name;
    size_t offset;

    if (symbol_lookup(address, &name, &offset))
        log_error("%s%016lx %s+0x%zx", prefix, address, name, offset);
    else
        log_error("%s%016lx", prefix, address);
}

/* Two words of a frame record can be read at this address. */
static bool frame_readable(uintptr_t address)
{
    uintptr_t bottom, top;

    return address % 8 == 0 && cpu_stack_find(address, &bottom, &top) && top - address >= 16;
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

static void log_registers(const struct trap_frame *f)
{
    log_error("rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->ax, f->bx, f->cx, f->dx);
    log_error("rsi %016lx rdi %016lx rbp %016lx rsp %016lx", f->si, f->di, f->bp, f->sp);
    log_error("r8  %016lx r9  %016lx r10 %016lx r11 %016lx", f->r8, f->r9, f->r10, f->r11);
    log_error("r12 %016lx r13 %016lx r14 %016lx r15 %016lx", f->r12, f->r13, f->r14, f->r15);
    log_error("rip %016lx cs %04lx ss %04lx rflags %08lx", f->ip, f->cs, f->ss, f->flags);
}

static void log_control_registers(void)
{
    log_error("cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx efer %04lx", cr0_read(), cr2_read(),
              cr3_read(), cr4_read(), msr_read(MSR_EFER));
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
    log_set_console_level(LOG_DEBUG);
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
    log_control_registers();
    log_backtrace((uintptr_t)__builtin_frame_address(0));
    machine_power_off(POWER_OFF_PANIC);
}

_Noreturn void panic_trap(const struct trap_frame *frame, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report_begin(format, arguments);
    va_end(arguments);
    log_registers(frame);
    log_control_registers();
    log_address("  at          ", frame->ip);
    if (!trap_from_user(frame))
        log_backtrace(frame->bp);
    machine_power_off(POWER_OFF_PANIC);
}
