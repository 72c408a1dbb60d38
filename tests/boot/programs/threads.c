/* Threads: creation, joining, mutexes, condition variables, thread storage, cancellation; what exec
 * and exit do to them. */
#define _GNU_SOURCE
#include "check.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *self;

#define THREADS 8
#define ROUNDS  2000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long counter, turn;
static _Thread_local long own;

static void *count(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        own++;
        if (i % 100 == 0)
            sched_yield();
        pthread_mutex_unlock(&mutex);
    }
    return (void *)((intptr_t)argument + own);
}

static void counting(void)
{
    pthread_t threads[THREADS];

    counter = 0;
    for (intptr_t i = 0; i < THREADS; i++)
        check(pthread_create(&threads[i], NULL, count, (void *)i) == 0);
    for (intptr_t i = 0; i < THREADS; i++) {
        void *result;
        check(pthread_join(threads[i], &result) == 0 && (intptr_t)result == i + ROUNDS);
    }
    check(counter == THREADS * ROUNDS && own == 0);
}

static void *take_turns(void *argument)
{
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % THREADS != (intptr_t)argument)
            pthread_cond_wait(&condition, &mutex);
        turn++;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void turns(void)
{
    pthread_t threads[THREADS];
    struct timespec soon;

    turn = 0;
    for (intptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, take_turns, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    check(turn == THREADS * 200);

    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 20000000;
    if (soon.tv_nsec >= 1000000000) {
        soon.tv_nsec -= 1000000000;
        soon.tv_sec++;
    }
    pthread_mutex_lock(&mutex);
    check(pthread_cond_timedwait(&condition, &mutex, &soon) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

static void *forever(void *argument)
{
    (void)argument;
    for (;;)
        pause();
    return NULL;
}

static void *busy(void *argument)
{
    (void)argument;
    for (;;)
        continue;
    return NULL;
}

static void cancelling(void)
{
    pthread_t thread;
    void *result;

    pthread_create(&thread, NULL, forever, NULL);
    check(pthread_cancel(thread) == 0);
    check(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
}

static volatile sig_atomic_t handled_by;

static void note_thread(int signo)
{
    (void)signo;
    handled_by = (int)syscall(SYS_gettid);
}

static pid_t other_tid;
static sem_t ready;

static void *wait_for_signal(void *argument)
{
    (void)argument;
    other_tid = (pid_t)syscall(SYS_gettid);
    sem_post(&ready);
    while (!handled_by)
        usleep(1000);
    return NULL;
}

static void thread_signals(void)
{
    pthread_t thread;
    sigset_t set;

    sem_init(&ready, 0, 0);
    signal(SIGUSR1, note_thread);
    pthread_create(&thread, NULL, wait_for_signal, NULL);
    while (sem_wait(&ready) != 0)
        continue;
    check(other_tid != getpid());
    /* One thread's own, then the process's while the first thread blocks it. */
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, NULL);
    check(handled_by == other_tid);
    handled_by = 0;
    pthread_create(&thread, NULL, wait_for_signal, NULL);
    while (sem_wait(&ready) != 0)
        continue;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR1);
    pthread_join(thread, NULL);
    check(handled_by == other_tid);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    check_error(syscall(SYS_tgkill, getpid(), 999999, 0), ESRCH);
    check(syscall(SYS_tgkill, getpid(), getpid(), 0) == 0);
}

/* ---- the end of many ---- */

static void *exit_all(void *argument)
{
    (void)argument;
    exit(21);
}

static void *exec_it(void *argument)
{
    (void)argument;
    execl(self, self, "child", NULL);
    return NULL;
}

static void *fault(void *argument)
{
    (void)argument;
    *(volatile int *)8 = 1;
    return NULL;
}

static int end_by(void *(*deed)(void *), void *(*others)(void *))
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        pthread_t thread;
        for (int i = 0; i < 4; i++)
            pthread_create(&thread, NULL, others, NULL);
        pthread_create(&thread, NULL, deed, NULL);
        for (;;)
            pause();
    }
    check(waitpid(child, &status, 0) == child);
    return status;
}

static void endings(void)
{
    check(WEXITSTATUS(end_by(exit_all, forever)) == 21);
    check(WEXITSTATUS(end_by(exit_all, busy)) == 21);
    check(WEXITSTATUS(end_by(exec_it, forever)) == 44);
    check(WEXITSTATUS(end_by(exec_it, busy)) == 44);
    check(WTERMSIG(end_by(fault, forever)) == SIGSEGV);
    check(WTERMSIG(end_by(fault, busy)) == SIGSEGV);

    /* The first thread may leave before the others; the process lives until the last. */
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, (void *(*)(void *))(void (*)(void))exit_all, NULL);
        pthread_exit(NULL);
    }
    check(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 21);
    child = fork();
    if (child == 0) {
        pthread_t thread;
        for (int i = 0; i < 4; i++)
            pthread_create(&thread, NULL, busy, NULL);
        usleep(5000);
        pause();
    }
    usleep(10000);
    kill(child, SIGKILL);
    check(waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGKILL);
}

