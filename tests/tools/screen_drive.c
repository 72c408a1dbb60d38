/*
 * screen-drive [-t SECONDS] -f FONT SCRIPT -- QEMU [ARGUMENT]...
 *
 * Runs a machine and does what SCRIPT says with its keyboard, screen and serial line, one step per
 * line:
 *
 *   serial TEXT        waits until the serial line has printed TEXT, behind what was waited for
 * before screen TEXT        waits until TEXT can be read in one row of the picture gone TEXT waits
 * until it cannot at ROW COLUMN TEXT waits until TEXT stands there, counted from 1 colour ROW
 * COLUMN RRGGBB  waits until the cell there has a pixel of that colour size WIDTH HEIGHT  the
 * picture is so large memory TEXT        waits until TEXT can be read in a row of the VGA's text
 * memory, 80 columns type TEXT          types TEXT, and waits for something on the serial line
 * after each key key NAME[-NAME]... presses these keys of QEMU's together monitor COMMAND    tells
 * QEMU's monitor status NUMBER      waits for the end of QEMU and compares its exit status
 *
 * TEXT goes to the end of the line and knows \n \e \\; a final \c ends it. FONT is the kernel's, a
 * PC Screen Font: a cell of the picture is the character whose glyph has its pixels, in whichever
 * two colours. Every wait is limited by -t (20 seconds). What failed and what was to be seen is
 * printed, status 1 then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CELL_WIDTH  8
#define CELL_HEIGHT 16
#define GLYPHS      512

static const char *script_name;
static unsigned line_number;
static double limit = 20;
static pid_t machine;
static bool ended;
static int end_status;
static int serial_fd = -1, control_fd = -1;
static char picture_file[] = "/tmp/screen-drive-XXXXXX";

struct buffer {
    char *bytes;
    size_t length;
};

static struct buffer serial, control;
static size_t serial_from;

static struct {
    unsigned width, height;
    unsigned char *pixels; /* 3 bytes each */
} picture;

static struct {
    unsigned char glyphs[GLYPHS][CELL_HEIGHT];
    unsigned code[GLYPHS];        /* the first character of each */
    unsigned short same[0x10000]; /* the first character with the same glyph; 0: has none */
} font;

/* The screen as characters; 0: no glyph looks like that. */
static unsigned *cells;
static unsigned columns, rows;

/* ---- ends ---- */

static void print_screen(void)
{
    for (unsigned y = 0; y < rows; y++) {
        printf("  |");
        for (unsigned x = 0; x < columns; x++) {
            unsigned code = cells[y * columns + x];

            putchar(code == 0 ? '?' : code < 127 ? (int)code : '#');
        }
        putchar('\n');
    }
}

_Noreturn static void fail(const char *format, ...)
{
    size_t from = serial.length > 1500 ? serial.length - 1500 : 0;
    va_list arguments;

    printf("serial line:\n");
    fwrite(serial.bytes + from, 1, serial.length - from, stdout);
    printf("\nscreen:\n");
    print_screen();
    printf("%s:%u: ", script_name, line_number);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    if (machine > 0 && !ended)
        kill(machine, SIGKILL);
    unlink(picture_file);
    exit(1);
}

static void *grown(void *old, size_t size)
{
    void *memory = realloc(old, size);

    if (!memory)
        abort();
    return memory;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- the machine ---- */

static void start_machine(char **command)
{
    int serial_pair[2], control_pair[2];
    char *words[128], options[4][64];
    unsigned count = 0;
    pid_t parent = getpid();

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, serial_pair) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, control_pair) < 0)
        fail("socketpair: %s", strerror(errno));
    while (*command && count < 110)
        words[count++] = *command++;
    snprintf(options[0], sizeof(options[0]), "socket,id=serial,fd=%d", serial_pair[1]);
    snprintf(options[1], sizeof(options[1]), "socket,id=control,fd=%d", control_pair[1]);
    words[count++] = strdup("-chardev");
    words[count++] = options[0];
    words[count++] = strdup("-serial");
    words[count++] = strdup("chardev:serial");
    words[count++] = strdup("-chardev");
    words[count++] = options[1];
    words[count++] = strdup("-mon");
    words[count++] = strdup("chardev=control,mode=control");
    words[count] = NULL;
    machine = fork();
    if (machine < 0)
        fail("fork: %s", strerror(errno));
    if (machine == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(127);
        close(serial_pair[0]);
        close(control_pair[0]);
        execvp(words[0], words);
        _exit(127);
    }
    close(serial_pair[1]);
    close(control_pair[1]);
    serial_fd = serial_pair[0];
    control_fd = control_pair[0];
}

