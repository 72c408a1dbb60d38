/*
 * Layer 1, bring-up and reports: from a boot map to zones full of free frames; counting; checking.
 *
 * The frame table, the CPUs' data, the zero page and the managers' storage come from the boot map,
 * so that they are in it as BOOT rows when records are written from its copy. That happens section
 * by section, when memory is first needed (frame_table.c): bring-up looks at rows, not at frames.
 */

#include <quire/format.h>
#include <quire/frame.h>
#include <quire/hooks.h>

#include "frame_internal.h"

#define DMA_END   ((quire_phys)16 << 20)
#define DMA32_END ((quire_phys)4 << 30)

/* Frame numbers have 32 bits, and the entries of page tables the bits of their format. */
#define NUMBER_LIMIT ((quire_phys)(QUIRE_FRAME_NONE - 1) << QUIRE_PAGE_SHIFT)
#define RAM_LIMIT    (QUIRE_PHYS_LIMIT < NUMBER_LIMIT ? QUIRE_PHYS_LIMIT : NUMBER_LIMIT)

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- memory for the layer itself ---- */

static enum quire_status boot_alloc(struct quire *q, struct quire_bootmap *map, uint64_t bytes,
                                    quire_phys *out)
{
    return quire_bootmap_alloc(map, bytes, QUIRE_PAGE_SIZE, q->frame.direct_end, out);
}

static enum quire_status alloc_table(struct quire *q, struct quire_bootmap *map)
{
    quire_phys where;
    enum quire_status status =
        boot_alloc(q, map, (uint64_t)q->frame.count * sizeof(struct quire_frame), &where);

    if (status == QUIRE_OK)
        q->frame.table = quire_platform_direct(q, where);
    return status;
}

static enum quire_status alloc_cpus(struct quire *q, struct quire_bootmap *map)
{
    uint64_t bytes = (uint64_t)q->cpu_count * sizeof(struct quire_cpu);
    quire_phys where;
    enum quire_status status = boot_alloc(q, map, bytes, &where);

    if (status != QUIRE_OK)
        return status;
    q->cpu = quire_platform_direct(q, where);
    for (uint64_t done = 0; done < bytes; done += QUIRE_PAGE_SIZE)
        quire_platform_clear_page((char *)q->cpu + done);
    for (unsigned i = 0; i < q->cpu_count; i++) {
        q->cpu[i].epoch = q->epoch;
        q->cpu[i].table_first = QUIRE_FRAME_NONE;
        q->cpu[i].table_last = QUIRE_FRAME_NONE;
    }
    return QUIRE_OK;
}

static enum quire_status alloc_zero_page(struct quire *q, struct quire_bootmap *map)
{
    enum quire_status status = boot_alloc(q, map, QUIRE_PAGE_SIZE, &q->frame.zero);

    if (status == QUIRE_OK)
        quire_platform_clear_page(quire_platform_direct(q, q->frame.zero));
    return status;
}

static enum quire_status init_managers(struct quire *q, struct quire_bootmap *map)
{
    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++) {
        struct quire_zone *zone = &q->frame.zone[i];
        size_t bytes = q->frame.manager->storage(zone->end - zone->first);
        void *storage = NULL;

        if (bytes != 0) {
            quire_phys where;
            enum quire_status status = boot_alloc(q, map, bytes, &where);

            if (status != QUIRE_OK)
                return status;
            storage = quire_platform_direct(q, where);
        }
        q->frame.manager->init(q, zone, storage);
    }
    return QUIRE_OK;
}

/* ---- zones and records ---- */

static void init_zones(struct quire *q)
{
    const quire_phys ends[QUIRE_ZONE_COUNT] = {
        [QUIRE_ZONE_DMA] = min_u64(DMA_END, q->frame.direct_end),
        [QUIRE_ZONE_DMA32] = min_u64(DMA32_END, q->frame.direct_end),
        [QUIRE_ZONE_NORMAL] = q->frame.direct_end,
        [QUIRE_ZONE_HIGH] = (quire_phys)q->frame.count << QUIRE_PAGE_SHIFT,
    };
    uint32_t first = 0;

    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++) {
        struct quire_zone *zone = &q->frame.zone[i];

        *zone = (struct quire_zone){.first = first};
        zone->end = (uint32_t)(ends[i] >> QUIRE_PAGE_SHIFT);
        first = zone->end;
    }
    q->frame.slow_flags = QUIRE_ALLOC_DMA | QUIRE_ALLOC_DMA32;
    if (q->frame.zone[QUIRE_ZONE_HIGH].first != q->frame.zone[QUIRE_ZONE_HIGH].end)
        q->frame.slow_flags |= QUIRE_ALLOC_HIGH;
}

/* Frames fit into 32 bits, all of them together. */
static uint32_t share_of(uint64_t frames, uint32_t share)
{
    return share == 0 ? 0 : (uint32_t)frames / share;
}

