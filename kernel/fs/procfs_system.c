/* /proc itself: the machine's memory, processors, time, file systems, and the settings below
 * /proc/sys. */
#include "fs/procfs.h"

#include "core/boot_info.h"
#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/system.h"
#include "proc/scheduler.h"
#include "proc/tree.h"
#include "x86/cpu.h"
#include "x86/time.h"

#define KIB(frames) ((unsigned long)(frames) << (PAGE_SHIFT - 10))
#define LOAD_ONE    2048 /* scheduler_load's 1.0 */

/* ---- memory ---- */

static uint64_t committed_pages(void)
{
    uint64_t pages = 0;

    for (int pid = 1;;) {
        struct process *process = process_next(pid);
        struct memory *memory;

        if (process == NULL)
            return pages;
        pid = process->number + 1;
        memory = process_memory(process);
        if (memory != NULL) {
            pages += memory->space->pages.data + memory->space->pages.stack;
            memory_put(memory);
        }
        process_put(process);
    }
}

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
        {"CommitLimit:    ", KIB(frames->total / 2)},
        {"Committed_AS:   ", KIB(committed_pages())},
        {"VmallocTotal:   ", (KERNEL_AREA_END - KERNEL_AREA) >> 10},
        {"VmallocUsed:    ", KIB(kernel_machine.area.mapped)},
        {"VmallocChunk:   ", 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        text_printf(text, "%s%8lu kB\n", rows[i].name, rows[i].kib);
}

static int show_meminfo(struct text *text, const struct proc_target *target)
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

static int show_vmstat(struct text *text, const struct proc_target *target)
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

static int show_buddyinfo(struct text *text, const struct proc_target *target)
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

static int show_slabinfo(struct text *text, const struct proc_target *target)
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

/* ---- time and processors ---- */

static uint64_t idle_ticks(void)
{
    uint64_t user, system, idle;

    scheduler_cpu_ticks(&user, &system, &idle);
    return idle;
}

static int show_uptime(struct text *text, const struct proc_target *target)
{
    uint64_t up = clock_monotonic_ns() / 10000000;
    uint64_t idle = idle_ticks() * 100 / TIMER_HZ;

    (void)target;
    text_printf(text, "%lu.%02lu %lu.%02lu\n", (unsigned long)(up / 100), (unsigned long)(up % 100),
                (unsigned long)(idle / 100), (unsigned long)(idle % 100));
    return 0;
}

static int show_loadavg(struct text *text, const struct proc_target *target)
{
    unsigned long load[3];
    unsigned runnable, threads;
    int last = 0;

    (void)target;
    scheduler_load(load, &runnable, &threads);
    for (unsigned i = 0; i < 3; i++) {
        unsigned long rounded = load[i] + LOAD_ONE / 200;

        text_printf(text, "%lu.%02lu ", rounded / LOAD_ONE, rounded % LOAD_ONE * 100 / LOAD_ONE);
    }
    for (struct process *process = process_next(1); process != NULL;
         process = process_next(last + 1)) {
        last = process->number;
        process_put(process);
    }
    text_printf(text, "%u/%u %d\n", runnable, threads, last);
    return 0;
}

static int show_stat(struct text *text, const struct proc_target *target)
{
    uint64_t user, system, idle;
    unsigned long load[3];
    unsigned runnable, threads;

    (void)target;
    scheduler_cpu_ticks(&user, &system, &idle);
    scheduler_load(load, &runnable, &threads);
    user = user * 100 / TIMER_HZ;
    system = system * 100 / TIMER_HZ;
    idle = idle * 100 / TIMER_HZ;
    text_printf(text, "cpu  %lu 0 %lu %lu 0 0 0 0 0 0\ncpu0 %lu 0 %lu %lu 0 0 0 0 0 0\n",
                (unsigned long)user, (unsigned long)system, (unsigned long)idle,
                (unsigned long)user, (unsigned long)system, (unsigned long)idle);
    text_printf(
        text,
        "intr 0\nctxt %lu\nbtime %lu\nprocesses %lu\nprocs_running %u\n"
        "procs_blocked 0\nsoftirq 0\n",
        (unsigned long)scheduler_switches(),
        (unsigned long)((clock_realtime_ns() - clock_monotonic_ns()) / NANOSECONDS_PER_SECOND),
        (unsigned long)threads, runnable);
    return 0;
}