static void reap(void)
{
    int status;

    if (!ended && waitpid(machine, &status, WNOHANG) == machine) {
        ended = true;
        end_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

static bool take_from(int *fd, struct buffer *to)
{
    char bytes[4096];
    ssize_t n = read(*fd, bytes, sizeof(bytes));

    if (n <= 0) {
        close(*fd);
        *fd = -1;
        return false;
    }
    to->bytes = grown(to->bytes, to->length + (size_t)n + 1);
    memcpy(to->bytes + to->length, bytes, (size_t)n);
    to->length += (size_t)n;
    to->bytes[to->length] = '\0';
    return true;
}

/* Takes in what comes within so many seconds; returns at the first that came. */
static void take(double seconds)
{
    struct pollfd waiting[2] = {{serial_fd, POLLIN, 0}, {control_fd, POLLIN, 0}};

    if (poll(waiting, 2, (int)(seconds * 1000) + 1) > 0) {
        if (waiting[0].revents)
            take_from(&serial_fd, &serial);
        if (waiting[1].revents)
            take_from(&control_fd, &control);
    }
    reap();
}

/* One complete line of QEMU's; the caller frees it. */
static char *control_line(double until)
{
    for (;;) {
        char *end = control.bytes ? memchr(control.bytes, '\n', control.length) : NULL;

        if (end) {
            size_t length = (size_t)(end - control.bytes);
            char *line = strndup(control.bytes, length);

            control.length -= length + 1;
            memmove(control.bytes, end + 1, control.length + 1);
            return line;
        }
        if (control_fd < 0 || now() >= until)
            return NULL;
        take(0.1);
    }
}

/* Sends a command and waits for its answer, which the caller frees; events are passed over. NULL:
 * QEMU has ended. */
static char *ask(const char *text)
{
    double until = now() + limit;
    char *line;

    if (control_fd < 0 || write(control_fd, text, strlen(text)) < 0)
        return NULL;
    while ((line = control_line(until)) != NULL) {
        if (strncmp(line, "{\"return\"", 9) == 0)
            return line;
        if (strncmp(line, "{\"error\"", 8) == 0)
            fail("QEMU: %s: %s", text, line);
        free(line);
    }
    if (control_fd >= 0)
        fail("QEMU does not answer: %s", text);
    return NULL;
}

static char *command(const char *text)
{
    char *answer = ask(text);

    if (!answer)
        fail("QEMU has ended: %s", text);
    return answer;
}

static char *monitor(const char *line)
{
    char *text, *answer;

    if (asprintf(
            &text,
            "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"%s\"}}\n",
            line) < 0)
        abort();
    answer = command(text);
    free(text);
    return answer;
}

/* ---- the picture ---- */

static void read_font(const char *name)
{
    unsigned char file[65536];
    FILE *in = fopen(name, "rb");
    size_t size = in ? fread(file, 1, sizeof(file), in) : 0;
    size_t at = 4 + sizeof(font.glyphs);

    if (size < at || file[0] != 0x36 || file[1] != 0x04 || file[3] != CELL_HEIGHT)
        fail("%s is not the font", name);
    fclose(in);
    memcpy(font.glyphs, file + 4, sizeof(font.glyphs));
    for (unsigned glyph = 0; glyph < GLYPHS && at + 1 < size; at += 2) {
        unsigned code = file[at] | (unsigned)file[at + 1] << 8;

        if (code == 0xffff)
            glyph++;
        else if (code != 0xfffe) {
            if (font.code[glyph] == 0)
                font.code[glyph] = code;
            font.same[code] = (unsigned short)font.code[glyph];
        }
    }
}

static bool read_picture(void)
{
    FILE *in = fopen(picture_file, "rb");
    unsigned most;
    size_t size;
    bool good;

    if (!in)
        return false;
    good = fscanf(in, "P6 %u %u %u", &picture.width, &picture.height, &most) == 3 && most == 255 &&
           fgetc(in) != EOF && picture.width < 16384 && picture.height < 16384;
    size = (size_t)picture.width * picture.height * 3;
    if (good) {
        picture.pixels = grown(picture.pixels, size + 1);
        good = fread(picture.pixels, 1, size, in) == size;
    }
    fclose(in);
    return good;
}

static unsigned pixel(unsigned x, unsigned y)
{
    const unsigned char *at = picture.pixels + ((size_t)y * picture.width + x) * 3;

    return (unsigned)at[0] << 16 | (unsigned)at[1] << 8 | at[2];
}

static unsigned find_glyph(const unsigned char bitmap[CELL_HEIGHT])
{
    for (unsigned glyph = 0; glyph < GLYPHS; glyph++) {
        if (memcmp(font.glyphs[glyph], bitmap, CELL_HEIGHT) == 0)
            return font.code[glyph];
    }
    return 0;
}

/* The darker of two colours is the background, unless only the other way is a glyph. */
static unsigned read_cell(unsigned column, unsigned row)
{
    unsigned char bits[CELL_HEIGHT] = {0}, inverse[CELL_HEIGHT];
    unsigned left = column * CELL_WIDTH, top = row * CELL_HEIGHT;
    unsigned dark = pixel(left, top), light = dark, code;

    for (unsigned i = 0; i < CELL_WIDTH * CELL_HEIGHT; i++) {
        unsigned colour = pixel(left + i % CELL_WIDTH, top + i / CELL_WIDTH);

        dark = colour < dark ? colour : dark;
        light = colour > light ? colour : light;
    }
    if (dark == light)
        return ' ';
    for (unsigned i = 0; i < CELL_WIDTH * CELL_HEIGHT; i++) {
        unsigned colour = pixel(left + i % CELL_WIDTH, top + i / CELL_WIDTH);

        if (colour != dark && colour != light)
            return 0;
        if (colour == light)
            bits[i / CELL_WIDTH] |= (unsigned char)(0x80 >> i % CELL_WIDTH);
    }
    for (unsigned i = 0; i < CELL_HEIGHT; i++)
        inverse[i] = (unsigned char)~bits[i];
    code = find_glyph(bits);
    return code ? code : find_glyph(inverse);
}

static void look(void)
{
    char *text;

    if (asprintf(&text, "{\"execute\":\"screendump\",\"arguments\":{\"filename\":\"%s\"}}\n",
                 picture_file) < 0)
        abort();
    free(command(text));
    free(text);
    if (!read_picture())
        fail("the picture cannot be read");
    columns = picture.width / CELL_WIDTH;
    rows = picture.height / CELL_HEIGHT;
    cells = grown(cells, (size_t)columns * rows * sizeof(*cells) + 1);
    for (unsigned y = 0; y < rows; y++) {
        for (unsigned x = 0; x < columns; x++)
            cells[y * columns + x] = read_cell(x, y);
    }
}

/* What the VGA's text memory holds; the code page's upper half is not translated. */
static void look_at_memory(void)
{
    char *answer = monitor("xp /2000xh 0xb8000"), *at = answer;

    columns = 80;
    rows = 25;
    cells = grown(cells, (size_t)columns * rows * sizeof(*cells));
    memset(cells, 0, (size_t)columns * rows * sizeof(*cells));
    for (unsigned i = 0; i < columns * rows && (at = strstr(at, " 0x")) != NULL; i++, at++)
        cells[i] = (unsigned)strtoul(at, NULL, 16) & 0xff;
    free(answer);
}

/* ---- steps ---- */

static unsigned next_character(const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    unsigned length = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
    unsigned code = length == 1 ? *at : *at & (0xffu >> (length + 1));

    for (unsigned i = 1; i < length; i++)
        code = code << 6 | (at[i] & 0x3f);
    *text += length;
    return code;
}

static bool stands_at(unsigned row, unsigned column, const char *text)
{
    while (*text) {
        unsigned code = next_character(&text);

        if (code < 0x10000 && font.same[code] != 0)
            code = font.same[code];
        if (row >= rows || column >= columns || cells[row * columns + column++] != code)
            return false;
    }
    return true;
}

static bool stands_anywhere(const char *text)
{
    for (unsigned y = 0; y < rows; y++) {
        for (unsigned x = 0; x < columns; x++) {
            if (stands_at(y, x, text))
                return true;
        }
    }
    return false;
}

static bool has_colour(unsigned row, unsigned column, unsigned colour)
{
    for (unsigned i = 0; i < CELL_WIDTH * CELL_HEIGHT; i++) {
        if (row < rows && column < columns &&
            pixel(column * CELL_WIDTH + i % CELL_WIDTH, row * CELL_HEIGHT + i / CELL_WIDTH) ==
                colour)
            return true;
    }
    return false;
}

/* Looks again and again: the screen follows what is written after a moment. */
#define WAIT_FOR(condition, looking, ...)                                                          \
    do {                                                                                           \
        double until_ = now() + limit;                                                             \
        for (;;) {                                                                                 \
            bool late_ = now() >= until_;                                                          \
            looking;                                                                               \
            if (condition)                                                                         \
                break;                                                                             \
            if (late_ || ended)                                                                    \
                fail(__VA_ARGS__);                                                                 \
            take(0.05);                                                                            \
        }                                                                                          \
    } while (0)

static void step_serial(const char *text)
{
    const char *found = NULL;
    size_t length = strlen(text);

    WAIT_FOR(found != NULL,
             found = serial.length > serial_from ? memmem(serial.bytes + serial_from,
                                                          serial.length - serial_from, text, length)
                                                 : NULL,
             "the serial line does not say: %s", text);
    serial_from = (size_t)(found - serial.bytes) + length;
}

static void step_at(const char *text)
{
    unsigned row, column;
    int used = 0;

    if (sscanf(text, "%u %u %n", &row, &column, &used) < 2 || used == 0)
        fail("at ROW COLUMN TEXT");
    WAIT_FOR(stands_at(row - 1, column - 1, text + used), look(), "not there: %s", text);
}

static void step_colour(const char *text)
{
    unsigned row, column, colour;

    if (sscanf(text, "%u %u %x", &row, &column, &colour) != 3)
        fail("colour ROW COLUMN RRGGBB");
    WAIT_FOR(has_colour(row - 1, column - 1, colour), look(), "not this colour: %s", text);
}

static void step_size(const char *text)
{
    unsigned width, height;

    if (sscanf(text, "%u %u", &width, &height) != 2)
        fail("size WIDTH HEIGHT");
    WAIT_FOR(picture.width == width && picture.height == height, look(), "the picture has %ux%u",
             picture.width, picture.height);
}

/* Bit 0 of the keyboard controller's status: there is a byte for the machine. */
static bool keyboard_holds_bytes(void)
{
    char *answer = ask("{\"execute\":\"human-monitor-command\","
                       "\"arguments\":{\"command-line\":\"i /b 0x64\"}}\n");
    char *value = answer ? strstr(answer, "= ") : NULL;
    bool holds = value && strtoul(value + 2, NULL, 0) & 1;

    free(answer);
    return holds;
}

/* Keys by QEMU's names, joined by minus signs: down in order, up in the opposite one. */
static void press(const char *names)
{
    char events[1024] = "", text[1200], copy[128], *keys[8], *rest = NULL;
    unsigned count = 0;

    snprintf(copy, sizeof(copy), "%s", names);
    for (char *key = strtok_r(copy, "-", &rest); key && count < 8; key = strtok_r(NULL, "-", &rest))
        keys[count++] = key;
    for (unsigned i = 0; i < 2 * count; i++) {
        bool down = i < count;
        size_t length = strlen(events);

        snprintf(events + length, sizeof(events) - length,
                 "%s{\"type\":\"key\",\"data\":{\"down\":%s,\"key\":{\"type\":\"qcode\","
                 "\"data\":\"%s\"}}}",
                 i ? "," : "", down ? "true" : "false", keys[down ? i : 2 * count - 1 - i]);
    }
    snprintf(text, sizeof(text),
             "{\"execute\":\"input-send-event\",\"arguments\":{\"events\":[%s]}}\n", events);
    free(command(text));
    /* The keyboard keeps few bytes: the next key has room when the machine has taken all of them.
     */
    WAIT_FOR(ended || !keyboard_holds_bytes(), (void)0, "nobody reads the keyboard: %s", names);
}

static const char *key_of(char c)
{
    static const struct {
        char character;
        const char *keys;
    } table[] = {{' ', "spc"},
                 {'\n', "ret"},
                 {'\t', "tab"},
                 {'\033', "esc"},
                 {'-', "minus"},
                 {'=', "equal"},
                 {'[', "bracket_left"},
                 {']', "bracket_right"},
                 {';', "semicolon"},
                 {'\'', "apostrophe"},
                 {'`', "grave_accent"},
                 {'\\', "backslash"},
                 {',', "comma"},
                 {'.', "dot"},
                 {'/', "slash"},
                 {'!', "shift-1"},
                 {'@', "shift-2"},
                 {'#', "shift-3"},
                 {'$', "shift-4"},
                 {'%', "shift-5"},
                 {'^', "shift-6"},
                 {'&', "shift-7"},
                 {'*', "shift-8"},
                 {'(', "shift-9"},
                 {')', "shift-0"},
                 {'_', "shift-minus"},
                 {'+', "shift-equal"},
                 {'{', "shift-bracket_left"},
                 {'}', "shift-bracket_right"},
                 {':', "shift-semicolon"},
                 {'"', "shift-apostrophe"},
                 {'~', "shift-grave_accent"},
                 {'|', "shift-backslash"},
                 {'<', "shift-comma"},
                 {'>', "shift-dot"},
                 {'?', "shift-slash"}};
    static char text[16];

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].character == c)
            return table[i].keys;
    }
    if (c >= 'A' && c <= 'Z')
        snprintf(text, sizeof(text), "shift-%c", c - 'A' + 'a');
    else
        snprintf(text, sizeof(text), "%c", c);
    return text;
}

