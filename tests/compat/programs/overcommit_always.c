/* Policy 1 refuses nothing, and counts all the same. */
#include "overcommit.h"

#include <sys/ipc.h>
#include <sys/shm.h>

int main(void)
{
    int id;

    puts("policy 1");
    set_vm("overcommit_memory", 1);
    CHARGE(map(0, 64 * GIB / PAGE, RW, PRIVATE));
    CHARGE(call_munmap(AREA, 64 * GIB));
    CHARGE(map(0, 1024 * GIB / PAGE, RW, PRIVATE | MAP_NORESERVE));
    CHARGE(call_munmap(AREA, 1024 * GIB));
    CHARGE(map(0, 64 * GIB / PAGE, PROT_READ, PRIVATE));
    CHARGE(call_mprotect(AREA, 64 * GIB, RW));
    CHARGE(call_munmap(AREA, 64 * GIB));
    CHARGE(map(0, 64 * GIB / PAGE, RW, SHARED));
    CHARGE(call_munmap(AREA, 64 * GIB));
    id = (int)CHARGE(shmget(IPC_PRIVATE, 64 * GIB, IPC_CREAT | 0600)) == -1;
    return id;
}
