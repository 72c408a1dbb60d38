#ifndef KERNEL_X86_SERIAL_H
#define KERNEL_X86_SERIAL_H

/*
 * 16550 serial ports. Output waits for the transmitter (polled, any context); input comes by
 * interrupt once a receiver is set.
 */

#include "core/compiler.h"

#define SERIAL_COM1 0x3f8
#define SERIAL_COM2 0x2f8

/* Returns false when there is no port. */
bool serial_init(uint16_t port);
void serial_write(uint16_t port, const char *bytes, size_t size);

/* Waits until all of it is on the line: what is in the FIFO is lost when the machine goes. */
void serial_drain(uint16_t port);

/* The console port is COM1. The receiver is called in interrupt context, one byte at a time. */
void serial_console_set_receiver(void (*receive)(uint8_t byte));
bool serial_console_present(void);

/* Somebody is at the other end: one of the lines DCD, DSR and CTS is up. */
bool serial_connected(uint16_t port);

#endif
