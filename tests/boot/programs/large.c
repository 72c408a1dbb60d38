/*
 * Files beyond 2 GiB without O_LARGEFILE, which only 32 bits tell apart; READ_IMPLIES_EXEC for what
 * is mapped, protected and gained later. As Linux does it: generic_write_checks, personality(2).
 */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALL_MAX   0x7fffffffll
#define LARGE_FLAG  0100000
#define HAS_TO_TELL (sizeof(long) == 4)

/* The C library would add the flag or not as it was compiled. */
static int open_raw(int flags)
{
    return (int)syscall(SYS_open, "/tmp/large", flags, 0600);
}

static long write_at(int fd, long long at, size_t length)
{
    static const char bytes[16];

#ifdef __x86_64__
    return syscall(SYS_pwrite64, fd, bytes, length, at);
#else
    return syscall(SYS_pwrite64, fd, bytes, length, (long)at, (long)(at >> 32));
#endif
}

static void large(void)
{
    int fd = open_raw(O_RDWR | O_CREAT | O_TRUNC), with;

    check(fd >= 0);
    check(write_at(fd, SMALL_MAX - 1, 1) == 1);
    if (HAS_TO_TELL) {
        check(write_at(fd, SMALL_MAX - 2, 8) == 2);
        check_error(write_at(fd, SMALL_MAX, 1), EFBIG);
        check_error(write_at(fd, 0x100000000, 1), EFBIG);
    } else {
        check(write_at(fd, SMALL_MAX - 2, 8) == 8);
    }
    with = open_raw(O_WRONLY | LARGE_FLAG);
    check(with >= 0);
    check(write_at(with, SMALL_MAX, 1) == 1);
    check(write_at(with, 0x100000000, 1) == 1);
    close(fd);
    close(with);
    /* Appending is writing at the end. */
    fd = open_raw(O_WRONLY | O_APPEND);
    if (HAS_TO_TELL && fd >= 0)
        check_error(syscall(SYS_write, fd, "x", 1), EFBIG);
    else if (!HAS_TO_TELL)
        check(syscall(SYS_write, fd, "x", 1) == 1);
    close(fd);
    unlink("/tmp/large");
}

/* The rights that /proc/self/maps tells of the region that holds the address. */
static int executable(const void *address)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long start, end;
    char rights[8], line[300];
    int found = -1;

    while (maps && found < 0 && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3 && (uintptr_t)address >= start &&
            (uintptr_t)address < end)
            found = rights[2] == 'x';
    if (maps)
        fclose(maps);
    return found;
}

static void *map(int protection)
{
    return mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void reading_executes(void)
{
    const int before = (int)syscall(SYS_personality, 0xffffffff);
    void *early = map(PROT_READ), *at;
    char *end;

    check(executable(early) == 0);
    check((int)syscall(SYS_personality, before | READ_IMPLIES_EXEC) == before);
    check((int)syscall(SYS_personality, 0xffffffff) == (before | READ_IMPLIES_EXEC));
    check(executable(early) == 0);
    check(executable(map(PROT_READ)) == 1);
    check(executable(map(PROT_READ | PROT_WRITE)) == 1);
    at = map(PROT_NONE);
    check(executable(at) == 0);
    check(mprotect(at, 4096, PROT_READ) == 0 && executable(at) == 1);
    check(mprotect(at, 4096, PROT_WRITE) == 0 && executable(at) == 0);
    end = (char *)syscall(SYS_brk, 0);
    check((char *)syscall(SYS_brk, end + 8192) == end + 8192);
    check(executable(end + 4096) == 1);
    syscall(SYS_brk, end);
    syscall(SYS_personality, before);
    check(executable(map(PROT_READ)) == 0);
}

/* A program of today starts without it on 64 bits, and inherits it on 32. */
static void over_exec(const char *self)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        syscall(SYS_personality, READ_IMPLIES_EXEC);
        execl(self, self, "again", NULL);
        _exit(99);
    }
    check(waitpid(child, &status, 0) == child && WIFEXITED(status));
    check(WEXITSTATUS(status) == (HAS_TO_TELL ? 1 : 0));
}

int main(int count, char **arguments)
{
    if (count > 1)
        return (syscall(SYS_personality, 0xffffffff) & READ_IMPLIES_EXEC) != 0;
    run(large);
    run(reading_executes);
    over_exec(arguments[0]);
    return check_failures != 0;
}
