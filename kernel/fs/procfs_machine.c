/*
 * /proc: the machine's memory: meminfo, vmstat, zoneinfo, buddyinfo, pagetypeinfo, slabinfo,
 * vmallocinfo, iomem.
 *
 * Linux counts many things that do not exist here: lists of active and inactive pages, for example.
 * Files in memory are what Linux calls Shmem; of the rest of Cached, files elsewhere have the
 * content. Anonymous pages count as active, objects' pages as inactive. Numbers of what does not
 * exist are 0, and lines are there for the programs that look for them.
 *
 * No address of the kernel is told, whoever asks.
 */
#include "fs/procfs.h"
#include "fs/writeback.h"

#include <quire/area.h>
#include <quire/bootmap.h>
#include <quire/commit.h>

#include "core/boot.h"
#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/oom.h"
#include "proc/scheduler.h"
#include "proc/tree.h"
#include "reclaim/reclaim.h"
#include "swap/swap.h"
#include "x86/cpu.h"

/* ---- counts ---- */

/* In pages, but for stacks and events. What is not counted here is NOTHING, and 0. */
enum count {
    NOTHING,
    DIRTY,
    DIRTY_MOST,
    DIRTY_BACKGROUND,
    WRITEBACK,
    FREE,
    OBJECTS,
    FILES,  /* of those: of files elsewhere */
    SHARED, /* of those: the others */
    ANONYMOUS,
    CACHED_SLOTS,
    HEAP,
    TABLES,
    MAPPED, /* objects' pages in page tables; a page may be in several */
    LOCKED,
    STACKS, /* KiB of kernel stacks */
    ALLOCATIONS,
    FREES,
    SWAPS_IN,
    SWAPS_OUT,
    PAGED_IN, /* KiB */
    PAGED_OUT,
    WRITTEN,
    REFAULTS,
    THRASHES,
    PAGE_REFAULTS,
    PAGE_THRASHES,
    SCANNED_BACKGROUND,
    SCANNED_DIRECT,
    STOLEN_BACKGROUND,
    STOLEN_DIRECT,
    STALLS,
    WAKINGS,
    LAZY_FREES,
    LAZY_FREED,
    FAULTS,
    MAJOR_FAULTS,
    REUSES,
    KILLS,
    COUNTS
};

struct counts {
    struct quire_frame_stats frames;
    unsigned long of[COUNTS];
};

/* Classes that are counted beside another one, or that resolved nothing: not in pgfault. */
static bool is_a_fault(unsigned class)
{
    switch (class) {
    case QUIRE_FAULT_GROW:
    case QUIRE_FAULT_UNSHARE:
    case QUIRE_FAULT_RACE:
    case QUIRE_FAULT_PAGER_WAIT:
        return false;
    default:
        return class < QUIRE_FAULT_NO_REGION;
    }
}

static unsigned long event(enum quire_event which)
{
    unsigned long sum = 0;

    for (unsigned cpu = 0; cpu < kernel_machine.cpu_count; cpu++)
        sum += kernel_machine.cpu[cpu].event[which];
    return sum;
}

static unsigned long fault(enum quire_fault_class which)
{
    unsigned long sum = 0;

    for (unsigned cpu = 0; cpu < kernel_machine.cpu_count; cpu++)
        sum += kernel_machine.cpu[cpu].fault[which];
    return sum;
}

static void count_spaces(struct counts *out)
{
    for (int pid = 1;;) {
        struct process *process = process_next(pid);
        struct memory *memory;

        if (process == NULL)
            break;
        pid = process->number + 1;
        memory = process_memory(process);
        if (memory != NULL) {
            struct quire_usage usage;

            quire_space_usage(memory->space, &usage);
            out->of[MAPPED] += usage.object;
            out->of[LOCKED] += memory->space->pages.locked;
            memory_put(memory);
        }
        process_put(process);
    }
    if (out->of[MAPPED] > out->of[OBJECTS])
        out->of[MAPPED] = out->of[OBJECTS];
}

