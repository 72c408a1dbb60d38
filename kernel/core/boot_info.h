#ifndef KERNEL_CORE_BOOT_INFO_H
#define KERNEL_CORE_BOOT_INFO_H

/* What the boot loader told us, the same whichever loader it was. Constant after early boot. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOOT_COMMAND_LINE_SIZE 4096

enum boot_screen {
    BOOT_SCREEN_NONE = 0, /* the loader said nothing */
    BOOT_SCREEN_PIXELS,   /* a linear framebuffer with direct colours */
    BOOT_SCREEN_TEXT,     /* VGA text: width and height are characters, the rest is not used */
};

/* What the loader left on the screen. Whoever fills it need not check it: screen_init() does. */
struct boot_framebuffer {
    enum boot_screen kind;
    uint64_t address;       /* physical */
    uint32_t pitch;         /* bytes from one line to the next */
    uint32_t width, height; /* pixels */
    uint8_t bits;           /* of one pixel: 15, 16, 24 or 32 */
    uint8_t red_position, red_bits, green_position, green_bits, blue_position, blue_bits;
};

struct boot_info {
    const char *protocol;   /* "PVH", "Multiboot1", "Multiboot2" or "quire's boot code" */
    const char *map_source; /* whose rows the memory map has: "PVH", "UEFI", "E820" and so on */
    uint64_t initrd_start;  /* physical; reserved, so that no allocator hands it out */
    uint64_t initrd_size;   /* bytes; 0 when there is none */
    uint64_t acpi_rsdp;     /* physical address of the ACPI root pointer, 0 when not told */
    struct boot_framebuffer framebuffer;
    char command_line[BOOT_COMMAND_LINE_SIZE];
};

extern struct boot_info boot_info;

/*
 * The value of NAME in the command line: "" for a bare word NAME, the text after "NAME=" for an
 * assignment, NULL when it does not appear. The last one wins. The text is in a buffer of the
 * kernel's own that stays; what follows a lone "--" belongs to the first program and is not
 * looked at (boot_program_arguments()).
 */
const char *boot_option(const char *name);

/* NAME=VALUE, or NAME=VALUE,... is in the command line; words may repeat a name. */
bool boot_option_has(const char *name, const char *value);

/* As a number (0x allowed); `otherwise` when absent or not a number. */
unsigned long boot_option_number(const char *name, unsigned long otherwise);

/* What follows " -- ", or NULL. */
const char *boot_program_arguments(void);

#endif
