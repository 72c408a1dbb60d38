/*
 * The screen by int 10h, and the first serial port by its registers, so that a machine without a
 * screen tells its troubles too.
 */

#include <stdarg.h>

#include "boot/loader.h"

#define SERIAL_PORT  0x3f8
#define SERIAL_TRIES 100000 /* a byte takes 87 us at 115200 baud, a port read about 1 us */

static void port_write(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static uint8_t port_read(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* 115200 baud, 8 bits, no parity, no interrupts. */
void console_init(void)
{
    port_write(SERIAL_PORT + 1, 0x00);
    port_write(SERIAL_PORT + 3, 0x80);
    port_write(SERIAL_PORT + 0, 0x01);
    port_write(SERIAL_PORT + 1, 0x00);
    port_write(SERIAL_PORT + 3, 0x03);
    port_write(SERIAL_PORT + 2, 0x07);
    port_write(SERIAL_PORT + 4, 0x03);
}

static void put_serial(char character)
{
    for (unsigned i = 0; i < SERIAL_TRIES; i++) {
        uint8_t status = port_read(SERIAL_PORT + 5);

        if (status == 0xff) /* there is no port */
            return;
        if (status & 0x20)
            break;
    }
    port_write(SERIAL_PORT, (uint8_t)character);
}

static void put_screen(char character)
{
    struct bios_registers r = {.eax = 0x0e00u | (uint8_t)character, .ebx = 7};

    bios_call(0x10, &r);
}

static void put(char character)
{
    if (character == '\n')
        put('\r');
    put_serial(character);
    put_screen(character);
}

static void put_number(uint32_t number, unsigned base)
{
    char digits[10];
    unsigned count = 0;

    do
        digits[count++] = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    while (count > 0)
        put(digits[--count]);
}

static void print_list(const char *format, va_list arguments)
{
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        switch (*++format) {
        case 's':
            for (const char *text = va_arg(arguments, const char *); *text != '\0'; text++)
                put(*text);
            break;
        case 'u':
            put_number(va_arg(arguments, uint32_t), 10);
            break;
        case 'x':
            put_number(va_arg(arguments, uint32_t), 16);
            break;
        default:
            put(*format);
        }
    }
}

void print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_list(format, arguments);
    va_end(arguments);
}

_Noreturn static void restart(void)
{
    struct bios_registers r = {.eax = 0};

    bios_call(0x16, &r); /* waits for a key */
    port_write(0x64, 0xfe);
    for (;;)
        __asm__ volatile("hlt");
}

_Noreturn void fail(const char *format, ...)
{
    va_list arguments;

    print("quire: cannot boot: ");
    va_start(arguments, format);
    print_list(format, arguments);
    va_end(arguments);
    print("\nPress a key to restart.\n");
    restart();
}