static void count_reclaim(struct counts *out)
{
    struct reclaim_counts counts;
    struct swap_totals swap;

    swap_totals(&swap);
    out->of[CACHED_SLOTS] = (unsigned long)swap.cached;
    reclaim_counts(&counts);
    out->of[SWAPS_IN] = event(QUIRE_EVENT_SWAP_IN);
    out->of[SWAPS_OUT] = event(QUIRE_EVENT_SWAP_OUT);
    out->of[WRITTEN] = event(QUIRE_EVENT_PAGE_OUT);
    out->of[PAGED_IN] = KIB(out->of[SWAPS_IN] + event(QUIRE_EVENT_PAGE_IN));
    out->of[PAGED_OUT] = KIB(out->of[SWAPS_OUT] + out->of[WRITTEN]);
    out->of[REFAULTS] = event(QUIRE_EVENT_REFAULT);
    out->of[THRASHES] = event(QUIRE_EVENT_THRASH);
    out->of[PAGE_REFAULTS] = event(QUIRE_EVENT_PAGE_REFAULT);
    out->of[PAGE_THRASHES] = event(QUIRE_EVENT_PAGE_THRASH);
    out->of[SCANNED_BACKGROUND] = (unsigned long)counts.scanned_background;
    out->of[SCANNED_DIRECT] = (unsigned long)counts.scanned_direct;
    out->of[STOLEN_BACKGROUND] = (unsigned long)counts.stolen_background;
    out->of[STOLEN_DIRECT] = (unsigned long)counts.stolen_direct;
    out->of[STALLS] = (unsigned long)counts.stalls;
    out->of[WAKINGS] = (unsigned long)counts.wakings;
    out->of[LAZY_FREES] = event(QUIRE_EVENT_LAZY_FREE);
    out->of[LAZY_FREED] = event(QUIRE_EVENT_LAZY_FREED);
}

static void count(struct counts *out)
{
    struct writeback_limits limits;
    unsigned long load[3];
    unsigned runnable, threads;

    *out = (struct counts){0};
    quire_frame_stats(&kernel_machine, &out->frames);
    out->of[FREE] = out->frames.free;
    out->of[OBJECTS] = out->frames.kind[QUIRE_FRAME_OBJECT];
    out->of[FILES] = (unsigned long)reclaim_file_pages();
    if (out->of[FILES] > out->of[OBJECTS])
        out->of[FILES] = out->of[OBJECTS];
    out->of[SHARED] = out->of[OBJECTS] - out->of[FILES];
    out->of[ANONYMOUS] = out->frames.kind[QUIRE_FRAME_ANONYMOUS];
    out->of[HEAP] = out->frames.kind[QUIRE_FRAME_HEAP];
    out->of[TABLES] = out->frames.kind[QUIRE_FRAME_TABLE];
    scheduler_load(load, &runnable, &threads);
    out->of[STACKS] = (unsigned long)threads * (KERNEL_STACK_SIZE >> 10);
    writeback_limits(&limits);
    out->of[DIRTY_MOST] = limits.most;
    out->of[DIRTY_BACKGROUND] = limits.background;
    out->of[DIRTY] = (unsigned long)ninep_pages_dirty();
    out->of[WRITEBACK] = (unsigned long)ninep_pages_writing();
    out->of[ALLOCATIONS] = event(QUIRE_EVENT_FRAME_ALLOC);
    out->of[FREES] = event(QUIRE_EVENT_FRAME_FREE);
    count_reclaim(out);
    for (unsigned i = 0; i < QUIRE_FAULT_CLASS_COUNT; i++)
        out->of[FAULTS] += is_a_fault(i) ? fault(i) : 0;
    out->of[MAJOR_FAULTS] = (unsigned long)fault_major_count();
    out->of[REUSES] = fault(QUIRE_FAULT_REUSE);
    out->of[KILLS] = oom_kills();
    count_spaces(out);
}

/* ---- meminfo ---- */

struct row {
    const char *name;
    unsigned long kib;
};

static void show_rows(struct text *text, const char *before, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        text_printf(text, "%s%s%8lu kB\n", before, rows[i].name, rows[i].kib);
}

/* Machines whose kernel half is too small for all RAM say how much lies beyond the direct map. */
static void show_high_memory(struct text *text, const char *before, const struct counts *c)
{
    const struct quire_zone *high = &kernel_machine.frame.zone[QUIRE_ZONE_HIGH];
    unsigned long total = high->present, free = quire_zone_free(high);
    const struct row rows[] = {
        {"HighTotal:      ", KIB(total)},
        {"HighFree:       ", KIB(free)},
        {"LowTotal:       ", KIB(c->frames.total - total)},
        {"LowFree:        ", KIB(c->frames.free - free)},
    };

    show_rows(text, before, rows, ARRAY_SIZE(rows));
}

/* Programs' pages, and which of them are in use; then, with a kernel half too small for all RAM,
 * what lies beyond the direct map. */
