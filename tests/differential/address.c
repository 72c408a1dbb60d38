/*
 * Addresses. Most calls go to the arena: three islands of 32 pages around a border of 1 GiB and two
 * of 2 MiB, where page tables meet. Where the kernel chooses, the place is named by its distance
 * from the top of what it chooses from, which is where a first small mapping lies; so two kernels
 * are compared that put this top at different places but choose by the same rule.
 */
#define _GNU_SOURCE
#include "sequence.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARENA        0x3fff0000ul
#define ISLAND       0x200000ul /* from one to the next */
#define ISLAND_PAGES 32
#define ISLANDS      3
#define ARENA_END    (ARENA + 8 * ISLAND)

static uint64_t top;        /* end of the highest place that the kernel chooses */
static uint64_t heap_start; /* the break at the beginning */

/* ---- drawing ---- */

uint64_t draw64(struct draw *draw)
{
    uint64_t x = draw->state += 0x9e3779b97f4a7c15ull;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

unsigned below(struct draw *draw, unsigned n)
{
    return (unsigned)(draw64(draw) >> 32) % n;
}

bool one_in(struct draw *draw, unsigned n)
{
    return below(draw, n) == 0;
}

uint64_t draw_page(struct draw *draw)
{
    /* Lower parts of an island more often, so that calls meet. */
    unsigned page = one_in(draw, 3) ? below(draw, ISLAND_PAGES) : 8 + below(draw, 16);

    if (one_in(draw, 12))
        return top - (1 + below(draw, 40)) * PAGE;
    if (one_in(draw, 40))
        return heap_start + below(draw, 12) * PAGE;
    return ARENA + (one_in(draw, 3) ? below(draw, ISLANDS) : 0) * ISLAND + page * PAGE;
}

uint64_t arena_at(uint64_t page)
{
    return ARENA + page * PAGE;
}

uint64_t heap_page(uint64_t page)
{
    return heap_start + page * PAGE;
}

/* The stack is spared: its end is not among these. */
static uint64_t draw_edge(struct draw *draw)
{
    static const uint64_t edges[] = {
        0,
        4096,
        65536 - 4096,
        65536,
        0x7ffffffff000,
        0x800000000000,
        0xffff800000000000,
        0xffffffff80000000,
        0x8000000000000000,
        0ull - 4096,
        0ull - 8192,
    };

    return edges[below(draw, sizeof edges / sizeof *edges)];
}

uint64_t draw_address(struct draw *draw)
{
    if (one_in(draw, 30))
        return draw_page(draw) + 1 + below(draw, 4095);
    if (one_in(draw, 40))
        return draw_edge(draw);
    return draw_page(draw);
}

uint64_t draw_length(struct draw *draw)
{
    static const uint64_t senseless[] = {
        0,
        0,
        1ull << 47,
        (1ull << 47) - 4096,
        0x8000000000000000,
        0ull - 4096,
        0ull - 8192,
        0ull - 0x40000000,
        0ull - 1,
    };

    switch (below(draw, 40)) {
    case 0:
        return senseless[below(draw, sizeof senseless / sizeof *senseless)];
    case 1: /* from one island to another */
        return ISLAND * (1 + below(draw, 2)) + below(draw, 8) * PAGE;
    case 2:
    case 3:
        return (16 + below(draw, 32)) * PAGE;
    case 4:
    case 5:
        return 1 + below(draw, 8 * PAGE);
    case 6:
    case 7:
    case 8:
    case 9:
        return PAGE;
    default:
        return (1 + below(draw, 12)) * PAGE;
    }
}

unsigned draw_protection(struct draw *draw)
{
    static const unsigned usual[] = {PROT_READ | PROT_WRITE,
                                     PROT_READ | PROT_WRITE,
                                     PROT_READ | PROT_WRITE,
                                     PROT_READ,
                                     PROT_READ,
                                     PROT_NONE,
                                     PROT_READ | PROT_EXEC,
                                     PROT_READ | PROT_WRITE | PROT_EXEC,
                                     PROT_WRITE,
                                     PROT_EXEC};

    return usual[below(draw, sizeof usual / sizeof *usual)];
}

/* ---- names ---- */

void address_start(void)
{
    char *first = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    top = (uint64_t)first + PAGE;
    munmap(first, PAGE);
    heap_start = (uint64_t)raw(SYS_brk, 0, 0, 0, 0, 0, 0);
}

static char *next_name(void)
{
    static char names[8][40];
    static unsigned turn;

    return names[turn++ % 8];
}

static const char *with_rest(char kind, int64_t distance)
{
    char *name = next_name();
    int64_t pages = distance >> 12;
    unsigned rest = (unsigned)distance & 4095;

    if (rest)
        snprintf(name, 40, "%c%+ld.%u", kind, (long)pages, rest);
    else
        snprintf(name, 40, "%c%+ld", kind, (long)pages);
    return name;
}

const char *at(uint64_t address)
{
    char *name;

    if (address - (ARENA - 64 * PAGE) < ARENA_END - ARENA + 64 * PAGE)
        return with_rest('a', (int64_t)(address - ARENA));
    if (address - (top - (1ull << 45)) < (1ull << 45) + 64 * PAGE)
        return with_rest('t', (int64_t)(address - top));
    if (address - heap_start < 256 * PAGE)
        return with_rest('b', (int64_t)(address - heap_start));
    name = next_name();
    snprintf(name, 40, "0x%lx", address);
    return name;
}

const char *size(uint64_t length)
{
    char *name = next_name();

    if (length % PAGE == 0 && length < 1ull << 32)
        snprintf(name, 40, "%lup", length / PAGE);
    else
        snprintf(name, 40, "0x%lx", length);
    return name;
}

void emit_result(long result)
{
    if (result < 0 && result > -4096)
        emit(" = %s", strerror((int)-result));
    else
        emit(" = %ld", result);
}

void emit_place(long result)
{
    if (result < 0 && result > -4096)
        emit_result(result);
    else
        emit(" = %s", at((uint64_t)result));
}

long raw(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    long result = syscall(number, a, b, c, d, e, f);

    return result == -1 ? -errno : result;
}

/* ---- accesses ---- */

static sigjmp_buf after_fault;
static volatile sig_atomic_t expecting;
static char fault_text[80];
static char signal_stack[16384];

/*
 * The error code's lowest bit says whether an entry was present, which is the kernel's own affair:
 * some prepare entries around a fault.
 */
static void on_fault(int signo, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

    snprintf(fault_text, sizeof fault_text, "%c%d@%s/%lld.%llx", signo == SIGBUS ? 'B' : 'S',
             info->si_code, at((uint64_t)info->si_addr), (long long)registers[REG_TRAPNO],
             (unsigned long long)registers[REG_ERR] & ~1ull);
    if (!expecting) {
        emit(" unexpected %s\n", fault_text);
        _exit(3);
    }
    siglongjmp(after_fault, 1);
}

void catch_faults(void)
{
    stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    struct sigaction action = {.sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

/* The rest of what a fault says is told only for accesses that the grammar draws. */
static bool peek(uint64_t address, uint64_t *value)
{
    if (sigsetjmp(after_fault, 0)) {
        expecting = 0;
        return false;
    }
    expecting = 1;
    *value = *(volatile uint64_t *)address;
    expecting = 0;
    return true;
}

bool poke(uint64_t address, uint64_t value)
{
    if (sigsetjmp(after_fault, 0)) {
        expecting = 0;
        return false;
    }
    expecting = 1;
    *(volatile uint64_t *)address = value;
    expecting = 0;
    return true;
}

static bool run(uint64_t address)
{
    if (sigsetjmp(after_fault, 0)) {
        expecting = 0;
        return false;
    }
    expecting = 1;
    ((void (*)(void))address)();
    expecting = 0;
    return true;
}

/* A word from either end of some pages. */
void look(uint64_t address, unsigned pages)
{
    emit("; %s:", at(address));
    for (unsigned i = 0; i < pages; i++) {
        uint64_t page = (address & ~(PAGE - 1)) + i * PAGE, first, last;

        if (!peek(page, &first) || !peek(page + PAGE - 8, &last))
            emit(" %.2s", fault_text);
        else
            emit(" %lx", (first ^ (last * 31)) & 0xffffff);
    }
}

void access_memory(struct draw *draw)
{
    uint64_t address = draw_address(draw), value = draw64(draw);
    unsigned pages = one_in(draw, 3) ? 1 : 1 + below(draw, 10), kind = below(draw, 16);
    unsigned offset = one_in(draw, 2) ? 0 : below(draw, 512) * 8;

    if (kind == 0) { /* an instruction, written there and run, or run as it is */
        address &= ~(PAGE - 1);
        emit("execute %s", at(address));
        if (one_in(draw, 2) && !poke(address, 0xc3)) {
            emit(": %s", fault_text);
            return;
        }
        if (!peek(address, &value) || (value & 0xff) == 0xc3 || value == 0)
            emit(": %s", value != 0 && run(address) ? "ran" : value != 0 ? fault_text : "zero");
        return;
    }
    emit("%s %s, %up:", kind < 10 ? "write" : "read", at(address), pages);
    for (unsigned i = 0; i < pages; i++) {
        uint64_t place = address + i * PAGE + (address % PAGE ? 0 : offset), got = 0;
        bool fine = kind < 10 ? poke(place, value + i) : peek(place, &got);

        if (!fine)
            emit(" %s", fault_text);
        else if (kind < 10)
            emit(" w");
        else
            emit(" %lx", got & 0xffffff);
    }
}

/* ---- the report ---- */

/* A region of interest: its line in maps, its VmFlags, and what is counted exactly. */
struct region {
    bool wanted;
    unsigned long start, end, offset;
    char rights[8], name[80], flags[80];
    long counts[3];
};

static const char *const counted[] = {"Rss:", "Anonymous:", "Swap:"};

/*
 * Left out: device and inode numbers; "sd" (soft-dirty); what depends on entries that a kernel
 * prepares around a fault (Rss of files, Referenced, what is dirty); any count once
 * process_vm_writev() has run, which on Linux copies pages that it then does not reach; the
 * program's own data, which [heap] may continue.
 */
static void begin_region(struct region *region, const char *text, uint64_t heap)
{
    memset(region, 0, sizeof *region);
    if (sscanf(text, "%lx-%lx %7s %lx %*s %*s %79[^\n]", &region->start, &region->end,
               region->rights, &region->offset, region->name) < 4)
        return;
    if (region->end <= 0x80000000ul) {
        if (region->start == LOG)
            return;
        if (region->start >= 0x400000 && region->start < heap)
            region->start = heap;
        region->wanted = region->start < region->end;
    } else if (region->start < top && region->start > top - (1ull << 45) && region->end <= top) {
        region->wanted = true;
    }
}

static void add_field(struct region *region, char *text)
{
    char *soft, *colon = strchr(text, ':');
    bool anonymous = region->name[0] == 0;

    if (strncmp(text, "VmFlags:", 8) == 0) {
        soft = strstr(text, " sd");
        if (soft)
            memmove(soft, soft + 3, strlen(soft + 3) + 1);
        snprintf(region->flags, sizeof region->flags, "%s", text + 9);
        return;
    }
    for (unsigned i = 0; colon && i < 3; i++)
        if (strncmp(text, counted[i], strlen(counted[i])) == 0 && (anonymous || i == 1) &&
            region->name[0] != '[')
            region->counts[i] = atol(colon + 1);
}

/*
 * Linux keeps neighbours apart when their pages were first written apart, or before a fork, even
 * where everything that a program can ask for is the same. Here they are one.
 */
static bool continues(const struct region *a, const struct region *b)
{
    bool file = a->name[0] != 0 && a->name[0] != '[';

    return a->wanted && b->wanted && a->end == b->start && strcmp(a->rights, b->rights) == 0 &&
           strcmp(a->name, b->name) == 0 && strcmp(a->flags, b->flags) == 0 &&
           (!file || a->offset + (a->end - a->start) == b->offset);
}

static void emit_region(const char *who, const struct region *region)
{
    if (!region->wanted)
        return;
    emit("%s %s %s %s %lx %s", who, at(region->start), at(region->end), region->rights,
         region->offset, region->name);
    for (unsigned i = 0; i < 3 && !the_log->pinned; i++)
        if (region->counts[i])
            emit(" %.3s=%ld", counted[i], region->counts[i]);
    emit(" %s\n", region->flags);
}

static void end_region(const char *who, struct region *before, const struct region *now)
{
    if (continues(before, now)) {
        before->end = now->end;
        for (unsigned i = 0; i < 3; i++)
            before->counts[i] += now->counts[i];
    } else {
        emit_region(who, before);
        *before = *now;
    }
}

static bool region_begins(const char *text)
{
    return (text[0] >= '0' && text[0] <= '9') || (text[0] >= 'a' && text[0] <= 'f');
}

/* What /proc/self/smaps says: a line after the other, changed by who reads them. */
static char *read_regions(void)
{
    static char text[128 * 1024];
    size_t length = 0;
    ssize_t n;
    int file = open("/proc/self/smaps", O_RDONLY);

    while (length < sizeof text - 1 &&
           (n = read(file, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)n;
    close(file);
    text[length] = 0;
    return text;
}

void report_regions(const char *who)
{
    struct region before = {0}, now = {0};

    for (char *next, *line = read_regions(); (next = strchr(line, '\n')) != NULL; line = next) {
        *next++ = 0;
        if (region_begins(line)) {
            end_region(who, &before, &now);
            begin_region(&now, line, heap_start);
        } else {
            add_field(&now, line);
        }
    }
    end_region(who, &before, &now);
    emit_region(who, &before);
}

/*
 * Do several regions cover the range that are one where they can be (see continues())? mremap moves
 * only what is one region.
 */
bool kept_apart(uint64_t start, uint64_t end)
{
    struct region before = {0}, now = {0};
    uint64_t covered = start;
    unsigned count = 0;
    bool is_one = true, last = false;

    for (char *next, *line = read_regions(); !last; line = next) {
        next = strchr(line, '\n');
        last = next == NULL;
        if (!last)
            *next++ = 0;
        if (!last && !region_begins(line)) {
            add_field(&now, line);
            continue;
        }
        if (now.wanted && now.start <= covered && covered < now.end && covered < end) {
            is_one &= count++ == 0 || continues(&before, &now);
            covered = now.end;
            before = now;
        }
        if (!last)
            begin_region(&now, line, heap_start);
    }
    return is_one && count > 1 && covered >= end;
}
