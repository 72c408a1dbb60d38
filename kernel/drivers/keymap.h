/*
 * What keys mean: bytes of a PC keyboard (scan code set 1) in, what a terminal sends out. US
 * layout; sequences are those of Linux's console. Pure state.
 */
#ifndef KERNEL_DRIVERS_KEYMAP_H
#define KERNEL_DRIVERS_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum keymap_action {
    KEYMAP_NOTHING,
    KEYMAP_TEXT,      /* `text` was typed */
    KEYMAP_LIGHTS,    /* a lock changed: the keyboard's lights should */
    KEYMAP_VIEW_UP,   /* Shift and Page Up: older lines */
    KEYMAP_VIEW_DOWN, /* Shift and Page Down */
    KEYMAP_REBOOT,    /* Ctrl, Alt and Delete */
};

/* Bits of `lights`, as the keyboard's command has them. */
enum {
    KEYMAP_SCROLL_LOCK = 1 << 0,
    KEYMAP_NUM_LOCK = 1 << 1,
    KEYMAP_CAPS_LOCK = 1 << 2,
};

/* Begins as zeros. */
struct keymap {
    uint8_t held;            /* modifiers that are down: bits of our own */
    uint8_t lights;          /* locks that are on */
    uint8_t locks;           /* lock keys that are down: they repeat */
    uint8_t extended;        /* 0xe0 came: the next code is of the second kind */
    uint8_t skip;            /* bytes of the Pause key to come */
    bool application_cursor; /* set by the owner: the terminal's mode */
    char text[8];
    size_t length;
};

enum keymap_action keymap_scan(struct keymap *map, uint8_t code);

#endif
