/*
 * /proc: the machine's memory: meminfo, vmstat, zoneinfo, buddyinfo, pagetypeinfo, slabinfo,
 * vmallocinfo, iomem.
 *
 * Linux counts many things that do not exist here: file pages with a disk behind them, lists of
 * active and inactive pages, swap. Every file lives in memory (Linux: Shmem), so that Cached and
 * Shmem are the same. Anonymous pages count as active, objects' pages as inactive. Numbers of what
 * does not exist are 0, and lines are there for the programs that look for them.
 *
 * No address of the kernel is told, whoever asks.
 */
#include "fs/procfs.h"

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
#include "x86/cpu.h"

/* ---- counts ---- */

/* In pages, but for stacks. */
struct counts {
    struct quire_frame_stats frames;
    uint64_t objects, anonymous, heap, tables;
    uint64_t mapped; /* objects' pages in page tables; a page may be in several */
    uint64_t locked;
    uint64_t stack_kib; /* of kernel stacks */
};

static void count(struct counts *out)
{
    unsigned long load[3];
    unsigned runnable, threads;

    *out = (struct counts){0};
    quire_frame_stats(&kernel_machine, &out->frames);
    out->objects = out->frames.kind[QUIRE_FRAME_OBJECT];
    out->anonymous = out->frames.kind[QUIRE_FRAME_ANONYMOUS];
    out->heap = out->frames.kind[QUIRE_FRAME_HEAP];
    out->tables = out->frames.kind[QUIRE_FRAME_TABLE];
    scheduler_load(load, &runnable, &threads);
    out->stack_kib = (uint64_t)threads * (KERNEL_STACK_SIZE >> 10);
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
            out->mapped += usage.object;
            out->locked += memory->space->pages.locked;
            memory_put(memory);
        }
        process_put(process);
    }
    if (out->mapped > out->objects)
        out->mapped = out->objects;
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

int proc_show_meminfo(struct text *text, const struct proc_target *target)
{
    struct page_sizes direct = {{0}};
    struct counts c;

    (void)target;
    count(&c);
    const struct row rows[] = {
        {"MemTotal:       ", KIB(c.frames.total)},
        {"MemFree:        ", KIB(c.frames.free)},
        {"MemAvailable:   ", KIB(c.frames.free - (c.frames.free < kernel_machine.frame.reserve
                                                      ? c.frames.free
                                                      : kernel_machine.frame.reserve))},
        {"Buffers:        ", 0},
        {"Cached:         ", KIB(c.objects)},
        {"SwapCached:     ", 0},
        {"Active:         ", KIB(c.anonymous)},
        {"Inactive:       ", KIB(c.objects)},
        {"Active(anon):   ", KIB(c.anonymous)},
        {"Inactive(anon): ", KIB(c.objects)},
        {"Active(file):   ", 0},
        {"Inactive(file): ", 0},
        {"Unevictable:    ", KIB(c.locked)},
        {"Mlocked:        ", KIB(c.locked)},
        {"SwapTotal:      ", 0},
        {"SwapFree:       ", 0},
        {"Dirty:          ", 0},
        {"Writeback:      ", 0},
        {"AnonPages:      ", KIB(c.anonymous)},
        {"Mapped:         ", KIB(c.mapped)},
        {"Shmem:          ", KIB(c.objects)},
        {"KReclaimable:   ", 0},
        {"Slab:           ", KIB(c.heap)},
        {"SReclaimable:   ", 0},
        {"SUnreclaim:     ", KIB(c.heap)},
        {"KernelStack:    ", c.stack_kib},
        {"PageTables:     ", KIB(c.tables)},
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
    for (unsigned i = 0; i < 4; i++) {
        static const char *const names[] = {"Total:", "Free: ", "Rsvd: ", "Surp: "};

        text_printf(text, "HugePages_%s   %5lu\n", names[i], 0ul);
    }
    text_printf(text, "Hugepagesize:   %8lu kB\nHugetlb:        %8lu kB\n", 2048ul, 0ul);
    quire_pagetable_visit(&kernel_machine, &kernel_machine.kernel, KERNEL_DIRECT,
                          KERNEL_DIRECT + kernel_machine.frame.direct_end, add_page, &direct);
    text_printf(text, "DirectMap4k:    %8lu kB\nDirectMap2M:    %8lu kB\n",
                (unsigned long)(direct.bytes[1] >> 10), (unsigned long)(direct.bytes[2] >> 10));
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
        {"SwapCached:     ", 0},
        {"Active:         ", KIB(c.anonymous)},
        {"Inactive:       ", KIB(c.objects)},
        {"Active(anon):   ", KIB(c.anonymous)},
        {"Inactive(anon): ", KIB(c.objects)},
        {"Active(file):   ", 0},
        {"Inactive(file): ", 0},
        {"Unevictable:    ", KIB(c.locked)},
        {"Mlocked:        ", KIB(c.locked)},
        {"Dirty:          ", 0},
        {"Writeback:      ", 0},
        {"FilePages:      ", KIB(c.objects)},
        {"Mapped:         ", KIB(c.mapped)},
        {"AnonPages:      ", KIB(c.anonymous)},
        {"Shmem:          ", KIB(c.objects)},
        {"KernelStack:    ", c.stack_kib},
        {"PageTables:     ", KIB(c.tables)},
        {"SecPageTables:  ", 0},
        {"NFS_Unstable:   ", 0},
        {"Bounce:         ", 0},
        {"WritebackTmp:   ", 0},
        {"KReclaimable:   ", 0},
        {"Slab:           ", KIB(c.heap)},
        {"SReclaimable:   ", 0},
        {"SUnreclaim:     ", KIB(c.heap)},
        {"AnonHugePages:  ", 0},
        {"ShmemHugePages: ", 0},
        {"ShmemPmdMapped: ", 0},
        {"FileHugePages:  ", 0},
        {"FilePmdMapped:  ", 0},
    };

    show_rows(text, "Node 0 ", rows, ARRAY_SIZE(rows));
    for (unsigned i = 0; i < 3; i++) {
        static const char *const names[] = {"Total:", "Free: ", "Surp: "};

        text_printf(text, "Node 0 HugePages_%s %5u\n", names[i], 0u);
    }
    return 0;
}

