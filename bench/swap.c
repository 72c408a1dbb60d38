/*
 * The benchmark of swap as a program: the first process of a machine whose memory is half of what
 * it touches. Usage: swap [MIB]
 *
 * Loads the modules that /modules/order lists (Linux has its drivers there), switches swap on on
 * /dev/vda, and goes over its memory in different orders, each page once a row. Each page's content
 * is verified whenever it is read. Prints, with a closing "@" so that a cut line is noticed,
 *
 *     @swap row KEY TICKS PAGES READ @    READ: pages that came back from the device
 *     @swap symbol NAME START END @       functions of an idle kernel, where it tells
 *     @swap wrong TEXT @
 *     @swap end @
 *
 * Around each row stand the marks of measure.h; ticks are the time-stamp counter's.
 */
#define _GNU_SOURCE
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#define STRIDE 17 /* pages: no order that read-ahead of neighbours serves */
#define DEVICE "/dev/vda"

/* The order in which pages are met: the place of step i among n pages, n a power of two. */
typedef size_t (*order_fn)(size_t i, size_t n);

static size_t in_order(size_t i, size_t n)
{
    (void)n;
    return i;
}

static size_t strided(size_t i, size_t n)
{
    return i * STRIDE & (n - 1); /* odd: each page comes once */
}

/* A mixture of bits that can be undone step by step: each page comes once. */
static size_t mix(size_t i, size_t n, size_t salt)
{
    size_t mask = n - 1;

    for (unsigned round = 0; round < 3; round++) {
        i ^= i >> 7;
        i = i * 0x9e35 + salt;
        i = (i * 0x2545f491 + 1) & mask;
    }
    return i;
}

static size_t at_random(size_t i, size_t n)
{
    return mix(i, n, 0x3c6f);
}

/* Another such order: it does not come back to pages as they were written. */
static size_t at_random_again(size_t i, size_t n)
{
    return mix(i ^ 0x5555, n, 0x1b87);
}

_Noreturn static void end_machine(void)
{
    reboot(RB_POWER_OFF);
    _exit(1);
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char line[256] = "@swap ";
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line + 6, sizeof(line) - 10, format, arguments) + 6;
    va_end(arguments);
    memcpy(line + length, " @\n", 3);
    if (write(STDOUT_FILENO, line, (size_t)length + 3) < 0)
        end_machine();
}

_Noreturn static void wrong(const char *what)
{
    say("wrong %s (%s)", what, strerror(errno));
    end_machine();
}

/* ---- the machine ---- */

static void load_modules(void)
{
    FILE *order = fopen("/modules/order", "r");
    char path[256];

    if (order == NULL)
        return; /* a kernel without modules */
    while (fscanf(order, "%255s", path) == 1) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST))
            wrong(path);
        close(fd);
    }
    fclose(order);
}

/* What the host leaves out of its counts: functions that only an idle processor is in. */
static void tell_idle_functions(void)
{
    static const char *const names[] = {
        "do_idle",           "cpu_startup_entry",
        "default_idle",      "default_idle_call",
        "arch_cpu_idle",     "arch_cpu_idle_",
        "cpuidle_",          "cpu_idle_",
        "tick_nohz_idle_",   "__tick_nohz_idle_",
        "tick_nohz_stop_",   "tick_nohz_next_event",
        "tick_nohz_get_",    "tick_nohz_restart",
        "ct_idle_",          "rcu_idle_",
        "sched_idle_",       "menu_",
        "haltpoll_",         "schedule_idle",
        "poll_idle",         "pv_native_safe_halt",
        "native_safe_halt",  "acpi_idle_",
        "acpi_processor_ff", "get_next_timer_int",
        "__next_timer_int",  "intel_idle",
        "need_update",       "default_enter_idle",
        "amd_e400_idle",     "x86_idle",
        "sched_clock_idle_", "play_idle_",
        "tsc_verify_tsc_ad",
    };
    FILE *symbols = fopen("/proc/kallsyms", "r");
    unsigned long long address, last = 0;
    char kind, name[128], open[128] = "";

    while (symbols != NULL && fscanf(symbols, "%llx %c %127s%*[^\n]", &address, &kind, name) == 3) {
        if (open[0] != '\0' && address > last) {
            say("symbol %s %llx %llx", open, last, address);
            open[0] = '\0';
        }
        for (size_t i = 0; (kind | 32) == 't' && i < sizeof(names) / sizeof(names[0]); i++) {
            if (strncmp(name, names[i], strlen(names[i])) == 0) {
                strcpy(open, name);
                last = address;
                break;
            }
        }
    }
    if (symbols != NULL)
        fclose(symbols);
}

