#ifndef KERNEL_CORE_PRINTF_H
#define KERNEL_CORE_PRINTF_H

/*
 * Formatting. Conversions: %c %s %d %i %u %x %X %o %p %%, with flags "-0+ #", width and precision
 * (numbers or *), and lengths hh h l ll z j t. No floating point. %s of NULL prints "(null)".
 */

#include <stdarg.h>
#include <stddef.h>

/* Both end the result whenever size > 0 and return the length the whole text would have. */
int snprintf(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* Like snprintf, but returns what was stored (without the end), for building text piecewise. */
int scnprintf(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