static void show_use(struct text *text, const char *before, const struct counts *c)
{
    const struct row rows[] = {
        {"SwapCached:     ", KIB(c->of[CACHED_SLOTS])}, {"Active:         ", KIB(c->of[ANONYMOUS])},
        {"Inactive:       ", KIB(c->of[OBJECTS])},      {"Active(anon):   ", KIB(c->of[ANONYMOUS])},
        {"Inactive(anon): ", KIB(c->of[SHARED])},       {"Active(file):   ", 0},
        {"Inactive(file): ", KIB(c->of[FILES])},        {"Unevictable:    ", KIB(c->of[LOCKED])},
        {"Mlocked:        ", KIB(c->of[LOCKED])},
    };

    show_rows(text, before, rows, ARRAY_SIZE(rows));
    if (sizeof(long) == 4)
        show_high_memory(text, before, c);
}

struct page_sizes {
    uint64_t bytes[4]; /* by level */
};

static bool add_page(void *context, quire_virt address, unsigned level, quire_entry *entry)
{
    struct page_sizes *sizes = context;

    (void)address, (void)entry;
    if (level <= 3)
        sizes->bytes[level] += (uint64_t)1 << quire_level_shift(level);
    return true;
}

/* As Linux estimates it: what programs could have without swapping. Half of the files' pages, or as
 * many as the low watermark, are needed where they are. */
static unsigned long available(const struct counts *c)
{
    struct reclaim_watermarks marks;
    unsigned long files = c->of[FILES], keep = files / 2, pages = c->frames.free + files;

    reclaim_watermarks(&marks);
    if (keep > marks.low)
        keep = (unsigned long)marks.low;
    keep += (unsigned long)marks.high;
    return pages > keep ? pages - keep : 0;
}

int proc_show_meminfo(struct text *text, const struct proc_target *target)
{
    struct page_sizes direct = {{0}};
    uint64_t swap_total, swap_free;
    struct counts c;

    (void)target;
    count(&c);
    swap_totals_quick(&swap_total, &swap_free);
    const struct row rows[] = {
        {"MemTotal:       ", KIB(c.frames.total)}, {"MemFree:        ", KIB(c.frames.free)},
        {"MemAvailable:   ", KIB(available(&c))},  {"Buffers:        ", 0},
        {"Cached:         ", KIB(c.of[OBJECTS])},
    };
    const struct row rest[] = {
        {"SwapTotal:      ", KIB(swap_total)},
        {"SwapFree:       ", KIB(swap_free)},
        {"Dirty:          ", KIB(c.of[DIRTY])},
        {"Writeback:      ", KIB(c.of[WRITEBACK])},
        {"AnonPages:      ", KIB(c.of[ANONYMOUS])},
        {"Mapped:         ", KIB(c.of[MAPPED])},
        {"Shmem:          ", KIB(c.of[SHARED])},
        {"KReclaimable:   ", 0},
        {"Slab:           ", KIB(c.of[HEAP])},
        {"SReclaimable:   ", 0},
        {"SUnreclaim:     ", KIB(c.of[HEAP])},
        {"KernelStack:    ", c.of[STACKS]},
        {"PageTables:     ", KIB(c.of[TABLES])},
        {"SecPageTables:  ", 0},
        {"NFS_Unstable:   ", 0},
        {"Bounce:         ", 0},
        {"WritebackTmp:   ", 0},
        {"CommitLimit:    ", KIB(kernel_machine.commit.limit)},
        {"Committed_AS:   ", KIB(quire_commit_pages(&kernel_machine))},
        {"VmallocTotal:   ", (KERNEL_AREA_END - KERNEL_AREA) >> 10},
        {"VmallocUsed:    ", KIB(kernel_machine.area.mapped)},
        {"VmallocChunk:   ", 0},
        {"Percpu:         ",
         (unsigned long)(kernel_machine.cpu_count * sizeof(struct quire_cpu)) >> 10},
        {"AnonHugePages:  ", 0},
        {"ShmemHugePages: ", 0},
        {"ShmemPmdMapped: ", 0},
        {"FileHugePages:  ", 0},
        {"FilePmdMapped:  ", 0},
    };

    show_rows(text, "", rows, ARRAY_SIZE(rows));
    show_use(text, "", &c);
    show_rows(text, "", rest, ARRAY_SIZE(rest));
    for (unsigned i = 0; i < 4; i++) {
        static const char *const names[] = {"Total:", "Free: ", "Rsvd: ", "Surp: "};

        text_printf(text, "HugePages_%s   %5lu\n", names[i], 0ul);
    }
    text_printf(text, "Hugepagesize:   %8lu kB\nHugetlb:        %8lu kB\n",
                1ul << (quire_level_shift(2) - 10), 0ul);
    quire_pagetable_visit(&kernel_machine, &kernel_machine.kernel, KERNEL_DIRECT,
                          KERNEL_DIRECT + kernel_machine.frame.direct_end, add_page, &direct);
    text_printf(text, "DirectMap4k:    %8lu kB\nDirectMap%uM:    %8lu kB\n",
                (unsigned long)(direct.bytes[1] >> 10), 1u << (quire_level_shift(2) - 20),
                (unsigned long)(direct.bytes[2] >> 10));
    if (cpu_features.gib_pages)
        text_printf(text, "DirectMap1G:    %8lu kB\n", (unsigned long)(direct.bytes[3] >> 10));
    return 0;
}

