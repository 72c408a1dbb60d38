/*
 * The line discipline: what happens to bytes between a program and a terminal (termios(3), POSIX
 * General Terminal Interface). Pure state: no locks, no processes, no sleeping; its owner (tty.c)
 * excludes others, sends the signals it asks for, and moves the output on.
 */
#ifndef KERNEL_TTY_LINE_H
#define KERNEL_TTY_LINE_H

#include "tty/termios.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Input that was not read yet; a power of two. A line is cut at LINE_LIMIT - 1 bytes, as in Linux.
 */
#define LINE_INPUT_SIZE 16384u
#define LINE_LIMIT      4096u
/* Output that the backend has not taken; a power of two. The last part of it is for echo alone. */
#define LINE_OUTPUT_SIZE  16384u
#define LINE_ECHO_RESERVE 2048u

/* What line_input() asks for: bits. */
enum {
    LINE_INTERRUPT = 1 << 0, /* SIGINT to the foreground group */
    LINE_QUIT = 1 << 1,      /* SIGQUIT */
    LINE_SUSPEND = 1 << 2,   /* SIGTSTP */
    LINE_FLUSHED = 1 << 3,   /* output that the backend holds should be dropped too */
};

struct line {
    struct termios termios;

    /* Positions count on without end; the byte at p is input[p % LINE_INPUT_SIZE]. */
    uint32_t head, tail; /* written to, read from; tail <= committed <= head */
    uint32_t committed;  /* canonical: end of the last complete line */
    uint8_t input[LINE_INPUT_SIZE];
    uint8_t ends[LINE_INPUT_SIZE / 8]; /* bit: this byte completes a line; a NUL there is VEOF */

    uint32_t output_head, output_tail;
    char output[LINE_OUTPUT_SIZE];

    uint32_t column;       /* of the cursor */
    uint32_t start_column; /* where the line being typed began */
    bool literal;          /* VLNEXT was typed */
    bool erasing;          /* ECHOPRT: between \ and / */
    bool stopped;          /* by VSTOP or TCOOFF: output rests */
};

/* As Linux starts a terminal. */
void line_init(struct line *line);

/* New settings; a change of ICANON decides what happens to text that was typed before. */
void line_set(struct line *line, const struct termios *termios);

/* Typed bytes: edited, echoed, stored. Returns LINE_* bits. What has no room is dropped. */
unsigned line_input(struct line *line, const char *bytes, size_t n);
/* Bytes that line_input() will surely store. */
size_t line_input_room(const struct line *line);

/* Program output, processed into line->output; returns how many bytes were taken. */
size_t line_output(struct line *line, const char *bytes, size_t n);
size_t line_output_room(const struct line *line);

/* Bytes that a read would find: a canonical line, or at least `minimum` raw bytes. */
bool line_readable(const struct line *line, size_t minimum);
/* FIONREAD. */
size_t line_input_count(const struct line *line);
/*
 * Takes up to n bytes. Canonical: to the end of one line; *out_end is true when its end was reached
 * (0 bytes then mean end of file).
 */
size_t line_read(struct line *line, char *to, size_t n, bool *out_end);

void line_flush_input(struct line *line);
void line_flush_output(struct line *line);

/* Output for the backend: the first contiguous piece; line_sent() takes it away. */
size_t line_pending(const struct line *line, const char **out_bytes);
void line_sent(struct line *line, size_t n);

static inline bool line_canonical(const struct line *line)
{
    return (line->termios.local & ICANON) != 0;
}

#endif
