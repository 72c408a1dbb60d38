/* Memory calls: what they do, and Linux's errno for what they refuse. */
#define _GNU_SOURCE
#include "check.h"
#include "machine.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static char *map(size_t pages, int protection, int flags)
{
    return mmap(NULL, pages * PAGE, protection, flags | MAP_ANONYMOUS, -1, 0);
}

#define PRIVATE MAP_PRIVATE | MAP_ANONYMOUS
#define BOTH    PROT_READ | PROT_WRITE

/* With an offset in bytes that no library has looked at. */
static long map_file(int file, unsigned long offset)
{
#ifdef __x86_64__
    return syscall(SYS_mmap, 0, PAGE, BOTH, MAP_PRIVATE, file, offset);
#else
    return syscall(SYS_mmap,
                   (unsigned long[]){0, PAGE, BOTH, MAP_PRIVATE, (unsigned long)file, offset});
#endif
}

static void mapping(void)
{
    char *place = map(8, BOTH, MAP_PRIVATE), *other;
    int file = memfd_create("file", 0), reading;

    check(place != MAP_FAILED && (uintptr_t)place % PAGE == 0 && place[5 * PAGE] == 0);
    place[0] = 1;
    check_error((intptr_t)mmap(NULL, 0, BOTH, PRIVATE, -1, 0), EINVAL);
    check_error((intptr_t)mmap(NULL, PAGE, BOTH, MAP_ANONYMOUS, -1, 0), EINVAL);
    check_error((intptr_t)mmap(NULL, SIZE_MAX, BOTH, PRIVATE, -1, 0), ENOMEM);
    check_error((intptr_t)mmap(NULL, (size_t)USER_TOP + PAGE, BOTH, PRIVATE, -1, 0), ENOMEM);
    check_error((intptr_t)mmap(place + 1, PAGE, BOTH, PRIVATE | MAP_FIXED, -1, 0), EINVAL);
    check_error((intptr_t)mmap((void *)USER_TOP, PAGE, BOTH, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
    check_error((intptr_t)mmap((void *)(KERNEL_PLACE), PAGE, BOTH, PRIVATE | MAP_FIXED, -1, 0),
                ENOMEM);
    check_error((intptr_t)mmap(place, PAGE, BOTH, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
    check_error((intptr_t)mmap(NULL, PAGE, BOTH, MAP_PRIVATE, 99, 0), EBADF);
    check_error(map_file(file, 100), EINVAL);
#ifdef __x86_64__
    check_error(map_file(file, ~0ul << 12), EOVERFLOW);
#else
    check_error(syscall(SYS_mmap2, 0, PAGE, BOTH, MAP_PRIVATE, file, ~0ul), EOVERFLOW);
#endif
    check_error((intptr_t)mmap(NULL, PAGE, BOTH, MAP_SHARED_VALIDATE | MAP_SYNC, file, 0),
                EOPNOTSUPP);

    /* A hint is taken where it is free, and only a hint where it is not. */
    other = mmap((void *)0x10000000, PAGE, BOTH, PRIVATE, -1, 0);
    check(other == (char *)0x10000000);
    check(mmap((void *)0x10000000, PAGE, BOTH, PRIVATE, -1, 0) != other);
    munmap(other, PAGE);
    other = mmap(NULL, PAGE, BOTH, PRIVATE | MAP_32BIT, -1, 0);
    check(other != MAP_FAILED && (uintptr_t)other < 0x80000000 * (sizeof(long) == 8 ? 1ull : 2ull));
    munmap(other, PAGE);

    /* Fixed mappings replace. */
    other = mmap(place + 2 * PAGE, 2 * PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0);
    check(other == place + 2 * PAGE && place[0] == 1);

    /* Files: rights of the descriptor bound the mapping's. */
    check(ftruncate(file, 3 * PAGE) == 0 && pwrite(file, "content", 7, PAGE) == 7);
    char name[] = "/tmp/test-memory";
    int fd = open(name, O_CREAT | O_RDWR, 0600);
    check(write(fd, "abc", 3) == 3);
    reading = open(name, O_RDONLY);
    check_error((intptr_t)mmap(NULL, PAGE, BOTH, MAP_SHARED, reading, 0), EACCES);
    char *shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reading, 0);
    check(shared[1] == 'b');
    check_error(mprotect(shared, PAGE, BOTH), EACCES);
    char *copy = mmap(NULL, PAGE, BOTH, MAP_PRIVATE, reading, 0);
    copy[1] = 'x';
    check(shared[1] == 'b' && copy[1] == 'x' && copy[0] == 'a' && copy[3] == 0);
    check(pwrite(fd, "ZZ", 2, 0) == 2 && shared[0] == 'Z' && copy[1] == 'x');
    int writing = open(name, O_WRONLY);
    check_error((intptr_t)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, writing, 0), EACCES);
    int directory = open("/", O_RDONLY);
    check_error((intptr_t)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, directory, 0), ENODEV);
    unlink(name);
    check(shared[0] == 'Z');
    char *window = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, PAGE);
    check(memcmp(window, "content", 7) == 0);

    check_error(munmap(place + 1, PAGE), EINVAL);
    check_error(munmap(place, 0), EINVAL);
    check_error(munmap((void *)USER_TOP, 2 * PAGE), EINVAL);
    check(munmap(place, 8 * PAGE) == 0);
    check(munmap(place, 8 * PAGE) == 0); /* nothing there is fine */
    close(fd);
    close(reading);
    close(writing);
    close(directory);
    close(file);
}

