/* What names a process or a place: numbers of threads, /proc/PID as a descriptor, "", a directory
 * outside the root. */
#include "compat.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int ready[2], done[2], tid, got;

static void received(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)context;
    got = info->si_value.sival_int;
}

static void *stay(void *unused)
{
    char byte = 0;

    tid = (int)syscall(SYS_gettid);
    write(ready[1], &byte, 1);
    read(done[0], &byte, 1);
    return unused;
}

static void threads(void)
{
    struct sigaction action = {.sa_sigaction = received, .sa_flags = SA_SIGINFO};
    siginfo_t info = {.si_code = SI_QUEUE};
    pthread_t thread;
    char byte;

    sigaction(SIGUSR1, &action, NULL);
    pipe(ready);
    pipe(done);
    pthread_create(&thread, NULL, stay, NULL);
    read(ready[0], &byte, 1);
    info.si_value.sival_int = 777;
    SHOW(syscall(SYS_rt_sigqueueinfo, tid, SIGUSR1, &info));
    SHOW(syscall(SYS_rt_sigqueueinfo, 0x3fffff, SIGUSR1, &info));
    SHOW(kill(tid, 0));
    write(done[1], &byte, 1);
    pthread_join(thread, NULL);
    SHOW(got);
}

static void descriptors(void)
{
    int own = open("/proc/self", O_RDONLY | O_DIRECTORY);
    int place = open("/proc/self", O_PATH | O_DIRECTORY);
    int task = open("/proc/thread-self", O_RDONLY | O_DIRECTORY);
    int other = open("/proc", O_RDONLY | O_DIRECTORY);

    SHOW(syscall(424, own, 0, NULL, 0));
    SHOW(syscall(424, place, 0, NULL, 0));
    SHOW(syscall(424, task, 0, NULL, 0));
    SHOW(syscall(424, other, 0, NULL, 0));
    SHOW(syscall(424, own, 65, NULL, 0));
    SHOW(syscall(438, own, 0, 0)); /* pidfd_getfd takes nothing else */
}

static void places(void)
{
    char text[100] = "";

    SHOW(readlink("", text, sizeof text));
    SHOW(readlink(".", text, sizeof text));
    fflush(stdout);
    if (fork() == 0) {
        mkdir("inner", 0700);
        chroot("inner");
        SHOW(syscall(SYS_getcwd, text, sizeof text) > 13);
        printf("%.13s\n", text);
        exit(0);
    }
    wait(NULL);
}

int main(void)
{
    threads();
    descriptors();
    places();
    return 0;
}
