#include "core/string.h"

#include <limits.h>
#include <stdint.h>

/* String instructions move a word at a time. */
#ifdef __x86_64__
#define WORD_SUFFIX "q"
#else
#define WORD_SUFFIX "l"
#endif
#define WORD sizeof(uintptr_t)

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *result = to;
    size_t words = size / WORD, rest = size % WORD;

    __asm__ volatile("rep movs" WORD_SUFFIX : "+D"(to), "+S"(from), "+c"(words)::"memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest)::"memory");
    return result;
}

void *memmove(void *to, const void *from, size_t size)
{
    char *last_to = (char *)to + size - 1;
    const char *last_from = (const char *)from + size - 1;

    if ((uintptr_t)to - (uintptr_t)from >= size)
        return memcpy(to, from, size);
    __asm__ volatile("std; rep movsb; cld" : "+D"(last_to), "+S"(last_from), "+c"(size)::"memory");
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    void *result = to;
    size_t words = size / WORD, rest = size % WORD;
    uintptr_t pattern = (uint8_t)byte * (UINTPTR_MAX / 0xff);

    __asm__ volatile("rep stos" WORD_SUFFIX : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(pattern) : "memory");
    return result;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const uint8_t *l = left, *r = right;

    for (; size != 0; size--, l++, r++) {
        if (*l != *r)
            return *l - *r;
    }
    return 0;
}

void *memchr(const void *memory, int byte, size_t size)
{
    const uint8_t *at = memory;

    for (; size != 0; size--, at++) {
        if (*at == (uint8_t)byte)
            return (void *)(uintptr_t)at;
    }
    return NULL;
}

size_t strlen(const char *text)
{
    const char *end = text;

    while (*end)
        end++;
    return (size_t)(end - text);
}

size_t strnlen(const char *text, size_t limit)
{
    size_t length = 0;

    while (length < limit && text[length])
        length++;
    return length;
}

int strcmp(const char *left, const char *right)
{
    while (*left && *left == *right)
        left++, right++;
    return (uint8_t)*left - (uint8_t)*right;
}

int strncmp(const char *left, const char *right, size_t limit)
{
    for (; limit != 0; limit--, left++, right++) {
        if (*left != *right || !*left)
            return (uint8_t)*left - (uint8_t)*right;
    }
    return 0;
}

char *strchr(const char *text, int byte)
{
    for (;; text++) {
        if (*text == (char)byte)
            return (char *)(uintptr_t)text;
        if (!*text)
            return NULL;
    }
}

char *strrchr(const char *text, int byte)
{
    const char *found = NULL;

    do {
        if (*text == (char)byte)
            found = text;
    } while (*text++);
    return (char *)(uintptr_t)found;
}

char *strstr(const char *text, const char *wanted)
{
    size_t length = strlen(wanted);

    for (;; text++) {
        if (strncmp(text, wanted, length) == 0)
            return (char *)(uintptr_t)text;
        if (!*text)
            return NULL;
    }
}

size_t strlcpy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);

    if (size != 0) {
        size_t copied = length < size ? length : size - 1;

        memcpy(to, from, copied);
        to[copied] = '\0';
    }
    return length;
}

size_t strlcat(char *to, const char *from, size_t size)
{
    size_t used = strnlen(to, size);

    return used + strlcpy(to + used, from, size - used);
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c |= 0x20;
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 10;
    return UINT_MAX;
}

unsigned long long strtoull(const char *text, char **out_end, int base)
{
    unsigned long long value = 0;
    const char *at = text, *end = text;

    while (*at == ' ' || *at == '\t')
        at++;
    if ((base == 0 || base == 16) && at[0] == '0' && (at[1] | 0x20) == 'x' &&
        digit_value(at[2]) < 16) {
        at += 2;
        base = 16;
    } else if (base == 0) {
        base = *at == '0' ? 8 : 10;
    }
    for (; digit_value(*at) < (unsigned)base; end = ++at) {
        if (__builtin_mul_overflow(value, (unsigned)base, &value) ||
            __builtin_add_overflow(value, digit_value(*at), &value))
            value = ULLONG_MAX;
    }
    if (out_end)
        *out_end = (char *)(uintptr_t)end;
    return value;
}

unsigned long strtoul(const char *text, char **out_end, int base)
{
    unsigned long long value = strtoull(text, out_end, base);

    return value > ULONG_MAX ? ULONG_MAX : (unsigned long)value;
}
