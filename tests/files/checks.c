/*
 * What files of a folder promise, one line "ok ..." or "not ok ..." each.
 *
 *   checks FOLDER          of any file system
 *   checks FOLDER shared   also what is special to one that a host shares with us (9P)
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif
#define PAGE     4096
#define MANY     1500
#define V9FS     0x01021997
#define FAR_AWAY (INT64_C(5) << 30)

static sigjmp_buf back;
static bool all_fine = true;

static void on_fault(int number)
{
    siglongjmp(back, number);
}

static void tell(bool fine, const char *what)
{
    printf("%sok %s\n", fine ? "" : "not ", what);
    if (!fine)
        printf("   errno: %s\n", strerror(errno));
    all_fine &= fine;
}

/* The signal that reading the byte raises, or 0. */
static int fault_of(volatile unsigned char *at)
{
    int number = sigsetjmp(back, 1);

    if (number == 0)
        (void)*at;
    return number;
}

static int make(const char *name, size_t size, int with)
{
    static char bytes[3 * PAGE];
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

    memset(bytes, with, sizeof bytes);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) {
        printf("not ok %s cannot be made: %s\n", name, strerror(errno));
        exit(1);
    }
    return fd;
}

static void check_mappings(void)
{
    int fd = make("mapped", PAGE + 100, 'a');
    unsigned char *at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    unsigned char *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    char byte = 0;

    tell(at != MAP_FAILED && own != MAP_FAILED, "a file is mapped");
    tell(at[PAGE + 99] == 'a' && at[PAGE + 100] == 0 && at[2 * PAGE - 1] == 0,
         "zeros lie behind the end in its page");
    tell(fault_of(at + 2 * PAGE) == SIGBUS, "access past the end is SIGBUS");
    at[5] = 'm';
    tell(pread(fd, &byte, 1, 5) == 1 && byte == 'm', "read sees what a mapping wrote");
    tell(pwrite(fd, "w", 1, 6) == 1 && at[6] == 'w', "a mapping sees what write wrote");
    own[7] = 'p';
    tell(pread(fd, &byte, 1, 7) == 1 && byte == 'a' && at[7] == 'a', "a private page is private");
    tell(msync(at, PAGE, MS_SYNC) == 0 && fsync(fd) == 0 && fdatasync(fd) == 0,
         "msync, fsync and fdatasync");
    tell(ftruncate(fd, 50) == 0 && fault_of(at + PAGE) == SIGBUS && at[0] == 'a' && at[50] == 0,
         "truncation unmaps, and zeros the rest");
    tell(ftruncate(fd, 2 * PAGE) == 0 && fault_of(at + PAGE) == 0 && at[PAGE] == 0,
         "pages that come again are zeros");
    at[PAGE + 1] = 'x';
    munmap(at, 3 * PAGE);
    close(fd);
    fd = open("mapped", O_RDONLY);
    tell(pread(fd, &byte, 1, PAGE + 1) == 1 && byte == 'x',
         "what a mapping wrote stays when it is gone");
    close(fd);
    munmap(own, PAGE);
}

static void check_names(void)
{
    char name[300], path[300];
    struct dirent *entry;
    unsigned seen = 0;
    unsigned char *found = calloc(MANY, 1);
    bool fine = true;
    DIR *directory;

    tell(mkdir("many", 0755) == 0, "mkdir");
    for (int i = 0; fine && i < MANY; i++) {
        int fd;

        sprintf(name, "many/%d", i);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        fine = fd >= 0 && close(fd) == 0;
    }
    tell(fine, "names are made by the hundred");
    directory = opendir("many");
    while ((entry = readdir(directory)) != NULL) {
        unsigned number = (unsigned)atoi(entry->d_name);

        if (entry->d_name[0] == '.')
            continue;
        fine &= number < MANY && found[number]++ == 0 && entry->d_type == DT_REG;
        if (++seen % 3 == 0) {
            sprintf(name, "many/%s", entry->d_name);
            fine &= unlink(name) == 0;
        }
    }
    closedir(directory);
    tell(fine && seen == MANY, "each is listed once, while others are removed");
    free(found);
    tell(rmdir("many") < 0 && errno == ENOTEMPTY, "rmdir of a folder with names: ENOTEMPTY");
    for (int i = 0; i < MANY; i++) {
        sprintf(name, "many/%d", i);
        (void)unlink(name);
    }
    tell(rmdir("many") == 0 && access("many", F_OK) < 0, "and without");
    memset(name, 'n', 255);
    name[255] = 0;
    close(make(name, 1, '1'));
    tell(access(name, F_OK) == 0 && unlink(name) == 0, "a name of 255 bytes");
    memset(path, 'n', 256);
    path[256] = 0;
    tell(open(path, O_RDWR | O_CREAT, 0600) < 0 && errno == ENAMETOOLONG,
         "one of 256: ENAMETOOLONG");
    tell(symlink("loop", "loop") == 0 && open("loop", O_RDONLY) < 0 && errno == ELOOP &&
             unlink("loop") == 0,
         "a link to itself: ELOOP");
}

