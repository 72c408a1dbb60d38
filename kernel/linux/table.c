/* The table of system calls (x86/syscall.h), from the list of their numbers. */
#include "x86/syscall.h"

#include "core/log.h"
#include "linux/errno.h"
#include "linux/sys_file.h"
#include "linux/syscalls.h"
#include "proc/process.h"
#include "proc/trace.h"

/*
 * The entry code puts six arguments in their places; a function that takes fewer ignores the rest,
 * as the calling convention allows.
 */
#define CALL(number, name) [number] = (syscall_function)(void (*)(void))sys_##name,
#define NONE(number, name)
const syscall_function syscall_table[] = {
#include "linux/numbers.h"
};
#undef CALL
#undef NONE

const unsigned long syscall_count = sizeof syscall_table / sizeof syscall_table[0];

#define CALL(number, name)
#define NONE(number, name) [number] = #name,
static const char *const absent_names[] = {
#include "linux/numbers.h"
};
#undef CALL
#undef NONE

#define NUMBERS   ARRAY_SIZE(absent_names)
#define WORD_BITS (8 * sizeof(unsigned long))

/* Each is named once in the log, with the first program that asked. */
static long absent(unsigned long number)
{
    static unsigned long told[NUMBERS / WORD_BITS + 2]; /* the last bit: all beyond the table */
    unsigned long slot = number < NUMBERS ? number : NUMBERS;
    unsigned long bit = 1ul << (slot % WORD_BITS);

    if (!(__atomic_fetch_or(&told[slot / WORD_BITS], bit, __ATOMIC_RELAXED) & bit))
        log_info("%s[%d]: system call %lu (%s) does not exist here", current_thread()->name,
                 current_thread()->tid, number,
                 number < NUMBERS && absent_names[number] ? absent_names[number] : "unknown");
    return -ENOSYS;
}

/* The tracer may change number and arguments before the call, and its result after it. */
static long traced_call(struct trap_frame *frame)
{
    unsigned long of[6];
    uint32_t number;

    trace_call(TRACE_CALL_ENTRY);
    number = (uint32_t)frame->orig_ax;
    trap_frame_arguments(frame, of);
    if (!kill_pending()) {
        if (number < syscall_count && syscall_table[number])
            frame->ax =
                (unsigned long)syscall_table[number](of[0], of[1], of[2], of[3], of[4], of[5]);
        else if (number != UINT32_MAX)
            frame->ax = (unsigned long)absent(number);
    }
    trace_call(TRACE_CALL_EXIT);
    return (long)frame->ax;
}

long syscall_unknown(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
                     unsigned long e, unsigned long f)
{
    struct trap_frame *frame = trap_user_frame();

    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    return current_thread()->context.traced ? traced_call(frame) : absent((uint32_t)frame->orig_ax);
}
