/* stat: its fields, and that addresses are told only to who may look. */
#include "proc.h"

/* Field n, counted from 1, by number. */
static unsigned long field(const char *path, int n)
{
    char *at = strrchr(read_file(path), ')') + 2;

    for (int i = 3; i < n; i++)
        at = strchr(at, ' ') + 1;
    return strtoul(at, NULL, 10);
}

static void user(void *path)
{
    become_user();
    printf("another's: code %lu %lu stack %lu data %lu break %lu arguments %lu\n", field(path, 26),
           field(path, 27), field(path, 28), field(path, 45), field(path, 47), field(path, 48));
}

int main(int argc, char **argv)
{
    const char *self = "/proc/self/stat";
    char path[40], *at = strrchr(read_file(self), ')');
    int fields = 2;

    (void)argc;
    for (; *at; at++)
        fields += *at == ' ';
    printf("fields %d, state %c\n", fields, strrchr(read_file(self), ')')[2]);
    printf("parent %d, group %d, session %d\n", field(self, 4) == (unsigned long)getppid(),
           field(self, 5) == (unsigned long)getpgrp(), field(self, 6) == (unsigned long)getsid(0));
    printf("priority %lu nice %lu threads %lu alarm %lu\n", field(self, 18), field(self, 19),
           field(self, 20), field(self, 21));
    printf("size %d\n",
           field(self, 23) / 1024 == (unsigned long)number_after("/proc/self/status", "VmSize:"));
    printf("main is code: %d\n",
           field(self, 26) <= (uintptr_t)main && (uintptr_t)main < field(self, 27));
    printf("arguments: %d\n", field(self, 48) == (uintptr_t)argv[0]);
    printf("stack: %d\n", field(self, 28) < (uintptr_t)argv && field(self, 28) > (uintptr_t)&at);
    printf("exit signal %lu, processor %lu, policy %lu\n", field(self, 38), field(self, 39),
           field(self, 41));
    snprintf(path, sizeof path, "/proc/%d/stat", (int)getpid());
    in_child(user, path);
    return 0;
}
