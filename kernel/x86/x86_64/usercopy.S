/*
 * Copies between the kernel and a program, by words, then by bytes. Range checks are done in
 * usercopy.c. When an access to user memory faults for good, execution goes on at the fixup: a
 * failed word copy is continued by bytes, so that everything up to the bad page arrives; then what
 * rcx still holds is the number of bytes not copied.
 */

#include "x86/usercopy_macros.inc"

    .text

/* size_t user_copy(void *to (rdi), const void *from (rsi), size_t size (rdx)): bytes not copied */
    .globl user_copy
    .balign 16
user_copy:
    SMAP 1
    movq %rdx, %rcx
    shrq $3, %rcx
    andl $7, %edx
1:  rep movsq
    movl %edx, %ecx
2:  rep movsb
3:  SMAP 0
    movq %rcx, %rax
    ret
4:  leaq (%rdx, %rcx, 8), %rcx
    jmp 2b
    FIXUP 1b, 4b
    FIXUP 2b, 3b

/* size_t user_clear(void *to (rdi), size_t size (rsi)): bytes not cleared */
    .globl user_clear
    .balign 16
user_clear:
    SMAP 1
    movq %rsi, %rcx
    shrq $3, %rcx
    andl $7, %esi
    xorl %eax, %eax
1:  rep stosq
    movl %esi, %ecx
2:  rep stosb
3:  SMAP 0
    movq %rcx, %rax
    ret
4:  leaq (%rsi, %rcx, 8), %rcx
    jmp 2b
    FIXUP 1b, 4b
    FIXUP 2b, 3b

/* long user_string(char *to (rdi, may be NULL), const char *from (rsi), size_t limit (rdx)):
   length without the end, limit when there was none, -14 */
    .globl user_string
    .balign 16
user_string:
    SMAP 1
    xorl %eax, %eax
1:  cmpq %rdx, %rax
    jae 4f
2:  movzbl (%rsi, %rax), %ecx
    testq %rdi, %rdi
    jz 3f
    movb %cl, (%rdi, %rax)
3:  testb %cl, %cl
    jz 4f
    incq %rax
    jmp 1b
4:  SMAP 0
    ret
5:  movq $-14, %rax
    jmp 4b
    FIXUP 2b, 5b

    .section .note.GNU-stack, "", @progbits
