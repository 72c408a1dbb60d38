/*
 * /proc/PID: maps, smaps, smaps_rollup, numa_maps, map_files: a process's regions, and what of them
 * is in memory, in Linux's words.
 *
 * The regions are taken one after another, each under the space's lock for the time of one lookup;
 * pages are counted without a lock. A region that changes meanwhile is told as it was or as it is,
 * or not at all, but no address is told twice.
 */
#include "fs/procfs.h"

#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/signals.h"

#define NAME_COLUMN (25 + 6 * sizeof(void *))

/* Counting takes time in large regions: others run between parts of this many bytes. */
#define PART ((uint64_t)256 << 20)

static const struct vfs_inode *region_inode(const struct quire_region_info *region)
{
    return inode_of_object(region->object);
}

/* What stands behind a region, as maps calls it; NULL: nothing. buffer: VFS_PATH_MAX bytes. */
static const char *region_name(struct memory *memory, const struct quire_region_info *region,
                               char *buffer)
{
    const struct quire_space *space = memory->space;
    char *name;

    if (region->object != NULL) {
        if (region_inode(region) == NULL ||
            inode_text(region->object->owner, buffer, VFS_PATH_MAX, &name) <= 0)
            return NULL;
        return name;
    }
    if (region->start <= space->break_end && region->end >= space->break_start)
        return "[heap]";
    if (region->start <= memory->stack_start && region->end >= memory->stack_start)
        return "[stack]";
    return NULL;
}

static void show_line(struct text *text, struct memory *memory,
                      const struct quire_region_info *region, char *buffer)
{
    const char *name = region_name(memory, region, buffer);
    const struct vfs_inode *inode = region_inode(region);
    uint64_t device = inode != NULL ? inode->filesystem_device : 0;
    size_t line = text->length;

    text_printf(text, "%08zx-%08zx %c%c%c%c %08" PRIx64 " %02x:%02x %" PRIu64 " ", region->start,
                region->end, (region->flags & QUIRE_PROT_READ) ? 'r' : '-',
                (region->flags & QUIRE_PROT_WRITE) ? 'w' : '-',
                (region->flags & QUIRE_PROT_EXECUTE) ? 'x' : '-',
                (region->flags & QUIRE_REGION_SHARED) ? 's' : 'p',
                region->object != NULL ? region->offset : 0, device_major(device),
                device_minor(device), inode != NULL ? inode->number : 0);
    if (name != NULL) {
        text_pad(text, line, NAME_COLUMN);
        text_escaped(text, name, "\n");
    }
    text_add(text, "\n", 1);
}

/* ---- smaps ---- */

/* Sums over one or all regions. */
struct smaps_sums {
    struct quire_usage usage;
    uint64_t locked; /* shares of pages in locked regions */
};

/* -EINTR: the reader is being killed. */
static int add_usage(struct memory *memory, const struct quire_region_info *region,
                     struct smaps_sums *sums)
{
    uint64_t before = sums->usage.proportional;

    for (quire_virt at = region->start; at < region->end;) {
        quire_virt end = region->end - at > PART ? at + PART : region->end;

        quire_space_usage_range(memory->space, at, end, &sums->usage);
        at = end;
        if (at < region->end) {
            give_way();
            if (kill_pending())
                return -EINTR;
        }
    }
    if (region->flags & QUIRE_REGION_LOCKED)
        sums->locked += sums->usage.proportional - before;
    return 0;
}

static unsigned long share_kib(uint64_t share)
{
    return (unsigned long)(share >> (QUIRE_USAGE_FRACTION + 10));
}

static void row(struct text *text, const char *name, unsigned long kib)
{
    text_printf(text, "%s%8lu kB\n", name, kib);
}