/* ---- locks whose owner dies ---- */

static void *die_holding(void *argument)
{
    pthread_mutex_lock(argument);
    return NULL;
}

static void robust(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t *shared =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_t thread;
    int status;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(shared, &attributes);
    pthread_create(&thread, NULL, die_holding, shared);
    pthread_join(thread, NULL);
    check(pthread_mutex_lock(shared) == EOWNERDEAD);
    check(pthread_mutex_consistent(shared) == 0);
    pthread_mutex_unlock(shared);

    pid_t child = fork();
    if (child == 0) {
        pthread_mutex_lock(shared);
        _exit(0);
    }
    check(waitpid(child, &status, 0) == child);
    check(pthread_mutex_lock(shared) == EOWNERDEAD);
    pthread_mutex_consistent(shared);
    pthread_mutex_unlock(shared);

    /* A lock that two processes share. */
    volatile long *sum = (long *)((char *)shared + 2048);
    child = fork();
    for (int i = 0; i < 3000; i++) {
        pthread_mutex_lock(shared);
        long now = *sum;
        if (i % 50 == 0)
            sched_yield();
        *sum = now + 1;
        pthread_mutex_unlock(shared);
    }
    if (child == 0)
        _exit(0);
    check(waitpid(child, &status, 0) == child && *sum == 6000);
    munmap(shared, 4096);
}

/* ---- futex(2) itself ---- */

enum {
    FUTEX_WAIT = 0,
    FUTEX_WAKE = 1,
    FUTEX_CMP_REQUEUE = 4,
    FUTEX_WAKE_OP = 5,
    FUTEX_WAIT_BITSET = 9,
    FUTEX_PRIVATE_FLAG = 128,
};

static uint32_t word, word2;

static long futex(uint32_t *address, int operation, uint32_t value, const struct timespec *timeout,
                  uint32_t *address2, uint32_t value3)
{
    return syscall(SYS_futex, address, operation, value, timeout, address2, value3);
}

static volatile int woken;

static void *wait_on_word(void *argument)
{
    (void)argument;
    sem_post(&ready);
    if (futex(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0) == 0)
        __atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void futexes(void)
{
    struct timespec brief = {0, 10000000};
    pthread_t threads[4];
    long moved = 0;

    check_error(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0), EAGAIN);
    check_error(futex(&word, FUTEX_WAIT, 0, &brief, NULL, 0), ETIMEDOUT);
    check_error(futex((uint32_t *)((char *)&word + 1), FUTEX_WAIT, 0, &brief, NULL, 0), EINVAL);
    check_error(futex((uint32_t *)8, FUTEX_WAIT, 0, &brief, NULL, 0), EFAULT);
    check_error(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
    check_error(futex(&word, 99, 0, NULL, NULL, 0), ENOSYS);
    check(futex(&word, FUTEX_WAKE, 10, NULL, NULL, 0) == 0);
    sem_init(&ready, 0, 0);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, wait_on_word, NULL);
    for (int i = 0; i < 4; i++)
        while (sem_wait(&ready) != 0)
            continue;
    check_error(futex(&word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 1, (void *)10, &word2, 5),
                EAGAIN);
    /* All four wait or soon will: one is woken, three move to the other word. */
    while (moved < 4) {
        moved +=
            futex(&word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, moved == 0, (void *)10, &word2, 0);
        usleep(1000);
    }
    check(moved == 4);
    check(futex(&word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 10, NULL, NULL, 0) == 0);
    check(futex(&word2, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 10, NULL, NULL, 0) == 3);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    check(woken == 4);
    /* word2 = word2 + 5, old value was 0. */
    check(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &word2,
                1u << 28 | 5u << 12 /* add 5; compare: equal to 0 */) == 0 &&
          word2 == 5);
}

int main(int argc, char **argv)
{
    static char path[PATH_MAX];

    if (argc > 1)
        return getpid() == (pid_t)syscall(SYS_gettid) ? 44 : 45;
    self = realpath(argv[0], path);
    run(counting);
    run(turns);
    run(cancelling);
    run(thread_signals);
    run(endings);
    run(robust);
    run(futexes);
    return check_failures != 0;
}
