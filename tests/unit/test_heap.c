/* Layer 2: sizes and alignment, caches, large blocks, shortage, misuse; then a random run against a
 * model. */

#include <stdlib.h>
#include <string.h>

#include "host.h"

#define MIB ((size_t)1 << 20)

static struct host machine, other;

static void start(struct host *host, size_t size, unsigned cpus)
{
    host_init(host, size);
    assert_int_equal(quire_bootmap_add(&host->map, 0, size, QUIRE_MEMORY_USABLE), QUIRE_OK);
    host_start(host, &(struct quire_frame_config){.cpu_count = cpus});
    assert_int_equal(quire_heap_init_with(&host->q, host_heap), QUIRE_OK);
}

static bool slabs(void)
{
    return host_heap == &quire_heap_slab;
}

static void assert_sound(struct host *host)
{
    host_log_clear();
    if (quire_heap_check(&host->q) != 0 || quire_frame_check(&host->q) != 0)
        fail_msg("check: %s", host_log_text);
}

static uint64_t heap_frames(struct host *host)
{
    struct quire_frame_stats stats;

    quire_frame_stats(&host->q, &stats);
    return stats.kind[QUIRE_FRAME_HEAP];
}

/* All CPUs' lists and empty slabs back to the frames. */
static void shrink_all(struct host *host)
{
    for (host_cpu = 0; host_cpu < host->q.cpu_count; host_cpu++)
        quire_heap_shrink(&host->q);
    host_cpu = 0;
}

static size_t required_alignment(size_t size)
{
    return (size & (size - 1)) == 0 && size >= 16 && size <= 4096 ? size : 16;
}

static void every_size_up_to_three_pages(void **state)
{
    uint64_t before;

    (void)state;
    start(&machine, 16 * MIB, 1);
    before = heap_frames(&machine);
    for (size_t size = 1; size <= 12300; size += size < 4200 ? 1 : 37) {
        uint8_t *block = quire_heap_alloc(&machine.q, size);
        size_t usable;

        assert_non_null(block);
        usable = quire_heap_size(&machine.q, block);
        assert_true(usable >= size);
        /* no more than half as much again, or up to the next whole page */
        assert_true(usable <= size + size / 2 + 16 || usable == quire_page_up(size));
        assert_int_equal((uintptr_t)block % required_alignment(size), 0);
        memset(block, 0x5c, usable);
        quire_heap_free(&machine.q, block);
    }
    shrink_all(&machine);
    assert_true(heap_frames(&machine) <= before);
    assert_sound(&machine);
    host_end(&machine);
}

static void nothing_is_no_block(void **state)
{
    (void)state;
    start(&machine, 16 * MIB, 1);
    assert_null(quire_heap_alloc(&machine.q, 0));
    assert_null(quire_heap_alloc(&machine.q, SIZE_MAX));
    assert_null(quire_heap_alloc(&machine.q, SIZE_MAX - 4094));
    assert_null(quire_heap_alloc(&machine.q, (SIZE_MAX >> 1) + 1));
    assert_null(quire_heap_alloc_zeroed(&machine.q, SIZE_MAX - 1));
    quire_heap_free(&machine.q, NULL);
    quire_cache_free(&machine.q, machine.q.heap.general[0], NULL);
    assert_sound(&machine);
    host_end(&machine);
}

static void zeroed_blocks_are_zero(void **state)
{
    const size_t sizes[] = {1, 16, 100, 4096, 9000};

    (void)state;
    start(&machine, 16 * MIB, 1);
    for (size_t i = 0; i < 5; i++) {
        uint8_t *block = quire_heap_alloc(&machine.q, sizes[i]);

        memset(block, 0xff, sizes[i]);
        quire_heap_free(&machine.q, block);
        block = quire_heap_alloc_zeroed(&machine.q, sizes[i]);
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(block[j], 0);
        quire_heap_free(&machine.q, block);
    }
    host_end(&machine);
}