static void show_sums(struct text *text, const struct smaps_sums *sums, bool rollup)
{
    const struct quire_usage *usage = &sums->usage;

    row(text, "Rss:            ", KIB(usage->resident));
    row(text, "Pss:            ", share_kib(usage->proportional));
    row(text, "Pss_Dirty:      ", share_kib(usage->proportional_dirty));
    if (rollup) {
        row(text, "Pss_Anon:       ", share_kib(usage->proportional_anonymous));
        row(text, "Pss_File:       ", 0);
        row(text, "Pss_Shmem:      ", share_kib(usage->proportional_object));
    }
    row(text, "Shared_Clean:   ", KIB(usage->shared_clean));
    row(text, "Shared_Dirty:   ", KIB(usage->shared_dirty));
    row(text, "Private_Clean:  ", KIB(usage->private_clean));
    row(text, "Private_Dirty:  ", KIB(usage->private_dirty));
    row(text, "Referenced:     ", KIB(usage->accessed));
    row(text, "Anonymous:      ", KIB(usage->anonymous));
    row(text, "LazyFree:       ", KIB(usage->lazy_free));
    row(text, "AnonHugePages:  ", 0);
    row(text, "ShmemPmdMapped: ", 0);
    row(text, "FilePmdMapped:  ", 0);
    row(text, "Shared_Hugetlb: ", 0);
    text_printf(text, "Private_Hugetlb: %7lu kB\n", 0ul);
    row(text, "Swap:           ", KIB(usage->swapped));
    row(text, "SwapPss:        ", share_kib(usage->swapped_proportional));
    row(text, "Locked:         ", share_kib(sums->locked));
}

/* In the order of Linux's bits. */
static void show_flags(struct text *text, const struct quire_region_info *region)
{
    uint32_t flags = region->flags;
    bool shared = (flags & QUIRE_REGION_SHARED) != 0;
    const struct {
        bool set;
        const char *name;
    } names[] = {
        {flags & QUIRE_PROT_READ, "rd"},
        {flags & QUIRE_PROT_WRITE, "wr"},
        {flags & QUIRE_PROT_EXECUTE, "ex"},
        {shared && (flags & (QUIRE_REGION_MAY_WRITE | QUIRE_REGION_SEALED)), "sh"},
        {flags & QUIRE_REGION_MAY_READ, "mr"},
        {flags & QUIRE_REGION_MAY_WRITE, "mw"},
        {flags & QUIRE_REGION_MAY_EXECUTE, "me"},
        {shared, "ms"},
        {flags & QUIRE_REGION_GROWS_DOWN, "gd"},
        {flags & QUIRE_REGION_LOCKED, "lo"},
        {flags & QUIRE_REGION_SEQUENTIAL, "sr"},
        {flags & QUIRE_REGION_RANDOM, "rr"},
        {flags & QUIRE_REGION_NO_FORK, "dc"},
        {flags & QUIRE_REGION_LOCK_ON_FAULT, "??"}, /* Linux has no name for it either */
        {flags & QUIRE_REGION_ACCOUNTED, "ac"},
        {flags & QUIRE_REGION_NO_RESERVE, "nr"},
        {flags & QUIRE_REGION_WIPE_ON_FORK, "wf"},
        {flags & QUIRE_REGION_NO_DUMP, "dd"},
        {!(flags & QUIRE_REGION_UNWRITTEN), "sd"},
        {flags & QUIRE_REGION_HUGE, "hg"},
        {flags & QUIRE_REGION_NO_HUGE, "nh"},
        {flags & QUIRE_REGION_MERGEABLE, "mg"},
    };

    text_printf(text, "VmFlags: ");
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].set)
            text_printf(text, "%s ", names[i].name);
    text_add(text, "\n", 1);
}

static int show_details(struct text *text, struct memory *memory,
                        const struct quire_region_info *region)
{
    struct smaps_sums sums = {0};
    int error = add_usage(memory, region, &sums);

    row(text, "Size:           ", (unsigned long)((region->end - region->start) >> 10));
    row(text, "KernelPageSize: ", PAGE_SIZE >> 10);
    row(text, "MMUPageSize:    ", PAGE_SIZE >> 10);
    show_sums(text, &sums, false);
    text_printf(text, "THPeligible:    %d\n", 0);
    show_flags(text, region);
    return error;
}

/* ---- one region after another ---- */

typedef int show_region(struct text *text, struct memory *memory,
                        const struct quire_region_info *region, char *buffer);

