/* Layer 1: zones, blocks, stacks, the reserve, every refusal; then a random run against a plain
 * model. */

#include <stdlib.h>
#include <string.h>

#include "frame_internal.h"
#include "host.h"

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

static struct host machine, other;

static struct quire_frame *alloc(struct host *host, unsigned order, unsigned flags)
{
    struct quire_frame *frame = quire_frame_alloc(&host->q, order, QUIRE_FRAME_KERNEL, flags);

    assert_non_null(frame);
    return frame;
}

static void give(struct host *host, struct quire_frame *frame)
{
    assert_int_equal(quire_frame_free(&host->q, frame), QUIRE_OK);
}

/* What is free side by side can be had as one block. */
static bool joins(void)
{
    return (host_manager->capabilities &
            (QUIRE_MANAGER_CONTIGUOUS | QUIRE_MANAGER_CONTIGUOUS_SLOW)) != 0;
}

/* What ordinary requests cannot have of the zones below the highest one. */
static uint64_t kept(const struct host *host)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++) {
        const struct quire_zone *zone = &host->q.frame.zone[i];
        uint64_t keep = zone->keep[QUIRE_ZONE_NORMAL];

        sum += keep < zone->present ? keep : zone->present;
    }
    return sum;
}

/* Machines of several GiB, of which little is touched: not for 32-bit programs. */
static void needs_a_large_address_space(void)
{
    if (sizeof(size_t) < 8)
        skip();
}

static void assert_sound(struct host *host)
{
    host_log_clear();
    if (quire_frame_check(&host->q) != 0)
        fail_msg("check: %s", host_log_text);
    assert_int_equal(host_log_lines, 0);
}

/* ---- bring-up ---- */

static void init_refuses_what_makes_no_machine(void **state)
{
    struct quire_frame_config config = {
        .cpu_count = 1, .direct_end = 16 * MIB, .manager = host_manager};

    (void)state;
    host_init(&machine, 16 * MIB);
    quire_bootmap_add(&machine.map, 0, 16 * MIB, QUIRE_MEMORY_USABLE);
    assert_int_equal(quire_frame_init(&machine.q, &machine.map, &config), QUIRE_INVALID);
    quire_bootmap_finish(&machine.map);
    config.cpu_count = 0;
    assert_int_equal(quire_frame_init(&machine.q, &machine.map, &config), QUIRE_INVALID);
    config.cpu_count = 1;
    config.direct_end = 4096; /* nothing below it to keep the table in */
    assert_int_equal(quire_frame_init(&machine.q, &machine.map, &config), QUIRE_NO_MEMORY);
    host_end(&machine);
}

/* Whatever little RAM there is, bring-up works or says that it cannot. */
static void tiny_machines(void **state)
{
    (void)state;
    for (size_t pages = 1; pages < 64; pages++) {
        struct quire_frame_config config = {
            .cpu_count = 3, .direct_end = pages * 4096, .manager = host_manager};
        enum quire_status status;
        size_t got = 0;

        host_init(&machine, pages * 4096);
        quire_bootmap_add(&machine.map, 0, pages * 4096, QUIRE_MEMORY_USABLE);
        quire_bootmap_finish(&machine.map);
        status = quire_frame_init(&machine.q, &machine.map, &config);
        if (status == QUIRE_OK) {
            assert_sound(&machine);
            while (quire_frame_alloc_one(&machine.q, QUIRE_FRAME_KERNEL, 0) != NULL)
                got++;
            assert_true(got < pages);
            assert_int_equal(host_free_frames(&machine), 0);
            assert_sound(&machine);
        } else {
            assert_int_equal(status, QUIRE_NO_MEMORY);
            assert_true(pages < 8);
        }
        host_end(&machine);
    }
}

static void zones_follow_the_addresses(void **state)
{
    const struct quire_zone *zone = machine.q.frame.zone;

    (void)state;
    needs_a_large_address_space();
    host_init(&machine, 6 * GIB);
    quire_bootmap_add(&machine.map, 0, 3 * GIB, QUIRE_MEMORY_USABLE);
    quire_bootmap_add(&machine.map, 4 * GIB, 2 * GIB, QUIRE_MEMORY_USABLE);
    host_start(&machine, &(struct quire_frame_config){.cpu_count = 2, .direct_end = 5 * GIB + 17});
    assert_int_equal(zone[QUIRE_ZONE_DMA].end, 4096);
    assert_int_equal(zone[QUIRE_ZONE_DMA32].end, 4 * GIB / 4096);
    assert_int_equal(zone[QUIRE_ZONE_NORMAL].end, 5 * GIB / 4096);
    assert_int_equal(zone[QUIRE_ZONE_HIGH].end, 6 * GIB / 4096);
    /* page 0 and the 96 pages of the video area are missing */
    assert_int_equal(zone[QUIRE_ZONE_DMA].present, 4096 - 97);
    assert_int_equal(zone[QUIRE_ZONE_DMA32].present, 3 * GIB / 4096 - 4096);
    assert_int_equal(zone[QUIRE_ZONE_NORMAL].present, GIB / 4096);
    assert_int_equal(zone[QUIRE_ZONE_HIGH].present, GIB / 4096);
    assert_int_equal(quire_zone_free(&zone[QUIRE_ZONE_HIGH]), GIB / 4096);
    assert_true(quire_frame_phys(&machine.q, machine.q.frame.table) == 0);
    assert_true(machine.q.frame.zero < machine.q.frame.direct_end);
    assert_null(quire_frame_find(&machine.q, 6 * GIB));
    assert_int_equal(quire_frame_find(&machine.q, 3 * GIB)->kind, QUIRE_FRAME_RESERVED);
    assert_int_equal(quire_frame_find(&machine.q, 0)->kind, QUIRE_FRAME_RESERVED);
    assert_int_equal(quire_frame_find(&machine.q, 0xa0000)->kind, QUIRE_FRAME_RESERVED);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(machine.q.cpu[i].epoch, machine.q.epoch);
        assert_int_equal(machine.q.cpu[i].table_first, QUIRE_FRAME_NONE);
        assert_int_equal(machine.q.cpu[i].table_last, QUIRE_FRAME_NONE);
    }
    host_end(&machine);
}

