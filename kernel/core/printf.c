#include "core/printf.h"

#include <stdbool.h>
#include <stdint.h>

#include "core/string.h"

/* Where the text goes; counts on when it is full. */
struct output {
    char *buffer;
    size_t size, length;
};

struct conversion {
    bool left, zero, plus, space, alternate;
    int width, precision; /* precision -1: none given */
};

static void put(struct output *out, char c)
{
    if (out->length < out->size)
        out->buffer[out->length] = c;
    out->length++;
}

static void put_repeated(struct output *out, char c, int count)
{
    while (count-- > 0)
        put(out, c);
}

static void put_text(struct output *out, const struct conversion *how, const char *text)
{
    size_t limit = how->precision < 0 ? SIZE_MAX : (size_t)how->precision;
    size_t length = strnlen(text, limit);
    int padding = how->width - (int)length;

    if (!how->left)
        put_repeated(out, ' ', padding);
    for (size_t i = 0; i < length; i++)
        put(out, text[i]);
    if (how->left)
        put_repeated(out, ' ', padding);
}

static void put_number(struct output *out, const struct conversion *how, uint64_t value,
                       bool negative, unsigned base, bool capital)
{
    const char *symbols = capital ? "0123456789ABCDEF" : "0123456789abcdef";
    const char *prefix = "";
    char digits[24];
    int count = 0, zeros, padding;

    if (negative)
        prefix = "-";
    else if (how->plus)
        prefix = "+";
    else if (how->space)
        prefix = " ";
    else if (how->alternate && base == 16 && value != 0)
        prefix = capital ? "0X" : "0x";
    else if (how->alternate && base == 8 && value != 0)
        prefix = "0";

    /* Division of 64 bits is a loop on some CPUs: only while there is no other way. */
    for (; value > UINT32_MAX; value /= base)
        digits[count++] = symbols[value % base];
    for (uint32_t rest = (uint32_t)value; rest != 0; rest /= base)
        digits[count++] = symbols[rest % base];
    if (count == 0 && how->precision != 0)
        digits[count++] = '0';

    zeros = how->precision - count;
    if (how->precision < 0)
        zeros = how->zero && !how->left ? how->width - count - (int)strlen(prefix) : 0;
    if (zeros < 0)
        zeros = 0;
    padding = how->width - count - zeros - (int)strlen(prefix);

    if (!how->left)
        put_repeated(out, ' ', padding);
    while (*prefix)
        put(out, *prefix++);
    put_repeated(out, '0', zeros);
    while (count > 0)
        put(out, digits[--count]);
    if (how->left)
        put_repeated(out, ' ', padding);
}

static const char *parse_number(const char *at, int *out_number)
{
    *out_number = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        *out_number = *out_number * 10 + (*at - '0');
    return at;
}

static const char *parse_flags(const char *at, struct conversion *how)
{
    for (;; at++) {
        if (*at == '-')
            how->left = true;
        else if (*at == '0')
            how->zero = true;
        else if (*at == '+')
            how->plus = true;
        else if (*at == ' ')
            how->space = true;
        else if (*at == '#')
            how->alternate = true;
        else
            return at;
    }
}

/* An argument in bytes: 1, 2, 4 or 8. */
static const char *parse_length(const char *at, unsigned *out_bytes)
{
    *out_bytes = sizeof(int);
    for (;; at++) {
        if (*at == 'h')
            *out_bytes /= 2;
        else if (*at == 'j' || (*at == 'l' && at[-1] == 'l'))
            *out_bytes = 8;
        else if (*at == 'l' || *at == 'z' || *at == 't')
            *out_bytes = sizeof(long);
        else
            return at;
    }
}

int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct output out = {buffer, size, 0};
    va_list list;

    va_copy(list, arguments);
    for (const char *at = format; *at; at++) {
        struct conversion how = {.precision = -1};
        unsigned bytes;

        if (*at != '%') {
            put(&out, *at);
            continue;
        }
        at = parse_flags(at + 1, &how);
        if (*at == '*') {
            how.width = va_arg(list, int);
            at++;
            if (how.width < 0) {
                how.left = true;
                how.width = -how.width;
            }
        } else {
            at = parse_number(at, &how.width);
        }
        if (*at == '.') {
            if (*++at == '*') {
                how.precision = va_arg(list, int);
                at++;
            } else {
                at = parse_number(at, &how.precision);
            }
        }
        at = parse_length(at, &bytes);

        switch (*at) {
        case 'd':
        case 'i': {
            int64_t value = bytes == 8 ? va_arg(list, int64_t) : va_arg(list, int);

            /* Sign extension from the narrow type's width. */
            if (bytes < 4)
                value = (int64_t)((uint64_t)value << (64 - 8 * bytes)) >> (64 - 8 * bytes);
            put_number(&out, &how, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0, 10,
                       false);
            break;
        }
        case 'u':
        case 'x':
        case 'X':
        case 'o': {
            uint64_t value = bytes == 8 ? va_arg(list, uint64_t) : va_arg(list, unsigned);

            if (bytes == 2)
                value = (uint16_t)value;
            else if (bytes == 1)
                value = (uint8_t)value;
            put_number(&out, &how, value, false, *at == 'u' ? 10 : *at == 'o' ? 8 : 16, *at == 'X');
            break;
        }
        case 'p':
            how.alternate = true;
            put_number(&out, &how, (uintptr_t)va_arg(list, void *), false, 16, false);
            break;
        case 'c':
            put_repeated(&out, ' ', how.left ? 0 : how.width - 1);
            put(&out, (char)va_arg(list, int));
            put_repeated(&out, ' ', how.left ? how.width - 1 : 0);
            break;
        case 's': {
            const char *text = va_arg(list, const char *);

            put_text(&out, &how, text ? text : "(null)");
            break;
        }
        case '\0':
            at--;
            break;
        default: /* %% and what does not exist */
            put(&out, *at);
        }
    }
    va_end(list);
    if (size != 0)
        buffer[out.length < size ? out.length : size - 1] = '\0';
    return (int)out.length;
}

int snprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}

int scnprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    if (size == 0)
        return 0;
    return (size_t)length < size ? length : (int)size - 1;
}
