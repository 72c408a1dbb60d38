/*
 * A recorded program's references to memory, as pages. Two formats, told apart by their first
 * lines, each plain or compressed (gzip, bzip2, xz, zstd):
 *
 *   Valgrind's lackey with --trace-mem=yes:  "I  04000a30,3", " L 1ffeffe7e0,8", " S ...", " M ..."
 *   CSV: a line "address[,operation]" or "page[,operation]" first, then one reference a line; an
 *   address is decimal or 0x..., a page is any name; the operation is r, w, m (both) or x; r if it
 *   is left out. Without a first line that names the columns they are address and operation.
 *
 * Empty lines and lines that start with # (CSV) or == (Valgrind's own messages) are no references
 * and no mistakes. Any other line that cannot be read is counted, and the first one is kept.
 */
#ifndef TOOLS_STUDY_TRACE_H
#define TOOLS_STUDY_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* References in a row to the same page, of which one at least is a write if `page` says so. */
struct event {
    uint32_t page;  /* number of the page by first use, << 1, | 1: written to */
    uint32_t count; /* references */
};

struct trace {
    struct event *event; /* NULL: passed on, and not kept */
    size_t events;
    uint64_t references, writes;
    uint32_t pages; /* different ones */
    uint64_t bad_lines, first_bad_line;
    char first_bad[80];
};

/* Takes the events one by one, in the order of the trace. */
typedef void (*trace_sink)(void *context, const struct event *event);

/* Keeps the events. Ends the program with a message when the file cannot be read, or holds no
 * reference. */
void trace_read(struct trace *trace, const char *path, uint64_t page_size);
/* Hands the events to the sink as they are read; takes no memory but for the names of pages. */
void trace_pass(struct trace *trace, const char *path, uint64_t page_size, trace_sink sink,
                void *context);
void trace_free(struct trace *trace);

#endif
