/* setrlimit and prlimit: soft and hard, who may raise, what is inherited. */
#include "process.h"

static void show(const char *what, int resource)
{
    struct rlimit limit;

    NEED(getrlimit(resource, &limit) == 0);
    say("%s: %lu %lu", what, (unsigned long)limit.rlim_cur, (unsigned long)limit.rlim_max);
}

static int set(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit limit = {soft, hard};

    return setrlimit(resource, &limit);
}

static int parent;

static void as_nobody(void)
{
    struct rlimit limit;

    NEED(setgid(65534) == 0 && setuid(65534) == 0);
    show("inherited", RLIMIT_NOFILE);
    TRY(set(RLIMIT_NOFILE, 50, 60));
    TRY(set(RLIMIT_NOFILE, 60, 60));
    TRY(set(RLIMIT_NOFILE, 61, 60));
    TRY(set(RLIMIT_NOFILE, 60, 61));
    TRY(set(RLIMIT_NOFILE, 10, 60));
    show("lowered", RLIMIT_NOFILE);
    TRY(syscall(SYS_prlimit64, parent, RLIMIT_NOFILE, NULL, &limit));
    TRY(syscall(SYS_prlimit64, 1, RLIMIT_NOFILE, NULL, &limit));
}

int main(int count, char **arguments)
{
    struct rlimit limit = {100, 200}, old;
    int status;
    pid_t pid;

    if (count > 1) {
        show("after exec", RLIMIT_NOFILE);
        return 0;
    }
    parent = getpid();
    show("cpu", RLIMIT_CPU);
    show("file size", RLIMIT_FSIZE);
    show("data", RLIMIT_DATA);
    show("stack", RLIMIT_STACK);
    show("core", RLIMIT_CORE);
    show("resident", RLIMIT_RSS);
    show("address space", RLIMIT_AS);
    show("locks", RLIMIT_LOCKS);
    show("message queues", RLIMIT_MSGQUEUE);
    show("nice", RLIMIT_NICE);
    show("realtime priority", RLIMIT_RTPRIO);
    show("realtime time", RLIMIT_RTTIME);
    TRY(syscall(SYS_getrlimit, 16, &limit));
    TRY(syscall(SYS_getrlimit, -1, &limit));
    TRY(syscall(SYS_getrlimit, RLIMIT_NOFILE, 8));
    TRY(syscall(SYS_setrlimit, RLIMIT_NOFILE, 8));
    TRY(syscall(SYS_setrlimit, RLIMIT_NOFILE, NULL));
    TRY(syscall(SYS_prlimit64, 0, 16, NULL, NULL));
    TRY(syscall(SYS_prlimit64, 999999, RLIMIT_NOFILE, NULL, NULL));
    TRY(syscall(SYS_prlimit64, -1, RLIMIT_NOFILE, NULL, NULL));
    TRY(set(RLIMIT_NOFILE, 100, 50));
    TRY(set(RLIMIT_NOFILE, 100, 2000000));
    TRY(set(RLIMIT_NOFILE, RLIM_INFINITY, RLIM_INFINITY));
    TRY(set(RLIMIT_NOFILE, 100, 200));
    TRY(set(RLIMIT_NOFILE, 100, 300));
    pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", "self", "again", NULL);
        _exit(1);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    in_child("another user", as_nobody);
    pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    limit = (struct rlimit){30, 40};
    TRY(syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, &limit, &old));
    say("old %lu %lu", (unsigned long)old.rlim_cur, (unsigned long)old.rlim_max);
    TRY(syscall(SYS_prlimit64, pid, RLIMIT_NOFILE, NULL, &old));
    say("new %lu %lu", (unsigned long)old.rlim_cur, (unsigned long)old.rlim_max);
    TRY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, 8));
    show("set although the old was not told", RLIMIT_NOFILE);
    kill(pid, SIGKILL);
    NEED(waitpid(pid, &status, 0) == pid);
    return 0;
}
