/*
 * The screen: a terminal (tty/vt.h) on whichever display there is. It shows the kernel's log from
 * the first line on, and is half of the console (tty/console.h).
 */
#ifndef KERNEL_DRIVERS_SCREEN_H
#define KERNEL_DRIVERS_SCREEN_H

#include "core/boot_info.h"

bool screen_present(void);
bool screen_has_pixels(void);

/* A display driver has set this mode: everything is shown there from now on. False: it cannot be
 * used, and nothing changed. Before threads use the screen. */
bool screen_use_framebuffer(const struct boot_framebuffer *framebuffer);

/* A program's output: takes all. Not from interrupt handlers. */
void screen_write(const char *bytes, size_t n);
/* Draws what is still to be drawn, now. */
void screen_flush(void);

struct screen_size {
    unsigned rows, columns, width, height;
};
void screen_size(struct screen_size *out);

/* What the terminal answers (its cursor's position) is handed to this as if typed: with interrupts
 * off. */
void screen_set_reply(void (*reply)(const char *bytes, size_t n));

/* For the keyboard; any context. */
bool screen_application_cursor(void);
void screen_scroll_view(int pages); /* up: above 0 */

#endif
