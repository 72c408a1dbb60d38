/*
 * The line discipline, with Linux's n_tty as the model for what programs can observe.
 *
 * Concepts
 *   Input goes through one ring. In canonical mode the bytes behind `committed` are the line being
 *   typed, which erase characters shorten; a line end moves `committed` up and is marked in `ends`.
 *   An end of file is a marked NUL: it ends a line and is not itself read.
 *   Echo and program output share one ring, so that they appear in the order they happened.
 *
 * Columns
 *   To erase a tab one must know how wide it was: the line's start column is kept, and the typed
 *   text before the tab is measured again. A character's width on the screen is 2 for a control
 *   character echoed as ^X, 0 for the later bytes of a UTF-8 sequence, else 1.
 *
 * What does not fit
 *   Typed text beyond LINE_LIMIT - 1 bytes of a line, or beyond the ring, is dropped with a bell if
 *   IMAXBEL says so; line ends, signals and erasing always work. Echo that does not fit is dropped.
 */
#include "tty/line.h"

#ifdef LINE_HOSTED
#include <string.h>
#else
#include "core/string.h"
#endif

#define BELL             '\a'
#define BACKSPACE        '\b'
#define DELETE           0x7f
#define TAB_WIDTH        8u
#define END_OF_FILE_MARK 0 /* stored in place of VEOF, marked as a line end */

static bool is_set(uint32_t flags, uint32_t bit)
{
    return (flags & bit) != 0;
}

static bool input_flag(const struct line *line, uint32_t bit)
{
    return is_set(line->termios.input, bit);
}

static bool local_flag(const struct line *line, uint32_t bit)
{
    return is_set(line->termios.local, bit);
}

/* A control character of the settings; 0 there means that it is switched off. */
static bool is_character(const struct line *line, uint8_t c, unsigned which)
{
    return c != 0 && line->termios.characters[which] == c;
}

static bool is_control(uint8_t c)
{
    return c < 0x20 || c == DELETE;
}

static bool is_continuation(const struct line *line, uint8_t c)
{
    return input_flag(line, IUTF8) && (c & 0xc0) == 0x80;
}

static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

