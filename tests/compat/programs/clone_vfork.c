/* vfork: the parent waits until the child execs or exits; memory is shared; signals wait. */
#include "process.h"

static volatile int value;

static void handler(int signo, siginfo_t *info, void *context)
{
    say("handler");
}

int main(int count, char **arguments)
{
    int status;
    pid_t pid;

    if (count > 1) {
        say("in the new program %s", arguments[1]);
        return 8;
    }
    pid = vfork();
    if (pid == 0) {
        value = 5;
        _exit(3);
    }
    say("value %d", value);
    NEED(waitpid(pid, &status, 0) == pid);
    say_status("exit", status);
    value = 0;
    pid = vfork();
    if (pid == 0) {
        value = 6;
        execl("/proc/self/exe", "self", "word", NULL);
        _exit(9);
    }
    {
        int seen = value;

        NEED(waitpid(pid, &status, 0) == pid);
        say("value %d", seen);
    }
    say_status("exec", status);
    pid = vfork();
    if (pid == 0) {
        execl("/nowhere", "nowhere", NULL);
        value = errno;
        _exit(9);
    }
    say("exec failed with %s", error_name(value));
    NEED(waitpid(pid, &status, 0) == pid);
    pid = vfork();
    if (pid == 0) {
        kill(getpid(), SIGKILL);
        for (;;)
            ;
    }
    NEED(waitpid(pid, &status, 0) == pid);
    say_status("killed", status);
    handle(SIGUSR1, handler, 0);
    pid = vfork();
    if (pid == 0) {
        kill(getppid(), SIGUSR1);
        say("sent");
        _exit(0);
    }
    say("parent runs");
    NEED(waitpid(pid, &status, 0) == pid);
    return 0;
}
