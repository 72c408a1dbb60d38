/* A segment that is marked for removal goes with its last attachment, also where remap_file_pages
 * maps it anew; SHM_STAT takes numbers of segments, too. */
#include "compat.h"

#include <sys/ipc.h>
#include <sys/shm.h>

#define SIZE (4 * PAGE)

static char *attach(int id, char *place)
{
    char *at = shmat(id, place, 0);

    if (at != place)
        printf("not attached\n");
    return at;
}

static long remap_pages(char *at, size_t size, size_t page)
{
    return syscall(SYS_remap_file_pages, at, size, 0, page, 0);
}

static int fresh(void)
{
    return shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0600);
}

static void next_number(const char *text)
{
    int fd = open("/proc/sys/kernel/shm_next_id", O_RDWR);
    char now[32];
    ssize_t n;

    n = read(fd, now, sizeof now);
    printf("next: %.*s", (int)n, now);
    SHOW(pwrite(fd, text, strlen(text), 0));
    close(fd);
}

int main(void)
{
    struct shmid_ds status;
    unsigned char there[4];
    int id = fresh(), other;
    char *at = attach(id, AREA), *second;

    at[PAGE] = 'b';
    SHOW(remap_pages(at, PAGE, 1));
    printf("first page: %c\n", at[0]);
    SHOW(remap_pages(at, SIZE, 0));
    SHOW(shmctl(id, IPC_RMID, NULL));
    SHOW(remap_pages(at, SIZE, 0));
    SHOW(mincore(at, SIZE, there));
    SHOW(shmdt(at));
    SHOW(shmctl(id, IPC_STAT, &status));

    id = fresh();
    at = attach(id, AREA);
    second = attach(id, AREA + 4 * SIZE);
    second[0] = 's';
    SHOW(shmctl(id, IPC_RMID, NULL));
    SHOW(remap_pages(at, SIZE, 0));
    printf("first page: %c\n", at[0]);
    SHOW(shmdt(second));
    SHOW(remap_pages(at, 2 * PAGE, 1));
    SHOW(shmctl(id, IPC_STAT, &status));
    printf("attachments: %lu\n", (unsigned long)status.shm_nattch);
    SHOW(shmdt(at));

    id = fresh();
    other = fresh();
    SHOW(shmctl(other, SHM_STAT, &status) == other);
    SHOW(shmctl(id, SHM_STAT, &status) == id);
    SHOW(shmctl(-1, SHM_STAT, &status));
    SHOW(shmctl(id, IPC_RMID, NULL));
    SHOW(shmctl(id, SHM_STAT, &status));
    SHOW(shmctl(other, IPC_RMID, NULL));

    next_number("65543");
    id = fresh();
    printf("number %d\n", id);
    next_number("65543");
    other = fresh();
    printf("number %d\n", other);
    next_number("-1");
    SHOW(shmctl(id, IPC_RMID, NULL));
    SHOW(shmctl(other, IPC_RMID, NULL));
    return 0;
}