void line_init(struct line *line)
{
    static const uint8_t characters[TERMIOS_CHARACTERS] = {
        [VINTR] = 3,     [VQUIT] = 28,   [VERASE] = 127, [VKILL] = 21, [VEOF] = 4,
        [VMIN] = 1,      [VSTART] = 17,  [VSTOP] = 19,   [VSUSP] = 26, [VREPRINT] = 18,
        [VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,
    };

    memset(line, 0, sizeof(*line));
    line->termios = (struct termios){
        .input = ICRNL | IXON,
        .output = OPOST | ONLCR,
        .control = B38400 | CS8 | CREAD | HUPCL,
        .local = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
        .input_speed = 38400,
        .output_speed = 38400,
    };
    memcpy(line->termios.characters, characters, sizeof(characters));
}

/* ---- the rings ---- */

static uint8_t byte_at(const struct line *line, uint32_t position)
{
    return line->input[position % LINE_INPUT_SIZE];
}

static bool ends_at(const struct line *line, uint32_t position)
{
    uint32_t at = position % LINE_INPUT_SIZE;

    return (line->ends[at / 8] >> at % 8 & 1) != 0;
}

static void mark_end(struct line *line, uint32_t position, bool on)
{
    uint32_t at = position % LINE_INPUT_SIZE;

    if (on)
        line->ends[at / 8] |= (uint8_t)(1u << at % 8);
    else
        line->ends[at / 8] &= (uint8_t) ~(1u << at % 8);
}

static void put(struct line *line, uint8_t c, bool ends)
{
    line->input[line->head % LINE_INPUT_SIZE] = c;
    mark_end(line, line->head, ends);
    line->head++;
}

static uint32_t output_free(const struct line *line)
{
    return LINE_OUTPUT_SIZE - (line->output_head - line->output_tail);
}

static void send(struct line *line, char c)
{
    line->output[line->output_head++ % LINE_OUTPUT_SIZE] = c;
}

size_t line_output_room(const struct line *line)
{
    uint32_t room = output_free(line);

    return room > LINE_ECHO_RESERVE ? room - LINE_ECHO_RESERVE : 0;
}

size_t line_pending(const struct line *line, const char **out_bytes)
{
    uint32_t at = line->output_tail % LINE_OUTPUT_SIZE;
    uint32_t length = line->output_head - line->output_tail;

    *out_bytes = line->output + at;
    return length < LINE_OUTPUT_SIZE - at ? length : LINE_OUTPUT_SIZE - at;
}

void line_sent(struct line *line, size_t n)
{
    line->output_tail += (uint32_t)n;
}

void line_flush_input(struct line *line)
{
    line->tail = line->committed = line->head;
    line->literal = line->erasing = false;
}

void line_flush_output(struct line *line)
{
    line->output_tail = line->output_head;
}

/* ---- output ---- */

/* One byte with OPOST; needs room for TAB_WIDTH bytes. */
static void post_process(struct line *line, uint8_t c)
{
    uint32_t flags = line->termios.output;
    uint32_t spaces;

    switch (c) {
    case '\n':
        if (is_set(flags, ONLRET))
            line->column = 0;
        if (is_set(flags, ONLCR)) {
            line->column = line->start_column = 0;
            send(line, '\r');
        }
        break;
    case '\r':
        if (is_set(flags, ONOCR) && line->column == 0)
            return;
        if (is_set(flags, OCRNL)) {
            c = '\n';
            if (is_set(flags, ONLRET))
                line->column = line->start_column = 0;
            break;
        }
        line->column = line->start_column = 0;
        break;
    case '\t':
        spaces = TAB_WIDTH - line->column % TAB_WIDTH;
        line->column += spaces;
        if ((flags & TABDLY) == XTABS) {
            while (spaces--)
                send(line, ' ');
            return;
        }
        break;
    case BACKSPACE:
        if (line->column > 0)
            line->column--;
        break;
    default:
        if (is_control(c))
            break;
        if (is_set(flags, OLCUC) && c >= 'a' && c <= 'z')
            c = (uint8_t)(c - 'a' + 'A');
        if (!is_continuation(line, c))
            line->column++;
    }
    send(line, (char)c);
}

static void output_byte(struct line *line, uint8_t c)
{
    if (is_set(line->termios.output, OPOST))
        post_process(line, c);
    else
        send(line, (char)c);
}

size_t line_output(struct line *line, const char *bytes, size_t n)
{
    size_t done = 0;

    while (done < n && line_output_room(line) >= TAB_WIDTH)
        output_byte(line, (uint8_t)bytes[done++]);
    return done;
}

/* ---- echo ---- */

static void echo_raw(struct line *line, uint8_t c)
{
    if (output_free(line) >= TAB_WIDTH)
        output_byte(line, c);
}

static void echo(struct line *line, uint8_t c)
{
    if (local_flag(line, ECHOCTL) && is_control(c) && c != '\t') {
        echo_raw(line, '^');
        echo_raw(line, c ^ 0100);
    } else {
        echo_raw(line, c);
    }
}

static void echo_rubout(struct line *line)
{
    echo_raw(line, BACKSPACE);
    echo_raw(line, ' ');
    echo_raw(line, BACKSPACE);
}

static void finish_erasing(struct line *line)
{
    if (line->erasing)
        echo_raw(line, '/');
    line->erasing = false;
}

/* ---- editing ---- */

static uint32_t width_at(const struct line *line, uint8_t c, uint32_t column)
{
    if (c == '\t')
        return TAB_WIDTH - column % TAB_WIDTH;
    if (is_control(c))
        return local_flag(line, ECHOCTL) ? 2 : 0;
    return is_continuation(line, c) ? 0 : 1;
}

/* Moves the cursor back over the tab that was typed at the end of the line. */
static void erase_tab(struct line *line)
{
    uint32_t column = line->start_column, back;

    for (uint32_t at = line->committed; at != line->head; at++)
        column += width_at(line, byte_at(line, at), column);
    back = TAB_WIDTH - column % TAB_WIDTH;
    while (back--)
        echo_raw(line, BACKSPACE);
}

/* What the screen shows when the character that stood at line->head goes away. */
static void echo_erased(struct line *line, uint8_t c, uint32_t bytes, bool one)
{
    if (!local_flag(line, ECHO))
        return;
    if (local_flag(line, ECHOPRT)) {
        if (!line->erasing)
            echo_raw(line, '\\');
        line->erasing = true;
        echo(line, c);
        for (uint32_t i = 1; i < bytes; i++)
            echo_raw(line, byte_at(line, line->head + i));
    } else if (one && !local_flag(line, ECHOE)) {
        echo(line, line->termios.characters[VERASE]);
    } else if (c == '\t') {
        erase_tab(line);
    } else if (is_control(c)) {
        if (local_flag(line, ECHOCTL)) {
            echo_rubout(line);
            echo_rubout(line);
        }
    } else {
        echo_rubout(line);
    }
}

enum erase { ERASE_CHARACTER, ERASE_WORD, ERASE_LINE };

/* Position of the last character's first byte. */
static uint32_t last_character(const struct line *line)
{
    uint32_t at = line->head - 1;

    while (at != line->committed && is_continuation(line, byte_at(line, at)))
        at--;
    return at;
}

static void erase(struct line *line, enum erase what)
{
    bool in_word = false;

    if (line->head == line->committed)
        return;
    if (what == ERASE_LINE && !(local_flag(line, ECHO) && local_flag(line, ECHOK) &&
                                local_flag(line, ECHOKE) && local_flag(line, ECHOE))) {
        line->head = line->committed;
        if (!local_flag(line, ECHO))
            return;
        finish_erasing(line);
        echo(line, line->termios.characters[VKILL]);
        if (local_flag(line, ECHOK))
            echo_raw(line, '\n');
        return;
    }
    while (line->head != line->committed) {
        uint32_t at = last_character(line), bytes = line->head - at;
        uint8_t c = byte_at(line, at);

        if (what == ERASE_WORD) {
            if (in_word && !is_word(c))
                break;
            in_word = in_word || is_word(c);
        }
        line->head = at;
        echo_erased(line, c, bytes, what == ERASE_CHARACTER);
        if (what == ERASE_CHARACTER)
            break;
    }
    if (line->head == line->committed && local_flag(line, ECHO))
        finish_erasing(line);
}

static void reprint(struct line *line)
{
    finish_erasing(line);
    echo(line, line->termios.characters[VREPRINT]);
    echo_raw(line, '\n');
    for (uint32_t at = line->committed; at != line->head; at++)
        echo(line, byte_at(line, at));
}

/* ---- input ---- */

static uint32_t input_free(const struct line *line)
{
    return LINE_INPUT_SIZE - (line->head - line->tail);
}

/* One place in the ring, and in a line, is kept for what ends it. */
size_t line_input_room(const struct line *line)
{
    uint32_t room = input_free(line);

    return room > 0 ? room - 1 : 0;
}

static bool has_room(const struct line *line)
{
    if (line_input_room(line) == 0)
        return false;
    return !line_canonical(line) || line->head - line->committed < LINE_LIMIT - 1;
}

static void store(struct line *line, uint8_t c)
{
    if (!has_room(line)) {
        if (input_flag(line, IMAXBEL))
            echo_raw(line, BELL);
        return;
    }
    if (local_flag(line, ECHO)) {
        finish_erasing(line);
        if (line->head == line->committed || !line_canonical(line))
            line->start_column = line->column;
        if (c == '\n')
            echo_raw(line, c);
        else
            echo(line, c);
    }
    put(line, c, false);
    if (input_flag(line, PARMRK) && c == 0xff && has_room(line))
        put(line, c, false);
    if (!line_canonical(line))
        line->committed = line->head;
}

static void end_line(struct line *line, uint8_t c)
{
    if (input_free(line) == 0)
        return;
    put(line, c, true);
    line->committed = line->head;
}

static unsigned signal_for(const struct line *line, uint8_t c)
{
    if (is_character(line, c, VINTR))
        return LINE_INTERRUPT;
    if (is_character(line, c, VQUIT))
        return LINE_QUIT;
    if (is_character(line, c, VSUSP))
        return LINE_SUSPEND;
    return 0;
}

static unsigned raise_signal(struct line *line, uint8_t c, unsigned signal)
{
    if (!local_flag(line, NOFLSH)) {
        line_flush_input(line);
        line_flush_output(line);
        signal |= LINE_FLUSHED;
    }
    if (input_flag(line, IXON))
        line->stopped = false;
    if (local_flag(line, ECHO))
        echo(line, c);
    return signal;
}

/* Characters that edit or end the line; false: an ordinary one. */
static bool edit(struct line *line, uint8_t c)
{
    bool extended = local_flag(line, IEXTEN), echoes = local_flag(line, ECHO);

    if (is_character(line, c, VERASE)) {
        erase(line, ERASE_CHARACTER);
    } else if (is_character(line, c, VKILL)) {
        erase(line, ERASE_LINE);
    } else if (extended && is_character(line, c, VWERASE)) {
        erase(line, ERASE_WORD);
    } else if (extended && is_character(line, c, VLNEXT)) {
        line->literal = true;
        if (echoes) {
            finish_erasing(line);
            if (local_flag(line, ECHOCTL)) {
                echo_raw(line, '^');
                echo_raw(line, BACKSPACE);
            }
        }
    } else if (extended && echoes && is_character(line, c, VREPRINT)) {
        reprint(line);
    } else if (c == '\n') {
        if (echoes || local_flag(line, ECHONL)) {
            finish_erasing(line);
            echo_raw(line, c);
        }
        end_line(line, c);
    } else if (is_character(line, c, VEOF)) {
        end_line(line, END_OF_FILE_MARK);
    } else if (is_character(line, c, VEOL) || (extended && is_character(line, c, VEOL2))) {
        if (echoes)
            echo(line, c);
        end_line(line, c);
    } else {
        return false;
    }
    return true;
}

/* Returns LINE_* bits. */
static unsigned input_byte(struct line *line, uint8_t c)
{
    unsigned signal;

    if (input_flag(line, ISTRIP))
        c &= 0x7f;
    if (input_flag(line, IUCLC) && local_flag(line, IEXTEN) && c >= 'A' && c <= 'Z')
        c = (uint8_t)(c - 'A' + 'a');
    if (line->literal) {
        line->literal = false;
        store(line, c);
        return 0;
    }
    if (input_flag(line, IXON)) {
        if (is_character(line, c, VSTART)) {
            line->stopped = false;
            return 0;
        }
        if (is_character(line, c, VSTOP)) {
            line->stopped = true;
            return 0;
        }
    }
    if (local_flag(line, ISIG) && (signal = signal_for(line, c)) != 0)
        return raise_signal(line, c, signal);
    if (line->stopped && input_flag(line, IXON) && input_flag(line, IXANY))
        line->stopped = false;
    if (c == '\r') {
        if (input_flag(line, IGNCR))
            return 0;
        if (input_flag(line, ICRNL))
            c = '\n';
    } else if (c == '\n' && input_flag(line, INLCR)) {
        c = '\r';
    }
    if (!line_canonical(line) || !edit(line, c))
        store(line, c);
    return 0;
}

unsigned line_input(struct line *line, const char *bytes, size_t n)
{
    unsigned wanted = 0;

    for (size_t i = 0; i < n; i++)
        wanted |= input_byte(line, (uint8_t)bytes[i]);
    return wanted;
}

/* ---- reading ---- */

bool line_readable(const struct line *line, size_t minimum)
{
    if (line_canonical(line))
        return line->committed != line->tail;
    return line->head - line->tail >= (minimum ? minimum : 1);
}

size_t line_input_count(const struct line *line)
{
    uint32_t count = line->committed - line->tail;

    if (!line_canonical(line))
        return line->head - line->tail;
    for (uint32_t at = line->tail; at != line->committed; at++)
        if (ends_at(line, at) && byte_at(line, at) == END_OF_FILE_MARK)
            count--;
    return count;
}

static bool end_of_file_at(const struct line *line, uint32_t position)
{
    return position != line->committed && ends_at(line, position) &&
           byte_at(line, position) == END_OF_FILE_MARK;
}

static size_t read_line(struct line *line, char *to, size_t n, bool *out_end)
{
    size_t done = 0;

    *out_end = false;
    while (line->tail != line->committed && !*out_end) {
        if (end_of_file_at(line, line->tail)) {
            line->tail++;
            *out_end = true;
            break;
        }
        if (done == n)
            break;
        *out_end = ends_at(line, line->tail);
        to[done++] = (char)byte_at(line, line->tail++);
    }
    return done;
}

size_t line_read(struct line *line, char *to, size_t n, bool *out_end)
{
    size_t done = 0;

    if (line_canonical(line))
        return read_line(line, to, n, out_end);
    *out_end = false;
    while (done < n && line->tail != line->head)
        to[done++] = (char)byte_at(line, line->tail++);
    return done;
}

void line_set(struct line *line, const struct termios *termios)
{
    bool was_canonical = line_canonical(line);

    line->termios = *termios;
    if (!is_set(termios->input, IXON))
        line->stopped = false;
    if (was_canonical == line_canonical(line))
        return;
    for (uint32_t at = line->tail; at != line->head; at++)
        mark_end(line, at, false);
    /* Text typed before raw mode ended counts as a line; raw mode reads everything. */
    if (!was_canonical && line->head != line->tail)
        mark_end(line, line->head - 1, true);
    line->committed = line->head;
    line->literal = line->erasing = false;
}
