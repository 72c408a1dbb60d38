#define _GNU_SOURCE
#include "measure.h"

#include <string.h>
#include <sys/mman.h>

#define TABLE_SPAN (2 * MIB) /* memory that one leaf table maps */

uint8_t *map_anonymous(size_t size)
{
    uint8_t *base =
        mmap(NULL, size + TABLE_SPAN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t before;

    if (base == MAP_FAILED)
        return NULL;
    before = -(uintptr_t)base & (TABLE_SPAN - 1);
    if (before > 0)
        munmap(base, before);
    munmap(base + before + size, TABLE_SPAN - before);
    return base + before;
}

void unmap(void *base, size_t size)
{
    munmap(base, size);
}

void write_pages(uint8_t *base, size_t pages, unsigned salt)
{
    for (size_t page = 0; page < pages; page++)
        touch_write(base + page * PAGE_SIZE, page_value(page, salt));
}

bool pages_hold(const uint8_t *base, size_t pages, unsigned salt)
{
    for (size_t page = 0; page < pages; page++) {
        const uint64_t *word = (const uint64_t *)(base + page * PAGE_SIZE);
        uint64_t rest = 0;

        if (word[0] != page_value(page, salt))
            return false;
        for (size_t i = 1; i < PAGE_SIZE / sizeof(*word); i++)
            rest |= word[i];
        if (rest != 0)
            return false;
    }
    return true;
}

void soil(uint8_t *base, size_t size)
{
    memset(base, 0xa5, size);
}
