/*
 * The first page of a swap area, as Linux's mkswap writes it (version 1):
 *
 *     1024  version, last page, number of bad pages (32 bits each)
 *     1036  UUID, 16 bytes; 1052 label, 16 bytes
 *     1536  the bad pages' numbers, 32 bits each
 *     4086  "SWAPSPACE2"
 *
 * in the byte order of the machine that wrote it; one of the other order is understood too.
 */
#include "swap/swap.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/string.h"
#include "linux/errno.h"

#define MAGIC        "SWAPSPACE2"
#define MAGIC_OLD    "SWAP-SPACE" /* version 0, which Linux gave up long ago */
#define MAGIC_SIZE   10
#define VERSION      1u
#define PAGE_SECTORS (QUIRE_PAGE_SIZE >> SECTOR_SHIFT)

struct header {
    uint8_t boot[1024];
    uint32_t version, last_page, bad_count;
    uint8_t uuid[16];
    char label[SWAP_LABEL_SIZE];
    uint32_t padding[117];
    uint32_t bad[637];
    uint8_t rest[2];
    char magic[MAGIC_SIZE];
};
_Static_assert(sizeof(struct header) == QUIRE_PAGE_SIZE, "the header is the first page");
_Static_assert(offsetof(struct header, bad) == 1536, "the header's form is given");

static int transfer(struct block_device *block, enum block_operation operation,
                    struct header *header)
{
    struct block_segment segments[QUIRE_PAGE_SIZE / SECTOR_SIZE];
    struct block_request request;

    block_prepare(&request, block, operation, 0, segments, ARRAY_SIZE(segments));
    if (!block_add_memory(&request, direct_phys(header), sizeof *header))
        return -EIO;
    return block_execute(&request);
}

static int refuse(const char *name, const char *why)
{
    log_warn("swap: %s: %s", name, why);
    return -EINVAL;
}

static void swap_bytes(uint32_t *word)
{
    *word = __builtin_bswap32(*word);
}

/* Checks in Linux's order, with its reasons. */
static int check(struct header *header, const char *name, uint64_t pages,
                 struct swap_layout *layout)
{
    if (memcmp(header->magic, MAGIC, MAGIC_SIZE) != 0)
        return refuse(name, memcmp(header->magic, MAGIC_OLD, MAGIC_SIZE) == 0
                                ? "a swap area of version 0: too old, see mkswap"
                                : "no swap area: mkswap makes one");
    if (header->version == __builtin_bswap32(VERSION)) {
        swap_bytes(&header->version);
        swap_bytes(&header->last_page);
        swap_bytes(&header->bad_count);
        for (uint32_t i = 0; i < header->bad_count && i < ARRAY_SIZE(header->bad); i++)
            swap_bytes(&header->bad[i]);
    }
    if (header->version != VERSION)
        return refuse(name, "a version of the swap area's header that is not known");
    if (header->last_page == 0)
        return refuse(name, "an empty swap area");
    if (header->last_page >= pages)
        return refuse(name, "the swap area is longer than the device");
    if (header->bad_count > ARRAY_SIZE(header->bad))
        return refuse(name, "the header names too many bad pages");
    for (uint32_t i = 0; i < header->bad_count; i++)
        if (header->bad[i] == 0 || header->bad[i] > header->last_page)
            return refuse(name, "the header names a bad page that the area does not have");
    if (header->bad_count >= header->last_page)
        return refuse(name, "no page of the swap area is good");
    layout->last_page = header->last_page;
    layout->bad_count = header->bad_count;
    memcpy(layout->bad, header->bad, header->bad_count * sizeof header->bad[0]);
    return 0;
}

int swap_header_read(struct block_device *block, const char *name, struct swap_layout **out)
{
    struct header *header = kernel_alloc(sizeof *header);
    struct swap_layout *layout = kernel_alloc(sizeof *layout);
    int error = header && layout ? transfer(block, BLOCK_READ, header) : -ENOMEM;

    if (error == 0)
        error = check(header, name, block->sectors / PAGE_SECTORS, layout);
    kernel_free(header);
    if (error != 0)
        kernel_free(layout);
    else
        *out = layout;
    return error;
}

static bool is_blank(const struct header *header)
{
    const unsigned long *words = (const void *)header;

    for (size_t i = 0; i < sizeof *header / sizeof *words; i++)
        if (words[i] != 0)
            return false;
    return true;
}

int swap_header_write_if_blank(struct block_device *block, const char *name)
{
    uint64_t pages = block->sectors / PAGE_SECTORS;
    struct header *header = kernel_alloc(sizeof *header);
    int error = header ? transfer(block, BLOCK_READ, header) : -ENOMEM;

    if (error == 0 && is_blank(header) && pages > 1) {
        header->version = VERSION;
        header->last_page = pages - 1 < UINT32_MAX ? (uint32_t)(pages - 1) : UINT32_MAX;
        random_bytes(header->uuid, sizeof header->uuid);
        header->uuid[6] = (uint8_t)((header->uuid[6] & 0x0f) | 0x40); /* RFC 4122: random */
        header->uuid[8] = (uint8_t)((header->uuid[8] & 0x3f) | 0x80);
        memcpy(header->magic, MAGIC, MAGIC_SIZE);
        error = transfer(block, BLOCK_WRITE, header);
        if (error == 0)
            log_info("swap: %s was blank and is a swap area now", name);
    }
    kernel_free(header);
    return error;
}
