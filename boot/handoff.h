#ifndef BOOT_HANDOFF_H
#define BOOT_HANDOFF_H

/*
 * What quire's own boot code tells the kernel: EAX is BOOT_HANDOFF_MAGIC, EBX the physical address
 * of a struct boot_handoff. CPU: 32-bit protected mode, flat segments, paging and interrupts off,
 * A20 on. Every address is physical; all that is pointed to lies below 4 GiB, and is the kernel's
 * to overwrite once it has read it. Little-endian, no padding; the same for 32 and 64 bits.
 */

#define BOOT_HANDOFF_MAGIC 0x52495551 /* "QUIR" */

#ifndef __ASSEMBLER__

#include <stdint.h>

enum {
    BOOT_HANDOFF_NO_SCREEN = 0, /* nothing is known about it */
    BOOT_HANDOFF_PIXELS = 1,    /* a linear framebuffer of direct colour */
    BOOT_HANDOFF_TEXT = 2,      /* VGA text */
};

struct boot_handoff {
    uint32_t magic;
    uint32_t size; /* of this structure: later versions are longer */

    uint32_t command_line; /* ends with 0 */

    /* Rows as int 15h AX=E820h gives them, or as the disk overrides them; in no order. */
    uint32_t map;
    uint32_t map_count; /* 0: the BIOS has no such call, take the sizes */
    uint32_t map_entry_size;
    uint32_t base_kib;     /* int 12h: KiB from 0 */
    uint32_t extended_kib; /* int 15h E801h or 88h: KiB from 1 MiB */

    uint32_t archive; /* the initial archive */
    uint32_t archive_size;

    /* The screen: kind, and channels (position and size of red, green, blue), are Multiboot's. */
    uint32_t framebuffer; /* physical */
    uint32_t pitch;       /* bytes a line */
    uint32_t width;       /* pixels; characters in text mode */
    uint32_t height;
    uint8_t bits; /* of a pixel */
    uint8_t screen_kind;
    uint8_t channels[6];
};

#endif

#endif