static unsigned zone_of(struct host *host, unsigned flags)
{
    struct quire_frame *one = quire_frame_alloc_one(&host->q, QUIRE_FRAME_KERNEL, flags);
    struct quire_frame *block = alloc(host, 3, flags);
    unsigned zone = one->zone;

    assert_int_equal(block->zone, zone);
    give(host, one);
    give(host, block);
    return zone;
}

static void flags_choose_the_zone(void **state)
{
    (void)state;
    needs_a_large_address_space();
    host_init(&machine, 6 * GIB);
    quire_bootmap_add(&machine.map, 0, 6 * GIB, QUIRE_MEMORY_USABLE);
    host_start(&machine, &(struct quire_frame_config){.cpu_count = 1, .direct_end = 5 * GIB});
    assert_int_equal(zone_of(&machine, 0), QUIRE_ZONE_NORMAL);
    assert_int_equal(zone_of(&machine, QUIRE_ALLOC_HIGH), QUIRE_ZONE_HIGH);
    assert_int_equal(zone_of(&machine, QUIRE_ALLOC_DMA32), QUIRE_ZONE_DMA32);
    assert_int_equal(zone_of(&machine, QUIRE_ALLOC_DMA), QUIRE_ZONE_DMA);
    assert_int_equal(zone_of(&machine, QUIRE_ALLOC_DMA | QUIRE_ALLOC_HIGH), QUIRE_ZONE_DMA);
    /* frames of DMA and HIGH are back in their zones, not in the CPU's stack */
    assert_int_equal(quire_zone_free(&machine.q.frame.zone[QUIRE_ZONE_DMA]),
                     machine.q.frame.zone[QUIRE_ZONE_DMA].present);
    assert_int_equal(quire_zone_free(&machine.q.frame.zone[QUIRE_ZONE_HIGH]),
                     machine.q.frame.zone[QUIRE_ZONE_HIGH].present);
    host_end(&machine);
}

static void empty_zones_fall_back_downwards(void **state)
{
    struct quire_frame *frame;
    unsigned last = QUIRE_ZONE_NORMAL;

    (void)state;
    host_init(&machine, 64 * MIB);
    quire_bootmap_add(&machine.map, 0, 64 * MIB, QUIRE_MEMORY_USABLE);
    host_start(&machine, &(struct quire_frame_config){.cpu_count = 1});
    while ((frame = quire_frame_alloc_one(&machine.q, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_HIGH))) {
        assert_true(frame->zone <= last);
        last = frame->zone;
    }
    assert_int_equal(last, QUIRE_ZONE_DMA);
    assert_int_equal(host_free_frames(&machine), kept(&machine));
    assert_null(quire_frame_alloc(&machine.q, 1, QUIRE_FRAME_KERNEL, 0));
    assert_sound(&machine);
    host_end(&machine);
}

/*
 * A machine with every zone, full of what could have lain anywhere: each zone still has the share
 * of the memory above it for those who can use no other, and they get all of it.
 */
