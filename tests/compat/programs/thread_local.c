/* Thread-local storage, names and numbers of threads; conditions and barriers. */
#include "process.h"

#include <sys/prctl.h>

static __thread int own = 7;
static __thread char text[100] = "initial";
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn, sum, different;

static void *run(void *argument)
{
    int number = (int)(long)argument;
    char name[16] = "?";

    pthread_mutex_lock(&mutex);
    while (turn != number)
        pthread_cond_wait(&changed, &mutex);
    prctl(PR_GET_NAME, name);
    say("%d: own %d text %s name %s", number, own, text, name);
    own = number;
    snprintf(text, sizeof text, "of %d", number);
    snprintf(name, sizeof name, "thread %d", number);
    prctl(PR_SET_NAME, name);
    different += syscall(SYS_gettid) != getpid();
    turn++;
    pthread_cond_broadcast(&changed);
    while (turn != 8)
        pthread_cond_wait(&changed, &mutex);
    prctl(PR_GET_NAME, name);
    sum += own + name[7] - '0';
    pthread_mutex_unlock(&mutex);
    return NULL;
}

int main(void)
{
    pthread_t threads[8];
    struct timespec until;
    int result;

    own = 3;
    prctl(PR_SET_NAME, "first");
    for (long i = 0; i < 8; i++)
        NEED(pthread_create(&threads[i], NULL, run, (void *)i) == 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    say("sum %d different %d own %d", sum, different, own);
    clock_gettime(CLOCK_REALTIME, &until);
    pthread_mutex_lock(&mutex);
    result = pthread_cond_timedwait(&changed, &mutex, &until);
    say("timed wait: %s", error_name(result));
    return 0;
}
