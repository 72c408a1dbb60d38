#include "x86/serial.h"

#include "x86/cpu.h"
#include "x86/interrupt.h"

/* 16550 registers, as offsets from the port. */
enum {
    UART_DATA = 0,
    UART_DIVISOR_LOW = 0,
    UART_INTERRUPTS = 1,
    UART_DIVISOR_HIGH = 1,
    UART_FIFO = 2,
    UART_LINE_CONTROL = 3,
    UART_MODEM_CONTROL = 4,
    UART_LINE_STATUS = 5,
    UART_MODEM_STATUS = 6,
    UART_SCRATCH = 7,
};

#define LINE_8N1          0x03
#define LINE_DIVISOR      0x80
#define FIFO_ON_CLEARED   0x07
#define MODEM_DTR_RTS_IRQ 0x0b
#define STATUS_RECEIVED   0x01
#define STATUS_CAN_SEND   0x20
#define STATUS_SENT       0x40
#define MODEM_CTS_DSR_DCD 0xb0
#define RECEIVE_INTERRUPT 0x01
#define SEND_FIFO_SIZE    16
#define SEND_TURNS        1000000 /* then the port is stuck: drop the byte, not the kernel */
#define COM1_LINE         4

static bool console_present;
static void (*console_receive)(uint8_t byte);

bool serial_init(uint16_t port)
{
    port_write8(port + UART_SCRATCH, 0x5a);
    if (port_read8(port + UART_SCRATCH) != 0x5a)
        return false;
    port_write8(port + UART_INTERRUPTS, 0);
    port_write8(port + UART_LINE_CONTROL, LINE_DIVISOR);
    port_write8(port + UART_DIVISOR_LOW, 1); /* 115200 baud */
    port_write8(port + UART_DIVISOR_HIGH, 0);
    port_write8(port + UART_LINE_CONTROL, LINE_8N1);
    port_write8(port + UART_FIFO, FIFO_ON_CLEARED);
    port_write8(port + UART_MODEM_CONTROL, MODEM_DTR_RTS_IRQ);
    if (port == SERIAL_COM1)
        console_present = true;
    return true;
}

bool serial_console_present(void)
{
    return console_present;
}

bool serial_connected(uint16_t port)
{
    return (port_read8(port + UART_MODEM_STATUS) & MODEM_CTS_DSR_DCD) != 0;
}

static void wait_for(uint16_t port, uint8_t status)
{
    for (unsigned turn = 0; turn < SEND_TURNS; turn++) {
        if (port_read8(port + UART_LINE_STATUS) & status)
            return;
        cpu_relax();
    }
}

void serial_write(uint16_t port, const char *bytes, size_t size)
{
    if (port == SERIAL_COM1 && !console_present)
        return;
    for (size_t i = 0; i < size; i++) {
        if (i % SEND_FIFO_SIZE == 0) /* an empty one takes as much without being asked again */
            wait_for(port, STATUS_CAN_SEND);
        port_write8(port + UART_DATA, (uint8_t)bytes[i]);
    }
}

void serial_drain(uint16_t port)
{
    if (port != SERIAL_COM1 || console_present)
        wait_for(port, STATUS_SENT);
}

static void serial_interrupt(struct trap_frame *frame, void *argument)
{
    (void)frame;
    (void)argument;
    while (port_read8(SERIAL_COM1 + UART_LINE_STATUS) & STATUS_RECEIVED)
        console_receive(port_read8(SERIAL_COM1 + UART_DATA));
}

void serial_console_set_receiver(void (*receive)(uint8_t byte))
{
    bool first = console_receive == NULL;

    console_receive = receive;
    if (!first || !console_present)
        return;
    irq_register(COM1_LINE, serial_interrupt, NULL);
    port_write8(SERIAL_COM1 + UART_INTERRUPTS, RECEIVE_INTERRUPT);
}