static void low_memory_is_left_to_those_who_need_it(void **state)
{
    const struct quire_zone *zone = machine.q.frame.zone;
    const unsigned flags[] = {QUIRE_ALLOC_HIGH, 0, QUIRE_ALLOC_DMA32, QUIRE_ALLOC_DMA};
    uint64_t normal, dma32;

    (void)state;
    needs_a_large_address_space();
    host_init(&machine, 5 * GIB);
    quire_bootmap_add(&machine.map, 0, 24 * MIB, QUIRE_MEMORY_USABLE);
    quire_bootmap_add(&machine.map, 4 * GIB, 192 * MIB, QUIRE_MEMORY_USABLE);
    host_start(&machine,
               &(struct quire_frame_config){.cpu_count = 1, .direct_end = 4 * GIB + 96 * MIB});
    normal = zone[QUIRE_ZONE_NORMAL].present;
    dma32 = zone[QUIRE_ZONE_DMA32].present;
    assert_int_equal(zone[QUIRE_ZONE_NORMAL].keep[QUIRE_ZONE_HIGH],
                     96 * MIB / 4096 / QUIRE_HIGH_SHARE);
    assert_int_equal(zone[QUIRE_ZONE_DMA32].keep[QUIRE_ZONE_NORMAL], normal / QUIRE_LOW_SHARE);
    assert_int_equal(zone[QUIRE_ZONE_DMA].keep[QUIRE_ZONE_NORMAL],
                     (normal + dma32) / QUIRE_LOW_SHARE);
    assert_int_equal(zone[QUIRE_ZONE_DMA].keep[QUIRE_ZONE_DMA32], dma32 / QUIRE_LOW_SHARE);
    for (unsigned i = 0; i < 4; i++) {
        unsigned wanted = QUIRE_ZONE_HIGH - i;

        while (quire_frame_alloc_one(&machine.q, QUIRE_FRAME_KERNEL, flags[i]) != NULL)
            continue;
        quire_frame_drain(&machine.q);
        for (unsigned j = 0; j < QUIRE_ZONE_COUNT; j++)
            if (j < wanted)
                assert_in_range(quire_zone_free(&zone[j]), 1, zone[j].keep[wanted]);
            else
                assert_int_equal(quire_zone_free(&zone[j]), 0);
        assert_sound(&machine);
    }
    assert_int_equal(host_free_frames(&machine), 0);
    host_end(&machine);

    /* write-out takes what is there */
    host_simple(&machine, 64 * MIB);
    while (quire_frame_alloc_one(&machine.q, QUIRE_FRAME_KERNEL, 0) != NULL)
        continue;
    assert_true(host_free_frames(&machine) > 0);
    while (quire_frame_alloc(&machine.q, 0, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_RESERVE) != NULL)
        continue;
    assert_int_equal(host_free_frames(&machine), 0);
    host_end(&machine);
}

/* ---- the frame table ---- */

static uint32_t written_sections(const struct host *host)
{
    uint32_t n = 0;

    for (uint32_t number = 0; number < host->q.frame.count; number += 1u << QUIRE_SECTION_ORDER)
        n += quire_frame_is_written(&host->q, number);
    return n;
}

/* Bring-up writes next to nothing; what is asked for is written; all of it is right in the end. */
static void records_are_written_when_they_are_needed(void **state)
{
    struct quire_frame_stats before, after;
    uint64_t blocks[QUIRE_MAX_ORDER + 1], frames = 0;
    const size_t unit = sizeof(size_t) < 8 ? 24 * MIB : GIB;
    uint32_t written;

    (void)state;
    host_init(&machine, 20 * unit);
    quire_bootmap_add(&machine.map, 0, 3 * unit, QUIRE_MEMORY_USABLE);
    quire_bootmap_add(&machine.map, 2 * unit + 12345, 3 * MIB, QUIRE_MEMORY_RESERVED);
    quire_bootmap_add(&machine.map, 4 * unit, 16 * unit, QUIRE_MEMORY_USABLE);
    host_start(&machine, &(struct quire_frame_config){.cpu_count = 1, .direct_end = 18 * unit});
    assert_int_equal(written_sections(&machine), 1); /* that of the zero page */
    assert_sound(&machine);
    quire_frame_stats(&machine.q, &before);
    assert_int_equal(before.total, 19 * unit / 4096 - 97 - 3 * MIB / 4096 - 1);
    assert_int_equal(before.kind[QUIRE_FRAME_RESERVED], machine.q.frame.count - before.total);
    for (unsigned zone = 0; zone < QUIRE_ZONE_COUNT; zone++) {
        quire_frame_blocks(&machine.q, (enum quire_zone_id)zone, blocks);
        for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++)
            frames += blocks[order] << order;
    }
    assert_int_equal(frames, before.free);

    give(&machine, alloc(&machine, 0, 0));
    give(&machine, alloc(&machine, QUIRE_MAX_ORDER, QUIRE_ALLOC_HIGH));
    give(&machine, alloc(&machine, 3, QUIRE_ALLOC_DMA));
    written = written_sections(&machine);
    assert_in_range(written, 3, 4);

    /* somebody asks, once in a hole and once in the middle of free memory */
    assert_int_equal(quire_frame_find(&machine.q, 3 * unit + 4096 * 77)->kind,
                     QUIRE_FRAME_RESERVED);
    assert_int_equal(quire_frame_find(&machine.q, 2 * unit + 2 * MIB)->kind, QUIRE_FRAME_RESERVED);
    assert_int_equal(quire_frame_find(&machine.q, 2 * unit + 8 * MIB)->kind, QUIRE_FRAME_FREE);
    assert_int_equal(quire_frame_find(&machine.q, 17 * unit)->zone,
                     unit == GIB ? QUIRE_ZONE_NORMAL : QUIRE_ZONE_DMA32);
    assert_int_equal(written_sections(&machine), written + 3);
    assert_sound(&machine);

    /* a frame that nobody has, in a section that nobody has looked at */
    assert_int_equal(quire_frame_free(&machine.q, quire_frame_at(&machine.q, 11 * unit / 4096)),
                     QUIRE_NOT_ALLOCATED);
    assert_int_equal(written_sections(&machine), written + 4);
    quire_frame_stats(&machine.q, &after);
    assert_memory_equal(&after, &before, sizeof(after));
    assert_sound(&machine);
    host_end(&machine);
}

