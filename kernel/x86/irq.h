#ifndef KERNEL_X86_IRQ_H
#define KERNEL_X86_IRQ_H

/* Between trap.c and interrupt.c. */

struct trap_frame;

void irq_dispatch(struct trap_frame *frame);

#endif
