/* RLIMIT_AS, DATA, STACK and MEMLOCK: which calls they end, and with which error. */
#include "process.h"

static void set(int resource, rlim_t soft)
{
    struct rlimit limit;

    NEED(getrlimit(resource, &limit) == 0);
    limit.rlim_cur = soft;
    NEED(setrlimit(resource, &limit) == 0);
}

static const char *mapped(size_t size, int protection, int flags)
{
    void *at = mmap(NULL, size, protection, flags | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? error_name(errno) : "ok";
}

static const char *moved(void *at, size_t from, size_t to)
{
    return mremap(at, from, to, MREMAP_MAYMOVE) == MAP_FAILED ? error_name(errno) : "ok";
}

/* The break moves by so much? */
static const char *more_break(long by)
{
    char *now = (char *)syscall(SYS_brk, 0);

    return (char *)syscall(SYS_brk, now + by) == now + by ? "ok" : "stays";
}

#define MIB (1ul << 20)
#define RW  (PROT_READ | PROT_WRITE)

static void address_space(void)
{
    char *at = mmap(NULL, MIB, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    set(RLIMIT_AS, 64 * MIB);
    say("32 MiB %s", mapped(32 * MIB, RW, MAP_PRIVATE));
    say("64 MiB %s", mapped(64 * MIB, RW, MAP_PRIVATE));
    say("64 MiB inaccessible %s", mapped(64 * MIB, PROT_NONE, MAP_PRIVATE));
    say("64 MiB shared %s", mapped(64 * MIB, RW, MAP_SHARED));
    say("mremap %s", moved(at, MIB, 64 * MIB));
    say("brk %s", more_break(64 * MIB));
    say("brk a little %s", more_break(MIB));
    set(RLIMIT_AS, 0);
    say("nothing %s", mapped(4096, RW, MAP_PRIVATE));
    say("in place %s",
        mmap(at, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED
            ? error_name(errno)
            : "ok");
    say("protect %d", mprotect(at + 4096, 4096, PROT_READ));
}

static void data(void)
{
    char *none = mmap(NULL, 32 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *shared = mmap(NULL, 32 * MIB, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    set(RLIMIT_DATA, 16 * MIB);
    say("8 MiB %s", mapped(8 * MIB, RW, MAP_PRIVATE));
    say("16 MiB %s", mapped(16 * MIB, RW, MAP_PRIVATE));
    say("16 MiB read-only %s", mapped(16 * MIB, PROT_READ, MAP_PRIVATE));
    say("16 MiB shared %s", mapped(16 * MIB, RW, MAP_SHARED));
    say("made writable %s", mprotect(none, 32 * MIB, RW) ? error_name(errno) : "ok");
    say("shared again %s", mprotect(shared, 32 * MIB, PROT_READ) || mprotect(shared, 32 * MIB, RW)
                               ? error_name(errno)
                               : "ok");
    say("brk %s", more_break(16 * MIB));
    say("brk a little %s", more_break(MIB));
    set(RLIMIT_DATA, 0);
    say("brk nothing %s", more_break(4096));
    say("brk back %s", more_break(-4096));
    say("a page %s", mapped(4096, RW, MAP_PRIVATE));
}

__attribute__((noinline)) static int use_stack(int kib)
{
    volatile char frame[1024];

    frame[0] = 1;
    return kib == 0 ? frame[0] : use_stack(kib - 1) + frame[0];
}

static void stack_enough(void)
{
    set(RLIMIT_STACK, 1 * MIB);
    use_stack(800);
    say("800 KiB");
}

static void stack_too_much(void)
{
    set(RLIMIT_STACK, 1 * MIB);
    use_stack(2000);
    say("2000 KiB");
}

static void stack_and_space(void)
{
    set(RLIMIT_AS, 0);
    use_stack(2000);
    say("2000 KiB");
}

static void locked(void)
{
    char *at = map_pages(64, RW);

    NEED(setgid(65534) == 0 && setuid(65534) == 0);
    set(RLIMIT_MEMLOCK, 16 * PAGE);
    TRY(mlock(at, 16 * PAGE));
    TRY(mlock(at, 16 * PAGE));
    TRY(mlock(at + 16 * PAGE, PAGE));
    TRY(mlock(at, 17 * PAGE));
    TRY(munlock(at, PAGE));
    TRY(mlock(at + 16 * PAGE, PAGE));
    say("MAP_LOCKED %s", mapped(PAGE, RW, MAP_PRIVATE | MAP_LOCKED));
    TRY(munlockall());
    say("MAP_LOCKED %s", mapped(PAGE, RW, MAP_PRIVATE | MAP_LOCKED));
    say("MAP_LOCKED more %s", mapped(16 * PAGE, RW, MAP_PRIVATE | MAP_LOCKED));
    TRY(mlockall(MCL_CURRENT));
    TRY(mlockall(MCL_FUTURE));
    say("a page %s", mapped(PAGE, RW, MAP_PRIVATE));
    say("many %s", mapped(64 * PAGE, RW, MAP_PRIVATE));
    TRY(munlockall());
    set(RLIMIT_MEMLOCK, 0);
    TRY(mlock(at, PAGE));
    TRY(mlock2(at, PAGE, 1));
    TRY(munlock(at, PAGE));
    TRY(mlockall(MCL_CURRENT));
    say("MAP_LOCKED %s", mapped(PAGE, RW, MAP_PRIVATE | MAP_LOCKED));
}

int main(void)
{
    in_child("address space", address_space);
    in_child("data", data);
    in_child("enough stack", stack_enough);
    in_child("too much stack", stack_too_much);
    in_child("stack beyond the address space", stack_and_space);
    in_child("locked memory", locked);
    return 0;
}
