/*
 * What small machines show best: the buddy system frame by frame, an identity map with an end, and
 * a TLB that can be counted. The same library as the kernel's runs on a simulated machine.
 */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

struct sim_machine *machine_new(uint32_t frames, size_t tlb_entries)
{
    struct sim_options options = {.cpus = 1,
                                  .frames = frames,
                                  .levels = QUIRE_LEVELS_DEFAULT,
                                  .seed = 1,
                                  .tlb_entries = tlb_entries};

    return sim_create(&options);
}

void must(enum quire_status status, const char *what)
{
    if (status != QUIRE_OK)
        fail("%s: %s", what, quire_status_string(status));
}

/* ---- buddy ---- */

/* The simulated machine has 64 frames below 16 MiB: a zone that fits in a line. */
static void draw_zone(const struct quire *q, const char *what, char *const *owner)
{
    const struct quire_zone *zone = &q->frame.zone[QUIRE_ZONE_DMA];
    char line[80];
    uint32_t n = 0;

    for (uint32_t i = zone->first; i < zone->end && n < sizeof line - 1; i++) {
        const struct quire_frame *frame = quire_frame_at(q, i);

        if (frame->kind == QUIRE_FRAME_RESERVED)
            continue;
        if (frame->kind != QUIRE_FRAME_FREE)
            line[n++] = (*owner)[i - zone->first] != 0 ? (*owner)[i - zone->first] : '#';
        else
            line[n++] = frame->flags & QUIRE_FRAME_HEAD ? (char)('0' + frame->order) : '.';
    }
    line[n] = 0;
    printf("  %-22s %s\n", what, line);
}

struct buddy_block {
    char name;
    unsigned order;
    struct quire_frame *frame;
};

static void own(const struct quire *q, char *owner, const struct buddy_block *block, char name)
{
    const struct quire_zone *zone = &q->frame.zone[QUIRE_ZONE_DMA];
    uint32_t first = quire_frame_number(q, block->frame) - zone->first;

    memset(owner + first, name, (size_t)1 << block->order);
}

static void buddy_take(struct quire *q, char *owner, struct buddy_block *block)
{
    char what[40];

    block->frame = quire_frame_alloc(q, block->order, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_DMA);
    if (block->frame == NULL)
        fail("no block of order %u", block->order);
    own(q, owner, block, block->name);
    snprintf(what, sizeof what, "%c: %u frame%s", block->name, 1u << block->order,
             block->order > 0 ? "s" : "");
    draw_zone(q, what, &owner);
}

static void buddy_give(struct quire *q, char *owner, struct buddy_block *block)
{
    char what[40];

    own(q, owner, block, 0);
    must(quire_frame_free(q, block->frame), "giving a block back");
    snprintf(what, sizeof what, "%c given back", block->name);
    draw_zone(q, what, &owner);
}

int demo_buddy(int argc, char **argv)
{
    struct buddy_block blocks[] = {{'a', 0, NULL}, {'b', 2, NULL}, {'c', 0, NULL}, {'d', 3, NULL}};
    struct sim_machine *machine = machine_new(512, 0);
    struct quire *q = machine->q;
    const struct quire_zone *zone = &q->frame.zone[QUIRE_ZONE_DMA];
    char *owner = calloc(zone->end - zone->first, 1);
    uint64_t free_before;

    (void)argc, (void)argv;
    if (owner == NULL)
        fail("no memory");
    /* The zone's records are written when it is first used. */
    must(quire_frame_free(q, quire_frame_alloc(q, 1, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_DMA)),
         "a block of two frames");
    quire_frame_drain(q);
    free_before = zone->free;
    say("A zone of 64 frames of a simulated machine. A digit begins a free block of that order "
        "(2^order frames), dots are the rest of it, letters are what was given out. A block that "
        "is too large is halved until it fits; the halves are buddies.");
    draw_zone(q, "at first", &owner);
    for (unsigned i = 0; i < 4; i++)
        buddy_take(q, owner, &blocks[i]);
    printf("\n");
    say("Given back, a block merges with its buddy, if that is free as a whole: the buddy's number "
        "differs in one bit, and the blocks of an order begin at multiples of their size.");
    buddy_give(q, owner, &blocks[1]);
    buddy_give(q, owner, &blocks[0]);
    buddy_give(q, owner, &blocks[3]);
    buddy_give(q, owner, &blocks[2]);
    printf("\n");
    if (quire_frame_free(q, blocks[2].frame) != QUIRE_NOT_ALLOCATED)
        fail("a free frame was freed again");
    say("Giving c back once more is refused: %s.", quire_status_string(QUIRE_NOT_ALLOCATED));
    if (zone->free != free_before || quire_frame_check(q) != 0)
        fail("the zone is not as it was");
    free(owner);
    sim_destroy(machine);
    return 0;
}

