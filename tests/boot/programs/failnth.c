/*
 * Every allocation of every step fails once inside the kernel, by /proc/thread-self/fail-nth. A
 * step runs for N = 1, 2, ... until it needs fewer than N allocations. Each time the failing call
 * says ENOMEM or the like (or nothing at all: an access is tried again), descriptors and mappings
 * are what they were before, and after all N no frame and no object of the kernel's heap is lost.
 *
 *   failnth [STEP]...     all steps, or those named
 */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE ((size_t)4096)

/* Where nothing is, under tables of their own. */
#define FAR_AWAY     ((void *)(sizeof(long) == 8 ? 0x10000000000 : 0x50000000))
#define FURTHER_AWAY ((void *)(sizeof(long) == 8 ? 0x20000000000 : 0x60000000))

static int control; /* this thread's fail-nth */
static const char *step_name;
static long step_n;
static long remaining; /* when it was disarmed; 0: it has failed */

/* ---- arming ---- */

static void arm(int file, long n)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%ld", n);

    if (pwrite(file, text, (size_t)length, 0) != length) {
        printf("cannot write fail-nth: errno %d\n", errno);
        exit(1);
    }
}

/* What is left; 0: it has failed. Disarms. */
static long disarm(int file)
{
    char text[16] = "";
    long left;

    if (pread(file, text, sizeof text - 1, 0) <= 0) {
        printf("cannot read fail-nth: errno %d\n", errno);
        exit(1);
    }
    left = atol(text);
    if (left != 0) {
        arm(file, 0);
        remaining = left;
    }
    return left;
}

/* A call's result; a failure must be one that a shortage explains. */
static long try_result(long result, const char *call)
{
    if (result != -1 || errno == ENOMEM || errno == EAGAIN || errno == EFAULT || errno == ENOLCK)
        return result;
    int error = errno;
    long left = disarm(control);

    check_failures++;
    printf("FAILED %s, allocation %ld: %s: errno %d (%s)\n", step_name, step_n, call, error,
           left == 0 ? "it was due to fail" : "nothing failed yet");
    return -1;
}
#define try(call) try_result((long)(call), #call)

/* ---- the steps: each undoes what it did, whatever failed ---- */

static void step_fork(void)
{
    int status;
    pid_t child = (pid_t)try(fork());

    if (child == 0)
        _exit(7);
    if (child > 0)
        check(waitpid(child, &status, 0) == child && status == 7 << 8);
}

static char *block; /* touched before: what fork shares */

static void step_copy_on_write(void)
{
    int status, ends[2];
    pid_t child;
    char byte;

    if (try(pipe(ends)) != 0)
        return;
    child = (pid_t)try(fork());
    if (child == 0) {
        close(ends[1]);
        while (read(ends[0], &byte, 1) > 0)
            continue;
        for (size_t i = 0; i < 16; i++)
            if (block[i * PAGE] != (char)(i + 1))
                _exit(1);
        _exit(0);
    }
    for (size_t i = 0; i < 16; i++)
        block[i * PAGE] = (char)(i + 100);
    close(ends[0]);
    close(ends[1]);
    if (child > 0)
        check(waitpid(child, &status, 0) == child && status == 0);
    for (size_t i = 0; i < 16; i++) {
        check(block[i * PAGE] == (char)(i + 100));
        block[i * PAGE] = (char)(i + 1);
    }
}

static int thread_runs(void *argument)
{
    *(volatile int *)argument = 5;
    return 0;
}

static void step_thread(void)
{
    static char stack[16384] __attribute__((aligned(16)));
    static volatile int told;
    int status;
    pid_t child;

    told = 0;
    child = (pid_t)try(clone(thread_runs, stack + sizeof stack,
                             CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | SIGCHLD,
                             (void *)&told));
    if (child > 0)
        check(waitpid(child, &status, 0) == child && status == 0 && told == 5);
}

