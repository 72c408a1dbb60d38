/* Policy 0 refuses only what is more than all of memory at once. */
#include "overcommit.h"

#include <sys/ipc.h>
#include <sys/shm.h>

#define HUGE (64 * GIB)

static void break_far(void *unused)
{
    char *start = call_brk(NULL);

    (void)unused;
    puts(call_brk(start + HUGE) == start ? "brk: refused" : "brk: moved");
}

int main(void)
{
    size_t ram = (size_t)number_after("/proc/meminfo", "MemTotal:") << 10;
    size_t most = ram / 2 / PAGE;

    puts("policy 0");
    set_vm("overcommit_memory", 0);
    TRY(map(0, HUGE / PAGE, RW, PRIVATE));
    TRY(map(0, HUGE / PAGE, RW, PRIVATE | MAP_NORESERVE));
    TRY(map(0, HUGE / PAGE, PROT_READ, PRIVATE));
    TRY(call_mprotect(AREA, HUGE, RW));
    TRY(call_mprotect(AREA, most * PAGE, RW));
    TRY(call_munmap(AREA, HUGE));
    TRY(map(0, HUGE / PAGE, PROT_NONE, PRIVATE));
    TRY(map(0, HUGE / PAGE, RW, SHARED));
    TRY(map(0, HUGE / PAGE, RW, SHARED | MAP_NORESERVE));
    TRY(shmget(IPC_PRIVATE, HUGE, IPC_CREAT | 0600));
    TRY(call_munmap(AREA, HUGE));
    /* Much more than memory, in pieces. */
    for (size_t i = 0; i < 8; i++)
        if (map(i * most, most, RW, PRIVATE) == MAP_FAILED)
            printf("piece %zu: %s\n", i, errno_name(errno));
    TRY(call_munmap(AREA, HUGE));
    TRY(map(0, most, RW, PRIVATE));
    TRY(call_mremap(AREA, most * PAGE, HUGE, 0, NULL));
    TRY(call_mremap(AREA, most * PAGE, 3 * most * PAGE, 0, NULL));
    TRY(call_munmap(AREA, HUGE));
    in_child(break_far, NULL);
    return 0;
}
