/* What keys send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "drivers/keymap.h"

static struct keymap map;
static enum keymap_action last;

/* What `count` codes make, as one string; a NUL is shown as 0. */
static const char *scan(size_t count, const uint8_t *codes)
{
    static char text[256];
    size_t length = 0;

    for (size_t i = 0; i < count; i++) {
        last = keymap_scan(&map, codes[i]);
        for (size_t j = 0; last == KEYMAP_TEXT && j < map.length; j++)
            text[length++] = map.text[j] ? map.text[j] : '0';
    }
    text[length] = '\0';
    return text;
}

#define KEYS(...) scan(sizeof((const uint8_t[]){__VA_ARGS__}), (const uint8_t[]){__VA_ARGS__})

static int start(void **state)
{
    (void)state;
    memset(&map, 0, sizeof(map));
    return 0;
}

static void letters(void **state)
{
    (void)state;
    assert_string_equal(KEYS(0x1e, 0x9e, 0x30, 0xb0), "ab");
    assert_string_equal(KEYS(0x2a, 0x1e, 0xaa, 0x1e), "Aa");
    assert_string_equal(KEYS(0x36, 0x02, 0xb6, 0x02), "!1");
    /* Both shifts: one of them is enough. */
    assert_string_equal(KEYS(0x2a, 0x36, 0xaa, 0x1e, 0xb6, 0x1e), "Aa");
    assert_string_equal(KEYS(0x0e, 0x0f, 0x1c, 0x39, 0x01), "\177\t\r \033");
    assert_string_equal(KEYS(0x2b, 0x56, 0x2a, 0x2b, 0x56, 0x0f, 0xaa), "\\<|>\033[Z");
}

static void control_and_alt(void **state)
{
    (void)state;
    assert_string_equal(KEYS(0x1d, 0x2e, 0x9d, 0x2e), "\003c");
    assert_string_equal(KEYS(0xe0, 0x1d, 0x2e, 0xe0, 0x9d, 0x2e), "\003c");
    assert_string_equal(KEYS(0x1d, 0x1a, 0x2b, 0x1b, 0x39, 0x0e, 0x9d), "\033\034\0350\b");
    assert_string_equal(KEYS(0x38, 0x1e, 0xb8, 0xe0, 0x38, 0x30, 0xe0, 0xb8, 0x1e), "\033a\033ba");
    assert_string_equal(KEYS(0x1d, 0x38, 0x53), "");
    assert_int_equal(last, KEYMAP_REBOOT);
}

static void locks(void **state)
{
    (void)state;
    KEYS(0x3a);
    assert_int_equal(last, KEYMAP_LIGHTS);
    assert_int_equal(map.lights, KEYMAP_CAPS_LOCK);
    /* It repeats while it is held. */
    KEYS(0x3a, 0x3a);
    assert_int_equal(map.lights, KEYMAP_CAPS_LOCK);
    assert_string_equal(KEYS(0xba, 0x1e, 0x02, 0x2a, 0x1e, 0x02, 0xaa), "A1a!");
    assert_string_equal(KEYS(0x3a, 0xba, 0x1e), "a");
    assert_int_equal(map.lights, 0);
}

static void pad_and_cursor(void **state)
{
    (void)state;
    assert_string_equal(KEYS(0x48, 0x4b, 0x4a, 0x4e, 0x37), "\033[A\033[D-+*");
    KEYS(0x45, 0xc5);
    assert_string_equal(KEYS(0x48, 0x4b, 0x52, 0x53), "840.");
    /* Shift turns it round; the keyboard makes Shift codes up around the grey keys. */
    assert_string_equal(KEYS(0x2a, 0x48, 0xaa), "\033[A");
    assert_string_equal(KEYS(0xe0, 0x2a, 0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0xaa, 0x1e), "\033[Aa");
    assert_string_equal(
        KEYS(0xe0, 0x47, 0xe0, 0x4f, 0xe0, 0x49, 0xe0, 0x51, 0xe0, 0x52, 0xe0, 0x53),
        "\033[1~\033[4~\033[5~\033[6~\033[2~\033[3~");
    assert_string_equal(KEYS(0xe0, 0x1c, 0xe0, 0x35), "\r/");
    map.application_cursor = true;
    assert_string_equal(KEYS(0xe0, 0x48, 0xe0, 0x50, 0xe0, 0x4d, 0xe0, 0x4b, 0xe0, 0x47),
                        "\033OA\033OB\033OC\033OD\033[1~");
    KEYS(0x2a, 0xe0, 0x49);
    assert_int_equal(last, KEYMAP_VIEW_UP);
    KEYS(0xe0, 0x51);
    assert_int_equal(last, KEYMAP_VIEW_DOWN);
}

static void functions_and_nothing(void **state)
{
    (void)state;
    assert_string_equal(KEYS(0x3b, 0x3f, 0x40, 0x44, 0x57, 0x58),
                        "\033[[A\033[[E\033[17~\033[21~\033[23~\033[24~");
    /* Pause, with Ctrl in it, leaves nothing behind. */
    assert_string_equal(KEYS(0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0x1e), "a");
    assert_int_equal(map.lights, 0);
    for (unsigned code = 0x59; code < 0x80; code++)
        assert_string_equal(KEYS((uint8_t)code, (uint8_t)(code | 0x80)), "");
    assert_string_equal(KEYS(0x00, 0x1e), "a");
    for (unsigned code = 0; code < 0x80; code++)
        (void)KEYS(0xe0, (uint8_t)code, 0xe0, (uint8_t)(code | 0x80));
    assert_int_equal(map.held, 0);
    map.lights = 0;
    assert_string_equal(KEYS(0x1e), "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(letters, start),
        cmocka_unit_test_setup(control_and_alt, start),
        cmocka_unit_test_setup(locks, start),
        cmocka_unit_test_setup(pad_and_cursor, start),
        cmocka_unit_test_setup(functions_and_nothing, start),
    };

    return cmocka_run_group_tests_name("keyboard", tests, NULL, NULL);
}