/* ---- vmstat, zoneinfo ---- */

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

/* Names of vmstat in Linux's order. What is not counted here has no value: 0. */
struct counter {
    const char *name;
    uint64_t (*value)(const struct counts *c);
};

static uint64_t objects(const struct counts *c)
{
    return c->objects;
}

static uint64_t anonymous(const struct counts *c)
{
    return c->anonymous;
}

static uint64_t heap(const struct counts *c)
{
    return c->heap;
}

static uint64_t tables(const struct counts *c)
{
    return c->tables;
}

static uint64_t mapped(const struct counts *c)
{
    return c->mapped;
}

static uint64_t locked(const struct counts *c)
{
    return c->locked;
}

static uint64_t stacks(const struct counts *c)
{
    return c->stack_kib;
}

static uint64_t free_frames(const struct counts *c)
{
    return c->frames.free;
}

static uint64_t event(enum quire_event which)
{
    uint64_t sum = 0;

    for (unsigned cpu = 0; cpu < kernel_machine.cpu_count; cpu++)
        sum += kernel_machine.cpu[cpu].event[which];
    return sum;
}

static uint64_t fault(enum quire_fault_class which)
{
    uint64_t sum = 0;

    for (unsigned cpu = 0; cpu < kernel_machine.cpu_count; cpu++)
        sum += kernel_machine.cpu[cpu].fault[which];
    return sum;
}

static uint64_t allocations(const struct counts *c)
{
    (void)c;
    return event(QUIRE_EVENT_FRAME_ALLOC);
}

static uint64_t frees(const struct counts *c)
{
    (void)c;
    return event(QUIRE_EVENT_FRAME_FREE);
}

static uint64_t swaps_in(const struct counts *c)
{
    (void)c;
    return event(QUIRE_EVENT_SWAP_IN);
}

static uint64_t swaps_out(const struct counts *c)
{
    (void)c;
    return event(QUIRE_EVENT_SWAP_OUT);
}

static uint64_t faults(const struct counts *c)
{
    uint64_t sum = 0;

    (void)c;
    for (unsigned i = 0; i < QUIRE_FAULT_CLASS_COUNT; i++)
        sum += is_a_fault(i) ? fault(i) : 0;
    return sum;
}

static uint64_t major_faults(const struct counts *c)
{
    (void)c;
    return fault(QUIRE_FAULT_SWAP_IN) + fault(QUIRE_FAULT_PAGER_WAIT);
}

static uint64_t kills(const struct counts *c)
{
    (void)c;
    return oom_kills();
}

static uint64_t reuses(const struct counts *c)
{
    (void)c;
    return fault(QUIRE_FAULT_REUSE);
}

static const struct counter zone_counters[] = {
    {"nr_free_pages", free_frames},
    {"nr_zone_inactive_anon", objects},
    {"nr_zone_active_anon", anonymous},
    {"nr_zone_inactive_file", NULL},
    {"nr_zone_active_file", NULL},
    {"nr_zone_unevictable", locked},
    {"nr_zone_write_pending", NULL},
    {"nr_mlock", locked},
    {"nr_bounce", NULL},
    {"nr_zspages", NULL},
    {"nr_free_cma", NULL},
    {"numa_hit", allocations},
    {"numa_miss", NULL},
    {"numa_foreign", NULL},
    {"numa_interleave", NULL},
    {"numa_local", allocations},
    {"numa_other", NULL},
};

