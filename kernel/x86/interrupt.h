#ifndef KERNEL_X86_INTERRUPT_H
#define KERNEL_X86_INTERRUPT_H

#include "x86/trap.h"

/*
 * Device interrupts: the 16 lines of the PC's interrupt controllers. A handler runs with interrupts
 * off on the interrupted thread's kernel stack, must not sleep and must not call the library.
 * Several may share a line (PCI): all are called, and a handler whose device is not asking returns
 * at once.
 */
typedef void (*irq_handler)(struct trap_frame *frame, void *argument);

/* Also unmasks the line. 0, or -1 when the line does not exist or memory is short. */
int irq_register(unsigned line, irq_handler handler, void *argument);

/* Interrupts of a line since boot; false: there is no such line. */
bool irq_count(unsigned line, uint64_t *out);

void irq_init(void);
void irq_mask(unsigned line);
void irq_unmask(unsigned line);

/* True inside a device interrupt handler. */
static inline bool in_interrupt(void)
{
    return this_cpu()->interrupt_depth != 0;
}

#endif