static void boot_frames_can_be_given_back(void **state)
{
    uint64_t before;

    (void)state;
    host_init(&machine, 16 * MIB);
    quire_bootmap_add(&machine.map, 0, 16 * MIB, QUIRE_MEMORY_USABLE);
    quire_bootmap_finish(&machine.map);
    quire_bootmap_reserve(&machine.map, 4 * MIB, 1 * MIB);
    assert_int_equal(quire_frame_init(&machine.q, &machine.map,
                                      &(struct quire_frame_config){.cpu_count = 1,
                                                                   .direct_end = 16 * MIB,
                                                                   .manager = host_manager}),
                     QUIRE_OK);
    before = host_free_frames(&machine);
    assert_int_equal(quire_frame_find(&machine.q, 4 * MIB)->kind, QUIRE_FRAME_BOOT);
    for (quire_phys at = 4 * MIB; at < 5 * MIB; at += 4096)
        give(&machine, quire_frame_of(&machine.q, at));
    assert_int_equal(host_free_frames(&machine), before + 256);
    assert_sound(&machine);
    /* but never the zero page */
    assert_int_equal(quire_frame_free(&machine.q, quire_frame_of(&machine.q, machine.q.frame.zero)),
                     QUIRE_BUSY);
    host_end(&machine);
}

/* ---- blocks ---- */

static void blocks_are_aligned_and_their_records_are_set(void **state)
{
    (void)state;
    host_simple(&machine, 64 * MIB);
    for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++) {
        struct quire_frame *frame = quire_frame_alloc(&machine.q, order, QUIRE_FRAME_HEAP, 0);

        assert_non_null(frame);
        assert_int_equal(quire_frame_number(&machine.q, frame) & ((1u << order) - 1), 0);
        assert_int_equal(frame->count, 1);
        assert_int_equal(frame->order, order);
        for (uint32_t i = 0; i < 1u << order; i++) {
            assert_int_equal(frame[i].kind, QUIRE_FRAME_HEAP);
            assert_int_equal(frame[i].count, i == 0);
            assert_int_equal(frame[i].flags, 0);
            assert_int_equal(frame[i].user.words[0], 0);
            assert_int_equal(frame[i].user.words[1], 0);
            assert_int_equal(frame[i].table.epoch, 0);
        }
        assert_sound(&machine);
        give(&machine, frame);
        assert_sound(&machine);
    }
    assert_null(quire_frame_alloc(&machine.q, QUIRE_MAX_ORDER + 1, QUIRE_FRAME_HEAP, 0));
    host_end(&machine);
}

static void zeroed_frames_are_zero(void **state)
{
    static const uint8_t zeros[4096];

    (void)state;
    host_init(&machine, 64 * MIB);
    quire_bootmap_add(&machine.map, 0, 64 * MIB, QUIRE_MEMORY_USABLE);
    host_start(&machine, &(struct quire_frame_config){.cpu_count = 1, .direct_end = 48 * MIB});
    for (unsigned order = 0; order < 3; order++) {
        for (unsigned high = 0; high < 2; high++) {
            unsigned flags = high ? QUIRE_ALLOC_HIGH : 0;
            struct quire_frame *frame = alloc(&machine, order, flags);
            quire_phys where = quire_frame_phys(&machine.q, frame);

            memset(machine.ram + where, 0x77, (size_t)4096 << order);
            give(&machine, frame);
            frame = alloc(&machine, order, flags | QUIRE_ALLOC_ZERO);
            where = quire_frame_phys(&machine.q, frame);
            assert_int_equal(where >= 48 * MIB, high);
            for (size_t i = 0; i < (size_t)1 << order; i++)
                assert_memory_equal(machine.ram + where + i * 4096, zeros, 4096);
            give(&machine, frame);
        }
    }
    assert_int_equal(host_frames_mapped, 0);
    host_end(&machine);
}

static void everything_freed_merges_back(void **state)
{
    uint64_t before[QUIRE_ZONE_COUNT][QUIRE_MAX_ORDER + 1], after[QUIRE_MAX_ORDER + 1];
    struct quire_frame **frames = calloc(64 * MIB / 4096, sizeof(*frames));
    uint64_t seed = host_seed(), all;
    size_t n = 0;

    (void)state;
    host_simple(&machine, 64 * MIB);
    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++)
        quire_frame_blocks(&machine.q, (enum quire_zone_id)i, before[i]);
    all = host_free_frames(&machine);
    while ((frames[n] = quire_frame_alloc_one(&machine.q, QUIRE_FRAME_KERNEL, 0)) != NULL)
        n++;
    assert_int_equal(n, all - kept(&machine));
    for (size_t i = n; i > 1; i--) {
        size_t j = host_random_below(&seed, i);
        struct quire_frame *frame = frames[j];

        frames[j] = frames[i - 1];
        frames[i - 1] = frame;
    }
    for (size_t i = 0; i < n; i++)
        give(&machine, frames[i]);
    quire_frame_drain(&machine.q);
    assert_int_equal(host_free_frames(&machine), all);
    for (unsigned i = 0; i < QUIRE_ZONE_COUNT && joins(); i++) {
        quire_frame_blocks(&machine.q, (enum quire_zone_id)i, after);
        assert_memory_equal(after, before[i], sizeof(after));
    }
    if (!joins()) {
        /* nothing is joined again: refused by name, and single frames are there all the same */
        while (quire_frame_alloc(&machine.q, 1, QUIRE_FRAME_KERNEL, 0) != NULL)
            continue;
        assert_null(quire_frame_alloc_run(&machine.q, 2, QUIRE_FRAME_KERNEL, 0));
        assert_true(host_free_frames(&machine) > all / 2);
        assert_non_null(quire_frame_alloc(&machine.q, 0, QUIRE_FRAME_KERNEL, 0));
    }
    assert_sound(&machine);
    host_end(&machine);
    free(frames);
}

