/* fork in a process of several threads: the child has one, with the caller's number and memory. */
#include "process.h"

#include <dirent.h>

static volatile int running = 0;
static __thread int own;

static void *forever(void *argument)
{
    __atomic_fetch_add(&running, 1, __ATOMIC_SEQ_CST);
    for (;;)
        pause();
    return NULL;
}

static int threads(void)
{
    DIR *directory = opendir("/proc/self/task");
    int count = 0;

    NEED(directory != NULL);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static void *forker(void *argument)
{
    int status;
    pid_t pid;

    own = 42;
    pid = fork();
    if (pid == 0) {
        say("child: threads %d, leader %d, own %d", threads(), getpid() == syscall(SYS_gettid),
            own);
        _exit(0);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    say_status("child", status);
    return NULL;
}

int main(void)
{
    pthread_t thread;

    for (int i = 0; i < 3; i++)
        NEED(pthread_create(&thread, NULL, forever, NULL) == 0);
    while (running < 3)
        sched_yield();
    say("parent: threads %d", threads());
    NEED(pthread_create(&thread, NULL, forker, NULL) == 0);
    pthread_join(thread, NULL);
    return 0;
}
