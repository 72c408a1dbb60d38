/*
 * Characters in a linear framebuffer.
 *
 * Concepts
 *   The memory is the device's: it is written, in whole runs from left to right so that writes
 *   combine, and never read. Colours are translated when the framebuffer is taken over; a pixel
 *   is then a table's entry. On screens of very many pixels each one of the font becomes a square
 *   of several.
 *
 *   Write-combining is a property of the page table entry: bit PAT chooses entry 4 of the CPU's
 *   page attribute table (include/quire/pagetable.h, x86/cpu.c). What was wished for and what the
 *   CPU will do are compared by reading both back, and the log says which it is.
 */
#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "drivers/display.h"
#include "drivers/font.h"
#include "x86/cpu.h"
#include "x86/memory_type.h"

#include <quire/area.h>

#define WIDTH_MAX  16384u
#define HEIGHT_MAX 16384u
#define BYTES_MAX  4u

static struct {
    uint8_t *base;
    uint32_t pitch;
    unsigned bytes; /* of a pixel */
    unsigned scale;
    uint32_t colours[256]; /* as the device wants them */
    struct display display;
} framebuffer;

/* ---- colours ---- */

uint32_t display_colour(unsigned number)
{
    static const uint32_t usual[16] = {0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa,
                                       0x00aaaa, 0xaaaaaa, 0x555555, 0xff5555, 0x55ff55, 0xffff55,
                                       0x5555ff, 0xff55ff, 0x55ffff, 0xffffff};
    static const uint8_t steps[6] = {0, 95, 135, 175, 215, 255};

    if (number < 16)
        return usual[number];
    if (number < 232) {
        number -= 16;
        return (uint32_t)steps[number / 36] << 16 | (uint32_t)steps[number / 6 % 6] << 8 |
               steps[number % 6];
    }
    return (8 + 10 * (number - 232)) * 0x010101u;
}

/* The upper bits of an 8-bit value, at their place. */
static uint32_t channel(uint32_t value, unsigned position, unsigned bits)
{
    value = bits <= 8 ? value >> (8 - bits) : value << (bits - 8);
    return value << position;
}

static void make_colours(const struct boot_framebuffer *from)
{
    for (unsigned i = 0; i < 256; i++) {
        uint32_t colour = display_colour(i);

        framebuffer.colours[i] =
            channel(colour >> 16, from->red_position, from->red_bits) |
            channel(colour >> 8 & 0xff, from->green_position, from->green_bits) |
            channel(colour & 0xff, from->blue_position, from->blue_bits);
    }
}

/* ---- drawing ---- */

struct colours {
    uint32_t foreground, background;
};

static struct colours colours_of(vt_cell cell)
{
    return (struct colours){framebuffer.colours[VT_FOREGROUND(cell)],
                            framebuffer.colours[VT_BACKGROUND(cell)]};
}

/* The eight pixels of one row of a cell. */
static unsigned bits_of(vt_cell cell, unsigned row)
{
    if ((cell & VT_UNDERLINE) && row == FONT_HEIGHT - 2)
        return 0xff;
    return font_bitmap(VT_GLYPH(cell))[row];
}

/* 32 bits a pixel, one to one: two pixels by each write. */
static void draw_row_fast(uint8_t *to, const vt_cell *cells, unsigned n, unsigned row)
{
    uint64_t *at = (uint64_t *)(void *)to;

    for (; n > 0; n--, cells++, at += 4) {
        struct colours c = colours_of(*cells);
        uint64_t b = c.background, f = c.foreground;
        const uint64_t pair[4] = {b | b << 32, b | f << 32, f | b << 32, f | f << 32};
        unsigned bits = bits_of(*cells, row);

        at[0] = pair[bits >> 6];
        at[1] = pair[bits >> 4 & 3];
        at[2] = pair[bits >> 2 & 3];
        at[3] = pair[bits & 3];
    }
}

/* Pixels of any width into memory of ours, from where they are copied. */
static size_t encode_cell(uint8_t *to, vt_cell cell, unsigned row)
{
    struct colours c = colours_of(cell);
    unsigned bits = bits_of(cell, row);
    uint8_t *at = to;

    for (unsigned i = 0; i < FONT_WIDTH; i++) {
        uint32_t pixel = bits & 0x80u >> i ? c.foreground : c.background;

        for (unsigned copy = 0; copy < framebuffer.scale; copy++) {
            for (unsigned byte = 0; byte < framebuffer.bytes; byte++)
                *at++ = (uint8_t)(pixel >> 8 * byte);
        }
    }
    return (size_t)(at - to);
}

#define SCALE_MAX 4u

