/*
 * killed ROUNDS [SEED]: in each round a process writes pages, sends them to the swap device, brings
 * some back, forks, and is killed after a number of these steps that is drawn, most likely while
 * the device works for it. Afterwards as many frames and slots are in use as before. Prints the
 * seed.
 */
#include "common.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGES     512
#define STEPS_MAX 60
#define WARM_UP   4
#define PATIENCE  20000 /* looks at the machine, a millisecond apart, until it has come to rest */

static uint64_t seed;
static volatile unsigned *steps; /* shared */

static unsigned draw(unsigned limit)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (unsigned)(seed >> 11) % limit;
}

static void work(void)
{
    char *memory =
        mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (;;) {
        for (unsigned n = 0; n < PAGES; n++)
            fill_page(memory + n * PAGE, n);
        ++*steps;
        madvise(memory, PAGES * PAGE, MADV_PAGEOUT);
        ++*steps;
        for (unsigned i = 0; i < 16; i++) {
            unsigned n = draw(PAGES);

            if (!page_is(memory + n * PAGE, n)) {
                puts("a page is wrong");
                _exit(1);
            }
            ++*steps;
        }
        if (fork() == 0) {
            for (unsigned n = 0; n < PAGES; n++)
                if (!page_is(memory + n * PAGE, n))
                    _exit(1);
            _exit(0);
        }
        ++*steps;
    }
}

static int one_round(void)
{
    unsigned target = 1 + draw(STEPS_MAX);
    int status = 0;
    pid_t child;

    *steps = 0;
    child = fork();
    if (child == 0) {
        setpgid(0, 0);
        work();
    }
    while (*steps < target && waitpid(child, &status, WNOHANG) == 0)
        sched_yield();
    setpgid(child, child);
    kill(-child, SIGKILL);
    kill(child, SIGKILL);
    while (waitpid(-1, &status, 0) > 0)
        if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
            return 1;
    return 0;
}

struct use {
    long anonymous, tables, stacks, swapped;
};

static struct use look(void)
{
    return (struct use){.anonymous = meminfo("AnonPages"),
                        .tables = meminfo("PageTables"),
                        .stacks = meminfo("KernelStack"),
                        .swapped = meminfo("SwapTotal") - meminfo("SwapFree")};
}

/* The children of killed ones die on their own, and what was being written ends. */
static int comes_back_to(struct use before, struct use *after)
{
    struct timespec millisecond = {.tv_nsec = 1000000};

    for (int i = 0; i < PATIENCE; i++) {
        *after = look();
        /* A page of our own may have come or gone. */
        if (labs(after->anonymous - before.anonymous) <= 16 && after->tables <= before.tables &&
            after->swapped <= before.swapped + 16)
            return 1;
        nanosleep(&millisecond, NULL);
    }
    return 0;
}

/* The warm-up's last processes are gone: a while without a change. */
static struct use at_rest(void)
{
    struct timespec millisecond = {.tv_nsec = 1000000};
    struct use last = look();

    for (int i = 0, same = 0; i < PATIENCE && same < 25; i++) {
        struct use now;

        nanosleep(&millisecond, NULL);
        now = look();
        same = memcmp(&now, &last, sizeof now) == 0 ? same + 1 : 0;
        last = now;
    }
    return last;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 20;
    struct use before, after;

    seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    steps = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < WARM_UP; i++)
        if (one_round() != 0)
            return 1;
    before = at_rest();
    for (int i = 0; i < rounds; i++)
        if (one_round() != 0)
            return 1;
    if (!comes_back_to(before, &after)) {
        printf("KiB before: %ld anonymous, %ld tables, %ld swapped; after: %ld, %ld, %ld\n",
               before.anonymous, before.tables, before.swapped, after.anonymous, after.tables,
               after.swapped);
        return 1;
    }
    puts("nothing is left");
    return 0;
}
