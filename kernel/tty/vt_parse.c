/*
 * Bytes for the terminal: characters, controls and escape sequences (ECMA-48; the VT102 manual;
 * console_codes(4)). A sequence that is not known is read to its end and dropped.
 */
#include "core/string.h"
#include "tty/vt_private.h"

#define REPLACEMENT     0xfffdu
#define PARAMETER_LIMIT 9999u

/* ---- replies ---- */

static size_t append_number(char *to, unsigned value)
{
    char digits[10];
    size_t count = 0, n = 0;

    do
        digits[count++] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    while (count > 0)
        to[n++] = digits[--count];
    return n;
}

static void reply(struct vt *vt, const char *text)
{
    vt->host->reply(text, strlen(text));
}

static void report_position(struct vt *vt)
{
    unsigned y = vt->origin ? vt->y - vt->top : vt->y;
    char text[32] = "\033[";
    size_t n = 2;

    n += append_number(text + n, y + 1);
    text[n++] = ';';
    n += append_number(text + n, vt->x + 1);
    text[n++] = 'R';
    vt->host->reply(text, n);
}

/* ---- parameters ---- */

/* An absent or zero parameter counts as 1, as for all that move and repeat. */
static unsigned count_of(const struct vt *vt, unsigned index)
{
    unsigned value = index < vt->parameter_count ? vt->parameters[index] : 0;

    return value ? value : 1;
}

static unsigned parameter(const struct vt *vt, unsigned index)
{
    return index < vt->parameter_count ? vt->parameters[index] : 0;
}

/* ---- colours ---- */

/* The cell of xterm's 6 x 6 x 6 cube that is nearest. */
static uint8_t cube_colour(unsigned red, unsigned green, unsigned blue)
{
    unsigned part[3] = {red, green, blue}, index = 0;

    for (unsigned i = 0; i < 3; i++) {
        unsigned value = part[i] > 255 ? 255 : part[i];

        index = index * 6 + (value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40);
    }
    return (uint8_t)(16 + index);
}

/* 38 and 48: what follows says which of the many. Returns the index of the last one used. */
static unsigned extended_colour(const struct vt *vt, unsigned at, uint8_t *out)
{
    if (parameter(vt, at + 1) == 5) {
        *out = (uint8_t)parameter(vt, at + 2);
        return at + 2;
    }
    if (parameter(vt, at + 1) == 2) {
        *out = cube_colour(parameter(vt, at + 2), parameter(vt, at + 3), parameter(vt, at + 4));
        return at + 4;
    }
    return at + 1;
}

static void select_one(struct vt *vt, unsigned value)
{
    struct vt_pen *pen = &vt->pen;

    switch (value) {
    case 0:
        *pen = (struct vt_pen){.foreground = 7};
        break;
    case 1:
        pen->bold = true;
        break;
    case 2:
        pen->dim = true;
        break;
    case 4:
        pen->underline = true;
        break;
    case 7:
        pen->reverse = true;
        break;
    case 8:
        pen->hidden = true;
        break;
    case 21: /* Linux's console: double underline */
        pen->underline = true;
        break;
    case 22:
        pen->bold = pen->dim = false;
        break;
    case 24:
        pen->underline = false;
        break;
    case 27:
        pen->reverse = false;
        break;
    case 28:
        pen->hidden = false;
        break;
    case 39:
        pen->foreground = 7;
        break;
    case 49:
        pen->background = 0;
        break;
    default:
        /* The order of colours is that of ANSI: red is 1. */
        if (value >= 30 && value <= 37)
            pen->foreground = (uint8_t)(value - 30);
        else if (value >= 40 && value <= 47)
            pen->background = (uint8_t)(value - 40);
        else if (value >= 90 && value <= 97)
            pen->foreground = (uint8_t)(value - 90 + 8);
        else if (value >= 100 && value <= 107)
            pen->background = (uint8_t)(value - 100 + 8);
    }
}

static void select_graphics(struct vt *vt)
{
    if (vt->parameter_count == 0)
        select_one(vt, 0);
    for (unsigned i = 0; i < vt->parameter_count; i++) {
        if (vt->parameters[i] == 38)
            i = extended_colour(vt, i, &vt->pen.foreground);
        else if (vt->parameters[i] == 48)
            i = extended_colour(vt, i, &vt->pen.background);
        else
            select_one(vt, vt->parameters[i]);
    }
    vt_pen_changed(vt);
}

/* ---- modes ---- */

