/*
 * The ways into the kernel and out of it.
 *
 * Every entry builds a struct trap_frame on the kernel stack. From user mode the stack is the
 * running thread's, at its very top, and GS is exchanged first thing. From kernel mode the frame
 * lies below what was running and GS is right already, with one exception: an IRET to user mode
 * that faults does so after GS went back, which is told by its address (trap_iretq).
 *
 * Exceptions that may strike between SWAPGS and its neighbours (NMI, debug, machine check, double
 * fault) look at the GS base itself instead, on stacks of their own.
 */

#include "x86/layout.h"
#include "x86/x86_64/offsets.h"

#define ENOSYS 38
#define RFLAGS_TF_RF 0x10100
/* CF PF AF ZF SF TF IF DF OF NT RF AC ID and the bit that is always 1: what a program's flags may
   hold. What was saved is not trusted to hold no more: QEMU pushes flags with I/O privilege that were
   never there, after some instructions of random code, and IRET and SYSRET would grant it. */
#define RFLAGS_OF_PROGRAMS 0x254fd7

/* Three bytes that boot makes CLAC where there is SMAP: the program's AC must not open it. */
    .macro CLOSE_USER
771:
    .byte 0x0f, 0x1f, 0x00
    .pushsection .smap_patch, "a"
    .long 771b - ., 0
    .popsection
    .endm

    .macro PUSH_REGISTERS rax=%rax
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq \rax
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    .endm

    .macro POP_REGISTERS
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rax
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    addq $16, %rsp
    .endm

    .section .text.entry, "ax"

/* --- system calls ---------------------------------------------------------------------------- */

    .globl syscall_entry
    .balign 64
syscall_entry:
    swapgs
    movq %rsp, %gs:CPU_USER_SP
    movq %gs:CPU_STACK_TOP, %rsp
    pushq $SELECTOR_USER_DATA
    pushq %gs:CPU_USER_SP
    pushq %r11
    pushq $SELECTOR_USER_CODE
    pushq %rcx
    pushq %rax
    pushq $TRAP_SYSCALL_NUMBER
    PUSH_REGISTERS $-ENOSYS
    sti
    movl %eax, %eax             /* as on Linux, the number is 32 bits */
    cmpq %gs:CPU_LIMIT, %rax
    jae syscall_no_such
    movq syscall_table(, %rax, 8), %rax
    testq %rax, %rax
    jz syscall_no_such
    movq %r10, %rcx             /* the fourth argument, as C wants it */
    call *%rax
syscall_done:
    movq %rax, FRAME_RAX(%rsp)
    cli
    movq %gs:CPU_CONTEXT, %rdx
    cmpl $0, CONTEXT_EXIT_WORK(%rdx)
    jne exit_work
    /* SYSRET: only for a frame nobody changed, to an address in the user half (a non-canonical one
       would fault in the kernel on the user's stack), not in the middle of single steps. */
    cmpq $TRAP_SYSCALL_NUMBER, FRAME_VECTOR(%rsp)
    jne return_to_user_registers
    movq FRAME_RIP(%rsp), %rcx
    cmpq user_end(%rip), %rcx
    jae return_to_user_registers
    movl FRAME_RFLAGS(%rsp), %r11d
    andl $RFLAGS_OF_PROGRAMS, %r11d
    testl $RFLAGS_TF_RF, %r11d
    jnz return_to_user_registers
    /* C kept rbx, rbp and r12 to r15; rax is still the result. */
    movq FRAME_R10(%rsp), %r10
    movq FRAME_R9(%rsp), %r9
    movq FRAME_R8(%rsp), %r8
    movq FRAME_RDX(%rsp), %rdx
    movq FRAME_RSI(%rsp), %rsi
    movq FRAME_RDI(%rsp), %rdi
    movq FRAME_RSP(%rsp), %rsp
    swapgs
    sysretq

syscall_no_such:
    movq %r10, %rcx
    call syscall_unknown
    jmp syscall_done

/* From compatibility mode there are no system calls: a program that runs code segments of 32 bits finds
   ENOSYS, and itself in the flat one. The stack is still its own, and is not used. (CPUs that do not take
   SYSCALL in this mode never come here.) */
    .globl syscall_entry_32
    .balign 16
syscall_entry_32:
    movl $-ENOSYS, %eax
    andl $RFLAGS_OF_PROGRAMS, %r11d
    sysretl

