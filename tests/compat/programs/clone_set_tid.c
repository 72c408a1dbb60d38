/* The numbers that clone writes: parent's, child's, at its end; and one that the caller chooses. */
#include "process.h"

struct arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
};

int main(void)
{
    volatile pid_t *shared = map_shared(1);
    pid_t parent = -1, child = -1, wanted = 23456;
    int status;
    struct arguments arguments = {.exit_signal = SIGCHLD};
    long pid;

    pid = syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, &parent, &child,
                  0);
    if (pid == 0) {
        CHECK(child == getpid());
        CHECK(parent == getpid());
        _exit(0);
    }
    NEED(waitpid((pid_t)pid, &status, 0) == pid);
    CHECK(parent == pid);
    CHECK(child == -1);

    shared[0] = shared[1] = 7;
    pid = syscall(SYS_clone, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, 0, NULL,
                  &shared[0], 0);
    if (pid == 0) {
        CHECK(shared[0] == getpid());
        _exit(0);
    }
    NEED(waitpid((pid_t)pid, &status, 0) == pid);
    say("cleared without others in the memory: %d", shared[0] == 0);

    pid = syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, 8, NULL, 0);
    if (pid == 0)
        _exit(4);
    say("a bad address of the parent's: %s", pid > 0 ? "made" : error_name(errno));
    NEED(waitpid((pid_t)pid, &status, 0) == pid);
    say_status("it", status);
    pid = syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, 0, NULL, 8, 0);
    if (pid == 0)
        _exit(4);
    NEED(waitpid((pid_t)pid, &status, 0) == pid);
    say_status("a bad address of the child's", status);

    arguments.set_tid = (uintptr_t)&wanted;
    arguments.set_tid_size = 1;
    pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
        CHECK(getpid() == wanted);
        CHECK(syscall(SYS_gettid) == wanted);
        pause();
    }
    until_state((int)pid, (int)pid, 'S');
    CHECK(pid == wanted);
    TRY(syscall(SYS_clone3, &arguments, sizeof arguments));
    kill((pid_t)pid, SIGKILL);
    NEED(waitpid((pid_t)pid, &status, 0) == pid);
    pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0)
        _exit(6);
    CHECK(pid == wanted);
    NEED(waitpid((pid_t)pid, &status, 0) == pid);
    say_status("chosen again", status);
    return 0;
}
