#ifndef KERNEL_X86_USERCOPY_H
#define KERNEL_X86_USERCOPY_H

/*
 * The only way from the kernel into user memory. Every function checks the range (zero length is
 * fine, wrap and the kernel half are failures), opens SMAP for as long as the access takes, and
 * survives any fault: pages are faulted in, copy-on-write is broken, and what cannot be resolved
 * is reported, not fatal.
 *
 * May sleep, because the fault may wait for a pager. A caller that holds a lock brackets the calls
 * with usercopy_nofault_begin/end: a fault then fails at once without being looked at, and the
 * caller drops its lock, calls usercopy_fault_in(), and tries again.
 */

#include "core/compiler.h"
#include "x86/cpu.h"
#include "x86/layout.h"

/* What a failed access returns: -EFAULT. */
#define USERCOPY_FAULT (-14)

static inline bool user_range_ok(const void __user *start, size_t size)
{
    return size <= USER_END && (uintptr_t)start <= USER_END - size;
}

/* All return the bytes NOT copied: 0 is success. */
size_t copy_from_user(void *to, const void __user *from, size_t size);
size_t copy_to_user(void __user *to, const void *from, size_t size);
size_t clear_user(void __user *to, size_t size);

/*
 * Copies a string with its end. Returns its length without the end; `size` when no end was found
 * in `size` bytes (all of them copied); USERCOPY_FAULT.
 */
long strncpy_from_user(char *to, const char __user *from, size_t size);

/* Length without the end, at most `limit`; USERCOPY_FAULT. */
long strnlen_user(const char __user *text, size_t limit);

/* Makes size bytes accessible by touching each page; 0 or USERCOPY_FAULT. */
int usercopy_fault_in(const void __user *start, size_t size, bool write);

static inline void usercopy_nofault_begin(void)
{
    this_cpu()->pagefault_disabled++;
    __asm__ volatile("" ::: "memory");
}

static inline void usercopy_nofault_end(void)
{
    __asm__ volatile("" ::: "memory");
    this_cpu()->pagefault_disabled--;
}

/*
 * Compare-and-exchange on a user word, for futexes: *out_found is what was there. 0 or
 * USERCOPY_FAULT. The address must be aligned to 4.
 */
int cmpxchg_user_u32(uint32_t __user *at, uint32_t expected, uint32_t wanted, uint32_t *out_found);

/* Three bytes that boot replaces by STAC and CLAC where the CPU has SMAP (cpu.c). */
#define SMAP_PATCH(kind)                                                                           \
    "771: .byte 0x0f, 0x1f, 0x00\n"                                                                \
    ".pushsection .smap_patch, \"a\"\n"                                                            \
    ".long 771b - ., " #kind "\n"                                                                  \
    ".popsection\n"
#define USER_OPEN  SMAP_PATCH(1)
#define USER_CLOSE SMAP_PATCH(0)

/* If the instruction at `from` faults and the fault cannot be resolved, go on at `to`. */
#define EXCEPTION_ENTRY(from, to)                                                                  \
    ".pushsection .exception_table, \"a\"\n"                                                       \
    ".long " #from " - ., " #to " - .\n"                                                           \
    ".popsection\n"

