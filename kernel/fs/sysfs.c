/*
 * /sys: processors, memory and the settings of large pages, as far as programs ask for them. Made
 * of the same tables as /proc; a file holds one value.
 *
 * Pages larger than 4 KiB do not exist for programs: the pool of them is empty and stays so, and
 * transparent ones are never given, whatever is chosen. A choice is kept, so that it reads back.
 */
#include "fs/procfs_block.h"

#include "core/init.h"
#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"
#include "x86/cpu.h"

#define SYSFS_MAGIC 0x62656572

#define SYS_TEXT(file_name, function)                                                              \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | 0444, .show = function, .access = PROC_SETTING        \
    }
#define SYS_LINE(file_name, line)                                                                  \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | 0444, .show = proc_show_line, .access = PROC_SETTING, \
        .data = (line)                                                                             \
    }

/* ---- processors ---- */

static int show_cpu_list(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, cpu_count > 1 ? "0-%u\n" : "0\n", cpu_count - 1);
    return 0;
}

static int show_cpu_mask(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%x\n", (1u << cpu_count) - 1);
    return 0;
}

static int show_own_list(struct text *text, const struct proc_target *target)
{
    text_printf(text, "%d\n", target->descriptor);
    return 0;
}

static int show_own_mask(struct text *text, const struct proc_target *target)
{
    text_printf(text, "%x\n", 1u << target->descriptor);
    return 0;
}

static const struct proc_file topology_files[] = {
    SYS_TEXT("core_cpus", show_own_mask),
    SYS_TEXT("core_cpus_list", show_own_list),
    SYS_TEXT("core_id", show_own_list),
    SYS_TEXT("core_siblings", show_cpu_mask),
    SYS_TEXT("core_siblings_list", show_cpu_list),
    SYS_TEXT("die_cpus", show_cpu_mask),
    SYS_TEXT("die_cpus_list", show_cpu_list),
    SYS_LINE("die_id", "0"),
    SYS_TEXT("package_cpus", show_cpu_mask),
    SYS_TEXT("package_cpus_list", show_cpu_list),
    SYS_LINE("physical_package_id", "0"),
    SYS_TEXT("thread_siblings", show_own_mask),
    SYS_TEXT("thread_siblings_list", show_own_list),
    {.name = NULL},
};

static const struct proc_file cpu_files[] = {
    PROC_DIRECTORY("topology", topology_files),
    {.name = NULL},
};

static const struct proc_file cpu_directory = PROC_DIRECTORY("cpu", cpu_files);

static const struct proc_file all_cpu_files[] = {
    SYS_LINE("isolated", ""),
    SYS_LINE("kernel_max", "8191"),
    SYS_LINE("offline", ""),
    SYS_TEXT("online", show_cpu_list),
    SYS_TEXT("possible", show_cpu_list),
    SYS_TEXT("present", show_cpu_list),
    {.name = NULL},
};

#define CPU_PREFIX      "cpu"
#define CPU_PREFIX_SIZE 3
#define CPU_INODES      0x200000000ull
#define CPU_FIRST       0x10000ull /* positions of the directories, behind those of the files */

static int cpus_lookup(struct vfs_entry *directory, const char *name, size_t length,
                       struct vfs_entry **out)
{
    struct proc_target target = {.file = &cpu_directory};
    int number;

    if (length <= CPU_PREFIX_SIZE || memcmp(name, CPU_PREFIX, CPU_PREFIX_SIZE) != 0)
        return proc_table_operations.lookup(directory, name, length, out);
    number = proc_parse_number(name + CPU_PREFIX_SIZE, length - CPU_PREFIX_SIZE);
    if (number < 0 || (unsigned)number >= cpu_count)
        return -ENOENT;
    target.descriptor = number;
    return proc_entry(directory, name, length, CPU_INODES + (unsigned)number, &target, out);
}

static int cpus_list(struct vfs_inode *inode, struct file *file, struct directory_sink *sink)
{
    if (file->position < CPU_FIRST) {
        proc_table_operations.list(inode, file, sink);
        if (file->position - 2 < ARRAY_SIZE(all_cpu_files) - 1)
            return 0;
        file->position = CPU_FIRST;
    }
    while (file->position - CPU_FIRST < cpu_count) {
        unsigned number = (unsigned)(file->position - CPU_FIRST);
        char name[16];
        int length = snprintf(name, sizeof name, CPU_PREFIX "%u", number);

        if (!sink->name(sink, name, (size_t)length, CPU_INODES + number, DT_OF_MODE(S_IFDIR),
                        file->position + 1))
            break;
        file->position++;
    }
    return 0;
}

