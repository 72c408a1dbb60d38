/* wait4 and waitid: statuses, options, zombies, orphans and who takes them. */
#include "process.h"

#include <sys/prctl.h>

static pid_t start(int code)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (code >= 0)
            _exit(code);
        for (;;)
            pause();
    }
    NEED(pid > 0);
    return pid;
}

static void signalled(int signo)
{
    pid_t pid = start(-1);
    int status;
    char what[24];

    kill(pid, signo);
    NEED(waitpid(pid, &status, 0) == pid);
    snprintf(what, sizeof what, "signal %d", signo);
    say_status(what, status);
}

static void by_waitid(const char *what, int type, id_t id, int options, pid_t expected)
{
    siginfo_t info;
    int result;

    memset(&info, 0xff, sizeof info);
    result = (int)syscall(SYS_waitid, type, id, &info, options, NULL);
    if (result != 0)
        say("%s: %s", what, error_name(errno));
    else
        say("%s: signo %d code %d status %d mine %d", what, info.si_signo, info.si_code,
            info.si_signo ? info.si_status : 0, info.si_signo ? info.si_pid == expected : 0);
}

int main(void)
{
    static const int signals[] = {SIGHUP, SIGKILL, SIGTERM, SIGUSR1, SIGALRM, SIGVTALRM, 40, 64};
    struct rusage usage;
    int status, ends[2];
    pid_t pid, other;
    char byte;

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signalled(signals[i]);
    pid = start(300 & 0xff);
    NEED(waitpid(pid, &status, 0) == pid);
    say_status("exit 300", status);
    pid = start(-1);
    say("none yet %d", waitpid(pid, &status, WNOHANG));
    TRY(waitpid(999999, &status, WNOHANG));
    TRY(waitpid(-999999, &status, WNOHANG));
    kill(pid, SIGSTOP);
    NEED(waitpid(pid, &status, WUNTRACED) == pid);
    say_status("stopped", status);
    say("told once %d", waitpid(pid, &status, WUNTRACED | WNOHANG));
    by_waitid("stopped again", P_PID, (id_t)pid, WSTOPPED | WNOHANG, pid);
    kill(pid, SIGCONT);
    by_waitid("continued, kept", P_PID, (id_t)pid, WCONTINUED | WNOWAIT, pid);
    by_waitid("continued", P_PID, (id_t)pid, WCONTINUED, pid);
    by_waitid("nothing", P_PID, (id_t)pid, WCONTINUED | WNOHANG, pid);
    kill(pid, SIGKILL);
    by_waitid("killed, kept", P_ALL, 0, WEXITED | WNOWAIT, pid);
    NEED(wait4(pid, &status, 0, &usage) == pid);
    say("times %d", usage.ru_utime.tv_sec >= 0 && usage.ru_stime.tv_sec >= 0);
    by_waitid("gone", P_PID, (id_t)pid, WEXITED, pid);
    by_waitid("no option", P_ALL, 0, WNOHANG, pid);
    by_waitid("unknown option", P_ALL, 0, WEXITED | 0x40, pid);
    by_waitid("unknown type", 9, 0, WEXITED, pid);
    by_waitid("pid 0", P_PID, 0, WEXITED, pid);
    pid = start(3);
    TRY_OK(syscall(SYS_waitid, P_PID, pid, NULL, WEXITED, NULL));
    pid = start(4);
    errno = 0;
    say("bad status address: %ld %s", syscall(SYS_wait4, pid, 8, 0, NULL), error_name(errno));
    TRY(waitpid(pid, &status, 0));

    say("an orphan goes to the subreaper");
    NEED(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && pipe(ends) == 0);
    pid = fork();
    if (pid == 0) {
        other = fork();
        if (other == 0) {
            NEED(read(ends[0], &byte, 1) == 1);
            _exit(12);
        }
        _exit(11);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    say_status("child", status);
    NEED(write(ends[1], "x", 1) == 1);
    NEED(wait(&status) > 0);
    say_status("grandchild", status);
    return 0;
}
