/* The signal, code, address and the context's trap number, error code and cr2 of each fault. */
/* only: x86_64 */
#include "process.h"

#include <setjmp.h>

static sigjmp_buf back;
static char *base;

static void handler(int signo, siginfo_t *info, void *context)
{
    const greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    uintptr_t address = (uintptr_t)info->si_addr, cr2 = (uintptr_t)registers[REG_CR2];
    const char *relative = "";

    if (address >= (uintptr_t)base && address < (uintptr_t)base + 16 * PAGE) {
        address -= (uintptr_t)base;
        relative = "base+";
    }
    if (cr2 >= (uintptr_t)base && cr2 < (uintptr_t)base + 16 * PAGE)
        cr2 -= (uintptr_t)base;
    say("  signal %d code %d errno %d address %s%#lx trap %ld error %#lx cr2 %#lx", signo,
        info->si_code, info->si_errno, relative, (unsigned long)address,
        (long)registers[REG_TRAPNO], (unsigned long)registers[REG_ERR], (unsigned long)cr2);
    siglongjmp(back, 1);
}

#define FAULT(what, ...)                                                                           \
    do {                                                                                           \
        say("%s", what);                                                                           \
        if (sigsetjmp(back, 1) == 0) {                                                             \
            __VA_ARGS__;                                                                           \
            say("  no fault");                                                                     \
        }                                                                                          \
    } while (0)

static void read_at(uintptr_t address)
{
    (void)*(volatile char *)address;
}

static void write_at(uintptr_t address)
{
    *(volatile char *)address = 1;
}

static void call(uintptr_t address)
{
    ((void (*)(void))address)();
}

int main(void)
{
    int fd = memfd_create("file", 0);
    char *file;

    base = map_pages(16, PROT_READ | PROT_WRITE);
    NEED(munmap(base + 15 * PAGE, PAGE) == 0);
    NEED(mprotect(base + PAGE, PAGE, PROT_READ) == 0);
    NEED(mprotect(base + 2 * PAGE, PAGE, PROT_NONE) == 0);
    base[3 * PAGE] = 1;
    NEED(mprotect(base + 3 * PAGE, PAGE, PROT_READ) == 0);
    base[4 * PAGE] = 1;
    NEED(mprotect(base + 4 * PAGE, PAGE, PROT_NONE) == 0);
    memset(base + 5 * PAGE, 0xc3, PAGE);
    handle(SIGSEGV, handler, 0);
    handle(SIGBUS, handler, 0);

    FAULT("read of nothing", read_at((uintptr_t)base + 15 * PAGE + 5));
    FAULT("write to nothing", write_at((uintptr_t)base + 15 * PAGE + 5));
    FAULT("call of nothing", call((uintptr_t)base + 15 * PAGE));
    FAULT("read of page 0", read_at(8));
    FAULT("call of page 0", call(0));
    FAULT("write to an untouched read-only page", write_at((uintptr_t)base + PAGE + 7));
    FAULT("read of it", read_at((uintptr_t)base + PAGE + 7));
    FAULT("write after the read", write_at((uintptr_t)base + PAGE + 7));
    FAULT("read of an inaccessible page", read_at((uintptr_t)base + 2 * PAGE));
    FAULT("write to a touched read-only page", write_at((uintptr_t)base + 3 * PAGE));
    FAULT("read of a touched inaccessible page", read_at((uintptr_t)base + 4 * PAGE + 9));
    FAULT("call of a page without execution", call((uintptr_t)base + 5 * PAGE));
    FAULT("call of an untouched page without execution", call((uintptr_t)base + 6 * PAGE));
    FAULT("read of a non-canonical address", read_at(0x0000800000000000ul));
    FAULT("write to a non-canonical address", write_at(0x1234567812345678ul));
    FAULT("read of the kernel half", read_at(0xffff888000000000ul));
    FAULT("write to the kernel half", write_at(0xffffffff81000000ul));
    FAULT("call of the kernel half", call(0xffffffff81000000ul));
    FAULT("read of the last byte", read_at(~0ul));
    FAULT("read at the end of the user half", read_at(0x00007ffffffff000ul));
    FAULT("call of a non-canonical address", call(0x0000800000000000ul));

    NEED(ftruncate(fd, PAGE) == 0);
    file = mmap(base + 8 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    NEED(file != MAP_FAILED);
    FAULT("read within the file", read_at((uintptr_t)file + PAGE - 1));
    FAULT("read beyond the file", read_at((uintptr_t)file + PAGE + 3));
    FAULT("write beyond the file", write_at((uintptr_t)file + PAGE + 3));
    file[0] = 1;
    NEED(ftruncate(fd, 0) == 0);
    FAULT("write after the file was cut", write_at((uintptr_t)file + 1));
    return 0;
}
