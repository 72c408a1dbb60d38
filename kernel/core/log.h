#ifndef KERNEL_CORE_LOG_H
#define KERNEL_CORE_LOG_H

/*
 * The kernel's log. Every line goes into a ring in memory, with its time, and to the first serial
 * port and the screen as soon as it is made. May be called in any context, interrupt handlers and
 * the panic path included; takes no lock that a log call on the same CPU could hold.
 */

#include "core/printf.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
    LOG_ERROR,
    LOG_WARN,
    LOG_INFO,
    LOG_DEBUG,
};

/* One line each; the end of line is added. Command line `loglevel=debug` shows the debug lines. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_vline(enum log_level level, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* Lines above this level stay in the ring but do not reach the serial port. */
void log_set_console_level(enum log_level level);

/*
 * Copies out of the ring, oldest first. *position is a byte offset since boot (start with 0); what
 * has been overwritten is skipped. Returns the bytes copied; 0 when there is nothing newer.
 */
size_t log_read(uint64_t *position, char *buffer, size_t size);

/* Raw bytes to the serial port and the screen, nothing added: what the panic report and the early
 * boot use. */
void console_write(const char *text, size_t size);

/* The kernel dies: what is said from now on is to be seen at once, and no lock is waited for. */
void log_begin_report(void);

/* Supplied by drivers/screen.c. Any context; the second makes the screen ready for a last report,
 * whatever state it is in. */
void screen_log(const char *text, size_t size);
void screen_begin_report(void);

#endif
