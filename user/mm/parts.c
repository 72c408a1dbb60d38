/* Exchangeable parts: the same requests to each frame manager, and to each heap. */
#include "machine.h"

#include <quire/heap.h>

#include <stdlib.h>
#include <string.h>

/* ---- frame managers ---- */

#define SINGLES 48

static const char *capability(unsigned bits)
{
    if (bits & QUIRE_MANAGER_CONTIGUOUS)
        return "found at once, joined when given back";
    if (bits & QUIRE_MANAGER_CONTIGUOUS_SLOW)
        return "searched for, from the lowest frame on";
    return "only as long as they were never cut";
}

static bool has_block(struct quire *q, unsigned order)
{
    struct quire_frame *block = quire_frame_alloc(q, order, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_DMA);

    if (block == NULL)
        return false;
    must(quire_frame_free(q, block), "giving a block back");
    return true;
}

static bool try_manager(const char *name)
{
    struct quire_frame *frame[SINGLES];
    struct sim_machine *machine;
    struct quire *q;
    unsigned last;
    bool whole, cut;

    setenv("QUIRE_FRAMES", name, 1);
    machine = machine_new(512, 0);
    unsetenv("QUIRE_FRAMES");
    q = machine->q;
    for (unsigned i = 0; i < SINGLES; i++) {
        frame[i] = quire_frame_alloc(q, 0, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_DMA);
        if (frame[i] == NULL)
            fail("%s: no frame", name);
    }
    /* Two in the middle come back: which one is next? */
    last = quire_frame_number(q, frame[20]);
    must(quire_frame_free(q, frame[10]), "giving a frame back");
    must(quire_frame_free(q, frame[20]), "giving a frame back");
    frame[20] = quire_frame_alloc(q, 0, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_DMA);
    frame[10] = quire_frame_alloc(q, 0, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_DMA);
    if (frame[10] == NULL || frame[20] == NULL)
        fail("%s: frames that came back are lost", name);
    for (unsigned i = 1; i < SINGLES; i += 2)
        must(quire_frame_free(q, frame[i]), "giving a frame back");
    cut = has_block(q, 1);
    for (unsigned i = 0; i < SINGLES; i += 2)
        must(quire_frame_free(q, frame[i]), "giving a frame back");
    whole = has_block(q, 5);
    printf("  %-9s %-40s %-9s %-12s %s\n", name, capability(q->frame.manager->capabilities),
           quire_frame_number(q, frame[20]) == last ? "last one" : "another", cut ? "yes" : "no",
           whole ? "yes" : "no");
    if (quire_frame_check(q) != 0)
        fail("%s: its records disagree", name);
    sim_destroy(machine);
    return whole;
}

int demo_managers(int argc, char **argv)
{
    bool buddy, bitmap, list;

    (void)argc, (void)argv;
    say("The frame manager is exchangeable (kernel option frames=buddy, bitmap or freelist): a few "
        "functions that give and take blocks of one zone. The same requests to each, in a zone of "
        "64 frames: 48 single frames; two given back and two taken again; then every second one "
        "given back, then all.");
    printf("  %-9s %-40s %-9s %-12s %s\n", "manager", "blocks of more than one frame", "next is",
           "pair left", "32 at the end");
    buddy = try_manager("buddy");
    bitmap = try_manager("bitmap");
    list = try_manager("freelist");
    printf("\n");
    say("The pair that is left lies among the frames that were never taken. A free list is the "
        "simplest that works for single frames; it does not join what comes back.");
    if (!buddy || !bitmap || list)
        fail("buddy and bitmap must have 32 frames in a row at the end, and the list not");
    return 0;
}

/* ---- heaps ---- */

#define OBJECTS 300

static uint64_t heap_frames(const struct quire *q)
{
    struct quire_frame_stats stats;

    quire_frame_stats(q, &stats);
    return stats.kind[QUIRE_FRAME_HEAP];
}

static void try_heap(const char *name)
{
    static const size_t sizes[] = {24, 100, 520, 1500};
    struct sim_machine *machine;
    struct sim_random random = {3};
    void *object[OBJECTS];
    uint64_t full, holes, asked = 0;
    struct quire *q;

    setenv("QUIRE_HEAP", name, 1);
    machine = machine_new(4096, 0);
    unsetenv("QUIRE_HEAP");
    q = machine->q;
    for (unsigned i = 0; i < OBJECTS; i++) {
        size_t size = sizes[sim_random_below(&random, 4)];

        object[i] = quire_heap_alloc(q, size);
        if (object[i] == NULL)
            fail("%s: no memory", name);
        memset(object[i], 1, size);
        asked += size;
    }
    full = heap_frames(q);
    for (unsigned i = 0; i < OBJECTS; i += 2)
        quire_heap_free(q, object[i]);
    (void)quire_heap_shrink(q);
    holes = heap_frames(q);
    for (unsigned i = 1; i < OBJECTS; i += 2)
        quire_heap_free(q, object[i]);
    (void)quire_heap_shrink(q);
    printf("  %-9s %10llu %8llu %8llu %% %16llu %14llu\n", name, (wide)asked, (wide)full,
           (wide)(asked * 100 / (full * QUIRE_PAGE_SIZE)), (wide)holes, (wide)heap_frames(q));
    if (quire_heap_check(q) != 0)
        fail("%s: its records disagree", name);
    sim_destroy(machine);
}

int demo_heap(int argc, char **argv)
{
    (void)argc, (void)argv;
    say("The kernel's heap is exchangeable too (heap=slab or firstfit). Slabs keep objects of one "
        "size together; first fit takes the lowest hole that is long enough, and joins neighbours. "
        "%u objects of 24 to 1500 bytes, then every second one is freed, then all:",
        OBJECTS);
    printf("  %-9s %10s %8s %10s %16s %14s\n", "heap", "bytes", "frames", "used", "half is freed",
           "all is freed");
    try_heap("slab");
    try_heap("firstfit");
    printf("\n");
    say("Frames still there when all is freed are kept for the next objects, and hold the heap's "
        "own records.");
    return 0;
}