static void set_private_mode(struct vt *vt, unsigned mode, bool on)
{
    switch (mode) {
    case 1:
        vt->application_cursor = on;
        break;
    case 5:
        vt->reverse_screen = on;
        vt_make_dirty(vt, 0, vt->rows);
        break;
    case 6:
        vt->origin = on;
        vt_goto(vt, 0, 0);
        break;
    case 7:
        vt->autowrap = on;
        vt->wrap_pending = false;
        break;
    case 25:
        vt->cursor_shown = on;
        vt_make_dirty(vt, vt->y, vt->y + 1);
        break;
    case 47:
    case 1047:
        vt_alternate(vt, on, false);
        break;
    case 1048:
        if (on)
            vt_save(vt, &vt->saved);
        else
            vt_restore(vt, &vt->saved);
        break;
    case 1049:
        vt_alternate(vt, on, true);
        break;
    }
}

static void set_modes(struct vt *vt, bool on)
{
    for (unsigned i = 0; i < vt->parameter_count; i++) {
        if (vt->prefix == '?')
            set_private_mode(vt, vt->parameters[i], on);
        else if (vt->parameters[i] == 4)
            vt->insert = on;
        else if (vt->parameters[i] == 20)
            vt->newline = on;
    }
}

/* ---- control sequences ---- */

static void erase_in_display(struct vt *vt)
{
    switch (parameter(vt, 0)) {
    case 0:
        vt_erase(vt, vt->y, vt->x, vt->columns);
        vt_erase_lines(vt, vt->y + 1, vt->rows);
        break;
    case 1:
        vt_erase_lines(vt, 0, vt->y);
        vt_erase(vt, vt->y, 0, vt->x + 1);
        break;
    case 3:
        vt_forget_history(vt);
        vt_erase_lines(vt, 0, vt->rows);
        break;
    case 2:
        vt_erase_lines(vt, 0, vt->rows);
        break;
    }
    vt->wrap_pending = false;
}

static void erase_in_line(struct vt *vt)
{
    static const struct {
        bool from_start, to_end;
    } parts[] = {{false, true}, {true, false}, {true, true}};
    unsigned which = parameter(vt, 0);

    if (which < 3)
        vt_erase(vt, vt->y, parts[which].from_start ? 0 : vt->x,
                 parts[which].to_end ? vt->columns : vt->x + 1);
    vt->wrap_pending = false;
}

static void set_region(struct vt *vt)
{
    unsigned top = count_of(vt, 0) - 1, bottom = parameter(vt, 1);

    if (bottom == 0 || bottom > vt->rows)
        bottom = vt->rows;
    if (top >= bottom - 1)
        return;
    vt->top = top;
    vt->bottom = bottom - 1;
    vt_goto(vt, 0, 0);
}

/* Inserting and deleting lines works inside the region only, and goes to the line's start. */
static void scroll_here(struct vt *vt, int n)
{
    if (vt->y < vt->top || vt->y > vt->bottom)
        return;
    vt_scroll(vt, vt->y, n);
    vt_move(vt, 0, (int)vt->y);
}

static void clear_tabs(struct vt *vt)
{
    if (parameter(vt, 0) == 3)
        memset(vt->tabs, 0, (vt->columns + 7) / 8);
    else if (parameter(vt, 0) == 0)
        vt->tabs[vt->x / 8] &= (uint8_t) ~(1u << vt->x % 8);
}

static void soft_reset(struct vt *vt)
{
    vt->top = 0;
    vt->bottom = vt->rows - 1;
    vt->origin = vt->insert = vt->application_cursor = false;
    vt->autowrap = vt->cursor_shown = true;
    vt->graphics[0] = vt->graphics[1] = false;
    vt->charset = 0;
    select_one(vt, 0);
    vt_pen_changed(vt);
    vt_save(vt, &vt->saved);
}

static void repeat(struct vt *vt)
{
    unsigned n = count_of(vt, 0), most = vt->columns * vt->rows;

    for (unsigned i = 0; i < n && i < most; i++)
        vt_put(vt, vt->last_character);
}

