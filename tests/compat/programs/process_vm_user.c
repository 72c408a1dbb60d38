/* A user may reach its descendants, as long as they are dumpable, and nobody else. */
#include "probe.h"

#include <sys/prctl.h>
#include <sys/uio.h>

static long peek_at(long pid)
{
    static char buffer[8];
    struct iovec local = {buffer, 8}, remote = {AREA, 8};

    return syscall(SYS_process_vm_readv, pid, &local, 1, &remote, 1, 0);
}

static void user(void *argument)
{
    int wait[2], status;
    pid_t child;
    char byte;

    (void)argument;
    become_user();
    SHOW(prctl(PR_GET_DUMPABLE));
    SHOW(peek_at(getpid()));
    SHOW(pipe(wait));
    child = fork();
    if (child == 0) {
        close(wait[1]);
        read(wait[0], &byte, 1);
        _exit(0);
    }
    SHOW(peek_at(child));
    SHOW(peek_at(getppid()));
    close(wait[1]);
    waitpid(child, &status, 0);
    SHOW(prctl(PR_SET_DUMPABLE, 1));
    SHOW(pipe(wait));
    child = fork();
    if (child == 0) {
        close(wait[1]);
        read(wait[0], &byte, 1);
        _exit(0);
    }
    SHOW(peek_at(child) >= 0);
    close(wait[1]);
    waitpid(child, &status, 0);
}

int main(void)
{
    map_pages(AREA, 1);
    in_child(user, NULL);
    return 0;
}
