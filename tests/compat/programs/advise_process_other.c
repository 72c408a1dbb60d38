/* process_madvise on another process: alive, ended, of another user. */
#include "advice.h"

#include <sys/uio.h>

static long process_advise(int fd, const void *vectors, size_t count, int number, unsigned flags)
{
    return syscall(SYS_process_madvise, fd, vectors, count, number, flags);
}

static int target;
static struct iovec range;

static void as_user(void *argument)
{
    (void)argument;
    become_user();
    SHOW(process_advise(target, &range, 1, 20, 0));
    SHOW(process_advise(target, &range, 1, 21, 0));
    SHOW(process_advise(target, &range, 1, MADV_WILLNEED, 0));
    SHOW(process_advise(target, &range, 1, MADV_DONTNEED, 0));
}

int main(void)
{
    char *at = anonymous(2);
    int ready[2], status;
    pid_t pid;

    fill(at, 2, 'A');
    range = (struct iovec){at, 2 * PAGE};
    pipe(ready);
    pid = fork();
    if (pid == 0) {
        char byte;

        close(ready[1]);
        read(ready[0], &byte, 1); /* until the parent closes its end */
        _exit(at[0] == 'A' && at[PAGE] == 'B' ? 7 : 8);
    }
    close(ready[0]);
    target = (int)syscall(SYS_pidfd_open, pid, 0);
    SHOW(target >= 0);
    SHOW(process_advise(target, &range, 1, 20, 0));
    SHOW(process_advise(target, &range, 1, 21, 0));
    SHOW(process_advise(target, &range, 1, MADV_WILLNEED, 0));
    SHOW(process_advise(target, &range, 1, MADV_DONTNEED, 0));
    in_child(as_user, NULL);
    close(ready[1]);
    waitpid(pid, &status, 0);
    SHOW(WEXITSTATUS(status));
    SHOW(process_advise(target, &range, 1, 20, 0));
    SHOW(syscall(SYS_pidfd_open, pid, 0));
    return 0;
}