static void draw_row(uint8_t *to, const vt_cell *cells, unsigned n, unsigned row)
{
    uint8_t pixels[FONT_WIDTH * SCALE_MAX * BYTES_MAX];

    for (; n > 0; n--, cells++) {
        size_t size = encode_cell(pixels, *cells, row);

        for (unsigned copy = 0; copy < framebuffer.scale; copy++)
            memcpy(to + (size_t)copy * framebuffer.pitch, pixels, size);
        to += size;
    }
}

static void draw(unsigned x, unsigned y, const vt_cell *cells, unsigned n)
{
    unsigned scale = framebuffer.scale;
    bool fast = framebuffer.bytes == 4 && scale == 1;
    uint8_t *to = framebuffer.base + (size_t)y * FONT_HEIGHT * scale * framebuffer.pitch +
                  (size_t)x * FONT_WIDTH * scale * framebuffer.bytes;

    for (unsigned row = 0; row < FONT_HEIGHT; row++, to += (size_t)scale * framebuffer.pitch) {
        if (fast)
            draw_row_fast(to, cells, n, row);
        else
            draw_row(to, cells, n, row);
    }
}

/* An atomic operation empties the write-combining buffers (SDM 3A 12.3.1); any x86 has one. */
static void finish(void)
{
    static unsigned nothing;

    __atomic_fetch_add(&nothing, 1, __ATOMIC_SEQ_CST);
}

/* ---- taking over ---- */

static bool channel_fits(unsigned position, unsigned bits, unsigned all)
{
    return bits >= 1 && bits <= 16 && position + bits <= all;
}

/* The loader's words are not trusted: what is wrong here would be written anywhere. */
static const char *refuse(const struct boot_framebuffer *from)
{
    unsigned bits = from->bits == 15 ? 16 : from->bits;

    if (bits != 16 && bits != 24 && bits != 32)
        return "bits per pixel";
    if (from->width < 2 * FONT_WIDTH || from->width > WIDTH_MAX || from->height < 2 * FONT_HEIGHT ||
        from->height > HEIGHT_MAX)
        return "size";
    if (from->pitch < from->width * (bits / 8) || from->pitch > WIDTH_MAX * BYTES_MAX)
        return "pitch";
    if (!channel_fits(from->red_position, from->red_bits, bits) ||
        !channel_fits(from->green_position, from->green_bits, bits) ||
        !channel_fits(from->blue_position, from->blue_bits, bits))
        return "colours";
    if (from->address == 0 || from->address + (uint64_t)from->pitch * from->height < from->address)
        return "address";
    return NULL;
}

static bool take_over(const struct boot_framebuffer *from, void *base, const struct display **out)
{
    unsigned scale = 1 + from->width / 2560;
    struct display *display = &framebuffer.display;

    framebuffer.base = base;
    framebuffer.pitch = from->pitch;
    framebuffer.bytes = (from->bits + 7u) / 8;
    framebuffer.scale = scale < SCALE_MAX ? scale : SCALE_MAX;
    make_colours(from);
    *display = (struct display){
        .columns = from->width / (FONT_WIDTH * framebuffer.scale),
        .rows = from->height / (FONT_HEIGHT * framebuffer.scale),
        .width = from->width,
        .height = from->height,
        .draw = draw,
        .finish = finish,
    };
    if (display->columns > DISPLAY_COLUMNS_MAX)
        display->columns = DISPLAY_COLUMNS_MAX;
    *out = display;
    return true;
}

bool framebuffer_start_early(const struct boot_framebuffer *from, void *base,
                             const struct display **out)
{
    return !refuse(from) && take_over(from, base, out);
}

bool framebuffer_start(const struct boot_framebuffer *from, const struct display **out)
{
    const char *wrong = refuse(from);
    enum quire_cache_mode mode =
        cpu_features.pat ? QUIRE_CACHE_WRITE_COMBINING : QUIRE_CACHE_UNCACHED;
    size_t size = (size_t)from->pitch * from->height;
    void *base;

    if (!wrong && memory_is_ram(from->address, size))
        wrong = "address: RAM is there";
    if (wrong) {
        log_warn("the framebuffer cannot be used: %s (%ux%u, %u bits, pitch %u, at %#llx)", wrong,
                 from->width, from->height, from->bits, from->pitch,
                 (unsigned long long)from->address);
        return false;
    }
    base = quire_area_map_device(&kernel_machine, (quire_phys)from->address, size, mode,
                                 "framebuffer");
    if (!base) {
        log_warn("the framebuffer cannot be mapped: no memory or no addresses");
        return false;
    }
    log_info("framebuffer: %ux%u, %u bits, at %#llx, %s", from->width, from->height, from->bits,
             (unsigned long long)from->address, memory_type_name(base, size));
    return take_over(from, base, out);
}