/* The same, as /sys/devices/system/node/node0/meminfo says it. */
int proc_show_node_meminfo(struct text *text, const struct proc_target *target)
{
    struct counts c;

    (void)target;
    count(&c);
    const struct row rows[] = {
        {"MemTotal:       ", KIB(c.frames.total)},
        {"MemFree:        ", KIB(c.frames.free)},
        {"MemUsed:        ", KIB(c.frames.total - c.frames.free)},
    };
    const struct row rest[] = {
        {"Dirty:          ", KIB(c.of[DIRTY])},
        {"Writeback:      ", KIB(c.of[WRITEBACK])},
        {"FilePages:      ", KIB(c.of[OBJECTS])},
        {"Mapped:         ", KIB(c.of[MAPPED])},
        {"AnonPages:      ", KIB(c.of[ANONYMOUS])},
        {"Shmem:          ", KIB(c.of[SHARED])},
        {"KernelStack:    ", c.of[STACKS]},
        {"PageTables:     ", KIB(c.of[TABLES])},
        {"SecPageTables:  ", 0},
        {"NFS_Unstable:   ", 0},
        {"Bounce:         ", 0},
        {"WritebackTmp:   ", 0},
        {"KReclaimable:   ", 0},
        {"Slab:           ", KIB(c.of[HEAP])},
        {"SReclaimable:   ", 0},
        {"SUnreclaim:     ", KIB(c.of[HEAP])},
        {"AnonHugePages:  ", 0},
        {"ShmemHugePages: ", 0},
        {"ShmemPmdMapped: ", 0},
        {"FileHugePages:  ", 0},
        {"FilePmdMapped:  ", 0},
    };

    show_rows(text, "Node 0 ", rows, ARRAY_SIZE(rows));
    show_use(text, "Node 0 ", &c);
    show_rows(text, "Node 0 ", rest, ARRAY_SIZE(rest));
    for (unsigned i = 0; i < 3; i++) {
        static const char *const names[] = {"Total:", "Free: ", "Surp: "};

        text_printf(text, "Node 0 HugePages_%s %5u\n", names[i], 0u);
    }
    return 0;
}

/* ---- vmstat, zoneinfo ---- */

/* Names of vmstat in Linux's order. */
struct counter {
    const char *name;
    enum count count;
};

static const struct counter zone_counters[] = {
    {"nr_free_pages", FREE},
    {"nr_zone_inactive_anon", SHARED},
    {"nr_zone_active_anon", ANONYMOUS},
    {"nr_zone_inactive_file", FILES},
    {"nr_zone_active_file", NOTHING},
    {"nr_zone_unevictable", LOCKED},
    {"nr_zone_write_pending", DIRTY},
    {"nr_mlock", LOCKED},
    {"nr_bounce", NOTHING},
    {"nr_zspages", NOTHING},
    {"nr_free_cma", NOTHING},
    {"numa_hit", ALLOCATIONS},
    {"numa_miss", NOTHING},
    {"numa_foreign", NOTHING},
    {"numa_interleave", NOTHING},
    {"numa_local", ALLOCATIONS},
    {"numa_other", NOTHING},
};