static void step_map(void)
{
    char *memory = mmap(FAR_AWAY, 64 * PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (memory == MAP_FAILED) {
        try(-1);
        return;
    }
    for (size_t i = 0; i < 64; i += 8)
        memory[i * PAGE] = (char)i;
    try(munmap(memory + 9 * PAGE, 2 * PAGE));
    try(mprotect(memory + 20 * PAGE, 4 * PAGE, PROT_READ));
    try(madvise(memory + 32 * PAGE, 4 * PAGE, MADV_DONTFORK));
    try(madvise(memory + 40 * PAGE, 4 * PAGE, MADV_DONTNEED));
    try(mlock(memory + 48 * PAGE, 8 * PAGE));
    check(memory[8 * PAGE] == 8 && memory[40 * PAGE] == 0 && memory[56 * PAGE] == 56);
    disarm(control); /* undoing may need memory as well: a middle is cut out */
    check(munmap(memory, 64 * PAGE) == 0);
}

static void step_unmap_all(void)
{
    char *memory[3];

    for (int i = 0; i < 3; i++) {
        memory[i] = mmap(NULL, (size_t)(i + 1) << 21, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory[i] == MAP_FAILED) {
            memory[i] = NULL;
            try(-1);
        } else {
            try(madvise(memory[i] + 20 * PAGE, 5 * PAGE, MADV_POPULATE_WRITE));
            memory[i][500 * PAGE] = 1;
        }
    }
    disarm(control);
    for (int i = 0; i < 3; i++)
        if (memory[i] != NULL)
            check(munmap(memory[i], (size_t)(i + 1) << 21) == 0);
}

static void step_remap(void)
{
    char *memory = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *moved = MAP_FAILED;

    if (memory == MAP_FAILED) {
        try(-1);
        return;
    }
    memory[3 * PAGE] = 33;
    moved = mremap(memory, 8 * PAGE, 600 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, FURTHER_AWAY);
    if (moved == MAP_FAILED)
        try(-1);
    check((moved == MAP_FAILED ? memory : moved)[3 * PAGE] == 33);
    disarm(control);
    check(moved == MAP_FAILED ? munmap(memory, 8 * PAGE) == 0 : munmap(moved, 600 * PAGE) == 0);
}

static void step_break(void)
{
    char *old = (char *)syscall(SYS_brk, 0);
    char *new = (char *)syscall(SYS_brk, old + 40 * PAGE);

    check(new == old || new == old + 40 * PAGE);
    if (new != old)
        memset(old, 1, 40 * PAGE);
    disarm(control);
    check((char *)syscall(SYS_brk, old) == old);
}

static void step_file(void)
{
    static char buffer[40000];
    int file = (int)try(open("/tmp/failnth", O_RDWR | O_CREAT | O_EXCL, 0600));
    long written = 0;
    char *memory;

    if (file < 0)
        return;
    written = try(write(file, buffer, sizeof buffer));
    check(written == -1 || written == (long)sizeof buffer || written % (long)PAGE == 0);
    try(pwrite(file, "x", 1, 1 << 24));
    try(pread(file, buffer, sizeof buffer, 0));
    memory = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        try(-1);
    } else {
        for (int i = 0; i < 8 && (i * (long)PAGE) < written; i++)
            memory[i * (long)PAGE] = 1;
        try(msync(memory, 8 * PAGE, MS_SYNC));
        munmap(memory, 8 * PAGE);
    }
    memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED) {
        try(-1);
    } else {
        if (written > 0)
            memory[1] = 2;
        munmap(memory, PAGE);
    }
    try(ftruncate(file, 10));
    try(flock(file, LOCK_EX | LOCK_NB));
    try(fcntl(file, F_SETLK, &(struct flock){.l_type = F_WRLCK, .l_start = 2, .l_len = 4}));
    try(fcntl(file, F_SETLK, &(struct flock){.l_type = F_UNLCK, .l_start = 3, .l_len = 1}));
    close(file);
    disarm(control);
    check(unlink("/tmp/failnth") == 0);
}

