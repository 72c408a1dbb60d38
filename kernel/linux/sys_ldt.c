/*
 * modify_ldt: segments of a program's own, in a local descriptor table that all threads of a space
 * share.
 *
 * The table grows with the highest number written and never shrinks. Selectors that programs hold
 * are not looked at when an entry changes: a segment register keeps what it loaded, and whoever
 * loads a selector again meets the new entry. The kernel loads selectors for programs, too, on the
 * way back to them and at a switch; it expects any of them to be refused (x86/context.c, gates.c).
 *
 * What may stand in the table is code and data of privilege level 3; segment.h says what follows
 * from that. On x86-64 segments of 16 bits are refused, as on a Linux without X86_16BIT: IRET to a
 * stack of 16 bits keeps the upper half of the kernel's stack pointer. On i386 entry.S hides it.
 *
 * Locking: ldt_mutex, as user memory is copied; the change itself is made with interrupts off.
 */
#include "core/memory.h"
#include "core/mutex.h"
#include "core/string.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/segment.h"
#include "linux/syscalls.h"
#include "proc/process.h"
#include "proc/tree.h"
#include "x86/cpu.h"
#include "x86/usercopy.h"

#define LDT_ENTRIES 8192

/* What programs find in the place of the table that Linux once gave to those without one. */
#define DEFAULT_LDT_SIZE (sizeof(long) == 8 ? 128 : 40)

enum ldt_function { LDT_READ = 0, LDT_WRITE_OLD = 1, LDT_READ_DEFAULT = 2, LDT_WRITE = 0x11 };

static struct mutex ldt_mutex;

/* ---- segments ---- */

uint64_t segment_descriptor(const struct segment_abi *segment)
{
    uint64_t access = 0x71u | (segment->absent ? 0u : 0x80u) | (segment->read_only ? 0u : 2u) |
                      segment->contents << 2;
    uint64_t flags =
        segment->usable | (uint32_t)segment->wide << 2 | (uint32_t)segment->in_pages << 3;

    return (segment->limit & 0xffff) | (uint64_t)(segment->base & 0xffffff) << 16 | access << 40 |
           (uint64_t)(segment->limit >> 16 & 0xf) << 48 | flags << 52 |
           (uint64_t)(segment->base >> 24) << 56;
}

struct segment_abi segment_of_descriptor(uint64_t descriptor, uint32_t number)
{
    unsigned access = (unsigned)(descriptor >> 40) & 0xff,
             flags = (unsigned)(descriptor >> 52) & 15;

    return (struct segment_abi){
        .number = number,
        .base = (uint32_t)(descriptor >> 16 & 0xffffff) | (uint32_t)(descriptor >> 56) << 24,
        .limit = (uint32_t)(descriptor & 0xffff) | (uint32_t)(descriptor >> 48 & 0xf) << 16,
        .wide = flags >> 2 & 1,
        .contents = access >> 2 & 3,
        .read_only = !(access & 2),
        .in_pages = flags >> 3 & 1,
        .absent = !(access & 0x80),
        .usable = flags & 1,
    };
}

/* How programs say that an entry is to be empty; the old way is base and limit 0. */
static bool clears(const struct segment_abi *segment, bool old)
{
    if (segment->base != 0 || segment->limit != 0)
        return false;
    return old ||
           (segment->contents == 0 && segment->read_only && !segment->wide && !segment->in_pages &&
            segment->absent && !segment->usable && !(sizeof(long) == 8 && segment->lm));
}

/* 0 or -errno. */
static int choose_descriptor(struct segment_abi *segment, bool old, uint64_t *out_descriptor)
{
    if (segment->number >= LDT_ENTRIES)
        return -EINVAL;
    /* A conforming segment runs callers of any level: only as one that is not there. */
    if (segment->contents == SEGMENT_CONTENTS_CODE_CONFORMING && (old || !segment->absent))
        return -EINVAL;
    *out_descriptor = 0;
    if (clears(segment, old))
        return 0;
    if (sizeof(long) == 8 && !segment->wide)
        return -EINVAL;
    if (old)
        segment->usable = 0;
    *out_descriptor = segment_descriptor(segment);
    return 0;
}

/* ---- the table ---- */

/* Whole pages: as the table can only grow, it is copied at most LDT_ENTRIES / 512 times. */
static size_t table_size(uint32_t entries)
{
    return quire_page_up((size_t)entries * sizeof(uint64_t));
}