static const struct counter node_counters[] = {
    {"nr_inactive_anon", SHARED},
    {"nr_active_anon", ANONYMOUS},
    {"nr_inactive_file", FILES},
    {"nr_active_file", NOTHING},
    {"nr_unevictable", LOCKED},
    {"nr_slab_reclaimable", NOTHING},
    {"nr_slab_unreclaimable", HEAP},
    {"nr_isolated_anon", NOTHING},
    {"nr_isolated_file", NOTHING},
    {"workingset_nodes", NOTHING},
    {"workingset_refault_anon", REFAULTS},
    {"workingset_refault_file", PAGE_REFAULTS},
    {"workingset_activate_anon", THRASHES},
    {"workingset_activate_file", PAGE_THRASHES},
    {"workingset_restore_anon", NOTHING},
    {"workingset_restore_file", NOTHING},
    {"workingset_nodereclaim", NOTHING},
    {"nr_anon_pages", ANONYMOUS},
    {"nr_mapped", MAPPED},
    {"nr_file_pages", OBJECTS},
    {"nr_dirty", DIRTY},
    {"nr_writeback", WRITEBACK},
    {"nr_writeback_temp", NOTHING},
    {"nr_shmem", SHARED},
    {"nr_shmem_hugepages", NOTHING},
    {"nr_shmem_pmdmapped", NOTHING},
    {"nr_file_hugepages", NOTHING},
    {"nr_file_pmdmapped", NOTHING},
    {"nr_anon_transparent_hugepages", NOTHING},
    {"nr_vmscan_write", NOTHING},
    {"nr_vmscan_immediate_reclaim", NOTHING},
    {"nr_dirtied", NOTHING},
    {"nr_written", WRITTEN},
    {"nr_throttled_written", NOTHING},
    {"nr_kernel_misc_reclaimable", NOTHING},
    {"nr_foll_pin_acquired", NOTHING},
    {"nr_foll_pin_released", NOTHING},
    {"nr_kernel_stack", STACKS},
    {"nr_page_table_pages", TABLES},
    {"nr_sec_page_table_pages", NOTHING},
    {"nr_swapcached", CACHED_SLOTS},
    {"pgpromote_success", NOTHING},
    {"pgpromote_candidate", NOTHING},
};

/* One counter for each of Linux's zones. */
#ifdef __x86_64__
#define BY_ZONE(name, all)                                                                         \
    {name "_dma", NOTHING}, {name "_dma32", NOTHING}, {name "_normal", all},                       \
        {name "_movable", NOTHING},                                                                \
    {                                                                                              \
        name "_device", NOTHING                                                                    \
    }
#else
#define BY_ZONE(name, all)                                                                         \
    {name "_dma", NOTHING}, {name "_normal", all}, {name "_high", NOTHING},                        \
    {                                                                                              \
        name "_movable", NOTHING                                                                   \
    }
#endif

static const struct counter machine_counters[] = {
    {"nr_dirty_threshold", DIRTY_MOST},
    {"nr_dirty_background_threshold", DIRTY_BACKGROUND},
    {"pgpgin", PAGED_IN},
    {"pgpgout", PAGED_OUT},
    {"pswpin", SWAPS_IN},
    {"pswpout", SWAPS_OUT},
    BY_ZONE("pgalloc", ALLOCATIONS),
    BY_ZONE("allocstall", STALLS),
    BY_ZONE("pgskip", NOTHING),
    {"pgfree", FREES},
    {"pgactivate", NOTHING},
    {"pgdeactivate", NOTHING},
    {"pglazyfree", LAZY_FREES},
    {"pgfault", FAULTS},
    {"pgmajfault", MAJOR_FAULTS},
    {"pglazyfreed", LAZY_FREED},
    {"pgrefill", NOTHING},
    {"pgreuse", REUSES},
    {"pgsteal_kswapd", STOLEN_BACKGROUND},
    {"pgsteal_direct", STOLEN_DIRECT},
    {"pgscan_kswapd", SCANNED_BACKGROUND},
    {"pgscan_direct", SCANNED_DIRECT},
    {"slabs_scanned", NOTHING},
    {"pageoutrun", WAKINGS},
    {"oom_kill", KILLS},
};

/* indented: as zoneinfo has them. */
static void show_counters(struct text *text, bool indented, const struct counter *counters,
                          size_t n, const struct counts *c)
{
    for (size_t i = 0; i < n; i++) {
        unsigned long value = c->of[counters[i].count];

        if (indented)
            text_printf(text, "\n      %-12s %lu", counters[i].name, value);
        else
            text_printf(text, "%s %lu\n", counters[i].name, value);
    }
}

