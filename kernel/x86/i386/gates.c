/*
 * The interrupt descriptor table of 32-bit protected mode, the double fault's task, and the way out
 * of a return to user mode that fails. State: the table, constant after boot.
 */

#include "core/log.h"
#include "core/string.h"
#include "x86/cpu_state.h"
#include "x86/trap.h"

#define GATE_INTERRUPT 0x8e
#define GATE_TASK      0x85
#define GATE_USER      0x60 /* privilege level 3 */

#define SYSTEM_CALL_VECTOR 0x80

struct gate {
    uint16_t offset_low, selector;
    uint8_t unused, type;
    uint16_t offset_high;
};

static struct gate gates[256];

extern const char trap_stubs[256][16], page_fault_entry[], syscall_entry[];
extern const char trap_segments[], trap_iret[];
extern const char trap_segments_narrow[], trap_iret_narrow[];

_Noreturn void trap_double_fault(void);
struct trap_frame *trap_dispatch(struct trap_frame *frame);

/*
 * A selector that cannot be loaded becomes the null selector, and its POP is done again: the
 * program meets its mistake when it uses the segment. IRET that refuses what it found (a bad code
 * or stack selector) is the program's fault: its registers are loaded already, and the five words
 * that IRET tried to load lie at the frame's stack pointer, at the top of the thread's stack. Both
 * together are the user frame as it was; the new exception's own frame has overwritten the place of
 * its registers.
 */
struct trap_frame *trap_recover_return(struct trap_frame *frame,
                                       void (*signal)(struct trap_frame *user))
{
    unsigned long *stack = (unsigned long *)trap_stack_pointer(frame);
    struct trap_frame user, *place = trap_user_frame();

    if ((frame->ip >= (uintptr_t)trap_segments && frame->ip < (uintptr_t)trap_iret) ||
        (frame->ip >= (uintptr_t)trap_segments_narrow && frame->ip < (uintptr_t)trap_iret_narrow)) {
        *stack = 0;
        return frame;
    }
    if (frame->ip != (uintptr_t)trap_iret && frame->ip != (uintptr_t)trap_iret_narrow)
        return NULL;
    memcpy(&user, frame, offsetof(struct trap_frame, ip));
    memcpy(&user.ip, stack, sizeof user - offsetof(struct trap_frame, ip));
    user.cs |= 3;
    user.vector = TRAP_IRET;
    user.error_code = 0;
    *place = user;
    signal(place);
    interrupts_disable();
    return place;
}

void trap_log_registers(const struct trap_frame *f)
{
    bool user = trap_from_user(f);
    unsigned ss = (user ? f->ss : SEGMENT_KERNEL_DATA) & 0xffff;

    log_error("eax %08lx ebx %08lx ecx %08lx edx %08lx", f->ax, f->bx, f->cx, f->dx);
    log_error("esi %08lx edi %08lx ebp %08lx esp %08lx", f->si, f->di, f->bp,
              trap_stack_pointer(f));
    log_error("eip %08lx cs %04lx ss %04x ds %04x es %04x fs %04x gs %04x eflags %08lx", f->ip,
              f->cs & 0xffff, ss, f->ds, f->es, f->fs, f->gs, f->flags);
}

void trap_log_control_registers(void)
{
    log_error("cr0 %08lx cr2 %08lx cr3 %08lx cr4 %08lx", cr0_read(), cr2_read(), cr3_read(),
              cr4_read());
}

/* The state of what was running is in the task state that the CPU left. */
_Noreturn void trap_double_fault(void)
{
    const struct task_state *state = this_cpu()->tss;
    struct trap_frame frame = {
        .bx = state->bx,
        .cx = state->cx,
        .dx = state->dx,
        .si = state->si,
        .di = state->di,
        .bp = state->bp,
        .ax = state->ax,
        .ds = (uint16_t)state->ds,
        .es = (uint16_t)state->es,
        .fs = (uint16_t)state->fs,
        .gs = (uint16_t)state->gs,
        .vector = TRAP_DOUBLE_FAULT,
        .ip = state->ip,
        .cs = state->cs,
        .flags = state->flags,
        .sp = state->sp,
        .ss = state->ss,
    };

    trap_dispatch(&frame);
    __builtin_unreachable();
}

static void set_gate(unsigned vector, uintptr_t entry, bool user)
{
    gates[vector] = (struct gate){
        .offset_low = (uint16_t)entry,
        .selector = SEGMENT_KERNEL_CODE,
        .type = GATE_INTERRUPT | (user ? GATE_USER : 0),
        .offset_high = (uint16_t)(entry >> 16),
    };
}

void trap_init(void)
{
    struct {
        uint16_t limit;
        uintptr_t base;
    } __attribute__((packed)) pointer = {sizeof gates - 1, (uintptr_t)gates};

    /* INT n from a program reaches only breakpoint, overflow and the system calls; all else is a
       protection fault. */
    for (unsigned vector = 0; vector < 256; vector++)
        set_gate(vector, (uintptr_t)trap_stubs[vector],
                 vector == TRAP_BREAKPOINT || vector == TRAP_OVERFLOW);
    set_gate(TRAP_PAGE_FAULT, (uintptr_t)page_fault_entry, false);
    set_gate(SYSTEM_CALL_VECTOR, (uintptr_t)syscall_entry, true);
    gates[TRAP_DOUBLE_FAULT] = (struct gate){.selector = SEGMENT_DOUBLE, .type = GATE_TASK};
    __asm__ volatile("lidt %0" ::"m"(pointer) : "memory");
}
