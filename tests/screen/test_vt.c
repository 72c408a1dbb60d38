/* The terminal on the screen, by what is in its cells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tty/vt.h"

/* Glyphs are their characters. */
static unsigned glyph(uint32_t code)
{
    return code < 0x8000 ? code : '?';
}

static char replied[256];

static void reply(const char *bytes, size_t n)
{
    size_t length = strlen(replied);

    assert_true(length + n < sizeof(replied));
    memcpy(replied + length, bytes, n);
    replied[length + n] = '\0';
}

static const struct vt_host host = {glyph, reply};
static struct vt vt;
static void *storage;

static void open_vt(unsigned columns, unsigned rows, unsigned history)
{
    free(storage);
    storage = malloc(vt_storage_size(columns, rows, history));
    vt_init(&vt, columns, rows, history, storage, &host);
    replied[0] = '\0';
}

static void put(const char *text)
{
    vt_write(&vt, text, strlen(text));
}

/* The rows, each without the blanks at its end, joined by |. */
static const char *seen(void)
{
    static char text[4096];
    size_t length = 0;

    for (unsigned y = 0; y < vt.rows; y++) {
        size_t end = length;

        for (unsigned x = 0; x < vt.columns; x++) {
            text[length] = (char)VT_GLYPH(vt_row(&vt, y)[x]);
            if (text[length++] != ' ')
                end = length;
        }
        length = end;
        text[length++] = '|';
    }
    text[length - 1] = '\0';
    return text;
}

static vt_cell cell(unsigned x, unsigned y)
{
    return vt_row(&vt, y)[x];
}

static void expect_cursor(unsigned x, unsigned y)
{
    unsigned cursor_x, cursor_y;

    assert_true(vt_cursor(&vt, &cursor_x, &cursor_y));
    assert_int_equal(cursor_x, x);
    assert_int_equal(cursor_y, y);
}

static void expect(const char *screen, const char *text)
{
    open_vt(10, 4, 0);
    put(text);
    assert_string_equal(seen(), screen);
}

static void text_wraps_and_scrolls(void **state)
{
    (void)state;
    expect("ab|c||", "ab\r\nc");
    expect("0123456789|ab||", "0123456789ab");
    expect("x123456789|||", "0123456789\rx");
    expect("2|3|4|5", "1\r\n2\r\n3\r\n4\r\n5");
    expect("a       b|||", "a\tb");
    expect("abX|||", "abc\bX");
    expect("012345678b|||", "\033[?7l0123456789ab");
    expect("|  ab||", "\033[20h\nab\033[G\033[2@");
}

static void cursor_moves(void **state)
{
    (void)state;
    expect("|  x||", "\033[2;3Hx");
    expect("|||         x", "\033[99;99Hx");
    expect("x|||", "\033[3;3H\033[Hx");
    expect("||  x|", "\033[2;2H\033[B\033[Cx");
    expect("x|||", "\033[9A\033[9Dx");
    expect("    x|||", "\033[5Gx");
    expect("||x|", "\033[3dx");
    expect("ab|x||", "ab\033[Ex");
    expect("ab|  x||", "ab\0337\033[4;4H\0338\nx");
    expect("|x  y||", "\033[2;1H\033[sx\033[4;4H\033[u\033[3Cy");
    open_vt(10, 4, 0);
    put("\033[3;5H\033[6n\033[5n\033[c");
    assert_string_equal(replied, "\033[3;5R\033[0n\033[?6c");
    put("\033[2;3r\033[?6h\033[2;4H\033[6n");
    assert_string_equal(replied + strlen("\033[3;5R\033[0n\033[?6c"), "\033[2;4R");
    expect_cursor(3, 2);
}

