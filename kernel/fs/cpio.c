/* See cpio.h. */
#include "fs/cpio.h"

#include "core/string.h"
#include "linux/file_abi.h"

#define HEADER_SIZE 110
#define NUMBERS     13
#define NAME_LIMIT  255

static uint64_t align4(uint64_t n)
{
    return (n + 3) & ~3ull;
}

static bool hex_number(const uint8_t *digits, uint32_t *out)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < 8; i++) {
        unsigned c = digits[i], lower = c | 0x20;

        if (c >= '0' && c <= '9')
            value = value << 4 | (c - '0');
        else if (lower >= 'a' && lower <= 'f')
            value = value << 4 | (lower - 'a' + 10);
        else
            return false;
    }
    *out = value;
    return true;
}

const char *cpio_read(const uint8_t *data, uint64_t size, uint64_t at, struct cpio_entry *out)
{
    const uint8_t *bytes = data + at;
    uint32_t number[NUMBERS], name_size;
    uint64_t content;

    if (at > size || size - at < HEADER_SIZE)
        return "the archive ends inside a header";
    if (memcmp(bytes, "070701", 6) != 0 && memcmp(bytes, "070702", 6) != 0) {
        if (bytes[0] == 0x1f && bytes[1] == 0x8b)
            return "gzip data: the archive must not be compressed";
        return "not a header of a cpio archive (newc)";
    }
    for (unsigned i = 0; i < NUMBERS; i++)
        if (!hex_number(bytes + 6 + 8 * i, &number[i]))
            return "a number in the header is not hexadecimal";
    name_size = number[11];
    content = align4(HEADER_SIZE + (uint64_t)name_size);
    if (name_size == 0 || name_size > CPIO_NAME_LIMIT)
        return "the length of a name is out of range";
    if (size - at < content)
        return "the archive ends inside a name";
    if (bytes[HEADER_SIZE + name_size - 1] != 0)
        return "a name has no end";
    *out = (struct cpio_entry){.name = (const char *)bytes + HEADER_SIZE,
                               .content = bytes + content,
                               .inode = number[0],
                               .mode = number[1],
                               .uid = number[2],
                               .gid = number[3],
                               .links = number[4],
                               .modified = number[5],
                               .size = number[6],
                               .device = (uint64_t)number[7] << 32 | number[8],
                               .special = device_number(number[9], number[10])};
    out->trailer = strcmp(out->name, "TRAILER!!!") == 0;
    if (out->trailer)
        out->size = 0;
    if (size - at - content < out->size)
        return "the archive ends inside a file's content";
    /* The last content need not be filled up. */
    out->next = at + content + align4(out->size);
    if (out->next > size)
        out->next = size;
    return NULL;
}

bool cpio_clean_name(const char *from, char *to)
{
    size_t used = 0;

    while (*from != 0) {
        size_t n = 0;

        while (*from == '/')
            from++;
        while (from[n] != 0 && from[n] != '/')
            n++;
        if (n > NAME_LIMIT || (n == 2 && from[0] == '.' && from[1] == '.'))
            return false;
        if (n > 0 && !(n == 1 && from[0] == '.')) {
            if (used > 0)
                to[used++] = '/';
            memcpy(to + used, from, n);
            used += n;
        }
        from += n;
    }
    to[used] = 0;
    return true;
}
