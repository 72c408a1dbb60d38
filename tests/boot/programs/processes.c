/* Processes: fork, vfork, clone, exec, wait, groups, sessions, orphans, limits, identities. */
#define _GNU_SOURCE
#include "check.h"

#include <link.h>

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *self;

static int wait_for(pid_t child)
{
    int status = -1;

    check(waitpid(child, &status, 0) == child);
    return status;
}

static void forking(void)
{
    static int value = 1;
    int status, ends[2];
    struct rusage usage;
    siginfo_t info = {0};
    char byte;
    pid_t child = fork();

    if (child == 0) {
        value = 2;
        _exit(getppid() > 0 && getpid() != getppid() ? 42 : 1);
    }
    status = wait_for(child);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 42 && value == 1);
    check_error(waitpid(-1, &status, 0), ECHILD);
    check_error(waitpid(child, &status, 0), ECHILD);
    check_error(waitpid(-1, &status, 0x1234), EINVAL);

    /* vfork: the parent goes on only after the child is done with its memory. */
    static volatile int shared;
    shared = 0;
    child = vfork();
    if (child == 0) {
        shared = 7;
        _exit(3);
    }
    check(shared == 7);
    check(WEXITSTATUS(wait_for(child)) == 3);

    child = fork();
    if (child == 0)
        _exit(9);
    check(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
    check(info.si_pid == child && info.si_code == CLD_EXITED && info.si_status == 9);
    check(wait4(child, &status, 0, &usage) == child && WEXITSTATUS(status) == 9);
    check(usage.ru_maxrss > 0 && usage.ru_minflt > 0);

    /* Several children at once, in any order. */
    pid_t children[20];
    for (int i = 0; i < 20; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(i);
    }
    int sum = 0;
    for (int i = 0; i < 20; i++) {
        pid_t which = wait(&status);
        check(which > 0 && WIFEXITED(status));
        sum += WEXITSTATUS(status);
    }
    check(sum == 190);

    /* The pipe ends when the last writer is gone. */
    check(pipe(ends) == 0);
    child = fork();
    if (child == 0) {
        close(ends[0]);
        _exit(write(ends[1], "z", 1) == 1 ? 0 : 1);
    }
    close(ends[1]);
    check(read(ends[0], &byte, 1) == 1 && byte == 'z');
    check(read(ends[0], &byte, 1) == 0);
    close(ends[0]);
    check(wait_for(child) == 0);
}

/* The grandchild outlives its parent and is adopted. */
static void orphans(void)
{
    int ends[2];
    pid_t parent = 0;

    check(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        pid_t middle = getpid();
        if (fork() == 0) {
            while (getppid() == middle)
                usleep(1000);
            parent = getppid();
            _exit(write(ends[1], &parent, sizeof parent) != sizeof parent);
        }
        _exit(0);
    }
    wait_for(child);
    check(read(ends[0], &parent, sizeof parent) == sizeof parent && parent == 1);
    close(ends[0]);
    close(ends[1]);

    /* A subreaper takes its descendants instead. */
    check(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    child = fork();
    if (child == 0) {
        if (fork() == 0) {
            usleep(10000);
            _exit(66);
        }
        _exit(0);
    }
    wait_for(child);
    int status;
    check(wait(&status) > 0 && WEXITSTATUS(status) == 66);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void groups(void)
{
    int ends[2];
    char byte;

    check(getpgrp() == getpgid(0) && getsid(0) > 0);
    check_error(getpgid(999999), ESRCH);
    check_error(setpgid(999999, 0), ESRCH);
    check_error(setpgid(0, -1), EINVAL);
    check(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        check(setpgid(0, 0) == 0 && getpgrp() == getpid());
        check_error(setsid(), EPERM);
        if (fork() == 0) {
            check(setsid() == getpid() && getpgrp() == getpid() && getsid(0) == getpid());
            check_error(setpgid(0, 0), EPERM);
            _exit(check_failures);
        }
        int status;
        wait(&status);
        if (write(ends[1], "x", 1) != 1)
            _exit(1);
        pause();
        _exit(1);
    }
    check(read(ends[0], &byte, 1) == 1);
    check(getpgid(child) == child);
    check_error(setpgid(child, 999999), EPERM);
    check(kill(-child, SIGTERM) == 0);
    check(WTERMSIG(wait_for(child)) == SIGTERM);
    check_error(kill(-child, SIGTERM), ESRCH);
    close(ends[0]);
    close(ends[1]);

    /* A child may be moved only until it has called exec. */
    child = fork();
    if (child == 0)
        pause();
    check(setpgid(child, child) == 0 && getpgid(child) == child);
    kill(child, SIGKILL);
    wait_for(child);
}

/* ---- exec ---- */

static int exec_status(char *const argv[], char *const envp[])
{
    pid_t child = vfork();

    if (child == 0) {
        execve(argv[0], argv, envp);
        _exit(errno);
    }
    return WEXITSTATUS(wait_for(child));
}

static void write_file(const char *path, const char *text, size_t size, mode_t mode)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0777);

    check(fd >= 0 && write(fd, text, size) == (ssize_t)size);
    check(fchmod(fd, mode) == 0);
    close(fd);
}

