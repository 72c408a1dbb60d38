/*
 * The ways into the kernel and out of it.
 *
 * Every entry builds a struct trap_frame on the kernel stack: from user mode at the very top of the
 * running thread's, from kernel mode below what was running. All segment registers are saved and
 * loaded again, because a program may have put anything into its own. On the way out they may
 * refuse what they are given, and so may IRET: trap_recover_return() knows those instructions by
 * their addresses.
 */

#include "x86/layout.h"
#include "x86/i386/offsets.h"

#define ENOSYS 38
#define FLAGS_VM 0x20000
#define SELECTOR_LOCAL 4 /* a selector's bit: of the local table */
/* CF PF AF ZF SF TF IF DF OF NT RF AC ID and the bit that is always 1: what a program's flags may
   hold. What was saved is not trusted to hold no more. */
#define FLAGS_OF_PROGRAMS 0x254fd7

/* Three bytes that boot makes CLAC where there is SMAP: the program's AC must not open it. */
    .macro CLOSE_USER
771:
    .byte 0x0f, 0x1f, 0x00
    .pushsection .smap_patch, "a"
    .long 771b - ., 0
    .popsection
    .endm

/* Error code and vector are pushed already. Leaves the kernel's segments loaded. */
    .macro PUSH_REGISTERS ax=%eax
    pushl %gs
    pushl %fs
    pushl %es
    pushl %ds
    pushl \ax
    pushl %ebp
    pushl %edi
    pushl %esi
    pushl %edx
    pushl %ecx
    pushl %ebx
    movl $SELECTOR_KERNEL_DATA, %edx
    movl %edx, %ds
    movl %edx, %es
    movl $SELECTOR_CPU, %edx
    movl %edx, %fs
    cld
    CLOSE_USER
    testl $FLAGS_VM, FRAME_FLAGS(%esp)
    jz 773f
    call leave_vm86
773:
    .endm

/* From the kernel, whose stack segment is another one while IRET goes to a narrow stack: what was found
   becomes the same place of the usual one. */
    .macro WIDEN_STACK
    movl %ss, %edx
    cmpw $SELECTOR_NARROW, %dx
    jne 772f
    movl $SELECTOR_KERNEL_DATA, %edx
    movl %esp, %ecx
    addl %fs:CPU_NARROW_OFFSET, %ecx
    movl %edx, %ss
    movl %ecx, %esp
772:
    .endm

    .macro POP_REGISTERS
    popl %ebx
    popl %ecx
    popl %edx
    popl %esi
    popl %edi
    popl %ebp
    popl %eax
    .endm

    .section .text.entry, "ax"

/* From virtual 8086 mode, which a program must not be able to enter (SDM 2A, IRET: only level 0 loads the
   flag), and yet is let into by QEMU's translator: the frame ends with four words more, and its segments are
   no selectors. The words are dropped; what is left looks like any program with senseless selectors, whose
   way back ends in a signal. The flag alone says nothing: the translator shows it in other modes, too, where
   there are no such words. They are there when the frame ends so far below the stack's top. */
leave_vm86:
    popl %edx
    pushl %ecx
    pushl %eax
    leal 8 + FRAME_SIZE + 16(%esp), %ecx
    cmpl %ecx, %fs:CPU_STACK_TOP
    jne 2f
    movl $(FRAME_SIZE / 4), %ecx
1:
    movl 4(%esp, %ecx, 4), %eax
    movl %eax, 20(%esp, %ecx, 4)
    decl %ecx
    jnz 1b
    popl %eax
    popl %ecx
    addl $16, %esp
    orl $3, FRAME_CS(%esp)
    andl $~FLAGS_VM, FRAME_FLAGS(%esp)
    jmp *%edx
2:
    popl %eax
    popl %ecx
    andl $~FLAGS_VM, FRAME_FLAGS(%esp)
    jmp *%edx

/* --- system calls: int 0x80 ------------------------------------------------------------------ */

    .globl syscall_entry
    .balign 64
syscall_entry:
    pushl %eax
    pushl $TRAP_SYSCALL_NUMBER
    PUSH_REGISTERS $-ENOSYS
    movl FRAME_DX(%esp), %edx        /* the way in used it */
    sti
    pushl %ebp                  /* the six arguments, copied: what is called may change them */
    pushl %edi
    pushl %esi
    pushl %edx
    pushl %ecx
    pushl %ebx
    cmpl %fs:CPU_LIMIT, %eax
    jae syscall_no_such
    movl syscall_table(, %eax, 4), %eax
    testl %eax, %eax
    jz syscall_no_such
    call *%eax
syscall_done:
    addl $24, %esp
    movl %eax, FRAME_AX(%esp)
    jmp return_to_user

