/* Ways across segments and into the kernel that are not SYSCALL, and SYSCALL at the very end. What
 * would succeed is left out: QEMU's translator pushes and pops then as the kernel, which SMAP
 * forbids. */
/* only: x86_64 */
#include "compat.h"

#include <pthread.h>

struct far_pointer {
    uint32_t offset;
    uint16_t selector;
} __attribute__((packed));

__asm__(".text\nfar_return: .byte 0xcb\n"); /* lretl */
extern char far_return[];

/* Around what a leaf function may keep under the stack pointer. */
#define OVER "leaq -128(%%rsp), %%rsp; "
#define BACK "; leaq 128(%%rsp), %%rsp"

static void far_call(void *pointer)
{
    __asm__ volatile(OVER "lcall *(%%rax)" BACK ::"a"(pointer) : "memory");
}

static void call_selector(const char *name, uint16_t selector, uint32_t offset)
{
    struct far_pointer pointer = {offset, selector};

    show_catch(name, far_call, &pointer);
}

static void enter(void *unused)
{
    (void)unused;
    __asm__ volatile("sysenter" ::"a"(SYS_getppid), "c"(0), "d"(0) : "memory");
}

static void leave(void *unused)
{
    (void)unused;
    __asm__ volatile("sysexitl" ::"a"(0), "c"(0), "d"(0) : "memory");
}

static void run_page(void *place)
{
    ((void (*)(void))place)();
}

/* The page below the user half's end is the first stack's: a thread has another. */
static void *at_the_end(void *unused)
{
    static const unsigned char call[] = {0x0f, 0x05};
    char *last = (char *)0x7fffffffe000;

    base = last;
    if (call_mmap(last, PAGE, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != last)
        puts("no page there");
    memcpy(last + PAGE - sizeof call, call, sizeof call);
    show_catch("the last two bytes", run_page, last + PAGE - sizeof call);
    last[PAGE - 1] = (char)0xcc;
    show_catch("a breakpoint in the last byte", run_page, last + PAGE - 1);
    last[PAGE - 1] = (char)0x90;
    show_catch("falling off the end", run_page, last + PAGE - 1);
    fflush(stdout);
    _exit(0);
    return unused;
}

static void last_page(void *unused)
{
    pthread_t thread;

    (void)unused;
    pthread_create(&thread, NULL, at_the_end, NULL);
    pthread_join(thread, NULL);
}

int main(void)
{
    call_selector("far call, no selector", 0, (uint32_t)(uintptr_t)far_return);
    call_selector("far call, the kernel's code", 0x10, (uint32_t)(uintptr_t)far_return);
    call_selector("far call, the kernel's code, wished to be ours", 0x13,
                  (uint32_t)(uintptr_t)far_return);
    call_selector("far call, data", 0x2b, (uint32_t)(uintptr_t)far_return);
    call_selector("far call, beyond the table", 0xfffb, (uint32_t)(uintptr_t)far_return);
    call_selector("far call, the task", 0x43, (uint32_t)(uintptr_t)far_return);
    show_catch("sysenter", enter, NULL);
    show_catch("sysexit", leave, NULL);
    in_child(last_page, NULL);
    return 0;
}