/* Those whose meaning does not change with a prefix. */
static void plain_sequence(struct vt *vt, char final)
{
    unsigned n = count_of(vt, 0);
    int x = (int)vt->x, y = (int)vt->y;

    switch (final) {
    case '@':
        vt_insert_cells(vt, n);
        break;
    case 'A':
        vt_up(vt, n);
        break;
    case 'B':
    case 'e':
        vt_down(vt, n);
        break;
    case 'C':
    case 'a':
        vt_move(vt, x + (int)n, y);
        break;
    case 'D':
        vt_move(vt, x - (int)n, y);
        break;
    case 'E':
        vt_down(vt, n);
        vt_move(vt, 0, (int)vt->y);
        break;
    case 'F':
        vt_up(vt, n);
        vt_move(vt, 0, (int)vt->y);
        break;
    case 'G':
    case '`':
        vt_move(vt, (int)n - 1, y);
        break;
    case 'H':
    case 'f':
        vt_goto(vt, count_of(vt, 1) - 1, n - 1);
        break;
    case 'I':
        vt_tab(vt, n);
        break;
    case 'Z':
        vt_back_tab(vt, n);
        break;
    case 'J':
        erase_in_display(vt);
        break;
    case 'K':
        erase_in_line(vt);
        break;
    case 'L':
        scroll_here(vt, -(int)n);
        break;
    case 'M':
        scroll_here(vt, (int)n);
        break;
    case 'P':
        vt_delete_cells(vt, n);
        break;
    case 'S':
        vt_scroll(vt, vt->top, (int)n);
        break;
    case 'T':
        vt_scroll(vt, vt->top, -(int)n);
        break;
    case 'X':
        vt_erase(vt, vt->y, vt->x, vt->x + n);
        break;
    case 'b':
        repeat(vt);
        break;
    case 'c':
        if (parameter(vt, 0) == 0)
            reply(vt, "\033[?6c"); /* a VT102 */
        break;
    case 'd':
        vt_goto(vt, vt->x, n - 1);
        break;
    case 'g':
        clear_tabs(vt);
        break;
    case 'm':
        select_graphics(vt);
        break;
    case 'n':
        if (parameter(vt, 0) == 5)
            reply(vt, "\033[0n");
        else if (parameter(vt, 0) == 6)
            report_position(vt);
        break;
    case 'r':
        set_region(vt);
        break;
    case 's':
        vt_save(vt, &vt->saved);
        break;
    case 'u':
        vt_restore(vt, &vt->saved);
        break;
    }
}

static void control_sequence(struct vt *vt, char final)
{
    if (vt->intermediate != 0) {
        if (vt->intermediate == '!' && final == 'p')
            soft_reset(vt);
    } else if (final == 'h' || final == 'l') {
        set_modes(vt, final == 'h');
    } else if (vt->prefix == 0) {
        plain_sequence(vt, final);
    }
}

static void csi_byte(struct vt *vt, unsigned char byte)
{
    if (byte >= '0' && byte <= '9') {
        unsigned *value;

        if (vt->parameter_count == 0)
            vt->parameter_count = 1;
        value = &vt->parameters[vt->parameter_count - 1];
        *value = *value * 10 + (byte - '0');
        if (*value > PARAMETER_LIMIT)
            *value = PARAMETER_LIMIT;
    } else if (byte == ';' || byte == ':') {
        if (vt->parameter_count == 0)
            vt->parameter_count = 1;
        if (vt->parameter_count < VT_PARAMETERS)
            vt->parameters[vt->parameter_count++] = 0;
    } else if (byte >= '<' && byte <= '?') {
        vt->prefix = (char)byte;
    } else if (byte >= 0x20 && byte <= 0x2f) {
        vt->intermediate = (char)byte;
    } else {
        vt->state = VT_GROUND;
        if (byte >= 0x40 && byte <= 0x7e)
            control_sequence(vt, (char)byte);
    }
}

/* ---- escape sequences ---- */

static void begin_csi(struct vt *vt)
{
    vt->state = VT_CSI;
    vt->prefix = vt->intermediate = 0;
    vt->parameter_count = 0;
    memset(vt->parameters, 0, sizeof(vt->parameters));
}

static void fill_with_e(struct vt *vt)
{
    for (unsigned y = 0; y < vt->rows; y++) {
        vt_move(vt, 0, (int)y);
        for (unsigned x = 0; x < vt->columns; x++)
            vt_put(vt, 'E');
    }
    vt_move(vt, 0, 0);
}

static void escape_byte(struct vt *vt, unsigned char byte)
{
    vt->state = VT_GROUND;
    switch (byte) {
    case '[':
        begin_csi(vt);
        break;
    case ']':
    case 'P':
    case 'X':
    case '^':
    case '_':
        vt->introducer = (char)byte;
        vt->state = VT_STRING;
        vt->palette_left = 0;
        break;
    case 'c':
        vt_reset(vt);
        break;
    case 'D':
        vt_line_feed(vt);
        break;
    case 'E':
        vt->x = 0;
        vt_line_feed(vt);
        break;
    case 'H':
        vt->tabs[vt->x / 8] |= (uint8_t)(1u << vt->x % 8);
        break;
    case 'M':
        vt_reverse_line_feed(vt);
        break;
    case 'Z':
        reply(vt, "\033[?6c");
        break;
    case '7':
        vt_save(vt, &vt->saved);
        break;
    case '8':
        vt_restore(vt, &vt->saved);
        break;
    default:
        if (byte >= 0x20 && byte <= 0x2f) {
            vt->introducer = (char)byte;
            vt->state = VT_ESCAPE_MORE;
        }
    }
}

static void escape_more_byte(struct vt *vt, unsigned char byte)
{
    if (byte >= 0x20 && byte <= 0x2f)
        return;
    vt->state = VT_GROUND;
    if (vt->introducer == '(')
        vt->graphics[0] = byte == '0';
    else if (vt->introducer == ')')
        vt->graphics[1] = byte == '0';
    else if (vt->introducer == '#' && byte == '8')
        fill_with_e(vt);
}