static void erasing_inserting_deleting(void **state)
{
    (void)state;
    expect("ab|||", "abcdef\033[3G\033[K");
    expect("   def|||", "abcdef\033[3G\033[1K");
    expect("|||", "abcdef\033[2K");
    expect("1|2||", "1\r\n2\r\n3\r\n4\033[3;1H\033[J");
    expect("||3|4", "1\r\n2\r\n3\r\n4\033[2;1H\033[1J");
    expect("|||", "1\r\n2\r\n3\r\n4\033[2J");
    expect("abf|||", "abcdef\033[3G\033[3P");
    expect("ab  cdef|||", "abcdef\033[3G\033[2@");
    expect("ab  ef|||", "abcdef\033[3G\033[2X");
    expect("abXcdef|||", "abcdef\033[3G\033[4hX");
    expect("1||2|3", "1\r\n2\r\n3\r\n4\033[2;1H\033[L");
    expect("1|3|4|", "1\r\n2\r\n3\r\n4\033[2;1H\033[M");
    expect("3|4||", "1\r\n2\r\n3\r\n4\033[2S");
    expect("|1|2|3", "1\r\n2\r\n3\r\n4\033[T");
    expect("aaaa|||", "a\033[3b");
    expect("EEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE", "\033#8");
}

static void regions_scroll_alone(void **state)
{
    (void)state;
    expect("1|3|x|4", "1\r\n2\r\n3\r\n4\033[2;3r\033[3;1H\r\nx");
    expect("1|x|2|4", "1\r\n2\r\n3\r\n4\033[2;3r\033[2;1H\033Mx");
    expect("1|2|3|x", "1\r\n2\r\n3\r\n4\033[2;3r\033[4;1H\r\nx");
    expect("1|3||4",
           "1\r\n2\r\n3\r\n4\033[2;3r\033[2;1H\033[9M\033[3;1H\r2\033[2;1H3\033[3;1H\033[K");
    /* A region of one line, or the wrong way round, is none. */
    expect("2|3|4|x", "1\r\n2\r\n3\r\n4\033[3;2r\033[4;1H\r\nx");
}

static void colours(void **state)
{
    (void)state;
    open_vt(10, 4, 0);
    put("a\033[1;31mb\033[44mc\033[7md\033[0;4me\033[38;5;200mf\033[48;2;255;0;0mg\033[mh\033[97;"
        "100mi");
    assert_int_equal(cell(0, 0), VT_CELL('a', 7, 0));
    assert_int_equal(cell(1, 0), VT_CELL('b', 9, 0));
    assert_int_equal(cell(2, 0), VT_CELL('c', 9, 4));
    assert_int_equal(cell(3, 0), VT_CELL('d', 4, 9));
    assert_int_equal(cell(4, 0), VT_CELL('e', 7, 0) | VT_UNDERLINE);
    assert_int_equal(cell(5, 0), VT_CELL('f', 200, 0) | VT_UNDERLINE);
    assert_int_equal(cell(6, 0), VT_CELL('g', 200, 196) | VT_UNDERLINE);
    assert_int_equal(cell(7, 0), VT_CELL('h', 7, 0));
    assert_int_equal(cell(8, 0), VT_CELL('i', 15, 8));
    /* Erasing paints the background. */
    put("\033[42m\033[2;1H\033[K");
    assert_int_equal(cell(3, 1), VT_CELL(' ', 15, 2));
}

static void characters(void **state)
{
    (void)state;
    open_vt(10, 4, 0);
    put("\xc3\xa9\xe2\x94\x80\033(0q\033(Bq\016q\033)0q\017q");
    assert_int_equal(VT_GLYPH(cell(0, 0)), 0xe9);
    assert_int_equal(VT_GLYPH(cell(1, 0)), 0x2500);
    assert_int_equal(VT_GLYPH(cell(2, 0)), 0x2500);
    assert_int_equal(VT_GLYPH(cell(3, 0)), 'q');
    assert_int_equal(VT_GLYPH(cell(4, 0)), 'q');
    assert_int_equal(VT_GLYPH(cell(5, 0)), 0x2500);
    assert_int_equal(VT_GLYPH(cell(6, 0)), 'q');
    /* Malformed: one replacement (here '?') each, and what follows is not lost. */
    expect("?a?b?c??|||", "\xe2\x94"
                          "a\xff"
                          "b\xc0\xaf"
                          "c\xed\xa0\x80\xf5");
    /* Characters of two cells, and of none. */
    expect("\x96 x|||", /* seen() shows the low byte of 0x4f96 */
           "\xe4\xbe\x96"
           "x");
    expect("ab|||", "a\xcc\x81"
                    "b");
}

