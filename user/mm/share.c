/* What processes share: copy-on-write after a fork, and the text of a program that runs twice. */
#include "mm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- copy-on-write ---- */

struct cow {
    volatile char *page; /* two of them */
};

static int cow_act(char letter, void *context)
{
    struct cow *cow = context;

    if (letter == 'w')
        cow->page[0] = 'C';
    return cow->page[0];
}

static void cow_row(const char *when, const char *who, int pid, const volatile char *page,
                    char text)
{
    struct walk walk;

    if (walk_address(pid, (uintptr_t)page, &walk) != 0 || !walk.present)
        fail("process %d has no page there", pid);
    printf("  %-30s %-7s %8llu %10u %10u   %-9s '%c'\n", when, who, walk.frame, walk.count,
           walk.step[walk.steps - 1].count,
           walk_leaf(&walk) & ENTRY_WRITE ? (walk.rights[1] == 'w' ? "writable" : "by table")
                                          : "read-only",
           text);
}

static wide frame_at(int pid, const volatile char *page)
{
    struct walk walk;

    if (walk_address(pid, (uintptr_t)page, &walk) != 0 || !walk.present)
        fail("process %d has no page there", pid);
    return walk.frame;
}

int demo_cow(int argc, char **argv)
{
    struct cow cow = {new_pages(2)};
    const volatile char *page = cow.page, *other = page + page_size;
    struct child child;
    int me = getpid();
    wide first;

    (void)argc, (void)argv;
    cow.page[0] = cow.page[page_size] = 'A';
    say("fork copies no page. Parent and child have the same frames, and even the same lowest "
        "table, until one of them writes. References of the frame are the entries that lead to "
        "it; a shared table's entry is one.");
    printf("  %-30s %-7s %8s %10s %10s   %-9s %s\n", "", "", "frame", "references", "table's",
           "entry", "reads");
    cow_row("before the fork", "parent", me, page, page[0]);
    first = frame_at(me, page);
    child_start(&child, cow_act, &cow);
    cow_row("after the fork", "parent", me, page, page[0]);
    cow_row("", "child", child.pid, page, (char)child_tell(&child, 'r'));
    if (frame_at(child.pid, page) != first)
        fail("the child has another frame after the fork");
    cow.page[0] = 'P';
    cow_row("the parent wrote 'P'", "parent", me, page, page[0]);
    cow_row("", "child", child.pid, page, (char)child_tell(&child, 'r'));
    cow_row("a page that nobody wrote", "parent", me, other, other[0]);
    cow_row("", "child", child.pid, other, 'A');
    if (frame_at(me, page) == first || frame_at(child.pid, page) != first)
        fail("the writer must have the copy, and the other the old frame");
    child_tell(&child, 'w');
    cow_row("the child wrote 'C'", "parent", me, page, page[0]);
    cow_row("", "child", child.pid, page, (char)child_tell(&child, 'r'));
    if (frame_at(child.pid, page) != first)
        fail("the last owner of a frame must write to it in place");
    child_end(&child);
    cow_row("the child has ended", "parent", me, other, other[0]);
    cow.page[page_size] = 'Q';
    cow_row("the parent wrote 'Q' there", "parent", me, other, other[0]);
    printf("\n");
    say("The first writer gets a copy of the table (its page entries become read-only) and a copy "
        "of the page. Whoever is left as the only owner writes on in place: no copy is made then. "
        "\"by table\" means that the entry itself may write, but the shared table above it not.");
    return 0;
}

/* ---- one copy of the text ---- */

static int variable = 7;
static const char constant[4096] = "constant data of the program";

static void hold(void)
{
    char letter;

    variable = getpid();
    putchar(constant[0]);
    fflush(stdout);
    while (read(0, &letter, 1) == 1) {
    }
    _exit(0);
}

static pid_t start_copy(int *out_to)
{
    int to[2], from[2];
    char letter;
    pid_t pid;

    if (pipe(to) != 0 || pipe(from) != 0)
        fail("pipe: %s", strerror(errno));
    pid = fork();
    if (pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        close(to[1]);
        close(from[0]);
        execl("/proc/self/exe", "mm", "shared", "hold", (char *)NULL);
        _exit(1);
    }
    close(to[0]);
    close(from[1]);
    if (pid < 0 || read(from[0], &letter, 1) != 1)
        fail("the second copy of the program does not start");
    close(from[0]);
    *out_to = to[1];
    return pid;
}

static bool shared_row(const char *what, pid_t one, pid_t two, const volatile void *address)
{
    struct walk a, b;

    if (walk_address(one, (uintptr_t)address, &a) != 0 || !a.present ||
        walk_address(two, (uintptr_t)address, &b) != 0 || !b.present)
        fail("%s: not in both processes' memory", what);
    printf("  %-22s %012llx %10llu %10llu %6s   %-10s %u\n", what, (wide)(uintptr_t)address,
           a.frame, b.frame, a.frame == b.frame ? "one" : "two", a.kind, a.count);
    return a.frame == b.frame;
}

int demo_shared(int argc, char **argv)
{
    pid_t pid[2];
    int to[2];
    bool text, data;

    if (argc > 1 && strcmp(argv[1], "hold") == 0)
        hold();
    for (unsigned i = 0; i < 2; i++)
        pid[i] = start_copy(&to[i]);
    say("This program now runs twice more, as processes %d and %d. Each was loaded by exec on its "
        "own; the file's pages are in memory once.",
        pid[0], pid[1]);
    printf("  %-22s %-12s %10s %10s %6s   %-10s %s\n", "", "address", "frame in 1", "frame in 2",
           "frames", "kind", "references");
    text = shared_row("text (a function)", pid[0], pid[1], (const void *)(uintptr_t)hold);
    shared_row("read-only data", pid[0], pid[1], constant);
    data = shared_row("a variable, written", pid[0], pid[1], &variable);
    printf("\n");
    say("Text and constants are the file's own frames, shared by all who run it. A written "
        "variable is each process's private copy of its page.");
    for (unsigned i = 0; i < 2; i++)
        close(to[i]);
    if (!text || data)
        fail("text must be shared, and written data must not");
    return 0;
}
