/* RLIMIT_NPROC: fork and threads of an ordinary user; uid 0 is free of it. */
#include "process.h"

static void set(rlim_t soft)
{
    struct rlimit limit = {soft, soft};

    NEED(setrlimit(RLIMIT_NPROC, &limit) == 0);
}

static int fork_many(int wanted)
{
    pid_t pids[8];
    int made = 0, status;

    while (made < wanted) {
        pid_t pid = fork();

        if (pid == 0)
            for (;;)
                pause();
        if (pid < 0)
            break;
        pids[made++] = pid;
    }
    if (made < wanted)
        say("then %s", error_name(errno));
    for (int i = 0; i < made; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], &status, 0);
    }
    return made;
}

static void *sleeper(void *argument)
{
    for (;;)
        pause();
    return NULL;
}

static void as_nobody(void)
{
    pthread_t thread;
    int result, threads = 0;

    set(4);
    NEED(setgid(54321) == 0 && setuid(54321) == 0);
    say("made %d", fork_many(8));
    while ((result = pthread_create(&thread, NULL, sleeper, NULL)) == 0 && threads < 8)
        threads++;
    say("threads %d, then %s", threads, result ? error_name(result) : "no error");
    say("made %d", fork_many(8));
}

static void as_root(void)
{
    set(1);
    say("made %d", fork_many(4));
}

int main(void)
{
    in_child("another user", as_nobody);
    in_child("uid 0", as_root);
    return 0;
}