static int show_cpuinfo(struct text *text, const struct proc_target *target)
{
    static const struct {
        uint8_t leaf_extended, in_ecx, bit;
        const char *name;
    } flags[] = {
        {0, 0, 0, "fpu"},      {0, 0, 1, "vme"},      {0, 0, 2, "de"},          {0, 0, 3, "pse"},
        {0, 0, 4, "tsc"},      {0, 0, 5, "msr"},      {0, 0, 6, "pae"},         {0, 0, 7, "mce"},
        {0, 0, 8, "cx8"},      {0, 0, 9, "apic"},     {0, 0, 11, "sep"},        {0, 0, 12, "mtrr"},
        {0, 0, 13, "pge"},     {0, 0, 14, "mca"},     {0, 0, 15, "cmov"},       {0, 0, 16, "pat"},
        {0, 0, 17, "pse36"},   {0, 0, 19, "clflush"}, {0, 0, 23, "mmx"},        {0, 0, 24, "fxsr"},
        {0, 0, 25, "sse"},     {0, 0, 26, "sse2"},    {1, 0, 11, "syscall"},    {1, 0, 20, "nx"},
        {1, 0, 26, "pdpe1gb"}, {1, 0, 29, "lm"},      {0, 1, 0, "pni"},         {0, 1, 9, "ssse3"},
        {0, 1, 13, "cx16"},    {0, 1, 19, "sse4_1"},  {0, 1, 20, "sse4_2"},     {0, 1, 22, "movbe"},
        {0, 1, 23, "popcnt"},  {0, 1, 30, "rdrand"},  {0, 1, 31, "hypervisor"},
    };
    struct cpuid_result one = cpuid(1, 0), extended = cpuid(0x80000001, 0);
    unsigned family = (one.eax >> 8) & 15, model = (one.eax >> 4) & 15;
    unsigned long khz = (unsigned long)(clock_tsc_hz() / 1000);

    (void)target;
    if (family == 15)
        family += (one.eax >> 20) & 255;
    if (family >= 6)
        model |= (one.eax >> 12) & 0xf0;
    for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
        text_printf(text, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n",
                    cpu, cpu_features.vendor, family, model);
        text_printf(text, "model name\t: %s\nstepping\t: %u\ncpu MHz\t\t: %lu.%03lu\n",
                    cpu_features.brand, one.eax & 15, khz / 1000, khz % 1000);
        text_printf(text, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n",
                    cpu_count, cpu, cpu_count);
        text_printf(text,
                    "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\n"
                    "flags\t\t:",
                    cpuid(0, 0).eax);
        for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
            uint32_t word = flags[i].leaf_extended ? extended.edx
                            : flags[i].in_ecx      ? one.ecx
                                                   : one.edx;

            if ((word >> flags[i].bit) & 1)
                text_printf(text, " %s", flags[i].name);
        }
        text_printf(text,
                    "%s%s%s\nbugs\t\t:\nbogomips\t: %lu.%02lu\nclflush size\t: 64\n"
                    "cache_alignment\t: 64\naddress sizes\t: %u bits physical, %u bits "
                    "virtual\npower management:\n\n",
                    cpu_features.smep ? " smep" : "", cpu_features.smap ? " smap" : "",
                    cpu_features.umip ? " umip" : "", khz / 500, khz / 5 % 100,
                    cpuid(0x80000008, 0).eax & 255, (cpuid(0x80000008, 0).eax >> 8) & 255);
    }
    return 0;
}

/* ---- the system ---- */

static int show_version(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%s version %s (" QUIRE_VERSION_TEXT ") %s\n", system_names.system,
                system_names.release, system_names.version);
    return 0;
}

static int show_cmdline(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%s\n", boot_info.command_line);
    return 0;
}

static int show_filesystems(struct text *text, const struct proc_target *target)
{
    (void)target;
    for (const struct vfs_filesystem_type *type = filesystem_type_find(NULL); type != NULL;
         type = type->next)
        text_printf(text, "%s\t%s\n", type->no_device ? "nodev" : "", type->name);
    return 0;
}

static int show_devices(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "Character devices:\n  1 mem\n  4 ttyS\n  5 /dev/tty\n  5 /dev/console\n"
                      "\nBlock devices:\n");
    return 0;
}

