/*
 * Layers 1 and 2 on several CPUs at once: host threads, under ThreadSanitizer. Blocks and objects
 * are handed from CPU to CPU through slots, so that most are freed elsewhere than they were
 * allocated.
 */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define CPUS  4
#define SLOTS 64
#define STEPS 30000

static struct host machine;
static uint64_t seeds[CPUS];
static struct quire_cache *cache;

static void *frame_slot[SLOTS];
static void *heap_slot[SLOTS];
static void *cache_slot[SLOTS];

/* What lies in a slot is whole: nobody else has written to it. */
static void exchange_frame(uint64_t *seed)
{
    void **slot = &frame_slot[host_random_below(seed, SLOTS)];
    unsigned order = host_random_below(seed, 4) == 0 ? (unsigned)host_random_below(seed, 5) : 0;
    struct quire_frame *new = quire_frame_alloc(&machine.q, order, QUIRE_FRAME_KERNEL, 0);
    struct quire_frame *old;

    if (new != NULL) {
        uint32_t *bytes = quire_frame_direct(&machine.q, new);

        bytes[1] = quire_frame_number(&machine.q, new);
        quire_frame_get(new);
    }
    old = __atomic_exchange_n(slot, new, __ATOMIC_ACQ_REL);
    if (old == NULL)
        return;
    assert_int_equal(((uint32_t *)quire_frame_direct(&machine.q, old))[1],
                     quire_frame_number(&machine.q, old));
    assert_false(quire_frame_drop(old));
    assert_int_equal(quire_frame_free(&machine.q, old), QUIRE_OK);
}

static void exchange_block(uint64_t *seed)
{
    void **slot = &heap_slot[host_random_below(seed, SLOTS)];
    size_t size = 16 + host_random_below(seed, host_random_below(seed, 10) == 0 ? 9000 : 500);
    uint64_t *new = quire_heap_alloc(&machine.q, size);
    uint64_t *old;

    if (new != NULL)
        new[1] = (uintptr_t) new;
    old = __atomic_exchange_n(slot, new, __ATOMIC_ACQ_REL);
    if (old != NULL)
        assert_int_equal(old[1], (uintptr_t)old);
    quire_heap_free(&machine.q, old);
}

static void exchange_object(uint64_t *seed)
{
    void **slot = &cache_slot[host_random_below(seed, SLOTS)];
    uint64_t *new = quire_cache_alloc(&machine.q, cache);
    uint64_t *old;

    if (new != NULL)
        new[2] = (uintptr_t) new;
    old = __atomic_exchange_n(slot, new, __ATOMIC_ACQ_REL);
    if (old != NULL)
        assert_int_equal(old[2], (uintptr_t)old);
    quire_cache_free(&machine.q, cache, old);
}

static void *run_cpu(void *argument)
{
    uint64_t *seed = argument;

    host_cpu = (unsigned)(seed - seeds);
    for (unsigned step = 0; step < STEPS; step++) {
        struct quire_frame_stats stats;

        switch (host_random_below(seed, 32)) {
        case 0:
            quire_frame_drain(&machine.q);
            break;
        case 1:
            if (step % 16 == 0)
                quire_heap_shrink(&machine.q);
            break;
        case 2:
            quire_frame_stats(&machine.q, &stats);
            break;
        default:
            exchange_frame(seed);
            exchange_block(seed);
            exchange_object(seed);
        }
    }
    return NULL;
}

static void exchange(const struct quire_frame_manager *manager,
                     const struct quire_heap_manager *heap)
{
    pthread_t thread[CPUS];
    uint64_t seed = host_seed(), before;

    memset(frame_slot, 0, sizeof(frame_slot));
    memset(heap_slot, 0, sizeof(heap_slot));
    memset(cache_slot, 0, sizeof(cache_slot));
    host_init(&machine, 24 << 20);
    quire_bootmap_add(&machine.map, 0, 24 << 20, QUIRE_MEMORY_USABLE);
    host_start(&machine,
               &(struct quire_frame_config){.cpu_count = CPUS, .reserve = 64, .manager = manager});
    assert_int_equal(quire_heap_init_with(&machine.q, heap), QUIRE_OK);
    cache = quire_cache_create(&machine.q, "objects", 72, 0);
    quire_heap_shrink(&machine.q);
    before = host_free_frames(&machine);
    for (unsigned i = 0; i < CPUS; i++) {
        seeds[i] = host_random(&seed);
        assert_int_equal(pthread_create(&thread[i], NULL, run_cpu, &seeds[i]), 0);
    }
    for (unsigned i = 0; i < CPUS; i++)
        pthread_join(thread[i], NULL);
    for (size_t i = 0; i < SLOTS; i++) {
        if (frame_slot[i] != NULL) {
            assert_false(quire_frame_drop(frame_slot[i]));
            assert_int_equal(quire_frame_free(&machine.q, frame_slot[i]), QUIRE_OK);
        }
        quire_heap_free(&machine.q, heap_slot[i]);
        quire_cache_free(&machine.q, cache, cache_slot[i]);
    }
    for (host_cpu = 0; host_cpu < CPUS; host_cpu++)
        quire_heap_shrink(&machine.q);
    host_cpu = 0;
    assert_int_equal(quire_frame_check(&machine.q), 0);
    assert_int_equal(quire_heap_check(&machine.q), 0);
    assert_int_equal(host_free_frames(&machine), before);
    host_end(&machine);
}

static void cpus_exchange_memory(void **state)
{
    (void)state;
    exchange(&quire_frame_buddy, &quire_heap_slab);
}

static void on_a_bitmap_and_first_fit(void **state)
{
    (void)state;
    exchange(&quire_frame_bitmap, &quire_heap_firstfit);
}

static void on_free_lists(void **state)
{
    (void)state;
    exchange(&quire_frame_freelist, &quire_heap_slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpus_exchange_memory),
        cmocka_unit_test(on_a_bitmap_and_first_fit),
        cmocka_unit_test(on_free_lists),
    };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