static void large_blocks_take_exactly_their_pages(void **state)
{
    uint64_t before;

    (void)state;
    start(&machine, 16 * MIB, 1);
    before = host_free_frames(&machine);
    for (size_t pages = 2; pages <= 1024; pages = pages * 3 / 2 + 1) {
        uint8_t *block = quire_heap_alloc(&machine.q, pages * 4096 - 17);

        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 4096, 0);
        assert_int_equal(quire_heap_size(&machine.q, block), pages * 4096);
        assert_int_equal(host_free_frames(&machine), before - pages);
        /* one holds the first cache */
        assert_int_equal(machine.q.heap.large_frames, pages + slabs());
        quire_heap_free(&machine.q, block);
        assert_int_equal(host_free_frames(&machine), before);
    }
    assert_sound(&machine);
    host_end(&machine);
}

static void resize_keeps_the_content(void **state)
{
    const size_t sizes[] = {10, 17, 60, 33, 4000, 5000, 40000, 3000, 9, 100000, 99999, 1};
    uint8_t *block = NULL;
    size_t have = 0;

    (void)state;
    start(&machine, 16 * MIB, 1);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        block = quire_heap_resize(&machine.q, block, sizes[i]);
        assert_non_null(block);
        assert_true(quire_heap_size(&machine.q, block) >= sizes[i]);
        for (size_t j = 0; j < have && j < sizes[i]; j++)
            assert_int_equal(block[j], (uint8_t)(j * 7));
        have = sizes[i];
        for (size_t j = 0; j < have; j++)
            block[j] = (uint8_t)(j * 7);
    }
    /* what cannot be had leaves the old block as it was */
    assert_null(quire_heap_resize(&machine.q, block, SIZE_MAX));
    assert_int_equal(block[0], 0);
    quire_heap_free(&machine.q, block);
    assert_sound(&machine);
    host_end(&machine);
}

static void caches_honour_size_and_alignment(void **state)
{
    const size_t sizes[] = {1, 8, 24, 40, 64, 100, 500, 3000, 4096, 5000, 20000, 300000};

    (void)state;
    start(&machine, 32 * MIB, 1);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t alignment = 0; alignment <= 4096; alignment = alignment ? alignment * 4 : 1) {
            struct quire_cache *cache =
                quire_cache_create(&machine.q, "objects", sizes[i], alignment);
            size_t expected = alignment ? alignment : sizes[i] >= 64 ? 64 : 8;
            uint8_t *objects[20];

            assert_non_null(cache);
            for (size_t j = 0; j < 20; j++) {
                objects[j] = quire_cache_alloc(&machine.q, cache);
                assert_non_null(objects[j]);
                assert_int_equal((uintptr_t)objects[j] % expected, 0);
                memset(objects[j], (int)j, sizes[i]);
            }
            for (size_t j = 0; j < 20; j++) {
                assert_int_equal(objects[j][0], j);
                assert_int_equal(objects[j][sizes[i] - 1], j);
                quire_cache_free(&machine.q, cache, objects[j]);
            }
            assert_int_equal(quire_cache_destroy(&machine.q, cache), QUIRE_OK);
        }
    }
    assert_null(quire_cache_create(&machine.q, "none", 0, 0));
    assert_null(quire_cache_create(&machine.q, "odd", 10, 24));
    assert_null(quire_cache_create(&machine.q, "far", 10, 8192));
    assert_null(quire_cache_create(&machine.q, "huge", SIZE_MAX, 0));
    assert_sound(&machine);
    host_end(&machine);
}

