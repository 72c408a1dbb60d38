/* Layer 1: check finds each kind of fault, whichever manager; debug builds panic on misuse. */

#include <stdlib.h>
#include <string.h>

#include "frame_internal.h"
#include "host.h"

#define MIB ((size_t)1 << 20)

static struct host machine;

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

static void assert_sound(struct host *host)
{
    host_log_clear();
    if (quire_frame_check(&host->q) != 0)
        fail_msg("check: %s", host_log_text);
    assert_int_equal(host_log_lines, 0);
}

static void census_counts_kinds(void **state)
{
    struct quire_frame_stats before, after;

    (void)state;
    host_simple(&machine, 16 * MIB);
    quire_frame_stats(&machine.q, &before);
    quire_frame_alloc(&machine.q, 3, QUIRE_FRAME_TABLE, 0);
    quire_frame_alloc_one(&machine.q, QUIRE_FRAME_OBJECT, 0);
    quire_frame_stats(&machine.q, &after);
    assert_int_equal(after.kind[QUIRE_FRAME_TABLE], before.kind[QUIRE_FRAME_TABLE] + 8);
    assert_int_equal(after.kind[QUIRE_FRAME_OBJECT], 1);
    assert_int_equal(after.kind[QUIRE_FRAME_FREE], before.kind[QUIRE_FRAME_FREE] - 9);
    assert_int_equal(after.kind[QUIRE_FRAME_FREE], after.free);
    assert_int_equal(before.kind[QUIRE_FRAME_RESERVED], 97);
    host_end(&machine);
}

/* Runs check over one deliberate fault, and undoes it. */
static void assert_noticed_at(const char *text, int line)
{
    host_log_clear();
    if (quire_frame_check(&machine.q) == 0 || host_log_lines == 0)
        fail_msg("line %d: nothing was noticed", line);
    if (strstr(host_log_text, text) == NULL)
        fail_msg("line %d: expected \"%s\", got: %s", line, text, host_log_text);
}

#define assert_noticed(text) assert_noticed_at(text, __LINE__)

static void check_notices_each_kind_of_fault(void **state)
{
    struct quire_zone *zone = &machine.q.frame.zone[QUIRE_ZONE_DMA32];
    struct quire_frame *frame, *used;
    uint32_t saved;

    (void)state;
    host_simple(&machine, 64 * MIB);
    used = alloc(&machine, 0, 0);
    assert_sound(&machine);

    frame = quire_frame_find(&machine.q, 16 * MIB + 4 * MIB);
    assert_int_equal(frame->kind, QUIRE_FRAME_FREE);
    frame[5].kind = QUIRE_FRAME_KERNEL;
    frame[5].count = 1;
    assert_noticed("zone");
    frame[5].kind = QUIRE_FRAME_FREE;
    assert_noticed("not free");
    frame[5].count = 0;
    assert_sound(&machine);

    zone->free++;
    assert_noticed("records disagree");
    zone->free--;

    frame->zone = QUIRE_ZONE_HIGH;
    assert_noticed("");
    frame->zone = QUIRE_ZONE_DMA32;

    saved = machine.q.cpu[0].frame[3];
    machine.q.cpu[0].frame[3] = quire_frame_number(&machine.q, used);
    assert_noticed("stack holds a frame that is not free");
    machine.q.cpu[0].frame[3] = UINT32_MAX - 5;
    assert_noticed("stack holds a frame that is not free");
    machine.q.cpu[0].frame[3] = saved;

    /* one frame twice in a stack, another one lost */
    machine.q.cpu[0].frame[3] = machine.q.cpu[0].frame[4];
    assert_noticed("twice");
    machine.q.cpu[0].frame[3] = saved;

    saved = machine.q.cpu[0].frame_count;
    machine.q.cpu[0].frame_count = QUIRE_FRAME_CACHE_SIZE + 1;
    assert_noticed("stack is longer than its size: CPU, length 0x0 0x101\n");
    machine.q.cpu[0].frame_count = saved;

    used->kind = QUIRE_FRAME_KIND_COUNT;
    assert_noticed("kind");
    used->kind = QUIRE_FRAME_KERNEL;
    assert_sound(&machine);
    host_end(&machine);
}

static void broken_lists_are_noticed(void **state)
{
    struct quire_zone *zone = &machine.q.frame.zone[QUIRE_ZONE_DMA32];
    struct quire_frame *frame;
    uint32_t saved;

    (void)state;
    if (host_manager == &quire_frame_bitmap)
        return;
    host_simple(&machine, 64 * MIB);
    alloc(&machine, 0, 0);
    frame = quire_frame_at(&machine.q, zone->list[QUIRE_MAX_ORDER]);
    saved = frame->free.next;
    frame->free.next = QUIRE_FRAME_NONE;
    assert_noticed("list is shorter than its count");
    frame->free.next = 7;
    assert_noticed("list is broken");
    frame->free.next = saved;
    frame->flags = 0;
    assert_noticed("holds a frame that is not free");
    frame->flags = QUIRE_FRAME_HEAD;
    if (host_manager == &quire_frame_buddy) {
        frame->free.previous = 7;
        assert_noticed("link back is broken");
        frame->free.previous = QUIRE_FRAME_NONE;
    }
    zone->blocks[QUIRE_MAX_ORDER]++;
    assert_noticed("list is shorter than its count");
    zone->blocks[QUIRE_MAX_ORDER]--;
    assert_sound(&machine);
    host_end(&machine);
}

