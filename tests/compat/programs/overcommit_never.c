/* Policy 2 refuses what would bring all promises above the limit; MAP_NORESERVE does not help. */
#include "overcommit.h"

#include <sys/ipc.h>
#include <sys/shm.h>

static void nothing(void *unused)
{
    (void)unused;
}

static void break_far(void *unused)
{
    char *start = call_brk(NULL);

    (void)unused;
    puts(call_brk(start + 48 * MIB) == start ? "brk: refused" : "brk: moved");
}

int main(void)
{
    const size_t large = 48 * MIB / PAGE, small = 16 * MIB / PAGE;
    int id;

    puts("policy 2");
    strict(64 * MIB);
    TRY(map(0, 2 * large, RW, PRIVATE));
    TRY(map(0, large, RW, PRIVATE));
    TRY(map(100000, large, RW, PRIVATE));
    TRY(map(100000, large, RW, PRIVATE | MAP_NORESERVE));
    TRY(map(100000, large, RW, SHARED));
    TRY(map(100000, large, RW, SHARED | MAP_NORESERVE));
    TRY(shmget(IPC_PRIVATE, 48 * MIB, IPC_CREAT | 0600));
    TRY(map(100000, large, PROT_READ, PRIVATE));
    TRY(call_mprotect(AREA + 100000 * PAGE, large * PAGE, RW));
    TRY(call_mremap(AREA, large * PAGE, 2 * large * PAGE, 0, NULL));
    in_child(break_far, NULL);
    in_child(nothing, NULL);
    TRY(call_madvise(AREA, large * PAGE, MADV_DONTFORK));
    in_child(nothing, NULL);
    /* Replacing what is promised needs the promise once more, until it is done. */
    TRY(map(0, large, RW, PRIVATE));
    TRY(call_munmap(AREA, large * PAGE));
    TRY(map(0, large, RW, PRIVATE | MAP_NORESERVE));
    TRY(map(200000, large, RW, PRIVATE | MAP_NORESERVE));
    TRY(call_munmap(AREA, large * PAGE));
    TRY(map(0, large, RW, PRIVATE));
    TRY(call_mprotect(AREA, large * PAGE, PROT_NONE));
    TRY(map(200000, large, RW, PRIVATE));
    TRY(call_munmap(AREA, large * PAGE));
    id = (int)shmget(IPC_PRIVATE, 48 * MIB, IPC_CREAT | 0600);
    TRY(map(0, large, RW, PRIVATE));
    TRY(shmctl(id, IPC_RMID, NULL));
    TRY(map(0, large, RW, PRIVATE));
    TRY(map(200000, small / 4, RW, PRIVATE));
    return 0;
}