static int show_partitions(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "major minor  #blocks  name\n\n");
    return 0;
}

static int show_swaps(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return 0;
}

/* ---- mounts ---- */

static const char *mount_options(uint32_t flags, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s%s%s%s%s", (flags & MS_RDONLY) ? "ro" : "rw",
             (flags & MS_NOSUID) ? ",nosuid" : "", (flags & MS_NODEV) ? ",nodev" : "",
             (flags & MS_NOEXEC) ? ",noexec" : "", (flags & MS_NOATIME) ? ",noatime" : "",
             (flags & MS_NODIRATIME) ? ",nodiratime" : "",
             (flags & MS_RELATIME) ? ",relatime" : "");
    return out;
}

/* The n-th mount, with a reference; NULL: there are fewer. */
static struct vfs_mount *mount_at(size_t n)
{
    struct vfs_mount *found = NULL;

    quire_spin_lock(&tree_lock);
    list_for_each(node, &mount_list)
    {
        if (n-- == 0) {
            found = container_of(node, struct vfs_mount, node);
            mount_get(found);
            break;
        }
    }
    quire_spin_unlock(&tree_lock);
    return found;
}

static int show_mount_list(struct text *text, bool info)
{
    static const char special[] = " \t\n\\";
    char *buffer = kernel_alloc(VFS_PATH_MAX), options[80];
    struct vfs_mount *mount;

    if (buffer == NULL)
        return -ENOMEM;
    for (size_t n = 0; (mount = mount_at(n)) != NULL && !text->failed; n++) {
        struct vfs_path root = {.mount = mount, .entry = mount->root};
        const struct vfs_filesystem *filesystem = mount->filesystem;
        char *where;

        if (path_text(&root, NULL, buffer, VFS_PATH_MAX, false, &where) > 0) {
            mount_options(mount->flags, options, sizeof options);
            if (info) {
                text_printf(text, "%u %u %u:%u / ", mount->number,
                            mount->on.mount != NULL ? mount->on.mount->number : 1,
                            device_major(filesystem->device), device_minor(filesystem->device));
                text_escaped(text, where, special);
                text_printf(text, " %s - %s %s %s\n", options, filesystem->type->name,
                            mount->source, (mount->flags & MS_RDONLY) ? "ro" : "rw");
            } else {
                text_escaped(text, mount->source, special);
                text_add(text, " ", 1);
                text_escaped(text, where, special);
                text_printf(text, " %s %s%s 0 0\n", filesystem->type->name, options,
                            filesystem->options);
            }
        }
        mount_put(mount);
    }
    kernel_free(buffer);
    return 0;
}

int proc_show_mounts(struct text *text, const struct proc_target *target)
{
    (void)target;
    return show_mount_list(text, false);
}

int proc_show_mountinfo(struct text *text, const struct proc_target *target)
{
    (void)target;
    return show_mount_list(text, true);
}

/* ---- links to the one who asks ---- */

static long read_self(const struct proc_target *target, char *buffer, size_t size)
{
    (void)target;
    return snprintf(buffer, size, "%d", current_process()->number);
}

static long read_thread_self(const struct proc_target *target, char *buffer, size_t size)
{
    (void)target;
    return snprintf(buffer, size, "%d/task/%d", current_process()->number, current_thread()->tid);
}

static long read_mounts(const struct proc_target *target, char *buffer, size_t size)
{
    (void)target;
    return snprintf(buffer, size, "self/mounts");
}

/* ---- /proc/sys ---- */

static int show_ostype(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%s\n", system_names.system);
    return 0;
}

static int show_osrelease(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%s\n", system_names.release);
    return 0;
}

static int show_osversion(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%s\n", system_names.version);
    return 0;
}

static int show_hostname(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%s\n", system_names.node);
    return 0;
}

static int show_domainname(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%s\n", system_names.domain);
    return 0;
}

static int store_name(char *to, size_t size, char *text, size_t length)
{
    if (length > 0 && text[length - 1] == '\n')
        text[length - 1] = 0;
    strlcpy(to, text, size);
    return 0;
}

static int store_hostname(char *text, size_t length, const struct proc_target *target)
{
    (void)target;
    return store_name(system_names.node, sizeof system_names.node, text, length);
}

