/*
 * Layer 1, bring-up and reports: from a boot map to zones full of free frames; counting; checking.
 *
 * The frame table, the CPUs' data, the zero page and the managers' storage come from the boot map,
 * so that they are in it as BOOT rows before the records are written. Records are written once, in
 * one sweep over the table in the order of addresses (a gap between rows is memory that does not
 * exist); only then is free memory given to the managers, in blocks as large as alignment allows:
 * apart from the sweep, bring-up costs a few instructions for each 4 MiB.
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

/* Records [first, end) of one kind; they may lie in several zones. */
static void write_records(struct quire *q, uint32_t first, uint32_t end, enum quire_frame_kind kind)
{
    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++) {
        struct quire_zone *zone = &q->frame.zone[i];
        uint32_t from = first > zone->first ? first : zone->first;
        uint32_t to = end < zone->end ? end : zone->end;

        if (from >= to)
            continue;
        if (kind != QUIRE_FRAME_RESERVED)
            zone->present += to - from;
        q->cpu[0].kind[kind] += to - from;
        for (struct quire_frame *frame = quire_frame_at(q, from); from < to; from++, frame++) {
            __builtin_memset(frame, 0, sizeof(*frame));
            frame->count = kind == QUIRE_FRAME_BOOT ? 1 : 0;
            frame->kind = (uint8_t)kind;
            frame->zone = (uint8_t)i;
        }
    }
}

static enum quire_frame_kind kind_of_memory(enum quire_memory_type type)
{
    switch (type) {
    case QUIRE_MEMORY_USABLE:
        return QUIRE_FRAME_FREE;
    case QUIRE_MEMORY_BOOT:
        return QUIRE_FRAME_BOOT;
    default:
        return QUIRE_FRAME_RESERVED;
    }
}

/* A row's frame numbers [first, end), cut to the table; page 0 is never handed out. */
static void row_frames(const struct quire *q, const struct quire_memory_range *row,
                       uint32_t *out_first, uint32_t *out_end)
{
    uint64_t first = row->start >> QUIRE_PAGE_SHIFT, end = row->end >> QUIRE_PAGE_SHIFT;

    *out_first = (uint32_t)min_u64(first == 0 ? 1 : first, q->frame.count);
    *out_end = (uint32_t)min_u64(end, q->frame.count);
}

static void init_records(struct quire *q, const struct quire_bootmap *map)
{
    uint32_t done = 0;

    for (size_t i = 0; i < map->count; i++) {
        uint32_t first, end;

        row_frames(q, &map->range[i], &first, &end);
        if (first >= end)
            continue;
        write_records(q, done, first, QUIRE_FRAME_RESERVED);
        write_records(q, first, end, kind_of_memory(map->range[i].type));
        done = end;
    }
    write_records(q, done, q->frame.count, QUIRE_FRAME_RESERVED);
}

static void give_free_memory(struct quire *q, const struct quire_bootmap *map)
{
    for (size_t i = 0; i < map->count; i++) {
        uint32_t first, end;

        if (map->range[i].type != QUIRE_MEMORY_USABLE)
            continue;
        row_frames(q, &map->range[i], &first, &end);
        while (first < end) {
            struct quire_zone *zone = &q->frame.zone[quire_frame_at(q, first)->zone];
            uint32_t to = end < zone->end ? end : zone->end;

            quire_spin_lock(&zone->lock);
            quire_frame_give_locked(q, zone, first, to - first);
            quire_spin_unlock(&zone->lock);
            first = to;
        }
    }
}

enum quire_status quire_frame_init(struct quire *q, struct quire_bootmap *map,
                                   const struct quire_frame_config *config)
{
    quire_phys ram_end = quire_bootmap_ram_end(map);
    enum quire_status status;

    if (!map->finished || config->cpu_count == 0)
        return QUIRE_INVALID;
    if (ram_end > RAM_LIMIT) {
        quire_report(q, "frame: RAM that no frame number or entry can name is left out: from, to",
                     RAM_LIMIT, ram_end);
        ram_end = RAM_LIMIT;
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
    if (status != QUIRE_OK)
        return status;
    init_records(q, map);
    give_free_memory(q, map);
    return QUIRE_OK;
}

/* ---- reports ---- */

void quire_frame_stats(const struct quire *q, struct quire_frame_stats *out)
{
    *out = (struct quire_frame_stats){0};
    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++) {
        out->total += q->frame.zone[i].present;
        out->free += __atomic_load_n(&q->frame.zone[i].free, __ATOMIC_RELAXED);
    }
    for (unsigned i = 0; i < q->cpu_count; i++) {
        const struct quire_cpu *cpu = &q->cpu[i];

        out->free += __atomic_load_n(&cpu->frame_count, __ATOMIC_RELAXED);
        for (unsigned kind = 0; kind < QUIRE_FRAME_KIND_COUNT; kind++)
            out->kind[kind] += __atomic_load_n(&cpu->kind[kind], __ATOMIC_RELAXED);
    }
    out->kind[QUIRE_FRAME_FREE] = out->free;
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

struct free_census {
    uint64_t in_manager[QUIRE_ZONE_COUNT];
    uint64_t in_stacks;
    uint64_t kind[QUIRE_FRAME_KIND_COUNT];
};

static unsigned check_record(struct quire *q, uint32_t number, struct free_census *census)
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
static unsigned check_kinds(struct quire *q, const struct free_census *census)
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
    struct free_census census = {0};
    uint64_t stacked = 0;
    unsigned faults = 0;

    for (unsigned i = 0; i < q->cpu_count; i++) {
        faults += mark_stack(q, i);
        stacked += q->cpu[i].frame_count;
    }
    for (uint32_t number = 0; number < q->frame.count; number++)
        faults += check_record(q, number, &census);
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
    }
    for (unsigned i = 0; i < q->cpu_count; i++)
        unmark_stack(q, &q->cpu[i]);
    return faults + check_kinds(q, &census);
}
