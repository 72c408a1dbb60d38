/*
 * Scan code set 1: a key's number when it goes down (and again while it repeats), the number with
 * bit 7 when it goes up. 0xe0 before it means the key of that number in the second block, which
 * came with the 101-key keyboard: its Shift codes are made up by the keyboard and ignored.
 */
#include "drivers/keymap.h"

#include "core/string.h"

#define RELEASED    0x80u
#define EXTENDED    0xe0u
#define PAUSE       0xe1u /* followed by two codes, going down and going up */
#define ESCAPE_CHAR '\033'

enum {
    KEY_ESCAPE = 0x01,
    KEY_BACKSPACE = 0x0e,
    KEY_TAB = 0x0f,
    KEY_ENTER = 0x1c,
    KEY_CONTROL = 0x1d,
    KEY_SHIFT_LEFT = 0x2a,
    KEY_SHIFT_RIGHT = 0x36,
    KEY_SLASH = 0x35,
    KEY_MULTIPLY = 0x37,
    KEY_ALT = 0x38,
    KEY_CAPS_LOCK = 0x3a,
    KEY_F1 = 0x3b,
    KEY_F10 = 0x44,
    KEY_NUM_LOCK = 0x45,
    KEY_SCROLL_LOCK = 0x46,
    KEY_PAD_FIRST = 0x47,
    KEY_PAGE_UP = 0x49,
    KEY_PAGE_DOWN = 0x51,
    KEY_DELETE = 0x53,
    KEY_OTHER = 0x56, /* between the left Shift and Z */
    KEY_F11 = 0x57,
    KEY_F12 = 0x58,
};

enum {
    HELD_SHIFT_LEFT = 1 << 0,
    HELD_SHIFT_RIGHT = 1 << 1,
    HELD_CONTROL_LEFT = 1 << 2,
    HELD_CONTROL_RIGHT = 1 << 3,
    HELD_ALT_LEFT = 1 << 4,
    HELD_ALT_RIGHT = 1 << 5,

    HELD_SHIFT = HELD_SHIFT_LEFT | HELD_SHIFT_RIGHT,
    HELD_CONTROL = HELD_CONTROL_LEFT | HELD_CONTROL_RIGHT,
    HELD_ALT = HELD_ALT_LEFT | HELD_ALT_RIGHT,
};

/* By number, from 0 to that of the space bar; \0: no character. */
static const char plain[] = "\0\033"
                            "1234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033"
                              "!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
_Static_assert(sizeof plain == 0x3a + 1 && sizeof shifted == sizeof plain,
               "0 to 0x39, and the end");

static enum keymap_action text(struct keymap *map, const char *bytes, size_t length)
{
    map->length = 0;
    if (map->held & HELD_ALT)
        map->text[map->length++] = ESCAPE_CHAR;
    memcpy(map->text + map->length, bytes, length);
    map->length += length;
    return KEYMAP_TEXT;
}

static enum keymap_action sequence(struct keymap *map, const char *bytes)
{
    map->length = strlen(bytes);
    memcpy(map->text, bytes, map->length);
    return KEYMAP_TEXT;
}

/* ---- modifiers ---- */

static unsigned modifier_of(uint8_t key, bool extended)
{
    switch (key) {
    case KEY_SHIFT_LEFT:
        return extended ? 0 : HELD_SHIFT_LEFT;
    case KEY_SHIFT_RIGHT:
        return extended ? 0 : HELD_SHIFT_RIGHT;
    case KEY_CONTROL:
        return extended ? HELD_CONTROL_RIGHT : HELD_CONTROL_LEFT;
    case KEY_ALT:
        return extended ? HELD_ALT_RIGHT : HELD_ALT_LEFT;
    default:
        return 0;
    }
}

static unsigned lock_of(uint8_t key, bool extended)
{
    if (extended)
        return 0;
    return key == KEY_CAPS_LOCK     ? KEYMAP_CAPS_LOCK
           : key == KEY_NUM_LOCK    ? KEYMAP_NUM_LOCK
           : key == KEY_SCROLL_LOCK ? KEYMAP_SCROLL_LOCK
                                    : 0;
}

static enum keymap_action lock_down(struct keymap *map, unsigned lock)
{
    if (map->locks & lock)
        return KEYMAP_NOTHING;
    map->locks |= (uint8_t)lock;
    map->lights ^= (uint8_t)lock;
    return KEYMAP_LIGHTS;
}

/* ---- keys that move ---- */

