/* What a child sees of each kind of memory, and what of its writes the parent sees. */
#include "process.h"

static char *kinds[6];
static const char *const names[6] = {"private",     "shared",           "private file",
                                     "shared file", "private, written", "wiped"};

static void show(const char *who)
{
    for (int i = 0; i < 6; i++)
        say("%s: %s %d %d", who, names[i], kinds[i][0], kinds[i][PAGE]);
}

int main(void)
{
    int fd = memfd_create("file", 0), status, ends[2];
    char byte;
    pid_t pid;

    NEED(ftruncate(fd, 4 * PAGE) == 0 && pipe(ends) == 0);
    kinds[0] = map_pages(2, PROT_READ | PROT_WRITE);
    kinds[1] = map_shared(2);
    kinds[2] = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    kinds[3] = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 2 * PAGE);
    kinds[4] = map_pages(2, PROT_READ | PROT_WRITE);
    kinds[5] = map_pages(2, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 6; i++)
        kinds[i][0] = (char)(i + 1);
    NEED(madvise(kinds[5], 2 * PAGE, 18 /* MADV_WIPEONFORK */) == 0);
    pid = fork();
    if (pid == 0) {
        show("child");
        for (int i = 0; i < 6; i++)
            kinds[i][0] = kinds[i][PAGE] = (char)(10 + i);
        pid = fork();
        if (pid == 0) {
            show("grandchild");
            _exit(0);
        }
        waitpid(pid, &status, 0);
        NEED(write(ends[1], "x", 1) == 1);
        _exit(0);
    }
    kinds[4][0] = 100;
    NEED(read(ends[0], &byte, 1) == 1);
    show("parent");
    waitpid(pid, &status, 0);
    return 0;
}
