/*
 * What /sys tells about block devices: /sys/block and /sys/class/block by name, /sys/dev/block by
 * number; and the files of /proc that list them.
 */
#include "fs/procfs_block.h"

#include "block/block.h"
#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"
#include "swap/swap.h"

#define BLOCK_INODES 0x300000000ull

/* The device that a directory is about: its minor number is in the target. */
static const struct block_device *device_of(const struct proc_target *target)
{
    const struct block_device *device = block_next(NULL);

    while (device && device->minor != (uint32_t)target->descriptor)
        device = block_next(device);
    return device;
}

static int show_size(struct text *text, const struct proc_target *target)
{
    text_printf(text, "%" PRIu64 "\n", device_of(target)->sectors);
    return 0;
}

static int show_dev(struct text *text, const struct proc_target *target)
{
    const struct block_device *device = device_of(target);

    text_printf(text, "%u:%u\n", device->major, device->minor);
    return 0;
}

static int show_read_only(struct text *text, const struct proc_target *target)
{
    text_printf(text, "%d\n", device_of(target)->read_only);
    return 0;
}

static int show_serial(struct text *text, const struct proc_target *target)
{
    text_printf(text, "%s", device_of(target)->serial); /* without a newline, as on Linux */
    return 0;
}

static int show_uevent(struct text *text, const struct proc_target *target)
{
    const struct block_device *device = device_of(target);

    text_printf(text, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=disk\n", device->major,
                device->minor, device->name);
    return 0;
}

static int show_block_size(struct text *text, const struct proc_target *target)
{
    text_printf(text, "%u\n", device_of(target)->block_size);
    return 0;
}

static int show_segments(struct text *text, const struct proc_target *target)
{
    text_printf(text, "%u\n", device_of(target)->segment_limit);
    return 0;
}

static int show_segment_size(struct text *text, const struct proc_target *target)
{
    text_printf(text, "%u\n", device_of(target)->segment_size);
    return 0;
}

/* Requests and sectors are counted, times are not. */
static void print_counts(struct text *text, const struct block_device *device, int width)
{
    text_printf(text, "%*" PRIu64 " %*d %*" PRIu64 " %*d ", width, device->requests[0], width, 0,
                width, device->moved[0], width, 0);
    text_printf(text, "%*" PRIu64 " %*d %*" PRIu64 " %*d %*u ", width, device->requests[1], width,
                0, width, device->moved[1], width, 0, width, device->in_flight);
    for (int i = 0; i < 8; i++)
        text_printf(text, "%*d%s", width, 0, i < 7 ? " " : "\n");
}

static int show_stat(struct text *text, const struct proc_target *target)
{
    print_counts(text, device_of(target), 8);
    return 0;
}

#define BLOCK_TEXT(file_name, function)                                                            \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | 0444, .show = function, .access = PROC_SETTING        \
    }
#define BLOCK_LINE(file_name, line)                                                                \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | 0444, .show = proc_show_line, .access = PROC_SETTING, \
        .data = (line)                                                                             \
    }

static const struct proc_file queue_files[] = {
    BLOCK_TEXT("hw_sector_size", show_block_size),
    BLOCK_TEXT("logical_block_size", show_block_size),
    BLOCK_TEXT("max_segment_size", show_segment_size),
    BLOCK_TEXT("max_segments", show_segments),
    BLOCK_TEXT("minimum_io_size", show_block_size),
    BLOCK_LINE("optimal_io_size", "0"),
    BLOCK_TEXT("physical_block_size", show_block_size),
    BLOCK_LINE("rotational", "1"),
    BLOCK_LINE("scheduler", "[none]"),
    {.name = NULL},
};

static const struct proc_file device_files[] = {
    BLOCK_LINE("alignment_offset", "0"),
    BLOCK_TEXT("dev", show_dev),
    PROC_DIRECTORY("queue", queue_files),
    BLOCK_LINE("range", "16"),
    BLOCK_LINE("removable", "0"),
    BLOCK_TEXT("ro", show_read_only),
    BLOCK_TEXT("serial", show_serial),
    BLOCK_TEXT("size", show_size),
    BLOCK_TEXT("stat", show_stat),
    BLOCK_TEXT("uevent", show_uevent),
    {.name = NULL},
};

