/* What programs rely on in files: names, links, renames, descriptors, pipes, locks, waiting,
 * content and mappings of one file. */
#define _GNU_SOURCE
#include "check.h"

#include <sys/syscall.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char long_name[300];

/* The compiler must not know better. */
static void *volatile bad_address = (void *)1;
static void *volatile kernel_address = (void *)-4096ul;
static volatile int too_few = -1, too_many = 1025;

static int make_file(const char *name, const char *content)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

    if (fd >= 0 && content[0] != 0)
        check(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
    return fd;
}

static int file_is(const char *name, const char *content)
{
    char buffer[256] = {0};
    int fd = open(name, O_RDONLY);
    ssize_t n = read(fd, buffer, sizeof buffer - 1);

    close(fd);
    return n == (ssize_t)strlen(content) && strcmp(buffer, content) == 0;
}

static void opening(void)
{
    struct stat st;
    int fd;

    check_error(open("", O_RDONLY), ENOENT);
    check_error(open("none", O_RDONLY), ENOENT);
    check_error(open("none/x", O_CREAT | O_WRONLY, 0644), ENOENT);
    check_error(open("none/", O_CREAT | O_WRONLY, 0644), EISDIR);
    check_error(open(".", O_WRONLY), EISDIR);
    check_error(open(".", O_RDONLY | O_CREAT, 0644), EISDIR);
    check_error(open("..", O_RDWR | O_CREAT, 0644), EISDIR);
    check_error(open(long_name, O_RDONLY), ENAMETOOLONG);
    fd = make_file("file", "content");
    check_error(open("file/", O_RDONLY), ENOTDIR);
    check_error(open("file/x", O_RDONLY), ENOTDIR);
    check_error(open("file", O_RDONLY | O_DIRECTORY), ENOTDIR);
    check_error(open("file", O_CREAT | O_EXCL | O_RDWR, 0644), EEXIST);
    check(fcntl(fd, F_GETFL) == (O_RDWR | 0100000));
    close(fd);
    fd = open("file", O_WRONLY | O_APPEND | O_CLOEXEC);
    check(fcntl(fd, F_GETFL) == (O_WRONLY | O_APPEND | 0100000));
    check(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    check(write(fd, "+1", 2) == 2);
    check(lseek(fd, 0, SEEK_CUR) == 9);
    check_error(read(fd, &st, 1), EBADF);
    close(fd);
    check(file_is("file", "content+1"));
    fd = open("file", O_RDONLY);
    check_error(write(fd, "x", 1), EBADF);
    check_error(ftruncate(fd, 0), EINVAL);
    check_error(fallocate(fd, 0, 0, 1), EBADF);
    close(fd);
    fd = open("file", O_PATH);
    check(fcntl(fd, F_GETFL) == (O_PATH));
    check_error(read(fd, &st, 1), EBADF);
    check_error(fchmod(fd, 0600), EBADF);
    check(fstat(fd, &st) == 0 && st.st_size == 9 && S_ISREG(st.st_mode));
    close(fd);
    fd = open("file", O_RDONLY | O_TRUNC);
    check(fstat(fd, &st) == 0 && st.st_size == 0);
    close(fd);
    check_error(close(fd), EBADF);
    check_error(open("file", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
    check_error(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
    fd = open(".", O_TMPFILE | O_RDWR, 0600);
    check(fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 0);
    check(write(fd, "later", 5) == 5);
    check(linkat(fd, "", AT_FDCWD, "named", AT_EMPTY_PATH) == 0);
    check(fstat(fd, &st) == 0 && st.st_nlink == 1);
    check(file_is("named", "later"));
    close(fd);
    check(unlink("named") == 0 && unlink("file") == 0);
}

static void links(void)
{
    struct stat st, other;
    char buffer[64];
    int fd;

    close(make_file("a", "a"));
    check(link("a", "b") == 0);
    check_error(link("a", "b"), EEXIST);
    check_error(link(".", "d"), EPERM);
    check_error(link("none", "d"), ENOENT);
    check(stat("a", &st) == 0 && stat("b", &other) == 0);
    check(st.st_ino == other.st_ino && st.st_nlink == 2);
    check(symlink("a", "s") == 0);
    check_error(symlink("a", "s"), EEXIST);
    check_error(symlink("", "t"), ENOENT);
    check(lstat("s", &st) == 0 && S_ISLNK(st.st_mode) && st.st_size == 1);
    check((st.st_mode & 07777) == 0777);
    check(readlink("s", buffer, sizeof buffer) == 1 && buffer[0] == 'a');
    check_error(readlink("a", buffer, sizeof buffer), EINVAL);
    check_error(readlink("s", buffer, 0), EINVAL);
    check_error(open("s", O_RDONLY | O_NOFOLLOW), ELOOP);
    fd = open("s", O_PATH | O_NOFOLLOW);
    check(fstat(fd, &st) == 0 && S_ISLNK(st.st_mode));
    check(readlinkat(fd, "", buffer, sizeof buffer) == 1);
    close(fd);
    check_error(open("s", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
    check(symlink("made", "dangling") == 0);
    check_error(open("dangling", O_RDONLY), ENOENT);
    check_error(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
    fd = open("dangling", O_CREAT | O_WRONLY, 0644);
    check(fd >= 0 && access("made", F_OK) == 0);
    close(fd);
    check_error(mkdir("dangling", 0755), EEXIST);
    check(symlink("loop", "loop") == 0);
    check_error(open("loop", O_RDONLY), ELOOP);
    check_error(stat("loop/x", &st), ELOOP);
    check(symlink(".", "here") == 0 && stat("here/here/here/a", &st) == 0);
    check(lstat("here/", &st) == 0 && S_ISDIR(st.st_mode));
    check_error(unlink("here/"), ENOTDIR);
    check_error(rmdir("here"), ENOTDIR);
    check(linkat(AT_FDCWD, "s", AT_FDCWD, "s2", 0) == 0 && lstat("s2", &st) == 0 &&
          S_ISLNK(st.st_mode));
    check(linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW) == 0 && lstat("s3", &st) == 0 &&
          S_ISREG(st.st_mode));
    check(unlink("s2") == 0 && unlink("s3") == 0);
    check(unlink("a") == 0 && unlink("b") == 0 && unlink("s") == 0 && unlink("dangling") == 0);
    check(unlink("made") == 0 && unlink("loop") == 0 && unlink("here") == 0);
}

static void directories(void)
{
    struct stat st;
    char buffer[PATH_MAX], small[2];
    DIR *list;
    int count = 0, seen[300] = {0}, all = 1, fd;
    long place = 0;
    struct dirent *entry;

    check_error(mkdir("/", 0755), EEXIST);
    check_error(mkdir("x/y", 0755), ENOENT);
    check(mkdir("x", 0755) == 0 && mkdir("x/y/", 0700) == 0);
    check(stat("x", &st) == 0 && st.st_nlink == 3);
    check_error(mkdir("x", 0755), EEXIST);
    check_error(rmdir("x"), ENOTEMPTY);
    check_error(rmdir("x/."), EINVAL);
    check_error(rmdir("x/y/.."), ENOTEMPTY);
    check_error(unlink("x"), EISDIR);
    check_error(rmdir("/"), EBUSY);
    check(chdir("x/y") == 0);
    check(getcwd(buffer, sizeof buffer) != NULL && strstr(buffer, "/x/y") != NULL);
    check_error(syscall(SYS_getcwd, small, 2ul), ERANGE);
    check(rmdir("../y") == 0);
    check_error(syscall(SYS_getcwd, buffer, sizeof buffer), ENOENT);
    check_error(open("new", O_CREAT | O_WRONLY, 0644), ENOENT);
    check_error(mkdir("new", 0755), ENOENT);
    check_error(open("../y", O_RDONLY), ENOENT);
    check(chdir("../..") == 0);
    check(rmdir("x") == 0);
    check_error(chdir("nothing"), ENOENT);

    check(mkdir("many", 0755) == 0 && chdir("many") == 0);
    for (int i = 0; i < 300; i++) {
        snprintf(buffer, sizeof buffer, "%d", i);
        fd = open(buffer, O_CREAT | O_WRONLY, 0600);
        close(fd);
    }
    list = opendir(".");
    while ((entry = readdir(list)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        seen[atoi(entry->d_name)]++;
        if (++count == 100)
            place = telldir(list);
        /* Names go away while the list is read. */
        if (count % 3 == 0)
            unlink(entry->d_name);
    }
    for (int i = 0; i < 300; i++)
        all &= seen[i] == 1;
    check(all && count == 300);
    seekdir(list, place);
    for (count = 0; readdir(list) != NULL;)
        count++;
    check(count > 0 && count <= 202);
    rewinddir(list);
    for (count = 0; readdir(list) != NULL;)
        count++;
    check(count == 202);
    closedir(list);
    check(stat(".", &st) == 0 && st.st_nlink == 2);
    check(chdir("..") == 0);
    check(system("rm -r many") == 0);
    check_error(getdents64(0, buffer, sizeof buffer), ENOTDIR);
}

static void renames(void)
{
    struct stat st, other;
    int fd;

    close(make_file("a", "a"));
    close(make_file("b", "b"));
    check(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0 && mkdir("f", 0755) == 0);
    check_error(rename("none", "x"), ENOENT);
    check_error(rename("a", "d"), EISDIR);
    check_error(rename("d", "a"), ENOTDIR);
    check_error(rename("f", "d"), ENOTEMPTY);
    check_error(rename("d", "d/e/g"), EINVAL);
    check_error(rename("d", "d/e"), EINVAL);
    check_error(rename("d/e", "d"), ENOTEMPTY);
    check_error(rename("a", "x/"), ENOTDIR);
    check_error(rename("a", "none/x"), ENOENT);
    check_error(rename("a", "."), EBUSY);
    check_error(rename(".", "x"), EBUSY);
    check(rename("d", "f") == 0 && access("f/e", F_OK) == 0);
    check(stat("f", &st) == 0 && st.st_nlink == 3);
    check(rename("f/e", "e") == 0 && stat("f", &st) == 0 && st.st_nlink == 2);
    check(rename("e", "h/") == 0 && rmdir("h") == 0);
    fd = open("b", O_RDONLY);
    check(rename("a", "b") == 0 && file_is("b", "a"));
    check(fstat(fd, &st) == 0 && st.st_nlink == 0);
    close(fd);
    check(link("b", "c") == 0 && rename("b", "c") == 0 && access("b", F_OK) == 0);
    close(make_file("n", "n"));
    check_error(renameat2(AT_FDCWD, "n", AT_FDCWD, "c", RENAME_NOREPLACE), EEXIST);
    check(stat("n", &st) == 0 && stat("f", &other) == 0);
    check(renameat2(AT_FDCWD, "n", AT_FDCWD, "f", RENAME_EXCHANGE) == 0);
    check(stat("n", &other) == 0 && S_ISDIR(other.st_mode) && file_is("f", "n"));
    check_error(renameat2(AT_FDCWD, "n", AT_FDCWD, "z", RENAME_EXCHANGE), ENOENT);
    check_error(renameat2(AT_FDCWD, "n", AT_FDCWD, "z", 8), EINVAL);
    check(rmdir("n") == 0 && unlink("f") == 0 && unlink("b") == 0 && unlink("c") == 0);
}

static void content(void)
{
    char buffer[8192], *map, *private;
    struct stat st;
    struct iovec pieces[3] = {{"one", 3}, {"", 0}, {"two", 3}};
    int fd = open("data", O_RDWR | O_CREAT, 0644), copy;
    off_t at = 0;

    check(writev(fd, pieces, 3) == 6 && file_is("data", "onetwo"));
    check(pwrite(fd, "X", 1, 10000) == 1);
    check(fstat(fd, &st) == 0 && st.st_size == 10001 && st.st_blocks == 16);
    check(lseek(fd, 0, SEEK_HOLE) == 4096 && lseek(fd, 4096, SEEK_DATA) == 8192);
    check(lseek(fd, 8192, SEEK_HOLE) == 10001);
    check_error(lseek(fd, 10001, SEEK_DATA), ENXIO);
    check_error(lseek(fd, -1, SEEK_SET), EINVAL);
    check_error(lseek(fd, 0, 9), EINVAL);
    check(pread(fd, buffer, sizeof buffer, 4096) == 5905 && buffer[0] == 0 && buffer[5904] == 'X');
    check(pread(fd, buffer, 10, 20000) == 0);
    check_error(pread(fd, buffer, 10, -1), EINVAL);

    map = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    private = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    check(map != MAP_FAILED && private != MAP_FAILED);
    check(memcmp(map, "onetwo", 6) == 0 && map[10000] == 'X');
    map[1] = 'N';
    check(pread(fd, buffer, 3, 0) == 3 && memcmp(buffer, "oNe", 3) == 0);
    private[0] = 'p';
    check(map[0] == 'o');
    check(pwrite(fd, "Q", 1, 2) == 1 && map[2] == 'Q' && private[2] == 'e');
    /* A read into the mapping of the page that is read. */
    check(pread(fd, map + 4096, 4096, 0) == 4096 && map[4097] == 'N');
    check(pwrite(fd, map + 100, 4096, 50) == 4096);
    check(ftruncate(fd, 5000) == 0 && map[4999] == 0 && map[5000] == 0);
    check(ftruncate(fd, 12288) == 0 && map[8192] == 0 && map[10000] == 0);
    check(munmap(map, 12288) == 0 && munmap(private, 12288) == 0);

    check(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0);
    check(pread(fd, buffer, 8, 0) == 8 && buffer[1] == 0);
    check_error(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 4096), EOPNOTSUPP);
    check(fallocate(fd, 0, 12288, 4096) == 0 && fstat(fd, &st) == 0 && st.st_size == 16384);
    check(fallocate(fd, FALLOC_FL_KEEP_SIZE, 16384, 4096) == 0 && fstat(fd, &st) == 0 &&
          st.st_size == 16384);
    check_error(fallocate(fd, 0, 0, 0), EINVAL);
    check_error(ftruncate(fd, -1), EINVAL);

    copy = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644);
    check(pwrite(fd, "begin", 5, 0) == 5);
    check(sendfile(copy, fd, &at, 1 << 20) == 16384 && at == 16384);
    check(fstat(copy, &st) == 0 && st.st_size == 16384);
    check(pread(copy, buffer, 5, 0) == 5 && memcmp(buffer, "begin", 5) == 0);
    at = 0;
    check(copy_file_range(fd, &at, copy, NULL, 100, 0) == 100 && at == 100);
    check(lseek(copy, 0, SEEK_CUR) == 16484);
    check_error(read(fd, bad_address, 10), EFAULT);
    check_error(write(fd, bad_address, 10), EFAULT);
    check_error(read(fd, kernel_address, 10), EFAULT);
    check_error(readv(fd, pieces, too_few), EINVAL);
    check_error(readv(fd, pieces, too_many), EINVAL);
    close(fd);
    close(copy);
    check(truncate("copy", 3) == 0 && stat("copy", &st) == 0 && st.st_size == 3);
    check_error(truncate(".", 0), EISDIR);
    check_error(truncate("none", 0), ENOENT);
    check(unlink("data") == 0 && unlink("copy") == 0);
}

static void descriptors(void)
{
    struct rlimit limit = {64, 64}, old;
    int fd = make_file("d", "abc"), copy, last = -1;
    char byte;

    copy = dup(fd);
    check(lseek(fd, 1, SEEK_SET) == 1 && read(copy, &byte, 1) == 1 && byte == 'b');
    check(dup2(fd, fd) == fd);
    check_error(dup2(1000, 3), EBADF);
    check_error(dup3(fd, fd, 0), EINVAL);
    check_error(dup2(fd, -1), EBADF);
    check(dup3(fd, 50, O_CLOEXEC) == 50 && fcntl(50, F_GETFD) == FD_CLOEXEC);
    check(fcntl(fd, F_DUPFD, 40) == 40 && fcntl(fd, F_DUPFD, 40) == 41);
    check(fcntl(fd, F_DUPFD_CLOEXEC, 42) == 42 && fcntl(42, F_GETFD) == 1);
    check_error(fcntl(fd, F_DUPFD, -1), EINVAL);
    check(close_range(40, 42, 0) == 0);
    check_error(close(41), EBADF);
    check(getrlimit(RLIMIT_NOFILE, &old) == 0);
    limit.rlim_max = old.rlim_max;
    check(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (int i = 0; i < 100 && (copy = dup(fd)) >= 0; i++)
        last = copy;
    check(last == 63 && errno == EMFILE);
    check_error(fcntl(fd, F_DUPFD, 64), EINVAL);
    check_error(dup2(fd, 64), EBADF);
    check(setrlimit(RLIMIT_NOFILE, &old) == 0);
    check(dup2(fd, 1000) == 1000 && pread(1000, &byte, 1, 0) == 1 && byte == 'a');
    check(close_range(fd, ~0u, 0) == 0);
    check_error(fcntl(1000, F_GETFD), EBADF);
    check(unlink("d") == 0);
}

static volatile int broken_pipes;

static void on_signal(int signo)
{
    if (signo == SIGPIPE)
        broken_pipes++;
}

static void pipes(void)
{
    char buffer[70000], back[70000];
    int ends[2], bytes, status;
    ssize_t n, sum = 0;
    pid_t child;
    struct stat st;

    memset(buffer, 'p', sizeof buffer);
    check(pipe2(ends, O_NONBLOCK) == 0);
    check(fstat(ends[0], &st) == 0 && S_ISFIFO(st.st_mode));
    check_error(read(ends[0], back, 1), EAGAIN);
    check_error(read(ends[1], back, 1), EBADF);
    check_error(write(ends[0], back, 1), EBADF);
    check_error(lseek(ends[0], 0, SEEK_SET), ESPIPE);
    check_error(pread(ends[0], back, 1, 0), ESPIPE);
    check(write(ends[1], buffer, sizeof buffer) == 65536);
    check_error(write(ends[1], buffer, 1), EAGAIN);
    check(ioctl(ends[0], FIONREAD, &bytes) == 0 && bytes == 65536);
    check(fcntl(ends[0], F_GETPIPE_SZ) == 65536);
    check_error(fcntl(ends[0], F_SETPIPE_SZ, 4096), EBUSY);
    check(read(ends[0], back, 100) == 100);
    /* A write of up to PIPE_BUF goes whole or not at all. */
    check_error(write(ends[1], buffer, 4096), EAGAIN);
    check(read(ends[0], back, 3996) == 3996);
    check(write(ends[1], buffer, 4096) == 4096);
    while ((n = read(ends[0], back, sizeof back)) > 0)
        sum += n;
    check(sum == 65536);
    check(fcntl(ends[0], F_SETPIPE_SZ, 5000) == 8192);
    check(write(ends[1], "xy", 2) == 2);
    close(ends[1]);
    check(read(ends[0], back, 10) == 2 && read(ends[0], back, 10) == 0);
    close(ends[0]);

    signal(SIGPIPE, on_signal);
    check(pipe(ends) == 0);
    close(ends[0]);
    check_error(write(ends[1], buffer, 1), EPIPE);
    check(broken_pipes == 1);
    close(ends[1]);
    signal(SIGPIPE, SIG_DFL);

    /* A writer that blocks, and a reader that takes it all. */
    check(pipe(ends) == 0);
    child = fork();
    if (child == 0) {
        close(ends[0]);
        for (int i = 0; i < 20; i++)
            if (write(ends[1], buffer, sizeof buffer) != (ssize_t)sizeof buffer)
                _exit(1);
        _exit(0);
    }
    close(ends[1]);
    for (sum = 0; (n = read(ends[0], back, 1 + sum % 5000)) > 0;)
        sum += n;
    close(ends[0]);
    check(sum == 20 * (ssize_t)sizeof buffer);
    check(waitpid(child, &status, 0) == child && status == 0);

    check(mkfifo("fifo", 0600) == 0);
    check_error(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
    ends[0] = open("fifo", O_RDONLY | O_NONBLOCK);
    check(read(ends[0], back, 1) == 0);
    ends[1] = open("fifo", O_WRONLY);
    check(write(ends[1], "f", 1) == 1 && read(ends[0], back, 9) == 1);
    check_error(read(ends[0], back, 1), EAGAIN);
    close(ends[0]);
    close(ends[1]);
    child = fork();
    if (child == 0) {
        int fd = open("fifo", O_WRONLY);

        _exit(write(fd, "child", 5) != 5);
    }
    ends[0] = open("fifo", O_RDONLY);
    check(read(ends[0], back, 9) == 5);
    close(ends[0]);
    check(waitpid(child, &status, 0) == child && status == 0);
    check(unlink("fifo") == 0);
}

static void waiting(void)
{
    int ends[2], event = eventfd(0, EFD_NONBLOCK), set = epoll_create1(0), other[2];
    struct pollfd fds[3];
    struct epoll_event want = {EPOLLIN, {.u64 = 77}}, got[4];
    struct timeval zero = {0, 0};
    uint64_t value = 5;
    fd_set in;
    pid_t child;
    int file = make_file("w", "w");

    check(pipe(ends) == 0 && pipe(other) == 0);
    fds[0] = (struct pollfd){ends[0], POLLIN, 0};
    fds[1] = (struct pollfd){ends[1], POLLOUT, 0};
    fds[2] = (struct pollfd){999, POLLIN, 0};
    check(poll(fds, 3, -1) == 2);
    check(fds[0].revents == 0 && fds[1].revents == POLLOUT && fds[2].revents == POLLNVAL);
    fds[2].fd = -5;
    check(poll(fds, 1, 0) == 0 && poll(fds, 1, 10) == 0);
    check(poll(fds, 3, 0) == 1 && fds[2].revents == 0);
    fds[2] = (struct pollfd){file, POLLIN | POLLOUT, 0};
    check(poll(fds + 2, 1, 0) == 1 && fds[2].revents == (POLLIN | POLLOUT));
    child = fork();
    if (child == 0) {
        struct timespec short_time = {0, 30000000};

        nanosleep(&short_time, NULL);
        _exit(write(ends[1], "x", 1) != 1);
    }
    check(poll(fds, 1, 5000) == 1 && fds[0].revents == POLLIN);
    waitpid(child, NULL, 0);
    FD_ZERO(&in);
    FD_SET(ends[0], &in);
    FD_SET(other[0], &in);
    check(select(other[0] + 1, &in, NULL, NULL, NULL) == 1 && FD_ISSET(ends[0], &in) &&
          !FD_ISSET(other[0], &in));
    FD_ZERO(&in);
    FD_SET(other[0], &in);
    check(select(other[0] + 1, &in, NULL, NULL, &zero) == 0 && !FD_ISSET(other[0], &in));
    close(other[1]);
    check(poll((fds[0] = (struct pollfd){other[0], POLLIN, 0}, fds), 1, 0) == 1 &&
          fds[0].revents == POLLHUP);

    check_error(read(event, &value, 8), EAGAIN);
    check_error(read(event, &value, 4), EINVAL);
    value = 5;
    check(write(event, &value, 8) == 8 && write(event, &value, 8) == 8);
    check(epoll_ctl(set, EPOLL_CTL_ADD, event, &want) == 0);
    check_error(epoll_ctl(set, EPOLL_CTL_ADD, event, &want), EEXIST);
    check_error(epoll_ctl(set, EPOLL_CTL_ADD, file, &want), EPERM);
    check_error(epoll_ctl(set, EPOLL_CTL_ADD, set, &want), EINVAL);
    check_error(epoll_ctl(set, EPOLL_CTL_DEL, ends[0], &want), ENOENT);
    check_error(epoll_ctl(event, EPOLL_CTL_DEL, ends[0], &want), EINVAL);
    check(epoll_wait(set, got, 4, -1) == 1 && got[0].data.u64 == 77 && got[0].events == EPOLLIN);
    check(read(event, &value, 8) == 8 && value == 10);
    check(epoll_wait(set, got, 4, 0) == 0 && epoll_wait(set, got, 4, 20) == 0);
    want.events = EPOLLIN | EPOLLONESHOT;
    want.data.u64 = 78;
    check(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &want) == 0);
    check(epoll_wait(set, got, 4, -1) == 1 && got[0].data.u64 == 78);
    check(epoll_wait(set, got, 4, 0) == 0);
    check(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &want) == 0);
    fds[0] = (struct pollfd){set, POLLIN, 0};
    check(poll(fds, 1, 0) == 1);
    close(ends[0]); /* leaves the set by itself */
    check(epoll_wait(set, got, 4, 0) == 0);
    close(ends[1]);
    close(other[0]);
    close(event);
    close(set);
    close(file);
    unlink("w");
}

static void locks(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10};
    int fd = make_file("l", "lock"), other = open("l", O_RDWR), status;
    pid_t child;

    check(flock(fd, LOCK_EX) == 0);
    check_error(flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    check(flock(fd, LOCK_SH) == 0 && flock(other, LOCK_SH | LOCK_NB) == 0);
    check(flock(fd, LOCK_UN) == 0 && flock(other, LOCK_EX | LOCK_NB) == 0);
    check_error(flock(fd, 16), EINVAL);
    check(fcntl(fd, F_SETLK, &lock) == 0);
    lock.l_start = 12;
    lock.l_len = 2;
    lock.l_type = F_UNLCK;
    check(fcntl(fd, F_SETLK, &lock) == 0);
    child = fork();
    if (child == 0) {
        struct flock probe = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
        int bad = 0;

        bad |= fcntl(fd, F_GETLK, &probe) != 0 || probe.l_type != F_WRLCK || probe.l_start != 10 ||
               probe.l_len != 2 || probe.l_pid != getppid();
        probe = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 12, .l_len = 2};
        bad |= fcntl(fd, F_GETLK, &probe) != 0 || probe.l_type != F_UNLCK;
        probe = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 15, .l_len = 1};
        bad |= fcntl(fd, F_SETLK, &probe) != -1 || errno != EAGAIN;
        /* Waits until the parent lets go. */
        bad |= fcntl(fd, F_SETLKW, &probe) != 0;
        _exit(bad);
    }
    usleep(20000);
    close(other); /* any descriptor of the file: all the process's ranges are free */
    check(waitpid(child, &status, 0) == child && status == 0);
    close(fd);
    unlink("l");
}

static void attributes(void)
{
    struct timespec times[2] = {{1000000000, 5}, {1100000000, 7}};
    struct stat st;
    struct statx stx;
    struct statfs fs;
    int fd = make_file("m", "m");

    check(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0644 && st.st_nlink == 1);
    check(fchmod(fd, 04755) == 0 && stat("m", &st) == 0 && st.st_mode == (S_IFREG | 04755));
    check(chown("m", 12, 34) == 0 && stat("m", &st) == 0 && st.st_uid == 12 && st.st_gid == 34);
    check(st.st_mode == (S_IFREG | 0755));
    check(utimensat(AT_FDCWD, "m", times, 0) == 0 && stat("m", &st) == 0);
    check(st.st_atim.tv_sec == 1000000000 && st.st_atim.tv_nsec == 5);
    check(st.st_mtim.tv_sec == 1100000000 && st.st_mtim.tv_nsec == 7);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = 1000000000;
    check_error(utimensat(AT_FDCWD, "m", times, 0), EINVAL);
    times[1].tv_nsec = UTIME_NOW;
    check(futimens(fd, times) == 0 && stat("m", &st) == 0 && st.st_atim.tv_sec == 1000000000);
    check(st.st_mtim.tv_sec != 1100000000);
    check(statx(AT_FDCWD, "m", 0, STATX_ALL, &stx) == 0 && stx.stx_size == 1 && stx.stx_uid == 12);
    check((stx.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
    check(statfs(".", &fs) == 0 && fs.f_type == 0x01021994 && fs.f_namelen == 255);
    umask(077);
    check(mkdir("u", 0777) == 0 && stat("u", &st) == 0 && (st.st_mode & 0777) == 0700);
    umask(022);
    check(rmdir("u") == 0);
    check(mknod("null", S_IFCHR | 0666, makedev(1, 3)) == 0 && stat("null", &st) == 0);
    check(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
    check(unlink("null") == 0);
    check_error(access("none", F_OK), ENOENT);
    check(chmod("m", 0) == 0 && access("m", R_OK | W_OK) == 0);
    check_error(access("m", X_OK), EACCES);
    check_error(access("m", 8), EINVAL);
    close(fd);
    unlink("m");
}

/* As another user: mode bits count. */
static void permissions(void)
{
    pid_t child;
    int status;

    check(mkdir("open", 0777) == 0 && chmod("open", 01777) == 0 && mkdir("closed", 0700) == 0);
    close(make_file("secret", "s"));
    close(make_file("open/mine", "m"));
    chmod("secret", 0600);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        check_failures = 0;
        check(setgid(1000) == 0 && setuid(1000) == 0);
        check_error(open("secret", O_RDONLY), EACCES);
        check_error(open("closed/x", O_RDONLY), EACCES);
        check_error(chdir("closed"), EACCES);
        check_error(opendir("closed") == NULL ? -1 : 0, EACCES);
        check_error(open("new", O_CREAT | O_WRONLY, 0644), EACCES);
        check_error(mkdir("new", 0755), EACCES);
        check_error(unlink("secret"), EACCES);
        check_error(unlink("open/mine"), EPERM); /* sticky */
        check_error(chmod("secret", 0666), EPERM);
        check_error(chown("secret", 1000, 1000), EPERM);
        check_error(mknod("open/null", S_IFCHR | 0666, makedev(1, 3)), EPERM);
        close(make_file("open/own", "o"));
        check(chmod("open/own", 0600) == 0);
        check_error(chown("open/own", 0, -1), EPERM);
        check(rename("open/own", "open/own2") == 0 && unlink("open/own2") == 0);
        check_error(access("secret", R_OK), EACCES);
        check_error(execl("secret", "secret", NULL), EACCES);
        _exit(check_failures != 0);
    }
    check(waitpid(child, &status, 0) == child && status == 0);
    check_error(execl("secret", "secret", NULL), EACCES);
    check_error(execl("open", "open", NULL), EACCES);
    check(unlink("open/mine") == 0 && unlink("secret") == 0);
    check(rmdir("open") == 0 && rmdir("closed") == 0);
}

static void memory_files(void)
{
    int fd = memfd_create("mine", MFD_ALLOW_SEALING), plain = memfd_create("plain", 0);
    char link[64] = {0}, path[32], *map, line[256];
    struct stat st;
    FILE *maps;
    int found = 0;

    check(fstat(fd, &st) == 0 && st.st_size == 0 && st.st_nlink == 0);
    check(ftruncate(fd, 8192) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    check(readlink(path, link, sizeof link) > 0 && strcmp(link, "/memfd:mine (deleted)") == 0);
    map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(map != MAP_FAILED);
    map[0] = 'm';
    maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps) != NULL)
        found += strstr(line, "rw-s") != NULL && strstr(line, "/memfd:mine (deleted)") != NULL;
    fclose(maps);
    check(found == 1);
    check_error(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    check(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
    check_error(ftruncate(fd, 4096), EPERM);
    check_error(ftruncate(fd, 16384), EPERM);
    check_error(pwrite(fd, "x", 1, 8192), EPERM);
    check(munmap(map, 8192) == 0);
    check(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) == 0);
    check_error(write(fd, "x", 1), EPERM);
    check_error(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), EPERM);
    check_error((long)mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
    check(fcntl(fd, F_GET_SEALS) == (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL));
    check(fcntl(plain, F_GET_SEALS) == F_SEAL_SEAL);
    close(fd);
    close(plain);
    check_error(memfd_create("x", 0x4000), EINVAL);
}

static void unlinked(void)
{
    char line[256], link[64] = {0}, *map;
    FILE *maps;
    int fd = make_file("gone", "still here"), found = 0;
    struct stat st;

    map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    check(unlink("gone") == 0 && map != MAP_FAILED);
    check(fstat(fd, &st) == 0 && st.st_nlink == 0);
    snprintf(line, sizeof line, "/proc/self/fd/%d", fd);
    check(readlink(line, link, sizeof link) > 0 && strstr(link, "/gone (deleted)") != NULL);
    fd = (close(fd), open(line, O_RDONLY));
    check_error(fd, ENOENT);
    check(memcmp(map, "still here", 10) == 0);
    maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps) != NULL)
        found += strstr(line, "/gone (deleted)") != NULL;
    fclose(maps);
    check(found == 1);
    munmap(map, 4096);
}

static void proc_links(void)
{
    char path[64], buffer[PATH_MAX] = {0};
    int fd = make_file("p", "proc"), again, ends[2];
    struct stat st;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    again = open(path, O_RDONLY);
    check(again >= 0 && read(again, buffer, 10) == 4);
    close(again);
    check(lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && (st.st_mode & 0777) == 0700);
    check(stat(path, &st) == 0 && S_ISREG(st.st_mode));
    snprintf(path, sizeof path, "/proc/%d/cwd/p", getpid());
    check(access(path, F_OK) == 0);
    check(pipe(ends) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    check(readlink(path, buffer, sizeof buffer) > 6 && memcmp(buffer, "pipe:[", 6) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[1]);
    again = open(path, O_WRONLY);
    check(again >= 0 && write(again, "r", 1) == 1 && read(ends[0], buffer, 9) == 1);
    close(again);
    again = open("p", 3); /* for ioctl alone: neither read nor written */
    check_error(read(again, buffer, 1), EBADF);
    check_error(write(again, buffer, 1), EBADF);
    snprintf(path, sizeof path, "/proc/self/fd/%d", again);
    check(lstat(path, &st) == 0 && st.st_mode == S_IFLNK);
    check(readlink(path, buffer, sizeof buffer) > 0);
    check_error(open("/proc/self/fd/999", O_RDONLY), ENOENT);
    check_error(open("/proc/99999999/stat", O_RDONLY), ENOENT);
    check_error(open("/proc/new", O_CREAT | O_WRONLY, 0644), ENOENT);
    check_error(mkdir("/proc/new", 0755), ENOENT);
    close(again);
    close(ends[0]);
    close(ends[1]);
    close(fd);
    unlink("p");
}

static void devices(void)
{
    char buffer[4096], other[4096], *map;
    int fd = open("/dev/zero", O_RDWR);

    memset(buffer, 1, sizeof buffer);
    check(read(fd, buffer, sizeof buffer) == 4096 && buffer[0] == 0 && buffer[4095] == 0);
    map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    check(map != MAP_FAILED && map[5000] == 0);
    map[0] = 1;
    check(munmap(map, 8192) == 0);
    map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(map != MAP_FAILED && map[5000] == 0);
    if (fork() == 0) {
        map[5000] = 42;
        _exit(0);
    }
    wait(NULL);
    check(map[5000] == 42);
    munmap(map, 8192);
    close(fd);
    fd = open("/dev/null", O_RDWR);
    check(write(fd, buffer, 100) == 100 && read(fd, buffer, 100) == 0);
    check_error((long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV);
    close(fd);
    fd = open("/dev/full", O_RDWR);
    check_error(write(fd, buffer, 1), ENOSPC);
    check(read(fd, buffer, 10) == 10);
    close(fd);
    fd = open("/dev/urandom", O_RDONLY);
    check(read(fd, buffer, 4096) == 4096 && read(fd, other, 4096) == 4096);
    check(memcmp(buffer, other, 4096) != 0);
    close(fd);
    fd = open("/dev/shm/segment", O_RDWR | O_CREAT | O_EXCL, 0600);
    check(fd >= 0 && unlink("/dev/shm/segment") == 0);
    close(fd);
}

int main(void)
{
    char directory[64];

    memset(long_name, 'n', sizeof long_name - 1);
    umask(022);
    snprintf(directory, sizeof directory, "/tmp/files-%d", getpid());
    if (mkdir(directory, 0755) != 0 || chdir(directory) != 0) {
        perror(directory);
        return 1;
    }
    run(opening);
    run(links);
    run(directories);
    run(renames);
    run(content);
    run(descriptors);
    run(pipes);
    run(waiting);
    run(locks);
    run(attributes);
    run(permissions);
    run(memory_files);
    run(unlinked);
    run(proc_links);
    run(devices);
    if (chdir("/") != 0 || rmdir(directory) != 0) {
        perror(directory);
        check_failures++;
    }
    return check_failures != 0;
}
