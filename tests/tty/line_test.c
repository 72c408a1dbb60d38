/*
 * The line discipline: what is typed, what a reader gets, what the screen shows. The expectations
 * are those of Linux's n_tty under the same settings.
 */
#include "tty/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct line line;

static int setup(void **state)
{
    (void)state;
    line_init(&line);
    return 0;
}

static unsigned type(const char *text)
{
    return line_input(&line, text, strlen(text));
}

/* Everything that is on its way to the screen, taken. */
static const char *shown(void)
{
    static char text[LINE_OUTPUT_SIZE + 1];
    size_t length = 0, piece;
    const char *bytes;

    while ((piece = line_pending(&line, &bytes)) > 0) {
        memcpy(text + length, bytes, piece);
        length += piece;
        line_sent(&line, piece);
    }
    text[length] = '\0';
    return text;
}

static const char *reading(size_t n)
{
    static char text[LINE_INPUT_SIZE + 1];
    bool end;

    text[line_read(&line, text, n, &end)] = '\0';
    return text;
}

#define assert_shown(text) assert_string_equal(shown(), text)
#define assert_reads(text) assert_string_equal(reading(LINE_INPUT_SIZE), text)

static void set_local(uint32_t on, uint32_t off)
{
    struct termios termios = line.termios;

    termios.local = (termios.local | on) & ~off;
    line_set(&line, &termios);
}

static void set_input(uint32_t on, uint32_t off)
{
    struct termios termios = line.termios;

    termios.input = (termios.input | on) & ~off;
    line_set(&line, &termios);
}

static void test_line_is_read_when_it_ends(void **state)
{
    (void)state;
    type("abc");
    assert_false(line_readable(&line, 1));
    assert_shown("abc");
    type("\r");
    assert_true(line_readable(&line, 1));
    assert_int_equal(line_input_count(&line), 4);
    assert_shown("\r\n");
    assert_reads("abc\n");
    assert_false(line_readable(&line, 1));
}

static void test_one_line_at_a_time(void **state)
{
    (void)state;
    type("one\ntwo\n");
    assert_string_equal(reading(2), "on");
    assert_reads("e\n");
    assert_reads("two\n");
}

static void test_end_of_file(void **state)
{
    bool end;
    char byte;

    (void)state;
    type("\004");
    assert_true(line_readable(&line, 1));
    assert_int_equal(line_input_count(&line), 0);
    assert_int_equal(line_read(&line, &byte, 1, &end), 0);
    assert_true(end);
    assert_false(line_readable(&line, 1));
    /* Behind text it ends the line and is not seen; also when the buffer ends there. */
    type("ab\004");
    assert_string_equal(reading(2), "ab");
    assert_false(line_readable(&line, 1));
    assert_shown("ab");
}

static void test_erase(void **state)
{
    (void)state;
    type("ab\177c\n");
    assert_shown("ab\b \bc\r\n");
    assert_reads("ac\n");
    type("\177\177x\n");
    assert_shown("x\r\n");
    assert_reads("x\n");
}

static void test_erase_control_character(void **state)
{
    (void)state;
    type("\001\177");
    assert_shown("^A\b \b\b \b");
}

static void test_erase_tab(void **state)
{
    (void)state;
    line_output(&line, "$ ", 2);
    type("abc\t\177");
    assert_shown("$ abc\t\b\b\b");
    type("\177\t\177");
    assert_shown("\b \b\t\b\b\b\b");
}

static void test_erase_utf8(void **state)
{
    (void)state;
    set_input(IUTF8, 0);
    type("a\xc3\xa4\177b\n");
    assert_shown("a\xc3\xa4\b \bb\r\n");
    assert_reads("ab\n");
}

static void test_erase_word(void **state)
{
    (void)state;
    type("one two_3  \027");
    assert_shown("one two_3  \b \b\b \b\b \b\b \b\b \b\b \b\b \b");
    type("\n");
    assert_reads("one \n");
}

static void test_kill(void **state)
{
    (void)state;
    type("abc\025x\n");
    assert_shown("abc\b \b\b \b\b \bx\r\n");
    assert_reads("x\n");
    set_local(0, ECHOKE);
    type("abc\025");
    assert_shown("abc^U\r\n");
}

