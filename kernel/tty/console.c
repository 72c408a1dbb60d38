/*
 * The serial console. Bytes come one at a time in interrupt context and wait in a ring for the
 * thread that feeds the terminal; the ring has one writer and one reader, so its two positions are
 * all the synchronisation it needs. Output is polled: the port takes bytes as fast as it can.
 */
#include "tty/console.h"

#include "core/compiler.h"
#include "core/log.h"
#include "proc/process.h"
#include "tty/tty.h"
#include "x86/serial.h"

#define SERIAL_NAME  "ttyS0"
#define SERIAL_MAJOR 4
#define SERIAL_MINOR 64

#define RING_SIZE 4096u /* a power of two */

static struct {
    struct tty *tty;
    struct wait_queue arrived;
    uint32_t head; /* (a) written by the interrupt handler */
    uint32_t tail; /* (a) written by the thread */
    char ring[RING_SIZE];
} console;

/* Interrupt context. What comes faster than it is taken is lost, as on any serial line. */
static void received(uint8_t byte)
{
    uint32_t head = console.head;

    if (head - __atomic_load_n(&console.tail, __ATOMIC_ACQUIRE) < RING_SIZE) {
        console.ring[head % RING_SIZE] = (char)byte;
        __atomic_store_n(&console.head, head + 1, __ATOMIC_RELEASE);
    }
    wake_all(&console.arrived);
}

static bool has_bytes(void)
{
    return __atomic_load_n(&console.head, __ATOMIC_ACQUIRE) != console.tail;
}

static void feed(void *argument)
{
    (void)argument;
    for (;;) {
        wait_event(&console.arrived, has_bytes());
        while (has_bytes()) {
            tty_input(console.tty, &console.ring[console.tail % RING_SIZE], 1);
            __atomic_store_n(&console.tail, console.tail + 1, __ATOMIC_RELEASE);
        }
    }
}

static size_t serial_take(void *data, const char *bytes, size_t n)
{
    (void)data;
    serial_write(SERIAL_COM1, bytes, n);
    return n;
}

struct tty *console_start(void)
{
    static const struct tty_backend backend = {.write = serial_take};

    if (!serial_console_present())
        return NULL;
    wait_queue_init(&console.arrived);
    console.tty = tty_create(SERIAL_NAME, SERIAL_MAJOR, SERIAL_MINOR, &backend);
    if (!console.tty || !kernel_thread_start("console", feed, NULL)) {
        log_error("console: no memory");
        return NULL;
    }
    serial_console_set_receiver(received);
    return console.tty;
}
