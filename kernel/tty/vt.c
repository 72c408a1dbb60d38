/*
 * The grid of a terminal: cells, scrolling, the cursor.
 *
 * Concepts
 *   Rows lie somewhere in `cells`; `lines` says which one each line of the screen shows. Scrolling
 *   moves these small numbers and clears one row, whatever the width. A line that leaves the whole
 *   screen at its top goes into the ring of history, and takes the place of the oldest one there,
 *   which becomes the new line at the bottom.
 *
 * Invariants
 *   Every stored row is in exactly one of main, other and history. x < columns, y < rows,
 *   top < bottom < rows. The glyph field of `attributes` is 0; `blank` is a space in the pen's
 *   background, so that erasing paints it, as Linux's console does.
 */
#include "tty/vt_private.h"

#include "core/string.h"

#define TAB_WIDTH 8

size_t vt_storage_size(unsigned columns, unsigned rows, unsigned history)
{
    size_t stored = 2 * (size_t)rows + history;

    return stored * columns * sizeof(vt_cell) + stored * sizeof(uint16_t) + (columns + 7) / 8;
}

static vt_cell *stored_row(const struct vt *vt, unsigned number)
{
    return vt->cells + (size_t)number * vt->columns;
}

static vt_cell *line_cells(const struct vt *vt, unsigned y)
{
    return stored_row(vt, vt->lines[y]);
}

static void fill(vt_cell *cells, unsigned n, vt_cell with)
{
    while (n-- > 0)
        *cells++ = with;
}

void vt_make_dirty(struct vt *vt, unsigned first, unsigned end)
{
    if (first < vt->dirty_first)
        vt->dirty_first = first;
    if (end > vt->dirty_end)
        vt->dirty_end = end;
}

bool vt_take_dirty(struct vt *vt, unsigned *out_first, unsigned *out_end)
{
    *out_first = vt->dirty_first;
    *out_end = vt->dirty_end;
    vt->dirty_first = vt->rows;
    vt->dirty_end = 0;
    return *out_first < *out_end;
}

/* ---- the pen ---- */

void vt_pen_changed(struct vt *vt)
{
    const struct vt_pen *pen = &vt->pen;
    unsigned foreground = pen->foreground, background = pen->background;

    if (pen->bold && foreground < 8)
        foreground += 8;
    else if (pen->dim && foreground == 7)
        foreground = 8;
    if (pen->reverse) {
        unsigned swap = foreground;

        foreground = background;
        background = swap;
    }
    if (pen->hidden)
        foreground = background;
    vt->attributes = VT_CELL(0, foreground, background) | (pen->underline ? VT_UNDERLINE : 0);
    vt->blank = VT_CELL(vt->host->glyph(' '), pen->foreground, pen->background);
}

/* ---- erasing and scrolling ---- */

void vt_erase(struct vt *vt, unsigned y, unsigned from, unsigned end)
{
    if (end > vt->columns)
        end = vt->columns;
    if (from < end)
        fill(line_cells(vt, y) + from, end - from, vt->blank);
    vt_make_dirty(vt, y, y + 1);
}

void vt_erase_lines(struct vt *vt, unsigned from, unsigned end)
{
    for (; from < end && from < vt->rows; from++)
        vt_erase(vt, from, 0, vt->columns);
}

/* The stored row that takes the place of one that leaves the screen at its top. */
static uint16_t keep_in_history(struct vt *vt, uint16_t leaving)
{
    uint16_t oldest = vt->history[vt->history_next];

    vt->history[vt->history_next] = leaving;
    vt->history_next = (vt->history_next + 1) % vt->history_size;
    if (vt->history_kept < vt->history_size)
        vt->history_kept++;
    return oldest;
}

