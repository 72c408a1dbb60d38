/* The inside of the channel, shared by channel.c (messages) and channel_stream.c (files). */
#ifndef KERNEL_DRIVERS_CHANNEL_PRIVATE_H
#define KERNEL_DRIVERS_CHANNEL_PRIVATE_H

#include "drivers/channel.h"
#include "drivers/virtio_serial.h"
#include "proc/wait.h"

#include <quire/lock.h>

/* Payload that fits one output buffer. */
#define CHANNEL_PART (VIRTIO_PORT_OUTPUT_SIZE - sizeof(struct channel_header))

/* Bytes of standard input under way or waiting here; a power of two. */
#define CHANNEL_INPUT_SIZE (128u * 1024)

/* Output: streams 1, 2 and (through the terminal) 3. */
struct channel_output {
    uint32_t credit; /* (l) bytes that the host takes */
    bool closed;     /* (l) nobody reads it any more */
    struct wait_queue changed;
};

/* Standard input: a ring that the channel's thread fills and readers empty. */
struct channel_input {
    char *ring;
    uint32_t head, tail; /* (l) bytes put in and taken out since the start */
    uint32_t granted;    /* (l) bytes that the host may still send */
    bool ended, dropped; /* (l) end of file came; the last file on it was closed */
    struct wait_queue changed;
};

struct channel {
    struct virtio_port *port;
    struct quire_spinlock lock; /* (l); threads only. Order: a terminal's lock, then this. */
    struct channel_output output[CHANNEL_STREAMS];
    struct channel_input input;
    bool finished; /* (l) EXIT is sent or the peer is broken: nothing is sent any more */
};

extern struct channel channel;

/* An output buffer, waiting for one if need be. Gives it up with send or virtio_port_discard. */
char *channel_buffer(void);
/* The same, -ERESTARTSYS when a signal came first, -EAGAIN if it must not wait. */
int channel_buffer_interruptible(bool wait, char **out_buffer);
void channel_buffer_discard(char *buffer);
/* Sends a buffer whose payload of `length` bytes lies behind the header's place. */
void channel_send_buffer(char *buffer, enum channel_type type, enum channel_stream stream,
                         size_t length);
/* A whole message. */
void channel_send(enum channel_type type, enum channel_stream stream, const void *payload,
                  size_t length);
void channel_grant(enum channel_stream stream, uint32_t bytes);

/* From the channel's thread: input for stream 0. False: more than was granted. */
bool channel_input_received(const char *bytes, size_t length);
void channel_input_ended(void);
void channel_output_closed(enum channel_stream stream);

#endif
