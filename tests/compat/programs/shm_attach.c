/* shmat and shmdt: where, with which rights, over what, and pieces of an attachment. */
#include "process.h"

#include <setjmp.h>
#include <sys/ipc.h>
#include <sys/shm.h>

static char *base;
static int id;
static sigjmp_buf back;

static void fault(int signo, siginfo_t *info, void *context)
{
    say("  signal %d code %d", signo, info->si_code);
    siglongjmp(back, 1);
}

static char *say_at(const char *what, void *at)
{
    if (at == (void *)-1)
        say("%s: %s", what, error_name(errno));
    else if ((char *)at >= base && (char *)at < base + 64 * PAGE)
        say("%s: base+%#lx", what, (unsigned long)((char *)at - base));
    else
        say("%s: somewhere", what);
    return at;
}

#define ATTACH(...) say_at(#__VA_ARGS__, shmat(__VA_ARGS__))

static unsigned long attachments(void)
{
    struct shmid_ds ds;

    NEED(shmctl(id, IPC_STAT, &ds) == 0);
    return ds.shm_nattch;
}

static void touch(char *at, bool write)
{
    if (sigsetjmp(back, 1) == 0) {
        if (write)
            *(volatile char *)at = 3;
        say("  reads %d", *(volatile char *)at);
    }
}

static void as_nobody(void)
{
    NEED(setgid(65534) == 0 && setuid(65534) == 0);
    ATTACH(id, NULL, 0);
    ATTACH(id, NULL, SHM_RDONLY);
}

int main(void)
{
    char *at, *other;

    handle(SIGSEGV, fault, 0);
    handle(SIGBUS, fault, 0);
    base = map_pages(64, PROT_NONE);
    NEED(munmap(base, 64 * PAGE) == 0);
    id = shmget(IPC_PRIVATE, 3 * PAGE + 5, 0604);
    NEED(id >= 0);

    ATTACH(-1, NULL, 0);
    ATTACH(id + 32768, NULL, 0);
    at = shmat(id, NULL, 0);
    NEED(at != (void *)-1);
    memset(at, 1, 4 * PAGE);
    touch(at + 4 * PAGE - 1, false);
    TRY(shmdt(at + PAGE));
    TRY(shmdt(at + 1));
    TRY(shmdt(at));
    TRY(shmdt(at));
    touch(at, false);

    ATTACH(id, base + 8 * PAGE, 0);
    ATTACH(id, base + 8 * PAGE, 0);
    ATTACH(id, base + 9 * PAGE, 0);
    ATTACH(id, base + 9 * PAGE, SHM_REMAP);
    ATTACH(id, base + 20 * PAGE + 5, 0);
    ATTACH(id, base + 20 * PAGE + 5, SHM_RND);
    ATTACH(id, (void *)5, SHM_RND | SHM_REMAP);
    ATTACH(id, NULL, SHM_REMAP);
    ATTACH(id, (void *)0x900000000000, 0);
    ATTACH(id, (void *)0xffffffffffff0000, 0);
    ATTACH(id, (void *)0x7ffffffff000, 0);
    say("attached %lu", attachments());
    touch(base + 8 * PAGE, true);
    touch(base + 9 * PAGE, false);
    TRY(shmdt(base + 8 * PAGE));
    say("attached %lu", attachments());
    touch(base + 8 * PAGE, false);
    touch(base + 9 * PAGE, false);
    TRY(shmdt(base + 9 * PAGE));
    TRY(shmdt(base + 20 * PAGE));
    say("attached %lu", attachments());

    at = ATTACH(id, base, SHM_RDONLY);
    touch(at, false);
    touch(at, true);
    TRY(mprotect(at, PAGE, PROT_READ | PROT_WRITE));
    TRY(mprotect(at, PAGE, PROT_READ | PROT_EXEC));
    TRY(shmdt(at));
    at = ATTACH(id, base, SHM_EXEC);
    at[0] = (char)0xc3;
    ((void (*)(void))at)();
    say("executed");
    TRY(shmdt(at));
    at = ATTACH(id, base, SHM_RDONLY | SHM_EXEC);
    ((void (*)(void))at)();
    TRY(shmdt(at));

    say("pieces");
    at = ATTACH(id, base, 0);
    NEED(munmap(at + PAGE, PAGE) == 0);
    say("attached %lu", attachments());
    touch(at, true);
    touch(at + PAGE, true);
    touch(at + 2 * PAGE, true);
    TRY(shmdt(at));
    touch(at + 2 * PAGE, true);
    say("attached %lu", attachments());
    at = ATTACH(id, base, 0);
    NEED(munmap(at, PAGE) == 0);
    TRY(shmdt(at + PAGE));
    TRY(shmdt(at));
    say("attached %lu", attachments());
    at = ATTACH(id, base, 0);
    other = mremap(at, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, base + 32 * PAGE);
    CHECK(other == base + 32 * PAGE);
    TRY(shmdt(at));
    say("attached %lu", attachments());
    TRY(shmdt(other));
    say("attached %lu", attachments());
    at = ATTACH(id, base, 0);
    TRY(mprotect(at + PAGE, PAGE, PROT_READ));
    say("attached %lu", attachments());
    TRY(shmdt(at));
    say("attached %lu", attachments());
    in_child("another user", as_nobody);
    TRY(shmctl(id, IPC_RMID, NULL));
    return 0;
}
