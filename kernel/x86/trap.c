/*
 * Exceptions and interrupts, after entry.S has built the frame.
 *
 *   who faulted          page fault                         anything else
 *   user program         entry.S calls fault_handle()       a signal (the table below)
 *   usercopy function    fault_handle(), then its fixup     its fixup
 *   IRET to user mode    -                                  a signal, on the frame it was to load
 *   the kernel           panic                              panic
 *
 * Locking: none. State: the interrupt descriptor table, constant after boot.
 */

#include "x86/trap.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/panic.h"
#include "core/printf.h"
#include "core/string.h"
#include "x86/context.h"
#include "x86/cpu_state.h"
#include "x86/irq.h"
#include "x86/usercopy.h"

/* Signal numbers and codes of the Linux ABI. */
enum { SIGNAL_ILL = 4, SIGNAL_TRAP = 5, SIGNAL_BUS = 7, SIGNAL_FPE = 8, SIGNAL_SEGV = 11 };
enum { CODE_KERNEL = 0x80, ILL_ILLOPN = 2, ILL_BADSTK = 8, BUS_ADRALN = 1 };
enum { TRAP_BRKPT = 1, TRAP_TRACE = 2, TRAP_HWBKPT = 4 };
enum { FPE_INTDIV = 1, FPE_FLTDIV = 3, FPE_FLTOVF, FPE_FLTUND, FPE_FLTRES, FPE_FLTINV };

#define DR6_CLEAR  0xffff0ff0
#define DR6_STEP   (1u << 14)
#define DR6_BREAKS 0xfu

struct trap_frame *trap_dispatch(struct trap_frame *frame);
struct trap_frame *trap_page_fault_kernel(struct trap_frame *frame, uintptr_t address);

static const char *const names[] = {
    [TRAP_DIVIDE] = "divide error",
    [TRAP_DEBUG] = "debug exception",
    [TRAP_NMI] = "non-maskable interrupt",
    [TRAP_BREAKPOINT] = "breakpoint",
    [TRAP_OVERFLOW] = "overflow",
    [TRAP_BOUND] = "bound range exceeded",
    [TRAP_INVALID_OPCODE] = "invalid opcode",
    [TRAP_NO_FPU] = "FPU not available",
    [TRAP_DOUBLE_FAULT] = "double fault",
    [TRAP_INVALID_TSS] = "invalid TSS",
    [TRAP_NOT_PRESENT] = "segment not present",
    [TRAP_STACK] = "stack fault",
    [TRAP_PROTECTION] = "general protection fault",
    [TRAP_PAGE_FAULT] = "page fault",
    [TRAP_FPU] = "floating-point error",
    [TRAP_ALIGNMENT] = "alignment check",
    [TRAP_MACHINE_CHECK] = "machine check",
    [TRAP_SIMD] = "SIMD floating-point error",
};

const char *trap_name(unsigned vector)
{
    if (vector < ARRAY_SIZE(names) && names[vector])
        return names[vector];
    if (vector >= TRAP_SYSCALL)
        return "system call";
    if (sizeof(long) == 4 && vector == TRAP_IRET)
        return "bad return to the program";
    return vector >= TRAP_IRQ_BASE ? "interrupt" : "reserved exception";
}

const char *fault_describe(unsigned error_code, char *buffer, size_t size)
{
    const char *access = error_code & FAULT_FETCH   ? "execution"
                         : error_code & FAULT_WRITE ? "write"
                                                    : "read";

    snprintf(buffer, size, "%s of %s page from %s mode%s", access,
             error_code & FAULT_PRESENT ? "a present" : "an absent",
             error_code & FAULT_USER ? "user" : "kernel",
             error_code & FAULT_RESERVED ? ", reserved bit set in its entry" : "");
    return buffer;
}

/* --- faults of user programs ----------------------------------------------------------------- */

/* Both units' flags have one order: invalid, denormal, divide, overflow, underflow, precision. */
static int fpe_code(unsigned raised)
{
    if (raised & 0x01)
        return FPE_FLTINV;
    if (raised & 0x04)
        return FPE_FLTDIV;
    if (raised & 0x08)
        return FPE_FLTOVF;
    if (raised & 0x12)
        return FPE_FLTUND;
    return raised & 0x20 ? FPE_FLTRES : 0;
}

static int x87_code(void)
{
    uint16_t control, status;

    __asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=m"(status));
    return fpe_code(status & ~control & 0x3fu);
}

static int simd_code(void)
{
    uint32_t mxcsr;

    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    return fpe_code(mxcsr & ~(mxcsr >> 7) & 0x3fu);
}

static int debug_code(unsigned long dr6)
{
    if (dr6 & DR6_STEP)
        return TRAP_TRACE;
    return dr6 & DR6_BREAKS ? TRAP_HWBKPT : TRAP_BRKPT;
}

static unsigned long take_dr6(void)
{
    unsigned long dr6;

    __asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
    __asm__ volatile("mov %0, %%dr6" ::"r"((unsigned long)DR6_CLEAR));
    return dr6;
}

