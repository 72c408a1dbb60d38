/* Threads that fault the same pages while others unmap, protect and fork: nothing is lost. */
#include "process.h"

#define THREADS 6
#define PAGES   256

static unsigned *pages[8];
static pthread_barrier_t barrier;
static volatile int stop;

static unsigned *word(int region, int page, int thread)
{
    return pages[region] + (size_t)page * PAGE / 4 + thread;
}

static void *write_all(void *argument)
{
    int thread = (int)(long)argument;

    for (int round = 0; round < 8; round++) {
        pthread_barrier_wait(&barrier);
        for (int i = 0; i < PAGES; i++) {
            int page = thread & 1 ? PAGES - 1 - i : i;

            __atomic_fetch_add(word(round, page, THREADS), 1, __ATOMIC_RELAXED);
            *word(round, page, thread) = (unsigned)(page + thread);
            if (i % 32 == thread)
                sched_yield();
        }
    }
    return NULL;
}

static void *disturb(void *argument)
{
    while (!stop) {
        void *at = map_pages(16, PROT_READ | PROT_WRITE);
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        waitpid(pid, NULL, 0);
        munmap(at, 16 * PAGE);
        mprotect(pages[7], PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
        mprotect(pages[7], PAGE, PROT_READ | PROT_WRITE);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS], other;
    int wrong = 0;

    for (int i = 0; i < 8; i++)
        pages[i] = i & 1 ? map_shared(PAGES) : map_pages(PAGES, PROT_READ | PROT_WRITE);
    pthread_barrier_init(&barrier, NULL, THREADS);
    NEED(pthread_create(&other, NULL, disturb, NULL) == 0);
    for (long i = 0; i < THREADS; i++)
        NEED(pthread_create(&threads[i], NULL, write_all, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    stop = 1;
    pthread_join(other, NULL);
    for (int region = 0; region < 8; region++) {
        for (int page = 0; page < PAGES; page++) {
            wrong += *word(region, page, THREADS) != THREADS;
            for (int i = 0; i < THREADS; i++)
                wrong += *word(region, page, i) != (unsigned)(page + i);
        }
    }
    say("wrong words: %d", wrong);
    return 0;
}
