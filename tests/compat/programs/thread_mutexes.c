/* pthread mutexes of each kind that the kernel has a part in, when their owner dies or waits. */
#include "process.h"

static pthread_mutex_t *mutex;

static const char *result_name(int result)
{
    return result ? error_name(result) : "0";
}

static void *die_with_it(void *argument)
{
    pthread_mutex_lock(mutex);
    return NULL;
}

static void *count(void *argument)
{
    long *counter = argument;

    for (int i = 0; i < 3000; i++) {
        pthread_mutex_lock(mutex);
        ++*counter;
        if (i % 100 == 0)
            sched_yield();
        pthread_mutex_unlock(mutex);
    }
    return NULL;
}

static int one(const char *name, int robust, int protocol, int shared, int type)
{
    pthread_mutexattr_t attribute;
    pthread_t threads[4];
    long counter = 0;
    int result;

    say("%s", name);
    pthread_mutexattr_init(&attribute);
    pthread_mutexattr_setrobust(&attribute, robust);
    pthread_mutexattr_settype(&attribute, type);
    pthread_mutexattr_setpshared(&attribute, shared);
    result = pthread_mutexattr_setprotocol(&attribute, protocol);
    if (result)
        return result;
    result = pthread_mutex_init(mutex, &attribute);
    if (result)
        return result;
    for (int i = 0; i < 4; i++)
        NEED(pthread_create(&threads[i], NULL, count, &counter) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    say("  counted %ld", counter);
    if (type == PTHREAD_MUTEX_ERRORCHECK) {
        pthread_mutex_lock(mutex);
        say("  again %s", result_name(pthread_mutex_lock(mutex)));
        pthread_mutex_unlock(mutex);
        say("  unlock what is not locked %s", result_name(pthread_mutex_unlock(mutex)));
    }
    if (robust == PTHREAD_MUTEX_ROBUST) {
        NEED(pthread_create(&threads[0], NULL, die_with_it, NULL) == 0);
        pthread_join(threads[0], NULL);
        say("  after the owner died %s", result_name(pthread_mutex_lock(mutex)));
        say("  consistent %s", result_name(pthread_mutex_consistent(mutex)));
        say("  unlock %s", result_name(pthread_mutex_unlock(mutex)));
        say("  lock %s", result_name(pthread_mutex_lock(mutex)));
        pthread_mutex_unlock(mutex);
        NEED(pthread_create(&threads[0], NULL, die_with_it, NULL) == 0);
        pthread_join(threads[0], NULL);
        say("  died again %s", result_name(pthread_mutex_lock(mutex)));
        pthread_mutex_unlock(mutex);
        say("  not made consistent %s", result_name(pthread_mutex_lock(mutex)));
    }
    pthread_mutex_destroy(mutex);
    return 0;
}

/* A process that dies with a robust mutex in shared memory. */
static void across_processes(int protocol)
{
    pthread_mutexattr_t attribute;
    int status;
    pid_t pid;

    pthread_mutexattr_init(&attribute);
    pthread_mutexattr_setrobust(&attribute, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attribute, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setprotocol(&attribute, protocol);
    NEED(pthread_mutex_init(mutex, &attribute) == 0);
    pid = fork();
    if (pid == 0) {
        pthread_mutex_lock(mutex);
        until_state(getppid(), getppid(), 'S');
        _exit(0);
    }
    while (pthread_mutex_trylock(mutex) == 0) {
        pthread_mutex_unlock(mutex);
        sched_yield();
    }
    say("the process died: %s", result_name(pthread_mutex_lock(mutex)));
    waitpid(pid, &status, 0);
}

int main(void)
{
    mutex = map_shared(1);
    for (int shared = PTHREAD_PROCESS_PRIVATE; shared <= PTHREAD_PROCESS_SHARED; shared++) {
        one("plain", PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE, shared, PTHREAD_MUTEX_NORMAL);
        one("error check", PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE, shared,
            PTHREAD_MUTEX_ERRORCHECK);
        one("robust", PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE, shared, PTHREAD_MUTEX_NORMAL);
        one("inheriting", PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT, shared,
            PTHREAD_MUTEX_NORMAL);
        one("inheriting, error check", PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT, shared,
            PTHREAD_MUTEX_ERRORCHECK);
        one("robust, inheriting", PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_INHERIT, shared,
            PTHREAD_MUTEX_NORMAL);
    }
    across_processes(PTHREAD_PRIO_NONE);
    across_processes(PTHREAD_PRIO_INHERIT);
    return 0;
}