/* ---- an identity map that ends ---- */

#define LIMIT_FRAMES 8

static void limit_row(struct sim_machine *machine, quire_virt address, bool expected)
{
    uint64_t value = 0;
    bool done = sim_kernel_load(sim_this_cpu(), address, &value);
    struct quire_pagetable now = {sim_this_cpu()->mmu.root, QUIRE_LEVELS_DEFAULT};
    struct quire_translation walk;

    quire_pagetable_translate(machine->q, &now, address, &walk);
    if (done)
        printf("  read 0x%08llx: physical 0x%08llx, value %llu\n", (wide)address,
               (wide)walk.physical, (wide)value);
    else
        printf("  read 0x%08llx: page fault, the %s has an empty entry\n", (wide)address,
               level_name(walk.level));
    if (done != expected)
        fail("the read at 0x%llx should have been %s", (wide)address,
             expected ? "done" : "a fault");
}

int demo_limit(int argc, char **argv)
{
    struct sim_machine *machine = machine_new(512, 0);
    struct quire *q = machine->q;
    struct quire_frame *frame = quire_frame_alloc(q, 4, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_ZERO);
    struct quire_pagetable table;
    quire_phys start, limit;

    (void)argc, (void)argv;
    if (frame == NULL)
        fail("no memory");
    start = quire_frame_phys(q, frame);
    limit = start + LIMIT_FRAMES * QUIRE_PAGE_SIZE;
    for (unsigned i = 0; i < 16; i++)
        *(uint64_t *)((char *)quire_frame_direct(q, frame) + i * QUIRE_PAGE_SIZE) = i;
    must(quire_pagetable_create(q, &table), "a page table");
    must(quire_pagetable_map(q, &table, (quire_virt)start, start, LIMIT_FRAMES * QUIRE_PAGE_SIZE,
                             QUIRE_PROT_READ | QUIRE_PROT_WRITE, 0),
         "the identity map");
    say("The first page table of many kernels maps addresses to themselves up to a limit. This one "
        "(on a simulated machine, format %s) maps 0x%llx up to 0x%llx, and paging is turned on.",
        QUIRE_FORMAT_NAME, (wide)start, (wide)limit);
    quire_platform_load_root(q, table.root);
    limit_row(machine, (quire_virt)start, true);
    limit_row(machine, (quire_virt)limit - QUIRE_PAGE_SIZE, true);
    limit_row(machine, (quire_virt)limit, false);
    limit_row(machine, (quire_virt)limit + QUIRE_PAGE_SIZE, false);
    must(quire_pagetable_map(q, &table, (quire_virt)limit, limit, QUIRE_PAGE_SIZE, QUIRE_PROT_READ,
                             0),
         "one more page");
    printf("  one page more is mapped:\n");
    limit_row(machine, (quire_virt)limit, true);
    limit_row(machine, (quire_virt)limit + QUIRE_PAGE_SIZE, false);
    printf("\n");
    say("The RAM above the limit is there all the time: what is not in the tables does not exist "
        "for the CPU.");
    quire_platform_load_root(q, q->kernel.root);
    must(quire_pagetable_unmap(q, &table, (quire_virt)start, (LIMIT_FRAMES + 1) * QUIRE_PAGE_SIZE),
         "unmapping");
    quire_pagetable_destroy(q, &table);
    must(quire_frame_free(q, frame), "giving the frames back");
    sim_destroy(machine);
    return 0;
}

/* ---- TLB ---- */

#define TLB_ENTRIES 16
#define TLB_TOUCHES 4096

enum pattern { SEQUENTIAL, CYCLE, RANDOM };