#define DEFINE_USER_ACCESS(bits, instruction, modifier)                                            \
    static inline int get_user_u##bits(uint##bits##_t *out_value, const void __user *from)         \
    {                                                                                              \
        uint##bits##_t value = 0;                                                                  \
        int error = 0;                                                                             \
        if (unlikely(!user_range_ok(from, sizeof value)))                                          \
            return USERCOPY_FAULT;                                                                 \
        __asm__ volatile(USER_OPEN "1: " instruction " %2, %" modifier "1\n"                       \
                                   "2:\n" USER_CLOSE ".pushsection .text.fixup, \"ax\"\n"          \
                                   "3: movl %3, %0\n"                                              \
                                   "jmp 2b\n"                                                      \
                                   ".popsection\n" EXCEPTION_ENTRY(1b, 3b)                         \
                         : "+r"(error), "+q"(value)                                                \
                         : "m"(*(const uint##bits##_t *)from), "i"(USERCOPY_FAULT)                 \
                         : "memory");                                                              \
        *out_value = value;                                                                        \
        return error;                                                                              \
    }                                                                                              \
    static inline int put_user_u##bits(void __user *to, uint##bits##_t value)                      \
    {                                                                                              \
        int error = 0;                                                                             \
        if (unlikely(!user_range_ok(to, sizeof value)))                                            \
            return USERCOPY_FAULT;                                                                 \
        __asm__ volatile(USER_OPEN "1: " instruction " %" modifier "2, %1\n"                       \
                                   "2:\n" USER_CLOSE ".pushsection .text.fixup, \"ax\"\n"          \
                                   "3: movl %3, %0\n"                                              \
                                   "jmp 2b\n"                                                      \
                                   ".popsection\n" EXCEPTION_ENTRY(1b, 3b)                         \
                         : "+r"(error), "=m"(*(uint##bits##_t *)to)                                \
                         : "q"(value), "i"(USERCOPY_FAULT)                                         \
                         : "memory");                                                              \
        return error;                                                                              \
    }

/* get_user_u8(&value, pointer), put_user_u8(pointer, value), ... _u64: 0 or USERCOPY_FAULT. */
DEFINE_USER_ACCESS(8, "movb", "b")
DEFINE_USER_ACCESS(16, "movw", "w")
DEFINE_USER_ACCESS(32, "movl", "k")
#ifdef __x86_64__
DEFINE_USER_ACCESS(64, "movq", "q")
#define get_user_word get_user_u64
#define put_user_word put_user_u64
#else
static inline int get_user_word(unsigned long *out_value, const void __user *from)
{
    uint32_t value = 0;
    int error = get_user_u32(&value, from);

    *out_value = value;
    return error;
}

static inline int put_user_word(void __user *to, unsigned long value)
{
    return put_user_u32(to, value);
}

/* In two halves: what another thread writes meanwhile may be seen half. */
static inline int get_user_u64(uint64_t *out_value, const void __user *from)
{
    uint32_t low = 0, high = 0;
    int error = get_user_u32(&low, from);

    if (!error)
        error = get_user_u32(&high, (const char __user *)from + 4);
    *out_value = (uint64_t)high << 32 | low;
    return error;
}

static inline int put_user_u64(void __user *to, uint64_t value)
{
    int error = put_user_u32(to, (uint32_t)value);

    return error ? error : put_user_u32((char __user *)to + 4, (uint32_t)(value >> 32));
}
#endif
#undef DEFINE_USER_ACCESS

/* By the type of the value: a word of the CPU for `long`. */
#define USER_ACCESS(name, value)                                                                   \
    _Generic((value), unsigned char                                                                \
             : name##_u8, signed char                                                              \
             : name##_u8, unsigned short                                                           \
             : name##_u16, short                                                                   \
             : name##_u16, unsigned                                                                \
             : name##_u32, int                                                                     \
             : name##_u32, unsigned long                                                           \
             : name##_word, long                                                                   \
             : name##_word, unsigned long long                                                     \
             : name##_u64, long long                                                               \
             : name##_u64)

#define get_user(out_value, from) USER_ACCESS(get_user, *(out_value))((void *)(out_value), (from))
#define put_user(value, to)       USER_ACCESS(put_user, *(to))((to), (value))

/* --- for trap.c ------------------------------------------------------------------------------ */

struct trap_frame;

/* Once, before the image becomes read-only. */
void exception_table_sort(void);

/* An instruction that may fault on user memory. */
bool exception_has_fixup(uintptr_t ip);

/* Sends a kernel frame to its fixup; false when its ip has none. */
bool exception_fixup(struct trap_frame *frame);

#endif