static void scroll_up(struct vt *vt, unsigned from)
{
    uint16_t row = vt->lines[from];

    if (from == 0 && vt->bottom == vt->rows - 1 && vt->lines == vt->main && vt->history_size != 0)
        row = keep_in_history(vt, row);
    memmove(&vt->lines[from], &vt->lines[from + 1], (vt->bottom - from) * sizeof(*vt->lines));
    vt->lines[vt->bottom] = row;
    fill(stored_row(vt, row), vt->columns, vt->blank);
}

static void scroll_down(struct vt *vt, unsigned from)
{
    uint16_t row = vt->lines[vt->bottom];

    memmove(&vt->lines[from + 1], &vt->lines[from], (vt->bottom - from) * sizeof(*vt->lines));
    vt->lines[from] = row;
    fill(stored_row(vt, row), vt->columns, vt->blank);
}

void vt_scroll(struct vt *vt, unsigned from, int n)
{
    int most;

    if (from > vt->bottom)
        return;
    most = (int)(vt->bottom - from) + 1;
    for (int i = 0; i < n && i < most; i++)
        scroll_up(vt, from);
    for (int i = 0; i > n && i > -most; i--)
        scroll_down(vt, from);
    vt_make_dirty(vt, from, vt->bottom + 1);
}

void vt_insert_cells(struct vt *vt, unsigned n)
{
    vt_cell *cells = line_cells(vt, vt->y);
    unsigned room = vt->columns - vt->x;

    if (n > room)
        n = room;
    memmove(cells + vt->x + n, cells + vt->x, (room - n) * sizeof(*cells));
    vt_erase(vt, vt->y, vt->x, vt->x + n);
}

void vt_delete_cells(struct vt *vt, unsigned n)
{
    vt_cell *cells = line_cells(vt, vt->y);
    unsigned room = vt->columns - vt->x;

    if (n > room)
        n = room;
    memmove(cells + vt->x, cells + vt->x + n, (room - n) * sizeof(*cells));
    vt_erase(vt, vt->y, vt->columns - n, vt->columns);
}

void vt_forget_history(struct vt *vt)
{
    vt->history_kept = 0;
    vt->view = 0;
}

/* ---- the cursor ---- */

void vt_move(struct vt *vt, int x, int y)
{
    int columns = (int)vt->columns, rows = (int)vt->rows;

    vt->x = (unsigned)(x < 0 ? 0 : x >= columns ? columns - 1 : x);
    vt->y = (unsigned)(y < 0 ? 0 : y >= rows ? rows - 1 : y);
    vt->wrap_pending = false;
}

void vt_goto(struct vt *vt, unsigned x, unsigned y)
{
    if (!vt->origin) {
        vt_move(vt, (int)x, (int)y);
        return;
    }
    y += vt->top;
    vt_move(vt, (int)x, (int)(y > vt->bottom ? vt->bottom : y));
}

/* Not out of the scrolling region where the cursor is inside. */
void vt_up(struct vt *vt, unsigned n)
{
    unsigned limit = vt->y >= vt->top ? vt->top : 0, room = vt->y - limit;

    vt_move(vt, (int)vt->x, (int)(vt->y - (n < room ? n : room)));
}

void vt_down(struct vt *vt, unsigned n)
{
    unsigned limit = vt->y <= vt->bottom ? vt->bottom : vt->rows - 1, room = limit - vt->y;

    vt_move(vt, (int)vt->x, (int)(vt->y + (n < room ? n : room)));
}

void vt_line_feed(struct vt *vt)
{
    if (vt->y == vt->bottom)
        vt_scroll(vt, vt->top, 1);
    else if (vt->y < vt->rows - 1)
        vt->y++;
    vt->wrap_pending = false;
}

void vt_reverse_line_feed(struct vt *vt)
{
    if (vt->y == vt->top)
        vt_scroll(vt, vt->top, -1);
    else if (vt->y > 0)
        vt->y--;
    vt->wrap_pending = false;
}

static bool is_tab(const struct vt *vt, unsigned x)
{
    return vt->tabs[x / 8] >> x % 8 & 1;
}