/* Zones that begin and end anywhere: no block reaches across. */
static void blocks_stay_inside_odd_zones(void **state)
{
    (void)state;
    host_init(&machine, 40 * MIB);
    quire_bootmap_add(&machine.map, 0, 40 * MIB, QUIRE_MEMORY_USABLE);
    host_start(&machine,
               &(struct quire_frame_config){.cpu_count = 1, .direct_end = 21 * MIB + 5 * 4096});
    for (int round = 0; round < 2; round++) {
        struct quire_frame *frames[64];
        size_t n = 0;

        for (unsigned order = QUIRE_MAX_ORDER + 1; order-- > 0;) {
            struct quire_frame *frame;

            while (n < 64 && (frame = quire_frame_alloc(&machine.q, order, QUIRE_FRAME_KERNEL,
                                                        QUIRE_ALLOC_HIGH)) != NULL) {
                assert_int_equal(frame->zone, frame[(1u << order) - 1].zone);
                frames[n++] = frame;
            }
        }
        assert_sound(&machine);
        while (n-- > 0)
            give(&machine, frames[n]);
        assert_sound(&machine);
    }
    host_end(&machine);
}

/*
 * The worst boundary: frame 5380, the last of its zone, is the buddy of 5381, the first of the
 * next, and both are free. Neither they nor a run of freed frames across the boundary may be
 * joined.
 */
static void buddies_in_different_zones_stay_apart(void **state)
{
    struct quire_frame **frames = calloc(10240, sizeof(*frames));
    const quire_phys boundary = (quire_phys)5381 * 4096;
    uint64_t all;
    size_t n = 0;

    (void)state;
    host_init(&machine, 40 * MIB);
    quire_bootmap_add(&machine.map, 0, 40 * MIB, QUIRE_MEMORY_USABLE);
    quire_bootmap_finish(&machine.map);
    quire_bootmap_reserve(&machine.map, boundary - 16 * 4096, 16 * 4096);
    assert_int_equal(quire_frame_init(&machine.q, &machine.map,
                                      &(struct quire_frame_config){.cpu_count = 1,
                                                                   .direct_end = boundary,
                                                                   .manager = host_manager}),
                     QUIRE_OK);
    for (quire_phys at = boundary - 16 * 4096; at < boundary; at += 4096)
        give(&machine, quire_frame_of(&machine.q, at));
    quire_frame_drain(&machine.q);
    assert_sound(&machine);
    all = host_free_frames(&machine);
    while ((frames[n] = quire_frame_alloc_one(&machine.q, QUIRE_FRAME_OBJECT,
                                              QUIRE_ALLOC_HIGH | QUIRE_ALLOC_RESERVE)))
        n++;
    assert_int_equal(n, all);
    n = 0;
    for (uint32_t number = 0; number < machine.q.frame.count; number++) {
        struct quire_frame *frame = quire_frame_at(&machine.q, number);

        if (frame->kind != QUIRE_FRAME_OBJECT)
            continue;
        assert_true(quire_frame_drop(frame));
        frames[n++] = frame;
    }
    assert_int_equal(n, all);
    quire_frame_free_bulk(&machine.q, frames, n);
    assert_sound(&machine);
    quire_frame_drain(&machine.q);
    assert_sound(&machine);
    assert_int_equal(host_free_frames(&machine), all);
    host_end(&machine);
    free(frames);
}

static void a_run_takes_exactly_its_frames(void **state)
{
    uint64_t before;

    (void)state;
    host_simple(&machine, 32 * MIB);
    before = host_free_frames(&machine);
    for (size_t n = 1; n <= 1024; n += n < 20 ? 1 : 57) {
        struct quire_frame *first =
            quire_frame_alloc_run(&machine.q, n, QUIRE_FRAME_HEAP, QUIRE_ALLOC_ZERO);

        if (first == NULL) {
            assert_false(joins());
            continue;
        }
        assert_int_equal(host_free_frames(&machine), before - n);
        assert_sound(&machine);
        quire_frame_free_run(&machine.q, first, n);
        assert_int_equal(host_free_frames(&machine), before);
    }
    assert_sound(&machine);
    assert_null(quire_frame_alloc_run(&machine.q, 0, QUIRE_FRAME_HEAP, 0));
    assert_null(quire_frame_alloc_run(&machine.q, 1025, QUIRE_FRAME_HEAP, 0));
    assert_null(quire_frame_alloc_run(&machine.q, SIZE_MAX, QUIRE_FRAME_HEAP, 0));
    host_end(&machine);
}

/* ---- refusals ---- */

