/*
 * Each class of page fault, provoked. A row says what is done, and what the kernel's counter of
 * that class says before and after; what the program sees is either nothing or a signal. Those that
 * need a disk that fails, or two CPUs at one page, are met on a simulated machine
 * (faults_machine.c).
 */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf escape;
static volatile sig_atomic_t seen_signal, seen_code;

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    seen_signal = number;
    seen_code = info->si_code;
    siglongjmp(escape, 1);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER};

    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

static const char *signal_text(void)
{
    if (seen_signal == 0)
        return "nothing: it goes on";
    if (seen_signal == SIGBUS)
        return "SIGBUS";
    if (seen_code == SEGV_MAPERR)
        return "SIGSEGV, not mapped";
    return seen_code == SEGV_ACCERR ? "SIGSEGV, no right" : "SIGSEGV";
}

/* ---- the provocations ---- */

/* Everything is prepared before the counters are read: the act is one access. */
struct act {
    const char *class;
    const char *what;
    volatile char *(*prepare)(void); /* the address to touch */
    bool write;
    void (*clean)(void);
};

static struct child helper;

static int idle(char letter, void *context)
{
    (void)letter, (void)context;
    return 0;
}

static void end_helper(void)
{
    child_end(&helper);
}

static volatile char *untouched(void)
{
    return new_pages(1);
}

static volatile char *once_read(void)
{
    volatile char *page = new_pages(1);

    (void)*page;
    return page;
}

/* A fork holds the page too, and this process has its own table already. */
static volatile char *held_by_child(void)
{
    volatile char *pages = new_pages(2);

    pages[0] = pages[page_size] = 1;
    child_start(&helper, idle, NULL);
    child_tell(&helper, 'i');
    pages[page_size] = 2;
    return pages;
}

static volatile char *left_by_child(void)
{
    volatile char *page = held_by_child();

    child_end(&helper);
    return page;
}

/* The first page that is written after a fork in what one lowest table covers, 2 or 4 MiB: that
 * table is shared still. */
static volatile char *in_shared_table(void)
{
    const uintptr_t span = (uintptr_t)4 << 20;
    uintptr_t room = (uintptr_t)new_pages(2 * span / page_size);
    volatile char *page = (volatile char *)((room + span - 1) & ~(span - 1));

    *page = 1;
    child_start(&helper, idle, NULL);
    child_tell(&helper, 'i');
    return page;
}

