/* /proc itself: processors, time, file systems, and the table of its names. */
#include "fs/procfs.h"
#include "fs/procfs_block.h"
#include "fs/procfs_ipc.h"

#include "block/block.h"
#include "core/boot_info.h"
#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/system.h"
#include "proc/scheduler.h"
#include "proc/tree.h"
#include "x86/cpu.h"
#include "x86/interrupt.h"
#include "x86/paging.h"
#include "x86/time.h"

#define LOAD_ONE 2048 /* scheduler_load's 1.0 */

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
    uint64_t user, system, idle, interrupts = 0, count;
    unsigned long load[3];
    unsigned runnable, threads;

    (void)target;
    scheduler_cpu_ticks(&user, &system, &idle);
    scheduler_load(load, &runnable, &threads);
    user = user * 100 / TIMER_HZ;
    system = system * 100 / TIMER_HZ;
    idle = idle * 100 / TIMER_HZ;
    text_printf(text,
                "cpu  %" PRIu64 " 0 %" PRIu64 " %" PRIu64 " 0 0 0 0 0 0\n"
                "cpu0 %" PRIu64 " 0 %" PRIu64 " %" PRIu64 " 0 0 0 0 0 0\n",
                user, system, idle, user, system, idle);
    for (unsigned line = 0; irq_count(line, &count); line++)
        interrupts += count;
    text_printf(text, "intr %" PRIu64, interrupts);
    for (unsigned line = 0; irq_count(line, &count); line++)
        text_printf(text, " %" PRIu64, count);
    text_printf(text,
                "\nctxt %" PRIu64 "\nbtime %" PRIu64 "\nprocesses %lu\nprocs_running %u\n"
                "procs_blocked 0\nsoftirq 0\n",
                scheduler_switches(),
                (clock_realtime_ns() - clock_monotonic_ns()) / NANOSECONDS_PER_SECOND, pids_made,
                runnable);
    return 0;
}

/* A leaf of CPUID above 0x80000000; zeros where the CPU has none. */
static struct cpuid_result cpuid_extended(uint32_t leaf)
{
    uint32_t last = cpuid(0x80000000, 0).eax;

    return last >= leaf && last >> 16 == 0x8000 ? cpuid(leaf, 0) : (struct cpuid_result){0};
}

/* Bits of physical addresses, and above them of virtual ones, as leaf 0x80000008 says them. */
static uint32_t address_sizes(const struct cpuid_result *one)
{
    uint32_t sizes = cpuid_extended(0x80000008).eax;
    bool wide = (one->edx & (1u << 6 | 1u << 17)) != 0; /* PAE, PSE-36 */

    return sizes != 0 ? sizes : 32u << 8 | (wide ? 36 : 32);
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
    struct cpuid_result one = cpuid(1, 0), extended = cpuid_extended(0x80000001);
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
                    "%sfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\n"
                    "flags\t\t:",
                    sizeof(long) == 4 ? "fdiv_bug\t: no\nf00f_bug\t: no\ncoma_bug\t: no\n" : "",
                    cpuid(0, 0).eax);
        for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
            uint32_t word = flags[i].leaf_extended ? extended.edx
                            : flags[i].in_ecx      ? one.ecx
                                                   : one.edx;

            if ((word >> flags[i].bit) & 1)
                text_printf(text, " %s", flags[i].name);
        }
        text_printf(text,
                    "%s%s%s%s\nbugs\t\t:\nbogomips\t: %lu.%02lu\nclflush size\t: 64\n"
                    "cache_alignment\t: 64\naddress sizes\t: %u bits physical, %u bits "
                    "virtual\npower management:\n\n",
                    cpu_features.smep ? " smep" : "", cpu_features.smap ? " smap" : "",
                    cpu_features.umip ? " umip" : "", paging_levels() == 5 ? " la57" : "",
                    khz / 500, khz / 5 % 100, address_sizes(&one) & 255,
                    address_sizes(&one) >> 8 & 255);
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
    text_printf(text,
                "Character devices:\n  1 mem\n  4 tty\n  4 ttyS\n  5 /dev/tty\n  5 /dev/console\n"
                "\nBlock devices:\n%s",
                block_next(NULL) ? "254 virtblk\n" : "");
    return 0;
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

static int show_empty(struct text *text, const struct proc_target *target)
{
    (void)text, (void)target;
    return 0;
}

const struct proc_file proc_system_files[] = {
    PROC_TEXT("buddyinfo", 0444, proc_show_buddyinfo),
    PROC_TEXT("cmdline", 0444, show_cmdline),
    PROC_TEXT("cpuinfo", 0444, show_cpuinfo),
    PROC_TEXT("devices", 0444, show_devices),
    PROC_TEXT("diskstats", 0444, proc_show_diskstats),
    PROC_TEXT("filesystems", 0444, show_filesystems),
    PROC_TEXT("iomem", 0444, proc_show_iomem),
    PROC_BYTES("kpagecgroup", 0400, proc_frame_group_operations),
    PROC_BYTES("kpagecount", 0400, proc_frame_count_operations),
    PROC_BYTES("kpageflags", 0400, proc_frame_flags_operations),
    PROC_TEXT("loadavg", 0444, show_loadavg),
    PROC_TEXT("meminfo", 0444, proc_show_meminfo),
    PROC_TEXT("modules", 0444, show_empty),
    PROC_LINK("mounts", read_mounts),
    PROC_TEXT("pagetypeinfo", 0400, proc_show_pagetypeinfo),
    PROC_TEXT("partitions", 0444, proc_show_partitions),
    PROC_DIRECTORY("pressure", proc_pressure_files),
    {.name = "quire", .mode = S_IFDIR | 0500, .children = proc_quire_files},
    PROC_LINK("self", read_self),
    PROC_TEXT("slabinfo", 0400, proc_show_slabinfo),
    PROC_TEXT("stat", 0444, show_stat),
    PROC_TEXT("swaps", 0444, proc_show_swaps),
    PROC_DIRECTORY("sys", proc_setting_files),
    PROC_DIRECTORY("sysvipc", proc_sysvipc_files),
    PROC_LINK("thread-self", read_thread_self),
    PROC_TEXT("uptime", 0444, show_uptime),
    PROC_TEXT("version", 0444, show_version),
    PROC_TEXT("vmallocinfo", 0400, proc_show_vmallocinfo),
    PROC_TEXT("vmstat", 0444, proc_show_vmstat),
    PROC_TEXT("zoneinfo", 0444, proc_show_zoneinfo),
    {.name = NULL},
};
