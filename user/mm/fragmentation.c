/*
 * Why paging replaced segments: the same stream of programs that come and go, once in contiguous
 * pieces by first fit, once in frames.
 */
#include "machine.h"

#include <quire/range.h>

#include <stdlib.h>
#include <string.h>

#define MEMORY_FRAMES 1024
#define PROGRAMS      64
#define REQUESTS      4000
#define WIDTH         64

/* One program of the stream. */
struct program {
    bool wanted;    /* it has come, and not left yet */
    unsigned pages; /* whole ones */
    unsigned bytes;
    bool has_segment, has_frames;
    struct quire_range segment;
    struct quire_frame **frame;
};

struct memory {
    struct quire_range_tree segments; /* the first-fit side */
    struct sim_machine *machine;      /* the frames' side */
    uint64_t frames_free;             /* as many as the other side has */
    unsigned used;                    /* frames of programs that have a segment */
};

struct result {
    unsigned came, refused, refused_with_room;
    bool drawn;
};

/* Where the segments lie; # used, . free; each letter is 16 pages. */
static void draw(const struct memory *memory)
{
    const unsigned grain = MEMORY_FRAMES / WIDTH;
    char line[WIDTH + 1];
    unsigned used[WIDTH] = {0};

    for (const struct quire_range *range = memory->segments.first; range != NULL;
         range = range->next)
        for (quire_virt at = range->start; at < range->end; at += QUIRE_PAGE_SIZE)
            used[(at >> QUIRE_PAGE_SHIFT) / grain]++;
    for (unsigned i = 0; i < WIDTH; i++)
        line[i] = used[i] == grain ? '#' : used[i] == 0 ? '.' : '+';
    line[WIDTH] = 0;
    printf("      %s\n", line);
}

static unsigned largest_hole(const struct memory *memory, unsigned *out_holes)
{
    quire_virt at = 0, largest = 0;

    *out_holes = 0;
    for (const struct quire_range *range = memory->segments.first;; range = range->next) {
        quire_virt end =
            range != NULL ? range->start : (quire_virt)MEMORY_FRAMES << QUIRE_PAGE_SHIFT;

        *out_holes += end > at;
        if (end - at > largest)
            largest = end - at;
        if (range == NULL)
            return (unsigned)(largest >> QUIRE_PAGE_SHIFT);
        at = range->end;
    }
}

/* First fit: the lowest hole that is long enough. */
static void come_as_segment(struct memory *memory, struct program *program, struct result *result)
{
    size_t length = (size_t)program->pages << QUIRE_PAGE_SHIFT;
    struct quire_range *above;
    quire_virt at;

    result->came++;
    if (quire_range_find_low(&memory->segments, 0, (quire_virt)MEMORY_FRAMES << QUIRE_PAGE_SHIFT,
                             length, &at, &above) == QUIRE_OK) {
        program->segment.start = at;
        program->segment.end = at + length;
        quire_range_insert_before(&memory->segments, &program->segment, above);
        program->has_segment = true;
        memory->used += program->pages;
        return;
    }
    result->refused++;
    if (memory->used + program->pages > MEMORY_FRAMES)
        return;
    result->refused_with_room++;
    if (!result->drawn) {
        unsigned holes, largest = largest_hole(memory, &holes);

        result->drawn = true;
        printf("  request %u is the first that first fit refuses with enough memory free:\n",
               result->came);
        printf("  it wants %u pages; %u are free, in %u holes of which the largest has %u\n",
               program->pages, MEMORY_FRAMES - memory->used, holes, largest);
        draw(memory);
        printf("\n");
    }
}

static void come_as_frames(struct memory *memory, struct program *program, struct result *result)
{
    result->came++;
    if (memory->frames_free < program->pages) {
        result->refused++;
        return;
    }
    program->frame = calloc(program->pages, sizeof(struct quire_frame *));
    if (program->frame == NULL)
        fail("no memory");
    if (quire_frame_alloc_many(memory->machine->q, program->pages, QUIRE_FRAME_KERNEL, 0,
                               program->frame) != QUIRE_OK) {
        free(program->frame);
        result->refused++;
        result->refused_with_room++;
        return;
    }
    memory->frames_free -= program->pages;
    program->has_frames = true;
}

static void leave(struct memory *memory, struct program *program)
{
    if (program->has_segment) {
        quire_range_remove(&memory->segments, &program->segment);
        memory->used -= program->pages;
    }
    if (program->has_frames) {
        for (unsigned i = 0; i < program->pages; i++)
            must(quire_frame_free(memory->machine->q, program->frame[i]), "giving a frame back");
        free(program->frame);
        memory->frames_free += program->pages;
    }
    memset(program, 0, sizeof *program);
}

static void show(const char *what, const struct result *result)
{
    printf("  %-34s %6u %10u %22u\n", what, result->came, result->refused,
           result->refused_with_room);
}

int demo_fragmentation(int argc, char **argv)
{
    static struct program programs[PROGRAMS];
    struct memory memory = {.machine = machine_new(2 * MEMORY_FRAMES, 0),
                            .frames_free = MEMORY_FRAMES};
    struct result segments = {0}, frames = {.drawn = true};
    struct sim_random random = {20};
    uint64_t wasted = 0;

    (void)argc, (void)argv;
    quire_range_init(&memory.segments);
    say("Programs of 1 to 48 pages come and go, %u times, in a memory of %u pages. On one side "
        "each "
        "gets one contiguous segment, by first fit; on the other as many frames, wherever they "
        "are, "
        "which page tables put in a row.",
        REQUESTS, MEMORY_FRAMES);
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct program *program = &programs[sim_random_below(&random, PROGRAMS)];

        if (program->wanted) {
            leave(&memory, program);
            continue;
        }
        program->wanted = true;
        program->bytes = (unsigned)sim_random_below(&random, 48 * QUIRE_PAGE_SIZE) + 1;
        program->pages = (unsigned)(quire_page_up(program->bytes) >> QUIRE_PAGE_SHIFT);
        wasted += program->pages * QUIRE_PAGE_SIZE - program->bytes;
        come_as_segment(&memory, program, &segments);
        come_as_frames(&memory, program, &frames);
    }
    printf("  %-34s %6s %10s %22s\n", "", "came", "refused", "though enough was free");
    show("contiguous segments, first fit", &segments);
    show("frames", &frames);
    printf("\n");
    say("Segments leave holes between them that add up to enough, and fit nobody: external "
        "fragmentation. A frame fits everywhere; what pages cost instead is the unused end of the "
        "last one, here %llu bytes for each program.",
        (wide)(wasted / segments.came));
    for (unsigned i = 0; i < PROGRAMS; i++)
        leave(&memory, &programs[i]);
    if (segments.refused_with_room == 0 || frames.refused_with_room != 0)
        fail("first fit should have failed for fragmentation, and frames not");
    sim_destroy(memory.machine);
    return 0;
}
