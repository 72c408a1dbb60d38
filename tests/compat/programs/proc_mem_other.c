/* Another process's memory through its mem file: while it lives, after it, and without rights. */
#include "proc.h"

static int wait_pipe[2], ready_pipe[2];

static void child(void)
{
    char byte;

    strcpy(AREA, "child's");
    write(ready_pipe[1], "r", 1);
    read(wait_pipe[0], &byte, 1);
    printf("child sees: %s\n", AREA);
    fflush(stdout);
    _exit(0);
}

int main(void)
{
    char path[64], text[16] = "", byte;
    int fd, maps, pagemap, status;
    off_t at = (off_t)(uintptr_t)AREA;
    uint64_t word;
    pid_t pid;

    map_pages(AREA, 1);
    strcpy(AREA, "parent's");
    pipe(wait_pipe);
    pipe(ready_pipe);
    pid = fork();
    if (pid == 0)
        child();
    read(ready_pipe[0], &byte, 1);
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    fd = open(path, O_RDWR);
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    maps = open(path, O_RDONLY);
    snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
    pagemap = open(path, O_RDONLY);
    SHOW(pread(fd, text, 8, at));
    puts(text);
    SHOW(pwrite(fd, "given", 6, at));
    printf("parent sees: %s\n", AREA);
    write(wait_pipe[1], "w", 1);
    waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
    puts("dead:");
    SHOW(pread(fd, text, 8, at));
    SHOW(pwrite(fd, text, 8, at));
    SHOW(pread(maps, text, 8, 0));
    SHOW(pread(pagemap, &word, 8, at / 512));
    waitpid(pid, &status, 0);
    puts("waited for:");
    SHOW(pread(fd, text, 8, at));
    SHOW(pread(maps, text, 8, 0));
    SHOW(pread(pagemap, &word, 8, at / 512));
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    SHOW(open(path, O_RDONLY));
    return 0;
}
