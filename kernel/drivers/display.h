/*
 * What a screen can do: show cells at places. There are two kinds, pixels in a linear framebuffer
 * and the VGA's text memory; drivers/screen.c draws on whichever is there.
 */
#ifndef KERNEL_DRIVERS_DISPLAY_H
#define KERNEL_DRIVERS_DISPLAY_H

#include "core/boot_info.h"
#include "tty/vt.h"

struct display {
    unsigned columns, rows;
    unsigned width, height; /* pixels; 0: text */
    /* Cells [x, x + n) of row y. Calls do not overlap in time. Any context. */
    void (*draw)(unsigned x, unsigned y, const vt_cell *cells, unsigned n);
    /* Puts the hardware's cursor there; NULL: the screen draws one into the cells. */
    void (*cursor)(unsigned x, unsigned y, bool shown);
    /* Everything that was drawn is on its way to the device. NULL: it always is. */
    void (*finish)(void);
};

/* Wider screens than this are not filled. */
#define DISPLAY_COLUMNS_MAX 512u

/*
 * Maps the framebuffer write-combining (uncached where the CPU has no PAT). False, with a message:
 * it cannot be used. The display lasts until the next call.
 */
bool framebuffer_start(const struct boot_framebuffer *from, const struct display **out);
/* The same before the library lives, for a report that is the last: `base` is mapped somehow. */
bool framebuffer_start_early(const struct boot_framebuffer *from, void *base,
                             const struct display **out);

/* False: there is no VGA in a text mode. The memory at 0xb8000 is mapped at `base`. */
bool vga_text_start(volatile void *base, const struct display **out);
#define VGA_TEXT_ADDRESS 0xb8000u
#define VGA_TEXT_SIZE    0x8000u

/* The 24-bit colour of a cell's colour number. */
uint32_t display_colour(unsigned number);

#endif