void vt_tab(struct vt *vt, unsigned n)
{
    unsigned x = vt->x;

    while (n > 0 && x < vt->columns - 1)
        n -= is_tab(vt, ++x);
    vt_move(vt, (int)x, (int)vt->y);
}

void vt_back_tab(struct vt *vt, unsigned n)
{
    unsigned x = vt->x;

    while (n > 0 && x > 0)
        n -= is_tab(vt, --x);
    vt_move(vt, (int)x, (int)vt->y);
}

void vt_save(struct vt *vt, struct vt_saved *to)
{
    *to = (struct vt_saved){.x = vt->x,
                            .y = vt->y,
                            .pen = vt->pen,
                            .origin = vt->origin,
                            .wrap_pending = vt->wrap_pending,
                            .charset = vt->charset,
                            .graphics = {vt->graphics[0], vt->graphics[1]}};
}

void vt_restore(struct vt *vt, const struct vt_saved *from)
{
    vt->pen = from->pen;
    vt->origin = from->origin;
    vt->charset = from->charset;
    vt->graphics[0] = from->graphics[0];
    vt->graphics[1] = from->graphics[1];
    vt_pen_changed(vt);
    vt_move(vt, (int)from->x, (int)from->y);
    vt->wrap_pending = from->wrap_pending;
}

/* The alternate screen begins empty and leaves no trace. */
void vt_alternate(struct vt *vt, bool on, bool with_cursor)
{
    if (on == (vt->lines == vt->other))
        return;
    if (on && with_cursor)
        vt_save(vt, &vt->saved_main);
    vt->lines = on ? vt->other : vt->main;
    if (on)
        vt_erase_lines(vt, 0, vt->rows);
    else if (with_cursor)
        vt_restore(vt, &vt->saved_main);
    vt_make_dirty(vt, 0, vt->rows);
}

/* ---- characters ---- */

struct character_range {
    uint32_t first, last;
};

