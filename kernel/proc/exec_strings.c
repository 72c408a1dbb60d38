/*
 * Arguments and environment of a new program, on their way from the old one's memory: counted,
 * limited, copied once. What lies in `bytes` afterwards is the kernel's own copy, whatever the
 * program does to its memory meanwhile.
 */
#include "proc/exec.h"

#include <quire/area.h>

#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/resource.h"
#include "x86/usercopy.h"

#define STRING_MAX  (128 * 1024)  /* one argument, with its end */
#define STRINGS_MIN (128 * 1024)  /* all of them may have at least this much */
#define HEAP_MAX    (1024 * 1024) /* what is longer lies in an area of its own */

static void bytes_free(char *bytes, size_t capacity)
{
    if (bytes && capacity > HEAP_MAX)
        (void)quire_area_free(&kernel_machine, bytes);
    else
        kernel_free(bytes);
}

/* NULL: no memory, the old ones stay. */
static char *bytes_resize(char *bytes, size_t old, size_t capacity)
{
    char *moved;

    if (capacity <= HEAP_MAX)
        return kernel_resize(bytes, capacity);
    moved = quire_area_alloc(&kernel_machine, capacity, "arguments");
    if (moved && bytes) {
        memcpy(moved, bytes, old);
        bytes_free(bytes, old);
    }
    return moved;
}

void exec_strings_init(struct exec_strings *strings)
{
    uint64_t limit = current_process()->limits[RLIMIT_STACK].soft / 4;

    *strings = (struct exec_strings){0};
    if (limit > EXEC_STRINGS_MAX)
        limit = EXEC_STRINGS_MAX;
    strings->limit = limit < STRINGS_MIN ? STRINGS_MIN : (size_t)limit;
}

void exec_strings_done(struct exec_strings *strings)
{
    bytes_free(strings->bytes, strings->capacity);
    strings->bytes = NULL;
}

static int make_room(struct exec_strings *strings, size_t more)
{
    size_t wanted = strings->size + more, capacity = strings->capacity ? strings->capacity : 2048;
    char *bytes;

    if (wanted > strings->limit)
        return -E2BIG;
    while (capacity < wanted)
        capacity *= 2;
    if (capacity == strings->capacity)
        return 0;
    bytes = bytes_resize(strings->bytes, strings->capacity, capacity);
    if (!bytes)
        return -ENOMEM;
    strings->bytes = bytes;
    strings->capacity = capacity;
    return 0;
}

static int add_string(struct exec_strings *strings, const char *text)
{
    size_t size = strlen(text) + 1;
    int error = size > STRING_MAX ? -E2BIG : make_room(strings, size);

    if (error)
        return error;
    memcpy(strings->bytes + strings->size, text, size);
    strings->size += size;
    return 0;
}

/* In steps of a page: most strings are short, and a long one must not make everyone reserve its
 * limit. */
static int add_user_string(struct exec_strings *strings, const char *text)
{
    size_t length = 0;

    for (;;) {
        size_t step = PAGE_SIZE - ((uintptr_t)(text + length) & (PAGE_SIZE - 1));
        size_t left = strings->limit - strings->size - length;
        long n;
        int error;

        if (length >= STRING_MAX || left == 0)
            return -E2BIG;
        if (step > 256 && length == 0)
            step = 256;
        if (step > left)
            step = left;
        error = make_room(strings, length + step);
        if (error)
            return error;
        n = strncpy_from_user(strings->bytes + strings->size + length, text + length, step);
        if (n < 0)
            return -EFAULT;
        length += (size_t)n;
        if ((size_t)n == step)
            continue;
        if (length + 1 > STRING_MAX)
            return -E2BIG;
        strings->size += length + 1;
        return 0;
    }
}

static int add_user_vector(struct exec_strings *strings, const uintptr_t *vector,
                           uint32_t *out_count)
{
    uintptr_t pointer;
    int error;

    *out_count = 0;
    if (!vector)
        return 0;
    for (;; vector++) {
        if (get_user(&pointer, vector) != 0)
            return -EFAULT;
        if (pointer == 0)
            return 0;
        if (*out_count >= strings->limit / sizeof pointer - 8)
            return -E2BIG;
        error = signal_pending() && kill_pending() ? -ERESTARTNOHAND
                                                   : add_user_string(strings, (char *)pointer);
        if (error)
            return error;
        ++*out_count;
    }
}

int exec_strings_from_user(struct exec_strings *strings, const void *argv, const void *envp)
{
    int error = add_user_vector(strings, argv, &strings->argument_count);

    if (error)
        return error;
    /* A program without even a name for itself gets an empty one (Linux since 5.18). */
    if (strings->argument_count == 0) {
        error = add_string(strings, "");
        strings->argument_count = 1;
    }
    strings->environment_start = strings->size;
    if (!error)
        error = add_user_vector(strings, envp, &strings->environment_count);
    if (!error && strings->size + sizeof(uintptr_t) * ((size_t)strings->argument_count +
                                                       strings->environment_count) >
                      strings->limit)
        error = -E2BIG;
    return error;
}

int exec_strings_from_kernel(struct exec_strings *strings, char *const argv[], char *const envp[])
{
    int error = 0;

    for (; !error && argv && argv[strings->argument_count]; strings->argument_count++)
        error = add_string(strings, argv[strings->argument_count]);
    strings->environment_start = strings->size;
    for (; !error && envp && envp[strings->environment_count]; strings->environment_count++)
        error = add_string(strings, envp[strings->environment_count]);
    return error;
}

int exec_strings_replace_first(struct exec_strings *strings, const char *const *texts,
                               unsigned count)
{
    size_t old = strlen(strings->bytes) + 1, new = 0;
    char *at;
    int error;

    for (unsigned i = 0; i < count; i++)
        new += strlen(texts[i]) + 1;
    error = make_room(strings, new);
    if (error)
        return error;
    memmove(strings->bytes + new, strings->bytes + old, strings->size - old);
    at = strings->bytes;
    for (unsigned i = 0; i < count; i++) {
        size_t size = strlen(texts[i]) + 1;

        memcpy(at, texts[i], size);
        at += size;
    }
    strings->size += new - old;
    strings->environment_start += new - old;
    strings->argument_count += count - 1;
    return 0;
}