/* A string ends with BEL or ESC \; Linux's palette sequences have no end mark. */
static void string_byte(struct vt *vt, unsigned char byte)
{
    if (byte == 0x07) {
        vt->state = VT_GROUND;
    } else if (vt->introducer == ']' && byte == 'P') {
        vt->state = VT_PALETTE;
        vt->palette_left = 7;
    } else if (vt->introducer == ']' && byte == 'R') {
        vt->state = VT_GROUND;
    }
    vt->introducer = 0;
}

static void palette_byte(struct vt *vt)
{
    if (--vt->palette_left == 0)
        vt->state = VT_GROUND;
}

/* ---- controls and characters ---- */

static void control(struct vt *vt, unsigned char byte)
{
    switch (byte) {
    case '\b':
        if (vt->x > 0)
            vt->x--;
        vt->wrap_pending = false;
        break;
    case '\t':
        vt_tab(vt, 1);
        break;
    case '\n':
    case '\v':
    case '\f':
        vt_line_feed(vt);
        if (vt->newline)
            vt->x = 0;
        break;
    case '\r':
        vt->x = 0;
        vt->wrap_pending = false;
        break;
    case 0x0e:
        vt->charset = 1;
        break;
    case 0x0f:
        vt->charset = 0;
        break;
    case 0x18:
    case 0x1a:
        vt->state = VT_GROUND;
        break;
    case 0x1b:
        vt->state = VT_ESCAPE;
        break;
    }
}

/* One byte outside of sequences, as UTF-8. What is malformed is shown as one replacement. */
static void character_byte(struct vt *vt, unsigned char byte)
{
    if (vt->code_left > 0) {
        if ((byte & 0xc0) == 0x80) {
            vt->code = vt->code << 6 | (byte & 0x3f);
            if (--vt->code_left > 0)
                return;
            if (vt->code < vt->code_least || vt->code > 0x10ffff ||
                (vt->code >= 0xd800 && vt->code <= 0xdfff))
                vt->code = REPLACEMENT;
            vt_put(vt, vt->code);
            return;
        }
        vt->code_left = 0;
        vt_put(vt, REPLACEMENT);
    }
    if (byte < 0x80) {
        if (byte != 0x7f)
            vt_put(vt, byte);
    } else if ((byte & 0xe0) == 0xc0) {
        vt->code = byte & 0x1f, vt->code_left = 1, vt->code_least = 0x80;
    } else if ((byte & 0xf0) == 0xe0) {
        vt->code = byte & 0x0f, vt->code_left = 2, vt->code_least = 0x800;
    } else if (byte >= 0xf0 && byte < 0xf5) {
        vt->code = byte & 0x07, vt->code_left = 3, vt->code_least = 0x10000;
    } else {
        vt_put(vt, REPLACEMENT);
    }
}

static void one_byte(struct vt *vt, unsigned char byte)
{
    bool string = vt->state == VT_STRING || vt->state == VT_STRING_ESCAPE;

    if (byte < 0x20 && !(string && byte != 0x18 && byte != 0x1a)) {
        if (vt->code_left > 0) {
            vt->code_left = 0;
            vt_put(vt, REPLACEMENT);
        }
        control(vt, byte);
        return;
    }
    switch (vt->state) {
    case VT_GROUND:
        character_byte(vt, byte);
        break;
    case VT_ESCAPE:
        escape_byte(vt, byte);
        break;
    case VT_ESCAPE_MORE:
        escape_more_byte(vt, byte);
        break;
    case VT_CSI:
        csi_byte(vt, byte);
        break;
    case VT_STRING:
        if (byte == 0x1b)
            vt->state = VT_STRING_ESCAPE;
        else
            string_byte(vt, byte);
        break;
    case VT_STRING_ESCAPE:
        /* ESC \ ends the string; any other escape sequence does too, and counts. */
        vt->state = VT_GROUND;
        if (byte != '\\')
            escape_byte(vt, byte);
        break;
    case VT_PALETTE:
        palette_byte(vt);
        break;
    }
}

void vt_write(struct vt *vt, const char *bytes, size_t n)
{
    unsigned y = vt->y;

    if (vt->view != 0)
        vt_scroll_view(vt, -(int)vt->view);
    for (size_t i = 0; i < n;) {
        size_t plain =
            vt->state == VT_GROUND && vt->code_left == 0 ? vt_put_ascii(vt, bytes + i, n - i) : 0;

        if (plain == 0)
            one_byte(vt, (unsigned char)bytes[i]);
        i += plain ? plain : 1;
    }
    /* The cursor is drawn with its row: where it left and where it came. */
    vt_make_dirty(vt, y, y + 1);
    vt_make_dirty(vt, vt->y, vt->y + 1);
}
