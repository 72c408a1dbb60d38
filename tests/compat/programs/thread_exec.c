/* execve by a thread that is not the first: it becomes the process, alone. */
#include "process.h"

#include <dirent.h>

static char number[16];

static void *forever(void *argument)
{
    for (;;)
        pause();
    return NULL;
}

static void *run(void *argument)
{
    execl("/proc/self/exe", "self", number, NULL);
    return NULL;
}

static void *fail(void *argument)
{
    execl("/nowhere", "self", number, NULL);
    say("failed: %s", error_name(errno));
    _exit(2);
}

static void start(void *(*main)(void *))
{
    pthread_t thread;

    NEED(pthread_create(&thread, NULL, main, NULL) == 0);
}

static void by_thread(void)
{
    snprintf(number, sizeof number, "%d", getpid());
    start(forever);
    start(run);
    forever(NULL);
}

static void by_leader(void)
{
    snprintf(number, sizeof number, "%d", getpid());
    start(forever);
    start(forever);
    run(NULL);
}

static void failing(void)
{
    start(forever);
    start(fail);
    forever(NULL);
}

static int threads(void)
{
    DIR *directory = opendir("/proc/self/task");
    int count = 0;

    NEED(directory != NULL);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    return count;
}

int main(int count, char **arguments)
{
    if (count > 1) {
        say("same number %d, thread's too %d, threads %d", atoi(arguments[1]) == getpid(),
            syscall(SYS_gettid) == getpid(), threads());
        return 4;
    }
    in_child("by a thread", by_thread);
    in_child("by the leader", by_leader);
    in_child("failing", failing);
    return 0;
}
