#include "x86/usercopy.h"

#include "x86/trap.h"

struct exception_entry {
    int32_t from, to; /* each from its own place */
};

extern struct exception_entry _exception_table_start[], _exception_table_end[];

size_t user_copy(void *to, const void *from, size_t size);
size_t user_clear(void *to, size_t size);
long user_string(char *to, const char *from, size_t limit);

size_t copy_from_user(void *to, const void __user *from, size_t size)
{
    if (unlikely(!user_range_ok(from, size)))
        return size;
    return user_copy(to, from, size);
}

size_t copy_to_user(void __user *to, const void *from, size_t size)
{
    if (unlikely(!user_range_ok(to, size)))
        return size;
    return user_copy(to, from, size);
}

size_t clear_user(void __user *to, size_t size)
{
    if (unlikely(!user_range_ok(to, size)))
        return size;
    return user_clear(to, size);
}

/* A string may end before the kernel half even if `limit` does not. */
static long string_from_user(char *to, const char __user *from, size_t limit)
{
    uintptr_t start = (uintptr_t)from;
    size_t room = start < USER_END ? USER_END - start : 0;
    long length;

    if (room == 0 && limit != 0)
        return USERCOPY_FAULT;
    length = user_string(to, from, limit < room ? limit : room);
    if (length >= 0 && (size_t)length == room && room < limit)
        return USERCOPY_FAULT;
    return length;
}

long strncpy_from_user(char *to, const char __user *from, size_t size)
{
    return string_from_user(to, from, size);
}

long strnlen_user(const char __user *text, size_t limit)
{
    return string_from_user(NULL, text, limit);
}

int usercopy_fault_in(const void __user *start, size_t size, bool write)
{
    uintptr_t at = (uintptr_t)start, end = at + size;
    uint8_t byte;

    if (!user_range_ok(start, size))
        return USERCOPY_FAULT;
    while (at < end) {
        int error = get_user_u8(&byte, (const void *)at);

        /* Nothing is changed: adding zero, atomically, is still a write to the CPU. */
        if (!error && write) {
            uint32_t unused;

            error = cmpxchg_user_u32((uint32_t *)(at & ~(uintptr_t)3), 0, 0, &unused);
        }
        if (error)
            return error;
        at = (at & ~(uintptr_t)(PAGE_SIZE - 1)) + PAGE_SIZE;
    }
    return 0;
}

int cmpxchg_user_u32(uint32_t __user *at, uint32_t expected, uint32_t wanted, uint32_t *out_found)
{
    int error = 0;

    if (unlikely(!user_range_ok(at, sizeof *at)))
        return USERCOPY_FAULT;
    __asm__ volatile(USER_OPEN "1: lock cmpxchgl %3, %2\n"
                               "2:\n" USER_CLOSE ".pushsection .text.fixup, \"ax\"\n"
                               "3: movl %4, %0\n"
                               "jmp 2b\n"
                               ".popsection\n" EXCEPTION_ENTRY(1b, 3b)
                     : "+r"(error), "+a"(expected), "+m"(*at)
                     : "r"(wanted), "i"(USERCOPY_FAULT)
                     : "memory", "cc");
    *out_found = expected;
    return error;
}

static uintptr_t entry_from(const struct exception_entry *entry)
{
    return (uintptr_t)&entry->from + (uintptr_t)(intptr_t)entry->from;
}

/* Entries are relative to their own place: moving one changes its numbers. */
static struct exception_entry entry_moved(struct exception_entry entry, ptrdiff_t bytes)
{
    entry.from -= (int32_t)bytes;
    entry.to -= (int32_t)bytes;
    return entry;
}

/* The linker leaves the table nearly in order, which insertion finishes in one pass. */
void exception_table_sort(void)
{
    for (struct exception_entry *e = _exception_table_start; e < _exception_table_end; e++) {
        struct exception_entry moving = *e, *hole = e;
        uintptr_t from = entry_from(e);

        for (; hole > _exception_table_start && entry_from(hole - 1) > from; hole--)
            *hole = entry_moved(hole[-1], sizeof *hole);
        *hole = entry_moved(moving, (char *)hole - (char *)e);
    }
}

static const struct exception_entry *find_entry(uintptr_t ip)
{
    size_t low = 0, high = (size_t)(_exception_table_end - _exception_table_start);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uintptr_t from = entry_from(&_exception_table_start[middle]);

        if (from == ip)
            return &_exception_table_start[middle];
        if (from < ip)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool exception_has_fixup(uintptr_t ip)
{
    return find_entry(ip) != NULL;
}

bool exception_fixup(struct trap_frame *frame)
{
    const struct exception_entry *entry = find_entry(frame->ip);

    if (!entry)
        return false;
    frame->ip = (uintptr_t)&entry->to + (uintptr_t)(intptr_t)entry->to;
    return true;
}