static void step_names(void)
{
    char link[64], long_name[250], path[300];
    DIR *directory;

    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    snprintf(path, sizeof path, "/tmp/d/%s", long_name);
    try(mkdir("/tmp/d", 0700));
    if (access("/tmp/d", F_OK) == 0) {
        try(symlink("somewhere/else/that/is/not/there", "/tmp/d/link"));
        if (access("/tmp/d", F_OK) == 0 &&
            faccessat(AT_FDCWD, "/tmp/d/link", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            try(readlink("/tmp/d/link", link, sizeof link));
        int file = (int)try(open("/tmp/d/file", O_WRONLY | O_CREAT, 0600));
        if (file >= 0) {
            close(file);
            if (try(rename("/tmp/d/file", path)) == 0)
                try(rename(path, "/tmp/d/file"));
        }
        for (int i = 0; i < 20; i++) {
            char name[32];

            snprintf(name, sizeof name, "/tmp/d/%d", i);
            try(mknod(name, S_IFREG | 0600, 0));
        }
        directory = opendir("/tmp/d");
        while (directory != NULL && readdir(directory) != NULL)
            continue;
        if (directory != NULL)
            closedir(directory);
    }
    disarm(control);
    unlink("/tmp/d/link");
    unlink("/tmp/d/file");
    unlink(path);
    for (int i = 0; i < 20; i++) {
        snprintf(path, sizeof path, "/tmp/d/%d", i);
        unlink(path);
    }
    check(rmdir("/tmp/d") == 0 || errno == ENOENT);
}

static void step_pipe(void)
{
    static char buffer[70000];
    int ends[2];

    if (try(pipe2(ends, O_NONBLOCK)) != 0)
        return;
    try(fcntl(ends[1], F_SETPIPE_SZ, 1 << 18));
    try(write(ends[1], buffer, sizeof buffer));
    try(write(ends[1], buffer, 10));
    try(read(ends[0], buffer, sizeof buffer));
    close(ends[0]);
    close(ends[1]);
}

static void step_descriptors(void)
{
    int null = (int)try(open("/dev/null", O_RDWR));
    struct pollfd polled[40];
    struct epoll_event event = {.events = EPOLLIN};
    fd_set set;

    if (null < 0)
        return;
    try(fcntl(null, F_DUPFD, 900));
    close(900);
    int epoll = (int)try(epoll_create1(0));
    int counter = (int)try(eventfd(0, EFD_NONBLOCK));
    if (epoll >= 0 && counter >= 0) {
        try(epoll_ctl(epoll, EPOLL_CTL_ADD, counter, &event));
        try(epoll_wait(epoll, &event, 1, 0));
    }
    for (int i = 0; i < 40; i++)
        polled[i] = (struct pollfd){.fd = null, .events = POLLIN};
    try(poll(polled, 40, 0));
    FD_ZERO(&set);
    FD_SET(null, &set);
    try(select(null + 1, &set, NULL, NULL, &(struct timeval){0, 0}));
    if (epoll >= 0)
        close(epoll);
    if (counter >= 0)
        close(counter);
    close(null);
}

static void step_shared(void)
{
    int id = (int)try(shmget(IPC_PRIVATE, 5 * PAGE, IPC_CREAT | 0600));
    int file = (int)try(memfd_create("a name", MFD_ALLOW_SEALING));
    char *memory;

    if (id >= 0) {
        memory = shmat(id, NULL, 0);
        if (memory == (char *)-1) {
            try(-1);
        } else {
            for (int i = 0; i < 5; i++)
                memory[i * (long)PAGE] = 1;
            shmdt(memory);
        }
    }
    memory = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        try(-1);
    } else {
        memory[0] = memory[4 * PAGE] = 1;
        munmap(memory, 5 * PAGE);
    }
    if (file >= 0) {
        try(ftruncate(file, 20 * (long)PAGE));
        try(fallocate(file, 0, 0, 4 * (long)PAGE));
        try(write(file, "abc", 3));
        try(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK));
        close(file);
    }
    disarm(control);
    if (id >= 0)
        check(shmctl(id, IPC_RMID, NULL) == 0);
}