int proc_show_vmstat(struct text *text, const struct proc_target *target)
{
    struct counts c;

    (void)target;
    count(&c);
    show_counters(text, false, zone_counters, ARRAY_SIZE(zone_counters), &c);
    show_counters(text, false, node_counters, ARRAY_SIZE(node_counters), &c);
    show_counters(text, false, machine_counters, ARRAY_SIZE(machine_counters), &c);
    /* This kernel's own. */
    text_printf(text, "nr_kernel_pages %lu\n", (unsigned long)c.frames.kind[QUIRE_FRAME_KERNEL]);
    for (unsigned i = 0; i < QUIRE_FAULT_CLASS_COUNT; i++)
        text_printf(text, "fault_%s %lu\n", quire_fault_class_string(i), fault(i));
    for (unsigned i = 0; i < QUIRE_EVENT_COUNT; i++)
        text_printf(text, "event_%s %lu\n", quire_event_string(i), event(i));
    return 0;
}

/*
 * Linux's zones in its order, and ours that they are; the last ones have no memory here. A direct
 * map of 32 bits ends below 4 GiB: what is beyond the first 16 MiB of it is Normal.
 */
#define NO_ZONE QUIRE_ZONE_COUNT
static const struct {
    const char *name;
    unsigned zone;
} zone_rows[] = {
    {"DMA", QUIRE_ZONE_DMA},
#ifdef __x86_64__
    {"DMA32", QUIRE_ZONE_DMA32}, {"Normal", QUIRE_ZONE_NORMAL},
    {"Movable", NO_ZONE},        {"Device", NO_ZONE},
#else
    {"Normal", QUIRE_ZONE_DMA32},
    {"HighMem", QUIRE_ZONE_HIGH},
    {"Movable", NO_ZONE},
#endif
};

static const char *zone_name(unsigned zone)
{
    for (size_t i = 0; i < ARRAY_SIZE(zone_rows); i++)
        if (zone_rows[i].zone == zone)
            return zone_rows[i].name;
    return quire_zone_string(zone);
}

/* What a request that would rather have another zone leaves in this one. */
static void show_protection(struct text *text, const struct quire_zone *zone)
{
    unsigned kept = 0;

    for (size_t i = 0; i < ARRAY_SIZE(zone_rows); i++) {
        if (zone != NULL && zone_rows[i].zone != NO_ZONE)
            kept = zone->keep[zone_rows[i].zone];
        text_printf(text, "%s%u", i == 0 ? "\n        protection: (" : ", ", kept);
    }
    text_add(text, ")", 1);
}

/* The watermarks are the machine's: a zone below the direct map's end has its share of them. */
static void zone_watermarks(const struct quire_zone *zone, struct reclaim_watermarks *out)
{
    uint64_t all = 0, present = zone != NULL ? zone->present : 0;

    reclaim_watermarks(out);
    for (unsigned i = 0; i <= QUIRE_ZONE_NORMAL; i++)
        all += kernel_machine.frame.zone[i].present;
    out->min = out->min * present / all;
    out->low = out->low * present / all;
    out->high = out->high * present / all;
}

static void show_zone(struct text *text, const char *name, const struct quire_zone *zone,
                      const struct counts *c, bool first)
{
    bool has = zone != NULL && zone->present > 0;
    struct reclaim_watermarks marks;
    struct counts none = {0};

    zone_watermarks(has && zone != &kernel_machine.frame.zone[QUIRE_ZONE_HIGH] ? zone : NULL,
                    &marks);
    text_printf(text, "Node 0, zone %8s", name);
    if (first) {
        text_printf(text, "\n  per-node stats");
        show_counters(text, true, node_counters, ARRAY_SIZE(node_counters), c);
    }
    none.of[FREE] = has ? quire_zone_free(zone) : 0;
    text_printf(text,
                "\n  pages free     %lu\n        boost    0\n        min      %lu"
                "\n        low      %lu\n        high     %lu\n        spanned  %lu"
                "\n        present  %lu\n        managed  %lu\n        cma      0",
                none.of[FREE], (unsigned long)marks.min, (unsigned long)marks.low,
                (unsigned long)marks.high, has ? (unsigned long)zone->end - zone->first : 0ul,
                has ? (unsigned long)zone->present : 0ul, has ? (unsigned long)zone->present : 0ul);
    show_protection(text, zone);
    if (has) {
        /* Frames in use are not counted by zone: what is told of the machine is told where most of
         * its memory is. */
        show_counters(text, true, zone_counters, 1, &none);
        show_counters(text, true, zone_counters + 1, ARRAY_SIZE(zone_counters) - 1,
                      first ? c : &(const struct counts){0});
        text_printf(text, "\n  pagesets");
        for (unsigned cpu = 0; cpu < kernel_machine.cpu_count; cpu++)
            text_printf(text,
                        "\n    cpu: %u\n              count: %u\n              high:  %u"
                        "\n              batch: %u\n  vm stats threshold: 0",
                        cpu, first ? kernel_machine.cpu[cpu].frame_count : 0u,
                        (unsigned)QUIRE_FRAME_CACHE_SIZE, (unsigned)QUIRE_FRAME_CACHE_SIZE / 2);
        text_printf(text, "\n  node_unreclaimable:  0\n  start_pfn:           %u", zone->first);
    }
    text_add(text, "\n", 1);
}