/* --- back to user mode ----------------------------------------------------------------------- */

exit_work:
    sti
    movq %rsp, %rdi
    call exit_to_user_work
return_to_user:
    cli
    movq %gs:CPU_CONTEXT, %rdx
    cmpl $0, CONTEXT_EXIT_WORK(%rdx)
    jne exit_work
return_to_user_registers:
    andl $RFLAGS_OF_PROGRAMS, FRAME_RFLAGS(%rsp)
    POP_REGISTERS
    swapgs
    .globl trap_iretq
trap_iretq:
    iretq

/* --- page faults: the hot exception ---------------------------------------------------------- */

    .globl page_fault_entry
    .balign 64
page_fault_entry:
    pushq $14
    PUSH_REGISTERS
    cld
    CLOSE_USER
    movq %cr2, %rsi             /* before anything can fault again */
    testb $3, FRAME_CS(%rsp)
    jz 1f
    swapgs
    sti
    movl FRAME_ERROR_CODE(%rsp), %edx
    movq %rsp, %rdi
    call fault_handle
    jmp return_to_user
1:
    cmpq $trap_iretq, FRAME_RIP(%rsp)
    jne 2f
    swapgs
2:
    movq %rsp, %rdi
    call trap_page_fault_kernel
    movq %rax, %rsp
    jmp return_any

/* --- all other exceptions and interrupts ----------------------------------------------------- */

    .balign 16
trap_common:
    PUSH_REGISTERS
    cld
    CLOSE_USER
    testb $3, FRAME_CS(%rsp)
    jz 1f
    swapgs
    movq %rsp, %rdi
    call trap_dispatch
    jmp return_to_user
1:
    cmpq $trap_iretq, FRAME_RIP(%rsp)
    jne 2f
    swapgs
2:
    movq %rsp, %rdi
    call trap_dispatch
    movq %rax, %rsp             /* another frame after a bad IRET: then it is a user one */
return_any:
    testb $3, FRAME_CS(%rsp)
    jnz return_to_user
    POP_REGISTERS
    iretq

/* On a stack of its own, GS unknown. From user mode: move to the thread's stack, then as usual. */
    .balign 16
trap_paranoid:
    PUSH_REGISTERS
    cld
    CLOSE_USER
    testb $3, FRAME_CS(%rsp)
    jz 1f
    swapgs
    movq %rsp, %rsi
    movq %gs:CPU_STACK_TOP, %rdi
    subq $FRAME_SIZE, %rdi
    movq %rdi, %rsp
    movl $(FRAME_SIZE / 8), %ecx
    rep movsq
    movq %rsp, %rdi
    call trap_dispatch
    jmp return_to_user
1:
    movl $MSR_GS_BASE_NUMBER, %ecx
    rdmsr
    movl %edx, %ebx             /* the kernel's base has the top bit set */
    testl %ebx, %ebx
    js 2f
    swapgs
2:
    movq %rsp, %rdi
    call trap_dispatch
    testl %ebx, %ebx
    js 3f
    swapgs
3:
    POP_REGISTERS
    iretq

/* One stub of 16 bytes per vector; trap_init() finds them by that. The CPU itself pushes an error
   code for 8, 10 to 14, 17, 21, 29 and 30. */
    .globl trap_stubs
    .balign 16
trap_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
    pushq $0
    .endif
    pushq $vector
    .if vector == 1 || vector == 2 || vector == 8 || vector == 18
    jmp trap_paranoid
    .else
    jmp trap_common
    .endif
    .set vector, vector + 1
    .endr

/* --- threads --------------------------------------------------------------------------------- */

/* void context_switch_stacks(uintptr_t *save_rsp, uintptr_t load_rsp) */
    .globl context_switch_stacks
    .balign 16
context_switch_stacks:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

/* First breath of a kernel thread: function in rbx, argument in r12. */
    .globl context_start_kernel
context_start_kernel:
    call thread_switched
    sti
    movq %r12, %rdi
    call *%rbx
    ud2

/* First breath of a user thread: its frame is what the stack pointer points at. */
    .globl context_start_user
context_start_user:
    call thread_switched
    jmp return_to_user

/* void enter_user_frame(frame at the stack's top), interrupts off */
    .globl enter_user_frame
enter_user_frame:
    movq %rdi, %rsp
    jmp return_to_user

    .section .note.GNU-stack, "", @progbits