static sigjmp_buf back;

static void jump_back(int signo)
{
    siglongjmp(back, signo);
}

static int touches(volatile char *at, int write)
{
    int signo = sigsetjmp(back, 1);

    if (signo == 0) {
        if (write)
            *at = 1;
        else
            (void)*at;
    }
    return signo;
}

static void protecting(void)
{
    char *place = map(6, BOTH, MAP_PRIVATE);

    signal(SIGSEGV, jump_back);
    signal(SIGBUS, jump_back);
    memset(place, 7, 6 * PAGE);
    check(mprotect(place + PAGE, PAGE, PROT_READ) == 0);
    check(touches(place + PAGE, 0) == 0 && touches(place + PAGE, 1) == SIGSEGV);
    check(mprotect(place + 2 * PAGE, PAGE, PROT_NONE) == 0);
    check(touches(place + 2 * PAGE, 0) == SIGSEGV);
    check(mprotect(place, 6 * PAGE, BOTH) == 0);
    check(place[PAGE] == 7 && place[2 * PAGE] == 7 && touches(place + PAGE, 1) == 0);
    munmap(place + 3 * PAGE, PAGE);
    check_error(mprotect(place, 6 * PAGE, PROT_READ), ENOMEM);
    check(touches(place, 1) == SIGSEGV); /* what came before the hole is changed */
    check(touches(place + 4 * PAGE, 1) == 0);
    check_error(syscall(SYS_mprotect, place + 1, PAGE, PROT_READ), EINVAL);
    check_error(mprotect(place, PAGE, 0x100), EINVAL);
    check(mprotect(place, 0, PROT_READ) == 0);
    check_error(mprotect(place, SIZE_MAX - 2 * PAGE, PROT_READ), ENOMEM);
    munmap(place, 6 * PAGE);
}

