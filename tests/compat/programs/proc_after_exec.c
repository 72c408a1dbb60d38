/* Files of /proc/PID opened before the process executes another program do not show the new one. */
#include "proc.h"

int main(int argc, char **argv)
{
    int ready[2], go[2], maps, mem, environ_file, status;
    char path[64], text[64], byte;
    pid_t pid;

    if (argc > 1) { /* the new program */
        map_pages(AREA, 1);
        AREA[0] = 'n';
        write(atoi(argv[1]), "r", 1);
        read(atoi(argv[2]), &byte, 1);
        return 0;
    }
    pipe(ready);
    pipe(go);
    pid = fork();
    if (pid == 0) {
        char a[12], b[12];

        map_pages(AREA, 1);
        AREA[0] = 'o';
        write(ready[1], "r", 1);
        read(go[0], &byte, 1);
        snprintf(a, sizeof a, "%d", ready[1]);
        snprintf(b, sizeof b, "%d", go[0]);
        execl("/proc/self/exe", "again", a, b, NULL);
        _exit(1);
    }
    read(ready[0], &byte, 1);
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    maps = open(path, O_RDONLY);
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    environ_file = open(path, O_RDONLY);
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    mem = open(path, O_RDONLY);
    printf("before: maps %d, mem %d %c\n", pread(maps, text, 8, 0) > 0,
           (int)pread(mem, text, 1, (off_t)(uintptr_t)AREA), text[0]);
    write(go[1], "g", 1);
    read(ready[0], &byte, 1);
    printf("after: maps %d, mem %d, environ %d\n", (int)pread(maps, text, 8, 0),
           (int)pread(mem, text, 1, (off_t)(uintptr_t)AREA), (int)pread(environ_file, text, 1, 0));
    close(mem);
    mem = open(path, O_RDONLY);
    printf("opened again: mem %d %c\n", (int)pread(mem, text, 1, (off_t)(uintptr_t)AREA), text[0]);
    write(go[1], "g", 1);
    waitpid(pid, &status, 0);
    print_status(status);
    return 0;
}
