#ifndef KERNEL_FS_TEXT_H
#define KERNEL_FS_TEXT_H

/*
 * Text of any length, built by appending and read at any position: what a file of /proc says. Kept
 * in pages, so that a list of 65,000 mappings needs no large block.
 */

#include "core/printf.h"
#include "fs/vfs.h"

#include <stdarg.h>

struct text {
    char **page; /* `pages` pointers to PAGE_SIZE bytes each */
    size_t pages, room;
    size_t length;
    bool failed; /* memory ran out: what follows is missing */
};

void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add(struct text *text, const char *bytes, size_t n);
/* Spaces up to `column` of the line that began at text->length == line. */
void text_pad(struct text *text, size_t line, size_t column);
/* A path with what would break a line (space, tab, newline, backslash) as octal \ooo. */
void text_escaped(struct text *text, const char *string, const char *special);
long text_read(const struct text *text, struct transfer *to, uint64_t *position);
void text_clear(struct text *text);

#endif
