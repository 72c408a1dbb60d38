/*
 * Ports of a virtio console device (virtio 1.1, 5.3): byte streams to the host, each with a name.
 *
 * One owner per port, who serialises the calls of each direction (by a lock, or in one thread).
 * Input lies in buffers that the device filled; output goes into buffers taken from the port,
 * several of which may be under way. The owner sleeps on port->changed for any progress: it is
 * woken from interrupt context.
 */
#ifndef KERNEL_DRIVERS_VIRTIO_SERIAL_H
#define KERNEL_DRIVERS_VIRTIO_SERIAL_H

#include "core/compiler.h"
#include "proc/wait.h"

/* Bytes that one output buffer holds, and how many a port has. */
#define VIRTIO_PORT_OUTPUT_SIZE  (32u * 1024)
#define VIRTIO_PORT_OUTPUT_COUNT 8u

struct virtio_port {
    struct wait_queue changed; /* (any context) input arrived, or output buffers came back */
    char *name;                /* (c) from the host, NULL: none */
};

/* The port that the host gave this name, opened for us; NULL: there is none. At most one caller. */
struct virtio_port *virtio_serial_open(const char *name);

/*
 * The next piece of input: its bytes stay until virtio_port_done() with the same pointer, which
 * offers the buffer to the device again. NULL: nothing has arrived.
 */
const char *virtio_port_receive(struct virtio_port *port, size_t *out_length);
void virtio_port_done(struct virtio_port *port, const char *bytes);
bool virtio_port_has_input(const struct virtio_port *port);

/*
 * An output buffer of VIRTIO_PORT_OUTPUT_SIZE bytes, NULL: all are under way (port->changed tells).
 * It goes back with send (length > 0 bytes of it; the order of the calls is the order on the wire)
 * or with discard.
 */
char *virtio_port_buffer(struct virtio_port *port);
bool virtio_port_has_buffer(const struct virtio_port *port);
void virtio_port_send(struct virtio_port *port, char *buffer, size_t length);
void virtio_port_discard(struct virtio_port *port, char *buffer);

/* Collects buffers that the device is done with; true when none is under way any more. */
bool virtio_port_sent(struct virtio_port *port);

/* False once the host's side was closed. */
bool virtio_port_connected(const struct virtio_port *port);

#endif