static const struct proc_file device_directory = PROC_DIRECTORY("device", device_files);

/* ---- the directories of devices ---- */

/* data of a directory whose names are numbers, "254:0". */
static const char by_number[] = "number";

static void directory_name(const struct vfs_inode *directory, const struct block_device *device,
                           char *name, size_t size)
{
    if (proc_target(directory)->file->data == by_number)
        snprintf(name, size, "%u:%u", device->major, device->minor);
    else
        snprintf(name, size, "%s", device->name);
}

static int blocks_lookup(struct vfs_entry *directory, const char *name, size_t length,
                         struct vfs_entry **out)
{
    struct proc_target target = {.file = &device_directory};

    for (const struct block_device *device = block_next(NULL); device;
         device = block_next(device)) {
        char own[32];

        directory_name(directory->inode, device, own, sizeof own);
        if (strlen(own) != length || memcmp(own, name, length) != 0)
            continue;
        target.descriptor = (int)device->minor;
        return proc_entry(directory, name, length, BLOCK_INODES + device->minor, &target, out);
    }
    return -ENOENT;
}

static int blocks_list(struct vfs_inode *inode, struct file *file, struct directory_sink *sink)
{
    uint64_t place = 2;

    for (const struct block_device *device = block_next(NULL); device;
         device = block_next(device), place++) {
        char own[32];

        if (place < file->position)
            continue;
        directory_name(inode, device, own, sizeof own);
        if (!sink->name(sink, own, strlen(own), BLOCK_INODES + device->minor, DT_OF_MODE(S_IFDIR),
                        place + 1))
            break;
        file->position = place + 1;
    }
    return 0;
}

const struct vfs_inode_operations sys_blocks_operations = {.lookup = blocks_lookup,
                                                           .list = blocks_list,
                                                           .refresh = proc_inode_refresh,
                                                           .release = proc_inode_release};

const struct proc_file sys_no_files[] = {{.name = NULL}};

const struct proc_file sys_class_files[] = {SYS_BLOCKS(NULL), {.name = NULL}};
const struct proc_file sys_dev_files[] = {SYS_BLOCKS(by_number), {.name = NULL}};

/* ---- /proc ---- */

int proc_show_partitions(struct text *text, const struct proc_target *target)
{
    const struct block_device *device = block_next(NULL);

    (void)target;
    if (device)
        text_printf(text, "major minor  #blocks  name\n\n");
    for (; device; device = block_next(device))
        text_printf(text, "%4u  %7u %10" PRIu64 " %s\n", device->major, device->minor,
                    device->sectors / 2, device->name);
    return 0;
}

int proc_show_diskstats(struct text *text, const struct proc_target *target)
{
    (void)target;
    for (const struct block_device *device = block_next(NULL); device;
         device = block_next(device)) {
        text_printf(text, "%4u %7u %s ", device->major, device->minor, device->name);
        print_counts(text, device, 1);
    }
    return 0;
}

int proc_show_swaps(struct text *text, const struct proc_target *target)
{
    struct swap_report *row = kernel_alloc(sizeof *row);

    (void)target;
    if (!row)
        return -ENOMEM;
    text_printf(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    for (size_t n = 0; swap_report(n, row); n++) {
        uint64_t size = row->pages * (PAGE_SIZE / 1024), used = row->used * (PAGE_SIZE / 1024);
        int blanks = 40 - (int)strlen(row->name);

        text_printf(text, "%s%*s%s\t%" PRIu64 "\t%s%" PRIu64 "\t%s%d\n", row->name,
                    blanks > 1 ? blanks : 1, " ", "partition", size, size < 10000000 ? "\t" : "",
                    used, used < 10000000 ? "\t" : "", row->priority);
    }
    kernel_free(row);
    return 0;
}