static volatile char *map_file(size_t pages, size_t mapped, int flags)
{
    int fd = new_file(pages);
    char byte = 1;
    volatile char *at;

    for (size_t i = 0; i < pages; i++)
        if (pwrite(fd, &byte, 1, (off_t)(i * page_size)) != 1)
            fail("pwrite: %s", strerror(errno));
    at = mmap(NULL, mapped * page_size, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (at == MAP_FAILED)
        fail("mmap: %s", strerror(errno));
    close(fd);
    return at;
}

static volatile char *shared_file(void)
{
    return map_file(1, 1, MAP_SHARED);
}

static volatile char *private_file(void)
{
    return map_file(1, 1, MAP_PRIVATE);
}

static volatile char *beyond_file(void)
{
    return map_file(1, 2, MAP_SHARED) + page_size;
}

/* A region that grows down, with room below it. */
static volatile char *below_stack(void)
{
    char *room = new_pages(1024), *stack;

    munmap(room, 1024 * page_size);
    stack = mmap(room + 1000 * page_size, page_size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
    if (stack == MAP_FAILED)
        fail("mmap: %s", strerror(errno));
    return stack - 1;
}

/* The same, but something lies within the gap that must stay free below a stack. */
static volatile char *in_guard_gap(void)
{
    volatile char *stack = below_stack() + 1;
    char *obstacle = (char *)(uintptr_t)stack - 16 * page_size;

    if (mmap(obstacle, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
             -1, 0) == MAP_FAILED)
        fail("mmap: %s", strerror(errno));
    return stack - 1;
}

static volatile char *nowhere(void)
{
    char *page = new_pages(1);

    munmap(page, page_size);
    return page;
}

static volatile char *read_only(void)
{
    char *page = new_pages(1);

    page[0] = 1;
    mprotect(page, page_size, PROT_READ);
    return page;
}

static volatile char *forbidden(void)
{
    char *page = new_pages(1);

    page[0] = 1;
    mprotect(page, page_size, PROT_NONE);
    return page;
}

static volatile char *kernel_address(void)
{
    /* The first address of the kernel's half. */
    return (volatile char *)(sizeof(void *) == 8 ? (uintptr_t)0xffff8000ull << 32
                                                 : (uintptr_t)0xc0000000u);
}

/* The adapters' window below 1 MiB, which is on every PC. */
static volatile char *device(void)
{
    int fd = open("/dev/mem", O_RDONLY | O_CLOEXEC);
    volatile char *at = mmap(NULL, page_size, PROT_READ, MAP_SHARED, fd, 0xb8000);

    if (at == MAP_FAILED)
        fail("/dev/mem: %s", strerror(errno));
    close(fd);
    return at;
}

static const struct act acts[] = {
    {"zero_read", "read private memory that was never touched", untouched, false, NULL},
    {"anonymous_write", "write to private memory that was never touched", untouched, true, NULL},
    {"zero_upgrade", "write where only zeros were read so far", once_read, true, NULL},
    {"object_read", "read a mapped file", shared_file, false, NULL},
    {"object_write", "write to a shared file mapping", shared_file, true, NULL},
    {"object_copy", "write to a private file mapping", private_file, true, NULL},
    {"device", "read memory of a device", device, false, NULL},
    {"unshare", "first write after a fork: the table is shared", in_shared_table, true, end_helper},
    {"copy", "write to a page that a fork holds too", held_by_child, true, end_helper},
    {"reuse", "the same, when the other process has ended", left_by_child, true, NULL},
    {"grow", "write just below a stack", below_stack, true, NULL},
    {"guard", "the same, too close to another mapping", in_guard_gap, true, NULL},
    {"no_region", "read where nothing is mapped", nowhere, false, NULL},
    {"no_right", "write to a page that may only be read", read_only, true, NULL},
    {"no_right", "read a page under PROT_NONE", forbidden, false, NULL},
    {"kernel_address", "read the kernel's half", kernel_address, false, NULL},
    {"beyond_end", "read a mapped page behind the file's end", beyond_file, false, NULL},
};

static struct counters before, after;

/* ---- swap, where there is an area ---- */

static volatile char *paged_out(void)
{
    volatile char *page = new_pages(1);

    *page = 1;
    if (madvise((void *)(uintptr_t)page, page_size, MADV_PAGEOUT) != 0)
        fail("madvise: %s", strerror(errno));
    return page;
}

static const struct act swap_in = {"swap_in", "read a page that lies in a swap slot", paged_out,
                                   false, NULL};

/* ---- the table ---- */

void fault_row(const char *what, const char *class, wide from, wide to, const char *sees)
{
    printf("  %-48s %-16s %6llu -> %-6llu %s\n", what, class, from, to, sees);
    if (to != from + 1)
        fail("the class %s should have been counted once", class);
}

static void touch(volatile char *at, bool write)
{
    /* After a fork this process's own pages are copied on the first write: not now. */
    seen_signal = seen_code = 0;
    counters_read(&after);
    counters_read(&before);
    if (sigsetjmp(escape, 1) == 0) {
        if (write)
            *at = 1;
        else
            (void)*at;
    }
    counters_read(&after);
}

static void provoke(const struct act *act)
{
    volatile char *at = act->prepare();
    char name[40];

    snprintf(name, sizeof name, "fault_%s", act->class);
    memset(escape, 0, sizeof escape);
    touch(at, act->write);
    fault_row(act->what, act->class, counter_of(&before, name), counter_of(&after, name),
              signal_text());
    if (act->clean != NULL)
        act->clean();
}

int demo_faults(int argc, char **argv)
{
    (void)argc, (void)argv;
    catch_signals();
    say("A page fault is exception 14. The kernel looks for the region around the address, and "
        "for what the entry says; the two together make the class. Three of old: nothing is there "
        "(no_region), it is there but not in memory (swap_in, object_read), there is no right "
        "(no_right).");
    printf("  %-48s %-16s %6s    %-6s %s\n", "what is done", "class", "before", "after",
           "the program sees");
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        provoke(&acts[i]);
    if (has_swap())
        provoke(&swap_in);
    heading("on a simulated machine, whose disk can fail and whose CPUs meet when asked to");
    faults_simulated();
    return 0;
}