static void read_all(const char *path)
{
    static char buffer[16384];
    int file = (int)try(open(path, O_RDONLY));

    if (file < 0)
        return;
    while (try(read(file, buffer, sizeof buffer)) > 0)
        continue;
    close(file);
}

static void step_proc(void)
{
    char text[256];

    read_all("/proc/self/maps");
    read_all("/proc/self/smaps");
    read_all("/proc/self/status");
    read_all("/proc/self/stat");
    read_all("/proc/self/cmdline");
    read_all("/proc/self/mounts");
    read_all("/proc/meminfo");
    read_all("/proc/slabinfo");
    try(readlink("/proc/self/exe", text, sizeof text));
    try(getcwd(text, sizeof text));
}

static void step_mount(void)
{
    if (try(mkdir("/tmp/m", 0700)) != 0)
        return;
    if (try(mount("none", "/tmp/m", "tmpfs", 0, "size=1m")) == 0) {
        int file = (int)try(open("/tmp/m/file", O_WRONLY | O_CREAT, 0600));

        if (file >= 0) {
            try(write(file, "abc", 3));
            close(file);
        }
        disarm(control);
        check(umount("/tmp/m") == 0);
    }
    disarm(control);
    check(rmdir("/tmp/m") == 0);
}

static void handler(int signo)
{
    (void)signo;
}

static void step_signals(void)
{
    timer_t timer;
    struct sigevent none = {.sigev_notify = SIGEV_NONE};
    gid_t groups[40] = {0};

    signal(SIGUSR1, handler);
    try(kill(getpid(), SIGUSR1));
    try(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 1}));
    if (try(timer_create(CLOCK_MONOTONIC, &none, &timer)) == 0)
        timer_delete(timer);
    try(setgroups(40, groups));
    disarm(control);
    setgroups(0, NULL);
}

static void step_vectors(void)
{
    static char bytes[64][16];
    struct iovec vectors[64];
    int file = (int)try(open("/dev/zero", O_RDWR));

    for (int i = 0; i < 64; i++)
        vectors[i] = (struct iovec){bytes[i], sizeof bytes[i]};
    if (file >= 0) {
        try(readv(file, vectors, 64));
        try(writev(file, vectors, 64));
        close(file);
    }
    try(process_vm_readv(getpid(), vectors, 32, vectors + 32, 32, 0));
}

static void step_terminal(void)
{
    int master = (int)try(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK));
    int zero = 0, number = 0;
    char path[32], byte;

    if (master < 0)
        return;
    if (try(ioctl(master, 0x40045431, &zero)) == 0 &&
        try(ioctl(master, 0x80045430, &number)) == 0) {
        snprintf(path, sizeof path, "/dev/pts/%d", number);
        int slave = (int)try(open(path, O_RDWR | O_NOCTTY));

        if (slave >= 0) {
            try(write(slave, "abc\n", 4));
            try(read(master, &byte, 1));
            close(slave);
        }
    }
    close(master);
}

/* ---- exec: the child counts for itself, through exec and what follows it ---- */

enum { EXEC_FAILED = 20, DONE = 22, STRUCK = 23 };

static void after_exec(int file)
{
    char *memory = malloc(100000), text[64];
    int out = open("/tmp/after", O_WRONLY | O_CREAT, 0600);

    if (memory != NULL)
        memset(memory, 1, 100000);
    if (out >= 0 && write(out, text, sizeof text) > 0)
        close(out);
    _exit(disarm(file) == 0 ? STRUCK : DONE);
}

