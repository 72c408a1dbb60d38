/* One process's space: its stack, its pages, its map, and what was promised to it. */
#include "mm.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a stack that grows ---- */

#define STACK_LIMIT ((size_t)256 << 10)

static struct counters stack_counters;
static wide stack_grown, stack_guarded; /* counters at the start */

static struct region stack_region(void)
{
    struct region *list, stack = {0};
    long count = regions_of(getpid(), &list);

    for (long i = 0; i < count; i++)
        if (strcmp(list[i].name, "[stack]") == 0)
            stack = list[i];
    free(list);
    if (stack.end == 0)
        fail("/proc/self/maps has no [stack]");
    return stack;
}

static void stack_row(const char *what, const volatile void *at)
{
    struct region stack = stack_region();

    counters_read(&stack_counters);
    printf("  %-26s at %012llx   stack %012llx .. %012llx %9s   grown %llu times\n", what,
           (wide)(uintptr_t)at, stack.start, stack.end - 1, size_text(stack.end - stack.start),
           counter_of(&stack_counters, "fault_grow") - stack_grown);
}

static void on_overflow(int number, siginfo_t *info, void *context)
{
    struct region stack = stack_region();

    (void)context;
    counters_read(&stack_counters);
    printf("\n  signal %d (%s): the access at %012llx is %llu bytes below the stack\n", number,
           number == SIGSEGV ? "SIGSEGV" : "?", (wide)(uintptr_t)info->si_addr,
           stack.start - (wide)(uintptr_t)info->si_addr);
    printf("  the stack is %s long, its limit is %s; faults of class guard: %llu\n\n",
           size_text(stack.end - stack.start), size_text(STACK_LIMIT),
           counter_of(&stack_counters, "fault_guard") - stack_guarded);
    fflush(stdout);
    _exit(stack.end - stack.start <= STACK_LIMIT && number == SIGSEGV &&
                  counter_of(&stack_counters, "fault_guard") == stack_guarded + 1
              ? 0
              : 1);
}

/* Each call needs a page of the stack. */
static __attribute__((noinline)) int deeper(unsigned depth)
{
    volatile char room[4096];

    room[0] = (char)depth;
    if (depth % 8 == 0) {
        char what[32];

        snprintf(what, sizeof what, "%u calls deep", depth);
        stack_row(what, room);
        fflush(stdout);
    }
    return depth < 1000 ? deeper(depth + 1) + room[0] : 1;
}