static void step_type(const char *text)
{
    for (; *text; text++)
        press(key_of(*text));
}

static void step_status(const char *text)
{
    WAIT_FOR(ended, take(0.05), "QEMU does not end");
    if (end_status != atoi(text))
        fail("QEMU's status is %d, not %s", end_status, text);
}

static void unescape(char *text)
{
    char *to = text;

    for (; *text; text++) {
        if (*text != '\\' || !text[1]) {
            *to++ = *text;
            continue;
        }
        if (*++text == 'c')
            break;
        *to++ = (char)(*text == 'n' ? '\n' : *text == 'e' ? '\033' : *text);
    }
    *to = '\0';
}

static void step(const char *name, const char *text)
{
    if (strcmp(name, "serial") == 0)
        step_serial(text);
    else if (strcmp(name, "never") == 0) {
        if (serial.bytes && strstr(serial.bytes, text))
            fail("the serial line says: %s", text);
    } else if (strcmp(name, "screen") == 0)
        WAIT_FOR(stands_anywhere(text), look(), "not on the screen: %s", text);
    else if (strcmp(name, "gone") == 0)
        WAIT_FOR(!stands_anywhere(text), look(), "still on the screen: %s", text);
    else if (strcmp(name, "at") == 0)
        step_at(text);
    else if (strcmp(name, "colour") == 0)
        step_colour(text);
    else if (strcmp(name, "size") == 0)
        step_size(text);
    else if (strcmp(name, "memory") == 0)
        WAIT_FOR(stands_anywhere(text), look_at_memory(), "not in the VGA's memory: %s", text);
    else if (strcmp(name, "type") == 0)
        step_type(text);
    else if (strcmp(name, "key") == 0)
        press(text);
    else if (strcmp(name, "monitor") == 0)
        free(monitor(text));
    else if (strcmp(name, "status") == 0)
        step_status(text);
    else
        fail("there is no step '%s'", name);
}

