/* Shared futexes: between processes, at different addresses, through a file; private ones are not.
 */
#include "futex.h"

static int wake_until(void *word, int operation, int count)
{
    int woken = 0;

    while (woken < count) {
        long n = futex(word, operation, 100, NULL, NULL, 0);

        NEED(n >= 0);
        woken += (int)n;
        sched_yield();
    }
    return woken;
}

static int child_waits(uint32_t *word, int operation, const char *what)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        struct timespec long_time = {20, 0};

        say_result(what, futex(word, operation, 0, &long_time, NULL, 0));
        _exit(0);
    }
    until_state(pid, pid, 'S');
    (void)status;
    return pid;
}

static void reap(void)
{
    int status;

    while (wait(&status) > 0)
        ;
}

int main(void)
{
    uint32_t *shared = map_shared(1), *private = map_pages(1, PROT_READ | PROT_WRITE), *a, *b, *c;
    int fd = memfd_create("futex", 0);

    child_waits(shared, FUTEX_WAIT, "anonymous shared memory");
    TRY(futex(shared, FUTEX_WAKE | PRIVATE, 100, NULL, NULL, 0));
    TRY(futex(shared + 1, FUTEX_WAKE, 100, NULL, NULL, 0));
    wake_until(shared, FUTEX_WAKE, 1);
    reap();

    NEED(ftruncate(fd, 2 * PAGE) == 0);
    a = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    b = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
    c = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
    NEED(a != MAP_FAILED && b != MAP_FAILED && c != MAP_FAILED);
    child_waits(a + PAGE / 4 + 3, FUTEX_WAIT, "a file at another address");
    TRY(futex(a + 3, FUTEX_WAKE, 100, NULL, NULL, 0));
    TRY(futex(a + PAGE / 4 + 3, FUTEX_WAKE | PRIVATE, 100, NULL, NULL, 0));
    wake_until(b + 3, FUTEX_WAKE, 1);
    reap();
    child_waits(c + 5, FUTEX_WAIT, "a read-only mapping");
    wake_until(a + 5, FUTEX_WAKE, 1);
    reap();
    child_waits(a + 5, FUTEX_WAIT, "woken through a read-only mapping");
    wake_until(c + 5, FUTEX_WAKE, 1);
    reap();

    *private = 0;
    {
        pid_t pid = fork();

        if (pid == 0) {
            struct timespec short_time = {0, 50000000};

            say_result("private memory after fork",
                       futex(private, FUTEX_WAIT, 0, &short_time, NULL, 0));
            _exit(0);
        }
        until_state(pid, pid, 'S');
        TRY(futex(private, FUTEX_WAKE, 100, NULL, NULL, 0));
        reap();
    }
    return 0;
}
