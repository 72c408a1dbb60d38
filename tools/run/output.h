/*
 * What shall be written to the host's descriptors: a queue in the order in which it came.
 *
 * A descriptor that takes nothing now does not hold up the others, but descriptors of one file
 * (as after 2>&1) get their bytes in the order of the queue. Nothing here blocks for a pipe or a
 * terminal as long as poll() said that it is writable: at most PIPE_BUF bytes are written
 * per poll. The descriptors' flags are not touched; other processes share them.
 */
#ifndef RUN_OUTPUT_H
#define RUN_OUTPUT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Sinks 1 to 3 are the channel's streams. */
enum {
    OUTPUT_STDOUT = 1,
    OUTPUT_STDERR = 2,
    OUTPUT_TERMINAL = 3,
    OUTPUT_MESSAGES = 4, /* the kernel's messages */
    OUTPUT_SINKS = 5,
};

struct chunk;

struct sink {
    int fd;       /* -1: nobody reads, bytes are dropped */
    dev_t device; /* which file fd is */
    ino_t inode;
    bool regular;   /* a file that always takes everything */
    size_t queued;  /* bytes */
    size_t written; /* bytes since output_take_written() */
};

struct output {
    struct sink sinks[OUTPUT_SINKS];
    struct chunk *first, *last;
};

void output_init(struct output *output);
void output_open(struct output *output, int sink, int fd);

/* Nobody reads this sink any more: what is queued for it is dropped. */
void output_close(struct output *output, int sink);

void output_put(struct output *output, int sink, const void *bytes, size_t length);

/* Fills *out_poll for a sink, to be polled and given to output_write(). */
void output_poll(const struct output *output, int sink, struct pollfd *out_poll);

/* Writes for the sinks that poll() found ready; closes those whose reader has gone. */
void output_write(struct output *output, const struct pollfd polls[OUTPUT_SINKS]);

static inline bool output_is_empty(const struct output *output)
{
    return output->first == NULL;
}

#endif