static void trap_from_program(struct trap_frame *frame)
{
    unsigned long dr6 = frame->vector == TRAP_DEBUG ? take_dr6() : 0;

    interrupts_enable();
    switch (frame->vector) {
    case TRAP_DIVIDE:
        trap_signal_user(frame, SIGNAL_FPE, FPE_INTDIV, frame->ip);
        break;
    case TRAP_DEBUG:
        trap_signal_user(frame, SIGNAL_TRAP, debug_code(dr6), frame->ip);
        break;
    case TRAP_BREAKPOINT:
        trap_signal_user(frame, SIGNAL_TRAP, CODE_KERNEL, 0);
        break;
    case TRAP_INVALID_OPCODE:
        trap_signal_user(frame, SIGNAL_ILL, ILL_ILLOPN, frame->ip);
        break;
    case TRAP_IRET:
        trap_signal_user(frame, SIGNAL_ILL, ILL_BADSTK, 0);
        break;
    case TRAP_NOT_PRESENT:
    case TRAP_STACK:
        trap_signal_user(frame, SIGNAL_BUS, CODE_KERNEL, 0);
        break;
    case TRAP_ALIGNMENT:
        trap_signal_user(frame, SIGNAL_BUS, BUS_ADRALN, 0);
        break;
    case TRAP_FPU:
        trap_signal_user(frame, SIGNAL_FPE, x87_code(), frame->ip);
        break;
    case TRAP_SIMD:
        trap_signal_user(frame, SIGNAL_FPE, simd_code(), frame->ip);
        break;
    default: /* overflow, bound, protection, and what a program should not be able to raise */
        trap_signal_user(frame, SIGNAL_SEGV, CODE_KERNEL, 0);
    }
}

/* --- faults of the kernel -------------------------------------------------------------------- */

static struct trap_frame *trap_from_kernel(struct trap_frame *frame)
{
    struct trap_frame *recovered = trap_recover_return(frame, trap_from_program);

    if (recovered)
        return recovered;
    if (exception_fixup(frame))
        return frame;
    if (frame->vector == TRAP_INVALID_OPCODE)
        panic_trap(frame, "invalid opcode");
    panic_trap(frame, "%s in the kernel, error code %#lx", trap_name((unsigned)frame->vector),
               frame->error_code);
}

/* With SMAP, AC is set exactly while a usercopy function has user memory open. */
static bool in_usercopy(const struct trap_frame *frame)
{
    if (cpu_features.smap)
        return (frame->flags & RFLAGS_AC) != 0;
    return exception_has_fixup(frame->ip);
}

struct trap_frame *trap_page_fault_kernel(struct trap_frame *frame, uintptr_t address)
{
    struct trap_frame *recovered = trap_recover_return(frame, trap_from_program);
    unsigned error_code = (unsigned)frame->error_code;
    char text[80], place[80];

    if (recovered)
        return recovered;
    if (address < USER_END && in_usercopy(frame)) {
        int failed = -1;

        if (this_cpu()->pagefault_disabled == 0) {
            if (frame->flags & RFLAGS_IF)
                interrupts_enable();
            failed = fault_handle(frame, address, error_code);
            interrupts_disable();
        }
        if (failed == 0 || exception_fixup(frame))
            return frame;
    }
    fault_describe(error_code, text, sizeof text);
    if (address < PAGE_SIZE)
        panic_trap(frame, "null pointer: %s at %#zx", text, address);
    if (address < USER_END && (error_code & FAULT_FETCH))
        panic_trap(frame, "%s at user address %#zx", text, address);
    if (address < USER_END)
        panic_trap(frame, "user memory touched outside the usercopy functions: %s at %#zx", text,
                   address);
    panic_trap(frame, "page fault: %s at %#zx (%s)", text, address,
               memory_describe(address, place, sizeof place));
}

/*
 * The usual cause is a stack that ran into its guard page: the page fault could not be pushed. CR2
 * or the stack pointer tells.
 */
static _Noreturn void double_fault(const struct trap_frame *frame)
{
    const struct context *context = this_context();
    uintptr_t guard = context->stack_bottom - PAGE_SIZE, address = cr2_read();
    uintptr_t stack = trap_stack_pointer(frame);

    if ((address >= guard && address < context->stack_bottom) ||
        (stack >= guard && stack <= context->stack_bottom))
        panic_trap(frame, "kernel stack overflow of thread %s", cpu_running_name());
    panic_trap(frame, "double fault");
}

static void nmi(const struct trap_frame *frame)
{
    log_warn("non-maskable interrupt at %#lx, in %s", frame->ip, context_name(this_context()));
}

struct trap_frame *trap_dispatch(struct trap_frame *frame)
{
    if (frame->vector >= TRAP_IRQ_BASE) {
        irq_dispatch(frame);
        return frame;
    }
    if (frame->vector == TRAP_DOUBLE_FAULT)
        double_fault(frame);
    if (frame->vector == TRAP_MACHINE_CHECK)
        panic_trap(frame, "machine check");
    if (frame->vector == TRAP_NMI) {
        nmi(frame);
        return frame;
    }
    if (trap_from_user(frame)) {
        trap_from_program(frame);
        return frame;
    }
    return trap_from_kernel(frame);
}
