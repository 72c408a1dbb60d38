/* machine: --mem 192M */
/* Memory that another program had comes back empty: as anonymous memory, in files, in pipes. */
#include "compat.h"

#include <sys/ipc.h>
#include <sys/shm.h>

#define MARK 0x5ec2e75ec2e75ec2ull
#define FULL (48 << 20)

static void mark(void *at, size_t size)
{
    uint64_t *words = at;

    for (size_t i = 0; i < size / 8; i++)
        words[i] = MARK;
}

/* Everywhere a program can leave its secret; the process ends with it. */
static void spread(void)
{
    static char page[4096];
    int fd = open("secret", O_RDWR | O_CREAT | O_TRUNC, 0600), ends[2];
    char *area = mmap(NULL, FULL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *shared = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t word = MARK;

    mark(area, FULL);
    mark(shared, 8 << 20);
    mark(page, sizeof page);
    for (unsigned i = 0; i < 2048; i++)
        if (write(fd, page, sizeof page) != (ssize_t)sizeof page)
            _exit(1);
    for (unsigned i = 0; i < 20 && pipe2(ends, O_NONBLOCK) == 0; i++)
        while (write(ends[1], page, sizeof page) > 0)
            ;
    if (fork() == 0) {
        mark(area, FULL / 4);
        _exit(0);
    }
    wait(NULL);
    ftruncate(fd, 100);
    unlink("secret");
    __asm__ volatile("movq %0, %%xmm7" ::"m"(word) : "xmm7");
    _exit(0);
}

static unsigned long strange(const void *at, size_t size)
{
    const uint64_t *words = at;
    unsigned long count = 0;

    for (size_t i = 0; i < size / 8; i++)
        count += words[i] != 0;
    return count;
}

static void search_anonymous(void)
{
    char *area = mmap(NULL, FULL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    /* Written first: the read of an untouched page would find the common page of zeros. */
    for (size_t i = 0; i < FULL; i += PAGE)
        area[i + 8] = 0;
    printf("private: %lu words\n", strange(area, FULL));
    munmap(area, FULL);
    area = mmap(NULL, FULL, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    printf("shared: %lu words\n", strange(area, FULL));
    munmap(area, FULL);
    area =
        mmap(NULL, FULL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    printf("populated: %lu words\n", strange(area, FULL));
    munmap(area, FULL);
    area = call_brk(NULL);
    call_brk(area + (16 << 20));
    printf("heap: %lu words\n", strange(area, 16 << 20));
    call_brk(area);
    area = mmap(NULL, FULL, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_STACK, -1, 0);
    for (size_t i = FULL; i > 0; i -= PAGE)
        area[i - 8] = 0;
    printf("stack: %lu words\n", strange(area, FULL));
    munmap(area, FULL);
}

static void search_files(void)
{
    static char page[8192];
    unsigned long count = 0;
    int fd = open("fresh", O_RDWR | O_CREAT | O_TRUNC, 0600), id;
    char *area;
    ssize_t n;

    /* A byte in each page: the rest of it must be empty. */
    for (unsigned i = 0; i < 4096; i++)
        if (pwrite(fd, "", 1, (off_t)(i * PAGE + i % PAGE)) != 1)
            puts("no write");
    while ((n = read(fd, page, sizeof page)) > 0)
        count += strange(page, (size_t)n & ~7ul);
    printf("file: %lu words\n", count);
    /* What was cut off is not there when the file grows again. */
    mark(page, sizeof page);
    if (pwrite(fd, page, sizeof page, 0) != (ssize_t)sizeof page || ftruncate(fd, 16) != 0 ||
        ftruncate(fd, 1 << 20) != 0)
        puts("no truncate");
    area = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    printf("grown again: %lu words\n", strange(area + 16, (1 << 20) - 16));
    area[(1 << 20) - 1] = 'e';
    munmap(area, 1 << 20);
    /* What is written behind a file's end through a mapping is not the file's. */
    ftruncate(fd, 100);
    area = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    mark(area + 104, 800);
    ftruncate(fd, 4096);
    printf("written behind the end: %lu words\n", strange(area + 104, 800));
    munmap(area, PAGE);
    close(fd);
    unlink("fresh");
    id = shmget(IPC_PRIVATE, 8 << 20, IPC_CREAT | 0600);
    area = shmat(id, NULL, 0);
    printf("segment: %lu words\n", strange(area, 8 << 20));
    shmdt(area);
    shmctl(id, IPC_RMID, NULL);
}

int main(void)
{
    for (unsigned i = 0; i < 2; i++) {
        int status;

        fflush(stdout);
        if (fork() == 0)
            spread();
        wait(&status);
        printf("round %u, exit %d\n", i, WEXITSTATUS(status));
        search_anonymous();
        search_files();
    }
    return 0;
}
