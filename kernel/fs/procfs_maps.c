/* /proc/PID: maps and smaps. */
#include "fs/procfs.h"

#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"

/* ---- maps ---- */

/* What stands behind a region, as maps calls it; NULL: nothing. buffer: VFS_PATH_MAX bytes. */
static const char *region_name(struct memory *memory, const struct quire_region_info *region,
                               char *buffer)
{
    struct quire_space *space = memory->space;
    char *name;

    if (region->object != NULL) {
        if (region->object->pager != &inode_pager ||
            inode_text(region->object->owner, buffer, VFS_PATH_MAX, &name) <= 0)
            return NULL;
        return name;
    }
    if (region->start < space->break_end && region->end > space->break_start)
        return "[heap]";
    if (region->start <= memory->stack_start && memory->stack_start < region->end)
        return "[stack]";
    return NULL;
}

static void show_region(struct text *text, struct memory *memory,
                        const struct quire_region_info *region, char *buffer)
{
    const char *name = region_name(memory, region, buffer);
    size_t line = text->length;
    uint64_t device = 0, number = 0, offset = 0;

    if (region->object != NULL && region->object->pager == &inode_pager) {
        const struct vfs_inode *inode = region->object->owner;

        device = inode->filesystem_device;
        number = inode->number;
    }
    if (region->object != NULL)
        offset = region->offset;
    text_printf(text, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", (unsigned long)region->start,
                (unsigned long)region->end, (region->flags & QUIRE_PROT_READ) ? 'r' : '-',
                (region->flags & QUIRE_PROT_WRITE) ? 'w' : '-',
                (region->flags & QUIRE_PROT_EXECUTE) ? 'x' : '-',
                (region->flags & QUIRE_REGION_SHARED) ? 's' : 'p', (unsigned long)offset,
                device_major(device), device_minor(device), (unsigned long)number);
    if (name != NULL) {
        text_pad(text, line, 73);
        text_escaped(text, name, "\n");
    }
    text_add(text, "\n", 1);
}

static void show_smaps(struct text *text, struct memory *memory,
                       const struct quire_region_info *region)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } flags[] = {
        {QUIRE_PROT_READ, "rd"},          {QUIRE_PROT_WRITE, "wr"},
        {QUIRE_PROT_EXECUTE, "ex"},       {QUIRE_REGION_SHARED, "sh"},
        {QUIRE_REGION_MAY_READ, "mr"},    {QUIRE_REGION_MAY_WRITE, "mw"},
        {QUIRE_REGION_MAY_EXECUTE, "me"}, {QUIRE_REGION_GROWS_DOWN, "gd"},
        {QUIRE_REGION_LOCKED, "lo"},      {QUIRE_REGION_SEQUENTIAL, "sr"},
        {QUIRE_REGION_RANDOM, "rr"},      {QUIRE_REGION_NO_FORK, "dc"},
        {QUIRE_REGION_NO_RESERVE, "nr"},  {QUIRE_REGION_WIPE_ON_FORK, "wf"},
        {QUIRE_REGION_NO_DUMP, "dd"},     {QUIRE_REGION_HUGE, "hg"},
        {QUIRE_REGION_NO_HUGE, "nh"},     {QUIRE_REGION_MERGEABLE, "mg"},
    };
    struct quire_usage usage = {0};

    quire_space_usage_range(memory->space, region->start, region->end, &usage);
    text_printf(text, "Size:           %8lu kB\n",
                (unsigned long)(region->end - region->start) / 1024);
    text_printf(text, "KernelPageSize: %8lu kB\n", (unsigned long)PAGE_SIZE / 1024);
    text_printf(text, "MMUPageSize:    %8lu kB\n", (unsigned long)PAGE_SIZE / 1024);
    text_printf(text, "Rss:            %8lu kB\n", KIB(usage.resident));
    text_printf(text, "Pss:            %8lu kB\n", (unsigned long)usage.proportional / 1024);
    text_printf(text, "Pss_Dirty:      %8lu kB\n", KIB(usage.private_dirty));
    text_printf(text, "Shared_Clean:   %8lu kB\n", KIB(usage.shared_clean));
    text_printf(text, "Shared_Dirty:   %8lu kB\n", KIB(usage.shared_dirty));
    text_printf(text, "Private_Clean:  %8lu kB\n", KIB(usage.private_clean));
    text_printf(text, "Private_Dirty:  %8lu kB\n", KIB(usage.private_dirty));
    text_printf(text, "Referenced:     %8lu kB\n", KIB(usage.accessed));
    text_printf(text, "Anonymous:      %8lu kB\n", KIB(usage.anonymous));
    text_printf(text, "LazyFree:       %8lu kB\n", 0ul);
    text_printf(text, "AnonHugePages:  %8lu kB\n", 0ul);
    text_printf(text, "ShmemPmdMapped: %8lu kB\n", 0ul);
    text_printf(text, "FilePmdMapped:  %8lu kB\n", 0ul);
    text_printf(text, "Shared_Hugetlb: %8lu kB\n", 0ul);
    text_printf(text, "Private_Hugetlb: %7lu kB\n", 0ul);
    text_printf(text, "Swap:           %8lu kB\n", KIB(usage.swapped));
    text_printf(text, "SwapPss:        %8lu kB\n", KIB(usage.swapped));
    text_printf(text, "Locked:         %8lu kB\n",
                (region->flags & QUIRE_REGION_LOCKED) ? KIB(usage.resident) : 0ul);
    text_printf(text, "THPeligible:    %d\n", 0);
    text_printf(text, "VmFlags: ");
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (region->flags & flags[i].flag)
            text_printf(text, "%s ", flags[i].name);
    text_printf(text, "\n");
}

static int show_regions(struct text *text, const struct proc_target *target, bool detailed)
{
    struct memory *memory = proc_target_memory(target);
    struct quire_region_info region;
    quire_virt at = 0;
    char *buffer;

    if (memory == NULL)
        return 0;
    buffer = kernel_alloc(VFS_PATH_MAX);
    if (buffer == NULL) {
        memory_put(memory);
        return -ENOMEM;
    }
    while (quire_space_region(memory->space, at, &region)) {
        show_region(text, memory, &region, buffer);
        if (detailed)
            show_smaps(text, memory, &region);
        if (region.object != NULL)
            quire_object_put(region.object);
        at = region.end;
        if (text->failed)
            break;
    }
    kernel_free(buffer);
    memory_put(memory);
    return 0;
}

int proc_show_maps(struct text *text, const struct proc_target *target)
{
    return show_regions(text, target, false);
}

int proc_show_smaps(struct text *text, const struct proc_target *target)
{
    return show_regions(text, target, true);
}