static char *repeated(size_t length)
{
    char *text = malloc(length + 1);

    memset(text, 'a', length);
    text[length] = '\0';
    return text;
}

static void nothing(int signo)
{
    (void)signo;
}

static void executing(void)
{
    char *const no_environment[] = {NULL};
    char path[] = "/tmp/test-program", script[] = "/tmp/test-script";
    char line[300];

    check(exec_status((char *[]){(char *)self, "echo", "3", "a", "", "b c", NULL},
                      (char *[]){"X=1", "Y=2", NULL}) == 35);
    check(exec_status((char *[]){"/does/not/exist", NULL}, no_environment) == ENOENT);
    check(exec_status((char *[]){"/tmp", NULL}, no_environment) == EACCES);
    write_file(path, "no program", 10, 0755);
    check(exec_status((char *[]){path, NULL}, no_environment) == ENOEXEC);
    write_file(path, "", 0, 0755);
    check(exec_status((char *[]){path, NULL}, no_environment) == ENOEXEC);
    write_file(path, "\177ELF", 4, 0755);
    check(exec_status((char *[]){path, NULL}, no_environment) == ENOEXEC);
    chmod(path, 0644);
    check(exec_status((char *[]){path, NULL}, no_environment) == EACCES);

    /* Scripts: "#!interpreter argument", then the script's name and the rest. */
    snprintf(line, sizeof line, "#! %s echo 4 \nnothing", self);
    /* One argument only: it is "echo 4". */
    write_file(script, line, strlen(line), 0755);
    check(exec_status((char *[]){script, "1", NULL}, no_environment) == 99);
    snprintf(line, sizeof line, "#!%s\n", self);
    write_file(script, line, strlen(line), 0755);
    check(exec_status((char *[]){script, "second", NULL}, no_environment) == 98);
    snprintf(line, sizeof line, "#!%s", script); /* an interpreter that is itself, without end */
    write_file(script, line, strlen(line), 0755);
    check(exec_status((char *[]){script, NULL}, no_environment) == ELOOP);
    write_file(script, "#!   \n", 6, 0755);
    check(exec_status((char *[]){script, NULL}, no_environment) == ENOEXEC);

    /* Limits: 128 KiB for one string, a quarter of the stack's limit for all. */
    char *fits = repeated(131071), *too_long = repeated(131072);
    check(exec_status((char *[]){(char *)self, "count", fits, NULL}, no_environment) == 3);
    check(exec_status((char *[]){(char *)self, "count", too_long, NULL}, no_environment) == E2BIG);
    char *many[24] = {(char *)self, "count"};
    for (int i = 2; i < 23; i++)
        many[i] = fits;
    check(exec_status(many, no_environment) == E2BIG);
    many[12] = NULL;
    check(exec_status(many, no_environment) == 12);
    check_error(syscall(SYS_execve, self, 8, 0), EFAULT);
    check_error(syscall(SYS_execve, 8, many, 0), EFAULT);
    free(fits);
    free(too_long);

    /* A file that runs cannot be written, and one that is written cannot run. */
    int fd = open(path, O_WRONLY);
    chmod(path, 0755);
    check(exec_status((char *[]){path, NULL}, no_environment) == ETXTBSY);
    close(fd);
    unlink(path);
    unlink(script);

    /* What exec keeps and what it does not. */
    fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int kept = open("/dev/null", O_RDWR);
    char numbers[2][12];
    snprintf(numbers[0], 12, "%d", fd);
    snprintf(numbers[1], 12, "%d", kept);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGHUP, nothing);
    check(exec_status((char *[]){(char *)self, "kept", numbers[0], numbers[1], NULL},
                      no_environment) == 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    close(fd);
    close(kept);
    int directory = open("/", O_PATH);
    pid_t child = vfork();
    if (child == 0) {
        syscall(SYS_execveat, directory, self + 1, (char *[]){"x", "count", NULL}, no_environment,
                0);
        _exit(90);
    }
    check(WEXITSTATUS(wait_for(child)) == 2);
    close(directory);
}

