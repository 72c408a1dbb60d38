/* A line of text with numbers, for `check`: the log hook takes plain lines. */

#include <quire/hooks.h>

#include "frame_internal.h"

struct line {
    char text[160];
    size_t length;
};

static void put_char(struct line *line, char c)
{
    if (line->length < sizeof(line->text) - 1)
        line->text[line->length++] = c;
}

static void put_text(struct line *line, const char *text)
{
    for (; *text != '\0'; text++)
        put_char(line, *text);
}

static void put_number(struct line *line, uint64_t number)
{
    int shift = 60;

    while (shift > 0 && number >> shift == 0)
        shift -= 4;
    put_text(line, " 0x");
    for (; shift >= 0; shift -= 4)
        put_char(line, "0123456789abcdef"[(number >> shift) & 15]);
}

void quire_report(struct quire *q, const char *text, uint64_t first, uint64_t second)
{
    struct line line = {.length = 0};

    put_text(&line, text);
    put_number(&line, first);
    put_number(&line, second);
    line.text[line.length] = '\0';
    quire_hook_log(q, line.text);
}