static void a_cache_with_objects_out_is_not_destroyed(void **state)
{
    struct quire_cache *cache;
    struct quire_cache_stats stats;
    void *object;
    uint64_t before;

    (void)state;
    start(&machine, 16 * MIB, 2);
    if (slabs())
        quire_cache_free(&machine.q, machine.q.heap.cache_of_caches,
                         quire_cache_alloc(&machine.q, machine.q.heap.cache_of_caches));
    before = host_free_frames(&machine);
    cache = quire_cache_create(&machine.q, "things", 200, 0);
    object = quire_cache_alloc(&machine.q, cache);
    assert_int_equal(quire_cache_destroy(&machine.q, cache), QUIRE_BUSY);
    assert_true(quire_cache_stats(&machine.q, 0, &stats));
    assert_string_equal(stats.name, "things");
    assert_int_equal(stats.objects, 1);
    assert_true(stats.object_size >= 200);
    assert_int_equal(stats.slab_frames, slabs());
    if (slabs())
        assert_in_range(stats.slabs, 1, 2); /* one may be kept empty */
    assert_int_equal(stats.per_slab > 0, slabs());
    host_cpu = 1; /* freed on another CPU: it waits in that CPU's list */
    quire_cache_free(&machine.q, cache, object);
    host_cpu = 0;
    assert_int_equal(quire_cache_destroy(&machine.q, cache), QUIRE_OK);
    if (quire_cache_stats(&machine.q, 0, &stats))
        assert_string_not_equal(stats.name, "things");
    assert_false(quire_cache_stats(&machine.q, 1000, &stats));
    quire_heap_shrink(&machine.q);
    assert_true(host_free_frames(&machine) >= before);
    assert_sound(&machine);
    host_end(&machine);
}

static void shrink_gives_everything_back(void **state)
{
    static void *objects[5000];
    uint64_t before, used, freed;

    (void)state;
    start(&machine, 16 * MIB, 1);
    quire_heap_shrink(&machine.q);
    before = host_free_frames(&machine);
    for (size_t i = 0; i < 5000; i++)
        objects[i] = quire_heap_alloc(&machine.q, 16 + i % 500);
    used = before - host_free_frames(&machine);
    for (size_t i = 0; i < 5000; i++)
        quire_heap_free(&machine.q, objects[i]);
    freed = host_free_frames(&machine);
    assert_true(freed < before);
    /* empty slabs go back by themselves; only a few wait for the next allocation */
    assert_true(before - freed < used / 2);
    assert_int_equal(quire_heap_shrink(&machine.q), before - freed);
    assert_int_equal(host_free_frames(&machine), before);
    assert_int_equal(quire_heap_shrink(&machine.q), 0);
    assert_sound(&machine);
    host_end(&machine);
}

static void a_full_machine_says_no_and_recovers(void **state)
{
    void **first = NULL;
    uint64_t before;
    size_t n = 0;

    (void)state;
    start(&machine, 8 * MIB, 1);
    quire_heap_shrink(&machine.q);
    before = host_free_frames(&machine);
    for (;;) {
        void **block = quire_heap_alloc(&machine.q, 100);

        if (block == NULL)
            break;
        *block = first;
        first = block;
        n++;
    }
    assert_true(n > 8 * MIB / 224 / 2);
    assert_null(quire_heap_alloc(&machine.q, 100));
    assert_null(quire_heap_alloc(&machine.q, 5000));
    assert_null(quire_heap_resize(&machine.q, first, 3000));
    assert_sound(&machine);
    while (first != NULL) {
        void **next = *first;

        quire_heap_free(&machine.q, first);
        first = next;
    }
    quire_heap_shrink(&machine.q);
    assert_int_equal(host_free_frames(&machine), before);
    assert_sound(&machine);
    host_end(&machine);
}

/* Every allocation of bring-up fails in turn: named, nothing broken. */
static void init_without_memory(void **state)
{
    unsigned failures = 0;

    (void)state;
    if (!slabs())
        return; /* it takes nothing before it is asked */
    for (size_t spare = 0; spare < 40; spare++) {
        enum quire_status status;
        uint64_t left;

        host_init(&machine, 4 * MIB);
        quire_bootmap_add(&machine.map, 0, 4 * MIB, QUIRE_MEMORY_USABLE);
        /* many CPUs make each cache large: several slabs of caches */
        host_start(&machine, &(struct quire_frame_config){.cpu_count = 32});
        for (left = host_free_frames(&machine); left > spare; left--)
            quire_frame_alloc_one(&machine.q, QUIRE_FRAME_KERNEL, 0);
        status = quire_heap_init_with(&machine.q, host_heap);
        if (status != QUIRE_OK) {
            assert_int_equal(status, QUIRE_NO_MEMORY);
            assert_int_equal(quire_frame_check(&machine.q), 0);
            assert_int_equal(host_free_frames(&machine), spare);
            assert_null(machine.q.heap.caches);
            failures++;
        }
        host_end(&machine);
    }
    assert_true(failures > 0 && failures < 40);
}

