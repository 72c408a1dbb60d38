/* An alternate stack that is too small, used up, or not there. */
#include "process.h"

static char *stack;

static void nothing(int signo, siginfo_t *info, void *context)
{
    say("handler of %d", signo);
}

static void set(char *start, size_t size)
{
    stack_t new = {.ss_sp = start, .ss_size = size};

    NEED(sigaltstack(&new, NULL) == 0);
    handle(SIGUSR1, nothing, SA_ONSTACK);
}

static void enough(void)
{
    set(stack + PAGE, 4 * PAGE);
    raise(SIGUSR1);
}

static void nested(int signo, siginfo_t *info, void *context)
{
    static int depth;
    volatile char frame[800];

    frame[0] = 1;
    if (++depth > 100)
        say("too deep");
    else
        raise(SIGUSR1);
    (void)frame[0];
}

static void nested_too_deep(void)
{
    set(stack + PAGE, 4 * PAGE);
    handle(SIGUSR1, nested, SA_ONSTACK | SA_NODEFER);
    raise(SIGUSR1);
}

static void segv_handler(int signo, siginfo_t *info, void *context)
{
    say("SIGSEGV's handler: code %d address %#lx", info->si_code, (unsigned long)info->si_addr);
    _exit(7);
}

/* The handler of the SIGSEGV that no room gives runs where? There is none left: it kills. */
static void nested_with_handler(void)
{
    handle(SIGSEGV, segv_handler, SA_ONSTACK);
    nested_too_deep();
}

static void unmapped(void)
{
    set(stack + PAGE, 4 * PAGE);
    NEED(munmap(stack, 6 * PAGE) == 0);
    raise(SIGUSR1);
}

static void read_only(void)
{
    set(stack + PAGE, 4 * PAGE);
    NEED(mprotect(stack, 6 * PAGE, PROT_READ) == 0);
    raise(SIGUSR1);
}

static void in_the_kernel_half(void)
{
    set((char *)0xffff888000000000ul, 4 * PAGE);
    raise(SIGUSR1);
}

static void not_canonical(void)
{
    set((char *)0x0000900000000000ul, 4 * PAGE);
    raise(SIGUSR1);
}

static void at_the_top(void)
{
    set((char *)0x00007ffffffff000ul, 4 * PAGE);
    raise(SIGUSR1);
}

static void told_to_a_handler(void)
{
    stack_t new = {.ss_sp = (void *)0x0000900000000000ul, .ss_size = 4 * PAGE};

    NEED(sigaltstack(&new, NULL) == 0);
    handle(SIGUSR1, nothing, SA_ONSTACK);
    handle(SIGSEGV, segv_handler, 0);
    raise(SIGUSR1);
}

int main(void)
{
    stack = map_pages(6, PROT_READ | PROT_WRITE);
    in_child("enough", enough);
    in_child("nested too deep", nested_too_deep);
    in_child("nested too deep, SIGSEGV handled there", nested_with_handler);
    in_child("unmapped", unmapped);
    in_child("read-only", read_only);
    in_child("in the kernel half", in_the_kernel_half);
    in_child("not canonical", not_canonical);
    in_child("at the top", at_the_top);
    in_child("SIGSEGV's handler on the usual stack", told_to_a_handler);
    return 0;
}
