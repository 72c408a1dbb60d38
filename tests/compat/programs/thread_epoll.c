/* epoll: what is reported again, how deep sets may stand in sets. */
#include "compat.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int add(int set, int file, unsigned events)
{
    struct epoll_event event = {.events = events, .data.fd = file};

    return epoll_ctl(set, EPOLL_CTL_ADD, file, &event);
}

static int waited(int set)
{
    struct epoll_event events[4];
    int n = epoll_wait(set, events, 4, 0);

    for (int i = 0; i < n; i++)
        printf("  events %#x\n", events[i].events);
    return n;
}

static void edges(void)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    int set = epoll_create1(0), ends[2], counter = eventfd(0, EFD_NONBLOCK);
    char text[4];
    uint64_t value = 1;

    pipe(ends);
    SHOW(add(set, ends[0], EPOLLIN | EPOLLET));
    SHOW(waited(set));
    SHOW(write(ends[1], "abcd", 4));
    SHOW(waited(set));
    SHOW(waited(set));
    SHOW(read(ends[0], text, 2));
    SHOW(waited(set));
    SHOW(write(ends[1], "e", 1));
    SHOW(waited(set));
    SHOW(waited(set));
    SHOW(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
    SHOW(waited(set));
    SHOW(waited(set));
    SHOW(close(ends[1]));
    SHOW(waited(set));
    SHOW(waited(set));
    SHOW(close(ends[0]));
    SHOW(add(set, counter, EPOLLIN | EPOLLOUT | EPOLLET));
    SHOW(waited(set));
    SHOW(waited(set));
    SHOW(write(counter, &value, 8));
    SHOW(waited(set));
    SHOW(write(counter, &value, 8));
    SHOW(waited(set));
    SHOW(waited(set));
    close(set);
}

static void one_shot(void)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};
    int set = epoll_create1(0), ends[2];

    pipe(ends);
    SHOW(add(set, ends[0], EPOLLIN | EPOLLONESHOT));
    SHOW(write(ends[1], "x", 1));
    SHOW(waited(set));
    SHOW(waited(set));
    SHOW(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
    SHOW(waited(set));
    close(set);
}

static void *wait_for_news(void *set)
{
    struct epoll_event event;

    return (void *)(long)epoll_wait(*(int *)set, &event, 1, 10000);
}

/* Two sets wait for one pipe: a piece of news is for one of them, its end for both. */
static void exclusive(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int ends[2], set[2] = {epoll_create1(0), epoll_create1(0)};
    pthread_t waiting[2];
    void *found;
    long sum = 0;

    pipe(ends);
    for (int i = 0; i < 2; i++) {
        SHOW(add(set[i], ends[0], EPOLLIN | EPOLLEXCLUSIVE));
        pthread_create(&waiting[i], NULL, wait_for_news, &set[i]);
    }
    close(ends[1]);
    for (int i = 0; i < 2; i++) {
        pthread_join(waiting[i], &found);
        sum += (long)found;
    }
    printf("told: %ld\n", sum);
    SHOW(epoll_ctl(set[0], EPOLL_CTL_MOD, ends[0], &event));
    SHOW(add(set[0], set[1], EPOLLIN | EPOLLEXCLUSIVE));
    SHOW(add(set[0], epoll_create1(0), EPOLLIN));
    SHOW(add(set[0], eventfd(0, 0), EPOLLIN | EPOLLRDHUP | EPOLLEXCLUSIVE));
}

static void wide(void)
{
    int outer = epoll_create1(0), middle = epoll_create1(0), refused = 0;

    for (int i = 0; i < 20; i++)
        refused += add(middle, epoll_create1(0), EPOLLIN) != 0;
    printf("of 20 sets side by side %d refused\n", refused);
    SHOW(add(outer, middle, EPOLLIN));
    SHOW(add(middle, outer, EPOLLIN));
    SHOW(add(outer, outer, EPOLLIN));
}

/* From a file up, and from the outermost set down. */
static void deep(void)
{
    int set[8], ends[2], inner;

    pipe(ends);
    inner = ends[0];
    for (int i = 0; i < 8; i++) {
        int error;

        set[i] = epoll_create1(0);
        error = add(set[i], inner, EPOLLIN);
        printf("level %d: %s\n", i + 1, error == 0 ? "ok" : errno_name(errno));
        if (error == 0)
            inner = set[i];
    }
    for (int i = 0; i < 8; i++)
        set[i] = epoll_create1(0);
    for (int i = 0; i < 7; i++) {
        int error = add(set[i], set[i + 1], EPOLLIN);

        printf("empty, level %d: %s\n", i + 1, error == 0 ? "ok" : errno_name(errno));
    }
    for (int i = 7; i >= 0; i--) {
        int error = add(set[i], ends[0], EPOLLIN);

        printf("a file in level %d: %s\n", i, error == 0 ? "ok" : errno_name(errno));
    }
    for (int i = 0; i < 8; i++)
        set[i] = epoll_create1(0);
    for (int i = 7; i > 0; i--) {
        int error = add(set[i - 1], set[i], EPOLLIN);

        printf("empty, from below, level %d: %s\n", i, error == 0 ? "ok" : errno_name(errno));
    }
}

int main(void)
{
    edges();
    one_shot();
    exclusive();
    wide();
    deep();
    return 0;
}