int proc_show_zoneinfo(struct text *text, const struct proc_target *target)
{
    bool first = true;
    struct counts c;

    (void)target;
    count(&c);
    for (size_t i = 0; i < ARRAY_SIZE(zone_rows); i++) {
        const struct quire_zone *zone =
            zone_rows[i].zone != NO_ZONE ? &kernel_machine.frame.zone[zone_rows[i].zone] : NULL;

        show_zone(text, zone_rows[i].name, zone, &c, first && zone != NULL && zone->present > 0);
        if (zone != NULL && zone->present > 0)
            first = false;
    }
    return 0;
}

/* ---- free blocks ---- */

int proc_show_buddyinfo(struct text *text, const struct proc_target *target)
{
    uint64_t blocks[QUIRE_MAX_ORDER + 1];

    (void)target;
    for (unsigned z = 0; z < QUIRE_ZONE_COUNT; z++) {
        const struct quire_zone *zone = &kernel_machine.frame.zone[z];

        if (zone->present == 0)
            continue;
        quire_frame_blocks(&kernel_machine, z, blocks);
        text_printf(text, "Node 0, zone %8s ", zone_name(z));
        for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++)
            text_printf(text, "%6lu ", (unsigned long)blocks[order]);
        text_add(text, "\n", 1);
    }
    return 0;
}

/* Frames are not grouped by what they are used for: all free ones count as movable. */
int proc_show_pagetypeinfo(struct text *text, const struct proc_target *target)
{
    static const char *const types[] = {"Unmovable", "Movable", "Reclaimable", "HighAtomic",
                                        "Isolate"};
    const unsigned block_order = 9, movable = 1;
    uint64_t free[QUIRE_MAX_ORDER + 1];

    (void)target;
    text_printf(text, "Page block order: %u\nPages per block:  %u\n\n%-43s ", block_order,
                1u << block_order, "Free pages count per migrate type at order");
    for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++)
        text_printf(text, "%6u ", order);
    text_add(text, "\n", 1);
    for (unsigned z = 0; z < QUIRE_ZONE_COUNT; z++) {
        const struct quire_zone *zone = &kernel_machine.frame.zone[z];

        quire_frame_blocks(&kernel_machine, z, free);
        for (unsigned i = 0; zone->present > 0 && i < ARRAY_SIZE(types); i++) {
            text_printf(text, "Node %4d, zone %8s, type %12s ", 0, zone_name(z), types[i]);
            for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++)
                text_printf(text, "%6lu ", i == movable ? (unsigned long)free[order] : 0ul);
            text_add(text, "\n", 1);
        }
    }
    text_printf(text, "\n%-23s", "Number of blocks type ");
    for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
        text_printf(text, "%12s ", types[i]);
    text_add(text, "\n", 1);
    for (unsigned z = 0; z < QUIRE_ZONE_COUNT; z++) {
        const struct quire_zone *zone = &kernel_machine.frame.zone[z];
        unsigned blocks = (zone->end - zone->first + (1u << block_order) - 1) >> block_order;

        if (zone->present == 0)
            continue;
        text_printf(text, "Node %d, zone %8s ", 0, zone_name(z));
        for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
            text_printf(text, "%12u ", i == movable ? blocks : 0u);
        text_add(text, "\n", 1);
    }
    return 0;
}

/* ---- the kernel's own memory ---- */

/* Names are columns: blanks in them become underscores. */
static void add_word(struct text *text, const char *words, size_t width)
{
    size_t length = strlen(words);

    for (size_t i = 0; i < length; i++)
        text_add(text, words[i] == ' ' ? "_" : &words[i], 1);
    for (; length < width; length++)
        text_add(text, " ", 1);
}

