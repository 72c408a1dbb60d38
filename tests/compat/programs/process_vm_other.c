/* Another process's memory: its new pages, copy-on-write kept, its end, and other users. */
#include "probe.h"

#include <sys/uio.h>

static pid_t target;

static void as_user(void *argument)
{
    struct iovec local = {argument, 8}, remote = {argument, 8};

    become_user();
    SHOW(syscall(SYS_process_vm_readv, target, &local, 1, &remote, 1, 0));
    SHOW(syscall(SYS_process_vm_writev, target, &local, 1, &remote, 1, 0));
    SHOW(syscall(SYS_process_vm_readv, (long)getpid(), &local, 1, &remote, 1, 0));
    SHOW(syscall(SYS_process_vm_readv, target, &local, 1, &remote, 0, 0));
}

int main(void)
{
    char *at = map_pages(AREA, 4);
    int to_child[2], to_parent[2], status;
    struct iovec local = {at, 1}, remote = {at, 1};
    char byte;

    fill(at, 4, 'A');
    SHOW(pipe(to_child) | pipe(to_parent));
    target = fork();
    if (target == 0) {
        map_pages(AREA + 16 * PAGE, 1)[0] = 'n';
        at[PAGE] = 'c';
        write(to_parent[1], "x", 1);
        read(to_child[0], &byte, 1);
        _exit(at[0] == 'w' && at[PAGE] == 'c' ? at[3 * PAGE] : 1);
    }
    read(to_parent[0], &byte, 1);
    remote.iov_base = AREA + 16 * PAGE;
    SHOW(syscall(SYS_process_vm_readv, target, &local, 1, &remote, 1, 0));
    printf("%c\n", at[0]);
    remote.iov_base = at + PAGE;
    SHOW(syscall(SYS_process_vm_readv, target, &local, 1, &remote, 1, 0));
    printf("%c %c\n", at[0], at[PAGE]);
    at[2 * PAGE] = 'w';
    local.iov_base = at + 2 * PAGE;
    remote.iov_base = at;
    SHOW(syscall(SYS_process_vm_writev, target, &local, 1, &remote, 1, 0));
    remote.iov_base = at + 3 * PAGE;
    SHOW(syscall(SYS_process_vm_writev, target, &local, 1, &remote, 1, 0));
    pages_of("mine", at, 4);
    in_child(as_user, at);
    write(to_child[1], "x", 1);
    /* It ends, and waits to be reaped. */
    siginfo_t info;
    SHOW(waitid(P_PID, (id_t)target, &info, WEXITED | WNOWAIT));
    SHOW(syscall(SYS_process_vm_readv, target, &local, 1, &remote, 1, 0));
    SHOW(waitpid(target, &status, 0) == target);
    print_status(status);
    SHOW(syscall(SYS_process_vm_readv, target, &local, 1, &remote, 1, 0));
    return 0;
}
