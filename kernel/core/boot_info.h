#ifndef KERNEL_CORE_BOOT_INFO_H
#define KERNEL_CORE_BOOT_INFO_H

/* What the boot loader told us, the same whichever loader it was. Constant after early boot. */

#include <stddef.h>
#include <stdint.h>

#define BOOT_COMMAND_LINE_SIZE 4096

struct boot_info {
    const char *protocol;  /* "PVH" or "Multiboot2" */
    uint64_t initrd_start; /* physical; reserved, so that no allocator hands it out */
    uint64_t initrd_size;  /* bytes; 0 when there is none */
    uint64_t acpi_rsdp;    /* physical address of the ACPI root pointer, 0 when not told */
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

/* As a number (0x allowed); `otherwise` when absent or not a number. */
unsigned long boot_option_number(const char *name, unsigned long otherwise);

/* What follows " -- ", or NULL. */
const char *boot_program_arguments(void);

#endif
