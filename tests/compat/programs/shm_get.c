/* shmget: sizes, keys, flags, permissions. */
#include "process.h"

#include <sys/ipc.h>
#include <sys/shm.h>

static void remove_it(int id)
{
    if (id >= 0)
        NEED(shmctl(id, IPC_RMID, NULL) == 0);
}

static int say_id(const char *what, int id)
{
    if (id < 0)
        say("%s: %s", what, error_name(errno));
    else
        say("%s: made", what);
    return id;
}

#define GET(...) say_id(#__VA_ARGS__, shmget(__VA_ARGS__))

static void as_nobody(void)
{
    NEED(setgid(65534) == 0 && setuid(65534) == 0);
    GET(77, 0, 0);
    GET(77, 0, 0400);
    GET(77, 0, 0600);
    GET(77, 0, 04);
    GET(77, 0, 06);
    GET(78, 0, 0);
    GET(78, 0, 04);
}

int main(void)
{
    int a, b;

    remove_it(GET(IPC_PRIVATE, 4096, 0600));
    remove_it(GET(IPC_PRIVATE, 1, 0600));
    remove_it(GET(IPC_PRIVATE, 0, 0600));
    remove_it(GET(IPC_PRIVATE, 4096, 0));
    remove_it(GET(IPC_PRIVATE, 4096, IPC_CREAT | IPC_EXCL | 0600));
    GET(IPC_PRIVATE, ~0ul, 0600);
    GET(IPC_PRIVATE, ~0ul - 4095, 0600);
    GET(IPC_PRIVATE, ~0ul - (1ul << 24) + 1, 0600);
    GET(IPC_PRIVATE, 1ul << 62, 0600);
    remove_it(GET(IPC_PRIVATE, 1ul << 40, SHM_NORESERVE | 0600));
    remove_it(GET(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | 0600));
    remove_it(GET(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | 30 << 26 | 0600));
    remove_it(GET(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | 13 << 26 | 0600));
    GET(77, 4096, 0600);
    a = GET(77, 10000, IPC_CREAT | 0640);
    CHECK(GET(77, 0, 0) == a);
    CHECK(GET(77, 10000, 0) == a);
    CHECK(GET(77, 12288, 0) == a);
    GET(77, 12289, 0);
    CHECK(GET(77, 5, IPC_CREAT | 0666) == a);
    CHECK(GET(77, 5, IPC_EXCL) == a);
    GET(77, 5, IPC_CREAT | IPC_EXCL | 0600);
    b = GET(78, 4096, IPC_CREAT | 0604);
    in_child("another user", as_nobody);
    remove_it(a);
    GET(77, 0, 0);
    a = GET(77, 4096, IPC_CREAT | 0600);
    remove_it(a);
    remove_it(b);
    TRY(shmctl(a, IPC_RMID, NULL));
    return 0;
}