static int overflow_stack(void)
{
    struct rlimit limit = {STACK_LIMIT, STACK_LIMIT};
    struct sigaction action = {.sa_sigaction = on_overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t other = {.ss_sp = new_pages(16), .ss_size = 16 * page_size};

    if (setrlimit(RLIMIT_STACK, &limit) != 0 || sigaltstack(&other, NULL) != 0 ||
        sigaction(SIGSEGV, &action, NULL) != 0)
        fail("cannot prepare: %s", strerror(errno));
    memset(other.ss_sp, 0, other.ss_size);
    counters_read(&stack_counters);
    stack_grown = counter_of(&stack_counters, "fault_grow");
    stack_guarded = counter_of(&stack_counters, "fault_guard");
    return deeper(0);
}

int demo_stack(int argc, char **argv)
{
    int status = 0;
    pid_t pid;

    (void)argc, (void)argv;
    say("Nobody allocates a stack: it grows when it is touched below its end, one fault at a time, "
        "up to its limit. Below it a gap stays free, so that a stack cannot run into something "
        "else unnoticed. A function calls itself for ever, with 4 KiB of room in each call:");
    fflush(stdout);
    pid = fork();
    if (pid == 0)
        _exit(overflow_stack());
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        fail("fork: %s", strerror(errno));
    if (status != 0)
        fail("the stack did not end at its limit (status 0x%x)", status);
    return 0;
}

/* ---- the state of each page ---- */

#define PAGE_PRESENT ((wide)1 << 63)
#define PAGE_SWAPPED ((wide)1 << 62)
#define PAGE_FILE    ((wide)1 << 61)
#define PAGE_ALONE   ((wide)1 << 56)
#define FRAME_ZERO   ((wide)1 << 24)

struct states {
    wide untouched, zero, own, shared, file, swapped;
};

static int open_of(int pid, const char *name)
{
    char path[64];
    int fd;

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    fd = open(path, O_RDONLY);
    if (fd < 0)
        fail("%s: %s", path, strerror(errno));
    return fd;
}

static char letter_of(uint64_t word, int flags)
{
    uint64_t kind = 0;

    if (word & PAGE_SWAPPED)
        return 's';
    if (!(word & PAGE_PRESENT))
        return '.';
    if (word & PAGE_FILE)
        return 'f';
    if (pread(flags, &kind, sizeof kind, (off_t)((word & (((wide)1 << 55) - 1)) * 8)) ==
            (ssize_t)sizeof kind &&
        (kind & FRAME_ZERO))
        return 'z';
    return word & PAGE_ALONE ? 'a' : 'c';
}

static void count_letter(struct states *states, char letter)
{
    switch (letter) {
    case '.':
        states->untouched++;
        break;
    case 's':
        states->swapped++;
        break;
    case 'f':
        states->file++;
        break;
    case 'z':
        states->zero++;
        break;
    case 'c':
        states->shared++;
        break;
    default:
        states->own++;
    }
}

void draw_pages(const void *start, size_t pages, char *out)
{
    int pagemap = open_of(getpid(), "pagemap"), flags = open("/proc/kpageflags", O_RDONLY);

    for (size_t i = 0; i < pages; i++) {
        uint64_t word = 0;

        if (pread(pagemap, &word, sizeof word,
                  (off_t)(((uintptr_t)start / page_size + i) * sizeof word)) != sizeof word)
            fail("pagemap: %s", strerror(errno));
        out[i] = letter_of(word, flags);
    }
    out[pages] = 0;
    close(pagemap);
    close(flags);
}

/* A letter for each page; long rows of equal lines are left out. */
static void draw_region(int pagemap, int flags, const struct region *region, struct states *states)
{
    wide pages = (region->end - region->start) / page_size;
    char line[65], last[65] = "";
    bool skipped = false;

    for (wide i = 0; i < pages; i += 64) {
        uint64_t words[64] = {0};
        size_t n = pages - i < 64 ? (size_t)(pages - i) : 64;

        if (pread(pagemap, words, n * 8, (off_t)((region->start / page_size + i) * 8)) < 0)
            break;
        for (size_t j = 0; j < n; j++)
            count_letter(states, line[j] = letter_of(words[j], flags));
        line[n] = 0;
        if (strcmp(line, last) == 0) {
            skipped = true;
            continue;
        }
        if (skipped)
            printf("      ... the same ...\n");
        skipped = false;
        printf("      %s\n", line);
        strcpy(last, line);
    }
    if (skipped)
        printf("      ... the same ...\n");
}

static void show_pages(int pid)
{
    int pagemap = open_of(pid, "pagemap"), flags = open("/proc/kpageflags", O_RDONLY);
    struct states states = {0};
    struct region *list;
    long count = regions_of(pid, &list);

    if (count < 0 || flags < 0)
        fail("cannot read the map of process %d", pid);
    for (long i = 0; i < count; i++) {
        if (list[i].start >> 63)
            continue; /* vsyscall: the kernel's */
        printf("  %012llx .. %012llx %s %9s %s\n", list[i].start, list[i].end - 1, list[i].rights,
               size_text(list[i].end - list[i].start), list[i].name);
        draw_region(pagemap, flags, &list[i], &states);
    }
    printf("\n  %llu not in memory ('.'), %llu a file's ('f'), %llu the process's own ('a'), %llu "
           "shared by fork ('c'),\n  %llu the page of zeros ('z'), %llu swapped out ('s')\n\n",
           states.untouched, states.file, states.own, states.shared, states.zero, states.swapped);
    close(pagemap);
    close(flags);
    free(list);
}

int demo_pages(int argc, char **argv)
{
    int pid = argc > 1 ? atoi(argv[1]) : getpid();
    char *example;

    say("Main memory is a cache of what a process has mapped: a page is either in it, or waits "
        "where it came from (nowhere, a file, a swap slot). One letter for each page of process "
        "%d:",
        pid);
    if (argc < 2) {
        example = new_pages(64);
        for (unsigned i = 0; i < 64; i += 8)
            example[i * page_size] = 1;
        for (unsigned i = 4; i < 64; i += 8)
            (void)*(volatile char *)(example + i * page_size);
    }
    show_pages(pid);
    return 0;
}

/* ---- on demand ---- */

#define DEMAND_PAGES 64

static unsigned demand_row(const char *what, const char *at)
{
    char line[DEMAND_PAGES + 1];
    uint64_t words[DEMAND_PAGES];
    int pagemap = open_of(getpid(), "pagemap");
    unsigned present = 0;

    if (pread(pagemap, words, sizeof words, (off_t)((uintptr_t)at / page_size * 8)) !=
        (ssize_t)sizeof words)
        fail("cannot read pagemap");
    close(pagemap);
    for (unsigned i = 0; i < DEMAND_PAGES; i++) {
        line[i] = !(words[i] & PAGE_PRESENT) ? '.' : words[i] & PAGE_FILE ? 'f' : 'a';
        present += line[i] != '.';
    }
    line[DEMAND_PAGES] = 0;
    printf("  %-28s %s\n", what, line);
    return present;
}

int demo_demand(int argc, char **argv)
{
    int fd = new_file(DEMAND_PAGES);
    char block[4096];
    char *at;
    unsigned none, some, written;

    (void)argc, (void)argv;
    for (unsigned i = 0; i < DEMAND_PAGES; i++) {
        memset(block, 'a' + (int)i % 26, sizeof block);
        if (write(fd, block, sizeof block) != (ssize_t)sizeof block)
            fail("write: %s", strerror(errno));
    }
    at = mmap(NULL, sizeof block * DEMAND_PAGES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED)
        fail("mmap: %s", strerror(errno));
    say("A file of 64 pages is mapped: that only makes a region. Its pages come into the space "
        "when "
        "they are touched ('.' not there, 'f' the file's frame, 'a' a copy of our own).");
    none = demand_row("mapped", at);
    if (at[20 * page_size] != 'a' + 20)
        fail("page 20 has not the file's content");
    some = demand_row("page 20 read", at);
    at[22 * page_size] = '!';
    demand_row("page 22 written", at);
    at[50 * page_size] = '!';
    written = demand_row("page 50 written", at);
    if (none != 0 || some == 0 || written != some + 1)
        fail("pages must come in when they are touched, and not before");
    printf("\n");
    say("A read brings the neighbours too, if they are in memory (an aligned window of 16 pages): "
        "one fault instead of many. A write to a private mapping makes a copy, of that page alone; "
        "the file stays as it was.");
    return 0;
}

/* ---- the map of an ELF file ---- */

static const char *segment_name(unsigned type)
{
    switch (type) {
    case PT_LOAD:
        return "LOAD";
    case PT_INTERP:
        return "INTERP";
    case PT_TLS:
        return "TLS";
    case PT_GNU_STACK:
        return "STACK";
    case PT_GNU_RELRO:
        return "RELRO";
    case PT_GNU_PROPERTY:
        return "PROPERTY";
    case PT_GNU_EH_FRAME:
        return "EH_FRAME";
    case PT_NOTE:
        return "NOTE";
    case PT_PHDR:
        return "PHDR";
    case PT_DYNAMIC:
        return "DYNAMIC";
    default:
        return "other";
    }
}

static void show_segments(int pid)
{
    int fd = open_of(pid, "exe");
    ElfW(Ehdr) header;

    if (pread(fd, &header, sizeof header, 0) != (ssize_t)sizeof header ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(ElfW(Phdr)))
        fail("the program of process %d is not of this machine's kind of ELF", pid);
    printf("  entry 0x%llx\n", (wide)header.e_entry);
    printf("  %-8s %12s %10s %10s %8s  %s\n", "segment", "address", "in file", "in memory",
           "offset", "rights");
    for (unsigned i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) segment;

        if (pread(fd, &segment, sizeof segment, (off_t)(header.e_phoff + i * sizeof segment)) !=
            (ssize_t)sizeof segment)
            break;
        printf("  %-8s %12llx %10llu %10llu %8llx  %c%c%c\n", segment_name(segment.p_type),
               (wide)segment.p_vaddr, (wide)segment.p_filesz, (wide)segment.p_memsz,
               (wide)segment.p_offset, segment.p_flags & PF_R ? 'r' : '-',
               segment.p_flags & PF_W ? 'w' : '-', segment.p_flags & PF_X ? 'x' : '-');
    }
    close(fd);
}

