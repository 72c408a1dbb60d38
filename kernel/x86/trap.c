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
enum { CODE_KERNEL = 0x80, ILL_ILLOPN = 2, BUS_ADRALN = 1 };
enum { TRAP_BRKPT = 1, TRAP_TRACE = 2, TRAP_HWBKPT = 4 };
enum { FPE_INTDIV = 1, FPE_FLTDIV = 3, FPE_FLTOVF, FPE_FLTUND, FPE_FLTRES, FPE_FLTINV };

#define GATE_INTERRUPT 0x8e
#define GATE_USER      0x60 /* privilege level 3 */

#define DR6_CLEAR  0xffff0ff0
#define DR6_STEP   (1u << 14)
#define DR6_BREAKS 0xfu

struct gate {
    uint16_t offset_low, selector;
    uint8_t stack, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

static struct gate gates[256];

extern const char trap_stubs[256][16], page_fault_entry[], trap_iretq[];

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

static int debug_code(uint64_t dr6)
{
    if (dr6 & DR6_STEP)
        return TRAP_TRACE;
    return dr6 & DR6_BREAKS ? TRAP_HWBKPT : TRAP_BRKPT;
}

static uint64_t take_dr6(void)
{
    uint64_t dr6;

    __asm__ volatile("movq %%dr6, %0" : "=r"(dr6));
    __asm__ volatile("movq %0, %%dr6" ::"r"((uint64_t)DR6_CLEAR));
    return dr6;
}

static void trap_from_program(struct trap_frame *frame)
{
    uint64_t dr6 = frame->vector == TRAP_DEBUG ? take_dr6() : 0;

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

/*
 * IRET refused what it found (a non-canonical rip, a bad selector). The registers are the user's
 * already, and the five words it tried to load lie at the frame's rsp, at the top of the thread's
 * stack. Both together are the user frame as it was; the new exception's own frame has overwritten
 * the place of its registers.
 */
static struct trap_frame *recover_iret(const struct trap_frame *frame)
{
    struct trap_frame user = *frame, *place = trap_user_frame();

    memcpy(&user.ip, (const void *)frame->sp, 5 * sizeof(uint64_t));
    user.cs |= 3;
    *place = user;
    trap_from_program(place);
    interrupts_disable();
    return place;
}

static struct trap_frame *trap_from_kernel(struct trap_frame *frame)
{
    if (frame->ip == (uintptr_t)trap_iretq)
        return recover_iret(frame);
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
    unsigned error_code = (unsigned)frame->error_code;
    char text[80], place[80];

    if (frame->ip == (uintptr_t)trap_iretq)
        return recover_iret(frame);
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
        panic_trap(frame, "null pointer: %s at %#lx", text, address);
    if (address < USER_END && (error_code & FAULT_FETCH))
        panic_trap(frame, "%s at user address %#lx", text, address);
    if (address < USER_END)
        panic_trap(frame, "user memory touched outside the usercopy functions: %s at %#lx", text,
                   address);
    panic_trap(frame, "page fault: %s at %#lx (%s)", text, address,
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

    if ((address >= guard && address < context->stack_bottom) ||
        (frame->sp >= guard && frame->sp <= context->stack_bottom))
        panic_trap(frame, "kernel stack overflow of thread %s", cpu_running_name());
    panic_trap(frame, "double fault");
}

static void nmi(const struct trap_frame *frame)
{
    log_warn("non-maskable interrupt at rip %#lx, in %s", frame->ip, context_name(this_context()));
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

/* --- the table ------------------------------------------------------------------------------- */

static void set_gate(unsigned vector, uintptr_t entry, unsigned stack, bool user)
{
    gates[vector] = (struct gate){
        .offset_low = (uint16_t)entry,
        .selector = SEGMENT_KERNEL_CODE,
        .stack = (uint8_t)stack,
        .type = GATE_INTERRUPT | (user ? GATE_USER : 0),
        .offset_middle = (uint16_t)(entry >> 16),
        .offset_high = (uint32_t)(entry >> 32),
    };
}

void trap_init(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof gates - 1, (uintptr_t)gates};

    /* INT n from a program reaches only breakpoint and overflow; all else is a protection fault,
       int 0x80 included, as on a Linux without the 32-bit system calls. */
    for (unsigned vector = 0; vector < 256; vector++)
        set_gate(vector, (uintptr_t)trap_stubs[vector], 0,
                 vector == TRAP_BREAKPOINT || vector == TRAP_OVERFLOW);
    set_gate(TRAP_PAGE_FAULT, (uintptr_t)page_fault_entry, 0, false);
    gates[TRAP_DOUBLE_FAULT].stack = STACK_DOUBLE_FAULT + 1;
    gates[TRAP_NMI].stack = STACK_NMI + 1;
    gates[TRAP_DEBUG].stack = STACK_DEBUG + 1;
    gates[TRAP_MACHINE_CHECK].stack = STACK_MACHINE_CHECK + 1;
    __asm__ volatile("lidt %0" ::"m"(pointer) : "memory");
}
