/* Calls that are refused half way, and sets within sets, harm nobody. */
#include "compat.h"

#include <sched.h>
#include <sys/epoll.h>
#include <time.h>

#define SETS 300

static void add(int set, int file)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = file};

    (void)epoll_ctl(set, EPOLL_CTL_ADD, file, &event);
}

/* More queues than the outer set has files. */
static void waits_for_many(void)
{
    int outer = epoll_create1(0), inner = epoll_create1(0), ends[2], last = -1;
    struct epoll_event event;

    for (int i = 0; i < 40; i++) {
        pipe(ends);
        add(inner, ends[0]);
        last = ends[1];
    }
    add(outer, inner);
    SHOW(epoll_wait(outer, &event, 1, 50));
    SHOW(write(last, "x", 1));
    SHOW(epoll_wait(outer, &event, 1, 5000));
}

/* Each new set goes into the innermost: nobody sees how deep they stand from below. */
static void deep_sets(void)
{
    int sets[SETS];
    struct epoll_event event;

    for (int i = 0; i < SETS; i++) {
        sets[i] = epoll_create1(0);
        if (i > 0)
            add(sets[i - 1], sets[i]);
    }
    SHOW(epoll_wait(sets[0], &event, 1, 1));
}

static void set_by_name(void)
{
    char name[40];
    int set = epoll_create1(0);

    snprintf(name, sizeof name, "/proc/self/fd/%d", set);
    SHOW(open(name, O_RDWR));
}

static void timer_for_another(void)
{
    struct {
        union sigval value;
        int signo, notify, tid;
        char rest[64];
    } event = {.signo = SIGTERM, .notify = 4, .tid = 1};
    int id;

    SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
    event.tid = 0x7ffffff;
    SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
    event.tid = (int)syscall(SYS_gettid);
    SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
}

int main(void)
{
    SHOW(syscall(SYS_sched_getparam, 0, NULL));
    SHOW(syscall(SYS_sched_getparam, -1, NULL));
    set_by_name();
    waits_for_many();
    deep_sets();
    timer_for_another();
    return 0;
}
