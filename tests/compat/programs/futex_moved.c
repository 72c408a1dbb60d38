/* What a waiter waits on is looked up when it starts to wait: remapping and writing do not matter.
 */
#include "futex.h"

static void one(const char *what, struct waiter *waiter, void *wake_at, int operation)
{
    say("%s: woken %ld", what, futex(wake_at, operation, 100, NULL, NULL, 0));
    (void)waiter;
}

int main(void)
{
    char *shared = map_shared(2), *private = map_pages(2, PROT_READ | PROT_WRITE), *moved;
    struct timespec soon = {0, 200000000};
    struct waiter waiter = {.word = shared, .operation = FUTEX_WAIT, .timeout = &soon};
    pid_t pid;

    start_waiter(&waiter, wait_main);
    moved = mremap(shared, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, shared + 64 * PAGE);
    NEED(moved != MAP_FAILED);
    one("shared memory, at its new place", &waiter, moved, FUTEX_WAKE);
    join("waiter", &waiter);

    waiter.word = private;
    private[0] = 0;
    start_waiter(&waiter, wait_main);
    moved = mremap(private, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, private + 64 * PAGE);
    NEED(moved != MAP_FAILED);
    one("private memory, at its new place", &waiter, moved, FUTEX_WAKE);
    join("waiter", &waiter);

    /* A write after fork copies the page; the waiter's key stays. */
    waiter.word = private + PAGE;
    private[PAGE] = 0;
    waiter.timeout = NULL;
    start_waiter(&waiter, wait_main);
    pid = fork();
    if (pid == 0) {
        one("in the child", &waiter, private + PAGE, FUTEX_WAKE);
        _exit(0);
    }
    NEED(waitpid(pid, NULL, 0) == pid);
    private[PAGE + 8] = 1;
    one("after a write that copied the page", &waiter, private + PAGE, FUTEX_WAKE);
    join("waiter", &waiter);

    waiter.timeout = &soon;
    waiter.word = private + PAGE;
    start_waiter(&waiter, wait_main);
    NEED(munmap(private + PAGE, PAGE) == 0);
    join("unmapped while it waits", &waiter);
    return 0;
}