static void test_erase_does_not_reach_finished_lines(void **state)
{
    (void)state;
    type("ab\n\177\025\027c\n");
    assert_reads("ab\n");
    assert_reads("c\n");
}

static void test_literal_next(void **state)
{
    (void)state;
    assert_int_equal(type("\026\003a\n"), 0);
    assert_shown("^\b^Ca\r\n");
    assert_reads("\003a\n");
}

static void test_reprint(void **state)
{
    (void)state;
    type("ab\022");
    assert_shown("ab^R\r\nab");
}

static void test_signals(void **state)
{
    (void)state;
    assert_int_equal(type("abc\003"), LINE_INTERRUPT | LINE_FLUSHED);
    assert_shown("^C");
    type("d\n");
    assert_reads("d\n");
    assert_int_equal(type("\034"), LINE_QUIT | LINE_FLUSHED);
    assert_int_equal(type("\032"), LINE_SUSPEND | LINE_FLUSHED);
    set_local(NOFLSH, 0);
    type("kept");
    assert_int_equal(type("\003"), LINE_INTERRUPT);
    type("\n");
    assert_reads("kept\n");
    set_local(0, ISIG);
    assert_int_equal(type("\003\n"), 0);
    assert_reads("\003\n");
}

static void test_carriage_returns(void **state)
{
    (void)state;
    set_input(0, ICRNL);
    type("a\r\n");
    assert_reads("a\r\n");
    set_input(IGNCR, 0);
    type("a\r\n");
    assert_reads("a\n");
    set_local(0, ICANON);
    set_input(INLCR, IGNCR);
    type("\n");
    assert_reads("\r");
}

static void test_flow_control(void **state)
{
    (void)state;
    type("\023");
    assert_true(line.stopped);
    type("\021");
    assert_false(line.stopped);
    assert_shown("");
    type("\023");
    set_input(IXANY, 0);
    type("x");
    assert_false(line.stopped);
    type("\023");
    set_input(0, IXON);
    assert_false(line.stopped);
}

static void test_raw(void **state)
{
    (void)state;
    set_local(0, ICANON | ECHO | ISIG);
    set_input(0, ICRNL | IXON);
    type("a\r\004\177\003");
    assert_true(line_readable(&line, 5));
    assert_false(line_readable(&line, 6));
    assert_reads("a\r\004\177\003");
    assert_shown("");
}

static void test_change_of_mode_keeps_text(void **state)
{
    (void)state;
    type("unfinished");
    assert_false(line_readable(&line, 1));
    set_local(0, ICANON);
    assert_true(line_readable(&line, 1));
    assert_string_equal(reading(2), "un");
    set_local(ICANON, 0);
    assert_true(line_readable(&line, 1));
    assert_reads("finished");
    assert_false(line_readable(&line, 1));
}

static void test_other_line_ends(void **state)
{
    struct termios termios = line.termios;

    (void)state;
    termios.characters[VEOL] = ';';
    line_set(&line, &termios);
    type("ab;c");
    assert_shown("ab;c");
    assert_reads("ab;");
    assert_reads("");
}

static void test_long_line(void **state)
{
    static char text[LINE_LIMIT + 100];

    (void)state;
    memset(text, 'x', sizeof(text));
    line_input(&line, text, sizeof(text));
    assert_false(line_readable(&line, 1));
    type("\n");
    assert_int_equal(line_input_count(&line), LINE_LIMIT);
    assert_int_equal(strlen(reading(LINE_INPUT_SIZE)), LINE_LIMIT);
}

static void test_promised_room_is_there(void **state)
{
    static char text[LINE_INPUT_SIZE];
    size_t room;

    (void)state;
    set_local(0, ICANON | ECHO | ISIG);
    set_input(0, IXON);
    memset(text, 'x', sizeof(text));
    line_input(&line, text, 1000);
    room = line_input_room(&line);
    line_input(&line, text, room);
    assert_int_equal(line_input_count(&line), 1000 + room);
    assert_int_equal(line_input_room(&line), 0);
}