static void broken_bitmaps_are_noticed(void **state)
{
    struct quire_zone *zone = &machine.q.frame.zone[QUIRE_ZONE_DMA32];
    struct quire_frame *used;
    uint32_t bit, hint;

    (void)state;
    if (host_manager != &quire_frame_bitmap)
        return;
    host_init(&machine, 64 * MIB);
    quire_bootmap_add(&machine.map, 0, 64 * MIB, QUIRE_MEMORY_USABLE);
    host_start(&machine,
               &(struct quire_frame_config){.cpu_count = 1, .direct_end = 40 * MIB + 5 * 4096});
    used = alloc(&machine, 0, 0);
    bit = quire_frame_number(&machine.q, used) - zone->first;
    assert_sound(&machine);
    zone->bitmap[bit / QUIRE_WORD_BITS] |= 1ul << bit % QUIRE_WORD_BITS;
    hint = zone->hint;
    zone->hint = 0;
    assert_noticed("a free bit's frame is not free");
    zone->bitmap[bit / QUIRE_WORD_BITS] &= ~(1ul << bit % QUIRE_WORD_BITS);
    zone->hint = hint;
    assert_sound(&machine);

    zone->hint = 1000;
    assert_noticed("the search begins behind the end");
    zone->hint = hint + 5;
    assert_noticed("below where the search begins");
    zone->hint = hint;

    bit = zone->end - zone->first;
    zone->bitmap[bit / QUIRE_WORD_BITS] |= 1ul << bit % QUIRE_WORD_BITS;
    assert_noticed("outside the zone");
    zone->bitmap[bit / QUIRE_WORD_BITS] &= ~(1ul << bit % QUIRE_WORD_BITS);
    assert_sound(&machine);

    zone->unwritten++;
    assert_noticed("without record");
    zone->unwritten--;
    assert_sound(&machine);
    host_end(&machine);
}

static void managers_have_names(void **state)
{
    (void)state;
    assert_ptr_equal(quire_frame_manager_find(host_manager->name), host_manager);
    assert_null(quire_frame_manager_find("budd"));
    assert_null(quire_frame_manager_find("buddyy"));
    assert_null(quire_frame_manager_find(""));
}

static void unmerged_buddies_are_noticed(void **state)
{
    struct quire_zone *zone = &machine.q.frame.zone[QUIRE_ZONE_DMA];
    uint32_t number;

    (void)state;
    if (host_manager != &quire_frame_buddy)
        return;
    host_simple(&machine, 16 * MIB);
    give(&machine, alloc(&machine, 0, 0));
    quire_frame_drain(&machine.q);
    number = quire_frame_buddy.alloc(&machine.q, zone, 5);
    /* its buddy is free now; give it back as two halves behind the manager's back */
    quire_frame_at(&machine.q, number)->flags = 0;
    quire_frame_buddy.free(&machine.q, zone, number, 4);
    quire_frame_at(&machine.q, number)->flags = 0;
    quire_frame_buddy.free(&machine.q, zone, number + 16, 4);
    quire_frame_at(&machine.q, number)->flags = QUIRE_FRAME_HEAD;
    host_log_clear();
    assert_true(quire_frame_check(&machine.q) > 0);
    host_end(&machine);
}

#if QUIRE_DEBUG
static void debug_builds_panic_on_misuse(void **state)
{
    struct quire_frame *frame;

    (void)state;
    host_simple(&machine, 64 * MIB);
    frame = alloc(&machine, 0, 0);
    give(&machine, frame);
    assert_int_equal(*(uint8_t *)quire_frame_direct(&machine.q, frame), QUIRE_FRAME_POISON);
    ((uint8_t *)quire_frame_direct(&machine.q, frame))[4000] = 1;
    assert_panics(alloc(&machine, 0, 0), "a free frame was written to");
    host_end(&machine);

    /* a frame that was said to hold zeros, and does not */
    host_simple(&machine, 64 * MIB);
    frame = alloc(&machine, 0, QUIRE_ALLOC_ZERO);
    frame->flags = QUIRE_FRAME_ZEROED;
    give(&machine, frame);
    frame = alloc(&machine, 0, QUIRE_ALLOC_ZERO);
    ((uint8_t *)quire_frame_direct(&machine.q, frame))[7] = 1;
    frame->flags = QUIRE_FRAME_ZEROED;
    give(&machine, frame);
    assert_panics(alloc(&machine, 0, QUIRE_ALLOC_ZERO), "a free frame was written to");
    host_end(&machine);

    host_simple(&machine, 64 * MIB);
    frame = alloc(&machine, 0, 0);
    assert_panics(quire_frame_free_bulk(&machine.q, &frame, 1), "counted");
    host_end(&machine);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(census_counts_kinds),
        cmocka_unit_test(check_notices_each_kind_of_fault),
        cmocka_unit_test(broken_lists_are_noticed),
        cmocka_unit_test(broken_bitmaps_are_noticed),
        cmocka_unit_test(managers_have_names),
        cmocka_unit_test(unmerged_buddies_are_noticed),
#if QUIRE_DEBUG
        cmocka_unit_test(debug_builds_panic_on_misuse),
#endif
    };

    return host_run_on_each(HOST_MANAGERS, tests, sizeof(tests) / sizeof(tests[0]));
}
