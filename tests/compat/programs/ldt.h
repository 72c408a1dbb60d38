/* modify_ldt, and segments made with it: for the programs that are about them. */
#ifndef LDT_H
#define LDT_H

#include "compat.h"

/* struct user_desc, which not every C library brings. */
struct segment {
    uint32_t number, base, limit;
    uint32_t wide : 1, contents : 2, read_only : 1, in_pages : 1, absent : 1, usable : 1, lm : 1;
};

enum { CONTENTS_DATA, CONTENTS_DATA_DOWN, CONTENTS_CODE, CONTENTS_CONFORMING };
enum { LDT_READ = 0, LDT_WRITE_OLD = 1, LDT_READ_DEFAULT = 2, LDT_WRITE = 0x11 };

#define SELECTOR(number) ((number)*8 | 7)

static inline long call_modify_ldt(int function, void *at, unsigned long size)
{
    return syscall(SYS_modify_ldt, function, at, size);
}

/* A number, or the name of an error; on 64 bits errors are not extended. */
static inline void show_ldt(const char *text, long result)
{
    if (result == -1)
        result = -errno;
    if ((int)result < 0)
        printf("%s = %s%s\n", text, sizeof(long) == 8 && result > 0 ? "not extended " : "",
               errno_name(-(int)result));
    else
        printf("%s = %ld\n", text, result);
}
#define SHOW_LDT(call) show_ldt(#call, (call))

static inline long write_ldt(const struct segment *segment)
{
    return call_modify_ldt(LDT_WRITE, (void *)segment, sizeof *segment);
}

/* The register that no C library keeps its thread's data behind. */
#ifdef __x86_64__
#define FREE_SEGMENT "gs"
#else
#define FREE_SEGMENT "fs"
#endif

static inline void load_free_segment(void *selector)
{
    __asm__ volatile("movl %0, %%" FREE_SEGMENT ::"r"((uint32_t)(uintptr_t)selector));
}

static inline unsigned read_free_segment(void)
{
    uint32_t selector;

    __asm__ volatile("movl %%" FREE_SEGMENT ", %0" : "=r"(selector));
    return selector;
}

static inline void read_by_segment(void *offset)
{
    unsigned char byte;

    __asm__ volatile("movb %%" FREE_SEGMENT ":(%1), %0" : "=q"(byte) : "r"(offset));
    access_byte = byte;
}

static inline void write_by_segment(void *offset)
{
    __asm__ volatile("movb $'w', %%" FREE_SEGMENT ":(%0)" ::"r"(offset) : "memory");
}

#endif