static unsigned tlb_row(const char *what, quire_virt base, unsigned pages, enum pattern pattern)
{
    struct sim_cpu *cpu = sim_this_cpu();
    struct sim_random random = {7};
    uint64_t hits, misses, evictions, value;
    unsigned rate;

    sim_mmu_drop(cpu, 0, ~(quire_virt)0, true);
    hits = cpu->mmu.hits;
    misses = cpu->mmu.misses;
    evictions = cpu->mmu.evictions;
    for (unsigned i = 0; i < TLB_TOUCHES; i++) {
        size_t place = pattern == SEQUENTIAL ? i * 8u % (pages * QUIRE_PAGE_SIZE)
                       : pattern == CYCLE
                           ? i % pages * QUIRE_PAGE_SIZE
                           : (size_t)sim_random_below(&random, pages) * QUIRE_PAGE_SIZE;

        if (!sim_kernel_load(cpu, base + place, &value))
            fail("a mapped page is not there");
    }
    hits = cpu->mmu.hits - hits;
    misses = cpu->mmu.misses - misses;
    rate = (unsigned)(hits * 1000 / TLB_TOUCHES);
    printf("  %-46s %5u %8llu %8llu %9llu %6u.%u %%\n", what, pages, (wide)hits, (wide)misses,
           (wide)(cpu->mmu.evictions - evictions), rate / 10, rate % 10);
    if (hits + misses != TLB_TOUCHES)
        fail("%llu hits and %llu misses are not %u accesses", (wide)hits, (wide)misses,
             TLB_TOUCHES);
    return rate;
}

int demo_tlb(int argc, char **argv)
{
    const unsigned large_order = quire_level_shift(2) - QUIRE_PAGE_SHIFT;
    struct sim_machine *machine = machine_new(16384, TLB_ENTRIES);
    struct quire *q = machine->q;
    struct quire_frame *frame = quire_frame_alloc(q, large_order, QUIRE_FRAME_KERNEL, 0);
    size_t large = (size_t)1 << quire_level_shift(2);
    quire_virt small_base = (quire_virt)1 << 30, large_base = small_base + 4 * large;
    struct quire_pagetable table;
    unsigned fits, thrashes;

    (void)argc, (void)argv;
    if (frame == NULL)
        fail("no memory");
    must(quire_pagetable_create(q, &table), "a page table");
    must(quire_pagetable_map(q, &table, small_base, quire_frame_phys(q, frame), large,
                             QUIRE_PROT_READ, QUIRE_PAGE_SMALL),
         "small pages");
    must(quire_pagetable_map(q, &table, large_base, quire_frame_phys(q, frame), large,
                             QUIRE_PROT_READ, 0),
         "a large page");
    quire_platform_load_root(q, table.root);
    say("The CPU keeps translations in a TLB: a hit costs nothing, a miss is a walk through %u "
        "tables. This simulated CPU has %u entries, and forgets the least recently used one. "
        "Each row is %u reads.",
        QUIRE_LEVELS_DEFAULT, TLB_ENTRIES, TLB_TOUCHES);
    printf("  %-46s %5s %8s %8s %9s %8s\n", "access pattern", "pages", "hits", "misses",
           "forgotten", "hit rate");
    tlb_row("one word after the other", small_base, 8, SEQUENTIAL);
    fits = tlb_row("one word of each page in turn", small_base, TLB_ENTRIES, CYCLE);
    thrashes = tlb_row("the same, one page more", small_base, TLB_ENTRIES + 1, CYCLE);
    tlb_row("random pages", small_base, TLB_ENTRIES, RANDOM);
    tlb_row("random pages", small_base, 4 * TLB_ENTRIES, RANDOM);
    tlb_row("random pages, mapped as one large page", large_base, 4 * TLB_ENTRIES, RANDOM);
    printf("\n");
    say("One page more than entries, in turn, and every read misses: the page that is needed next "
        "is "
        "always the one that was forgotten. A large page needs one entry for %s.",
        size_text(large));
    if (fits < 990 || thrashes != 0)
        fail("the hit rates are not what 16 entries give");
    quire_platform_load_root(q, q->kernel.root);
    must(quire_pagetable_unmap(q, &table, small_base, large), "unmapping");
    must(quire_pagetable_unmap(q, &table, large_base, large), "unmapping");
    quire_pagetable_destroy(q, &table);
    sim_destroy(machine);
    return 0;
}
