/*
 * The keyboard controller: a status port, a command port, and a data port that the keyboard's own
 * bytes come through. The controller translates to scan code set 1.
 *
 * Every wait has an end: a controller that is not there reads as all ones, one that does not
 * answer is given up, and a keyboard that does not acknowledge keeps its lights as they are.
 * Firmware on many PCs presents a USB keyboard like this until an operating system drives USB.
 *
 * Locking: after the start everything happens in the interrupt handler.
 */
#include "drivers/keyboard.h"

#include "core/log.h"
#include "core/shutdown.h"
#include "drivers/keymap.h"
#include "drivers/screen.h"
#include "x86/cpu.h"
#include "x86/interrupt.h"
#include "x86/time.h"

#define DATA         0x60
#define STATUS       0x64
#define COMMAND      0x64
#define KEYBOARD_IRQ 1

#define STATUS_OUTPUT 0x01u /* a byte for us */
#define STATUS_INPUT  0x02u /* it has not taken our last one */
#define STATUS_MOUSE  0x20u /* the byte is the mouse's */

#define READ_CONFIGURATION  0x20
#define WRITE_CONFIGURATION 0x60
#define MOUSE_OFF           0xa7
#define KEYBOARD_OFF        0xad
#define KEYBOARD_ON         0xae

#define CONFIGURATION_INTERRUPT 0x01u
#define CONFIGURATION_MOUSE_IRQ 0x02u
#define CONFIGURATION_CLOCK_OFF 0x10u
#define CONFIGURATION_TRANSLATE 0x40u

#define SET_LIGHTS  0xed
#define SCAN        0xf4
#define ACKNOWLEDGE 0xfa
#define RESEND      0xfe

#define WAIT_TIME   (NANOSECONDS_PER_SECOND / 20)
#define FLUSH_BYTES 64u /* more than any controller keeps */
#define RESEND_MAX  3u

static struct {
    struct keymap map;
    void (*type)(const char *bytes, size_t n);
    enum { LIGHTS_SET, LIGHTS_ANNOUNCED, LIGHTS_SENT } lights; /* how far the command is */
    unsigned resent;
} keyboard;

/* ---- the controller ---- */

static bool wait_status(uint8_t bit, bool set)
{
    uint64_t until = clock_monotonic_ns() + WAIT_TIME;

    do {
        if (((port_read8(STATUS) & bit) != 0) == set)
            return true;
        cpu_relax();
    } while (clock_monotonic_ns() < until);
    return false;
}

static bool send(uint16_t port, uint8_t byte)
{
    if (!wait_status(STATUS_INPUT, false))
        return false;
    port_write8(port, byte);
    return true;
}

static bool receive(uint8_t *out)
{
    if (!wait_status(STATUS_OUTPUT, true))
        return false;
    *out = port_read8(DATA);
    return true;
}

static void flush(void)
{
    for (unsigned i = 0; i < FLUSH_BYTES && (port_read8(STATUS) & STATUS_OUTPUT); i++)
        (void)port_read8(DATA);
}

static bool start_controller(void)
{
    uint8_t configuration;

    if (port_read8(STATUS) == 0xff)
        return false;
    if (!send(COMMAND, KEYBOARD_OFF) || !send(COMMAND, MOUSE_OFF))
        return false;
    flush();
    if (!send(COMMAND, READ_CONFIGURATION) || !receive(&configuration))
        return false;
    configuration |= CONFIGURATION_INTERRUPT | CONFIGURATION_TRANSLATE;
    configuration &= (uint8_t) ~(CONFIGURATION_MOUSE_IRQ | CONFIGURATION_CLOCK_OFF);
    return send(COMMAND, WRITE_CONFIGURATION) && send(DATA, configuration) &&
           send(COMMAND, KEYBOARD_ON);
}

/* ---- lights: two bytes, each acknowledged ---- */

static void send_lights_byte(void)
{
    uint8_t byte = keyboard.lights == LIGHTS_ANNOUNCED ? SET_LIGHTS : keyboard.map.lights;

    if (!(port_read8(STATUS) & STATUS_INPUT))
        port_write8(DATA, byte);
}

static void set_lights(void)
{
    keyboard.lights = LIGHTS_ANNOUNCED;
    keyboard.resent = 0;
    send_lights_byte();
}

static void acknowledged(void)
{
    if (keyboard.lights == LIGHTS_ANNOUNCED) {
        keyboard.lights = LIGHTS_SENT;
        send_lights_byte();
    } else {
        keyboard.lights = LIGHTS_SET;
    }
}

static void resend(void)
{
    if (keyboard.lights != LIGHTS_SET && keyboard.resent++ < RESEND_MAX)
        send_lights_byte();
    else
        keyboard.lights = LIGHTS_SET;
}

/* ---- keys ---- */

static void key(uint8_t code)
{
    keyboard.map.application_cursor = screen_application_cursor();
    switch (keymap_scan(&keyboard.map, code)) {
    case KEYMAP_NOTHING:
        break;
    case KEYMAP_TEXT:
        keyboard.type(keyboard.map.text, keyboard.map.length);
        break;
    case KEYMAP_LIGHTS:
        set_lights();
        break;
    case KEYMAP_VIEW_UP:
        screen_scroll_view(1);
        break;
    case KEYMAP_VIEW_DOWN:
        screen_scroll_view(-1);
        break;
    case KEYMAP_REBOOT:
        shutdown_request(SHUTDOWN_REBOOT);
        break;
    }
}

static void keyboard_interrupt(struct trap_frame *frame, void *argument)
{
    uint8_t status;

    (void)frame;
    (void)argument;
    for (unsigned i = 0; i < FLUSH_BYTES; i++) {
        uint8_t byte;

        status = port_read8(STATUS);
        if (!(status & STATUS_OUTPUT) || status == 0xff)
            return;
        byte = port_read8(DATA);
        if (status & STATUS_MOUSE)
            continue;
        if (byte == ACKNOWLEDGE)
            acknowledged();
        else if (byte == RESEND)
            resend();
        else
            key(byte);
    }
}

bool keyboard_start(void (*type)(const char *bytes, size_t n))
{
    if (!start_controller())
        return false;
    keyboard.type = type;
    if (irq_register(KEYBOARD_IRQ, keyboard_interrupt, NULL) != 0)
        return false;
    (void)send(DATA, SCAN); /* it may have been told not to; the answer comes by interrupt */
    return true;
}