static int run_exec(long n)
{
    char number[12];
    int status;
    pid_t child = fork();

    if (child == 0) {
        int file = open("/proc/thread-self/fail-nth", O_RDWR);
        char *arguments[] = {"failnth", "after-exec", number, NULL};
        char *environment[] = {"ONE=1", "TWO=22", NULL};

        if (file < 0)
            _exit(1);
        close(1);
        close(2);
        snprintf(number, sizeof number, "%d", file);
        arm(file, n);
        execve("/proc/self/exe", arguments, environment);
        _exit(errno == ENOMEM || errno == EFAULT || errno == EAGAIN ? EXEC_FAILED : 2);
    }
    check(child > 0 && waitpid(child, &status, 0) == child);
    unlink("/tmp/after");
    if (WIFEXITED(status) && WEXITSTATUS(status) == DONE)
        return 1;
    /* The C library's own start may give up with a message and 127, or abort. */
    if (WIFSIGNALED(status)) {
        int signo = WTERMSIG(status);

        if (signo == SIGKILL || signo == SIGSEGV || signo == SIGABRT || signo == SIGBUS ||
            signo == SIGILL || signo == SIGTRAP)
            return 0;
    } else if (WEXITSTATUS(status) == EXEC_FAILED || WEXITSTATUS(status) == STRUCK ||
               WEXITSTATUS(status) == 127) {
        return 0;
    }
    check_failures++;
    printf("FAILED exec, allocation %ld: wait status %#x\n", n, status);
    return 0;
}

/* ---- what must be as it was ---- */

