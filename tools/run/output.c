#define _GNU_SOURCE
#include "output.h"

#include "../common/report.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WHOLE_CHUNK ((size_t)1 << 30)

struct chunk {
    struct chunk *next;
    int sink;
    size_t start, length;
    char bytes[];
};

void output_init(struct output *output)
{
    *output = (struct output){0};
    for (int i = 0; i < OUTPUT_SINKS; i++)
        output->sinks[i].fd = -1;
}

void output_open(struct output *output, int sink, int fd)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return;
    output->sinks[sink] = (struct sink){.fd = fd,
                                        .device = status.st_dev,
                                        .inode = status.st_ino,
                                        .regular = S_ISREG(status.st_mode)};
}

static bool same_file(const struct sink *a, const struct sink *b)
{
    return a->device == b->device && a->inode == b->inode;
}

/* Takes the chunk at *link out of the queue. */
static void drop(struct output *output, struct chunk **link, struct chunk *before)
{
    struct chunk *chunk = *link;
    struct sink *sink = &output->sinks[chunk->sink];

    sink->queued -= chunk->length;
    sink->written += chunk->length;
    *link = chunk->next;
    if (output->last == chunk)
        output->last = before;
    free(chunk);
}

void output_close(struct output *output, int sink)
{
    struct chunk **link = &output->first;
    struct chunk *before = NULL;

    output->sinks[sink].fd = -1;
    while (*link) {
        if ((*link)->sink == sink) {
            drop(output, link, before);
        } else {
            before = *link;
            link = &before->next;
        }
    }
}

void output_put(struct output *output, int sink, const void *bytes, size_t length)
{
    struct chunk *chunk;

    if (length == 0 || output->sinks[sink].fd < 0) {
        output->sinks[sink].written += length;
        return;
    }
    chunk = allocate(sizeof(*chunk) + length);
    *chunk = (struct chunk){.sink = sink, .length = length};
    memcpy(chunk->bytes, bytes, length);
    output->sinks[sink].queued += length;
    if (output->last)
        output->last->next = chunk;
    else
        output->first = chunk;
    output->last = chunk;
}

void output_poll(const struct output *output, int sink, struct pollfd *out_poll)
{
    const struct sink *from = &output->sinks[sink];

    *out_poll = (struct pollfd){.fd = from->fd, .events = from->queued > 0 ? POLLOUT : 0};
}

enum written { WRITTEN_ALL, WRITTEN_PART, READER_GONE };

static enum written write_chunk(struct output *output, struct chunk *chunk)
{
    struct sink *sink = &output->sinks[chunk->sink];
    size_t limit = sink->regular ? WHOLE_CHUNK : PIPE_BUF;
    size_t part = chunk->length < limit ? chunk->length : limit;
    ssize_t n = write(sink->fd, chunk->bytes + chunk->start, part);

    if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
        return WRITTEN_PART;
    if (n < 0) {
        if (errno != EPIPE)
            report("cannot write the program's output: %s", strerror(errno));
        return READER_GONE;
    }
    chunk->start += (size_t)n;
    chunk->length -= (size_t)n;
    sink->queued -= (size_t)n;
    sink->written += (size_t)n;
    return chunk->length == 0 ? WRITTEN_ALL : WRITTEN_PART;
}

/* Nothing more for this file before the next poll, whichever of its descriptors it is for. */
static void hold_back(const struct output *output, const struct sink *sink,
                      bool ready[OUTPUT_SINKS])
{
    for (int i = 0; i < OUTPUT_SINKS; i++)
        if (same_file(&output->sinks[i], sink))
            ready[i] = false;
}

void output_write(struct output *output, const struct pollfd polls[OUTPUT_SINKS])
{
    bool ready[OUTPUT_SINKS];
    struct chunk **link = &output->first;
    struct chunk *before = NULL;

    for (int i = 0; i < OUTPUT_SINKS; i++) {
        ready[i] = output->sinks[i].fd >= 0 && (polls[i].revents & POLLOUT);
        if (output->sinks[i].fd >= 0 && !ready[i] &&
            (polls[i].revents & (POLLERR | POLLHUP | POLLNVAL)))
            output_close(output, i);
    }
    while (*link) {
        struct chunk *chunk = *link;
        struct sink *sink = &output->sinks[chunk->sink];
        enum written result;

        if (!ready[chunk->sink]) {
            hold_back(output, sink, ready);
            before = chunk;
            link = &chunk->next;
            continue;
        }
        result = write_chunk(output, chunk);
        if (!sink->regular)
            hold_back(output, sink, ready);
        if (result == READER_GONE) {
            output_close(output, chunk->sink);
            return;
        }
        if (result == WRITTEN_ALL)
            drop(output, link, before);
    }
}
