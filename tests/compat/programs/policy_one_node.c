/* Memory policy on a machine with one node: what is accepted, told and refused. */
#include "probe.h"

static long bind(void *at, size_t length, int mode, unsigned long *nodes, unsigned long max,
                 unsigned flags)
{
    return syscall(SYS_mbind, at, length, mode, nodes, max, flags);
}

static long get(int *mode, unsigned long *nodes, unsigned long max, void *at, unsigned flags)
{
    return syscall(SYS_get_mempolicy, mode, nodes, max, at, flags);
}

static long set(int mode, unsigned long *nodes, unsigned long max)
{
    return syscall(SYS_set_mempolicy, mode, nodes, max);
}

int main(void)
{
    char *at = map_pages(AREA, 4);
    unsigned long one = 1, two = 2, none = 0, nodes[16] = {0};
    int mode = 77, status[2] = {77, 77}, target[2] = {0, 0};
    void *pages[2] = {at, at + PAGE};

    at[0] = 'x';
    SHOW(get(&mode, nodes, 1024, NULL, 0));
    printf("mode %d nodes %lu\n", mode, nodes[0]);
    SHOW(get(&mode, nodes, 1024, NULL, 4));
    printf("allowed %lu\n", nodes[0]);
    SHOW(get(&mode, NULL, 0, at, 2));
    SHOW(get(&mode, NULL, 0, at, 3));
    printf("node %d\n", mode);
    SHOW(get(&mode, NULL, 0, AREA + 64 * PAGE, 2));
    SHOW(get(&mode, NULL, 0, at, 8));
    SHOW(get(&mode, NULL, 0, at, 0));
    SHOW(get(NULL, NULL, 0, NULL, 0));
    for (int i = 0; i < 8; i++) {
        printf("mode %d\n", i);
        SHOW(set(i, &one, 2));
        SHOW(get(&mode, nodes, 1024, NULL, 0));
        printf("mode %d nodes %lu\n", mode, nodes[0]);
        SHOW(set(i, NULL, 0));
        SHOW(set(i, &none, 2));
        SHOW(set(i, &two, 3));
    }
    SHOW(set(0, NULL, 0));
    SHOW(bind(at, 4 * PAGE, 2, &one, 2, 0));
    SHOW(get(&mode, nodes, 1024, at, 2));
    printf("mode %d nodes %lu\n", mode, nodes[0]);
    SHOW(bind(at, 4 * PAGE, 2, &two, 3, 0));
    SHOW(bind(at, 4 * PAGE, 2, &one, 2, 7));
    SHOW(bind(at, 4 * PAGE, 2, &one, 2, 8));
    SHOW(bind(at + 1, 4 * PAGE, 2, &one, 2, 0));
    SHOW(bind(at, 0, 2, &one, 2, 0));
    SHOW(bind(at, 8 * PAGE, 0, NULL, 0, 0));
    SHOW(bind(at, 8 * PAGE, 2, &one, 2, 1));
    SHOW(bind(at, 4 * PAGE, 0, NULL, 0, 0));
    SHOW(syscall(SYS_move_pages, 0, 2, pages, NULL, status, 0));
    printf("%d %d\n", status[0], status[1]);
    SHOW(syscall(SYS_move_pages, 0, 2, pages, target, status, 2));
    printf("%d %d\n", status[0], status[1]);
    target[0] = 1;
    SHOW(syscall(SYS_move_pages, 0, 2, pages, target, status, 2));
    SHOW(syscall(SYS_move_pages, 0, 2, pages, NULL, status, 8));
    SHOW(syscall(SYS_move_pages, 4000000, 2, pages, NULL, status, 0));
    SHOW(syscall(SYS_migrate_pages, 0, 2, &one, &one));
    SHOW(syscall(SYS_migrate_pages, 4000000, 2, &one, &one));
    return 0;
}
