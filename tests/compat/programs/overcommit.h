/* For the programs overcommit_*: how many pages a call promises, and the policy. */
#ifndef OVERCOMMIT_H
#define OVERCOMMIT_H

#include "compat.h"

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED  (MAP_SHARED | MAP_ANONYMOUS)
#define RW      (PROT_READ | PROT_WRITE)

/* All that is promised, in pages. */
static inline long committed(void)
{
    return number_after("/proc/meminfo", "Committed_AS:") / 4;
}

/* "EXPRESSION: ok, +3 pages", "EXPRESSION: ENOMEM, +0 pages"; the value is the expression's. */
#define CHARGE(expression)                                                                         \
    ({                                                                                             \
        long before_ = committed(), result_, error_;                                               \
        errno = 0;                                                                                 \
        result_ = (long)(expression);                                                              \
        error_ = errno;                                                                            \
        printf("%s: %s, %+ld pages\n", #expression,                                                \
               result_ == -1 ? errno_name((int)error_) : "ok", committed() - before_);             \
        result_;                                                                                   \
    })

/* "EXPRESSION: ok", "EXPRESSION: ENOMEM" */
#define TRY(expression)                                                                            \
    ({                                                                                             \
        errno = 0;                                                                                 \
        long result_ = (long)(expression);                                                         \
        int error_ = errno;                                                                        \
        printf("%s: %s\n", #expression, result_ == -1 ? errno_name(error_) : "ok");                \
        result_;                                                                                   \
    })

static inline void *map(size_t page, size_t pages, int protection, int flags)
{
    return call_mmap(AREA + page * PAGE, pages * PAGE, protection, flags | MAP_FIXED, -1, 0);
}

static inline void set_vm(const char *name, long value)
{
    char path[64], text[24];

    snprintf(path, sizeof path, "/proc/sys/vm/%s", name);
    snprintf(text, sizeof text, "%ld\n", value);
    if (write_file(path, text) != 0)
        printf("%s: %s\n", path, errno_name(errno));
}

/* The strict policy, with so much left to promise, nothing of it kept back. */
static inline void strict(size_t left)
{
    set_vm("admin_reserve_kbytes", 0);
    set_vm("user_reserve_kbytes", 0);
    set_vm("overcommit_kbytes", committed() * 4 + (long)(left >> 10));
    set_vm("overcommit_memory", 2);
}

#endif