static void moving(void)
{
    char *place = map(4, BOTH, MAP_PRIVATE), *moved, *reserved;

    place[0] = 1;
    place[3 * PAGE] = 4;
    moved = mremap(place, 4 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
    check(moved != MAP_FAILED && moved[0] == 1 && moved[3 * PAGE] == 4 && moved[99 * PAGE] == 0);
    moved[99 * PAGE] = 9;
    check(mremap(moved, 100 * PAGE, 2 * PAGE, 0) == moved);
    check(touches(moved + 3 * PAGE, 0) == SIGSEGV);
    reserved = map(8, PROT_NONE, MAP_PRIVATE);
    check(mremap(moved, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, reserved) == reserved);
    check(reserved[0] == 1 && touches(moved, 0) == SIGSEGV &&
          touches(reserved + 2 * PAGE, 0) == SIGSEGV);
    check_error((intptr_t)mremap(reserved, 2 * PAGE, 8 * PAGE, 0), ENOMEM);
    check_error((intptr_t)mremap(reserved + 1, PAGE, PAGE, 0), EINVAL);
    check_error((intptr_t)mremap(reserved, PAGE, 0, 0), EINVAL);
    check_error((intptr_t)mremap(reserved, PAGE, PAGE, MREMAP_FIXED, moved), EINVAL);
    check_error((intptr_t)mremap((void *)0x10000, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
    check_error((intptr_t)mremap(reserved, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE), EFAULT);
    check_error((intptr_t)mremap(reserved, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                                 reserved + PAGE),
                EINVAL);
    munmap(reserved, 8 * PAGE);
}

static void advising(void)
{
    char *place = map(4, BOTH, MAP_PRIVATE), *shared = map(2, BOTH, MAP_SHARED);
    unsigned char resident[4];

    memset(place, 1, 4 * PAGE);
    check(mincore(place, 4 * PAGE, resident) == 0 && (resident[0] & resident[3] & 1));
    check(madvise(place, 2 * PAGE, MADV_DONTNEED) == 0);
    check(mincore(place, 4 * PAGE, resident) == 0 && !(resident[0] & 1) && (resident[2] & 1));
    check(place[0] == 0 && place[2 * PAGE] == 1);
    check(madvise(place, 4 * PAGE, MADV_POPULATE_WRITE) == 0);
    check(mincore(place, 4 * PAGE, resident) == 0 && (resident[0] & resident[1] & 1));
    check_error(madvise(place + 1, PAGE, MADV_NORMAL), EINVAL);
    check_error(madvise(place, PAGE, 12345), EINVAL);
    check(madvise(place, 0, MADV_NORMAL) == 0);
    munmap(place + PAGE, PAGE);
    check_error(madvise(place, 3 * PAGE, MADV_DONTNEED), ENOMEM);
    check(place[2 * PAGE] == 0); /* and yet the rest is done */
    check_error(mincore(place, 3 * PAGE, resident), ENOMEM);
    check_error(syscall(SYS_mincore, place, PAGE, 8), EFAULT);
    shared[0] = 5;
    check(madvise(shared, PAGE, MADV_DONTNEED) == 0 && shared[0] == 5);
    check(madvise(shared, PAGE, MADV_REMOVE) == 0 && shared[0] == 0);
    check(msync(shared, PAGE, MS_SYNC) == 0);
    check_error(msync(shared, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    check_error(msync(place + PAGE, PAGE, MS_SYNC), ENOMEM);

    check(mlock(place + 2 * PAGE, PAGE) == 0 && munlock(place + 2 * PAGE, PAGE) == 0);
    check_error(mlock(place, 3 * PAGE), ENOMEM);
    check(mlockall(MCL_CURRENT) == 0 && munlockall() == 0);
    check_error(mlockall(0), EINVAL);
    munmap(place, 4 * PAGE);
    munmap(shared, 2 * PAGE);
}

/* What fork shares, copies, leaves out and wipes. */
static void forking(void)
{
    char *copied = map(1, BOTH, MAP_PRIVATE), *shared = map(1, BOTH, MAP_SHARED);
    char *left_out = map(1, BOTH, MAP_PRIVATE), *wiped = map(1, BOTH, MAP_PRIVATE);
    int status;

    copied[0] = shared[0] = left_out[0] = wiped[0] = 1;
    check(madvise(left_out, PAGE, MADV_DONTFORK) == 0);
    check(madvise(wiped, PAGE, MADV_WIPEONFORK) == 0);
    pid_t child = fork();
    if (child == 0) {
        int good =
            copied[0] == 1 && shared[0] == 1 && wiped[0] == 0 && touches(left_out, 0) == SIGSEGV;
        copied[0] = shared[0] = 2;
        _exit(good ? 0 : 1);
    }
    check(waitpid(child, &status, 0) == child && status == 0);
    check(copied[0] == 1 && shared[0] == 2 && wiped[0] == 1 && left_out[0] == 1);
    munmap(copied, PAGE);
    munmap(shared, PAGE);
    munmap(left_out, PAGE);
    munmap(wiped, PAGE);
}

static void truncating(void)
{
    int file = memfd_create("file", MFD_ALLOW_SEALING);

    check(ftruncate(file, 2 * PAGE) == 0);
    char *shared = mmap(NULL, 2 * PAGE, BOTH, MAP_SHARED, file, 0);
    char *copy = mmap(NULL, 2 * PAGE, BOTH, MAP_PRIVATE, file, 0);
    memset(shared, 1, 2 * PAGE);
    copy[PAGE] = 2;
    check(ftruncate(file, 100) == 0);
    check(touches(shared + PAGE, 0) == SIGBUS && touches(copy + PAGE, 0) == SIGBUS);
    check(shared[99] == 1 && shared[100] == 0);
    check(ftruncate(file, 2 * PAGE) == 0);
    check(touches(shared + PAGE, 0) == 0 && shared[PAGE] == 0 && copy[PAGE] == 0);
    check(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
    check_error(ftruncate(file, 10), EPERM);
    check_error(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    munmap(shared, 2 * PAGE);
    check(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE) == 0);
    check_error((intptr_t)mmap(NULL, PAGE, BOTH, MAP_SHARED, file, 0), EPERM);
    munmap(copy, 2 * PAGE);
    close(file);
}

static void segments(void)
{
    struct shmid_ds info;
    int status, id = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600);
    key_t key = 0x71151;

    check(id >= 0);
    char *first = shmat(id, NULL, 0), *second = shmat(id, NULL, SHM_RDONLY);
    check(first != (void *)-1 && second != (void *)-1);
    first[9999] = 3;
    check(second[9999] == 3 && touches(second, 1) == SIGSEGV);
    check(shmctl(id, IPC_STAT, &info) == 0 && info.shm_nattch == 2 && info.shm_segsz == 10000);
    pid_t child = fork();
    if (child == 0) {
        first[0] = 8;
        _exit(shmctl(id, IPC_STAT, &info) == 0 && info.shm_nattch == 4 ? 0 : 1);
    }
    check(waitpid(child, &status, 0) == child && status == 0 && first[0] == 8);
    check(shmctl(id, IPC_RMID, NULL) == 0);
    check(shmctl(id, IPC_STAT, &info) == 0 && (info.shm_perm.mode & SHM_DEST) &&
          info.shm_nattch == 2);
    check(shmdt(first) == 0);
    check_error(shmdt(first), EINVAL);
    check(shmdt(second) == 0);
    check_error(shmctl(id, IPC_STAT, &info), EINVAL);
    check_error((intptr_t)shmat(id, NULL, 0), EINVAL);

    check_error(shmget(key, 100, 0600), ENOENT);
    id = shmget(key, 100, IPC_CREAT | IPC_EXCL | 0600);
    check(id >= 0 && shmget(key, 50, 0600) == id);
    check_error(shmget(key, 100, IPC_CREAT | IPC_EXCL), EEXIST);
    check_error(shmget(key, 5000, 0600), EINVAL);
    check(shmctl(id, IPC_RMID, NULL) == 0);
    check_error(shmget(key, 100, 0600), ENOENT);
}

static void others_memory(void)
{
    static char mine[100], theirs[100] = "nothing";
    int ends[2], status;
    char byte;

    check(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        strcpy(theirs, "something");
        check(write(ends[1], "x", 1) == 1);
        pause();
    }
    check(read(ends[0], &byte, 1) == 1);
    struct iovec local[2] = {{mine, 4}, {mine + 50, 6}}, remote = {theirs, 10};
    check(process_vm_readv(child, local, 2, &remote, 1, 0) == 10);
    check(memcmp(mine, "some", 4) == 0 && strcmp(mine + 50, "thing") == 0);
    struct iovec bad = {(void *)8, 10};
    check_error(process_vm_readv(child, local, 1, &bad, 1, 0), EFAULT);
    check_error(process_vm_readv(999999, local, 1, &remote, 1, 0), ESRCH);
    strcpy(mine, "else");
    check(process_vm_writev(child, local, 1, &remote, 1, 0) == 4);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    close(ends[0]);
    close(ends[1]);
}

/* The first pages are uid 0's: a null pointer must not become memory for others. */
static void lowest(void)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        check(setuid(1000) == 0);
        check_error((intptr_t)mmap((void *)PAGE, PAGE, BOTH, PRIVATE | MAP_FIXED, -1, 0), EPERM);
        check_error((intptr_t)mmap(NULL, PAGE, BOTH, PRIVATE | MAP_FIXED, -1, 0), EPERM);
        _exit(check_failures != 0);
    }
    check(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    run(lowest);
    run(mapping);
    run(protecting);
    run(moving);
    run(advising);
    run(forking);
    run(truncating);
    run(segments);
    run(others_memory);
    return check_failures != 0;
}