static void prepare(void)
{
    mkdir("/proc", 0555);
    mkdir("/dev", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    load_modules();
    if (swapon(DEVICE, 0) != 0 && errno != EBUSY) /* busy: the kernel did it by itself */
        wrong("swapon " DEVICE);
}

/* ---- rows ---- */

static uint8_t *memory;
static size_t pages;
static uint64_t generation;

static volatile uint64_t *word_of(size_t page)
{
    return (volatile uint64_t *)(memory + page * PAGE_SIZE + page % 500 * 8);
}

static uint64_t content(size_t page, uint64_t of_generation)
{
    return (page + 1) * 0x9e3779b97f4a7c15u + of_generation;
}

static void write_all(order_fn order)
{
    for (size_t i = 0; i < pages; i++) {
        size_t page = order(i, pages);

        *word_of(page) = content(page, generation);
    }
}

static size_t read_all(order_fn order)
{
    size_t bad = 0;

    for (size_t i = 0; i < pages; i++) {
        size_t page = order(i, pages);

        bad += *word_of(page) != content(page, generation);
    }
    return bad;
}

/* Pages read from swap since the machine was started. */
static uint64_t pages_read(void)
{
    FILE *file = fopen("/proc/vmstat", "r");
    unsigned long long value = 0;
    char name[64];

    while (file != NULL && fscanf(file, "%63s %llu", name, &value) == 2)
        if (strcmp(name, "pswpin") == 0)
            break;
    if (file != NULL)
        fclose(file);
    return value;
}

static uint64_t read_before;

static uint64_t begin_row(void)
{
    read_before = pages_read();
    return clock_start(true);
}

static void end_row(const char *key, uint64_t start, size_t touched)
{
    uint64_t ticks = clock_stop(start);

    say("row %s %llu %zu %llu", key, (unsigned long long)ticks, touched,
        (unsigned long long)(pages_read() - read_before));
}

static void write_row(const char *key, order_fn order)
{
    uint64_t start;

    generation++;
    start = begin_row();
    write_all(order);
    end_row(key, start, pages);
}

static void read_row(const char *key, order_fn order)
{
    uint64_t start = begin_row();
    size_t bad = read_all(order);

    end_row(key, start, pages);
    if (bad > 0)
        wrong("a page does not hold what was written to it");
}

/* ---- rows whose accesses have locality ---- */

static uint64_t dice = 88172645463325252u;

/* A number below n; small ones more often, by a cubic law. */
static size_t skewed(size_t n)
{
    double u;

    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    u = (double)(dice >> 11) / 9007199254740992.0;
    return (size_t)(u * u * u * (double)n);
}

/* Step i of a row, as a page. */
static size_t skewed_page(size_t i)
{
    (void)i;
    return mix(skewed(pages), pages, 0x51ed); /* the hot ones lie apart */
}

static size_t loop_length;

static size_t loop_page(size_t i)
{
    return i % loop_length;
}

/* Every third step goes on with a scan over everything. */
static size_t scanned_page(size_t i)
{
    return i % 3 == 0 ? i / 3 % pages : mix(skewed(pages / 4), pages, 0x51ed);
}

static void local_row(const char *key, size_t (*page_of)(size_t i), size_t steps)
{
    uint64_t start = begin_row();
    size_t bad = 0;

    for (size_t i = 0; i < steps; i++) {
        size_t page = page_of(i);

        bad += *word_of(page) != content(page, generation);
    }
    end_row(key, start, steps);
    if (bad > 0)
        wrong("a page does not hold what was written to it");
}

static void local_rows(void)
{
    struct sysinfo info;

    if (sysinfo(&info) != 0)
        wrong("sysinfo");
    loop_length = info.totalram * info.mem_unit / PAGE_SIZE * 6 / 5;
    if (loop_length > pages)
        loop_length = pages;
    local_row("skewed", skewed_page, 4 * pages);
    local_row("skewed-and-scan", scanned_page, 4 * pages);
    local_row("loop", loop_page, 6 * loop_length);
}

/* Other memory takes the place of all that is resident, and goes. */
static void push_everything_out(void)
{
    size_t size = pages * PAGE_SIZE;
    uint8_t *other = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (other == MAP_FAILED)
        wrong("mmap");
    for (unsigned round = 0; round < 2; round++)
        for (size_t page = 0; page < pages; page++)
            touch_write(other + page * PAGE_SIZE, 1);
    munmap(other, size);
}

/* A child of a parent whose pages are all out reads every one of them. */
static void fork_row(const char *key)
{
    int status = 0;
    uint64_t start;
    pid_t child;

    push_everything_out();
    start = begin_row();
    child = fork();
    if (child == 0)
        _exit(read_all(in_order) > 0);
    if (child < 0 || waitpid(child, &status, 0) != child)
        wrong("fork");
    end_row(key, start, pages);
    if (status != 0)
        wrong("the child does not see what its parent wrote");
}

int main(int argc, char **argv)
{
    bool local = false;
    size_t mib = 0;

    /* A kernel hands its first process also those of its own arguments that it does not know. */
    for (int i = 1; i < argc; i++) {
        local |= strcmp(argv[i], "local") == 0;
        if (mib == 0)
            mib = strtoul(argv[i], NULL, 10);
    }
    prepare();
    tell_idle_functions();
    for (pages = 1; pages * PAGE_SIZE < (mib != 0 ? mib : 256) * MIB;)
        pages *= 2;
    memory = map_anonymous(pages * PAGE_SIZE);
    if (memory == NULL)
        wrong("mmap");
    write_row("first", in_order);
    write_row("sequential-write", in_order);
    read_row("sequential-read", in_order);
    read_row("strided-read", strided);
    write_row("strided-write", strided);
    read_row("random-read", at_random);
    write_row("random-write", at_random_again);
    fork_row("fork");
    read_row("after-fork", in_order);
    if (local)
        local_rows();
    say("end");
    end_machine();
}
