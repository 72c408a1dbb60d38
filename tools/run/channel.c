#define _GNU_SOURCE
#include "channel.h"

#include "../common/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for several messages, so that one read takes in what the guest sent in a burst. */
#define IN_CAPACITY (4 * (sizeof(struct channel_header) + CHANNEL_MAX_PAYLOAD))

void channel_open(struct channel *channel, int fd)
{
    *channel = (struct channel){.fd = fd, .in = allocate(IN_CAPACITY)};
}

void channel_close(struct channel *channel)
{
    if (channel->fd >= 0)
        close(channel->fd);
    channel->fd = -1;
    channel->out_start = channel->out_length = 0;
}

static void append(struct channel *channel, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    if (channel->out_start > 0 &&
        channel->out_start + channel->out_length + size > channel->out_capacity) {
        memmove(channel->out, channel->out + channel->out_start, channel->out_length);
        channel->out_start = 0;
    }
    if (channel->out_length + size > channel->out_capacity) {
        channel->out_capacity = 2 * (channel->out_length + size);
        channel->out = reallocate(channel->out, channel->out_capacity);
    }
    memcpy(channel->out + channel->out_start + channel->out_length, bytes, size);
    channel->out_length += size;
}

void channel_send(struct channel *channel, enum channel_type type, enum channel_stream stream,
                  const void *first, size_t first_size, const void *second, size_t second_size)
{
    struct channel_header header = {.length = (uint32_t)(first_size + second_size),
                                    .type = (uint16_t)type,
                                    .stream = (uint16_t)stream};

    if (channel->fd < 0)
        return;
    append(channel, &header, sizeof(header));
    append(channel, first, first_size);
    append(channel, second, second_size);
    channel_flush(channel);
}

void channel_flush(struct channel *channel)
{
    while (channel->fd >= 0 && channel->out_length > 0) {
        ssize_t n = send(channel->fd, channel->out + channel->out_start, channel->out_length,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            /* When the other side is gone, what it sent before can still be read. */
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                channel->out_length = 0;
            return;
        }
        channel->out_start += (size_t)n;
        channel->out_length -= (size_t)n;
    }
    channel->out_start = 0;
}

bool channel_fill(struct channel *channel)
{
    ssize_t n;

    if (channel->fd < 0)
        return false;
    memmove(channel->in, channel->in + channel->in_start, channel->in_length);
    channel->in_start = 0;
    n = recv(channel->fd, channel->in + channel->in_length, IN_CAPACITY - channel->in_length,
             MSG_DONTWAIT);
    if (n > 0) {
        channel->in_length += (size_t)n;
        return true;
    }
    if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
        return true;
    channel_close(channel);
    return false;
}

enum channel_status channel_next(struct channel *channel, struct channel_header *out_header,
                                 const char **out_payload)
{
    const char *from = channel->in + channel->in_start;

    if (channel->in_length < sizeof(*out_header))
        return CHANNEL_NOTHING;
    memcpy(out_header, from, sizeof(*out_header));
    if (out_header->length > CHANNEL_MAX_PAYLOAD || out_header->stream >= CHANNEL_STREAMS) {
        channel->in_length = 0;
        channel_close(channel);
        return CHANNEL_BROKEN;
    }
    if (channel->in_length < sizeof(*out_header) + out_header->length)
        return CHANNEL_NOTHING;
    *out_payload = from + sizeof(*out_header);
    channel->in_start += sizeof(*out_header) + out_header->length;
    channel->in_length -= sizeof(*out_header) + out_header->length;
    return CHANNEL_MESSAGE;
}
