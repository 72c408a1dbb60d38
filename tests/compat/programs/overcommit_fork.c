/* A child is promised again what its parent is, but for what it does not inherit and what is
 * shared. */
#include "overcommit.h"

/* What a child with the mappings of this moment is promised, in pages. */
static long child_pages(void)
{
    int go[2], done[2];
    long before, during;
    char byte;
    pid_t child;

    if (pipe(go) != 0 || pipe(done) != 0)
        return -1;
    before = committed();
    child = fork();
    if (child == 0) {
        if (write(done[1], "x", 1) != 1 || read(go[0], &byte, 1) != 1)
            _exit(1);
        _exit(0);
    }
    if (child < 0 || read(done[0], &byte, 1) != 1)
        return -1;
    during = committed();
    if (write(go[1], "x", 1) != 1)
        return -1;
    waitpid(child, NULL, 0);
    for (int i = 0; i < 2; i++) {
        close(go[i]);
        close(done[i]);
    }
    printf("left behind: %+ld, ", committed() - before);
    return during - before;
}

int main(void)
{
    long plain;

    puts("fork");
    plain = child_pages();
    putchar('\n');
    map(0, 100, RW, PRIVATE);
    printf("private: %+ld\n", child_pages() - plain);
    call_mprotect(AREA, 100 * PAGE, PROT_READ);
    printf("no longer writable: %+ld\n", child_pages() - plain);
    call_mprotect(AREA, 100 * PAGE, RW);
    call_madvise(AREA, 30 * PAGE, MADV_DONTFORK);
    printf("30 pages not inherited: %+ld\n", child_pages() - plain);
    call_madvise(AREA + 50 * PAGE, 10 * PAGE, MADV_WIPEONFORK);
    printf("10 pages wiped: %+ld\n", child_pages() - plain);
    map(0, 100, RW, SHARED);
    printf("shared: %+ld\n", child_pages() - plain);
    map(0, 100, RW, PRIVATE | MAP_NORESERVE);
    printf("no reserve: %+ld\n", child_pages() - plain);
    map(0, 100, PROT_READ, PRIVATE);
    printf("read only: %+ld\n", child_pages() - plain);
    return 0;
}
