/* Signals to threads and to processes of several: who takes them, masks of each, stacks of each. */
#include "process.h"

static __thread int mine;
static volatile int taken_by, ready, go;
static pthread_barrier_t barrier;

static void handler(int signo, siginfo_t *info, void *context)
{
    taken_by = mine;
}

static void *blocked_all(void *argument)
{
    sigset_t all;

    mine = (int)(long)argument;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return NULL;
}

static void *open_one(void *argument)
{
    mine = (int)(long)argument;
    pthread_barrier_wait(&barrier);
    while (!go)
        sched_yield();
    pthread_barrier_wait(&barrier);
    return NULL;
}

static void until_taken(const char *what)
{
    while (!taken_by)
        sched_yield();
    say("%s: taken by %d", what, taken_by);
    taken_by = 0;
}

static void *stacks(void *argument)
{
    stack_t stack;

    NEED(sigaltstack(NULL, &stack) == 0);
    say("a new thread's stack: %s", stack.ss_flags & SS_DISABLE ? "none" : "one");
    return NULL;
}

int main(void)
{
    pthread_t threads[3];
    stack_t stack = {.ss_size = 16 * PAGE, .ss_sp = map_pages(16, PROT_READ | PROT_WRITE)};
    sigset_t set, pending;

    mine = 1;
    handle(SIGUSR1, handler, 0);
    handle(SIGUSR2, handler, 0);
    pthread_barrier_init(&barrier, NULL, 4);
    NEED(pthread_create(&threads[0], NULL, blocked_all, (void *)2) == 0);
    NEED(pthread_create(&threads[1], NULL, open_one, (void *)3) == 0);
    NEED(pthread_create(&threads[2], NULL, blocked_all, (void *)4) == 0);
    pthread_barrier_wait(&barrier);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    kill(getpid(), SIGUSR1);
    until_taken("to the process, the first thread is willing");
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR1);
    until_taken("the first blocks it");
    pthread_kill(threads[1], SIGUSR2);
    until_taken("to the thread");
    pthread_kill(threads[0], SIGUSR2);
    sigpending(&pending);
    say("another's pending is not mine: %d", sigismember(&pending, SIGUSR2));
    go = 1;
    raise(SIGUSR1);
    sigpending(&pending);
    say("raised and blocked: pending %d", sigismember(&pending, SIGUSR1));
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    until_taken("unblocked");
    NEED(sigaltstack(&stack, NULL) == 0);
    NEED(pthread_create(&threads[0], NULL, stacks, NULL) == 0);
    pthread_join(threads[0], NULL);
    TRY(syscall(SYS_tgkill, getpid(), getpid(), 0));
    TRY(syscall(SYS_tgkill, getpid(), 999999, 0));
    TRY(syscall(SYS_tkill, 999999, 0));
    return 0;
}
