#ifndef KERNEL_CORE_ASSERT_H
#define KERNEL_CORE_ASSERT_H

#include "core/panic.h"

/* Always compiled in: a kernel that knows it is wrong must not go on. */
#define assert(condition)                                                                          \
    (__builtin_expect(!(condition), 0)                                                             \
         ? panic("%s:%d: %s: assertion failed: %s", __FILE__, __LINE__, __func__, #condition)      \
         : (void)0)

#endif
