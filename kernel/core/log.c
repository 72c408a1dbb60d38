/*
 * The log ring. One writer at a time (a lock, with interrupts off so that a handler on this CPU
 * cannot wait for itself); head only grows, and a reader's position is a number of bytes since
 * boot, so that a reader who was overtaken knows it. The panic path takes the lock only if it can
 * get it soon: a torn line is better than a silent kernel.
 */

#include "core/log.h"

#include <quire/lock.h>

#include "core/printf.h"
#include "core/string.h"
#include "x86/cpu.h"
#include "x86/serial.h"
#include "x86/time.h"

#define RING_SIZE  65536 /* a power of two */
#define LOCK_TURNS 10000000

static char ring[RING_SIZE];
static uint64_t ring_head; /* (lock) bytes written since boot */
static struct quire_spinlock ring_lock;
static enum log_level console_level = LOG_INFO;

void log_set_console_level(enum log_level level)
{
    console_level = level;
}

void console_write(const char *text, size_t size)
{
    serial_write(SERIAL_COM1, text, size);
    screen_log(text, size);
}

void log_begin_report(void)
{
    console_level = LOG_DEBUG;
    screen_begin_report();
}

static bool ring_lock_soon(void)
{
    for (unsigned turn = 0; turn < LOCK_TURNS; turn++) {
        if (quire_spin_try(&ring_lock))
            return true;
        cpu_relax();
    }
    return false;
}

static void ring_write(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ring[(ring_head + i) % RING_SIZE] = text[i];
    ring_head += size;
}

void log_vline(enum log_level level, const char *format, va_list arguments)
{
    static const char *const prefix[] = {"error: ", "warning: ", "", ""};
    char line[512];
    uint64_t now = clock_monotonic_ns();
    unsigned long flags;
    int length;
    bool locked;

    length = scnprintf(line, sizeof line - 1, "[%5u.%06u] %s", (unsigned)(now / 1000000000),
                       (unsigned)(now / 1000 % 1000000), prefix[level]);
    length += vsnprintf(line + length, sizeof line - 1 - (size_t)length, format, arguments);
    if ((size_t)length > sizeof line - 2)
        length = sizeof line - 2;
    line[length++] = '\n';

    flags = interrupts_save();
    locked = ring_lock_soon();
    ring_write(line, (size_t)length);
    if (level <= console_level)
        console_write(line, (size_t)length);
    if (locked)
        quire_spin_unlock(&ring_lock);
    interrupts_restore(flags);
}

void log_line(enum log_level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_vline(level, format, arguments);
    va_end(arguments);
}

size_t log_read(uint64_t *position, char *buffer, size_t size)
{
    unsigned long flags = interrupts_save();
    bool locked = ring_lock_soon();
    size_t copied = 0;

    if (ring_head > RING_SIZE && *position < ring_head - RING_SIZE)
        *position = ring_head - RING_SIZE;
    for (; copied < size && *position < ring_head; copied++, (*position)++)
        buffer[copied] = ring[*position % RING_SIZE];
    if (locked)
        quire_spin_unlock(&ring_lock);
    interrupts_restore(flags);
    return copied;
}