static int show_regions(struct text *text, const struct proc_target *target, show_region *show)
{
    struct memory *memory = proc_target_memory(target);
    struct quire_region_info region;
    quire_virt at = 0;
    int error = 0;
    char *buffer;

    if (memory == NULL)
        return 0;
    buffer = kernel_alloc(VFS_PATH_MAX);
    if (buffer == NULL)
        error = -ENOMEM;
    while (error == 0 && !text->failed && quire_space_region(memory->space, at, &region)) {
        if (region.start < at)
            region.start = at; /* its beginning is another region's by now, and told */
        error = show(text, memory, &region, buffer);
        if (region.object != NULL)
            quire_object_put(region.object);
        at = region.end;
        give_way();
    }
    kernel_free(buffer);
    memory_put(memory);
    return error;
}

static int maps_region(struct text *text, struct memory *memory,
                       const struct quire_region_info *region, char *buffer)
{
    show_line(text, memory, region, buffer);
    return 0;
}

static int smaps_region(struct text *text, struct memory *memory,
                        const struct quire_region_info *region, char *buffer)
{
    show_line(text, memory, region, buffer);
    return show_details(text, memory, region);
}

static int numa_region(struct text *text, struct memory *memory,
                       const struct quire_region_info *region, char *buffer)
{
    const char *name = region_name(memory, region, buffer);
    struct smaps_sums sums = {0};
    const struct quire_usage *usage = &sums.usage;
    int error = add_usage(memory, region, &sums);

    text_printf(text, "%08zx default", region->start);
    if (region_inode(region) != NULL && name != NULL) {
        text_printf(text, " file=");
        text_escaped(text, name, "\n\t= ");
    } else if (name != NULL && name[0] == '[') {
        text_printf(text, " %s", strcmp(name, "[heap]") == 0 ? "heap" : "stack");
    }
    if (usage->resident > 0) {
        if (usage->anonymous > 0)
            text_printf(text, " anon=%lu", (unsigned long)usage->anonymous);
        if (usage->dirty > 0)
            text_printf(text, " dirty=%lu", (unsigned long)usage->dirty);
        if (usage->resident != usage->anonymous && usage->resident != usage->dirty)
            text_printf(text, " mapped=%lu", (unsigned long)usage->resident);
        if (usage->most_mappings > 1)
            text_printf(text, " mapmax=%lu", (unsigned long)usage->most_mappings);
        text_printf(text, " N0=%lu kernelpagesize_kB=%lu", (unsigned long)usage->resident,
                    (unsigned long)PAGE_SIZE >> 10);
    }
    text_add(text, "\n", 1);
    return error;
}

int proc_show_maps(struct text *text, const struct proc_target *target)
{
    return show_regions(text, target, maps_region);
}

int proc_show_smaps(struct text *text, const struct proc_target *target)
{
    return show_regions(text, target, smaps_region);
}

int proc_show_numa_maps(struct text *text, const struct proc_target *target)
{
    return show_regions(text, target, numa_region);
}

int proc_show_smaps_rollup(struct text *text, const struct proc_target *target)
{
    struct memory *memory = proc_target_memory(target);
    struct quire_region_info region = {0};
    struct smaps_sums sums = {0};
    quire_virt start = 0, end = 0;
    size_t line = text->length;
    int error = 0;

    if (memory == NULL)
        return -ESRCH;
    while (error == 0 && quire_space_region(memory->space, end, &region)) {
        if (end == 0)
            start = region.start;
        if (region.start < end)
            region.start = end;
        error = add_usage(memory, &region, &sums);
        if (region.object != NULL)
            quire_object_put(region.object);
        end = region.end;
        give_way();
    }
    memory_put(memory);
    text_printf(text, "%08zx-%08zx ---p %08x %02x:%02x %u ", start, end, 0u, 0u, 0u, 0u);
    text_pad(text, line, NAME_COLUMN);
    text_printf(text, "[rollup]\n");
    show_sums(text, &sums, true);
    return error;
}

/* ---- map_files: a link for each region of a file ---- */

static bool parse_hex(const char **at, const char *end, quire_virt *out)
{
    const char *start = *at;
    quire_virt value = 0;

    for (; *at < end && value <= UINTPTR_MAX >> 4; (*at)++) {
        char c = **at;

        if (c >= '0' && c <= '9')
            value = value << 4 | (quire_virt)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (quire_virt)(c - 'a' + 10);
        else
            break;
    }
    *out = value;
    return *at > start && (*start != '0' || *at == start + 1);
}

