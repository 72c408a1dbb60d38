/*
 * The two 8259 interrupt controllers of a PC, eight lines each, the second hanging off line 2 of
 * the first. Their vectors are moved away from the exceptions; every line starts masked.
 *
 * A line is acknowledged before its handlers run: interrupts stay off until they are done, so it
 * cannot come in again below them, and a handler may end in another thread.
 *
 * Locking: the handler lists grow only, at the head, by one store; a handler that runs meanwhile
 * sees the old or the new list.
 */

#include "x86/interrupt.h"

#include "core/log.h"
#include "core/memory.h"
#include "x86/irq.h"

#define PIC1_COMMAND 0x20
#define PIC1_DATA    0x21
#define PIC2_COMMAND 0xa0
#define PIC2_DATA    0xa1
#define PIC_ICW1     0x11 /* edge triggered, cascaded, ICW4 follows */
#define PIC_ICW4     0x01 /* 8086 mode */
#define PIC_END      0x20
#define PIC_READ_ISR 0x0b
#define PIC_CASCADE  2
#define PIC_LINES    16

struct irq_action {
    struct irq_action *next;
    irq_handler handler;
    void *argument;
};

static struct irq_action *actions[PIC_LINES];
static uint16_t mask = 0xffff & ~(1u << PIC_CASCADE);
static uint64_t spurious;

static void write_mask(void)
{
    port_write8(PIC1_DATA, (uint8_t)mask);
    port_write8(PIC2_DATA, (uint8_t)(mask >> 8));
}

void irq_mask(unsigned line)
{
    unsigned long flags = interrupts_save();

    mask |= (uint16_t)(1u << line);
    write_mask();
    interrupts_restore(flags);
}

void irq_unmask(unsigned line)
{
    unsigned long flags = interrupts_save();

    mask &= (uint16_t) ~(1u << line);
    write_mask();
    interrupts_restore(flags);
}

void irq_init(void)
{
    port_write8(PIC1_COMMAND, PIC_ICW1);
    port_write8(PIC2_COMMAND, PIC_ICW1);
    port_write8(PIC1_DATA, TRAP_IRQ_BASE);
    port_write8(PIC2_DATA, TRAP_IRQ_BASE + 8);
    port_write8(PIC1_DATA, 1u << PIC_CASCADE);
    port_write8(PIC2_DATA, PIC_CASCADE);
    port_write8(PIC1_DATA, PIC_ICW4);
    port_write8(PIC2_DATA, PIC_ICW4);
    write_mask();
}

int irq_register(unsigned line, irq_handler handler, void *argument)
{
    struct irq_action *action;

    if (line >= PIC_LINES || line == PIC_CASCADE)
        return -1;
    action = kernel_alloc(sizeof *action);
    if (!action)
        return -1;
    *action = (struct irq_action){actions[line], handler, argument};
    __atomic_store_n(&actions[line], action, __ATOMIC_RELEASE);
    irq_unmask(line);
    return 0;
}

/* Lines 7 and 15 also report a request that went away again: then no bit is in service. */
static bool is_spurious(unsigned line)
{
    uint16_t command = line == 7 ? PIC1_COMMAND : PIC2_COMMAND;

    if (line != 7 && line != 15)
        return false;
    port_write8(command, PIC_READ_ISR);
    if (port_read8(command) & 0x80)
        return false;
    if (line == 15)
        port_write8(PIC1_COMMAND, PIC_END);
    spurious++;
    return true;
}

static uint64_t counts[PIC_LINES]; /* interrupts are off where they change */

bool irq_count(unsigned line, uint64_t *out)
{
    if (line >= PIC_LINES)
        return false;
    *out = counts[line];
    return true;
}

void irq_dispatch(struct trap_frame *frame)
{
    unsigned line = (unsigned)frame->vector - TRAP_IRQ_BASE;
    struct cpu *cpu = this_cpu();

    if (line >= PIC_LINES) {
        log_warn("interrupt at vector %lu, which nobody uses", frame->vector);
        return;
    }
    if (is_spurious(line))
        return;
    if (line >= 8)
        port_write8(PIC2_COMMAND, PIC_END);
    port_write8(PIC1_COMMAND, PIC_END);
    counts[line]++;
    cpu->interrupt_depth++;
    for (const struct irq_action *a = actions[line]; a; a = a->next)
        a->handler(frame, a->argument);
    cpu->interrupt_depth--;
}