static int open_descriptors(void)
{
    int count = 0;

    for (int i = 0; i < 1024; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

static char text[65536];

static size_t read_text(const char *path)
{
    int file = open(path, O_RDONLY);
    size_t length = 0;
    ssize_t n;

    while (file >= 0 && (n = read(file, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)n;
    close(file);
    text[length] = 0;
    return length;
}

static unsigned long mappings(void)
{
    size_t length = read_text("/proc/self/maps");
    unsigned long sum = length;

    for (size_t i = 0; i < length; i++)
        sum = sum * 31 + (unsigned char)text[i];
    return sum;
}

static void drop_caches(void)
{
    int file = open("/proc/sys/vm/drop_caches", O_WRONLY);

    check(file >= 0 && write(file, "3", 1) == 1);
    close(file);
}

/* KiB in all slabs of the heap. Objects are compared one by one; how they lie is no loss. */
static long slab_memory(void)
{
    long sum = 0;

    read_text("/proc/slabinfo");
    for (char *line = strchr(text, '\n'); line != NULL && line[1] != 0;
         line = strchr(line + 1, '\n')) {
        long pages, slabs;

        if (sscanf(line + 1, "%*s %*d %*d %*d %*d %ld : %*s %*d %*d %*d : %*s %*d %ld", &pages,
                   &slabs) == 2)
            sum += pages * slabs * 4;
    }
    check(sum > 0);
    return sum;
}

static long free_memory(void)
{
    long slabs;

    drop_caches();
    slabs = slab_memory();
    read_text("/proc/meminfo");
    return atol(strstr(text, "MemFree:") + 8) + slabs;
}

/* Objects of all caches; with `complain`, those that have more than they had are named. */
static char slabs_before[65536];

static long objects_of(const char *slabs, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = slabs; line != NULL && *line != 0;) {
        if (strncmp(line, name, length) == 0 && line[length] == ' ')
            return atol(line + length);
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return 0;
}

static int lost_objects(void)
{
    int lost = 0;

    drop_caches();
    read_text("/proc/slabinfo");
    for (char *line = strchr(text, '\n'); line != NULL && line[1] != 0;
         line = strchr(line + 1, '\n')) {
        char name[64];
        long now;

        if (sscanf(line + 1, "%63s %ld", name, &now) != 2 || name[0] == '#')
            continue;
        if (now > objects_of(slabs_before, name)) {
            printf("%s: %ld objects of %s lost\n", step_name, now - objects_of(slabs_before, name),
                   name);
            lost = 1;
        }
    }
    return lost;
}

#define DISK "/dev/vda" /* a swap area, if the machine has one */

static void step_swap(void)
{
    static char buffer[3 * 4096];
    char *memory;
    int file, on;

    if (access(DISK, F_OK) != 0)
        return;
    file = (int)try(open(DISK, O_RDWR));
    if (file >= 0) {
        try(pread(file, buffer, sizeof buffer, 1 << 20));
        try(pwrite(file, buffer + 10, 5000, (1 << 20) + 10));
        try(fsync(file));
        close(file);
    }
    on = try(swapon(DISK, 0)) == 0;
    memory = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        try(-1);
    } else {
        for (size_t i = 0; i < 16; i++)
            memory[i * PAGE] = (char)(i + 1);
        try(madvise(memory, 16 * PAGE, MADV_PAGEOUT));
        for (size_t i = 0; i < 16; i++)
            check(memory[i * PAGE] == (char)(i + 1));
        try(madvise(memory, 16 * PAGE, MADV_PAGEOUT));
        if (on && try(swapoff(DISK)) == 0)
            on = 0;
    }
    disarm(control);
    if (on)
        check(swapoff(DISK) == 0);
    if (memory != MAP_FAILED) {
        for (size_t i = 0; i < 16; i++)
            check(memory[i * PAGE] == (char)(i + 1));
        munmap(memory, 16 * PAGE);
    }
}

/* ---- the run ---- */

static const struct step {
    const char *name;
    void (*body)(void);
} steps[] = {
    {"fork", step_fork},
    {"copy_on_write", step_copy_on_write},
    {"thread", step_thread},
    {"map", step_map},
    {"unmap_all", step_unmap_all},
    {"remap", step_remap},
    {"break", step_break},
    {"file", step_file},
    {"names", step_names},
    {"pipe", step_pipe},
    {"descriptors", step_descriptors},
    {"shared", step_shared},
    {"proc", step_proc},
    {"mount", step_mount},
    {"signals", step_signals},
    {"vectors", step_vectors},
    {"terminal", step_terminal},
    {"swap", step_swap},
    {"exec", NULL},
};

/* True: the step needs fewer than n allocations. */
static int run_once(const struct step *step, long n)
{
    /* What a run leaves for reuse would let the next one skip allocations that it should fail. */
    drop_caches();
    if (step->body == NULL)
        return run_exec(n);
    remaining = 0;
    arm(control, n);
    step->body();
    disarm(control); /* unless it did so itself before it undid something */
    return remaining != 0;
}

static void run_step(const struct step *step)
{
    int failures = check_failures, descriptors;
    unsigned long maps;
    long before, after;

    step_name = step->name;
    step_n = 0;
    for (int i = 0; i < 2; i++) /* what is made once and kept is made now */
        run_once(step, 1000000);
    descriptors = open_descriptors();
    maps = mappings();
    before = free_memory();
    read_text("/proc/slabinfo");
    memcpy(slabs_before, text, sizeof text);
    for (step_n = 1;; step_n++) {
        int done = run_once(step, step_n);

        if (open_descriptors() != descriptors || mappings() != maps) {
            check_failures++;
            printf("FAILED %s, allocation %ld: descriptors or mappings are not as they were\n",
                   step->name, step_n);
            break;
        }
        if (done)
            break;
    }
    if (lost_objects())
        check_failures++;
    after = free_memory();
    if (after < before) {
        check_failures++;
        printf("FAILED %s: %ld KiB lost\n", step->name, before - after);
    }
    fprintf(stderr, "%s: %ld allocations\n", step->name, step_n - 1);
    printf("%s: %s\n", step->name, check_failures == failures ? "ok" : "FAILED");
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "after-exec") == 0)
        after_exec(atoi(argv[2]));
    setvbuf(stdout, NULL, _IOLBF, 0);
    memset(text, 1, sizeof text); /* their pages are here before memory is counted */
    memset(slabs_before, 1, sizeof slabs_before);
    control = open("/proc/thread-self/fail-nth", O_RDWR);
    block = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < 16; i++)
        block[i * PAGE] = (char)(i + 1);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int wanted = argc < 2;

        for (int j = 1; j < argc; j++)
            wanted |= strcmp(argv[j], steps[i].name) == 0;
        if (wanted)
            run_step(&steps[i]);
    }
    return check_failures != 0;
}
