#define _GNU_SOURCE
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *report_name = "quire";

static void print(const char *format, va_list arguments)
{
    fflush(stdout);
    fprintf(stderr, "%s: ", report_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void report(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
}

void fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
    exit(STATUS_CANNOT_RUN);
}

void *allocate(unsigned long size)
{
    return reallocate(NULL, size);
}

void *reallocate(void *old, unsigned long size)
{
    void *memory = realloc(old, size ? size : 1);

    if (!memory)
        fail("out of memory");
    return memory;
}

char *format_string(const char *format, ...)
{
    va_list arguments;
    char *text;
    int length;

    va_start(arguments, format);
    length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        fail("out of memory");
    return text;
}
