/*
 * hold MIB PROGRAM [ARGUMENT]...: maps and touches so much memory, says on a line where, and runs
 * the program beside it; in its arguments PID stands for this process's number. Ends as it does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    size_t size = argc > 2 ? strtoul(argv[1], NULL, 10) << 20 : 0;
    static char number[16];
    char *memory;
    int status;
    pid_t child;

    if (size == 0) {
        fprintf(stderr, "usage: hold MIB PROGRAM [ARGUMENT]...\n");
        return 2;
    }
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("hold");
        return 2;
    }
    memset(memory, 1, size);
    snprintf(number, sizeof number, "%d", (int)getpid());
    for (int i = 3; i < argc; i++)
        if (strcmp(argv[i], "PID") == 0)
            argv[i] = number;
    printf("hold %s %lx %zu\n", number, (unsigned long)memory, size >> 10);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
        return 2;
    return WEXITSTATUS(status);
}