static void test_output_processing(void **state)
{
    struct termios termios;

    (void)state;
    line_output(&line, "a\nb\tc", 5);
    assert_shown("a\r\nb\tc");
    termios = line.termios;
    termios.output = (termios.output & ~(uint32_t)TABDLY) | XTABS;
    line_set(&line, &termios);
    line_output(&line, "\nab\tc", 5);
    assert_shown("\r\nab      c");
    termios.output &= ~(uint32_t)OPOST;
    line_set(&line, &termios);
    line_output(&line, "a\n\t", 3);
    assert_shown("a\n\t");
}

static void test_echo_has_room_when_output_is_full(void **state)
{
    static char text[LINE_OUTPUT_SIZE];
    const char *waiting;

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_in_range(line_output(&line, text, sizeof(text)), 1000, LINE_OUTPUT_SIZE - 1);
    type("typed");
    waiting = shown();
    assert_string_equal(waiting + strlen(waiting) - 6, "xtyped");
    line_output(&line, text, sizeof(text));
    type("\003");
    assert_shown("^C"); /* and what was waiting is gone */
}

static void test_full_ring_can_end_its_line(void **state)
{
    (void)state;
    set_local(0, ECHO);
    for (unsigned i = 0; i < 2 * LINE_INPUT_SIZE / 1000; i++) {
        char text[1000];

        memset(text, 'x', sizeof(text));
        text[999] = i % 3 == 2 ? '\n' : 'x';
        line_input(&line, text, sizeof(text));
    }
    type("\n");
    assert_int_equal(line_input_count(&line), LINE_INPUT_SIZE);
    assert_int_equal(line.committed, line.head);
}

static void test_no_echo(void **state)
{
    (void)state;
    set_local(0, ECHO);
    type("secret\n");
    assert_shown("");
    assert_reads("secret\n");
    set_local(ECHONL, 0);
    type("secret\n");
    assert_shown("\r\n");
}

/* Anything typed under any settings: counts agree, nothing is written outside (sanitizers look). */
static void test_random(void **state)
{
    unsigned seed = (unsigned)time(NULL);

    (void)state;
    if (getenv("LINE_SEED"))
        seed = (unsigned)strtoul(getenv("LINE_SEED"), NULL, 0);
    print_message("LINE_SEED=%u\n", seed);
    srand(seed);
    for (unsigned round = 0; round < 20000; round++) {
        char bytes[300];
        size_t n = (size_t)rand() % sizeof(bytes);

        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)(rand() % 3 ? rand() % 32 : rand());
        if (rand() % 50 == 0) {
            struct termios termios = line.termios;

            termios.input = (uint32_t)rand() & 077777;
            termios.output = (uint32_t)rand() & 017777;
            termios.local = (uint32_t)rand() & 0177777;
            line_set(&line, &termios);
        }
        switch (rand() % 4) {
        case 0:
            line_output(&line, bytes, n);
            break;
        case 1:
            reading((size_t)rand() % 600);
            break;
        case 2:
            shown();
            break;
        default:
            line_input(&line, bytes, n);
        }
        assert_true(line_input_room(&line) <= LINE_INPUT_SIZE);
        assert_true(line.committed - line.tail <= line.head - line.tail);
        assert_true(line_input_count(&line) <= line.head - line.tail);
        assert_true(line.output_head - line.output_tail <= LINE_OUTPUT_SIZE);
    }
}

#define test(name) cmocka_unit_test_setup(test_##name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(line_is_read_when_it_ends),
        test(one_line_at_a_time),
        test(end_of_file),
        test(erase),
        test(erase_control_character),
        test(erase_tab),
        test(erase_utf8),
        test(erase_word),
        test(kill),
        test(erase_does_not_reach_finished_lines),
        test(literal_next),
        test(reprint),
        test(signals),
        test(carriage_returns),
        test(flow_control),
        test(raw),
        test(change_of_mode_keeps_text),
        test(other_line_ends),
        test(long_line),
        test(promised_room_is_there),
        test(output_processing),
        test(echo_has_room_when_output_is_full),
        test(full_ring_can_end_its_line),
        test(no_echo),
        test(random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