static void check_unlinked(void)
{
    int fd = make("gone", 2 * PAGE, 'g'), other;
    struct stat status;
    char byte = 0;

    tell(unlink("gone") == 0 && access("gone", F_OK) < 0, "an open file loses its name");
    tell(pwrite(fd, "h", 1, 0) == 1 && pread(fd, &byte, 1, 0) == 1 && byte == 'h',
         "it is read and written on");
    tell(fstat(fd, &status) == 0 && status.st_nlink == 0 && status.st_size == 2 * PAGE,
         "fstat: no links");
    tell(ftruncate(fd, 100) == 0 && ftruncate(fd, PAGE) == 0 && pread(fd, &byte, 1, 200) == 1 &&
             byte == 0 && fsync(fd) == 0,
         "it is truncated, and grows with zeros");
    other = make("gone", 10, 'o');
    tell(fchmod(fd, 0600) == 0 && fstat(other, &status) == 0 && (status.st_mode & 07777) == 0644 &&
             status.st_size == 10,
         "a new file of that name is another");
    close(other);
    close(fd);

    fd = make("target", 10, 't');
    close(make("source", 20, 's'));
    tell(rename("source", "target") == 0 && pread(fd, &byte, 1, 0) == 1 && byte == 't' &&
             fstat(fd, &status) == 0 && status.st_nlink == 0,
         "a file that was renamed over lives on");
    close(fd);
    fd = open("target", O_RDONLY);
    tell(pread(fd, &byte, 1, 0) == 1 && byte == 's', "under its name is the new one");
    close(fd);
}

static void check_links(void)
{
    int fd = make("first", 10, 'f'), second, other;
    struct stat one, two;
    char byte = 0;

    tell(link("first", "second") == 0 && stat("first", &one) == 0 && stat("second", &two) == 0 &&
             one.st_ino == two.st_ino && one.st_dev == two.st_dev && one.st_nlink == 2,
         "a hard link is the same file");
    second = open("second", O_RDWR);
    tell(pwrite(second, "l", 1, 3) == 1 && pread(fd, &byte, 1, 3) == 1 && byte == 'l',
         "with the same content at once");
    other = unlink("first") == 0 ? make("first", 20, 'n') : -1;
    tell(other >= 0 && ftruncate(fd, 5) == 0 && fchmod(fd, 0640) == 0 &&
             stat("second", &two) == 0 && two.st_size == 5 && two.st_nlink == 1 &&
             (two.st_mode & 0777) == 0640,
         "the other name goes on");
    tell(stat("first", &one) == 0 && one.st_size == 20 && (one.st_mode & 0777) == 0644,
         "a new file of the first name is another");
    close(other);
    close(fd);
    close(second);
    tell(symlink("second", "symbolic") == 0 && lstat("symbolic", &one) == 0 &&
             S_ISLNK(one.st_mode) && one.st_size == 6 && stat("symbolic", &two) == 0 &&
             S_ISREG(two.st_mode),
         "a symbolic link");
}

static void check_flags(void)
{
    int fd = make("flags", 4, '1'), append = open("flags", O_WRONLY | O_APPEND);
    struct stat status;
    char text[16] = "";

    tell(open("flags", O_WRONLY | O_CREAT | O_EXCL, 0600) < 0 && errno == EEXIST, "O_EXCL: EEXIST");
    tell(pwrite(fd, "22", 2, 4) == 2 && write(append, "33", 2) == 2 && read(fd, text, 16) == 4 &&
             fstat(fd, &status) == 0 && status.st_size == 8,
         "O_APPEND writes at the end that others made");
    close(append);
    append = open("flags", O_RDWR | O_TRUNC);
    tell(append >= 0 && fstat(fd, &status) == 0 && status.st_size == 0, "O_TRUNC");
    close(append);
    append = open("flags", O_WRONLY | O_SYNC);
    tell(write(append, "sync", 4) == 4, "O_SYNC");
    close(append);
    tell(write(open("flags", O_RDONLY), "x", 1) < 0 && errno == EBADF, "O_RDONLY: EBADF");
    close(fd);
}

