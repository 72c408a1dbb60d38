/* The table of system calls (x86/syscall.h), from the list of their numbers. */
#include "x86/syscall.h"

#include "core/log.h"
#include "kernel/linux/errno.h"
#include "kernel/linux/sys_file.h"
#include "kernel/linux/syscalls.h"
#include "kernel/proc/process.h"

/*
 * The entry code puts six arguments in their places; a function that takes fewer ignores the rest,
 * as the calling convention allows.
 */
#define CALL(number, name) [number] = (syscall_function)(void (*)(void))sys_##name,
#define NONE(number, name)
const syscall_function syscall_table[] = {
#include "kernel/linux/numbers.h"
};
#undef CALL
#undef NONE

const unsigned long syscall_count = sizeof syscall_table / sizeof syscall_table[0];

#define CALL(number, name)
#define NONE(number, name) [number] = #name,
static const char *const absent_names[] = {
#include "kernel/linux/numbers.h"
};
#undef CALL
#undef NONE

#define NUMBERS   ARRAY_SIZE(absent_names)
#define WORD_BITS (8 * sizeof(unsigned long))

/* Each is named once in the log, with the first program that asked. */
long syscall_unknown(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
                     unsigned long e, unsigned long f)
{
    static unsigned long told[NUMBERS / WORD_BITS + 2]; /* the last bit: all beyond the table */
    unsigned long number = trap_user_frame()->orig_ax;
    unsigned long slot = number < NUMBERS ? number : NUMBERS;
    unsigned long bit = 1ul << (slot % WORD_BITS);

    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
    if (!(__atomic_fetch_or(&told[slot / WORD_BITS], bit, __ATOMIC_RELAXED) & bit))
        log_info("%s[%d]: system call %lu (%s) does not exist here", current_thread()->name,
                 current_thread()->tid, number,
                 number < NUMBERS && absent_names[number] ? absent_names[number] : "unknown");
    return -ENOSYS;
}
