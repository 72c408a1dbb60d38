/* Under policy 2 admin_reserve_kbytes is kept for uid 0, and user_reserve_kbytes, a 32nd of the
 * size at most, from everyone. */
#include "overcommit.h"

static void try_as(void *uid)
{
    if (uid != NULL && setuid(*(uid_t *)uid) != 0)
        puts("setuid failed");
    TRY(map(0, 48 * MIB / PAGE, RW, PRIVATE));
}

static void try_after(void *uid)
{
    TRY(map(0, 48 * MIB / PAGE, RW, PRIVATE));
    call_munmap(AREA, 48 * MIB);
    if (seteuid(*(uid_t *)uid) != 0)
        puts("seteuid failed");
    TRY(map(0, 48 * MIB / PAGE, RW, PRIVATE));
    if (seteuid(0) != 0)
        puts("seteuid back failed");
    TRY(map(0, 48 * MIB / PAGE, RW, PRIVATE));
}

int main(void)
{
    uid_t nobody = 65534;

    strict(64 * MIB);
    in_child(try_as, NULL);
    in_child(try_as, &nobody);
    set_vm("admin_reserve_kbytes", 32 << 10);
    in_child(try_as, NULL);
    in_child(try_as, &nobody);
    in_child(try_after, &nobody);
    set_vm("admin_reserve_kbytes", 0);
    set_vm("user_reserve_kbytes", 1 << 20);
    in_child(try_as, NULL);
    /* A large program: a 32nd of its size is more than what is left. */
    map(1 << 20, 2 * GIB / PAGE, PROT_NONE, PRIVATE);
    in_child(try_as, NULL);
    set_vm("user_reserve_kbytes", 4 << 10);
    in_child(try_as, NULL);
    return 0;
}