static void run_script(void)
{
    FILE *in = fopen(script_name, "r");
    char line[1024];

    if (!in)
        fail("%s", strerror(errno));
    while (fgets(line, sizeof(line), in)) {
        char *text;

        line_number++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        text = strchr(line, ' ');
        if (text)
            *text++ = '\0';
        else
            text = line + strlen(line);
        unescape(text);
        step(line, text);
    }
    fclose(in);
}

int main(int argc, char **argv)
{
    const char *font_name = NULL;
    int option, fd;

    while ((option = getopt(argc, argv, "+t:f:")) != -1) {
        if (option == 't')
            limit = atof(optarg);
        else if (option == 'f')
            font_name = optarg;
    }
    if (!font_name || argc - optind < 3 || strcmp(argv[optind + 1], "--") != 0) {
        fprintf(stderr, "usage: screen-drive [-t SECONDS] -f FONT SCRIPT -- QEMU [ARGUMENT]...\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    script_name = argv[optind];
    read_font(font_name);
    fd = mkstemp(picture_file);
    if (fd < 0)
        fail("no temporary file: %s", strerror(errno));
    close(fd);
    start_machine(argv + optind + 2);
    free(command("{\"execute\":\"qmp_capabilities\"}\n"));
    run_script();
    if (!ended) {
        kill(machine, SIGKILL);
        waitpid(machine, NULL, 0);
    }
    unlink(picture_file);
    return 0;
}
