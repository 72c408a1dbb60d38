/* Text in pages: see text.h. */
#include "fs/text.h"

#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"

#define LINE_BUFFER 256

static bool add_page(struct text *text)
{
    char *page;

    if (text->pages == text->room) {
        size_t room = text->room != 0 ? text->room * 2 : 8;
        char **list = kernel_resize(text->page, room * sizeof *list);

        if (list == NULL)
            return false;
        text->page = list;
        text->room = room;
    }
    page = kernel_alloc(PAGE_SIZE);
    if (page == NULL)
        return false;
    text->page[text->pages++] = page;
    return true;
}

void text_add(struct text *text, const char *bytes, size_t n)
{
    while (n > 0 && !text->failed) {
        size_t at = text->length % PAGE_SIZE;
        size_t piece = n < PAGE_SIZE - at ? n : PAGE_SIZE - at;

        if (text->length == text->pages * PAGE_SIZE && !add_page(text)) {
            text->failed = true;
            return;
        }
        memcpy(text->page[text->length / PAGE_SIZE] + at, bytes, piece);
        text->length += piece;
        bytes += piece;
        n -= piece;
    }
}

void text_printf(struct text *text, const char *format, ...)
{
    char line[LINE_BUFFER], *longer;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < (int)sizeof line) {
        text_add(text, line, (size_t)length);
        return;
    }
    longer = kernel_alloc((size_t)length + 1);
    if (longer == NULL) {
        text->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(longer, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text_add(text, longer, (size_t)length);
    kernel_free(longer);
}

void text_pad(struct text *text, size_t line, size_t column)
{
    static const char spaces[] = "                                ";

    while (text->length - line < column && !text->failed) {
        size_t n = column - (text->length - line);

        text_add(text, spaces, n < sizeof spaces - 1 ? n : sizeof spaces - 1);
    }
}

void text_escaped(struct text *text, const char *string, const char *special)
{
    while (*string != 0) {
        size_t plain = 0;

        while (string[plain] != 0 && strchr(special, string[plain]) == NULL)
            plain++;
        text_add(text, string, plain);
        string += plain;
        if (*string != 0)
            text_printf(text, "\\%03o", (unsigned)(uint8_t)*string++);
    }
}

long text_read(const struct text *text, struct transfer *to, uint64_t *position)
{
    long done = 0;

    while (to->length > 0 && *position < text->length) {
        size_t at = *position % PAGE_SIZE;
        size_t n = PAGE_SIZE - at, moved;

        if (n > text->length - *position)
            n = text->length - *position;
        if (n > to->length)
            n = to->length;
        moved = transfer_out(to, text->page[*position / PAGE_SIZE] + at, n);
        *position += moved;
        done += (long)moved;
        if (moved < n)
            return done > 0 ? done : -EFAULT;
    }
    return done;
}

void text_clear(struct text *text)
{
    while (text->pages > 0)
        kernel_free(text->page[--text->pages]);
    kernel_free(text->page);
    *text = (struct text){0};
}