static const char *purpose(const struct region *region)
{
    if (strcmp(region->name, "[heap]") == 0)
        return "heap: grows up by brk";
    if (strcmp(region->name, "[stack]") == 0)
        return "stack: grows down by faults";
    if (region->name[0] == '[')
        return region->name;
    if (region->name[0] == '/') {
        if (region->rights[2] == 'x')
            return "text";
        return region->rights[1] == 'w' ? "data" : "read-only data";
    }
    return region->rights[1] == 'w' ? "private memory (bss, mmap)" : "reserved";
}

int demo_map(int argc, char **argv)
{
    int pid = argc > 1 ? atoi(argv[1]) : getpid();
    struct region *list;
    long count = regions_of(pid, &list);
    void *keep = argc > 1 ? NULL : malloc(1);

    if (count < 0)
        fail("there is no process %d", pid);
    heading("what the file asks for");
    show_segments(pid);
    printf("\n");
    heading("the space of process %d, highest address first", pid);
    free(list);
    count = regions_of(pid, &list);
    for (long i = count; i-- > 0;) {
        const struct region *region = &list[i];

        printf("  %016llx .. %016llx %s %9s  %s\n", region->start, region->end - 1, region->rights,
               size_text(region->end - region->start), purpose(region));
        if (i > 0 && list[i - 1].end < region->start)
            printf("  %39s %14s  nothing: a touch there is a fault of class %s\n", "",
                   size_text(region->start - list[i - 1].end),
                   strcmp(region->name, "[stack]") == 0 ? "grow or guard" : "no_region");
    }
    if (count > 0)
        printf("  %39s %14s  nothing: here null pointers end\n\n", "", size_text(list[0].start));
    say("exec maps each LOAD segment from the file, with its rights, and reads none of it: pages "
        "come in on the first touch. What is in memory but not in the file is zeros.");
    free(keep);
    free(list);
    return 0;
}