/* With the mutex, or of a space that nobody else knows. */
static bool grow_locked(struct memory *memory, uint32_t entries)
{
    uint64_t *old = memory->ldt, *table = table_alloc(table_size(entries));
    size_t old_size = table_size(memory->ldt_entries);
    unsigned long flags;

    if (!table)
        return false;
    if (old)
        memcpy(table, old, memory->ldt_entries * sizeof *table);
    flags = interrupts_save();
    memory->ldt = table;
    scheduler_reload_ldt(memory);
    interrupts_restore(flags);
    if (old)
        table_free(old, old_size);
    return true;
}

static bool set_locked(struct memory *memory, uint32_t number, uint64_t descriptor)
{
    uint32_t entries = number < memory->ldt_entries ? memory->ldt_entries : number + 1;
    unsigned long flags;

    if ((!memory->ldt || table_size(entries) != table_size(memory->ldt_entries)) &&
        !grow_locked(memory, entries))
        return false;
    flags = interrupts_save();
    memory->ldt[number] = descriptor;
    memory->ldt_entries = entries;
    scheduler_reload_ldt(memory);
    context_ldt_changed();
    interrupts_restore(flags);
    return true;
}

bool ldt_copy(const struct memory *from, struct memory *to)
{
    bool done = true;

    to->ldt = NULL;
    to->ldt_entries = 0;
    mutex_lock(&ldt_mutex);
    if (from->ldt) {
        to->ldt = table_alloc(table_size(from->ldt_entries));
        if (to->ldt) {
            memcpy(to->ldt, from->ldt, from->ldt_entries * sizeof *to->ldt);
            to->ldt_entries = from->ldt_entries;
        } else {
            done = false;
        }
    }
    mutex_unlock(&ldt_mutex);
    return done;
}

void ldt_free(struct memory *memory)
{
    if (memory->ldt)
        table_free(memory->ldt, table_size(memory->ldt_entries));
}

/* ---- the call ---- */

static int read_zeros(unsigned long user, unsigned long size)
{
    return clear_user((void *)user, size) == 0 ? 0 : -EFAULT;
}

/* What is asked for beyond the table is zeros. */
static int ldt_read(struct memory *memory, unsigned long user, unsigned long size)
{
    size_t have;
    int error = 0;

    if (!__atomic_load_n(&memory->ldt, __ATOMIC_RELAXED))
        return 0;
    if (size > LDT_ENTRIES * sizeof(uint64_t))
        size = LDT_ENTRIES * sizeof(uint64_t);
    mutex_lock(&ldt_mutex);
    have = memory->ldt_entries * sizeof(uint64_t);
    if (have > size)
        have = size;
    if (copy_to_user((void *)user, memory->ldt, have) != 0)
        error = -EFAULT;
    mutex_unlock(&ldt_mutex);
    if (!error)
        error = read_zeros(user + have, size - have);
    return error ? error : (int)size;
}

static int ldt_write(struct memory *memory, unsigned long user, unsigned long size, bool old)
{
    struct segment_abi segment;
    uint64_t descriptor;
    int error;

    if (size != sizeof segment)
        return -EINVAL;
    if (copy_from_user(&segment, (void *)user, sizeof segment) != 0)
        return -EFAULT;
    error = choose_descriptor(&segment, old, &descriptor);
    if (error)
        return error;
    mutex_lock(&ldt_mutex);
    if (!set_locked(memory, segment.number, descriptor))
        error = -ENOMEM;
    mutex_unlock(&ldt_mutex);
    return error;
}

/* The result is an int that is not extended: on x86-64 programs find errors as 2^32 - errno. */
long sys_modify_ldt(word function, word user, word size)
{
    struct memory *memory = current_thread()->memory;
    int result = -ENOSYS;

    switch ((unsigned)function) {
    case LDT_READ:
        result = ldt_read(memory, user, size);
        break;
    case LDT_READ_DEFAULT:
        if (size > DEFAULT_LDT_SIZE)
            size = DEFAULT_LDT_SIZE;
        result = read_zeros(user, size);
        if (!result)
            result = (int)size;
        break;
    case LDT_WRITE_OLD:
    case LDT_WRITE:
        result = ldt_write(memory, user, size, (unsigned)function == LDT_WRITE_OLD);
        break;
    }
    return (long)(unsigned)result;
}