static void check_far(void)
{
    int fd = make("far", 1, '0');
    struct stat status;
    char byte = 1;

    tell(pwrite(fd, "z", 1, FAR_AWAY) == 1 && fstat(fd, &status) == 0 &&
             status.st_size == FAR_AWAY + 1,
         "a byte beyond 4 GiB");
    tell(fsync(fd) == 0, "is written");
    close(fd);
    fd = open("far", O_RDWR);
    tell(pread(fd, &byte, 1, FAR_AWAY) == 1 && byte == 'z' && pread(fd, &byte, 1, 3000000) == 1 &&
             byte == 0,
         "is read, and the hole is zeros");
    tell(ftruncate(fd, FAR_AWAY / 2) == 0 && lseek(fd, 0, SEEK_END) == FAR_AWAY / 2,
         "truncation beyond 2 GiB");
    close(fd);
    unlink("far");
}

static void check_attributes(void)
{
    struct timespec times[2] = {{1000000000, 123456789}, {981173106, 987654321}};
    struct stat status, other;
    int fd = make("attributes", 10, 'a');
    pid_t child;
    int result = -1;

    tell(futimens(fd, times) == 0 && fstat(fd, &status) == 0 &&
             status.st_mtim.tv_sec == 981173106 && status.st_mtim.tv_nsec == 987654321 &&
             status.st_atim.tv_sec == 1000000000,
         "times to the nanosecond");
    sync();
    tell(fstat(fd, &status) == 0 && status.st_mtim.tv_sec == 981173106, "and they stay");
    tell(chmod("attributes", 04751) == 0 && fstat(fd, &status) == 0 &&
             (status.st_mode & 07777) == 04751,
         "chmod");
    chmod("attributes", 0600);
    tell(stat(".", &other) == 0 && other.st_dev == status.st_dev && other.st_ino != status.st_ino,
         "one device, other numbers");
    child = fork();
    if (child == 0) {
        bool fine = setgid(1000) == 0 && setuid(1000) == 0;

        fine = fine && open("attributes", O_RDONLY) < 0 && errno == EACCES;
        fine = fine && chmod("attributes", 0777) < 0 && errno == EPERM;
        fine = fine && chown("attributes", 1000, 1000) < 0 && errno == EPERM;
        _exit(fine ? 0 : 1);
    }
    waitpid(child, &result, 0);
    tell(result == 0, "others may not read, change or take it");
    close(fd);
}

static void check_program(const char *self)
{
    static char bytes[1 << 20];
    int from = open(self, O_RDONLY), to = open("program", O_WRONLY | O_CREAT | O_TRUNC, 0755);
    int result = -1;
    pid_t child;
    ssize_t n;

    while ((n = read(from, bytes, sizeof bytes)) > 0)
        if (write(to, bytes, (size_t)n) != n)
            break;
    close(from);
    close(to);
    child = fork();
    if (child == 0) {
        execl("./program", "program", "--busy", NULL);
        _exit(99);
    }
    waitpid(child, &result, 0);
    tell(WIFEXITED(result) && WEXITSTATUS(result) == 42,
         "a program runs, and is ETXTBSY meanwhile");
}

static void check_shared(void)
{
    struct statfs facts;
    int fd = make("shared", 10, 's');

    tell(statfs(".", &facts) == 0 && facts.f_type == V9FS && facts.f_blocks > 0, "statfs");
    tell(fallocate(fd, 0, 0, PAGE) < 0 && errno == EOPNOTSUPP, "fallocate: EOPNOTSUPP");
    tell(open(".", O_RDWR | O_TMPFILE, 0600) < 0 && errno == EOPNOTSUPP, "O_TMPFILE: EOPNOTSUPP");
    tell(getxattr("shared", "user.x", NULL, 0) < 0 && errno == EOPNOTSUPP, "getxattr: EOPNOTSUPP");
    close(make("shared2", 1, '2'));
    tell(renameat2(AT_FDCWD, "shared", AT_FDCWD, "shared2", RENAME_EXCHANGE) < 0 && errno == EINVAL,
         "exchanging names: EINVAL");
    close(fd);
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_fault};
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

    if (argc == 2 && strcmp(argv[1], "--busy") == 0)
        return open("program", O_WRONLY) < 0 && errno == ETXTBSY ? 42 : 1;
    if (argc < 2 || length < 0 || chdir(argv[1]) < 0)
        return 2;
    self[length] = 0;
    umask(022);
    setvbuf(stdout, NULL, _IOLBF, 0);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    check_mappings();
    check_unlinked();
    check_links();
    check_flags();
    check_far();
    check_attributes();
    check_program(self);
    if (argc > 2)
        check_shared();
    check_names();
    return !all_fine;
}