static void pointers_that_are_no_blocks_panic(void **state)
{
    struct quire_frame *frame;
    uint8_t *large;

    (void)state;
    start(&machine, 16 * MIB, 1);
    frame = quire_frame_alloc_one(&machine.q, QUIRE_FRAME_KERNEL, 0);
    assert_panics(quire_heap_free(&machine.q, quire_frame_direct(&machine.q, frame)),
                  "no block of the heap");
    assert_panics(quire_heap_free(&machine.q, &frame), "no block of the heap");
    assert_panics(quire_heap_size(&machine.q, &frame), "no block of the heap");
    large = quire_heap_alloc(&machine.q, 10000);
    assert_panics(quire_heap_free(&machine.q, large + 4096), "middle of a large block");
    assert_panics(quire_heap_free(&machine.q, large + 16), "middle of a large block");
    quire_heap_free(&machine.q, large);
    assert_panics(quire_heap_free(&machine.q, large), "no block of the heap");
    host_end(&machine);
}

static void two_machines_have_two_heaps(void **state)
{
    uint8_t *here, *there;

    (void)state;
    start(&machine, 16 * MIB, 1);
    start(&other, 16 * MIB, 1);
    here = quire_heap_alloc(&machine.q, 100);
    there = quire_heap_alloc(&other.q, 100);
    assert_true(here >= machine.ram && here < machine.ram + machine.size);
    assert_true(there >= other.ram && there < other.ram + other.size);
    quire_heap_free(&machine.q, here);
    quire_heap_free(&other.q, there);
    assert_sound(&machine);
    assert_sound(&other);
    host_end(&machine);
    host_end(&other);
}

/* ---- a long random run: content, overlap, every CPU ---- */

#define BLOCKS 400

struct block {
    uint8_t *bytes;
    size_t size;
    uint8_t mark;
};

static void assert_marked(const struct block *block)
{
    for (size_t i = 0; i<block->size; i += block->size> 64 ? 61 : 1)
        assert_int_equal(block->bytes[i], block->mark);
    assert_int_equal(block->bytes[block->size - 1], block->mark);
}

static size_t random_size(uint64_t *seed)
{
    switch (host_random_below(seed, 8)) {
    case 0:
        return 1 + host_random_below(seed, 60000);
    case 1:
        return 1 + host_random_below(seed, 5000);
    default:
        return 1 + host_random_below(seed, 600);
    }
}

static void random_step(struct block *block, uint64_t *seed)
{
    size_t size = random_size(seed);
    uint8_t *bytes;

    if (block->bytes != NULL)
        assert_marked(block);
    if (block->bytes != NULL && host_random_below(seed, 3) != 0) {
        quire_heap_free(&machine.q, block->bytes);
        block->bytes = NULL;
        return;
    }
    bytes = quire_heap_resize(&machine.q, block->bytes, size);
    if (bytes == NULL)
        return;
    if (block->bytes != NULL)
        assert_int_equal(bytes[0], block->mark);
    block->bytes = bytes;
    block->size = size;
    block->mark = (uint8_t)host_random(seed);
    memset(bytes, block->mark, size);
}

static void random_run(void **state)
{
    static struct block blocks[BLOCKS];
    uint64_t seed = host_seed(), before;

    (void)state;
    memset(blocks, 0, sizeof(blocks));
    start(&machine, 6 * MIB, 4); /* small enough to run dry now and then */
    shrink_all(&machine);
    before = host_free_frames(&machine);
    for (unsigned step = 0; step < 60000; step++) {
        host_cpu = (unsigned)host_random_below(&seed, 4);
        random_step(&blocks[host_random_below(&seed, BLOCKS)], &seed);
        if (step % 1000 == 0)
            assert_sound(&machine);
        if (step % 5000 == 0)
            quire_heap_shrink(&machine.q);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        if (blocks[i].bytes != NULL)
            assert_marked(&blocks[i]);
        quire_heap_free(&machine.q, blocks[i].bytes);
    }
    shrink_all(&machine);
    assert_int_equal(host_free_frames(&machine), before);
    assert_sound(&machine);
    host_end(&machine);
}

