/* The stack: its rights, its place at the top, growth on touch far below the pointer, its limit. */
#include "compat.h"

static void touch_below(void *distance)
{
    volatile char *here = (volatile char *)&distance;

    here[-(intptr_t)distance] = 'x';
}

/* Deeper until the stack ends. */
static int __attribute__((noinline)) recurse_to(volatile int *depth)
{
    volatile int frame[1024] = {*depth + 1};

    return *depth >= 0 ? recurse_to(frame) + frame[1] : 0;
}

static void recurse(void *argument)
{
    volatile int depth = 1;

    (void)argument;
    access_byte = (unsigned char)recurse_to(&depth);
}

static size_t stack_pages(char *rights)
{
    char *line = read_file("/proc/self/maps"), *stack = strstr(line, "[stack]");
    unsigned long from = 0, to = 0;

    while (stack > line && stack[-1] != '\n')
        stack--;
    sscanf(stack, "%lx-%lx %4s", &from, &to, rights);
    printf("ends at the top: %d\n", to == 0x7ffffffff000);
    return (to - from) / PAGE;
}

int main(void)
{
    char rights[8];
    size_t pages;

    set_limit(RLIMIT_STACK, (uint64_t)4 << 20, RLIM_INFINITY);
    pages = stack_pages(rights);
    printf("%s, at least 33 pages: %d\n", rights, pages >= 33);
    show_catch("1 MiB below", touch_below, (void *)((intptr_t)1 << 20));
    printf("grown: %d\n", stack_pages(rights) > 256);
    show_catch("3 MiB below", touch_below, (void *)((intptr_t)3 << 20));
    printf("grown: %d\n", stack_pages(rights) > 768 && stack_pages(rights) < 780);
    printf("5 MiB below: ");
    if (catch (touch_below, (void *)((intptr_t)5 << 20)))
        printf("%s %s\n", signal_name(caught.si_signo), code_name(caught.si_signo, caught.si_code));
    printf("endless recursion: ");
    if (catch (recurse, NULL))
        printf("%s %s\n", signal_name(caught.si_signo), code_name(caught.si_signo, caught.si_code));
    printf("pages: %zu\n", stack_pages(rights));
    return 0;
}