static int store_domainname(char *text, size_t length, const struct proc_target *target)
{
    (void)target;
    return store_name(system_names.domain, sizeof system_names.domain, text, length);
}

static int show_pid_max(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%d\n", pid_max);
    return 0;
}

static int show_threads_max(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%d\n", pid_max);
    return 0;
}

static int show_random_size(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "256\n");
    return 0;
}

/* Nothing is refused beforehand here: memory is promised freely. */
static int show_overcommit(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "1\n");
    return 0;
}

static int show_map_count(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "2147483647\n");
    return 0;
}

static int show_mmap_min(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "%u\n", (unsigned)PAGE_SIZE);
    return 0;
}

static int show_pipe_max(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "1048576\n");
    return 0;
}

static int show_nr_open(struct text *text, const struct proc_target *target)
{
    (void)target;
    text_printf(text, "1048576\n");
    return 0;
}

#define PROC_REGULAR(file_name, permissions, function)                                             \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | (permissions), .show = function                       \
    }
#define PROC_DIRECTORY(file_name, table)                                                           \
    {                                                                                              \
        .name = file_name, .mode = S_IFDIR | 0555, .children = table                               \
    }
#define PROC_LINK(file_name, function)                                                             \
    {                                                                                              \
        .name = file_name, .mode = S_IFLNK | 0777, .read_link = function                           \
    }

static const struct proc_file random_files[] = {
    PROC_REGULAR("entropy_avail", 0444, show_random_size),
    PROC_REGULAR("poolsize", 0444, show_random_size),
    {.name = NULL},
};

static const struct proc_file kernel_files[] = {
    {.name = "hostname", .mode = S_IFREG | 0644, .show = show_hostname, .store = store_hostname},
    {.name = "domainname",
     .mode = S_IFREG | 0644,
     .show = show_domainname,
     .store = store_domainname},
    PROC_REGULAR("ostype", 0444, show_ostype),
    PROC_REGULAR("osrelease", 0444, show_osrelease),
    PROC_REGULAR("version", 0444, show_osversion),
    PROC_REGULAR("pid_max", 0444, show_pid_max),
    PROC_REGULAR("threads-max", 0444, show_threads_max),
    PROC_DIRECTORY("random", random_files),
    {.name = NULL},
};

static const struct proc_file vm_files[] = {
    PROC_REGULAR("overcommit_memory", 0444, show_overcommit),
    PROC_REGULAR("max_map_count", 0444, show_map_count),
    PROC_REGULAR("mmap_min_addr", 0444, show_mmap_min),
    {.name = NULL},
};

static const struct proc_file fs_files[] = {
    PROC_REGULAR("pipe-max-size", 0444, show_pipe_max),
    PROC_REGULAR("nr_open", 0444, show_nr_open),
    {.name = NULL},
};

static const struct proc_file sys_files[] = {
    PROC_DIRECTORY("fs", fs_files),
    PROC_DIRECTORY("kernel", kernel_files),
    PROC_DIRECTORY("vm", vm_files),
    {.name = NULL},
};

const struct proc_file proc_system_files[] = {
    PROC_REGULAR("buddyinfo", 0444, show_buddyinfo),
    PROC_REGULAR("cmdline", 0444, show_cmdline),
    PROC_REGULAR("cpuinfo", 0444, show_cpuinfo),
    PROC_REGULAR("devices", 0444, show_devices),
    PROC_REGULAR("filesystems", 0444, show_filesystems),
    PROC_REGULAR("loadavg", 0444, show_loadavg),
    PROC_REGULAR("meminfo", 0444, show_meminfo),
    PROC_LINK("mounts", read_mounts),
    PROC_REGULAR("partitions", 0444, show_partitions),
    PROC_LINK("self", read_self),
    PROC_REGULAR("slabinfo", 0400, show_slabinfo),
    PROC_REGULAR("stat", 0444, show_stat),
    PROC_REGULAR("swaps", 0444, show_swaps),
    PROC_DIRECTORY("sys", sys_files),
    PROC_LINK("thread-self", read_thread_self),
    PROC_REGULAR("uptime", 0444, show_uptime),
    PROC_REGULAR("version", 0444, show_version),
    PROC_REGULAR("vmstat", 0444, show_vmstat),
    {.name = NULL},
};
