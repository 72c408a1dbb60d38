/*
 * The channel between a program in the machine and the host that started it.
 *
 * Concepts
 *   The channel is one reliable byte stream in each direction (a virtio serial port named
 *   CHANNEL_PORT_NAME; nothing here depends on that). On it travel messages: a header of
 *   8 bytes, then `length` bytes of payload. All integers are little-endian, nothing is padded
 *   beyond the structures below, and a message may be cut anywhere by the transport: both
 *   sides gather bytes until a message is whole (DATA may be passed on as it arrives).
 *
 *   Streams are numbered like descriptors. A descriptor of the host that is not a terminal is a
 *   pipe in the guest: stream 0 into it, streams 1 and 2 out of it, each on its own. Descriptors
 *   that are terminals on the host are the guest's own terminal, whose line discipline runs in
 *   the guest (the host's terminal is raw): stream 3 carries its bytes both ways.
 *
 * Order of events
 *   guest  READY                        the port is open
 *   host   START                        one program; only once
 *   guest  CREDIT, DATA, CLOSED   \
 *   host   CREDIT, DATA, END,      >    until the program ends
 *          CLOSED, WINDOW, SIGNAL /
 *   guest  EXIT                         the last message: every byte the program wrote before it
 *                                       ended was sent before it; then the machine powers off
 *
 * Flow control
 *   DATA is sent only against credit: bytes that the receiver of that stream has said it has
 *   room for. All streams begin at zero; grants add up. So a stream that nobody reads stops
 *   by itself and never holds up another stream, a grant, a signal or EXIT; each side can and
 *   must always go on reading the channel. A writer in the guest without credit sleeps, as on
 *   a full pipe (EAGAIN when non-blocking, interrupted by signals, not writable for poll).
 *   Input from the terminal (stream 3 to the guest) is granted again as soon as the line
 *   discipline has looked at the bytes, whether or not a program reads: Ctrl-C must get through.
 *   Under CHANNEL_SHARED_TERMINAL it is granted only while a program waits in read or poll.
 *
 * Ends
 *   END(0): end of file on standard input after the bytes sent. END(3): the host's terminal is
 *   gone; hang the guest's terminal up (SIGHUP, SIGCONT, end of file).
 *   CLOSED(1|2) to the guest: nobody reads that stream any more; writes raise SIGPIPE and give
 *   EPIPE, writers that sleep wake up. Bytes still under way are dropped by the host.
 *   CLOSED(0) to the host: nobody in the guest can read standard input any more.
 *
 * A receiver that sees an unknown type skips that message; a length above the limit, a stream
 * that does not exist, or data beyond the credit is a broken peer: it stops using the channel.
 */
#ifndef QUIRE_CHANNEL_PROTOCOL_H
#define QUIRE_CHANNEL_PROTOCOL_H

#include <stdint.h>

#define CHANNEL_PORT_NAME "quire.channel"
#define CHANNEL_MAGIC     0x52495551u /* "QUIR" */
#define CHANNEL_VERSION   1u

/* Longest payload of START: Linux's bound on arguments and environment, and some room. */
#define CHANNEL_MAX_START (4u * 1024 * 1024)
/* Longest payload of every other message. */
#define CHANNEL_MAX_PAYLOAD (64u * 1024)

enum channel_stream {
    CHANNEL_STDIN = 0,
    CHANNEL_STDOUT = 1,
    CHANNEL_STDERR = 2,
    CHANNEL_TERMINAL = 3,
    CHANNEL_STREAMS = 4,
};

enum channel_type {
    /* host to guest */
    CHANNEL_START = 1,  /* struct channel_start, then its strings */
    CHANNEL_WINDOW = 2, /* struct channel_window: the terminal's size changed (SIGWINCH) */
    CHANNEL_SIGNAL = 3, /* struct channel_signal: for the terminal's foreground process group, or
                           for the group of the started program where there is no terminal */
    CHANNEL_END = 4,    /* no payload; stream 0 or 3 */
    /* both ways */
    CHANNEL_DATA = 8,    /* the bytes; never empty */
    CHANNEL_CREDIT = 9,  /* struct channel_credit: the sender of this message can take that many
                            more bytes of `stream` */
    CHANNEL_CLOSED = 10, /* no payload; the sender of this message reads `stream` no more */
    /* guest to host */
    CHANNEL_READY = 16, /* struct channel_ready */
    CHANNEL_EXIT = 17,  /* struct channel_exit, then a text without NUL (may be empty) */
};

struct channel_header {
    uint32_t length; /* of the payload that follows */
    uint16_t type;   /* enum channel_type */
    uint16_t stream; /* enum channel_stream; 0 where the type has none */
};

struct channel_ready {
    uint32_t magic;   /* CHANNEL_MAGIC */
    uint32_t version; /* CHANNEL_VERSION of the guest; the host refuses another one */
};

struct channel_window {
    uint16_t rows, columns;      /* characters; 0 when unknown */
    uint16_t x_pixels, y_pixels; /* as in struct winsize */
};

enum channel_start_flag {
    /*
     * The host's terminal is not raw, because only some of the descriptors are terminals and
     * other programs of the host's pipeline use it too (as in `run | less`): lines come finished
     * and echoed, Ctrl-C comes as SIGNAL, Ctrl-D as the byte 4 at the start of a line. So the
     * guest's terminal starts without ECHO, ISIG, IXON and OPOST, and asks for input by credit
     * only while a program waits for it.
     */
    CHANNEL_SHARED_TERMINAL = 1,
};

struct channel_start {
    uint32_t version;       /* CHANNEL_VERSION of the host */
    uint32_t terminal_mask; /* bit n: descriptor n is the terminal */
    uint32_t flags;         /* enum channel_start_flag */
    uint32_t closed_mask;   /* bit n: descriptor n is closed, on the host and so in the guest */
    uint32_t argument_count;
    uint32_t environment_count;
    struct channel_window window;
    uint8_t entropy[32]; /* random bytes of the host, for the guest's random generator */
    /*
     * Then, each ended by NUL and filling the payload exactly:
     *   working directory: absolute. If it is not there the program starts in "/".
     *   program: a path; without a slash it is looked for along PATH of the environment below,
     *            as execvp() does.
     *   argument_count arguments, argv[0] first (a login shell's is "-sh").
     *   environment_count strings NAME=value.
     */
};

struct channel_signal {
    uint32_t number; /* Linux x86-64 number: 1 SIGHUP, 2 SIGINT, 3 SIGQUIT, 15 SIGTERM */
};

struct channel_credit {
    uint32_t bytes;
};

enum channel_exit_kind {
    CHANNEL_EXITED = 0,      /* value: exit status 0..255 */
    CHANNEL_SIGNALLED = 1,   /* value: signal number; text: why (as for a wild access), if known */
    CHANNEL_NOT_STARTED = 2, /* value: Linux errno of execve; text: which step failed */
    CHANNEL_POWERED_OFF = 3, /* a program asked for power-off, halt or restart: value 0 */
};

struct channel_exit {
    uint32_t kind; /* enum channel_exit_kind */
    uint32_t value;
};

#ifndef __cplusplus
_Static_assert(sizeof(struct channel_header) == 8, "the header is 8 bytes on every side");
_Static_assert(sizeof(struct channel_start) == 64, "START has no padding");
#endif

#endif