/* Hostile program files: all refused, none hurts. */
static void bad_programs(void)
{
    struct header {
        unsigned char ident[16];
        uint16_t type, machine;
        uint32_t version;
        uint64_t entry, phoff, shoff;
        uint32_t flags;
        uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
    } header = {{0x7f, 'E', 'L', 'F', 2, 1, 1}, 2, 62, 1, 0x400000, 64, 0, 0, 64, 56, 1, 0, 0, 0};
    struct segment {
        uint32_t type, flags;
        uint64_t offset, vaddr, paddr, filesz, memsz, align;
    } good = {1, 7, 0, 0x400000, 0, 0x1000, 0x1000, 0x1000};
    struct {
        struct header header;
        struct segment segments[3];
        char rest[8192];
    } file;
    char path[] = "/tmp/test-bad";

    for (int test = 0; test < 12; test++) {
        memset(&file, 0, sizeof file);
        file.header = header;
        file.segments[0] = file.segments[1] = good;
        struct segment *s = &file.segments[0];
        switch (test) {
        case 0:
            s->filesz = 0x2000;
            break; /* more in the file than in memory */
        case 1:
            s->vaddr = 0xffff800000000000;
            break; /* the kernel's half */
        case 2:
            s->vaddr = UINT64_MAX - 0xfff;
            break; /* wraps */
        case 3:
            s->memsz = UINT64_MAX;
            break;
        case 4:
            s->vaddr = 0x7ffffffff000;
            break; /* beyond the last page */
        case 5:
            s->offset = 0x10;
            break; /* not congruent with its address */
        case 6:
            s->offset = UINT64_MAX - 0xfff;
            break;
        case 7:
            file.header.phnum = 0;
            break;
        case 8:
            file.header.phentsize = 55;
            break;
        case 9:
            file.header.phoff = UINT64_MAX - 8;
            break;
        case 10:
            file.header.machine = 3;
            break;
        case 11:
            s->type = 2;
            break; /* nothing to load */
        }
        write_file(path, (char *)&file, sizeof file, 0755);
        pid_t child = fork();
        if (child == 0) {
            execve(path, (char *[]){path, NULL}, (char *[]){NULL});
            _exit(77);
        }
        int status = wait_for(child);
        /* Linux notices some of these only when the old program is gone: then it is killed. */
        check(
            (WIFEXITED(status) && WEXITSTATUS(status) == 77) ||
            (WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGKILL)));
    }
    unlink(path);
}

static void layout(void)
{
    char *top = (char *)syscall(SYS_brk, 0);

    check(syscall(SYS_brk, top + 10000) == (long)(top + 10000));
    top[9999] = 1;
    check(syscall(SYS_brk, 16) == (long)(top + 10000));
    check(syscall(SYS_brk, top) == (long)top);
    check(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_CLKTCK) == 100);
    check(getauxval(AT_UID) == getuid() && getauxval(AT_SECURE) == 0);
    check(getauxval(AT_PHNUM) > 0 && getauxval(AT_PHENT) == sizeof(ElfW(Phdr)));
    check(strcmp((char *)getauxval(AT_PLATFORM), sizeof(long) == 8 ? "x86_64" : "i686") == 0);
    check(getauxval(AT_RANDOM) != 0 && getauxval(AT_EXECFN) != 0);
}

/* ---- limits and identities ---- */

static void limits(void)
{
    struct rlimit limit, old;
    struct rusage usage;

    check(getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur == 8 << 20);
    check(getrlimit(RLIMIT_NOFILE, &old) == 0);
    limit = (struct rlimit){20, old.rlim_max};
    check(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    check_error(dup2(0, 30), EBADF);
    int fds[32], count = 0;
    while (count < 32 && (fds[count] = dup(0)) >= 0)
        count++;
    check(count < 20 && errno == EMFILE);
    while (count > 0)
        close(fds[--count]);
    check(setrlimit(RLIMIT_NOFILE, &old) == 0);
    check_error(setrlimit(RLIMIT_NOFILE, &(struct rlimit){10, 5}), EINVAL);
    check_error(setrlimit(99, &old), EINVAL);
    check(getrusage(RUSAGE_SELF, &usage) == 0 && usage.ru_maxrss > 0);
    check_error(getrusage(7, &usage), EINVAL);

    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_AS, &(struct rlimit){64 << 20, 64 << 20});
        void *big = mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        void *small = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        _exit(!(big == MAP_FAILED && small != MAP_FAILED));
    }
    check(wait_for(child) == 0);
    child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CPU, &(struct rlimit){1, 2});
        for (;;)
            continue;
    }
    check(WTERMSIG(wait_for(child)) == SIGXCPU);
    umask(027);
    check(umask(022) == 027);
    check(umask(022) == 022);
    check(nice(5) == 5 && getpriority(PRIO_PROCESS, 0) == 5);
    check(setpriority(PRIO_PROCESS, 0, 0) == 0);
    cpu_set_t cpus;
    check(sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_ISSET(0, &cpus));
    check(syscall(SYS_sched_getscheduler, 0) == SCHED_OTHER && sched_yield() == 0);
}

