/*
 * The display of Bochs, QEMU (`-vga std`, `-device bochs-display`) and VirtualBox: where the boot
 * loader left no framebuffer, its mode is set here. Its registers ("VBE DISPI") are 16 bits wide,
 * in memory behind the third BAR where there is one, else behind two ports.
 */
#include "core/boot_info.h"
#include "core/init.h"
#include "core/log.h"
#include "core/string.h"
#include "drivers/pci.h"
#include "drivers/screen.h"
#include "x86/cpu.h"

#include <quire/area.h>

#define INDEX_PORT 0x1ce
#define DATA_PORT  0x1cf

#define REGISTERS_BAR    2
#define REGISTERS_OFFSET 0x500u
#define REGISTERS_SIZE   0x20u

enum {
    DISPI_ID,
    DISPI_WIDTH,
    DISPI_HEIGHT,
    DISPI_BITS,
    DISPI_ENABLE,
    DISPI_BANK,
    DISPI_VIRTUAL_WIDTH,
    DISPI_VIRTUAL_HEIGHT,
    DISPI_X_OFFSET,
    DISPI_Y_OFFSET,
    DISPI_MEMORY, /* in 64 KiB */
};

#define DISPI_ID_FIRST 0xb0c0u
#define DISPI_ID_MASK  0xfff0u
#define DISPI_ENABLED  0x01u
#define DISPI_LINEAR   0x40u

#define ATTRIBUTE_PORT   0x3c0
#define STATUS_PORT      0x3da
#define ATTRIBUTE_SCREEN 0x20 /* the picture is shown */

#define VGA_CLASS    0x03u
#define VGA_SUBCLASS 0x00u

#define DEFAULT_WIDTH  1024u
#define DEFAULT_HEIGHT 768u

static volatile uint16_t *registers; /* NULL: ports */

static uint16_t dispi_read(unsigned index)
{
    if (registers)
        return registers[index];
    port_write16(INDEX_PORT, (uint16_t)index);
    return port_read16(DATA_PORT);
}

static void dispi_write(unsigned index, unsigned value)
{
    if (registers) {
        registers[index] = (uint16_t)value;
        return;
    }
    port_write16(INDEX_PORT, (uint16_t)index);
    port_write16(DATA_PORT, (uint16_t)value);
}

static bool is_ours(const struct pci_device *device)
{
    return (device->vendor == 0x1234 && device->device == 0x1111) ||
           (device->vendor == 0x80ee && device->device == 0xbeef);
}

/* `video=WIDTHxHEIGHT` or `video=WIDTHxHEIGHT-BITS`, as Linux has it. */
static void wanted_mode(unsigned *width, unsigned *height, unsigned *bits)
{
    const char *text = boot_option("video");
    unsigned long w, h, b = 32;
    char *end;

    *width = DEFAULT_WIDTH;
    *height = DEFAULT_HEIGHT;
    *bits = 32;
    if (!text || *text < '0' || *text > '9')
        return;
    w = strtoul(text, &end, 10);
    h = *end == 'x' ? strtoul(end + 1, &end, 10) : 0;
    if (*end == '-')
        b = strtoul(end + 1, &end, 10);
    if (*end || w < 320 || w > 8192 || h < 200 || h > 8192 || (b != 16 && b != 24 && b != 32)) {
        log_warn("video=%s is no mode (1024x768, 800x600-16)", text);
        return;
    }
    *width = (unsigned)w;
    *height = (unsigned)h;
    *bits = (unsigned)b;
}

static bool set_mode(unsigned width, unsigned height, unsigned bits)
{
    dispi_write(DISPI_ENABLE, 0);
    dispi_write(DISPI_WIDTH, width);
    dispi_write(DISPI_HEIGHT, height);
    dispi_write(DISPI_BITS, bits);
    dispi_write(DISPI_ENABLE, DISPI_ENABLED | DISPI_LINEAR);
    dispi_write(DISPI_VIRTUAL_WIDTH, width);
    dispi_write(DISPI_X_OFFSET, 0);
    dispi_write(DISPI_Y_OFFSET, 0);
    return dispi_read(DISPI_WIDTH) == width && dispi_read(DISPI_HEIGHT) == height &&
           dispi_read(DISPI_BITS) == bits;
}

/* A VGA beside it can blank the picture. */
static void show_picture(const struct pci_device *device)
{
    if (device->class_code != VGA_CLASS || device->subclass != VGA_SUBCLASS)
        return;
    (void)port_read8(STATUS_PORT); /* the next write is an index */
    port_write8(ATTRIBUTE_PORT, ATTRIBUTE_SCREEN);
}

static bool start(const struct pci_device *device)
{
    struct boot_framebuffer to = {.kind = BOOT_SCREEN_PIXELS, .address = device->bar[0].address};
    unsigned width, height, bits;
    uint64_t memory;

    pci_enable(device);
    registers = pci_map_bar(device, REGISTERS_BAR, REGISTERS_OFFSET, REGISTERS_SIZE);
    if ((dispi_read(DISPI_ID) & DISPI_ID_MASK) != DISPI_ID_FIRST)
        return false;
    memory = (uint64_t)dispi_read(DISPI_MEMORY) << 16;
    if (memory == 0 || memory > device->bar[0].size)
        memory = device->bar[0].size;
    wanted_mode(&width, &height, &bits);
    if (device->bar[0].ports || to.address == 0 || (uint64_t)width * height * bits / 8 > memory)
        return false;
    if (!set_mode(width, height, bits)) {
        log_warn("display: %ux%u with %u bits is refused", width, height, bits);
        if (!set_mode(width = DEFAULT_WIDTH, height = DEFAULT_HEIGHT, bits = 32)) {
            dispi_write(DISPI_ENABLE, 0);
            return false;
        }
    }
    show_picture(device);
    to.width = width;
    to.height = height;
    to.bits = (uint8_t)bits;
    to.pitch = width * bits / 8;
    to.red_bits = to.blue_bits = bits == 16 ? 5 : 8;
    to.green_bits = bits == 16 ? 6 : 8;
    to.green_position = to.blue_bits;
    to.red_position = (uint8_t)(to.blue_bits + to.green_bits);
    if (screen_use_framebuffer(&to))
        return true;
    dispi_write(DISPI_ENABLE, 0); /* back to text */
    return false;
}

static int bochs_display_init(void)
{
    const char *video = boot_option("video");

    if (screen_has_pixels() || (video && strcmp(video, "text") == 0))
        return 0;
    list_for_each(node, &pci_devices)
    {
        const struct pci_device *device = container_of(node, struct pci_device, node);

        if (is_ours(device) && start(device))
            break;
    }
    return 0;
}
INITCALL(INIT_DRIVER, bochs_display_init);