syscall_no_such:
    call syscall_unknown
    jmp syscall_done

/* --- back to user mode ----------------------------------------------------------------------- */

exit_work:
    sti
    pushl %esp
    call exit_to_user_work
    addl $4, %esp
return_to_user:
    cli
    movl %fs:CPU_CONTEXT, %edx
    cmpl $0, CONTEXT_EXIT_WORK(%edx)
    jne exit_work
    andl $FLAGS_OF_PROGRAMS, FRAME_FLAGS(%esp)
    testb $SELECTOR_LOCAL, FRAME_SS(%esp)
    jnz return_to_narrow
    POP_REGISTERS
    .globl trap_segments, trap_iret
trap_segments:
    popl %ds
    popl %es
    popl %fs
    popl %gs
    addl $8, %esp
trap_iret:
    iretl

/* To a stack segment of the program's own, which may be one of 16 bits: IRET loads the lower half of the
   stack pointer then, and the program would find the upper half of the kernel's. So IRET is done with a
   stack pointer that has the program's upper half, in a segment whose base makes up for it: the offset of
   both, a multiple of 64 KiB. The vector's and the error code's places hold what LSS loads. */
return_to_narrow:
    leal FRAME_IP(%esp), %eax
    movl FRAME_SP(%esp), %edx
    movw %ax, %dx
    movl %edx, FRAME_VECTOR(%esp)
    movl $SELECTOR_NARROW, FRAME_ERROR_CODE(%esp)
    subl %edx, %eax
    movl %eax, %fs:CPU_NARROW_OFFSET
    movl %fs:CPU_SELF, %edx
    shrl $16, %eax
    movb %al, STATE_NARROW + 4(%edx)
    movb %ah, STATE_NARROW + 7(%edx)
    POP_REGISTERS
    .globl trap_segments_narrow, trap_iret_narrow
trap_segments_narrow:
    popl %ds
    popl %es
    popl %fs
    popl %gs
    lss (%esp), %esp
trap_iret_narrow:
    iretl

/* --- page faults: the hot exception ---------------------------------------------------------- */

    .globl page_fault_entry
    .balign 64
page_fault_entry:
    pushl $14
    PUSH_REGISTERS
    movl %cr2, %edx             /* before anything can fault again */
    movl %esp, %ecx
    testb $3, FRAME_CS(%esp)
    jz 1f
    sti
    pushl FRAME_ERROR_CODE(%ecx)
    pushl %edx
    pushl %ecx
    call fault_handle
    addl $12, %esp
    jmp return_to_user
1:
    pushl %edx
    pushl %ecx
    call trap_page_fault_kernel
    movl %eax, %esp
    jmp return_any

/* --- all other exceptions and interrupts ----------------------------------------------------- */

    .balign 16
trap_common:
    PUSH_REGISTERS
    WIDEN_STACK
    pushl %esp
    call trap_dispatch
    movl %eax, %esp             /* another frame after a bad IRET: then it is a user one */
return_any:
    testb $3, FRAME_CS(%esp)
    jnz return_to_user
    POP_REGISTERS
    popl %ds
    popl %es
    popl %fs
    /* Not %gs, which the kernel does not use: it may still hold a selector of a program whose
       descriptor is gone since (exec, set_thread_area, another thread's table). */
    addl $12, %esp
    iretl

/* One stub of 16 bytes per vector; trap_init() finds them by that. The CPU itself pushes an error
   code for 8, 10 to 14, 17, 21, 29 and 30. */
    .globl trap_stubs
    .balign 16
trap_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
    pushl $0
    .endif
    pushl $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

/* A task of its own: the state of what was running lies in the CPU's task state segment. */
    .globl double_fault_entry
double_fault_entry:
    cld
    call trap_double_fault
    ud2

/* --- threads --------------------------------------------------------------------------------- */

/* void context_switch_stacks(uintptr_t *save_sp, uintptr_t load_sp) */
    .globl context_switch_stacks
    .balign 16
context_switch_stacks:
    movl 4(%esp), %eax
    movl 8(%esp), %edx
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    movl %esp, (%eax)
    movl %edx, %esp
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    ret

/* First breath of a kernel thread: function in ebx, argument in esi. */
    .globl context_start_kernel
context_start_kernel:
    call thread_switched
    sti
    pushl %esi
    call *%ebx
    ud2

/* First breath of a user thread: its frame is what the stack pointer points at. */
    .globl context_start_user
context_start_user:
    call thread_switched
    jmp return_to_user

/* void enter_user_frame(frame at the stack's top), interrupts off */
    .globl enter_user_frame
enter_user_frame:
    movl 4(%esp), %esp
    jmp return_to_user

    .section .note.GNU-stack, "", @progbits