static void check_notices_broken_slabs(void **state)
{
    struct quire_cache *cache;
    struct quire_frame *slab;
    uint8_t *object;
    void *saved;

    (void)state;
    if (!slabs())
        return;
    start(&machine, 16 * MIB, 1);
    cache = quire_cache_create(&machine.q, "things", 512, 0);
    object = quire_cache_alloc(&machine.q, cache);
    slab = quire_frame_of(&machine.q, quire_hook_direct_phys(&machine.q, object));
    assert_sound(&machine);
    slab->slab.used++;
    assert_true(quire_heap_check(&machine.q) > 0);
    slab->slab.used--;
    slab->slab.cache = NULL;
    assert_true(quire_heap_check(&machine.q) > 0);
    slab->slab.cache = cache;
    slab->slab.next = 12;
    assert_true(quire_heap_check(&machine.q) > 0);
    slab->slab.next = QUIRE_FRAME_NONE;
    /* give the list back, so that the slab has free objects, and bend a link */
    quire_heap_shrink(&machine.q);
    assert_sound(&machine);
    memcpy(&saved, (uint8_t *)quire_frame_direct(&machine.q, slab) + slab->slab.free,
           sizeof(void *));
    memset((uint8_t *)quire_frame_direct(&machine.q, slab) + slab->slab.free, 0x11, sizeof(void *));
    assert_true(quire_heap_check(&machine.q) > 0);
    memcpy((uint8_t *)quire_frame_direct(&machine.q, slab) + slab->slab.free, &saved,
           sizeof(void *));
    assert_sound(&machine);
    host_end(&machine);
}

/* ---- first fit ---- */

/* The lowest hole that is large enough is used, neighbours are joined, what is cut off stays free.
 */
static void first_fit_takes_the_lowest_hole(void **state)
{
    uint8_t *blocks[40], *again;
    uint64_t frames;

    (void)state;
    if (slabs())
        return;
    start(&machine, 16 * MIB, 1);
    for (size_t i = 0; i < 40; i++) {
        blocks[i] = quire_heap_alloc(&machine.q, 1000);
        assert_true(i == 0 || blocks[i] > blocks[i - 1]);
    }
    frames = heap_frames(&machine);
    for (size_t i = 0; i < 40; i += 2)
        quire_heap_free(&machine.q, blocks[i]);
    assert_sound(&machine);
    again = quire_heap_alloc(&machine.q, 200);
    assert_ptr_equal(again, blocks[0]);
    assert_true(quire_heap_alloc(&machine.q, 900) == blocks[2]);
    /* no hole has room for it, until three blocks become one hole */
    again = quire_heap_alloc(&machine.q, 1900);
    assert_true(again > blocks[39]);
    quire_heap_free(&machine.q, again);
    quire_heap_free(&machine.q, blocks[5]);
    assert_ptr_equal(quire_heap_alloc(&machine.q, 1900), blocks[4]);
    assert_int_equal(heap_frames(&machine), frames);
    assert_sound(&machine);
    host_end(&machine);
}

/* Small blocks of many alignments in one arena; what is in front of an aligned one is not lost. */
static void aligned_objects_share_an_arena(void **state)
{
    struct quire_cache *cache[8];
    uint64_t before;

    (void)state;
    start(&machine, 16 * MIB, 1);
    for (size_t i = 0; i < 8; i++)
        cache[i] = quire_cache_create(&machine.q, "aligned", 24 + 8 * i, (size_t)16 << i);
    quire_heap_shrink(&machine.q);
    before = host_free_frames(&machine);
    for (size_t round = 0; round < 3; round++) {
        uint8_t *object[8][30];

        for (size_t n = 0; n < 30; n++)
            for (size_t i = 0; i < 8; i++) {
                object[i][n] = quire_cache_alloc(&machine.q, cache[i]);
                assert_non_null(object[i][n]);
                assert_int_equal((uintptr_t)object[i][n] % ((size_t)16 << i), 0);
                memset(object[i][n], (int)(n + i), 24 + 8 * i);
            }
        assert_sound(&machine);
        for (size_t n = 30; n-- > 0;)
            for (size_t i = 0; i < 8; i++) {
                assert_int_equal(object[i][n][23 + 8 * i], n + i);
                quire_cache_free(&machine.q, cache[i], object[i][n]);
            }
    }
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(quire_cache_destroy(&machine.q, cache[i]), QUIRE_OK);
    quire_heap_shrink(&machine.q);
    assert_true(host_free_frames(&machine) >= before);
    assert_sound(&machine);
    host_end(&machine);
}

