#ifndef KERNEL_CORE_PRINTF_H
#define KERNEL_CORE_PRINTF_H

/*
 * Formatting. Conversions: %c %s %d %i %u %x %X %o %p %%, with flags "-0+ #", width and precision
 * (numbers or *), and lengths hh h l ll z j t. No floating point. %s of NULL prints "(null)".
 *
 * A word (an address, a size) is printed with z, which fits on every architecture; a uint64_t with
 * PRIu64 and PRIx64, an int64_t with PRId64.
 */

#include <stdarg.h>
#include <stddef.h>

#if __SIZEOF_LONG__ == 8
#define PRId64 "ld"
#define PRIu64 "lu"
#define PRIx64 "lx"
#else
#define PRId64 "lld"
#define PRIu64 "llu"
#define PRIx64 "llx"
#endif

/* Both end the result whenever size > 0 and return the length the whole text would have. */
int snprintf(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* Like snprintf, but returns what was stored (without the end), for building text piecewise. */
int scnprintf(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
