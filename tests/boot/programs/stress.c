/*
 * Many processes that do everything at once: fork, vfork, exec, threads, pipes, mappings, timers,
 * signals to each other, stops and continues, sudden deaths. All of it must come to an end, nothing
 * may be left over, and memory that nobody shares must stay what it was.
 *
 *   stress [SEED [ROUNDS]]
 */
#define _GNU_SOURCE
#include "check.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 12

static uint64_t state;
static char *self;
static pid_t *workers; /* shared by all */

static uint64_t random64(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1dull;
}

static volatile sig_atomic_t ticks;

static void tick(int signo)
{
    (void)signo;
    ticks++;
}

static void reap(pid_t child)
{
    while (child > 0 && waitpid(child, NULL, 0) == -1 && errno == EINTR)
        continue;
}

/* Ends at once, or after a while by someone's hand. */
static void short_life(void)
{
    pid_t child = fork();

    if (child == 0) {
        switch (random64() % 4) {
        case 0:
            _exit(1);
        case 1:
            raise(SIGKILL);
            break;
        case 2:
            *(volatile int *)16 = 1;
            break;
        default:
            usleep(500);
            _exit(0);
        }
    }
    if (random64() % 4 == 0)
        kill(child, SIGKILL);
    reap(child);
}

static void new_program(void)
{
    pid_t child = random64() % 2 ? vfork() : fork();

    if (child == 0) {
        execl(self, self, "nothing", "at", "all", NULL);
        _exit(127);
    }
    reap(child);
}

static void *own_thread(void *argument)
{
    if ((intptr_t)argument == 0)
        usleep(300);
    return NULL;
}

static void threads(void)
{
    pthread_t some[3];
    int count = 0;

    while (count < 3 &&
           pthread_create(&some[count], NULL, own_thread, (void *)(intptr_t)(count % 2)) == 0)
        count++;
    while (count > 0)
        pthread_join(some[--count], NULL);
}

/* Writes before, between and after a fork must stay apart. */
static void copies(void)
{
    size_t pages = 1 + random64() % 40;
    char *memory =
        mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int status = 0;

    if (memory == MAP_FAILED)
        return;
    for (size_t i = 0; i < pages; i++)
        memory[i * 4096] = (char)i;
    pid_t child = fork();
    for (size_t i = 0; i < pages; i += 1 + random64() % 3) {
        if (memory[i * 4096] != (char)i)
            abort();
        memory[i * 4096 + 1] = child == 0 ? 'c' : 'p';
    }
    for (size_t i = 0; i < pages; i++)
        if (memory[i * 4096] != (char)i || memory[i * 4096 + 1] == (child == 0 ? 'p' : 'c'))
            abort();
    if (child == 0)
        _exit(0);
    while (child > 0 && waitpid(child, &status, 0) == -1 && errno == EINTR)
        continue;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
        abort();
    munmap(memory, pages * 4096);
}

static void through_pipe(void)
{
    int ends[2];
    char buffer[5000];
    size_t total = 0;
    ssize_t n;

    if (pipe(ends) != 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        memset(buffer, 'x', sizeof buffer);
        for (int i = 0; i < 20; i++)
            for (size_t at = 0; at < sizeof buffer;)
                if ((n = write(ends[1], buffer + at, sizeof buffer - at)) > 0)
                    at += (size_t)n;
        _exit(0);
    }
    close(ends[1]);
    while ((n = read(ends[0], buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR))
        total += n > 0 ? (size_t)n : 0;
    close(ends[0]);
    reap(child);
    if (child > 0 && total != 20 * sizeof buffer)
        abort();
}

static void disturb(void)
{
    static const int signals[] = {SIGUSR1, SIGUSR1, SIGSTOP, SIGCONT, SIGALRM};
    pid_t other = workers[random64() % WORKERS];

    if (other > 0 && other != getpid()) {
        kill(other, signals[random64() % 5]);
        kill(other, SIGCONT);
    }
}

static void work(int rounds)
{
    struct itimerval often = {{0, 3000}, {0, 3000}};
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};

    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < rounds; i++) {
        switch (random64() % 7) {
        case 0:
            short_life();
            break;
        case 1:
            new_program();
            break;
        case 2:
            threads();
            break;
        case 3:
            copies();
            break;
        case 4:
            through_pipe();
            break;
        default:
            disturb();
            break;
        }
    }
}

int main(int argc, char **argv)
{
    static char path[PATH_MAX];
    int rounds = 60;

    if (argc > 3)
        return 0;
    state = argc > 1 ? strtoull(argv[1], NULL, 0) : 7;
    if (argc > 2)
        rounds = atoi(argv[2]);
    self = realpath(argv[0], path);
    printf("seed %llu\n", (unsigned long long)state);
    fflush(stdout);
    workers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < WORKERS; i++) {
        uint64_t seed = random64() | 1;
        pid_t child = fork();

        if (child == 0) {
            state = seed;
            signal(SIGUSR1, SIG_IGN);
            work(rounds);
            workers[i] = 0;
            _exit(0);
        }
        check(child > 0);
        workers[i] = child;
    }
    for (int left = WORKERS; left > 0;) {
        int status = -1;
        pid_t child = waitpid(-1, &status, WUNTRACED);

        if (child > 0 && WIFSTOPPED(status)) {
            kill(child, SIGCONT); /* stopped by one that then died */
            continue;
        }
        check(child > 0);
        /* A disturbance may strike before the handlers are there, or after a new program has none.
         */
        check(WIFEXITED(status) ? WEXITSTATUS(status) == 0
                                : WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGUSR1);
        left--;
    }
    check(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
    printf("%s\n", check_failures ? "FAILED" : "ok");
    return check_failures != 0;
}
