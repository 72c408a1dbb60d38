/* System V segments are promised at their creation until they are gone; with SHM_NORESERVE page by
 * page. */
#include "overcommit.h"

#include <sys/ipc.h>
#include <sys/shm.h>

int main(void)
{
    int id = (int)CHARGE(shmget(IPC_PRIVATE, 100 * PAGE, IPC_CREAT | 0600)) == -1;
    char *at;

    if (id)
        return 1;
    id = shmget(IPC_PRIVATE, 50 * PAGE - 1, IPC_CREAT | 0600);
    CHARGE(shmctl(id, IPC_RMID, NULL));
    id = shmget(IPC_PRIVATE, 100 * PAGE, IPC_CREAT | 0600);
    at = (char *)CHARGE(shmat(id, AREA, 0));
    CHARGE(memset(at, 1, 10 * PAGE));
    CHARGE(shmctl(id, IPC_RMID, NULL));
    CHARGE(shmdt(at));
    id = (int)shmget(IPC_PRIVATE, 100 * PAGE, IPC_CREAT | SHM_NORESERVE | 0600);
    at = (char *)CHARGE(shmat(id, AREA, 0));
    CHARGE(memset(at, 1, 10 * PAGE));
    CHARGE(shmdt(at));
    CHARGE(shmctl(id, IPC_RMID, NULL));
    return 0;
}
