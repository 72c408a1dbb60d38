/*
 * Any bytes as an initial archive: every entry that the reader accepts lies inside the archive,
 * names are ended and clean, and reading always moves forward.
 */
#include "fs/cpio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"

static unsigned checksum;

static void check_entry(const uint8_t *data, size_t size, uint64_t at,
                        const struct cpio_entry *entry)
{
    const uint8_t *end = data + size;
    char clean[CPIO_NAME_LIMIT];

    must(entry->next > at && entry->next <= size);
    must((const uint8_t *)entry->name > data && (const uint8_t *)entry->name < end);
    must(strlen(entry->name) < CPIO_NAME_LIMIT);
    must(entry->content <= end && entry->size <= (size_t)(end - entry->content));
    for (uint32_t i = 0; i < entry->size; i++)
        checksum += entry->content[i];
    if (!cpio_clean_name(entry->name, clean))
        return;
    must(strlen(clean) <= strlen(entry->name));
    must(clean[0] != '/' && strstr(clean, "//") == NULL && strstr(clean, "/../") == NULL);
    must(strncmp(clean, "../", 3) != 0 && strcmp(clean, "..") != 0 && strcmp(clean, ".") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cpio_entry entry;
    uint64_t at = 0;

    while (at < size && cpio_read(data, size, at, &entry) == NULL) {
        check_entry(data, size, at, &entry);
        at = entry.next;
    }
    return 0;
}
