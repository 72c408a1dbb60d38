/* System calls about the machine, limits, resources and scheduling. */
#include "core/boot_info.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/shutdown.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/resource.h"
#include "linux/settings.h"
#include "linux/syscalls.h"
#include "linux/system.h"
#include "linux/time.h"
#include "linux/usage.h"
#include "proc/scheduler.h"
#include "proc/signals.h"
#include "proc/timers.h"
#include "proc/tree.h"
#include "swap/swap.h"
#include "x86/time.h"
#include "x86/usercopy.h"

#include <quire/frame.h>

/* ---- names ---- */

struct system_names system_names = {
    .system = "Linux",
    .node = "quire",
    .release = "6.1.0-quire",
    .version = "#1 " QUIRE_VERSION_TEXT,
    .machine = MACHINE_NAME,
    .domain = "(none)",
};

long sys_uname(word out)
{
    return copy_to_user((void *)out, &system_names, sizeof system_names) != 0 ? -EFAULT : 0;
}

static long set_system_name(char *name, word text, word length)
{
    char copy[sizeof system_names.node] = {0};

    if (current_process()->credentials.euid != 0)
        return -EPERM;
    if (length >= sizeof copy)
        return -EINVAL;
    if (copy_from_user(copy, (void *)text, length) != 0)
        return -EFAULT;
    memcpy(name, copy, sizeof copy);
    return 0;
}

long sys_sethostname(word name, word length)
{
    return set_system_name(system_names.node, name, length);
}

long sys_setdomainname(word name, word length)
{
    return set_system_name(system_names.domain, name, length);
}

/* ---- the machine ---- */

struct sysinfo_abi {
    long uptime;
    word loads[3];
    word total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
    uint16_t processes, pad;
    word total_high, free_high;
    uint32_t unit;
    uint8_t rest[16 - 2 * sizeof(word)];
};
_Static_assert(sizeof(struct sysinfo_abi) == (sizeof(word) == 8 ? 112 : 64), "sysinfo is ABI");

long sys_sysinfo(word out)
{
    struct quire_frame_stats frames;
    const struct quire_zone *high = &kernel_machine.frame.zone[QUIRE_ZONE_HIGH];
    struct sysinfo_abi info;
    uint64_t swap_total, swap_free;
    unsigned long load[3];
    unsigned runnable, threads;

    quire_frame_stats(&kernel_machine, &frames);
    scheduler_load(load, &runnable, &threads);
    memset(&info, 0, sizeof info);
    swap_totals_quick(&swap_total, &swap_free);
    /* In bytes where a word can count them, otherwise in pages. */
    info.unit = frames.total + swap_total <= ~(word)0 / PAGE_SIZE ? 1 : PAGE_SIZE;
    info.uptime = (long)(clock_monotonic_ns() / NANOSECONDS_PER_SECOND);
    for (int i = 0; i < 3; i++)
        info.loads[i] = load[i] << 5; /* 11 to 16 bits of fraction */
    info.total_ram = (word)(frames.total * PAGE_SIZE / info.unit);
    info.free_ram = (word)(frames.free * PAGE_SIZE / info.unit);
    info.total_high = (word)(high->present * PAGE_SIZE / info.unit);
    info.free_high = (word)(__atomic_load_n(&high->free, __ATOMIC_RELAXED) * PAGE_SIZE / info.unit);
    info.total_swap = (word)(swap_total * PAGE_SIZE / info.unit);
    info.free_swap = (word)(swap_free * PAGE_SIZE / info.unit);
    info.processes = (uint16_t)threads;
    return copy_to_user((void *)out, &info, sizeof info) != 0 ? -EFAULT : 0;
}

#define GRND_NONBLOCK 1
#define GRND_RANDOM   2
#define GRND_INSECURE 4