/* The region of a file at exactly this range, with the object's reference; false: none. */
static bool find_file_region(const struct proc_target *target, struct quire_region_info *out)
{
    struct memory *memory = proc_target_memory(target);
    bool found = memory != NULL && quire_space_region(memory->space, target->start, out);

    if (found &&
        (out->start != target->start || out->end != target->end || region_inode(out) == NULL)) {
        if (out->object != NULL)
            quire_object_put(out->object);
        found = false;
    }
    memory_put(memory);
    return found;
}

static long read_map_file(const struct proc_target *target, char *buffer, size_t size)
{
    struct quire_region_info region;
    long length;
    char *name;

    if (!find_file_region(target, &region))
        return -ENOENT;
    length = inode_text(region.object->owner, buffer, size, &name);
    quire_object_put(region.object);
    if (length <= 0)
        return length < 0 ? length : -ENOENT;
    memmove(buffer, name, (size_t)length - 1);
    return length - 1;
}

static const struct proc_file map_file_links[2] = {
    {.name = "r", .mode = S_IFLNK | 0400, .read_link = read_map_file, .access = PROC_LOOK},
    {.name = "w", .mode = S_IFLNK | 0600, .read_link = read_map_file, .access = PROC_LOOK},
};

static const struct proc_file *map_file_of(const struct quire_region_info *region)
{
    bool writing = (region->flags & (QUIRE_REGION_SHARED | QUIRE_REGION_MAY_WRITE)) ==
                   (QUIRE_REGION_SHARED | QUIRE_REGION_MAY_WRITE);

    return &map_file_links[writing];
}

static uint64_t map_file_number(const struct proc_target *here, quire_virt start)
{
    return proc_inode_number(((uint64_t)here->process->number << 40) + (start >> PAGE_SHIFT) +
                             0x4000000);
}

static int map_files_lookup(struct vfs_entry *directory, const char *name, size_t length,
                            struct vfs_entry **out)
{
    const struct proc_target *here = proc_target(directory->inode);
    struct proc_target target = {.process = here->process};
    const char *at = name, *end = name + length;
    struct quire_region_info region;

    if (proc_may_look(here->process) != 0)
        return -EACCES;
    if (!parse_hex(&at, end, &target.start) || at == end || *at++ != '-' ||
        !parse_hex(&at, end, &target.end) || at != end)
        return -ENOENT;
    if (!find_file_region(&target, &region))
        return -ENOENT;
    target.file = map_file_of(&region);
    quire_object_put(region.object);
    return proc_entry(directory, name, length, map_file_number(here, target.start), &target, out);
}

static int map_files_list(struct vfs_inode *inode, struct file *file, struct directory_sink *sink)
{
    const struct proc_target *here = proc_target(inode);
    struct quire_region_info region;
    struct memory *memory;
    bool room = true;

    if (proc_may_look(here->process) != 0)
        return -EACCES;
    memory = process_memory(here->process);
    if (memory == NULL)
        return 0;
    /* Position 2 + page number: names lie at or above it. */
    while (room && file->position - 2 < memory->space->end >> PAGE_SHIFT &&
           quire_space_region(memory->space, (quire_virt)(file->position - 2) << PAGE_SHIFT,
                              &region)) {
        uint64_t next = 2 + (region.end >> PAGE_SHIFT);
        char name[40];

        if (region_inode(&region) != NULL) {
            int length = snprintf(name, sizeof name, "%zx-%zx", region.start, region.end);

            room = sink->name(sink, name, (size_t)length, map_file_number(here, region.start),
                              DT_OF_MODE(S_IFLNK), next);
        }
        if (region.object != NULL)
            quire_object_put(region.object);
        if (room)
            file->position = next;
    }
    memory_put(memory);
    return 0;
}

const struct vfs_inode_operations proc_map_files_operations = {.lookup = map_files_lookup,
                                                               .list = map_files_list,
                                                               .permission = proc_own_permission,
                                                               .refresh = proc_inode_refresh,
                                                               .release = proc_inode_release};