static const struct counter node_counters[] = {
    {"nr_inactive_anon", objects},
    {"nr_active_anon", anonymous},
    {"nr_inactive_file", NULL},
    {"nr_active_file", NULL},
    {"nr_unevictable", locked},
    {"nr_slab_reclaimable", NULL},
    {"nr_slab_unreclaimable", heap},
    {"nr_isolated_anon", NULL},
    {"nr_isolated_file", NULL},
    {"workingset_nodes", NULL},
    {"workingset_refault_anon", NULL},
    {"workingset_refault_file", NULL},
    {"workingset_activate_anon", NULL},
    {"workingset_activate_file", NULL},
    {"workingset_restore_anon", NULL},
    {"workingset_restore_file", NULL},
    {"workingset_nodereclaim", NULL},
    {"nr_anon_pages", anonymous},
    {"nr_mapped", mapped},
    {"nr_file_pages", objects},
    {"nr_dirty", NULL},
    {"nr_writeback", NULL},
    {"nr_writeback_temp", NULL},
    {"nr_shmem", objects},
    {"nr_shmem_hugepages", NULL},
    {"nr_shmem_pmdmapped", NULL},
    {"nr_file_hugepages", NULL},
    {"nr_file_pmdmapped", NULL},
    {"nr_anon_transparent_hugepages", NULL},
    {"nr_vmscan_write", NULL},
    {"nr_vmscan_immediate_reclaim", NULL},
    {"nr_dirtied", NULL},
    {"nr_written", NULL},
    {"nr_throttled_written", NULL},
    {"nr_kernel_misc_reclaimable", NULL},
    {"nr_foll_pin_acquired", NULL},
    {"nr_foll_pin_released", NULL},
    {"nr_kernel_stack", stacks},
    {"nr_page_table_pages", tables},
    {"nr_sec_page_table_pages", NULL},
    {"nr_swapcached", NULL},
    {"pgpromote_success", NULL},
    {"pgpromote_candidate", NULL},
};

static const struct counter machine_counters[] = {
    {"nr_dirty_threshold", NULL},
    {"nr_dirty_background_threshold", NULL},
    {"pgpgin", NULL},
    {"pgpgout", NULL},
    {"pswpin", swaps_in},
    {"pswpout", swaps_out},
    {"pgalloc_dma", NULL},
    {"pgalloc_dma32", NULL},
    {"pgalloc_normal", allocations},
    {"pgalloc_movable", NULL},
    {"pgalloc_device", NULL},
    {"allocstall_dma", NULL},
    {"allocstall_dma32", NULL},
    {"allocstall_normal", NULL},
    {"allocstall_movable", NULL},
    {"allocstall_device", NULL},
    {"pgskip_dma", NULL},
    {"pgskip_dma32", NULL},
    {"pgskip_normal", NULL},
    {"pgskip_movable", NULL},
    {"pgskip_device", NULL},
    {"pgfree", frees},
    {"pgactivate", NULL},
    {"pgdeactivate", NULL},
    {"pglazyfree", NULL},
    {"pgfault", faults},
    {"pgmajfault", major_faults},
    {"pglazyfreed", NULL},
    {"pgrefill", NULL},
    {"pgreuse", reuses},
    {"pgsteal_kswapd", NULL},
    {"pgsteal_direct", NULL},
    {"pgscan_kswapd", NULL},
    {"pgscan_direct", NULL},
    {"slabs_scanned", NULL},
    {"pageoutrun", NULL},
    {"oom_kill", kills},
};

static void show_counters(struct text *text, const char *format, const struct counter *counters,
                          size_t n, const struct counts *c)
{
    for (size_t i = 0; i < n; i++) {
        unsigned long value = 0;

        if (counters[i].value != NULL)
            value = (unsigned long)counters[i].value(c);
        if (format == NULL)
            text_printf(text, "%s %lu\n", counters[i].name, value);
        else
            text_printf(text, "\n      %-12s %lu", counters[i].name, value);
    }
}

int proc_show_vmstat(struct text *text, const struct proc_target *target)
{
    struct counts c;

    (void)target;
    count(&c);
    show_counters(text, NULL, zone_counters, ARRAY_SIZE(zone_counters), &c);
    show_counters(text, NULL, node_counters, ARRAY_SIZE(node_counters), &c);
    show_counters(text, NULL, machine_counters, ARRAY_SIZE(machine_counters), &c);
    /* This kernel's own. */
    text_printf(text, "nr_kernel_pages %lu\n", (unsigned long)c.frames.kind[QUIRE_FRAME_KERNEL]);
    for (unsigned i = 0; i < QUIRE_FAULT_CLASS_COUNT; i++)
        text_printf(text, "fault_%s %lu\n", quire_fault_class_string(i), (unsigned long)fault(i));
    for (unsigned i = 0; i < QUIRE_EVENT_COUNT; i++)
        text_printf(text, "event_%s %lu\n", quire_event_string(i), (unsigned long)event(i));
    return 0;
}

