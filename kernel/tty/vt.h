/*
 * A terminal on a screen: bytes in, a grid of character cells out. It understands what programs
 * send under TERM=linux: the VT102 with colours, UTF-8, an alternate screen, and lines that were
 * scrolled away and can be looked at again.
 *
 * Pure state: no locks, no device, no allocation. Its owner (drivers/screen.c) excludes others and
 * draws the rows that changed.
 */
#ifndef KERNEL_TTY_VT_H
#define KERNEL_TTY_VT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One character: glyph number in bits 0 to 14, underline in 15, then two colours of 8 bits each:
 * 0 to 15 are the usual ones, 16 to 255 those of xterm. */
typedef uint32_t vt_cell;

#define VT_GLYPH_MASK        0x7fffu
#define VT_UNDERLINE         0x8000u
#define VT_CELL(glyph, f, b) ((vt_cell)(glyph) | (vt_cell)(f) << 16 | (vt_cell)(b) << 24)
#define VT_GLYPH(cell)       ((cell)&VT_GLYPH_MASK)
#define VT_FOREGROUND(cell)  ((cell) >> 16 & 0xffu)
#define VT_BACKGROUND(cell)  ((cell) >> 24)

#define VT_PARAMETERS 16

struct vt_host {
    /* The glyph of a Unicode character; one that stands for what the font does not have. */
    unsigned (*glyph)(uint32_t code);
    /* The terminal answers a question as if this had been typed. Called inside vt_write(). */
    void (*reply)(const char *bytes, size_t n);
};

enum vt_state {
    VT_GROUND,
    VT_ESCAPE,
    VT_ESCAPE_MORE, /* an intermediate byte came: `introducer` */
    VT_CSI,
    VT_STRING,        /* text for the terminal's owner (OSC, DCS, ...), dropped */
    VT_STRING_ESCAPE, /* the same, behind an ESC that may end it */
    VT_PALETTE,       /* Linux's ESC ] P and seven digits */
};

struct vt_pen {
    uint8_t foreground, background;
    bool bold, dim, underline, reverse, hidden;
};

/* What DECSC keeps. */
struct vt_saved {
    unsigned x, y;
    struct vt_pen pen;
    bool origin, wrap_pending;
    uint8_t charset;
    bool graphics[2];
};

struct vt {
    const struct vt_host *host;
    unsigned columns, rows;

    vt_cell *cells;    /* stored rows, `columns` cells each, in no order */
    uint16_t *lines;   /* stored row of each line of the active screen: into one of the next two */
    uint16_t *main;    /* lines of the main screen */
    uint16_t *other;   /* lines of the alternate screen */
    uint16_t *history; /* ring of stored rows */
    uint8_t *tabs;     /* bit per column */
    unsigned history_size, history_kept, history_next;
    unsigned view; /* lines of history that are shown above the rest */

    unsigned x, y;
    bool wrap_pending;    /* the last column was written: the next character begins a line */
    unsigned top, bottom; /* scrolling region, both inclusive */
    struct vt_pen pen;
    uint16_t ascii[128];               /* (c) glyphs of the first characters */
    vt_cell blank, attributes;         /* made from the pen; attributes has no glyph */
    uint8_t charset;                   /* 0 or 1: which of G0 and G1 is in use */
    bool graphics[2];                  /* that one has the line drawing characters */
    struct vt_saved saved, saved_main; /* DECSC; before the alternate screen was entered */

    bool origin, autowrap, insert, newline, cursor_shown, reverse_screen;
    bool application_cursor; /* what the cursor keys send: for the keyboard */

    enum vt_state state;
    uint32_t code; /* UTF-8: bits so far, bytes to come, smallest value that needs as many */
    unsigned code_left;
    uint32_t code_least;
    char introducer, prefix, intermediate;
    unsigned parameters[VT_PARAMETERS], parameter_count;
    unsigned palette_left;
    uint32_t last_character; /* REP repeats it */

    unsigned dirty_first, dirty_end; /* rows that changed since vt_take_dirty() */
};

/* Bytes of storage for that size, aligned for vt_cell. */
size_t vt_storage_size(unsigned columns, unsigned rows, unsigned history);

/* An empty screen. columns and rows are at least 2; `storage` stays the caller's. */
void vt_init(struct vt *vt, unsigned columns, unsigned rows, unsigned history, void *storage,
             const struct vt_host *host);

/* Takes any bytes; sequences may be cut anywhere. */
void vt_write(struct vt *vt, const char *bytes, size_t n);

/* A row as it is to be seen, with the view into history. */
const vt_cell *vt_row(const struct vt *vt, unsigned y);
/* False: the cursor is not to be seen. */
bool vt_cursor(const struct vt *vt, unsigned *out_x, unsigned *out_y);

/* Rows [first, end) may have changed since the last call; false: none. */
bool vt_take_dirty(struct vt *vt, unsigned *out_first, unsigned *out_end);
void vt_make_dirty(struct vt *vt, unsigned first, unsigned end);

/* Moves the view by so many lines, up (towards older ones) or down; the next output ends it. */
void vt_scroll_view(struct vt *vt, int lines);

#endif
