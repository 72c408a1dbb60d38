/* machine: --swap 64M */
/* SHM_LOCK: who may, how much, and that what is locked stays in memory. */
#include "compat.h"

#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/wait.h>

#define COUNT 8

static int fresh(int pages)
{
    return shmget(IPC_PRIVATE, (size_t)pages * PAGE, IPC_CREAT | 0666);
}

static void limit(size_t pages)
{
    struct rlimit both = {pages * PAGE, 64 * PAGE};

    setrlimit(RLIMIT_MEMLOCK, &both);
}

/* The bytes of the only segment that are in memory, and out. */
static void page_out(const char *what, char *at)
{
    char line[300];
    unsigned long in, out;
    FILE *list;

    madvise(at, COUNT * PAGE, MADV_PAGEOUT);
    list = fopen("/proc/sysvipc/shm", "r");
    while (fgets(line, sizeof line, list))
        if (sscanf(line, "%*u %*u %*o %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %lu %lu", &in,
                   &out) == 2)
            printf("%s: %lu in memory, %lu out\n", what, in, out);
    fclose(list);
}

static void other_user(void)
{
    int four, two, mine;

    four = fresh(4);
    SHOW(setuid(1000));
    two = fresh(2);
    mine = fresh(4);
    limit(0);
    SHOW(shmctl(two, SHM_LOCK, NULL));
    SHOW(shmctl(two, SHM_UNLOCK, NULL));
    limit(4);
    SHOW(shmctl(four, SHM_LOCK, NULL));
    SHOW(shmctl(four, SHM_UNLOCK, NULL));
    SHOW(shmctl(two, SHM_LOCK, NULL));
    SHOW(shmctl(two, SHM_LOCK, NULL));
    SHOW(shmctl(mine, SHM_LOCK, NULL));
    SHOW(shmctl(two, SHM_UNLOCK, NULL));
    SHOW(shmctl(mine, SHM_LOCK, NULL));
    SHOW(shmctl(two, SHM_LOCK, NULL));
    SHOW(shmctl(mine, IPC_RMID, NULL));
    SHOW(shmctl(two, SHM_LOCK, NULL));
    SHOW(shmctl(two, IPC_RMID, NULL));
}

int main(void)
{
    struct shmid_ds status;
    int id = fresh(COUNT), child;
    char *at = shmat(id, AREA, 0);

    if (at != AREA)
        printf("not attached\n");
    memset(at, 'x', COUNT * PAGE);
    SHOW(shmctl(id, SHM_LOCK, NULL));
    shmctl(id, IPC_STAT, &status);
    printf("mode %o\n", status.shm_perm.mode);
    page_out("locked", at);
    SHOW(shmctl(id, SHM_UNLOCK, NULL));
    shmctl(id, IPC_STAT, &status);
    printf("mode %o\n", status.shm_perm.mode);
    page_out("unlocked", at);
    printf("%c\n", at[3 * PAGE]);
    SHOW(shmctl(id, IPC_RMID, NULL));

    fflush(stdout);
    child = fork();
    if (child == 0) {
        other_user();
        exit(0);
    }
    waitpid(child, NULL, 0);
    return 0;
}
