/* A fault's signal that is blocked or ignored kills; one that is sent waits or is dropped. */
#include "process.h"

static void nothing(int signo, siginfo_t *info, void *context)
{
    say("handler of %d code %d", signo, info->si_code);
}

static void block(int signo)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signo);
    NEED(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
}

static void fault(void)
{
    *(volatile int *)8 = 1;
}

static void blocked(void)
{
    handle(SIGSEGV, nothing, 0);
    block(SIGSEGV);
    fault();
}

static void ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    fault();
}

static void blocked_ud2(void)
{
    handle(SIGILL, nothing, 0);
    block(SIGILL);
    __asm__ volatile("ud2");
}

static void ignored_int3(void)
{
    signal(SIGTRAP, SIG_IGN);
    __asm__ volatile("int3");
    say("went on");
}

static void blocked_division(void)
{
    handle(SIGFPE, nothing, 0);
    block(SIGFPE);
    __asm__ volatile("xorl %%ecx, %%ecx; xorl %%edx, %%edx; divl %%ecx" ::: "eax", "ecx", "edx");
}

static void sent_blocked(void)
{
    sigset_t set;

    handle(SIGSEGV, nothing, 0);
    block(SIGSEGV);
    kill(getpid(), SIGSEGV);
    sigpending(&set);
    CHECK(sigismember(&set, SIGSEGV));
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    say("after");
}

static void sent_ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    kill(getpid(), SIGSEGV);
    say("after");
}

static void in_its_own_handler(int signo, siginfo_t *info, void *context)
{
    say("first");
    fault();
}

static void nested(void)
{
    handle(SIGSEGV, in_its_own_handler, 0);
    fault();
}

static void again(int signo, siginfo_t *info, void *context)
{
    static int count;

    if (++count == 3)
        _exit(count);
    say("again");
    fault();
}

static void nested_nodefer(void)
{
    handle(SIGSEGV, again, SA_NODEFER);
    fault();
}

static void once(void)
{
    handle(SIGSEGV, in_its_own_handler, SA_RESETHAND | SA_NODEFER);
    fault();
}

static void pending_too(void)
{
    handle(SIGSEGV, nothing, 0);
    block(SIGSEGV);
    kill(getpid(), SIGSEGV);
    fault();
}

int main(void)
{
    in_child("blocked", blocked);
    in_child("ignored", ignored);
    in_child("blocked ud2", blocked_ud2);
    in_child("ignored int3", ignored_int3);
    in_child("blocked division", blocked_division);
    in_child("sent while blocked", sent_blocked);
    in_child("sent while ignored", sent_ignored);
    in_child("in its own handler", nested);
    in_child("in its own handler, SA_NODEFER", nested_nodefer);
    in_child("SA_RESETHAND", once);
    in_child("one was pending already", pending_too);
    return 0;
}
