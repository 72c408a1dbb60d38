/* Files are closed while others look at the sets they are in: both go on. */
#include "compat.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>

#define ROUNDS 20000

static int outer, inner;
static int done;

static void *look(void *unused)
{
    struct epoll_event events[4];
    struct pollfd set = {.fd = outer, .events = POLLIN};

    (void)unused;
    while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
        epoll_wait(inner, events, 4, 0);
        epoll_wait(outer, events, 4, 0);
        poll(&set, 1, 0);
    }
    return NULL;
}

static void add(int set, int file)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = file};

    if (epoll_ctl(set, EPOLL_CTL_ADD, file, &event) != 0)
        printf("not added to a set\n");
}

int main(void)
{
    struct epoll_event event;
    pthread_t thread;
    int ends[2];

    outer = epoll_create1(0);
    inner = epoll_create1(0);
    add(outer, inner);
    pthread_create(&thread, NULL, look, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        int between = epoll_create1(0);

        pipe(ends);
        add(inner, ends[0]);
        add(between, ends[0]);
        add(outer, between);
        close(ends[0]);
        close(between);
        close(ends[1]);
    }
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    SHOW(epoll_wait(inner, &event, 1, 0));
    SHOW(epoll_wait(outer, &event, 1, 0));
    return 0;
}
