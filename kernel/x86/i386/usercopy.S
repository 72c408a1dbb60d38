/*
 * Copies between the kernel and a program, by words, then by bytes. Range checks are done in
 * usercopy.c. When an access to user memory faults for good, execution goes on at the fixup: a
 * failed word copy is continued by bytes, so that everything up to the bad page arrives; then what
 * ecx still holds is the number of bytes not copied.
 */

#include "x86/usercopy_macros.inc"

    .text

/* size_t user_copy(void *to, const void *from, size_t size): bytes not copied */
    .globl user_copy
    .balign 16
user_copy:
    pushl %esi
    pushl %edi
    movl 12(%esp), %edi
    movl 16(%esp), %esi
    movl 20(%esp), %edx
    SMAP 1
    movl %edx, %ecx
    shrl $2, %ecx
    andl $3, %edx
1:  rep movsl
    movl %edx, %ecx
2:  rep movsb
3:  SMAP 0
    movl %ecx, %eax
    popl %edi
    popl %esi
    ret
4:  leal (%edx, %ecx, 4), %ecx
    jmp 2b
    FIXUP 1b, 4b
    FIXUP 2b, 3b

/* size_t user_clear(void *to, size_t size): bytes not cleared */
    .globl user_clear
    .balign 16
user_clear:
    pushl %edi
    movl 8(%esp), %edi
    movl 12(%esp), %edx
    SMAP 1
    movl %edx, %ecx
    shrl $2, %ecx
    andl $3, %edx
    xorl %eax, %eax
1:  rep stosl
    movl %edx, %ecx
2:  rep stosb
3:  SMAP 0
    movl %ecx, %eax
    popl %edi
    ret
4:  leal (%edx, %ecx, 4), %ecx
    jmp 2b
    FIXUP 1b, 4b
    FIXUP 2b, 3b

/* long user_string(char *to (may be NULL), const char *from, size_t limit): length without the end,
   limit when there was none, -14 */
    .globl user_string
    .balign 16
user_string:
    pushl %esi
    pushl %edi
    movl 12(%esp), %edi
    movl 16(%esp), %esi
    movl 20(%esp), %edx
    SMAP 1
    xorl %eax, %eax
1:  cmpl %edx, %eax
    jae 4f
2:  movzbl (%esi, %eax), %ecx
    testl %edi, %edi
    jz 3f
    movb %cl, (%edi, %eax)
3:  testb %cl, %cl
    jz 4f
    incl %eax
    jmp 1b
4:  SMAP 0
    popl %edi
    popl %esi
    ret
5:  movl $-14, %eax
    jmp 4b
    FIXUP 2b, 5b

    .section .note.GNU-stack, "", @progbits
