/*
 * Is there memory where the map says so? Firmware and loaders are wrong at times, and what is built
 * on memory that is not there fails later, anywhere. A map is most often wrong by an end that lies
 * too high, so the first and the last page of each row are asked: two patterns must be read back.
 * The word that was there is put back, as the loader's structures and the archive lie in RAM, too.
 *
 * Only what the first page table maps can be asked. High memory of i386 is not: it is first seen
 * through temporary slots, when all of this is over.
 */

#include "x86/probe.h"

#include "core/boot.h"
#include "core/memory.h"

static const uint32_t patterns[] = {0x5aa5c33c, 0xa55a3cc3};

static bool answers(quire_phys address)
{
    volatile uint32_t *word = direct_map(address);
    uint32_t before = *word;
    bool same = true;

    for (unsigned i = 0; i < 2; i++) {
        *word = patterns[i];
        /* The bus keeps the last value where nothing answers: another one goes in between. */
        word[1] = word[1];
        same = same && *word == patterns[i];
    }
    *word = before;
    return same;
}

static void ask(quire_phys address)
{
    if (!answers(address))
        boot_refuse("the memory map is wrong: nothing answers at %#llx, where it has usable memory",
                    (unsigned long long)address);
}

void memory_probe(const struct quire_bootmap *map, quire_phys low, quire_phys high)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct quire_memory_range *row = &map->range[i];
        quire_phys start = row->start > low ? row->start : low;
        quire_phys end = row->end < high ? row->end : high;

        if (row->type != QUIRE_MEMORY_USABLE || start >= end)
            continue;
        ask(start);
        ask(end - PAGE_SIZE);
    }
}