int proc_show_slabinfo(struct text *text, const struct proc_target *target)
{
    struct quire_cache_stats stats;

    (void)target;
    text_printf(text, "slabinfo - version: 2.1\n"
                      "# name            <active_objs> <num_objs> <objsize> <objperslab> "
                      "<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata "
                      "<active_slabs> <num_slabs> <sharedavail>\n");
    /* Active are those that are handed out; what a CPU keeps for the next is not lost. */
    for (size_t i = 0; quire_cache_stats(&kernel_machine, i, &stats); i++) {
        add_word(text, stats.name, 17);
        text_printf(text,
                    " %6lu %6lu %6lu %4lu %4lu : tunables %4u %4u %4u : slabdata %6lu %6lu %6u\n",
                    (unsigned long)(stats.objects - stats.kept),
                    (unsigned long)(stats.slabs * stats.per_slab), (unsigned long)stats.object_size,
                    (unsigned long)stats.per_slab, (unsigned long)stats.slab_frames, 0u, 0u, 0u,
                    (unsigned long)stats.slabs, (unsigned long)stats.slabs, 0u);
    }
    return 0;
}

/* Of an address. */
#define WORD_DIGITS ((int)sizeof(uintptr_t) * 2)

int proc_show_vmallocinfo(struct text *text, const struct proc_target *target)
{
    struct quire_area area;
    quire_virt at = KERNEL_AREA;

    (void)target;
    for (; quire_area_find(&kernel_machine, at, &area); at = area.range.end) {
        unsigned long pages = (unsigned long)(area.length >> PAGE_SHIFT);

        text_printf(text, "0x%0*x-0x%0*x %7zu ", WORD_DIGITS, 0u, WORD_DIGITS, 0u,
                    area.length + PAGE_SIZE);
        add_word(text, area.name, 0);
        if (area.kind == 1)
            text_printf(text, " phys=0x%0*" PRIx64 " ioremap\n", WORD_DIGITS, area.device);
        else
            text_printf(text, " pages=%lu vmalloc N0=%lu\n", pages, pages);
    }
    return 0;
}

/* ---- iomem ---- */

extern char _text_start[], _text_end[], _rodata_start[], _rodata_end[], _data_start[],
    _kernel_end[];

static const char *memory_name(enum quire_memory_type type)
{
    switch (type) {
    case QUIRE_MEMORY_USABLE:
    case QUIRE_MEMORY_BOOT:
        return "System RAM";
    case QUIRE_MEMORY_SOFT_RESERVED:
        return "Soft Reserved";
    case QUIRE_MEMORY_PERSISTENT:
        return "Persistent Memory";
    case QUIRE_MEMORY_ACPI:
        return "ACPI Tables";
    case QUIRE_MEMORY_NVS:
        return "ACPI Non-volatile Storage";
    case QUIRE_MEMORY_UNUSABLE:
        return "Unusable memory";
    default:
        return "Reserved";
    }
}

static void show_resource(struct text *text, unsigned depth, uint64_t start, uint64_t end,
                          const char *name)
{
    /* Where things are is for uid 0. */
    if (current_process()->credentials.euid != 0) {
        start = 0;
        end = 1;
    }
    text_printf(text, "%s%08" PRIx64 "-%08" PRIx64 " : %s\n", depth > 0 ? "  " : "", start, end - 1,
                name);
}

/* The parts of the image that lie in this range. */
static void show_image(struct text *text, uint64_t start, uint64_t end)
{
    const struct {
        const char *start, *end, *name;
    } parts[] = {
        {_text_start, _text_end, "Kernel code"},
        {_rodata_start, _rodata_end, "Kernel rodata"},
        {_data_start, _kernel_end, "Kernel data"},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
        uint64_t from = (uintptr_t)parts[i].start - KERNEL_IMAGE;
        uint64_t to = (uintptr_t)parts[i].end - KERNEL_IMAGE;

        if (from >= start && to <= end && from < to)
            show_resource(text, 1, from, to, parts[i].name);
    }
}

int proc_show_iomem(struct text *text, const struct proc_target *target)
{
    (void)target;
    for (size_t i = 0; i < boot_map.count;) {
        uint64_t start = boot_map.range[i].start, end;
        const char *name = memory_name(boot_map.range[i].type);

        /* What the kernel took for itself is RAM like its neighbours. */
        do
            end = boot_map.range[i].end;
        while (++i < boot_map.count && boot_map.range[i].start == end &&
               strcmp(memory_name(boot_map.range[i].type), name) == 0);
        show_resource(text, 0, start, end, name);
        show_image(text, start, end);
    }
    return 0;
}