static void misuse_of_first_fit_is_named(void **state)
{
    struct quire_cache *cache;
    uint8_t *block, *next;

    (void)state;
    if (slabs())
        return;
    start(&machine, 16 * MIB, 1);
    block = quire_heap_alloc(&machine.q, 100);
    assert_panics(quire_heap_free(&machine.q, block + 8), "middle of an object");
    host_end(&machine);

    start(&machine, 16 * MIB, 1);
    block = quire_heap_alloc(&machine.q, 100);
    memset(block, 0, 100);
    assert_panics(quire_heap_free(&machine.q, block + 32), "middle of an object");
    host_end(&machine);

    start(&machine, 16 * MIB, 1);
    block = quire_heap_alloc(&machine.q, 100);
    next = quire_heap_alloc(&machine.q, 100);
    quire_heap_alloc(&machine.q, 100);
    quire_heap_free(&machine.q, block);
    quire_heap_free(&machine.q, next); /* joined to the one before */
    assert_panics(quire_heap_free(&machine.q, next), "freed twice");
    host_end(&machine);

    start(&machine, 16 * MIB, 1);
    cache = quire_cache_create(&machine.q, "things", 100, 0);
    block = quire_cache_alloc(&machine.q, cache);
    assert_panics(quire_heap_free(&machine.q, block), "object of a cache was freed as a block");
    host_end(&machine);
}

static void assert_noticed(const char *text)
{
    host_log_clear();
    assert_true(quire_heap_check(&machine.q) > 0);
    if (strstr(host_log_text, text) == NULL)
        fail_msg("expected \"%s\", got: %s", text, host_log_text);
}

/* Each word of a tag, bent and set right again: size, size before, state. */
static void check_notices_broken_tags(void **state)
{
    uint8_t *block, *hole;
    uint32_t *tag, saved;

    (void)state;
    if (slabs())
        return;
    start(&machine, 16 * MIB, 1);
    quire_heap_alloc(&machine.q, 100);
    hole = quire_heap_alloc(&machine.q, 100);
    block = quire_heap_alloc(&machine.q, 100);
    quire_heap_alloc(&machine.q, 100);
    quire_heap_free(&machine.q, hole);
    assert_sound(&machine);

    tag = (uint32_t *)(void *)(block - 16);
    tag[0] += 16;
    assert_noticed("a tag");
    tag[0] -= 16;
    tag[1] -= 16;
    assert_noticed("a tag's sizes are wrong");
    tag[1] += 16;
    saved = tag[2];
    tag[2] = 1;
    assert_noticed("a tag's state is unknown");
    tag[2] = ((uint32_t *)(void *)(hole - 16))[2];
    assert_noticed("two free neighbours");
    tag[2] = saved;
    assert_sound(&machine);

    tag = (uint32_t *)(void *)(hole - 16);
    saved = tag[2];
    tag[2] = ((uint32_t *)(void *)(block - 16))[2];
    assert_noticed("in its place in the list");
    tag[2] = saved;
    machine.q.heap.arena_frames++;
    assert_noticed("arenas and their counts disagree");
    machine.q.heap.arena_frames--;
    assert_sound(&machine);
    host_end(&machine);
}

/* ---- managers that give single frames only ---- */

/* Where nothing is joined, slabs and arenas come to be single frames, and small blocks do not fail.
 */
