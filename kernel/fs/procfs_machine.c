/* /proc: the machine's memory. */
#include "fs/procfs.h"

#include <quire/commit.h>

#include "core/memory.h"
#include "linux/errno.h"
#include "proc/tree.h"

/* ---- memory ---- */

static void show_meminfo_rows(struct text *text, const struct quire_frame_stats *frames)
{
    uint64_t objects = frames->kind[QUIRE_FRAME_OBJECT];
    uint64_t anonymous = frames->kind[QUIRE_FRAME_ANONYMOUS];
    const struct {
        const char *name;
        unsigned long kib;
    } rows[] = {
        {"MemTotal:       ", KIB(frames->total)},
        {"MemFree:        ", KIB(frames->free)},
        {"MemAvailable:   ", KIB(frames->free)},
        {"Buffers:        ", 0},
        {"Cached:         ", KIB(objects)},
        {"SwapCached:     ", 0},
        {"Active:         ", KIB(anonymous)},
        {"Inactive:       ", KIB(objects)},
        {"Active(anon):   ", KIB(anonymous)},
        {"Inactive(anon): ", KIB(objects)},
        {"Active(file):   ", 0},
        {"Inactive(file): ", 0},
        {"Unevictable:    ", 0},
        {"Mlocked:        ", 0},
        {"SwapTotal:      ", 0},
        {"SwapFree:       ", 0},
        {"Dirty:          ", 0},
        {"Writeback:      ", 0},
        {"AnonPages:      ", KIB(anonymous)},
        {"Mapped:         ", 0},
        {"Shmem:          ", KIB(objects)},
        {"KReclaimable:   ", 0},
        {"Slab:           ", KIB(frames->kind[QUIRE_FRAME_HEAP])},
        {"SReclaimable:   ", 0},
        {"SUnreclaim:     ", KIB(frames->kind[QUIRE_FRAME_HEAP])},
        {"PageTables:     ", KIB(frames->kind[QUIRE_FRAME_TABLE])},
        {"CommitLimit:    ", KIB(kernel_machine.commit.limit)},
        {"Committed_AS:   ", KIB(quire_commit_pages(&kernel_machine))},
        {"VmallocTotal:   ", (KERNEL_AREA_END - KERNEL_AREA) >> 10},
        {"VmallocUsed:    ", KIB(kernel_machine.area.mapped)},
        {"VmallocChunk:   ", 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        text_printf(text, "%s%8lu kB\n", rows[i].name, rows[i].kib);
}

int proc_show_meminfo(struct text *text, const struct proc_target *target)
{
    struct quire_frame_stats frames;

    (void)target;
    quire_frame_stats(&kernel_machine, &frames);
    show_meminfo_rows(text, &frames);
    return 0;
}

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

int proc_show_vmstat(struct text *text, const struct proc_target *target)
{
    struct quire_frame_stats frames;
    uint64_t fault[QUIRE_FAULT_CLASS_COUNT] = {0}, event[QUIRE_EVENT_COUNT] = {0}, all = 0;

    (void)target;
    for (unsigned cpu = 0; cpu < kernel_machine.cpu_count; cpu++) {
        for (unsigned i = 0; i < QUIRE_FAULT_CLASS_COUNT; i++)
            fault[i] += kernel_machine.cpu[cpu].fault[i];
        for (unsigned i = 0; i < QUIRE_EVENT_COUNT; i++)
            event[i] += kernel_machine.cpu[cpu].event[i];
    }
    quire_frame_stats(&kernel_machine, &frames);
    text_printf(text, "nr_free_pages %lu\n", (unsigned long)frames.free);
    text_printf(text, "nr_anon_pages %lu\n", (unsigned long)frames.kind[QUIRE_FRAME_ANONYMOUS]);
    text_printf(text, "nr_file_pages %lu\n", (unsigned long)frames.kind[QUIRE_FRAME_OBJECT]);
    text_printf(text, "nr_shmem %lu\n", (unsigned long)frames.kind[QUIRE_FRAME_OBJECT]);
    text_printf(text, "nr_page_table_pages %lu\n", (unsigned long)frames.kind[QUIRE_FRAME_TABLE]);
    text_printf(text, "nr_slab_unreclaimable %lu\n", (unsigned long)frames.kind[QUIRE_FRAME_HEAP]);
    text_printf(text, "nr_kernel_pages %lu\n", (unsigned long)frames.kind[QUIRE_FRAME_KERNEL]);
    for (unsigned i = 0; i < QUIRE_FAULT_CLASS_COUNT; i++)
        all += is_a_fault(i) ? fault[i] : 0;
    text_printf(text, "pswpin %lu\npswpout %lu\n", (unsigned long)event[QUIRE_EVENT_SWAP_IN],
                (unsigned long)event[QUIRE_EVENT_SWAP_OUT]);
    text_printf(text, "pgalloc_normal %lu\npgfree %lu\n",
                (unsigned long)event[QUIRE_EVENT_FRAME_ALLOC],
                (unsigned long)event[QUIRE_EVENT_FRAME_FREE]);
    text_printf(text, "pgfault %lu\npgmajfault %lu\n", (unsigned long)all,
                (unsigned long)(fault[QUIRE_FAULT_SWAP_IN] + fault[QUIRE_FAULT_PAGER_WAIT]));
    for (unsigned i = 0; i < QUIRE_FAULT_CLASS_COUNT; i++)
        text_printf(text, "fault_%s %lu\n", quire_fault_class_string(i), (unsigned long)fault[i]);
    for (unsigned i = 0; i < QUIRE_EVENT_COUNT; i++)
        text_printf(text, "event_%s %lu\n", quire_event_string(i), (unsigned long)event[i]);
    return 0;
}

int proc_show_buddyinfo(struct text *text, const struct proc_target *target)
{
    (void)target;
    for (unsigned z = 0; z < QUIRE_ZONE_COUNT; z++) {
        const struct quire_zone *zone = &kernel_machine.frame.zone[z];

        if (zone->present == 0)
            continue;
        text_printf(text, "Node 0, zone %8s ", quire_zone_string(z));
        for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++)
            text_printf(text, "%6lu ", (unsigned long)zone->blocks[order]);
        text_add(text, "\n", 1);
    }
    return 0;
}

int proc_show_slabinfo(struct text *text, const struct proc_target *target)
{
    struct quire_cache_stats stats;

    (void)target;
    text_printf(text, "slabinfo - version: 2.1\n"
                      "# name            <active_objs> <num_objs> <objsize> <objperslab> "
                      "<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata "
                      "<active_slabs> <num_slabs> <sharedavail>\n");
    for (size_t i = 0; quire_cache_stats(&kernel_machine, i, &stats); i++)
        text_printf(text,
                    "%-17s %6lu %6lu %6lu %4lu %4lu : tunables %4u %4u %4u : slabdata %6lu %6lu "
                    "%6u\n",
                    stats.name, (unsigned long)stats.objects,
                    (unsigned long)(stats.slabs * stats.per_slab), (unsigned long)stats.object_size,
                    (unsigned long)stats.per_slab, (unsigned long)stats.slab_frames, 0u, 0u, 0u,
                    (unsigned long)stats.slabs, (unsigned long)stats.slabs, 0u);
    return 0;
}
