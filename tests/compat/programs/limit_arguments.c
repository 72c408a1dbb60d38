/* The size of arguments that exec takes: a quarter of the stack's limit, at most 6 MiB, and 128 KiB
 * for one. */
#include "process.h"

static char *words[2000002];
static char *big;

static void run(const char *what, rlim_t stack, size_t count, size_t length)
{
    struct rlimit limit = {stack, RLIM_INFINITY};
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        char *environment[] = {NULL};

        memset(big, 'x', length);
        big[length] = '\0';
        for (size_t i = 0; i < count; i++)
            words[i] = big;
        words[count] = NULL;
        NEED(setrlimit(RLIMIT_STACK, &limit) == 0);
        execve("/proc/self/exe", words, environment);
        say("%s: %s", what, error_name(errno));
        _exit(1);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    say_status(what, status);
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 1 || arguments[0][0] == 'x')
        return 0;
    big = map_pages(64, PROT_READ | PROT_WRITE);
    run("128 KiB less one", 8 << 20, 2, 131071);
    run("128 KiB", 8 << 20, 2, 131072);
    run("a quarter of 8 MiB, less", 8 << 20, 15, 130000);
    run("a quarter of 8 MiB, more", 8 << 20, 17, 130000);
    run("pointers count", 8 << 20, 130000, 7);
    run("pointers count, too many", 8 << 20, 132000, 7);
    run("a stack of 64 MiB takes 6 MiB", 64 << 20, 47, 130000);
    run("and not more", 64 << 20, 50, 130000);
    run("a stack of 256 KiB takes 128 KiB", 256 << 10, 1, 100000);
    run("and not more", 256 << 10, 2, 100000);
    run("no limit takes 6 MiB", RLIM_INFINITY, 47, 130000);
    run("and not more", RLIM_INFINITY, 50, 130000);
    return 0;
}
