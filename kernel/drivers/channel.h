/*
 * The guest's end of the channel (channel_protocol.h says what travels on it): how the host starts
 * one program here, feeds it, hears it, and learns how it ended.
 *
 * There is at most one channel. All functions sleep; none is for interrupt handlers.
 */
#ifndef KERNEL_DRIVERS_CHANNEL_H
#define KERNEL_DRIVERS_CHANNEL_H

#include "core/compiler.h"
#include "drivers/channel_protocol.h"

struct file;
struct tty;

/* What START said. Stays until the machine ends. */
struct channel_request {
    struct channel_start start;
    const char *directory, *program;
    char **arguments, **environment; /* each ended by NULL */
};

/* Opens the port and says READY. False: there is no channel (or no memory): booted by hand. */
bool channel_open(void);

/* Waits for START. NULL: what came was no START that this version understands; the log says why. */
const struct channel_request *channel_wait_for_start(void);

/* A new open file on a stream (0 to 2), reference 1, flags O_*. NULL: no memory. */
struct file *channel_stream_open(enum channel_stream stream, unsigned flags);

/* The terminal of stream 3; NULL when no descriptor of the host is one. */
struct tty *channel_terminal(void);

/* Signals from the host go to this group where there is no terminal's foreground group. */
void channel_set_group(int group);

/*
 * Says how the program ended, behind every byte it wrote, and waits until the host's side of the
 * port has taken it. Streams are dead afterwards: whoever still writes gets EPIPE.
 */
void channel_finish(enum channel_exit_kind kind, unsigned value, const char *text);

#endif
