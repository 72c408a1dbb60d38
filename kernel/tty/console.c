/*
 * The console: one terminal on the screen and its keyboard, on the first serial port, or on both.
 * What is written goes to each; what is typed comes from any. Bytes arrive in interrupt context and
 * wait in a ring for the thread that feeds the terminal.
 *
 * `console=tty0` and `console=ttyS0` choose, and may both be given; without them it is every device
 * that is there. A serial port with nobody at its other end would only slow the screen down: beside
 * a screen it is used by itself only when its modem lines show life. The kernel's log goes to both
 * in any case.
 */
#include "tty/console.h"

#include "core/boot_info.h"
#include "core/compiler.h"
#include "core/log.h"
#include "core/spinlock.h"
#include "drivers/keyboard.h"
#include "drivers/screen.h"
#include "proc/process.h"
#include "tty/tty.h"
#include "x86/serial.h"

#define SERIAL_NAME  "ttyS0"
#define SERIAL_MAJOR 4
#define SERIAL_MINOR 64
#define SCREEN_NAME  "tty1"
#define SCREEN_MAJOR 4
#define SCREEN_MINOR 1
#define ACTIVE_NAME  "tty0" /* on Linux the screen's terminal that is seen; here there is one */
#define ACTIVE_MINOR 0

#define RING_SIZE 4096u /* a power of two */

static struct {
    struct tty *tty;
    bool serial, screen; /* (c) it is on these */
    struct wait_queue arrived;
    struct quire_spinlock lock; /* among those who type */
    uint32_t head;              /* (a) written by them */
    uint32_t tail;              /* (a) written by the thread */
    char ring[RING_SIZE];
} console;

/* Any context. What comes faster than it is taken is lost, as on any serial line. */
static void type(const char *bytes, size_t n)
{
    unsigned long flags = spin_lock_interrupts(&console.lock);
    uint32_t head = console.head, tail = __atomic_load_n(&console.tail, __ATOMIC_ACQUIRE);

    /* The whole of a key's sequence, or nothing. */
    if (RING_SIZE - (head - tail) >= n) {
        for (size_t i = 0; i < n; i++)
            console.ring[(head + i) % RING_SIZE] = bytes[i];
        __atomic_store_n(&console.head, head + (uint32_t)n, __ATOMIC_RELEASE);
    }
    spin_unlock_interrupts(&console.lock, flags);
    wake_all(&console.arrived);
}

static void received(uint8_t byte)
{
    char c = (char)byte;

    type(&c, 1);
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

static size_t take(void *data, const char *bytes, size_t n)
{
    (void)data;
    if (console.serial)
        serial_write(SERIAL_COM1, bytes, n);
    if (console.screen)
        screen_write(bytes, n);
    return n;
}

/* ---- which devices ---- */

bool console_is_chosen(void)
{
    return boot_option("console") != NULL;
}

static void choose(void)
{
    bool screen = boot_option_has("console", "tty0") || boot_option_has("console", "tty1");
    bool serial = boot_option_has("console", "ttyS0");

    console.screen = screen && screen_present();
    console.serial = serial && serial_console_present();
    if (console.screen || console.serial)
        return;
    if (console_is_chosen())
        log_warn("console=%s is not there", boot_option("console"));
    console.screen = screen_present();
    console.serial = serial_console_present() && (!console.screen || serial_connected(SERIAL_COM1));
}

const char *console_terminal_type(void)
{
    return console.screen ? "linux" : "vt220";
}

static struct tty *create(void)
{
    static const struct tty_backend backend = {.write = take};
    struct tty *tty;

    if (!console.screen)
        return tty_create(SERIAL_NAME, SERIAL_MAJOR, SERIAL_MINOR, &backend);
    tty = tty_create(SCREEN_NAME, SCREEN_MAJOR, SCREEN_MINOR, &backend);
    if (tty && !tty_add_name(tty, ACTIVE_NAME, SCREEN_MAJOR, ACTIVE_MINOR))
        return NULL;
    if (tty && console.serial && !tty_add_name(tty, SERIAL_NAME, SERIAL_MAJOR, SERIAL_MINOR))
        return NULL;
    return tty;
}

static void start_screen(void)
{
    struct screen_size size;

    screen_size(&size);
    tty_set_window(console.tty, size.rows, size.columns, size.width, size.height);
    screen_set_reply(type);
    if (!keyboard_start(type))
        log_info("console: no keyboard controller");
}

struct tty *console_start(void)
{
    choose();
    if (!console.screen && !console.serial)
        return NULL;
    wait_queue_init(&console.arrived);
    console.tty = create();
    if (!console.tty || !kernel_thread_start("console", feed, NULL)) {
        log_error("console: no memory");
        return NULL;
    }
    if (console.screen)
        start_screen();
    if (console.serial)
        serial_console_set_receiver(received);
    return console.tty;
}

void console_finish(void)
{
    if (console.tty)
        tty_drain(console.tty);
    screen_flush();
}