static void the_heap_lives_on_single_frames(void **state)
{
    static struct quire_frame *frames[4096];
    static void *blocks[3000];
    size_t n = 0;

    (void)state;
    host_init(&machine, 8 * MIB);
    quire_bootmap_add(&machine.map, 0, 8 * MIB, QUIRE_MEMORY_USABLE);
    host_start(&machine,
               &(struct quire_frame_config){.cpu_count = 1, .manager = &quire_frame_freelist});
    while ((frames[n] = quire_frame_alloc_one(&machine.q, QUIRE_FRAME_KERNEL, 0)) != NULL)
        n++;
    while (n-- > 0)
        assert_int_equal(quire_frame_free(&machine.q, frames[n]), QUIRE_OK);
    quire_frame_drain(&machine.q);
    assert_int_equal(quire_heap_init_with(&machine.q, host_heap), QUIRE_OK);
    for (n = 0; n < 3000; n++) {
        blocks[n] = quire_heap_alloc(&machine.q, 1 + n % 1500);
        assert_non_null(blocks[n]);
    }
    while (quire_frame_alloc(&machine.q, 1, QUIRE_FRAME_KERNEL, 0) != NULL)
        continue;
    assert_null(quire_heap_alloc(&machine.q, 8192)); /* refused, and nothing breaks */
    assert_sound(&machine);
    for (n = 0; n < 3000; n++)
        quire_heap_free(&machine.q, blocks[n]);
    assert_sound(&machine);
    host_end(&machine);
}

static void managers_have_names(void **state)
{
    (void)state;
    assert_ptr_equal(quire_heap_manager_find(host_heap->name), host_heap);
    assert_null(quire_heap_manager_find("slob"));
}

#if QUIRE_DEBUG
static void debug_builds_panic_on_misuse(void **state)
{
    uint8_t *block;

    (void)state;
    start(&machine, 16 * MIB, 1);
    block = quire_heap_alloc(&machine.q, 48);
    quire_heap_free(&machine.q, block);
    assert_panics(quire_heap_free(&machine.q, block), "freed twice");
    host_end(&machine);

    start(&machine, 16 * MIB, 1); /* a lock may be held */

    block = quire_heap_alloc(&machine.q, 48);
    block[48] = 0;
    assert_panics(quire_heap_free(&machine.q, block), "memory behind an object");
    host_end(&machine);

    start(&machine, 16 * MIB, 1);
    block = quire_heap_alloc(&machine.q, 48);
    assert_panics(quire_heap_free(&machine.q, block + 16), "middle of an object");
    host_end(&machine);

    start(&machine, 16 * MIB, 1);

    block = quire_heap_alloc(&machine.q, 48);
    quire_heap_free(&machine.q, block);
    block[40] = 1;
    assert_panics(quire_heap_alloc(&machine.q, 48), "after it was freed");
    host_end(&machine);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_up_to_three_pages),
        cmocka_unit_test(nothing_is_no_block),
        cmocka_unit_test(zeroed_blocks_are_zero),
        cmocka_unit_test(large_blocks_take_exactly_their_pages),
        cmocka_unit_test(resize_keeps_the_content),
        cmocka_unit_test(caches_honour_size_and_alignment),
        cmocka_unit_test(a_cache_with_objects_out_is_not_destroyed),
        cmocka_unit_test(shrink_gives_everything_back),
        cmocka_unit_test(a_full_machine_says_no_and_recovers),
        cmocka_unit_test(init_without_memory),
        cmocka_unit_test(pointers_that_are_no_blocks_panic),
        cmocka_unit_test(two_machines_have_two_heaps),
        cmocka_unit_test(random_run),
        cmocka_unit_test(check_notices_broken_slabs),
        cmocka_unit_test(first_fit_takes_the_lowest_hole),
        cmocka_unit_test(aligned_objects_share_an_arena),
        cmocka_unit_test(misuse_of_first_fit_is_named),
        cmocka_unit_test(check_notices_broken_tags),
        cmocka_unit_test(the_heap_lives_on_single_frames),
        cmocka_unit_test(managers_have_names),
#if QUIRE_DEBUG
        cmocka_unit_test(debug_builds_panic_on_misuse),
#endif
    };

    return host_run_on_each(HOST_HEAPS, tests, sizeof(tests) / sizeof(tests[0]));
}