static const struct vfs_inode_operations cpus_operations = {.lookup = cpus_lookup,
                                                            .list = cpus_list,
                                                            .refresh = proc_inode_refresh,
                                                            .release = proc_inode_release};

/* ---- memory: one node ---- */

static int show_numastat(struct text *text, const struct proc_target *target)
{
    uint64_t allocations = 0;

    (void)target;
    for (unsigned cpu = 0; cpu < kernel_machine.cpu_count; cpu++)
        allocations += kernel_machine.cpu[cpu].event[QUIRE_EVENT_FRAME_ALLOC];
    text_printf(text,
                "numa_hit %lu\nnuma_miss 0\nnuma_foreign 0\ninterleave_hit 0\nlocal_node %lu\n"
                "other_node 0\n",
                (unsigned long)allocations, (unsigned long)allocations);
    return 0;
}

static const struct proc_file node_files[] = {
    SYS_TEXT("cpulist", show_cpu_list),
    SYS_TEXT("cpumap", show_cpu_mask),
    SYS_LINE("distance", "10"),
    SYS_TEXT("meminfo", proc_show_node_meminfo),
    SYS_TEXT("numastat", show_numastat),
    SYS_TEXT("vmstat", proc_show_vmstat),
    {.name = NULL},
};

static const struct proc_file nodes_files[] = {
    SYS_LINE("has_cpu", "0"),
    SYS_LINE("has_memory", "0"),
    SYS_LINE("has_normal_memory", "0"),
    PROC_DIRECTORY("node0", node_files),
    SYS_LINE("online", "0"),
    SYS_LINE("possible", "0"),
    {.name = NULL},
};

/* ---- choices: one word of several ---- */

struct choice {
    const char *words; /* separated by blanks */
    unsigned *chosen;
};

static bool same_word(const char *word, const char *text, size_t length)
{
    return strlen(text) >= length && memcmp(word, text, length) == 0 &&
           (text[length] == 0 || (text[length] == '\n' && text[length + 1] == 0));
}

/* Calls for each word; the place of the one that is `wanted` or, without, of the end. */
static unsigned find_word(const char *words, const char *wanted)
{
    unsigned n = 0;

    for (const char *at = words; *at != 0; n++) {
        const char *end = strchr(at, ' ');
        size_t length = end != NULL ? (size_t)(end - at) : strlen(at);

        if (same_word(at, wanted, length))
            return n;
        at += length + (end != NULL);
    }
    return UINT32_MAX;
}

static int show_choice(struct text *text, const struct proc_target *target)
{
    const struct choice *choice = target->file->data;
    unsigned n = 0;

    for (const char *at = choice->words; *at != 0; n++) {
        const char *end = strchr(at, ' ');
        size_t length = end != NULL ? (size_t)(end - at) : strlen(at);
        bool chosen = n == *choice->chosen;

        text_printf(text, "%s%s", n > 0 ? " " : "", chosen ? "[" : "");
        text_add(text, at, length);
        text_printf(text, "%s", chosen ? "]" : "");
        at += length + (end != NULL);
    }
    text_add(text, "\n", 1);
    return 0;
}

static int store_choice(char *text, size_t length, const struct proc_target *target)
{
    const struct choice *choice = target->file->data;
    unsigned n = find_word(choice->words, text);

    (void)length;
    if (n == UINT32_MAX)
        return -EINVAL;
    *choice->chosen = n;
    return 0;
}

#define SYS_CHOICE(file_name, all_words, variable)                                                 \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | 0644, .show = show_choice, .store = store_choice,     \
        .access = PROC_SETTING, .data = &(const struct choice)                                     \
        {                                                                                          \
            .words = all_words, .chosen = &(variable)                                              \
        }                                                                                          \
    }

static struct {
    unsigned enabled, defrag, shmem;
    int zero_page, khugepaged_defrag, scan_pages, scan_ms, alloc_ms, none, shared, swap;
} transparent = {.enabled = 2,
                 .defrag = 4,
                 .shmem = 3,
                 .khugepaged_defrag = 1,
                 .scan_pages = 4096,
                 .scan_ms = 10000,
                 .alloc_ms = 60000,
                 .none = 511,
                 .shared = 256,
                 .swap = 64};

static const struct proc_file khugepaged_files[] = {
    PROC_NUMBER("alloc_sleep_millisecs", transparent.alloc_ms, 0, INT32_MAX),
    PROC_NUMBER("defrag", transparent.khugepaged_defrag, 0, 1),
    SYS_LINE("full_scans", "0"),
    PROC_NUMBER("max_ptes_none", transparent.none, 0, 511),
    PROC_NUMBER("max_ptes_shared", transparent.shared, 0, 511),
    PROC_NUMBER("max_ptes_swap", transparent.swap, 0, 511),
    SYS_LINE("pages_collapsed", "0"),
    PROC_NUMBER("pages_to_scan", transparent.scan_pages, 1, INT32_MAX),
    PROC_NUMBER("scan_sleep_millisecs", transparent.scan_ms, 0, INT32_MAX),
    {.name = NULL},
};

