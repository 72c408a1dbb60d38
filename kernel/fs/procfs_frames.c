/*
 * /proc/kpagecount, kpageflags, kpagecgroup: one 64-bit word for each frame of RAM, by number: how
 * many entries map it, what it is used for, and (nothing here) its control group.
 */
#include "fs/procfs.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/signals.h"

#include <quire/frame.h>
#include <quire/space.h>

/* Bits of kpageflags, as on Linux. */
#define FLAG(bit)        ((uint64_t)1 << (bit))
#define FLAG_UPTODATE    FLAG(3)
#define FLAG_DIRTY       FLAG(4)
#define FLAG_LRU         FLAG(5)
#define FLAG_SLAB        FLAG(7)
#define FLAG_BUDDY       FLAG(10)
#define FLAG_MAPPED      FLAG(11)
#define FLAG_ANONYMOUS   FLAG(12)
#define FLAG_SWAP_CACHE  FLAG(13)
#define FLAG_SWAP_BACKED FLAG(14)
#define FLAG_NO_PAGE     FLAG(20)
#define FLAG_ZERO_PAGE   FLAG(24)
#define FLAG_PAGE_TABLE  FLAG(26)
#define FLAG_RESERVED    FLAG(32)

/* Frames told of at a time: counting looks at all tables each time. */
#define BATCH ((size_t)32768)

typedef void fill_words(uint32_t first, size_t n, uint64_t *words);

static void fill_counts(uint32_t first, size_t n, uint64_t *words)
{
    quire_frame_mapping_counts(&kernel_machine, first, n, words);
}

static uint64_t flags_of(const struct quire_frame *frame)
{
    uint64_t flags = 0;

    if (quire_frame_phys(&kernel_machine, frame) == kernel_machine.frame.zero)
        return FLAG_ZERO_PAGE | FLAG_RESERVED;
    switch ((enum quire_frame_kind)frame->kind) {
    case QUIRE_FRAME_FREE:
        return (frame->flags & QUIRE_FRAME_HEAD) ? FLAG_BUDDY : 0;
    case QUIRE_FRAME_RESERVED:
        return FLAG_NO_PAGE;
    case QUIRE_FRAME_BOOT:
        return FLAG_RESERVED;
    case QUIRE_FRAME_HEAP:
        return FLAG_SLAB;
    case QUIRE_FRAME_TABLE:
        return FLAG_PAGE_TABLE;
    case QUIRE_FRAME_ANONYMOUS:
        flags = FLAG_UPTODATE | FLAG_LRU | FLAG_ANONYMOUS;
        if (!(frame->flags & QUIRE_FRAME_LAZY_FREE))
            flags |= FLAG_SWAP_BACKED;
        if (frame->anonymous.slot != 0)
            flags |= FLAG_SWAP_CACHE;
        break;
    case QUIRE_FRAME_OBJECT:
        flags = FLAG_UPTODATE | FLAG_LRU | FLAG_SWAP_BACKED;
        break;
    default:
        return 0;
    }
    if (frame->flags & QUIRE_FRAME_DIRTY)
        flags |= FLAG_DIRTY;
    if (quire_frame_mappings(frame) > 0)
        flags |= FLAG_MAPPED;
    return flags;
}

static void fill_flags(uint32_t first, size_t n, uint64_t *words)
{
    for (size_t i = 0; i < n; i++)
        words[i] =
            flags_of(quire_frame_find(&kernel_machine, (quire_phys)(first + i) << PAGE_SHIFT));
}

static void fill_groups(uint32_t first, size_t n, uint64_t *words)
{
    (void)first;
    memset(words, 0, n * sizeof words[0]);
}

static long read_words(struct transfer *to, uint64_t *position, fill_words *fill)
{
    size_t room = to->length / sizeof(uint64_t);
    uint64_t *words;
    long done = 0;

    if (*position % sizeof words[0] != 0 || to->length % sizeof words[0] != 0)
        return -EINVAL;
    room = room < BATCH ? room : BATCH;
    if (room == 0 || *position / sizeof words[0] >= kernel_machine.frame.count)
        return 0;
    words = table_alloc(room * sizeof words[0]);
    if (words == NULL)
        return -ENOMEM;
    while (to->length > 0 && !kill_pending()) {
        uint64_t number = *position / sizeof words[0], count = kernel_machine.frame.count;
        size_t n = to->length / sizeof words[0], moved;

        if (number >= count)
            break;
        n = n < room ? n : room;
        n = n < count - number ? n : count - number;
        fill((uint32_t)number, n, words);
        moved = transfer_out(to, words, n * sizeof words[0]);
        *position += moved;
        done += (long)moved;
        if (moved < n * sizeof words[0]) {
            done = done > 0 ? done : -EFAULT;
            break;
        }
        give_way();
    }
    table_free(words, room * sizeof words[0]);
    return done;
}

static long read_counts(struct file *file, struct transfer *to, uint64_t *position)
{
    (void)file;
    return read_words(to, position, fill_counts);
}

static long read_flags(struct file *file, struct transfer *to, uint64_t *position)
{
    (void)file;
    return read_words(to, position, fill_flags);
}

static long read_groups(struct file *file, struct transfer *to, uint64_t *position)
{
    (void)file;
    return read_words(to, position, fill_groups);
}

const struct file_operations proc_frame_count_operations = {
    .read = read_counts, .seek = proc_seek, .release = proc_release};
const struct file_operations proc_frame_flags_operations = {
    .read = read_flags, .seek = proc_seek, .release = proc_release};
const struct file_operations proc_frame_group_operations = {
    .read = read_groups, .seek = proc_seek, .release = proc_release};
