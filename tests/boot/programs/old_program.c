/*
 * A program without PT_GNU_STACK is from before anyone told reading from executing: on i386 code on
 * its stack and in its data runs. On x86-64, which always knew, it does not.
 */
#define _GNU_SOURCE
#include "check.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* movl $42, %eax; ret */
static const char code[] = {(char)0xb8, 42, 0, 0, 0, (char)0xc3};
static char in_data[sizeof code] = {1};

static int run_code(char *place)
{
    memcpy(place, code, sizeof code);
    return ((int (*)(void))place)();
}

/* This program without that header. */
static void make_old(const char *path)
{
    static char image[8 << 20];
    ElfW(Ehdr) *header = (void *)image;
    ElfW(Phdr) * segment;
    int from = open("/proc/self/exe", O_RDONLY), to = open(path, O_CREAT | O_WRONLY, 0755);
    ssize_t size = read(from, image, sizeof image);

    check(size > 0 && size < (ssize_t)sizeof image);
    segment = (void *)(image + header->e_phoff);
    for (int i = 0; i < header->e_phnum; i++)
        if (segment[i].p_type == PT_GNU_STACK)
            segment[i].p_type = PT_NULL;
    check(write(to, image, (size_t)size) == size);
    close(from);
    close(to);
}

static int status_of(const char *path, const char *where)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        execl(path, path, where, NULL);
        _exit(1);
    }
    check(waitpid(child, &status, 0) == child);
    return status;
}

static void old_program(void)
{
    static const char *const places[] = {"stack", "data"};

    make_old("/tmp/old");
    for (int i = 0; i < 2; i++) {
        int status = status_of("/tmp/old", places[i]);

        if (sizeof(long) == 4)
            check(WIFEXITED(status) && WEXITSTATUS(status) == 42);
        else
            check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    }
    unlink("/tmp/old");
}

int main(int argc, char **argv)
{
    char on_stack[sizeof code];

    if (argc > 1)
        return run_code(strcmp(argv[1], "stack") == 0 ? on_stack : in_data);
    run(old_program);
    return check_failures != 0;
}