/* In Linux's order; the last two never have memory here. */
static const char *const zone_names[] = {"DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"};

static void show_zone(struct text *text, const char *name, const struct quire_zone *zone,
                      const struct counts *c, bool first)
{
    bool has = zone != NULL && zone->present > 0;
    struct counts none = {0};

    text_printf(text, "Node 0, zone %8s", name);
    if (first) {
        text_printf(text, "\n  per-node stats");
        show_counters(text, "", node_counters, ARRAY_SIZE(node_counters), c);
    }
    none.frames.free = has ? zone->free : 0;
    text_printf(text,
                "\n  pages free     %lu\n        boost    0\n        min      %lu"
                "\n        low      %lu\n        high     %lu\n        spanned  %lu"
                "\n        present  %lu\n        managed  %lu\n        cma      0"
                "\n        protection: (0, 0, 0, 0, 0)",
                (unsigned long)none.frames.free,
                has ? (unsigned long)kernel_machine.frame.reserve : 0ul,
                has ? (unsigned long)kernel_machine.frame.reserve : 0ul,
                has ? (unsigned long)kernel_machine.frame.reserve : 0ul,
                has ? (unsigned long)zone->end - zone->first : 0ul,
                has ? (unsigned long)zone->present : 0ul, has ? (unsigned long)zone->present : 0ul);
    if (has) {
        /* Frames in use are not counted by zone: what is told of the machine is told where most of
         * its memory is. */
        show_counters(text, "", zone_counters, 1, &none);
        show_counters(text, "", zone_counters + 1, ARRAY_SIZE(zone_counters) - 1,
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
    for (unsigned i = 0; i < ARRAY_SIZE(zone_names); i++) {
        const struct quire_zone *zone = i < QUIRE_ZONE_COUNT ? &kernel_machine.frame.zone[i] : NULL;

        if (i == QUIRE_ZONE_HIGH && zone->present == 0)
            continue;
        show_zone(text, zone_names[i], zone, &c, first && zone != NULL && zone->present > 0);
        if (zone != NULL && zone->present > 0)
            first = false;
    }
    return 0;
}

/* ---- free blocks ---- */

int proc_show_buddyinfo(struct text *text, const struct proc_target *target)
{
    (void)target;
    for (unsigned z = 0; z < QUIRE_ZONE_COUNT; z++) {
        const struct quire_zone *zone = &kernel_machine.frame.zone[z];

        if (zone->present == 0)
            continue;
        text_printf(text, "Node 0, zone %8s ", zone_names[z]);
        for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++)
            text_printf(text, "%6lu ", (unsigned long)zone->blocks[order]);
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

    (void)target;
    text_printf(text, "Page block order: %u\nPages per block:  %u\n\n%-43s ", block_order,
                1u << block_order, "Free pages count per migrate type at order");
    for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++)
        text_printf(text, "%6u ", order);
    text_add(text, "\n", 1);
    for (unsigned z = 0; z < QUIRE_ZONE_COUNT; z++) {
        const struct quire_zone *zone = &kernel_machine.frame.zone[z];

        for (unsigned i = 0; zone->present > 0 && i < ARRAY_SIZE(types); i++) {
            text_printf(text, "Node %4d, zone %8s, type %12s ", 0, zone_names[z], types[i]);
            for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++)
                text_printf(text, "%6lu ", i == movable ? (unsigned long)zone->blocks[order] : 0ul);
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
        text_printf(text, "Node %d, zone %8s ", 0, zone_names[z]);
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

int proc_show_vmallocinfo(struct text *text, const struct proc_target *target)
{
    struct quire_area area;
    quire_virt at = KERNEL_AREA;

    (void)target;
    for (; quire_area_find(&kernel_machine, at, &area); at = area.range.end) {
        unsigned long pages = (unsigned long)(area.length >> PAGE_SHIFT);

        text_printf(text, "0x%016lx-0x%016lx %7lu ", 0ul, 0ul,
                    (unsigned long)area.length + PAGE_SIZE);
        add_word(text, area.name, 0);
        if (area.kind == 1)
            text_printf(text, " phys=0x%016lx ioremap\n", (unsigned long)area.device);
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
    text_printf(text, "%s%08lx-%08lx : %s\n", depth > 0 ? "  " : "", (unsigned long)start,
                (unsigned long)end - 1, name);
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
