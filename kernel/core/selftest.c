/*
 * `selftest=NAME[,NAME]...`: each one provokes on purpose what the kernel must catch. The boot
 * tests read the serial line for the report. Those that must not survive say so if they do.
 */

#include <quire/pagetable.h>

#include "core/boot.h"
#include "core/boot_info.h"
#include "core/compiler.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "x86/context.h"
#include "x86/cpu.h"
#include "x86/power.h"
#include "x86/time.h"
#include "x86/usercopy.h"

#ifdef __x86_64__
#define STACK_POINTER "rsp"
#else
#define STACK_POINTER "esp"
#endif

/* A page of the user half with known bytes, mapped into the kernel's own table. */
#define USER_PAGE 0x400000ul

static void map_user_page(unsigned protection)
{
    struct quire_frame *frame =
        quire_frame_alloc_one(&kernel_machine, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_ZERO);

    quire_pagetable_map(&kernel_machine, &kernel_machine.kernel, USER_PAGE,
                        quire_frame_phys(&kernel_machine, frame), PAGE_SIZE, protection,
                        QUIRE_PAGE_USER | QUIRE_PAGE_SMALL);
    memset(quire_frame_direct(&kernel_machine, frame), 0xc3, PAGE_SIZE); /* RET */
}

static void test_nullderef(void)
{
    volatile int *nowhere = (volatile int *)8;

    __asm__("" : "+r"(nowhere));
    *nowhere = 1;
}

static void test_smap(void)
{
    map_user_page(QUIRE_PROT_READ | QUIRE_PROT_WRITE);
    log_info("read %#x", *(volatile uint8_t *)USER_PAGE);
}

static void test_smep(void)
{
    map_user_page(QUIRE_PROT_READ | QUIRE_PROT_EXECUTE);
    ((void (*)(void))USER_PAGE)();
}

static void test_nx(void)
{
    static uint8_t code[] = {0xc3};
    void (*function)(void) = (void (*)(void))(uintptr_t)code;

    __asm__("" : "+r"(function));
    function();
}

static void test_write_text(void)
{
    volatile uint8_t *text = (volatile uint8_t *)(uintptr_t)selftest_run;

    *text = *text;
}

static void test_write_text_direct(void)
{
    volatile uint8_t *text = direct_map((uintptr_t)selftest_run - KERNEL_IMAGE);

    *text = *text;
}

static void test_df(void)
{
    __asm__ volatile("mov $0x10, %%" STACK_POINTER "; push $0; ud2" ::: "memory");
}

/* Stack use that the compiler can neither see through nor turn into a loop. */
static __attribute__((noinline)) int deeper(int depth)
{
    volatile char room[256];

    room[0] = (char)depth;
    if (depth < 0)
        return 0;
    return deeper(depth + 1) + room[0];
}

static void overflow(void)
{
    log_info("%d", deeper(0));
}

/* On a stack from the area layer, as every thread has; there are no threads yet, so the boot thread
   moves to it. */
static void test_overflow(void)
{
    struct context *context = this_context();

    kernel_stack_alloc(&context->stack_bottom, &context->stack_top);
    __asm__ volatile("mov %0, %%" STACK_POINTER
                     "; xorl %%ebp, %%ebp; call *%1" ::"r"(context->stack_top),
                     "r"(overflow)
                     : "memory");
}

static void test_overflow_boot(void)
{
    overflow();
}

static void test_ud(void)
{
    __asm__ volatile("ud2");
}

static void test_gp(void)
{
    /* Beyond the end of the descriptor table. */
    __asm__ volatile("mov %0, %%gs" ::"r"(0xfff8));
}

/* --- tests that end well --------------------------------------------------------------------- */

static bool expect(bool condition, const char *what)
{
    if (!condition)
        log_error("selftest failed: %s", what);
    return condition;
}

static void test_wx(void)
{
    struct quire_translation low;

    quire_pagetable_translate(&kernel_machine, &kernel_machine.kernel, 0x100000, &low);
    if (expect(memory_check_protection(), "W^X") &&
        expect(!low.present, "the identity map is still there"))
        log_info("selftest wx: ok");
}

/* Mappings that break the rules, planted where nothing else is: the walk finds each. */
static void test_wx_planted(void)
{
    const quire_virt place = KERNEL_AREA_END - 16 * PAGE_SIZE;
    static const struct {
        unsigned protection, flags;
        const char *what;
    } planted[] = {
        {QUIRE_PROT_READ | QUIRE_PROT_WRITE | QUIRE_PROT_EXECUTE, 0, "writable and executable"},
        {QUIRE_PROT_READ, QUIRE_PAGE_USER, "open to programs"},
    };
    struct quire_frame *frame =
        quire_frame_alloc_one(&kernel_machine, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_ZERO);
    bool ok = true;

    for (unsigned i = 0; i < ARRAY_SIZE(planted); i++) {
        /* Without no-execute, no entry tells that it is executable. */
        if (!cpu_features.no_execute && planted[i].protection & QUIRE_PROT_EXECUTE)
            continue;
        quire_pagetable_map(&kernel_machine, &kernel_machine.kernel, place,
                            quire_frame_phys(&kernel_machine, frame), PAGE_SIZE,
                            planted[i].protection, planted[i].flags | QUIRE_PAGE_SMALL);
        ok &= expect(!memory_check_protection(), planted[i].what);
        quire_pagetable_unmap(&kernel_machine, &kernel_machine.kernel, place, PAGE_SIZE);
        ok &= expect(memory_check_protection(), "clean again");
    }
    quire_frame_put(&kernel_machine, frame);
    if (ok)
        log_info("selftest wxplanted: ok");
}

