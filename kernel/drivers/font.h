/*
 * The console's font: 512 glyphs of 8 by 16 pixels with the Unicode characters that each stands
 * for. The file kernel/drivers/font/spleen-8x16.psf, a PC Screen Font, is part of the image as it
 * is; its licence lies beside it.
 */
#ifndef KERNEL_DRIVERS_FONT_H
#define KERNEL_DRIVERS_FONT_H

#include <stdint.h>

#define FONT_WIDTH  8
#define FONT_HEIGHT 16

/* Reads the file's table; once, before the others. */
void font_init(void);

/* The glyph of a character, or of one that looks alike, or of U+FFFD. */
unsigned font_glyph(uint32_t code);
/* The first character that a glyph stands for. */
uint32_t font_character(unsigned glyph);
/* FONT_HEIGHT rows, the leftmost pixel in bit 7. */
const uint8_t *font_bitmap(unsigned glyph);

#endif