static void sequences_that_are_not_known(void **state)
{
    (void)state;
    expect("ab|||", "a\033[?99;1$y\033[>c\033[999zb");
    expect("ab|||", "a\033]0;title\007b");
    expect("ab|||", "a\033]0;title\033\\b");
    expect("ab|||", "a\033Pq#0;1;\n2\033\\b");
    expect("ab|||", "a\033]P1ff0000b");
    expect("ab|||", "a\033[12\030b");
    expect("a|   b||", "a\033[2\n;4Hb\033[H\033[2;3H");
    assert_int_equal(strlen(replied), 0);
    expect("a|||", "a\033[;;;;;;;;;;;;;;;;;;;;;;;;;;1;2;3m\033[99999999999999999999C");
    expect_cursor(9, 0);
}

static void alternate_screen(void **state)
{
    (void)state;
    open_vt(10, 4, 10);
    put("1\r\n2\033[?1049h");
    assert_string_equal(seen(), "|||");
    put("\033[Hx\r\n\n\n\n\ny");
    put("\033[?1049l");
    assert_string_equal(seen(), "1|2||");
    expect_cursor(1, 1);
    assert_int_equal(vt.history_kept, 0);
}

static void history(void **state)
{
    (void)state;
    open_vt(10, 3, 4);
    put("1\r\n2\r\n3\r\n4\r\n5");
    assert_string_equal(seen(), "3|4|5");
    vt_scroll_view(&vt, 1);
    assert_string_equal(seen(), "2|3|4");
    vt_scroll_view(&vt, 99);
    assert_string_equal(seen(), "1|2|3");
    put("\r\n6\r\n7\r\n8\r\n9");
    assert_string_equal(seen(), "7|8|9");
    vt_scroll_view(&vt, 99);
    assert_string_equal(seen(), "3|4|5");
    vt_scroll_view(&vt, -2);
    assert_string_equal(seen(), "5|6|7");
    put("\033[3J");
    vt_scroll_view(&vt, 99);
    assert_string_equal(seen(), "||");
}

static void changed_rows_are_told(void **state)
{
    unsigned first, end;

    (void)state;
    open_vt(10, 4, 0);
    assert_true(vt_take_dirty(&vt, &first, &end));
    assert_false(vt_take_dirty(&vt, &first, &end));
    put("\033[3;1Hx");
    assert_true(vt_take_dirty(&vt, &first, &end));
    assert_true(first <= 0 && end >= 3); /* the cursor left row 0 */
    put("y");
    assert_true(vt_take_dirty(&vt, &first, &end));
    assert_int_equal(first, 2);
    assert_int_equal(end, 3);
}

/* Whatever comes: nothing outside of the storage is touched, and each stored row stays in use once.
 */
static void any_bytes(void **state)
{
    static const char pieces[] =
        "\033[;?0123456789HJKLMPSTX@ABCDmrhl\n\r\t\b78cDM(0#]P\xe2\x94\x80\xff";
    unsigned seed = (unsigned)time(NULL);

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    for (unsigned round = 0; round < 200; round++) {
        unsigned columns = 2 + (unsigned)rand() % 40, rows = 2 + (unsigned)rand() % 20;
        unsigned kept = (unsigned)rand() % 30, stored = 2 * rows + kept;
        unsigned char used[128] = {0};

        open_vt(columns, rows, kept);
        for (unsigned i = 0; i < 4000; i++) {
            char byte = rand() % 8 ? pieces[(unsigned)rand() % (sizeof(pieces) - 1)] : (char)rand();

            vt_write(&vt, &byte, 1);
            if (rand() % 64 == 0)
                vt_scroll_view(&vt, rand() % 21 - 10);
            assert_true(vt.x < columns && vt.y < rows && vt.top < vt.bottom && vt.bottom < rows);
            replied[0] = '\0';
        }
        (void)seen();
        for (unsigned i = 0; i < stored; i++)
            assert_int_equal(used[vt.main[i]]++, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_wraps_and_scrolls),
        cmocka_unit_test(cursor_moves),
        cmocka_unit_test(erasing_inserting_deleting),
        cmocka_unit_test(regions_scroll_alone),
        cmocka_unit_test(colours),
        cmocka_unit_test(characters),
        cmocka_unit_test(sequences_that_are_not_known),
        cmocka_unit_test(alternate_screen),
        cmocka_unit_test(history),
        cmocka_unit_test(changed_rows_are_told),
        cmocka_unit_test(any_bytes),
    };
    int result = cmocka_run_group_tests_name("terminal", tests, NULL, NULL);

    free(storage);
    return result;
}
