/* A tree of processes four deep that write everywhere: each sees its own values and no other's. */
#include "process.h"

#define PAGES 64

static volatile long *shared;

static int tree(unsigned char *memory, int depth, unsigned path)
{
    int wrong = 0, status;

    for (int i = 0; i < PAGES; i++)
        memory[(size_t)i * PAGE] = (unsigned char)(path * 7 + (unsigned)i);
    if (depth > 0) {
        for (unsigned branch = 0; branch < 3; branch++) {
            pid_t pid = fork();

            NEED(pid >= 0);
            if (pid == 0)
                _exit(tree(memory, depth - 1, path * 3 + branch));
        }
        while (wait(&status) > 0)
            wrong += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    for (int i = 0; i < PAGES; i++)
        wrong += memory[(size_t)i * PAGE] != (unsigned char)(path * 7 + (unsigned)i);
    __atomic_fetch_add(shared, 1, __ATOMIC_RELAXED);
    return wrong != 0;
}

int main(void)
{
    shared = map_shared(1);
    say("wrong %d", tree(map_pages(PAGES, PROT_READ | PROT_WRITE), 4, 1));
    say("processes %ld", *shared);
    return 0;
}