static void identities(void)
{
    pid_t child = fork();

    if (child == 0) {
        check(setrlimit(RLIMIT_NPROC, &(struct rlimit){2, 2}) == 0);
        check(setuid(12345) == 0);
        pid_t first = fork();
        if (first == 0)
            _exit(!(fork() == -1 && errno == EAGAIN));
        _exit(wait_for(first) != 0 || check_failures != 0);
    }
    check(wait_for(child) == 0);
    child = fork();

    if (child == 0) {
        uid_t real, effective, saved;
        gid_t list[4] = {10, 20, 30, 40};

        check(setgroups(4, list) == 0 && getgroups(0, NULL) == 4);
        check(setresuid(1000, 1001, 1002) == 0);
        check(getresuid(&real, &effective, &saved) == 0);
        check(real == 1000 && effective == 1001 && saved == 1002);
        check_error(setuid(5), EPERM);
        check(setuid(1000) == 0 && geteuid() == 1000);
        check(seteuid(1002) == 0 && geteuid() == 1002);
        check_error(setgroups(1, list), EPERM);
        check_error(kill(1, SIGTERM), EPERM);
        check_error(setpriority(PRIO_PROCESS, 0, -5), EACCES);
        check_error(sethostname("x", 1), EPERM);
        _exit(check_failures != 0);
    }
    check(wait_for(child) == 0);
}

/* A real-time hog leaves a little to others, and gives way at once to one of a higher priority. */
static void realtime(void)
{
    struct sched_param low = {.sched_priority = 10}, high = {.sched_priority = 20}, none = {0};
    pid_t hog = fork();

    if (hog == 0) {
        syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &low);
        for (;;)
            continue;
    }
    usleep(10000); /* comes back although the hog never sleeps */
    check(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &high) == 0);
    check(syscall(SYS_sched_getscheduler, 0) == SCHED_FIFO);
    for (int i = 0; i < 20; i++)
        usleep(1000);
    kill(hog, SIGKILL);
    wait_for(hog);
    check_error(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &none), EINVAL);
    check(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &none) == 0);
}

/* What the program does when it is run by itself. */
static int as_child(int argc, char **argv, char **envp)
{
    int count = 0;

    if (argc < 2)
        return 97;
    if (strcmp(argv[1], "count") == 0)
        return argc;
    if (strcmp(argv[1], "echo") == 0) {
        while (envp[count])
            count++;
        if (argc != 6 || strcmp(argv[3], "a") || strcmp(argv[4], "") || strcmp(argv[5], "b c"))
            return 1;
        return count == 2 && strcmp(envp[0], "X=1") == 0 ? 35 : 2;
    }
    if (strcmp(argv[1], "echo 4") == 0)
        return argc == 4 && strstr(argv[2], "script") && strcmp(argv[3], "1") == 0 ? 99 : 3;
    if (strstr(argv[1], "script"))
        return argc == 3 && strcmp(argv[2], "second") == 0 ? 98 : 4;
    if (strcmp(argv[1], "kept") == 0) {
        struct sigaction usr1, hup;
        sigset_t set;

        sigaction(SIGUSR1, NULL, &usr1);
        sigaction(SIGHUP, NULL, &hup);
        sigprocmask(SIG_BLOCK, NULL, &set);
        return !(fcntl(atoi(argv[2]), F_GETFD) == -1 && fcntl(atoi(argv[3]), F_GETFD) == 0 &&
                 usr1.sa_handler == SIG_IGN && hup.sa_handler == SIG_DFL &&
                 sigismember(&set, SIGUSR2));
    }
    return 96;
}

int main(int argc, char **argv, char **envp)
{
    static char path[PATH_MAX];

    if (argc > 1)
        return as_child(argc, argv, envp);
    self = realpath(argv[0], path);
    run(forking);
    run(orphans);
    run(groups);
    run(executing);
    run(bad_programs);
    run(layout);
    run(limits);
    run(identities);
    run(realtime);
    return check_failures != 0;
}
