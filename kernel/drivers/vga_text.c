/*
 * The VGA's text mode: characters of code page 437 with four bits of colour each, at physical
 * 0xb8000; the cursor and the size are in registers of the CRT controller.
 */
#include "core/compiler.h"
#include "drivers/display.h"
#include "drivers/font.h"
#include "x86/cpu.h"

#define CRTC_INDEX 0x3d4
#define CRTC_DATA  0x3d5
#define GC_INDEX   0x3ce
#define GC_DATA    0x3cf

enum {
    CRTC_HORIZONTAL_END = 0x01,
    CRTC_OVERFLOW = 0x07,
    CRTC_MAX_SCAN_LINE = 0x09,
    CRTC_CURSOR_START = 0x0a,
    CRTC_CURSOR_END = 0x0b,
    CRTC_START_HIGH = 0x0c,
    CRTC_START_LOW = 0x0d,
    CRTC_CURSOR_HIGH = 0x0e,
    CRTC_CURSOR_LOW = 0x0f,
    CRTC_VERTICAL_END = 0x12,
    GC_MISCELLANEOUS = 0x06,
};

#define GC_GRAPHICS      0x01u
#define GC_MEMORY_MAP    0x0cu /* 3: 32 KiB at 0xb8000 */
#define CURSOR_OFF       0x20u
#define TEXT_COLUMNS_MAX 132u
#define TEXT_ROWS_MAX    60u

static volatile uint16_t *text;
static struct display display;

static uint8_t crtc_read(uint8_t index)
{
    port_write8(CRTC_INDEX, index);
    return port_read8(CRTC_DATA);
}

static void crtc_write(uint8_t index, uint8_t value)
{
    port_write8(CRTC_INDEX, index);
    port_write8(CRTC_DATA, value);
}

/* Code page 437 from 0x80 on. */
static const uint16_t upper_half[128] = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef,
    0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
    0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa,
    0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
    0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
    0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
    0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
    0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4,
    0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
    0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0};

static uint8_t byte_of(unsigned glyph)
{
    uint32_t code = font_character(glyph);

    if (code >= 0x20 && code < 0x7f)
        return (uint8_t)code;
    for (unsigned i = 0; i < ARRAY_SIZE(upper_half); i++) {
        if (upper_half[i] == code)
            return (uint8_t)(0x80 + i);
    }
    return code == 0x25c6 || code == 0xfffd ? 0x04 : '?';
}

/* One of the 16, in the VGA's order: blue is 1. */
static unsigned colour_of(unsigned number)
{
    uint32_t colour = display_colour(number);
    unsigned red = colour >> 16, green = colour >> 8 & 0xff, blue = colour & 0xff;

    if (number < 16)
        return (number & 0xa) | (number & 1) << 2 | (number >> 2 & 1);
    return (red > 127) << 2 | (green > 127) << 1 | (blue > 127) |
           (red > 200 || green > 200 || blue > 200) << 3;
}

static void draw(unsigned x, unsigned y, const vt_cell *cells, unsigned n)
{
    volatile uint16_t *to = text + y * display.columns + x;

    for (; n > 0; n--, cells++, to++) {
        /* Bit 7 may mean blinking: backgrounds stay dark. */
        unsigned colours = colour_of(VT_FOREGROUND(*cells)) | (colour_of(VT_BACKGROUND(*cells)) & 7)
                                                                  << 4;

        *to = (uint16_t)(byte_of(VT_GLYPH(*cells)) | colours << 8);
    }
}

static void cursor(unsigned x, unsigned y, bool shown)
{
    unsigned place = y * display.columns + x;
    unsigned start = crtc_read(CRTC_CURSOR_START) & ~CURSOR_OFF;

    crtc_write(CRTC_CURSOR_HIGH, (uint8_t)(place >> 8));
    crtc_write(CRTC_CURSOR_LOW, (uint8_t)place);
    crtc_write(CRTC_CURSOR_START, (uint8_t)(shown ? start : start | CURSOR_OFF));
}

/* Registers and memory keep what is written to them, and the mode is a text mode. */
static bool is_there(volatile uint16_t *memory)
{
    uint8_t low = crtc_read(CRTC_CURSOR_LOW);
    uint16_t first = memory[0];
    bool same;

    crtc_write(CRTC_CURSOR_LOW, 0x5a);
    same = crtc_read(CRTC_CURSOR_LOW) == 0x5a;
    crtc_write(CRTC_CURSOR_LOW, low);
    if (!same)
        return false;
    port_write8(GC_INDEX, GC_MISCELLANEOUS);
    if ((port_read8(GC_DATA) & (GC_GRAPHICS | GC_MEMORY_MAP)) != GC_MEMORY_MAP)
        return false;
    memory[0] = 0x0741;
    same = memory[0] == 0x0741;
    memory[0] = 0x0742;
    same = same && memory[0] == 0x0742;
    memory[0] = first;
    return same;
}

bool vga_text_start(volatile void *base, const struct display **out)
{
    unsigned overflow, lines, height;

    if (!is_there(base))
        return false;
    overflow = crtc_read(CRTC_OVERFLOW);
    lines =
        1 + crtc_read(CRTC_VERTICAL_END) + ((overflow & 0x02u) << 7) + ((overflow & 0x40u) << 3);
    height = 1 + (crtc_read(CRTC_MAX_SCAN_LINE) & 0x1fu);
    text = base;
    display = (struct display){.columns = 1u + crtc_read(CRTC_HORIZONTAL_END),
                               .rows = lines / height,
                               .draw = draw,
                               .cursor = cursor};
    if (display.columns < 40 || display.columns > TEXT_COLUMNS_MAX || display.rows < 12 ||
        display.rows > TEXT_ROWS_MAX) {
        display.columns = 80;
        display.rows = 25;
    }
    crtc_write(CRTC_START_HIGH, 0);
    crtc_write(CRTC_START_LOW, 0);
    *out = &display;
    return true;
}