static void test_usercopy(void)
{
    uint8_t bytes[32] = {0};
    uint64_t word = 0;
    bool ok = true;

    map_user_page(QUIRE_PROT_READ | QUIRE_PROT_WRITE);
    /* There is no process whose fault handler could be asked. */
    usercopy_nofault_begin();
    ok &= expect(copy_from_user(bytes, (void *)USER_PAGE, 32) == 0 && bytes[31] == 0xc3, "copy");
    ok &= expect(copy_to_user((void *)(USER_PAGE + PAGE_SIZE - 13), bytes, 32) == 19, "copy out");
    ok &= expect(copy_from_user(bytes, (void *)(USER_PAGE + PAGE_SIZE - 13), 32) == 19, "copy in");
    ok &= expect(clear_user((void *)(USER_PAGE + PAGE_SIZE - 3), 40) == 37, "clear");
    ok &= expect(copy_from_user(bytes, (void *)(USER_END - 8), 16) == 16, "end of user half");
    ok &= expect(copy_from_user(bytes, (void *)KERNEL_DIRECT, 1) == 1, "kernel address");
    ok &= expect(copy_from_user(bytes, (void *)UINTPTR_MAX, 16) == 16, "wrap");
    ok &= expect(copy_from_user(bytes, (void *)0, 0) == 0, "nothing");
    ok &= expect(get_user(&word, (uint64_t *)(USER_PAGE + PAGE_SIZE - 4)) == USERCOPY_FAULT, "get");
    ok &= expect(get_user(&word, (uint64_t *)USER_PAGE) == 0 && word == 0xc3c3c3c3c3c3c3c3, "got");
    ok &= expect(put_user(5ull, (uint64_t *)USER_PAGE) == 0, "put");
    ok &= expect(put_user(5ull, (uint64_t *)KERNEL_IMAGE) == USERCOPY_FAULT, "put to kernel");
    ok &= expect(strnlen_user((char *)USER_PAGE, 64) == 1, "string");
    ok &= expect(strnlen_user((char *)USER_PAGE + 8, PAGE_SIZE) == 4085, "string to the cleared");
    ok &= expect(strnlen_user((char *)USER_PAGE + 8, 20) == 20, "string cut");
    ok &= expect(strnlen_user((char *)USER_PAGE + PAGE_SIZE, 20) == USERCOPY_FAULT, "no string");
    usercopy_nofault_end();
    if (ok)
        log_info("selftest usercopy: ok");
}

static unsigned fired;

static void count_fired(void *argument)
{
    fired = fired * 10 + (unsigned)(uintptr_t)argument;
}

static void test_timer(void)
{
    static struct timer timers[3];
    uint64_t start = clock_monotonic_ns();

    timer_add(&timers[0], start + 30000000, count_fired, (void *)3);
    timer_add(&timers[1], start + 10000000, count_fired, (void *)1);
    timer_add(&timers[2], start + 20000000, count_fired, (void *)2);
    timer_cancel(&timers[2]);
    while (clock_monotonic_ns() < start + 60000000)
        cpu_wait_for_interrupt();
    if (expect(fired == 13, "timers") && expect(!timer_cancel(&timers[0]), "armed after firing"))
        log_info("selftest timer: ok, wall clock %" PRIu64, clock_realtime_ns() / 1000000000);
}

static const struct {
    const char *name;
    void (*run)(void);
    bool fatal;
} tests[] = {
    {"nullderef", test_nullderef, true},
    {"smap", test_smap, true},
    {"smep", test_smep, true},
    {"nx", test_nx, true},
    {"text", test_write_text, true},
    {"textdirect", test_write_text_direct, true},
    {"df", test_df, true},
    {"overflow", test_overflow, true},
    {"overflowboot", test_overflow_boot, true},
    {"ud", test_ud, true},
    {"gp", test_gp, true},
    {"wx", test_wx, false},
    {"wxplanted", test_wx_planted, false},
    {"usercopy", test_usercopy, false},
    {"timer", test_timer, false},
};

static void run_one(const char *name, size_t length)
{
    for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
        if (strlen(tests[i].name) != length || strncmp(tests[i].name, name, length) != 0)
            continue;
        log_info("selftest %s", tests[i].name);
        tests[i].run();
        if (tests[i].fatal)
            log_error("selftest %s: nothing stopped it", tests[i].name);
        return;
    }
    log_error("there is no selftest %s", name);
}

void selftest_run(void)
{
    const char *names = boot_option("selftest");

    if (!names)
        return;
    while (*names) {
        const char *comma = strchr(names, ',');
        size_t length = comma ? (size_t)(comma - names) : strlen(names);

        run_one(names, length);
        names += length + (comma != NULL);
    }
    machine_power_off(POWER_OFF_CLEAN);
}