static void counted_free_and_foreign_frames_are_refused(void **state)
{
    struct quire_frame *one, *block;
    uint64_t before;

    (void)state;
    host_simple(&machine, 16 * MIB);
    one = alloc(&machine, 0, 0);
    block = alloc(&machine, 2, 0);
    before = host_free_frames(&machine);
    quire_frame_get(one);
    quire_frame_get(block);
    assert_int_equal(quire_frame_free(&machine.q, one), QUIRE_BUSY);
    assert_int_equal(quire_frame_free(&machine.q, block), QUIRE_BUSY);
    assert_int_equal(quire_frame_free(&machine.q, block + 1), QUIRE_NOT_ALLOCATED);
    assert_int_equal(quire_frame_free(&machine.q, quire_frame_of(&machine.q, 0xb8000)),
                     QUIRE_NOT_ALLOCATED);
    assert_int_equal(host_free_frames(&machine), before);
    assert_false(quire_frame_drop(one));
    assert_false(quire_frame_drop(block));
    give(&machine, one);
    give(&machine, block);
    assert_int_equal(quire_frame_free(&machine.q, one), QUIRE_NOT_ALLOCATED);
    assert_int_equal(quire_frame_free(&machine.q, block), QUIRE_NOT_ALLOCATED);
    assert_int_equal(host_free_frames(&machine), before + 5);
    assert_sound(&machine);
    host_end(&machine);
}

/* More references than 16 bits count: a page of zeros or of a library in many processes. */
static void counts_are_wider_than_16_bits(void **state)
{
    const uint32_t references = 70000;
    struct quire_frame *frame;

    (void)state;
    host_simple(&machine, 16 * MIB);
    frame = alloc(&machine, 0, 0);
    for (uint32_t i = 1; i < references; i++)
        quire_frame_get(frame);
    assert_int_equal(frame->count, references);
    assert_int_equal(quire_frame_free(&machine.q, frame), QUIRE_BUSY);
    for (uint32_t i = 1; i < references; i++)
        assert_false(quire_frame_drop(frame));
    assert_int_equal(frame->count, 1);
    give(&machine, frame);
    assert_sound(&machine);
    host_end(&machine);
}

static void the_last_put_frees(void **state)
{
    struct quire_frame *frame;
    uint64_t before;

    (void)state;
    host_simple(&machine, 16 * MIB);
    before = host_free_frames(&machine);
    frame = alloc(&machine, 0, 0);
    quire_frame_get(frame);
    quire_frame_put(&machine.q, frame);
    assert_int_equal(frame->count, 1);
    assert_int_equal(host_free_frames(&machine), before - 1);
    quire_frame_put(&machine.q, frame);
    assert_int_equal(frame->kind, QUIRE_FRAME_FREE);
    assert_int_equal(host_free_frames(&machine), before);
    host_end(&machine);
}

static void many_gets_all_or_nothing(void **state)
{
    struct quire_frame *frames[8192];
    uint64_t before;

    (void)state;
    host_simple(&machine, 16 * MIB);
    before = host_free_frames(&machine);
    assert_int_equal(
        quire_frame_alloc_many(&machine.q, before + 1, QUIRE_FRAME_ANONYMOUS, 0, frames),
        QUIRE_NO_MEMORY);
    assert_int_equal(host_free_frames(&machine), before);
    assert_sound(&machine);
    assert_int_equal(quire_frame_alloc_many(&machine.q, before, QUIRE_FRAME_ANONYMOUS, 0, frames),
                     QUIRE_OK);
    assert_int_equal(host_free_frames(&machine), 0);
    for (size_t i = 0; i < before; i++) {
        assert_int_equal(frames[i]->count, 1);
        assert_int_equal(frames[i]->kind, QUIRE_FRAME_ANONYMOUS);
        assert_true(quire_frame_drop(frames[i]));
    }
    quire_frame_free_bulk(&machine.q, frames, before);
    assert_int_equal(host_free_frames(&machine), before);
    assert_int_equal(quire_frame_alloc_many(&machine.q, 0, QUIRE_FRAME_KERNEL, 0, NULL), QUIRE_OK);
    assert_sound(&machine);
    host_end(&machine);

    /* shortage that shows only on the way: what is kept for others counts as free */
    host_simple(&machine, 32 * MIB);
    before = host_free_frames(&machine);
    assert_true(kept(&machine) > 0);
    assert_int_equal(quire_frame_alloc_many(&machine.q, before, QUIRE_FRAME_ANONYMOUS, 0, frames),
                     QUIRE_NO_MEMORY);
    assert_int_equal(host_free_frames(&machine), before);
    assert_int_equal(quire_frame_alloc_many(&machine.q, before - kept(&machine),
                                            QUIRE_FRAME_ANONYMOUS, 0, frames),
                     QUIRE_OK);
    assert_sound(&machine);
    host_end(&machine);
}

