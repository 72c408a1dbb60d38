/* Bases of FS and GS that no address may have, the ends of the user half, and what they survive. */
/* only: x86_64 */
#include "compat.h"

/* Of the kernel's headers, which musl does not bring. */
enum { ARCH_SET_GS = 0x1001, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS };

static long set(int which, unsigned long address)
{
    return syscall(SYS_arch_prctl, which, address);
}

/* GS: the C libraries use FS. */
static void bases(void)
{
    static const unsigned long wanted[] = {
        0,
        1,
        0x1000,
        0x7fffffffefff,
        0x7ffffffff000,
        0x7fffffffffff,
        0x800000000000,
        0xffffffffffefff,
        0xfffffffffff000,
        0x100000000000000,
        0x8000000000000000,
        0xffff7fffffffffff,
        0xffff800000000000,
        0xffffffff80000000,
        0xffffffffffffffff,
    };

    for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        unsigned long found = 5;
        long result = set(ARCH_SET_GS, wanted[i]);

        printf("%#lx: %s", wanted[i], result == 0 ? "set" : errno_name(errno));
        result = syscall(SYS_arch_prctl, ARCH_GET_GS, &found);
        printf(", then %ld %#lx\n", result, found);
        set(ARCH_SET_GS, 0);
    }
}

static void refused_fs(void)
{
    SHOW(set(ARCH_SET_FS, 0x100000000000000));
    SHOW(set(ARCH_SET_FS, 0xffff800000000000));
    SHOW(set(ARCH_GET_FS, 0));
    SHOW(set(ARCH_GET_FS, 0xffff800000000000));
    SHOW(set(ARCH_GET_GS, 8));
    SHOW(set(0x9999, 0));
}

static void through(void *base_of_gs)
{
    unsigned char byte;

    set(ARCH_SET_GS, (unsigned long)base_of_gs);
    __asm__ volatile("movb %%gs:0, %0" : "=q"(byte));
    access_byte = byte;
}

static void accesses(void)
{
    map_pages(AREA, 1)[0] = 'g';
    show_catch("gs at the area", through, AREA);
    printf("%c\n", access_byte);
    show_catch("gs at 0", through, NULL);
    show_catch("gs behind the area", through, AREA + PAGE);
    show_catch("gs at the last page", through, (void *)0x7fffffffefff);
    set(ARCH_SET_GS, 0);
}

/* Bases are a thread's own: over a switch, a fork, a signal, an exec. */
static void kept(void)
{
    unsigned long found = 5;
    int status;
    pid_t child;

    set(ARCH_SET_GS, 0x123456789000);
    child = fork();
    if (child == 0) {
        syscall(SYS_arch_prctl, ARCH_GET_GS, &found);
        printf("child has %#lx\n", found);
        fflush(stdout);
        set(ARCH_SET_GS, 0x1000);
        _exit(0);
    }
    waitpid(child, &status, 0);
    syscall(SYS_arch_prctl, ARCH_GET_GS, &found);
    printf("parent has %#lx\n", found);
    /* A selector takes its base with it. */
    __asm__ volatile("movl %0, %%gs" ::"r"(0));
    syscall(SYS_arch_prctl, ARCH_GET_GS, &found);
    printf("after loading a null selector %s\n", found ? "kept" : "0");
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    bases();
    refused_fs();
    accesses();
    kept();
    return 0;
}
