/*
 * failing FOLDER: every allocation that a call on a file of the folder makes inside the kernel
 * fails once, by /proc/thread-self/fail-nth. The call may fail with ENOMEM or do without; the same
 * call must work afterwards. What is left behind is seen by the library's proof, and when the
 * folder is unmounted.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST 100 /* allocations of one call */

static int control;
static char text[600];

static void arm(int nth)
{
    char number[16];
    int length = sprintf(number, "%d", nth);

    if (pwrite(control, number, (size_t)length, 0) != length)
        exit(2);
}

/* Whether the allocation was reached; disarms. */
static bool struck(void)
{
    char number[16] = "";

    if (pread(control, number, sizeof number - 1, 0) < 0)
        exit(2);
    arm(0);
    return atoi(number) == 0;
}

static long create(int fd)
{
    int made = open("made", O_RDWR | O_CREAT, 0644);

    (void)fd;
    return made < 0 ? -1 : close(made);
}

static long write_some(int fd)
{
    return pwrite(fd, text, sizeof text, 300000) == (ssize_t)sizeof text ? 0 : -1;
}

static long rename_it(int fd)
{
    (void)fd;
    return rename("file", "a name that does not fit in the entry itself");
}

static long link_it(int fd)
{
    (void)fd;
    return link("file", "link");
}

static long make_folder(int fd)
{
    (void)fd;
    return mkdir("folder", 0755);
}

static long look(int fd)
{
    struct stat status;

    (void)fd;
    return stat("other", &status);
}

static long list(int fd)
{
    DIR *directory = opendir(".");

    (void)fd;
    return directory == NULL ? -1 : closedir(directory);
}

static long cut(int fd)
{
    return ftruncate(fd, 100000);
}

static long flush(int fd)
{
    return fsync(fd);
}

static long map(int fd)
{
    char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return at == MAP_FAILED ? -1 : munmap(at, 4096);
}

static const struct {
    const char *name;
    long (*call)(int fd);
} calls[] = {
    {"open", create},       {"write", write_some}, {"rename", rename_it}, {"link", link_it},
    {"mkdir", make_folder}, {"stat", look},        {"opendir", list},     {"ftruncate", cut},
    {"fsync", flush},       {"mmap", map},
};

/* The names that the calls make are gone, and no name is cached. */
static int afresh(void)
{
    int fd, caches;

    unlink("made");
    unlink("link");
    unlink("a name that does not fit in the entry itself");
    rmdir("folder");
    caches = open("/proc/sys/vm/drop_caches", O_WRONLY);
    if (write(caches, "3", 1) != 1 || close(caches) != 0)
        exit(2);
    fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || write(fd, text, sizeof text) != (ssize_t)sizeof text)
        exit(2);
    return fd;
}

int main(int argc, char **argv)
{
    unsigned total = 0;

    control = open("/proc/thread-self/fail-nth", O_RDWR);
    if (argc != 2 || control < 0 || chdir(argv[1]) < 0)
        return 2;
    close(open("other", O_WRONLY | O_CREAT, 0644));
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        bool hit = true;

        for (int nth = 1; hit && nth < MOST; nth++) {
            int fd = afresh(), error;
            long result;

            arm(nth);
            result = calls[i].call(fd);
            error = errno;
            hit = struck();
            total += hit;
            if (result < 0 && (!hit || error != ENOMEM)) {
                printf("%s, allocation %d: %s\n", calls[i].name, nth, strerror(error));
                return 1;
            }
            if (result < 0 && calls[i].call(fd) < 0) {
                printf("%s, after allocation %d failed: %s\n", calls[i].name, nth, strerror(errno));
                return 1;
            }
            close(fd);
        }
    }
    printf("%u allocations failed\n", total);
    return total < 10;
}