/* keep[j] of zone i: what a request for zone j or below leaves there, by the memory in between. */
static void init_keep(struct quire *q)
{
    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++) {
        struct quire_zone *zone = &q->frame.zone[i];
        uint64_t direct = 0;

        for (unsigned j = i + 1; j <= QUIRE_ZONE_NORMAL; j++) {
            direct += q->frame.zone[j].present;
            zone->keep[j] = share_of(direct, QUIRE_LOW_SHARE);
        }
        if (i < QUIRE_ZONE_HIGH)
            zone->keep[QUIRE_ZONE_HIGH] =
                zone->keep[QUIRE_ZONE_NORMAL] +
                share_of(q->frame.zone[QUIRE_ZONE_HIGH].present, QUIRE_HIGH_SHARE);
    }
}

/* The bits of written sections, and the copy of the boot map that they will be written from. */
static enum quire_status alloc_sections(struct quire *q, struct quire_bootmap *map)
{
    uint32_t sections = (q->frame.count >> QUIRE_SECTION_ORDER) + 1;
    size_t bytes = (sections / QUIRE_WORD_BITS + 1) * sizeof(unsigned long);
    size_t rows = map->count + 4; /* the two allocations here may split two of them */
    quire_phys bits, copy;
    enum quire_status status = boot_alloc(q, map, bytes, &bits);

    if (status == QUIRE_OK)
        status = boot_alloc(q, map, rows * sizeof(*map->range), &copy);
    if (status != QUIRE_OK)
        return status;
    q->frame.written = quire_platform_direct(q, bits);
    for (size_t i = 0; i < bytes / sizeof(unsigned long); i++)
        q->frame.written[i] = 0;
    __builtin_memcpy(quire_platform_direct(q, copy), map->range, map->count * sizeof(*map->range));
    q->frame.row = quire_platform_direct(q, copy);
    q->frame.row_count = map->count;
    return QUIRE_OK;
}

enum quire_status quire_frame_init(struct quire *q, struct quire_bootmap *map,
                                   const struct quire_frame_config *config)
{
    quire_phys ram_end = quire_bootmap_ram_end(map);
    quire_phys limit = RAM_LIMIT;
    enum quire_status status;

    if (!map->finished || config->cpu_count == 0)
        return QUIRE_INVALID;
    if (config->ram_limit != 0)
        limit = min_u64(limit, quire_page_down(config->ram_limit));
    if (ram_end > limit) {
        quire_report(q, "frame: RAM that no frame number or entry can name is left out: from, to",
                     limit, ram_end);
        ram_end = limit;
    }
    q->cpu_count = config->cpu_count;
    q->epoch = 1;
    q->frame.manager = config->manager != NULL ? config->manager : &quire_frame_buddy;
    q->frame.reserve = config->reserve;
    q->frame.count = (uint32_t)(ram_end >> QUIRE_PAGE_SHIFT);
    q->frame.direct_end = min_u64(quire_page_down(config->direct_end), ram_end);
    init_zones(q);
    status = alloc_table(q, map);
    if (status == QUIRE_OK)
        status = alloc_cpus(q, map);
    if (status == QUIRE_OK)
        status = alloc_zero_page(q, map);
    if (status == QUIRE_OK)
        status = init_managers(q, map);
    if (status == QUIRE_OK)
        status = alloc_sections(q, map); /* last: it keeps a copy of the map */
    if (status != QUIRE_OK)
        return status;
    quire_spin_init(&q->frame.grow_lock);
    quire_frame_table_count(q);
    init_keep(q);
    quire_frame_write(q, (uint32_t)(q->frame.zero >> QUIRE_PAGE_SHIFT)); /* looked at by address */
    return QUIRE_OK;
}

/* ---- reports ---- */

void quire_frame_stats(const struct quire *q, struct quire_frame_stats *out)
{
    *out = (struct quire_frame_stats){0};
    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++) {
        out->total += q->frame.zone[i].present;
        out->free += quire_zone_free(&q->frame.zone[i]);
    }
    for (unsigned i = 0; i < q->cpu_count; i++) {
        const struct quire_cpu *cpu = &q->cpu[i];

        out->free += __atomic_load_n(&cpu->frame_count, __ATOMIC_RELAXED);
        for (unsigned kind = 0; kind < QUIRE_FRAME_KIND_COUNT; kind++)
            out->kind[kind] += __atomic_load_n(&cpu->kind[kind], __ATOMIC_RELAXED);
    }
    out->kind[QUIRE_FRAME_FREE] = out->free;
}

void quire_frame_blocks(struct quire *q, enum quire_zone_id zone_id, uint64_t *out)
{
    struct quire_zone *zone = &q->frame.zone[zone_id];

    for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++)
        out[order] = 0;
    quire_spin_lock(&zone->lock);
    if (q->frame.manager->blocks != NULL)
        q->frame.manager->blocks(q, zone, out);
    else
        for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++)
            out[order] = zone->blocks[order];
    quire_spin_unlock(&zone->lock);
    quire_frame_blocks_unwritten(q, zone_id, out);
}

/* ---- check ---- */