/* ---- promised memory ---- */

static void commit_row(const char *what)
{
    printf("  %-40s %12llu %12llu %12llu\n", what, meminfo("Committed_AS"), meminfo("MemFree"),
           meminfo("CommitLimit"));
}

static int set_policy(const char *value)
{
    FILE *file = fopen("/proc/sys/vm/overcommit_memory", "w");

    if (file == NULL)
        return -1;
    fputs(value, file);
    return fclose(file);
}

int demo_commit(int argc, char **argv)
{
    const size_t pages = 8192;
    wide promised, asked;
    char *memory, *policy = read_file("/proc/sys/vm/overcommit_memory");
    void *much;

    (void)argc, (void)argv;
    say("Memory is promised when it is mapped, and used when it is touched. What is promised is "
        "counted apart, so that a strict policy can refuse a promise that RAM and swap could not "
        "keep (all numbers in KiB):");
    printf("  %-40s %12s %12s %12s\n", "", "promised", "free", "limit");
    commit_row("at first");
    promised = meminfo("Committed_AS");
    memory = new_pages(pages);
    commit_row("32 MiB mapped");
    asked = meminfo("Committed_AS");
    /* Less by what another process gives back meanwhile. */
    if (asked < promised + pages * page_size / 1024 - 1024)
        fail("what was mapped is not counted as promised");
    for (size_t i = 0; i < pages; i++)
        memory[i * page_size] = 1;
    commit_row("32 MiB touched");
    munmap(memory, pages * page_size);
    commit_row("32 MiB unmapped");
    if (policy == NULL || set_policy("2") != 0)
        fail("cannot set vm.overcommit_memory: %s", strerror(errno));
    much = mmap(NULL, meminfo("CommitLimit") * 1024, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("  %-40s %s\n\n", "strict policy: as much as the limit again",
           much == MAP_FAILED ? strerror(errno) : "granted");
    set_policy(policy);
    free(policy);
    if (much != MAP_FAILED)
        fail("the strict policy must refuse more than its limit");
    return 0;
}
