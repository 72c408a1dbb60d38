/*
 * The interrupt descriptor table of long mode, and the way out of a return to user mode that
 * fails. State: the table, constant after boot.
 */

#include "core/log.h"
#include "core/string.h"
#include "x86/cpu_state.h"
#include "x86/trap.h"

#define GATE_INTERRUPT 0x8e
#define GATE_USER      0x60 /* privilege level 3 */

struct gate {
    uint16_t offset_low, selector;
    uint8_t stack, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

static struct gate gates[256];

extern const char trap_stubs[256][16], page_fault_entry[], trap_iretq[];

/*
 * IRET refused what it found (a non-canonical address, a bad selector). The registers are the
 * user's already, and the five words it tried to load lie at the frame's stack pointer, at the top
 * of the thread's stack. Both together are the user frame as it was; the new exception's own frame
 * has overwritten the place of its registers.
 */
struct trap_frame *trap_recover_return(struct trap_frame *frame,
                                       void (*signal)(struct trap_frame *user))
{
    struct trap_frame user = *frame, *place = trap_user_frame();

    if (frame->ip != (uintptr_t)trap_iretq)
        return NULL;
    memcpy(&user.ip, (const void *)frame->sp, 5 * sizeof(uint64_t));
    user.cs |= 3;
    *place = user;
    signal(place);
    interrupts_disable();
    return place;
}

void trap_log_registers(const struct trap_frame *f)
{
    log_error("rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->ax, f->bx, f->cx, f->dx);
    log_error("rsi %016lx rdi %016lx rbp %016lx rsp %016lx", f->si, f->di, f->bp, f->sp);
    log_error("r8  %016lx r9  %016lx r10 %016lx r11 %016lx", f->r8, f->r9, f->r10, f->r11);
    log_error("r12 %016lx r13 %016lx r14 %016lx r15 %016lx", f->r12, f->r13, f->r14, f->r15);
    log_error("rip %016lx cs %04lx ss %04lx rflags %08lx", f->ip, f->cs, f->ss, f->flags);
}

void trap_log_control_registers(void)
{
    log_error("cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx efer %04lx", cr0_read(), cr2_read(),
              cr3_read(), cr4_read(), msr_read(MSR_EFER));
}

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
