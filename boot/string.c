/* What the compiler takes for granted, and a checksum. */

#include "boot/loader.h"

void *memcpy(void *to, const void *from, size_t size)
{
    char *target = to;
    const char *source = from;

    while (size-- > 0)
        *target++ = *source++;
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    char *target = to;

    while (size-- > 0)
        *target++ = (char)byte;
    return to;
}

int memcmp(const void *one, const void *other, size_t size)
{
    const unsigned char *a = one, *b = other;

    for (; size > 0; size--, a++, b++)
        if (*a != *b)
            return *a - *b;
    return 0;
}

uint32_t crc32(uint32_t crc, const void *bytes, size_t size)
{
    static uint32_t table[256];
    const uint8_t *at = bytes;

    for (uint32_t i = 0; table[255] == 0 && i < 256; i++) {
        uint32_t value = i;

        for (unsigned bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
        table[i] = value;
    }
    crc = ~crc;
    while (size-- > 0)
        crc = crc >> 8 ^ table[(crc ^ *at++) & 0xff];
    return ~crc;
}
