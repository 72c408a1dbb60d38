/* Flags that only advise, or mean nothing any more, are taken by private and shared mappings. */
#include "compat.h"

static void try(const char *name, int flag)
{
    int fd = make_file(2);
    char *at[4];

    at[0] = call_mmap(AREA, PAGE, PROT_READ | PROT_WRITE,
                      MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | flag, -1, 0);
    at[1] = call_mmap(AREA + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE,
                      MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS | flag, -1, 0);
    at[2] = call_mmap(AREA + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | flag,
                      fd, 0);
    at[3] = call_mmap(AREA + 6 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED | flag,
                      fd, 0);
    printf("%s:", name);
    for (int i = 0; i < 4; i++) {
        if (at[i] != MAP_FAILED) {
            at[i][0]++;
            printf(" %d", at[i][0]);
        } else {
            printf(" failed");
        }
    }
    printf("\n");
    show_maps(AREA, 8 * PAGE);
    call_munmap(AREA, 8 * PAGE);
    close(fd);
}

int main(void)
{
    try("none", 0);
    try("MAP_DENYWRITE", MAP_DENYWRITE);
    try("MAP_EXECUTABLE", MAP_EXECUTABLE);
    try("MAP_STACK", MAP_STACK);
    try("MAP_NORESERVE", MAP_NORESERVE);
    try("MAP_NONBLOCK", MAP_NONBLOCK);
    try("MAP_POPULATE", MAP_POPULATE);
    try("MAP_POPULATE | MAP_NONBLOCK", MAP_POPULATE | MAP_NONBLOCK);
    try("MAP_UNINITIALIZED", MAP_UNINITIALIZED);
    try("bit 7", 1 << 7);
    try("bit 9", 1 << 9);
    return 0;
}
