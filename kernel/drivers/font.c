/*
 * The font file: four bytes of header, the glyphs, and for each glyph the characters that it stands
 * for, 16 bits each, ended by 0xffff. (0xfffe begins sequences of combining characters: skipped.)
 */
#include "drivers/font.h"

#include "core/compiler.h"

#define GLYPHS      512
#define CHARACTERS  0x2c00 /* those above are looked for in no table */
#define REPLACEMENT 0xfffd

#define ENTRY_END      0xffff
#define SEQUENCE_START 0xfffe

__asm__(".pushsection .rodata\n"
        ".globl font_file, font_file_end\n"
        "font_file: .incbin \"kernel/drivers/font/spleen-8x16.psf\"\n"
        "font_file_end: .popsection");

struct font_file {
    uint8_t magic[2], mode, height;
    uint8_t glyphs[GLYPHS][FONT_HEIGHT];
    uint8_t table[]; /* little-endian, not aligned */
};

extern const struct font_file font_file;
extern const uint8_t font_file_end[];

static uint16_t glyph_of[CHARACTERS]; /* number + 1; 0: none */
static uint16_t character_of[GLYPHS]; /* 0: none */
static unsigned replacement;

void font_init(void)
{
    unsigned glyph = 0;
    bool sequence = false;

    for (const uint8_t *at = font_file.table; at + 1 < font_file_end && glyph < GLYPHS; at += 2) {
        uint32_t code = at[0] | (uint32_t)at[1] << 8;

        if (code == ENTRY_END) {
            glyph++;
            sequence = false;
        } else if (code == SEQUENCE_START) {
            sequence = true;
        } else if (!sequence) {
            if (code == REPLACEMENT)
                replacement = glyph;
            if (code < CHARACTERS && glyph_of[code] == 0)
                glyph_of[code] = (uint16_t)(glyph + 1);
            if (character_of[glyph] == 0)
                character_of[glyph] = (uint16_t)code;
        }
    }
}

/* What programs draw with and this font does not have. */
static uint32_t alike(uint32_t code)
{
    static const struct {
        uint16_t code, like;
    } pairs[] = {{0x2190, '<'},    {0x2191, '^'},    {0x2192, '>'},    {0x2193, 'v'},
                 {0x23ba, 0x2500}, {0x23bb, 0x2500}, {0x23bc, 0x2500}, {0x23bd, 0x2500},
                 {0x2264, '<'},    {0x2265, '>'},    {0x2260, '#'},    {0x03c0, 'n'},
                 {0x25a0, 0x2588}, {0x25b2, '^'},    {0x25b6, '>'},    {0x25bc, 'v'},
                 {0x25c0, '<'},    {0x2713, 'v'},    {0x2212, '-'}};

    for (unsigned i = 0; i < ARRAY_SIZE(pairs); i++) {
        if (pairs[i].code == code)
            return pairs[i].like;
    }
    return REPLACEMENT;
}

unsigned font_glyph(uint32_t code)
{
    if (code >= CHARACTERS || glyph_of[code] == 0)
        code = alike(code);
    if (code < CHARACTERS && glyph_of[code] != 0)
        return glyph_of[code] - 1u;
    return replacement;
}

uint32_t font_character(unsigned glyph)
{
    return glyph < GLYPHS ? character_of[glyph] : REPLACEMENT;
}

const uint8_t *font_bitmap(unsigned glyph)
{
    return font_file.glyphs[glyph < GLYPHS ? glyph : replacement];
}