static const struct proc_file transparent_files[] = {
    SYS_CHOICE("defrag", "always defer defer+madvise madvise never", transparent.defrag),
    SYS_CHOICE("enabled", "always madvise never", transparent.enabled),
    SYS_LINE("hpage_pmd_size", "2097152"),
    PROC_DIRECTORY("khugepaged", khugepaged_files),
    SYS_CHOICE("shmem_enabled", "always within_size advise never deny force", transparent.shmem),
    PROC_NUMBER("use_zero_page", transparent.zero_page, 0, 1),
    {.name = NULL},
};

/* ---- the empty pool of large pages ---- */

static uint64_t pool_pages, pool_overcommit;

static void empty_pool(int64_t to)
{
    (void)to;
    pool_pages = 0;
}

#define POOL_SIZE(file_name)                                                                       \
    PROC_SETTING_ROW(file_name, 0644, .value = &pool_pages, .bytes = sizeof(uint64_t),             \
                     .maximum = INT64_MAX, .changed = empty_pool)

static const struct proc_file pool_files[] = {
    SYS_LINE("free_hugepages", "0"),
    POOL_SIZE("nr_hugepages"),
    POOL_SIZE("nr_hugepages_mempolicy"),
    PROC_NUMBER("nr_overcommit_hugepages", pool_overcommit, 0, INT64_MAX),
    SYS_LINE("resv_hugepages", "0"),
    SYS_LINE("surplus_hugepages", "0"),
    {.name = NULL},
};

static const struct proc_file pools_files[] = {
    PROC_DIRECTORY("hugepages-2048kB", pool_files),
    {.name = NULL},
};

/* ---- merging of equal pages: never done ---- */

static struct {
    int run, pages_to_scan, sleep_ms;
} merging = {.pages_to_scan = 100, .sleep_ms = 20};

static const struct proc_file merging_files[] = {
    SYS_LINE("full_scans", "0"),
    SYS_LINE("pages_shared", "0"),
    SYS_LINE("pages_sharing", "0"),
    PROC_NUMBER("pages_to_scan", merging.pages_to_scan, 0, INT32_MAX),
    SYS_LINE("pages_unshared", "0"),
    SYS_LINE("pages_volatile", "0"),
    PROC_NUMBER("run", merging.run, 0, 2),
    PROC_NUMBER("sleep_millisecs", merging.sleep_ms, 0, INT32_MAX),
    {.name = NULL},
};

/* ---- the tree ---- */

static const struct proc_file mm_files[] = {
    PROC_DIRECTORY("hugepages", pools_files),
    PROC_DIRECTORY("ksm", merging_files),
    PROC_DIRECTORY("transparent_hugepage", transparent_files),
    {.name = NULL},
};

static const struct proc_file kernel_files[] = {
    PROC_DIRECTORY("mm", mm_files),
    {.name = NULL},
};

static const struct proc_file system_files[] = {
    {.name = "cpu",
     .mode = S_IFDIR | 0555,
     .children = all_cpu_files,
     .operations = &cpus_operations},
    PROC_DIRECTORY("node", nodes_files),
    {.name = NULL},
};

static const struct proc_file devices_files[] = {
    PROC_DIRECTORY("system", system_files),
    {.name = NULL},
};

static const struct proc_file root_files[] = {
    SYS_BLOCKS(NULL),
    PROC_DIRECTORY("class", sys_class_files),
    PROC_DIRECTORY("dev", sys_dev_files),
    PROC_DIRECTORY("devices", devices_files),
    PROC_DIRECTORY("kernel", kernel_files),
    {.name = NULL},
};

static const struct proc_file root = PROC_DIRECTORY("", root_files);

static struct vfs_filesystem *sys; /* the only instance */

static int sys_mount(const char *source, const char *options, struct vfs_filesystem **out)
{
    (void)source, (void)options;
    filesystem_get(sys);
    *out = sys;
    return 0;
}

static struct vfs_filesystem_type sys_type = {
    .name = "sysfs", .no_device = true, .magic = SYSFS_MAGIC, .mount = sys_mount};

static int sys_init(void)
{
    sys = proc_filesystem_create(&sys_type, &root);
    if (sys == NULL)
        return -ENOMEM;
    filesystem_register(&sys_type);
    return 0;
}
INITCALL(INIT_DRIVER, sys_init);