long sys_getrandom(word buffer, word size, word flags)
{
    uint8_t bytes[256];
    word done = 0;

    if ((flags & ~(word)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
        (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    if (size > INT32_MAX)
        size = INT32_MAX;
    while (done < size && !(done && signal_pending())) {
        size_t n = size - done < sizeof bytes ? size - done : sizeof bytes, left;

        random_bytes(bytes, n);
        left = copy_to_user((void *)(buffer + done), bytes, n);
        done += n - left;
        if (left != 0)
            return done ? (long)done : -EFAULT;
        give_way();
    }
    return (long)done;
}

#define REBOOT_MAGIC     0xfee1deadu
#define REBOOT_RESTART   0x01234567u
#define REBOOT_HALT      0xcdef0123u
#define REBOOT_CAD_ON    0x89abcdefu
#define REBOOT_CAD_OFF   0x00000000u
#define REBOOT_POWER_OFF 0x4321fedcu
#define REBOOT_RESTART2  0xa1b2c3d4u

long sys_reboot(word magic, word magic2, word command, word argument)
{
    (void)argument;
    if (current_process()->credentials.euid != 0)
        return -EPERM;
    if ((uint32_t)magic != REBOOT_MAGIC ||
        ((uint32_t)magic2 != 672274793 && (uint32_t)magic2 != 85072278 &&
         (uint32_t)magic2 != 369367448 && (uint32_t)magic2 != 537993216))
        return -EINVAL;
    switch ((uint32_t)command) {
    case REBOOT_RESTART:
    case REBOOT_RESTART2:
        shutdown_request(SHUTDOWN_REBOOT);
        return 0;
    case REBOOT_HALT:
        shutdown_request(SHUTDOWN_HALT);
        return 0;
    case REBOOT_POWER_OFF:
        shutdown_request(SHUTDOWN_POWER_OFF);
        return 0;
    case REBOOT_CAD_ON:
    case REBOOT_CAD_OFF:
        return 0;
    default:
        return -EINVAL;
    }
}

/* ---- limits ---- */

#define WORD_MAX (~(word)0)

/* The space keeps its own copy of those that concern it. */
static void apply_limit(struct process *process, unsigned resource)
{
    struct memory *memory = process_memory(process);
    uint64_t soft = process->limits[resource].soft;

    if (memory) {
        struct quire_space_limits *limits = &memory->space->limits;

        if (resource == RLIMIT_AS)
            limits->total = soft;
        else if (resource == RLIMIT_DATA)
            limits->data = data_limit(&process->limits[resource]);
        else if (resource == RLIMIT_STACK)
            limits->stack = soft;
        memory_put(memory);
    }
    if (resource == RLIMIT_MEMLOCK)
        process_apply_locked_limit(process);
    if (resource == RLIMIT_CPU)
        cpu_timers_update(process);
}

static int set_limit(struct process *process, unsigned resource, const struct resource_limit *limit)
{
    struct resource_limit *mine = &process->limits[resource];
    bool privileged = current_process()->credentials.euid == 0;
    int error = 0;
    uint64_t flags;

    if (limit->soft > limit->hard)
        return -EINVAL;
    if (resource == RLIMIT_NOFILE && limit->hard > (uint64_t)nr_open_max)
        return -EPERM;
    flags = spin_lock_interrupts(&process->lock);
    if (limit->hard > mine->hard && !privileged)
        error = -EPERM;
    else
        *mine = *limit;
    spin_unlock_interrupts(&process->lock, flags);
    if (!error)
        apply_limit(process, resource);
    return error;
}

/* Limits in user memory: two words, or, for prlimit64, two numbers of 64 bits. */
struct limit_words {
    word soft, hard;
};

/* The highest number of a word is no limit. */
static uint64_t limit_wide(uint64_t limit)
{
    return limit >= WORD_MAX ? UINT64_MAX : limit;
}

static word limit_word(uint64_t limit)
{
    return limit >= WORD_MAX ? WORD_MAX : (word)limit;
}

static int read_limit(word user, bool words, struct resource_limit *out)
{
    struct limit_words in;

    if (words) {
        if (copy_from_user(&in, (void *)user, sizeof in) != 0)
            return -EFAULT;
        *out = (struct resource_limit){in.soft, in.hard};
    } else if (copy_from_user(out, (void *)user, sizeof *out) != 0) {
        return -EFAULT;
    }
    out->soft = limit_wide(out->soft);
    out->hard = limit_wide(out->hard);
    return 0;
}

static int write_limit(word user, bool words, const struct resource_limit *limit)
{
    struct limit_words out = {limit_word(limit->soft), limit_word(limit->hard)};

    if (words)
        return copy_to_user((void *)user, &out, sizeof out) != 0 ? -EFAULT : 0;
    return copy_to_user((void *)user, limit, sizeof *limit) != 0 ? -EFAULT : 0;
}

static long limit_call(struct process *process, word resource, word in, word out, bool words)
{
    struct resource_limit wanted, old;
    uint64_t flags;
    int error = 0;

    if (resource >= RESOURCE_COUNT)
        return -EINVAL;
    if (in && read_limit(in, words, &wanted) != 0)
        return -EFAULT;
    flags = spin_lock_interrupts(&process->lock);
    old = process->limits[resource];
    spin_unlock_interrupts(&process->lock, flags);
    if (in)
        error = set_limit(process, (unsigned)resource, &wanted);
    if (!error && out)
        error = write_limit(out, words, &old);
    return error;
}

long sys_getrlimit(word resource, word out)
{
    if (!out)
        return resource >= RESOURCE_COUNT ? -EINVAL : -EFAULT;
    return limit_call(current_process(), resource, 0, out, true);
}

long sys_setrlimit(word resource, word in)
{
    return in ? limit_call(current_process(), resource, in, 0, true) : -EFAULT;
}

long sys_prlimit64(word pid, word resource, word in, word out)
{
    const struct credentials *ids = &current_process()->credentials;
    struct process *process;
    long error;

    if (pid == 0 || (int)pid == current_process()->number)
        return limit_call(current_process(), resource, in, out, false);
    process = process_find((int)pid);
    if (!process)
        return -ESRCH;
    if (ids->euid != 0 && ids->uid != process->credentials.uid)
        error = -EPERM;
    else
        error = limit_call(process, resource, in, out, false);
    process_put(process);
    return error;
}

/* ---- resource usage ---- */

void usage_fill(struct rusage_abi *out, const struct usage_times *times, uint64_t resident_peak)
{
    struct timeval_abi user = timeval_from_ns(times->user);
    struct timeval_abi system = timeval_from_ns(times->system);

    *out = (struct rusage_abi){
        .user_seconds = user.seconds,
        .user_microseconds = user.microseconds,
        .system_seconds = system.seconds,
        .system_microseconds = system.microseconds,
        .maximum_resident = (long)(resident_peak / 1024),
        .minor_faults = (long)times->minor_faults,
        .major_faults = (long)times->major_faults,
        .voluntary_switches = (long)times->voluntary_switches,
        .involuntary_switches = (long)times->involuntary_switches,
    };
}

uint64_t memory_resident_peak(struct memory *memory)
{
    memory->resident_peak = quire_space_resident_peak(memory->space);
    return memory->resident_peak * PAGE_SIZE;
}

long sys_getrusage(word who, word out)
{
    struct process *process = current_process();
    struct usage_times times;
    struct rusage_abi usage;
    uint64_t peak;

    switch ((int)who) {
    case RUSAGE_SELF:
        process_times(process, &times);
        peak = memory_resident_peak(current_thread()->memory);
        break;
    case RUSAGE_THREAD:
        times = current_thread()->times;
        peak = memory_resident_peak(current_thread()->memory);
        break;
    case RUSAGE_CHILDREN:
        times = process->children_times;
        peak = process->children_peak;
        break;
    default:
        return -EINVAL;
    }
    usage_fill(&usage, &times, peak);
    return copy_to_user((void *)out, &usage, sizeof usage) != 0 ? -EFAULT : 0;
}

/* ---- scheduling ---- */

#define SCHED_RESET_ON_FORK 0x40000000

/* With a reference; 0 is the running thread. */
static struct thread *thread_of(word tid)
{
    if ((int)tid != 0)
        return thread_find((int)tid);
    thread_get(current_thread());
    return current_thread();
}

long sys_sched_yield(void)
{
    current_thread()->slice = 0; /* behind everyone who waits */
    current_thread()->demanding = true;
    schedule();
    return 0;
}

long sys_sched_getaffinity(word tid, word size, word mask)
{
    struct thread *thread = thread_of(tid);
    word cpus = (cpu_count >= 8 * sizeof cpus ? 0 : (word)1 << cpu_count) - 1;

    if (!thread)
        return -ESRCH;
    thread_put(thread);
    if (size < sizeof cpus || size % sizeof cpus != 0)
        return -EINVAL;
    return copy_to_user((void *)mask, &cpus, sizeof cpus) != 0 ? -EFAULT : (long)sizeof cpus;
}

long sys_sched_setaffinity(word tid, word size, word mask)
{
    struct thread *thread = thread_of(tid);
    word wanted = 0;

    if (!thread)
        return -ESRCH;
    thread_put(thread);
    if (copy_from_user(&wanted, (void *)mask, size < sizeof wanted ? size : sizeof wanted) != 0)
        return -EFAULT;
    return wanted & (((word)1 << cpu_count) - 1) ? 0 : -EINVAL;
}

static bool policy_known(int policy)
{
    return policy == SCHED_OTHER || policy == SCHED_FIFO || policy == SCHED_RR ||
           policy == SCHED_BATCH || policy == SCHED_IDLE;
}

static bool realtime(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static long set_policy(word tid, int policy, word in)
{
    struct thread *thread;
    uint32_t priority;
    int plain = policy & ~SCHED_RESET_ON_FORK;

    if ((int)tid < 0 || !in)
        return -EINVAL;
    if (get_user_u32(&priority, (void *)in) != 0)
        return -EFAULT;
    thread = thread_of(tid);
    if (!thread)
        return -ESRCH;
    if (policy < 0)
        plain = thread->policy;
    if (!policy_known(plain) || (realtime(plain) ? priority < 1 || priority > 99 : priority != 0)) {
        thread_put(thread);
        return -EINVAL;
    }
    if (realtime(plain) && current_process()->credentials.euid != 0) {
        thread_put(thread);
        return -EPERM;
    }
    thread->policy = (uint8_t)plain;
    thread->priority = (uint8_t)priority;
    thread_put(thread);
    return 0;
}

long sys_sched_setparam(word tid, word in)
{
    return set_policy(tid, -1, in);
}

long sys_sched_setscheduler(word tid, word policy, word in)
{
    return (int)policy < 0 ? -EINVAL : set_policy(tid, (int)policy, in);
}

long sys_sched_getscheduler(word tid)
{
    struct thread *thread = (int)tid < 0 ? NULL : thread_of(tid);
    long policy;

    if (!thread)
        return (int)tid < 0 ? -EINVAL : -ESRCH;
    policy = thread->policy;
    thread_put(thread);
    return policy;
}

long sys_sched_getparam(word tid, word out)
{
    struct thread *thread;
    uint32_t priority;

    if ((int)tid < 0 || !out)
        return -EINVAL;
    thread = thread_of(tid);
    if (!thread)
        return -ESRCH;
    priority = thread->priority;
    thread_put(thread);
    return put_user_u32((void *)out, priority);
}

long sys_sched_get_priority_max(word policy)
{
    return policy_known((int)policy) ? (realtime((int)policy) ? 99 : 0) : -EINVAL;
}

long sys_sched_get_priority_min(word policy)
{
    return policy_known((int)policy) ? (realtime((int)policy) ? 1 : 0) : -EINVAL;
}

long sched_rr_get_interval_call(word tid, word out, enum time_width width)
{
    struct thread *thread = (int)tid < 0 ? NULL : thread_of(tid);

    if (!thread)
        return (int)tid < 0 ? -EINVAL : -ESRCH;
    thread_put(thread);
    return timespec_to_user((void *)out, width, 12000000);
}

long sys_sched_rr_get_interval(word tid, word out)
{
    return sched_rr_get_interval_call(tid, out, TIME_WORDS);
}

enum { PRIO_PROCESS = 0, PRIO_PGRP = 1, PRIO_USER = 2 };

static bool priority_selects(struct process *process, int which, int who)
{
    if (which == PRIO_PROCESS)
        return process->number == (who ? who : current_process()->number);
    if (which == PRIO_PGRP)
        return process_group_number(process) ==
               (who ? who : process_group_number(current_process()));
    return process->credentials.uid == (who ? (uint32_t)who : current_process()->credentials.uid);
}

static void set_nice(struct process *process, int nice)
{
    uint64_t flags = tree_lock_interrupts();

    list_for_each(node, &process->threads) container_of(node, struct thread, thread_node)->nice =
        (int8_t)nice;
    tree_unlock_interrupts(flags);
}

static int get_nice(struct process *process)
{
    uint64_t flags = tree_lock_interrupts();
    int nice = list_empty(&process->threads)
                   ? 0
                   : container_of(process->threads.next, struct thread, thread_node)->nice;

    tree_unlock_interrupts(flags);
    return nice;
}

/* Linux answers 20 - nice, so that no value looks like an error. */
long sys_getpriority(word which, word who)
{
    struct process *process;
    long best = -ESRCH;

    if (which > PRIO_USER)
        return -EINVAL;
    for (int number = 1; (process = process_next(number)) != NULL;) {
        number = process->number + 1;
        if (priority_selects(process, (int)which, (int)who) && 20 - get_nice(process) > best)
            best = 20 - get_nice(process);
        process_put(process);
    }
    return best;
}

long sys_setpriority(word which, word who, word value)
{
    const struct credentials *ids = &current_process()->credentials;
    struct process *process;
    int nice = (int)value < -20 ? -20 : (int)value > 19 ? 19 : (int)value;
    long error = -ESRCH;

    if (which > PRIO_USER)
        return -EINVAL;
    for (int number = 1; (process = process_next(number)) != NULL;) {
        number = process->number + 1;
        if (priority_selects(process, (int)which, (int)who)) {
            if (ids->euid != 0 && ids->euid != process->credentials.uid &&
                ids->euid != process->credentials.euid) {
                error = -EPERM;
            } else if (ids->euid != 0 && nice < get_nice(process)) {
                error = -EACCES;
            } else {
                set_nice(process, nice);
                error = error == -ESRCH ? 0 : error;
            }
        }
        process_put(process);
    }
    return error;
}

long sys_getcpu(word cpu, word node)
{
    if (cpu && put_user_u32((void *)cpu, cpu_id()) != 0)
        return -EFAULT;
    return node ? put_user_u32((void *)node, 0) : 0;
}

/* ---- barriers ---- */

enum {
    BARRIER_QUERY = 0,
    BARRIER_GLOBAL = 1 << 0,
    BARRIER_GLOBAL_EXPEDITED = 1 << 1,
    BARRIER_REGISTER_GLOBAL_EXPEDITED = 1 << 2,
    BARRIER_PRIVATE = 1 << 3,
    BARRIER_REGISTER_PRIVATE = 1 << 4,
    BARRIER_PRIVATE_CORE = 1 << 5, /* also serializes instruction fetch */
    BARRIER_REGISTER_PRIVATE_CORE = 1 << 6,
    BARRIER_PRIVATE_RSEQ = 1 << 7, /* also restarts restartable sequences */
    BARRIER_REGISTER_PRIVATE_RSEQ = 1 << 8,
    BARRIER_ALL = (1 << 9) - 1,
};
#define BARRIER_ONE_CPU 1u /* a flag: BARRIER_PRIVATE_RSEQ for one CPU alone */

/*
 * One CPU runs one thread at a time: that the others of the process went through a barrier, took
 * their instructions anew and left their restartable sequences follows from their not running. What
 * is left is who has said before that he will ask.
 */
long sys_membarrier(word command, word flags, word cpu)
{
    uint32_t *registered = &current_thread()->memory->barriers;

    (void)cpu;
    if ((uint32_t)flags & ~(command == BARRIER_PRIVATE_RSEQ ? BARRIER_ONE_CPU : 0))
        return -EINVAL;
    switch ((int)command) {
    case BARRIER_QUERY:
        return BARRIER_ALL;
    case BARRIER_GLOBAL:
    case BARRIER_GLOBAL_EXPEDITED:
        return 0;
    case BARRIER_REGISTER_GLOBAL_EXPEDITED:
    case BARRIER_REGISTER_PRIVATE:
    case BARRIER_REGISTER_PRIVATE_CORE:
    case BARRIER_REGISTER_PRIVATE_RSEQ:
        __atomic_fetch_or(registered, (uint32_t)command, __ATOMIC_RELAXED);
        return 0;
    case BARRIER_PRIVATE:
    case BARRIER_PRIVATE_CORE:
    case BARRIER_PRIVATE_RSEQ:
        return __atomic_load_n(registered, __ATOMIC_RELAXED) & (uint32_t)command << 1 ? 0 : -EPERM;
    default:
        return -EINVAL;
    }
}

/* ---- the kernel's log, for dmesg ---- */

#define LOG_ALL (1u << 16)

/* Everything in the ring, or its last `length` bytes. */
static long read_log(word buffer, word length)
{
    char piece[256];
    uint64_t position = 0, end = 0, skip;
    size_t n, done = 0;

    while (log_read(&end, piece, sizeof piece) > 0)
        continue;
    skip = end > length ? end - length : 0;
    position = skip;
    while (done < length &&
           (n = log_read(&position, piece,
                         length - done < sizeof piece ? length - done : sizeof piece)) > 0) {
        if (copy_to_user((void *)(buffer + done), piece, n) != 0)
            return -EFAULT;
        done += n;
    }
    return (long)done;
}

long sys_syslog(word type, word buffer, word length)
{
    switch (type) {
    case 0: /* close, open */
    case 1:
    case 6: /* console off, on, level */
    case 7:
    case 8:
    case 5: /* clear */
        return 0;
    case 3: /* read all */
    case 4: /* and clear */
        return (int)length < 0 || !buffer ? -EINVAL : read_log(buffer, length);
    case 9: /* unread bytes */
        return 0;
    case 10: /* size of the ring */
        return LOG_ALL;
    default:
        return -EINVAL;
    }
}