/*
 * Every frame of a stack must be free and in no other place. To see that, it is marked CACHED while
 * check runs: meeting a mark again means that it is in two stacks, and the manager's check refuses
 * marked frames inside its blocks.
 */
static unsigned mark_stack(struct quire *q, unsigned cpu_number)
{
    const struct quire_cpu *cpu = &q->cpu[cpu_number];
    unsigned faults = 0;

    if (cpu->frame_count > QUIRE_FRAME_CACHE_SIZE) {
        quire_report(q, "frame: a CPU's stack is longer than its size: CPU, length", cpu_number,
                     cpu->frame_count);
        return 1;
    }
    for (uint32_t i = 0; i < cpu->frame_count; i++) {
        uint32_t number = cpu->frame[i];
        struct quire_frame *frame = number < q->frame.count ? quire_frame_at(q, number) : NULL;

        if (frame == NULL || frame->kind != QUIRE_FRAME_FREE || frame->count != 0 ||
            (frame->flags & QUIRE_FRAME_HEAD)) {
            quire_report(q, "frame: a CPU's stack holds a frame that is not free: CPU, frame",
                         cpu_number, number);
            faults++;
            continue;
        }
        if (frame->flags & QUIRE_FRAME_CACHED) {
            quire_report(q, "frame: a frame lies in CPU stacks twice: CPU, frame", cpu_number,
                         number);
            faults++;
        }
        frame->flags |= QUIRE_FRAME_CACHED;
    }
    return faults;
}

static void unmark_stack(struct quire *q, const struct quire_cpu *cpu)
{
    for (uint32_t i = 0; i < cpu->frame_count && i < QUIRE_FRAME_CACHE_SIZE; i++)
        if (cpu->frame[i] < q->frame.count)
            quire_frame_at(q, cpu->frame[i])->flags &= (uint8_t)~QUIRE_FRAME_CACHED;
}

static unsigned check_record(struct quire *q, uint32_t number, struct quire_frame_census *census)
{
    const struct quire_frame *frame = quire_frame_at(q, number);
    unsigned zone = frame->zone;

    if (zone >= QUIRE_ZONE_COUNT || number < q->frame.zone[zone].first ||
        number >= q->frame.zone[zone].end) {
        quire_report(q, "frame: a record names the wrong zone: frame, zone", number, zone);
        return 1;
    }
    if (frame->kind >= QUIRE_FRAME_KIND_COUNT ||
        (frame->kind <= QUIRE_FRAME_RESERVED && frame->count != 0)) {
        quire_report(q, "frame: a record's kind and count disagree: frame, kind", number,
                     frame->kind);
        return 1;
    }
    census->kind[frame->kind]++;
    if (frame->kind == QUIRE_FRAME_FREE) {
        if (frame->flags & QUIRE_FRAME_CACHED)
            census->in_stacks++;
        else
            census->in_manager[zone]++;
    }
    return 0;
}

/* What the CPUs count, against the records. */
static unsigned check_kinds(struct quire *q, const struct quire_frame_census *census)
{
    struct quire_frame_stats stats;
    unsigned faults = 0;

    quire_frame_stats(q, &stats);
    for (unsigned kind = QUIRE_FRAME_RESERVED; kind < QUIRE_FRAME_KIND_COUNT; kind++) {
        if (stats.kind[kind] == census->kind[kind])
            continue;
        quire_report(q, "frame: the CPUs' count of a kind and the records disagree: kind, count",
                     kind, stats.kind[kind]);
        faults++;
    }
    return faults;
}

unsigned quire_frame_check(struct quire *q)
{
    struct quire_frame_census census = {0};
    uint64_t stacked = 0;
    unsigned faults = 0;

    for (unsigned i = 0; i < q->cpu_count; i++) {
        faults += mark_stack(q, i);
        stacked += q->cpu[i].frame_count;
    }
    for (uint32_t number = 0; (number = quire_frame_next_written(q, number)) < q->frame.count;
         number++)
        faults += check_record(q, number, &census);
    quire_frame_census_unwritten(q, &census);
    if (stacked != census.in_stacks) {
        quire_report(q, "frame: stacks and records disagree: in stacks, marked", stacked,
                     census.in_stacks);
        faults++;
    }
    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++) {
        struct quire_zone *zone = &q->frame.zone[i];

        faults += q->frame.manager->check(q, zone);
        if (zone->free != census.in_manager[i] || zone->free > zone->present) {
            quire_report(q, "frame: a zone's free count and its records disagree: zone, records",
                         zone->free, census.in_manager[i]);
            faults++;
        }
        if (zone->unwritten != census.unwritten[i]) {
            quire_report(q,
                         "frame: a zone's free frames without record and the boot map disagree: "
                         "zone, boot map",
                         zone->unwritten, census.unwritten[i]);
            faults++;
        }
    }
    for (unsigned i = 0; i < q->cpu_count; i++)
        unmark_stack(q, &q->cpu[i]);
    return faults + check_kinds(q, &census);
}
