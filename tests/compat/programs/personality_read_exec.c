/* READ_IMPLIES_EXEC: what may be read may be executed, in what is mapped, protected and gained
 * later. */
#include "compat.h"

#include <sys/personality.h>
#include <sys/shm.h>

static void show_all(const char *text)
{
    char *break_start;
    int fd = make_file(1), id = shmget(IPC_PRIVATE, PAGE, 0600);
    void *at;

    puts(text);
    call_mmap(AREA, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    call_mmap(AREA + 2 * PAGE, PAGE, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    call_mmap(AREA + 4 * PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    call_mmap(AREA + 6 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    call_mmap(AREA + 8 * PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_FIXED, fd, 0);
    call_mprotect(AREA + 8 * PAGE, PAGE, PROT_READ);
    call_mmap(AREA + 10 * PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    call_mprotect(AREA + 10 * PAGE, PAGE, PROT_WRITE);
    at = shmat(id, AREA + 12 * PAGE, SHM_RDONLY);
    show_maps(AREA, 14 * PAGE);
    shmdt(at);
    shmctl(id, IPC_RMID, NULL);
    close(fd);
    break_start = call_brk(NULL);
    call_brk(break_start + 3 * PAGE);
    base = (char *)(((uintptr_t)break_start + PAGE - 1) & ~(PAGE - 1));
    printf("break %s\n", call_brk(NULL) == break_start + 3 * PAGE ? "moved" : "not moved");
    show_maps(base, PAGE);
    call_brk(break_start);
    base = AREA;
    call_munmap(AREA, 14 * PAGE);
}

static void in_fork(void *unused)
{
    (void)unused;
    printf("child %lx\n", syscall(SYS_personality, 0xffffffff));
    fflush(stdout);
}

int main(int count, char **arguments)
{
    if (count > 1) {
        printf("after exec %lx\n", syscall(SYS_personality, 0xffffffff));
        return 0;
    }
    printf("%lx\n", syscall(SYS_personality, 0xffffffff));
    show_all("without");
    printf("%lx\n", syscall(SYS_personality, READ_IMPLIES_EXEC));
    show_all("with");
    fflush(stdout);
    in_child(in_fork, NULL);
    printf("%lx\n", syscall(SYS_personality, 0x00400008));
    printf("%lx\n", syscall(SYS_personality, 0x0001));
    printf("%lx\n", syscall(SYS_personality, 0x12340000 | READ_IMPLIES_EXEC));
    printf("%lx\n", (long)number_after("/proc/self/personality", "") > 0 ? 1l : 0l);
    fflush(stdout);
    execl(arguments[0], arguments[0], "again", NULL);
    return 1;
}
