/* What demos print. */
#include "mm.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 78

static void wrap(const char *text)
{
    size_t column = 0;

    while (*text != 0) {
        size_t word = strcspn(text, " ");

        if (column > 0 && column + 1 + word > WIDTH) {
            putchar('\n');
            column = 0;
        }
        if (column > 0) {
            putchar(' ');
            column++;
        }
        printf("%.*s", (int)word, text);
        column += word;
        text += word;
        text += strspn(text, " ");
    }
    printf("\n\n");
}

void say(const char *format, ...)
{
    char text[2048];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    wrap(text);
}

void heading(const char *format, ...)
{
    va_list arguments;

    printf("-- ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

void fail(const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    fprintf(stderr, "mm: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    exit(1);
}

const char *size_text(wide bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
    static char text[8][32];
    static unsigned turn;
    char *out = text[turn++ % 8];
    unsigned unit = 0;
    wide whole = bytes, part = 0;

    while (whole >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        part = whole % 1024;
        whole /= 1024;
        unit++;
    }
    if (part != 0)
        snprintf(out, sizeof text[0], "%llu.%llu %s", whole, part * 10 / 1024, units[unit]);
    else
        snprintf(out, sizeof text[0], "%llu %s", whole, units[unit]);
    return out;
}
