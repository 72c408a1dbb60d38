/* cmdline, environ and auxv show what lies on the stack now. */
#include "proc.h"

#include <elf.h>
#include <link.h>

extern char **environ;

static void show(const char *path)
{
    int fd = open(path, O_RDONLY);
    char text[200];
    ssize_t n = read(fd, text, sizeof text - 1);

    printf("%s:", path);
    for (ssize_t i = 0; i < n; i++)
        putchar(text[i] ? text[i] : '|');
    puts("");
    close(fd);
}

int main(int argc, char **argv)
{
    ElfW(auxv_t) pairs[40];
    char *arguments[] = {"program", "two words", "", "last", NULL},
         *variables[] = {"A=1", "B=2", NULL};
    ssize_t n;
    int fd;

    if (argc == 1) {
        execve("/proc/self/exe", arguments, variables);
        return 1;
    }
    show("/proc/self/cmdline");
    show("/proc/self/environ");
    argv[1][0] = 'T';
    environ[0][2] = '9';
    show("/proc/self/cmdline");
    show("/proc/self/environ");
    fd = open("/proc/self/auxv", O_RDONLY);
    n = read(fd, pairs, sizeof pairs);
    for (size_t i = 0; i < (size_t)n / sizeof pairs[0]; i++)
        switch (pairs[i].a_type) {
        case AT_PAGESZ:
            printf("page size %lu\n", (unsigned long)pairs[i].a_un.a_val);
            break;
        case AT_UID:
            printf("uid %lu\n", (unsigned long)pairs[i].a_un.a_val);
            break;
        case AT_CLKTCK:
            printf("ticks %lu\n", (unsigned long)pairs[i].a_un.a_val);
            break;
        case AT_EXECFN:
            printf("file %s\n", (char *)pairs[i].a_un.a_val);
            break;
        default:
            break;
        }
    return 0;
}