static void the_reserve_is_for_write_out(void **state)
{
    size_t ordinary = 0, reserved = 0;
    uint64_t all;

    (void)state;
    host_init(&machine, 16 * MIB);
    quire_bootmap_add(&machine.map, 0, 16 * MIB, QUIRE_MEMORY_USABLE);
    host_start(&machine, &(struct quire_frame_config){.cpu_count = 1, .reserve = 100});
    all = host_free_frames(&machine);
    while (quire_frame_alloc_one(&machine.q, QUIRE_FRAME_KERNEL, 0) != NULL)
        ordinary++;
    assert_int_equal(ordinary, all - 100);
    assert_null(quire_frame_alloc(&machine.q, 1, QUIRE_FRAME_KERNEL, 0));
    assert_non_null(quire_frame_alloc(&machine.q, 1, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_RESERVE));
    while (quire_frame_alloc_one(&machine.q, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_RESERVE) != NULL) {
        reserved++;
        assert_null(quire_frame_alloc_one(&machine.q, QUIRE_FRAME_KERNEL, 0));
    }
    assert_int_equal(reserved, 98);
    host_end(&machine);
}

/* ---- CPUs ---- */

static void each_cpu_has_its_own_stack(void **state)
{
    struct quire_frame *frame;
    uint64_t all;

    (void)state;
    host_init(&machine, 64 * MIB);
    quire_bootmap_add(&machine.map, 0, 64 * MIB, QUIRE_MEMORY_USABLE);
    host_start(&machine, &(struct quire_frame_config){.cpu_count = 2});
    all = host_free_frames(&machine);
    frame = alloc(&machine, 0, 0);
    assert_int_equal(machine.q.cpu[0].frame_count, QUIRE_FRAME_CACHE_BATCH - 1);
    assert_int_equal(machine.q.cpu[1].frame_count, 0);
    host_cpu = 1;
    give(&machine, frame);
    assert_int_equal(machine.q.cpu[1].frame_count, 1);
    /* the newest frame comes first: it is the one still in the data cache */
    assert_ptr_equal(alloc(&machine, 0, 0), frame);
    give(&machine, frame);
    quire_frame_drain(&machine.q);
    host_cpu = 0;
    quire_frame_drain(&machine.q);
    assert_int_equal(machine.q.cpu[0].frame_count + machine.q.cpu[1].frame_count, 0);
    assert_int_equal(host_free_frames(&machine), all);
    assert_int_equal(machine.q.cpu[0].event[QUIRE_EVENT_FRAME_ALLOC], 1);
    assert_int_equal(machine.q.cpu[1].event[QUIRE_EVENT_FRAME_ALLOC], 1);
    assert_int_equal(machine.q.cpu[1].event[QUIRE_EVENT_FRAME_FREE], 2);
    assert_sound(&machine);
    host_end(&machine);
}

/* What a stack holds must not stand in the way of a block. */
static void a_block_is_found_although_its_frames_lie_in_the_stack(void **state)
{
    struct quire_frame *frames[4096];
    struct quire_frame *block;
    size_t n = 0;

    (void)state;
    if (!joins())
        return;
    host_simple(&machine, 16 * MIB);
    while ((frames[n] = quire_frame_alloc_one(&machine.q, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_DMA)))
        n++;
    assert_null(quire_frame_alloc(&machine.q, 0, QUIRE_FRAME_KERNEL, 0));
    host_end(&machine);

    host_simple(&machine, 32 * MIB);
    block = alloc(&machine, 4, 0);
    n = 0;
    while ((frames[n % 4096] = quire_frame_alloc_one(&machine.q, QUIRE_FRAME_KERNEL, 0)))
        n++;
    give(&machine, block);
    block = alloc(&machine, 0, 0); /* takes a batch: all sixteen frames */
    give(&machine, block);
    assert_non_null(quire_frame_alloc(&machine.q, 4, QUIRE_FRAME_KERNEL, 0));
    host_end(&machine);
}

/* ---- two machines ---- */

static void two_machines_in_one_process(void **state)
{
    struct quire_frame *here, *there;
    uint64_t free_there;

    (void)state;
    host_simple(&machine, 16 * MIB);
    host_simple(&other, 32 * MIB);
    free_there = host_free_frames(&other);
    here = alloc(&machine, 5, 0);
    assert_int_equal(host_free_frames(&other), free_there);
    there = alloc(&other, 5, 0);
    memset(quire_frame_direct(&machine.q, here), 1, (size_t)4096 << 5);
    memset(quire_frame_direct(&other.q, there), 2, (size_t)4096 << 5);
    assert_int_equal(*(uint8_t *)quire_frame_direct(&machine.q, here), 1);
    give(&machine, here);
    give(&other, there);
    assert_sound(&machine);
    assert_sound(&other);
    host_end(&machine);
    host_end(&other);
}

/* ---- a long random run against a plain model ---- */

#define MODEL_FRAMES 2048
#define MODEL_BLOCKS 300

struct model {
    uint8_t owned[MODEL_FRAMES]; /* block number + 1, modulo 251; 0: free */
    struct {
        struct quire_frame *first;
        size_t n;
        uint32_t references;
        bool run;
    } block[MODEL_BLOCKS];
};

static void model_take(struct model *model, struct host *host, unsigned slot, size_t n,
                       struct quire_frame *first, bool run)
{
    uint32_t number = quire_frame_number(&host->q, first);

    for (size_t i = 0; i < n; i++) {
        assert_int_equal(model->owned[number + i], 0);
        model->owned[number + i] = 1;
    }
    model->block[slot].first = first;
    model->block[slot].n = n;
    model->block[slot].references = 1;
    model->block[slot].run = run;
}