/* 7 8 9 - 4 5 6 + 1 2 3 0 . of the number pad, and the keys that came later with the same codes. */
static enum keymap_action pad_key(struct keymap *map, uint8_t key, bool extended)
{
    static const char digits[] = "789-456+1230.";
    static const char *const moves[] = {"\033[1~", "\033[A",  "\033[5~", NULL,      "\033[D",
                                        "\033[G",  "\033[C",  NULL,      "\033[4~", "\033[B",
                                        "\033[6~", "\033[2~", "\033[3~"};
    unsigned index = key - KEY_PAD_FIRST;
    bool shift = (map->held & HELD_SHIFT) != 0;
    bool number = !extended && ((map->lights & KEYMAP_NUM_LOCK) != 0) != shift;
    const char *move = moves[index];

    if (key == KEY_DELETE && (map->held & HELD_CONTROL) && (map->held & HELD_ALT))
        return KEYMAP_REBOOT;
    if (number || !move)
        return text(map, &digits[index], 1);
    if (shift && key == KEY_PAGE_UP)
        return KEYMAP_VIEW_UP;
    if (shift && key == KEY_PAGE_DOWN)
        return KEYMAP_VIEW_DOWN;
    sequence(map, move);
    if (map->application_cursor && map->length == 3 && map->text[2] <= 'D')
        map->text[1] = 'O';
    return KEYMAP_TEXT;
}

static enum keymap_action function_key(struct keymap *map, unsigned number)
{
    static const char *const sequences[] = {"\033[[A",  "\033[[B",  "\033[[C",  "\033[[D",
                                            "\033[[E",  "\033[17~", "\033[18~", "\033[19~",
                                            "\033[20~", "\033[21~", "\033[23~", "\033[24~"};

    return sequence(map, sequences[number]);
}

/* ---- characters ---- */

/* What Ctrl makes of a character; false: nothing of its own. */
static bool with_control(char *byte)
{
    static const char digits[] = "\000\033\034\035\036\037\177"; /* Ctrl and 2 to 8 */
    char c = *byte;

    if (c >= 'a' && c <= 'z')
        *byte = (char)(c - 'a' + 1);
    else if (c >= '@' && c <= '_')
        *byte = (char)(c - '@');
    else if (c >= '2' && c <= '8')
        *byte = digits[c - '2'];
    else if (c == ' ' || c == '`')
        *byte = 0;
    else if (c == '/' || c == '?')
        *byte = 0x1f;
    else if (c == 0x7f)
        *byte = '\b';
    else
        return false;
    return true;
}

static enum keymap_action character_key(struct keymap *map, uint8_t key)
{
    bool shift = (map->held & HELD_SHIFT) != 0;
    char byte = plain[key];

    if (byte >= 'a' && byte <= 'z' && (map->lights & KEYMAP_CAPS_LOCK))
        shift = !shift;
    if (byte == '\0')
        return KEYMAP_NOTHING;
    if (key == KEY_TAB && shift)
        return sequence(map, "\033[Z");
    if (shift)
        byte = shifted[key];
    if (map->held & HELD_CONTROL)
        (void)with_control(&byte);
    return text(map, &byte, 1);
}

static enum keymap_action key_down(struct keymap *map, uint8_t key, bool extended)
{
    if (key >= KEY_PAD_FIRST && key <= KEY_DELETE)
        return pad_key(map, key, extended);
    if (extended) {
        if (key == KEY_ENTER || key == KEY_SLASH)
            return text(map, &plain[key], 1);
        return KEYMAP_NOTHING;
    }
    if (key >= KEY_F1 && key <= KEY_F10)
        return function_key(map, key - KEY_F1);
    if (key == KEY_F11 || key == KEY_F12)
        return function_key(map, key - KEY_F11 + 10);
    if (key == KEY_OTHER)
        return text(map, map->held & HELD_SHIFT ? ">" : "<", 1);
    return key < sizeof(plain) - 1 ? character_key(map, key) : KEYMAP_NOTHING;
}

enum keymap_action keymap_scan(struct keymap *map, uint8_t code)
{
    bool extended = map->extended != 0, down = !(code & RELEASED);
    uint8_t key = code & 0x7f;
    unsigned modifier, lock;

    if (map->skip > 0) {
        map->skip--;
        return KEYMAP_NOTHING;
    }
    if (code == PAUSE) {
        map->skip = 2;
        return KEYMAP_NOTHING;
    }
    map->extended = code == EXTENDED;
    if (code == EXTENDED)
        return KEYMAP_NOTHING;
    modifier = modifier_of(key, extended);
    lock = lock_of(key, extended);
    if (modifier != 0)
        map->held = (uint8_t)(down ? map->held | modifier : map->held & ~modifier);
    else if (!down)
        map->locks &= (uint8_t)~lock;
    else if (lock != 0)
        return lock_down(map, lock);
    else
        return key_down(map, key, extended);
    return KEYMAP_NOTHING;
}
