/* membarrier: what there is, who must have asked before, and for whom that holds. */
#include "compat.h"

#include <sys/wait.h>

static long barrier(int command, unsigned flags, int cpu)
{
    return syscall(SYS_membarrier, command, flags, cpu);
}

static void ask_all(void)
{
    for (int bit = -1; bit < 10; bit++) {
        int command = bit < 0 ? 0 : 1 << bit;

        printf("%#x: ", command);
        SHOW(barrier(command, 0, 0));
    }
}

int main(int argc, char **argv)
{
    int commands[] = {16, 64, 256};

    ask_all();
    if (argc > 1)
        return 0;
    for (int i = 0; i < 3; i++) {
        SHOW(barrier(commands[i], 0, 0));
        SHOW(barrier(8, 0, 0));
        SHOW(barrier(32, 0, 0));
        SHOW(barrier(128, 0, 0));
    }
    SHOW(barrier(128, 1, 0));
    SHOW(barrier(128, 1, 1000));
    SHOW(barrier(128, 2, 0));
    SHOW(barrier(8, 1, 0));
    SHOW(barrier(0, 1, 0));
    SHOW(barrier(3, 0, 0));
    SHOW(barrier(-1, 0, 0));
    fflush(stdout);
    if (fork() == 0) {
        ask_all();
        exit(0);
    }
    wait(NULL);
    printf("after exec\n");
    fflush(stdout);
    execl("/proc/self/exe", argv[0], "again", NULL);
    return 1;
}
