/*
 * The host's end of the channel: bytes to messages and back (channel_protocol.h).
 * Never blocks: what the socket does not take yet is kept here.
 */
#ifndef RUN_CHANNEL_H
#define RUN_CHANNEL_H

#include "../../kernel/drivers/channel_protocol.h"

#include <stdbool.h>
#include <stddef.h>

struct channel {
    int fd; /* -1 once the other side is gone or does not keep to the protocol */
    char *in;
    size_t in_start, in_length;
    char *out;
    size_t out_start, out_length, out_capacity;
};

enum channel_status {
    CHANNEL_MESSAGE, /* a message is there */
    CHANNEL_NOTHING, /* none yet */
    CHANNEL_BROKEN,  /* the bytes are no messages; the channel is closed */
};

void channel_open(struct channel *channel, int fd);
void channel_close(struct channel *channel);

/* Queues a message of two parts (either may be empty); dropped when the channel is closed. */
void channel_send(struct channel *channel, enum channel_type type, enum channel_stream stream,
                  const void *first, size_t first_size, const void *second, size_t second_size);

/* Writes what the socket takes. */
void channel_flush(struct channel *channel);

/* Reads what is there; false at the end of the stream, with the channel closed. */
bool channel_fill(struct channel *channel);

/* Takes the next whole message; *out_payload is valid until the next call of channel_fill(). */
enum channel_status channel_next(struct channel *channel, struct channel_header *out_header,
                                 const char **out_payload);

#endif
