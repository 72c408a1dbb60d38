/* Rows about system calls, processes, copy-on-write and switches. */
#define _GNU_SOURCE
#include "measure.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_STATUS 42

const char *measure_syscall(struct measurement *m)
{
    unsigned count = m->quick ? 1000 : 100000;
    long parent = getppid(), strange = 0;
    uint64_t start = 0;

    for (unsigned i = 0; i < count + 100; i++) {
        if (i == 100)
            start = clock_start(true);
        strange |= raw_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0) ^ parent;
    }
    m->ticks = clock_stop(start);
    m->operations = count;
    return strange == 0 ? NULL : "getppid gave another number";
}

static long raw_fork(void)
{
    return raw_syscall(SYS_fork, 0, 0, 0, 0, 0, 0);
}

_Noreturn static void raw_exit(int status)
{
    for (;;)
        raw_syscall(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

/* Waits for a child; true if it ended with CHILD_STATUS. */
static bool reap(long child)
{
    int status = 0;

    return raw_syscall(SYS_wait4, child, (long)&status, 0, 0, 0, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == CHILD_STATUS;
}

/*
 * fork + exit + wait by the C library's functions, which do what every program has to do on the
 * way; with call_only the parent's time in the fork call alone.
 */
static const char *fork_loop(struct measurement *m, unsigned count, bool call_only)
{
    unsigned warm_up = 2;

    for (unsigned i = 0; i < count + warm_up; i++) {
        bool counted = i >= warm_up;
        uint64_t start = clock_start(counted), ticks = 0;
        pid_t child = fork();

        if (child == 0)
            _exit(CHILD_STATUS);
        if (call_only)
            ticks = clock_stop(start);
        if (child < 0)
            return "fork failed";
        if (!reap(child))
            return "the child did not end as it was told to";
        if (!call_only)
            ticks = clock_stop(start);
        m->ticks += counted ? ticks : 0;
        m->operations += counted;
    }
    return NULL;
}

static const char *fork_dirty(struct measurement *m, bool call_only)
{
    size_t size = m->quick ? 4 * MIB : 64 * MIB;
    uint8_t *base = map_anonymous(size);
    const char *wrong;

    if (base == NULL)
        return "mmap failed";
    write_pages(base, size / PAGE_SIZE, 21);
    wrong = fork_loop(m, m->quick ? 2 : 10, call_only);
    if (wrong == NULL && !pages_hold(base, size / PAGE_SIZE, 21))
        wrong = "contents changed";
    if (wrong == NULL) {
        write_pages(base, size / PAGE_SIZE, 23);
        wrong = pages_hold(base, size / PAGE_SIZE, 23) ? NULL : "a write after fork was lost";
    }
    unmap(base, size);
    return wrong;
}

const char *measure_fork_small(struct measurement *m)
{
    return fork_loop(m, m->quick ? 10 : 200, false);
}

const char *measure_fork_64m(struct measurement *m)
{
    return fork_dirty(m, false);
}

const char *measure_fork_call(struct measurement *m)
{
    return fork_dirty(m, true);
}

/* Verdict of a child, in memory that it shares with its parent. */
struct child_report {
    uint64_t ticks;
    bool correct;
};

enum cow_part { COW_COPY, COW_LAST, COW_NEITHER };

/* The child writes each page, whose frame its parent holds too. */
_Noreturn static void break_pages(uint8_t *base, size_t pages, bool counted,
                                  struct child_report *out)
{
    bool correct = pages_hold(base, pages, 25);
    uint64_t start = clock_start(counted);

    write_pages(base, pages, 27);
    out->ticks = clock_stop(start);
    out->correct = correct && pages_hold(base, pages, 27);
    raw_exit(CHILD_STATUS);
}

/*
 * One round: a child breaks every page, then the parent, by now the only owner, writes its own.
 * Adds the ticks of the part that is asked for to *ticks.
 */
static const char *cow_round(size_t pages, struct child_report *report, enum cow_part part,
                             uint64_t *ticks)
{
    uint8_t *base = map_anonymous(pages * PAGE_SIZE);
    const char *wrong = NULL;
    uint64_t start, last;
    long child;

    if (base == NULL)
        return "mmap failed";
    write_pages(base, pages, 25);
    child = raw_fork();
    if (child == 0)
        break_pages(base, pages, part == COW_COPY, report);
    if (raw_failed(child))
        return "fork failed";
    if (!reap(child))
        return "the child did not end as it was told to";
    if (!report->correct)
        wrong = "the child's copy does not hold what it must";
    else if (!pages_hold(base, pages, 25))
        wrong = "the child's writes are seen in the parent";
    start = clock_start(part == COW_LAST);
    write_pages(base, pages, 29);
    last = clock_stop(start);
    if (part != COW_NEITHER)
        *ticks += part == COW_COPY ? report->ticks : last;
    if (wrong == NULL && !pages_hold(base, pages, 29))
        wrong = "a write after fork was lost";
    unmap(base, pages * PAGE_SIZE);
    return wrong;
}

static const char *cow_rounds(struct measurement *m, enum cow_part part)
{
    size_t pages = (m->quick ? 4 * MIB : 64 * MIB) / PAGE_SIZE;
    unsigned rounds = m->quick ? 1 : 2;
    struct child_report *report =
        mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const char *wrong = NULL;

    if (report == MAP_FAILED)
        return "mmap failed";
    for (unsigned round = 0; round <= rounds && wrong == NULL; round++)
        wrong = cow_round(pages, report, round > 0 ? part : COW_NEITHER, &m->ticks);
    m->operations = rounds * pages;
    unmap(report, PAGE_SIZE);
    return wrong;
}

const char *measure_cow_copy(struct measurement *m)
{
    return cow_rounds(m, COW_COPY);
}

const char *measure_cow_last(struct measurement *m)
{
    return cow_rounds(m, COW_LAST);
}

/* Sends back each byte, changed, until the pipe ends. */
_Noreturn static void echo(int from, int to)
{
    uint8_t byte = 0;

    while (raw_syscall(SYS_read, from, (long)&byte, 1, 0, 0, 0) == 1) {
        byte ^= 0x5a;
        if (raw_syscall(SYS_write, to, (long)&byte, 1, 0, 0, 0) != 1)
            raw_exit(1);
    }
    raw_exit(CHILD_STATUS);
}

static const char *round_trips(struct measurement *m, int to, int from, unsigned count)
{
    uint64_t start = 0;

    for (unsigned i = 0; i < count + 20; i++) {
        uint8_t sent = (uint8_t)i, received = 0;

        if (i == 20)
            start = clock_start(true);
        if (raw_syscall(SYS_write, to, (long)&sent, 1, 0, 0, 0) != 1 ||
            raw_syscall(SYS_read, from, (long)&received, 1, 0, 0, 0) != 1)
            return "a pipe failed";
        if (received != (sent ^ 0x5a))
            return "a byte came back wrong";
    }
    m->ticks = clock_stop(start);
    m->operations = count;
    return NULL;
}

const char *measure_pipe(struct measurement *m)
{
    int there[2], back[2];
    const char *wrong;
    long child;

    if (pipe(there) != 0 || pipe(back) != 0)
        return "pipe failed";
    child = raw_fork();
    if (child == 0) {
        close(there[1]);
        close(back[0]);
        echo(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    if (raw_failed(child))
        return "fork failed";
    wrong = round_trips(m, there[1], back[0], m->quick ? 50 : 2000);
    close(there[1]);
    close(back[0]);
    if (!reap(child) && wrong == NULL)
        wrong = "the child did not end as it was told to";
    return wrong;
}