static bool in_ranges(uint32_t code, const struct character_range *ranges, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

/* Cells that programs expect a character to take; the font need not have it. */
static unsigned width_of(uint32_t code)
{
    static const struct character_range none[] = {
        {0x300, 0x36f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}};
    static const struct character_range two[] = {
        {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},  {0xac00, 0xd7a3},
        {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6},
        {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

    if (code < 0x300)
        return 1;
    if (in_ranges(code, none, sizeof none / sizeof none[0]))
        return 0;
    return in_ranges(code, two, sizeof two / sizeof two[0]) ? 2 : 1;
}

/* DEC's line drawing characters, in place of ` to ~. */
static uint32_t graphics_character(uint32_t code)
{
    static const uint16_t drawing[] = {
        0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0, 0x00b1, 0x2424, 0x240b, 0x2518,
        0x2510, 0x250c, 0x2514, 0x253c, 0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c, 0x2524,
        0x2534, 0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260, 0x00a3, 0x00b7};

    return code >= 0x60 && code <= 0x7e ? drawing[code - 0x60] : code;
}

static void put_glyph(struct vt *vt, unsigned glyph)
{
    line_cells(vt, vt->y)[vt->x] = vt->attributes | glyph;
    vt_make_dirty(vt, vt->y, vt->y + 1);
    if (vt->x < vt->columns - 1)
        vt->x++;
    else
        vt->wrap_pending = vt->autowrap;
}

void vt_put(struct vt *vt, uint32_t code)
{
    unsigned width;

    if (vt->graphics[vt->charset])
        code = graphics_character(code);
    width = width_of(code);
    if (width == 0)
        return;
    if (vt->wrap_pending || (width == 2 && vt->autowrap && vt->x == vt->columns - 1)) {
        vt->x = 0;
        vt_line_feed(vt);
    }
    if (vt->insert)
        vt_insert_cells(vt, width);
    put_glyph(vt, vt->host->glyph(code));
    if (width == 2)
        put_glyph(vt, vt->host->glyph(' '));
    vt->last_character = code;
}

size_t vt_put_ascii(struct vt *vt, const char *bytes, size_t n)
{
    vt_cell *cells = line_cells(vt, vt->y), attributes = vt->attributes;
    unsigned x = vt->x;
    size_t i;

    if (vt->insert || vt->wrap_pending || vt->graphics[vt->charset])
        return 0;
    if (n > vt->columns - 1 - x)
        n = vt->columns - 1 - x; /* the last column is special */
    for (i = 0; i < n && bytes[i] >= 0x20 && bytes[i] < 0x7f; i++)
        cells[x++] = attributes | vt->ascii[(unsigned char)bytes[i]];
    if (i > 0) {
        vt->x = x;
        vt->last_character = (unsigned char)bytes[i - 1];
        vt_make_dirty(vt, vt->y, vt->y + 1);
    }
    return i;
}

/* ---- the whole ---- */

void vt_reset(struct vt *vt)
{
    vt->lines = vt->main;
    vt->top = 0;
    vt->bottom = vt->rows - 1;
    vt->pen = (struct vt_pen){.foreground = 7};
    vt->charset = 0;
    vt->graphics[0] = vt->graphics[1] = false;
    vt->origin = vt->insert = vt->newline = vt->application_cursor = vt->reverse_screen = false;
    vt->autowrap = vt->cursor_shown = true;
    vt->view = 0;
    vt->state = VT_GROUND;
    vt->code_left = 0;
    vt->last_character = ' ';
    vt_pen_changed(vt);
    for (unsigned x = 0; x < vt->columns; x += 8)
        vt->tabs[x / 8] = 1u << 0; /* columns 0, 8, 16, ... */
    _Static_assert(TAB_WIDTH == 8, "one bit per byte");
    vt_move(vt, 0, 0);
    vt_save(vt, &vt->saved);
    vt_save(vt, &vt->saved_main);
    vt_erase_lines(vt, 0, vt->rows);
}

void vt_init(struct vt *vt, unsigned columns, unsigned rows, unsigned history, void *storage,
             const struct vt_host *host)
{
    unsigned stored = 2 * rows + history;

    *vt = (struct vt){.host = host,
                      .columns = columns,
                      .rows = rows,
                      .history_size = history,
                      .cells = storage,
                      .dirty_first = rows};
    vt->main = (uint16_t *)(vt->cells + (size_t)stored * columns);
    vt->other = vt->main + rows;
    vt->history = vt->other + rows;
    vt->tabs = (uint8_t *)(vt->history + history);
    for (unsigned i = 0; i < stored; i++)
        vt->main[i] = (uint16_t)i;
    for (unsigned code = 0; code < 128; code++)
        vt->ascii[code] = (uint16_t)host->glyph(code);
    vt_reset(vt);
    fill(vt->cells, stored * columns, vt->blank);
}

const vt_cell *vt_row(const struct vt *vt, unsigned y)
{
    unsigned back;

    if (y >= vt->view)
        return line_cells(vt, y - vt->view);
    back = vt->view - y; /* 1: the line that left last */
    return stored_row(vt,
                      vt->history[(vt->history_next + vt->history_size - back) % vt->history_size]);
}

bool vt_cursor(const struct vt *vt, unsigned *out_x, unsigned *out_y)
{
    *out_x = vt->x;
    *out_y = vt->y + vt->view;
    return vt->cursor_shown && *out_y < vt->rows;
}

void vt_scroll_view(struct vt *vt, int lines)
{
    int view = (int)vt->view + lines, most = (int)vt->history_kept;

    if (vt->lines != vt->main)
        return;
    vt->view = (unsigned)(view < 0 ? 0 : view > most ? most : view);
    vt_make_dirty(vt, 0, vt->rows);
}