static void model_alloc(struct model *model, struct host *host, unsigned slot, uint64_t *seed)
{
    unsigned order = (unsigned)host_random_below(seed, 6);
    unsigned flags = (unsigned)host_random_below(seed, 4) << 3; /* zero, reserve */
    size_t n = (size_t)1 << order;
    bool run = host_random_below(seed, 4) == 0;
    struct quire_frame *first;

    if (host_random_below(seed, 2) == 0)
        order = 0;
    if (host_random_below(seed, 4) == 0)
        flags |= QUIRE_ALLOC_DMA << host_random_below(seed, 3);
    n = (size_t)1 << order;
    if (run)
        n = 1 + host_random_below(seed, n);
    first = run ? quire_frame_alloc_run(&host->q, n, QUIRE_FRAME_KERNEL, flags)
                : quire_frame_alloc(&host->q, order, QUIRE_FRAME_KERNEL, flags);
    if (first != NULL)
        model_take(model, host, slot, n, first, run);
}

static void model_drop(struct model *model, struct host *host, unsigned slot)
{
    struct quire_frame *first = model->block[slot].first;
    uint32_t number = quire_frame_number(&host->q, first);

    if (model->block[slot].references > 1) {
        if (!model->block[slot].run)
            assert_int_equal(quire_frame_free(&host->q, first), QUIRE_BUSY);
        assert_false(quire_frame_drop(first));
        model->block[slot].references--;
        return;
    }
    if (model->block[slot].run)
        quire_frame_free_run(&host->q, first, model->block[slot].n);
    else
        give(host, first);
    memset(&model->owned[number], 0, model->block[slot].n);
    model->block[slot].first = NULL;
}

static void random_run(void **state)
{
    struct model *model = calloc(1, sizeof(*model));
    uint64_t seed = host_seed(), all, used;

    (void)state;
    host_init(&machine, (size_t)MODEL_FRAMES * 4096);
    quire_bootmap_add(&machine.map, 0, (uint64_t)MODEL_FRAMES * 4096, QUIRE_MEMORY_USABLE);
    host_start(&machine, &(struct quire_frame_config){
                             .cpu_count = 3, .reserve = 20, .direct_end = 1500 * 4096 + 999});
    all = host_free_frames(&machine);
    for (unsigned step = 0; step < 30000; step++) {
        unsigned slot = (unsigned)host_random_below(&seed, MODEL_BLOCKS);

        host_cpu = (unsigned)host_random_below(&seed, 3);
        if (model->block[slot].first == NULL) {
            model_alloc(model, &machine, slot, &seed);
        } else if (host_random_below(&seed, 3) == 0) {
            quire_frame_get(model->block[slot].first);
            model->block[slot].references++;
        } else {
            model_drop(model, &machine, slot);
        }
        if (step % 512 == 0)
            quire_frame_drain(&machine.q);
        used = 0;
        for (unsigned i = 0; i < MODEL_BLOCKS && step % 64 == 0; i++)
            used += model->block[i].first != NULL ? model->block[i].n : 0;
        if (step % 64 == 0) {
            assert_int_equal(host_free_frames(&machine), all - used);
            assert_sound(&machine);
        }
    }
    for (unsigned i = 0; i < MODEL_BLOCKS; i++)
        while (model->block[i].first != NULL)
            model_drop(model, &machine, i);
    assert_int_equal(host_free_frames(&machine), all);
    assert_sound(&machine);
    host_cpu = 0;
    host_end(&machine);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_refuses_what_makes_no_machine),
        cmocka_unit_test(tiny_machines),
        cmocka_unit_test(zones_follow_the_addresses),
        cmocka_unit_test(flags_choose_the_zone),
        cmocka_unit_test(empty_zones_fall_back_downwards),
        cmocka_unit_test(low_memory_is_left_to_those_who_need_it),
        cmocka_unit_test(records_are_written_when_they_are_needed),
        cmocka_unit_test(boot_frames_can_be_given_back),
        cmocka_unit_test(blocks_are_aligned_and_their_records_are_set),
        cmocka_unit_test(zeroed_frames_are_zero),
        cmocka_unit_test(everything_freed_merges_back),
        cmocka_unit_test(blocks_stay_inside_odd_zones),
        cmocka_unit_test(buddies_in_different_zones_stay_apart),
        cmocka_unit_test(a_run_takes_exactly_its_frames),
        cmocka_unit_test(counted_free_and_foreign_frames_are_refused),
        cmocka_unit_test(counts_are_wider_than_16_bits),
        cmocka_unit_test(the_last_put_frees),
        cmocka_unit_test(many_gets_all_or_nothing),
        cmocka_unit_test(the_reserve_is_for_write_out),
        cmocka_unit_test(each_cpu_has_its_own_stack),
        cmocka_unit_test(a_block_is_found_although_its_frames_lie_in_the_stack),
        cmocka_unit_test(two_machines_in_one_process),
        cmocka_unit_test(random_run),
    };

    return host_run_on_each(HOST_MANAGERS, tests, sizeof(tests) / sizeof(tests[0]));
}
