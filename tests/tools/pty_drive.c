/*
 * pty-drive [-t SECONDS] [-s ROWSxCOLUMNS] SCRIPT -- COMMAND [ARGUMENT]...
 *
 * Runs COMMAND on a pseudo-terminal and does what SCRIPT says, one step per line:
 *
 *   send TEXT          types TEXT
 *   expect TEXT        waits until the command has printed TEXT, behind what was expected before
 *   never TEXT         TEXT is not in what was printed so far, behind what was expected before
 *   size ROWS COLUMNS  changes the window's size
 *   signal NUMBER      sends a signal to COMMAND
 *   stopped            waits until COMMAND is stopped by a signal
 *   hang up            closes the terminal; only `status` may follow
 *   status NUMBER      waits for the end of COMMAND and compares the exit status
 *   settings kept      waits until the terminal's settings are those from before COMMAND
 *
 * TEXT goes to the end of the line and knows \n \r \t \e \\ and \xHH; a final \c ends it.
 * Empty lines and lines that begin with # are skipped. Each wait is limited by -t (10 seconds).
 * Prints the step that failed and what was on the terminal; status 1 then, 0 when all went well.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int master = -1, slave = -1;
static pid_t child;
static struct termios settings;
static char *seen;                    /* everything that was printed */
static size_t seen_length, seen_from; /* expected text is looked for from seen_from */
static double limit = 10;
static const char *script_name;
static unsigned line_number;
static bool ended;
static int end_status;

static void print_escaped(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (c == '\n')
            printf("\\n\n  | ");
        else if (c == '\r')
            printf("\\r");
        else if (c < ' ' || c >= 127)
            printf("\\x%02x", c);
        else
            putchar(c);
    }
    putchar('\n');
}

_Noreturn static void fail(const char *step, const char *why)
{
    size_t from = seen_length > 1500 ? seen_length - 1500 : 0;

    printf("%s:%u: %s: %s\n  | ", script_name, line_number, step, why);
    print_escaped(seen + from, seen_length - from);
    if (child > 0 && !ended)
        kill(child, SIGTERM);
    exit(1);
}

static void *grown(void *old, size_t size)
{
    void *memory = realloc(old, size);

    if (!memory) {
        perror("pty-drive");
        exit(2);
    }
    return memory;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void reap(void)
{
    int status;

    if (!ended && waitpid(child, &status, WNOHANG) == child) {
        ended = true;
        end_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

/* Takes in what the command prints, for at most `seconds`; false when there is no more. */
static bool take(double seconds)
{
    struct pollfd waiting = {master, POLLIN, 0};
    char bytes[4096];
    ssize_t n;

    if (poll(&waiting, 1, (int)(seconds * 1000) + 1) <= 0)
        return false;
    n = read(master, bytes, sizeof(bytes));
    if (n <= 0)
        return false;
    seen = grown(seen, seen_length + (size_t)n);
    memcpy(seen + seen_length, bytes, (size_t)n);
    seen_length += (size_t)n;
    return true;
}

static void unescape(const char *text, char *to, size_t *out_length)
{
    size_t length = 0;

    for (; *text; text++) {
        unsigned value;

        if (*text != '\\' || text[1] == '\0') {
            to[length++] = *text;
            continue;
        }
        text++;
        if (*text == 'c')
            break;
        if (*text == 'x' && sscanf(text + 1, "%2x", &value) == 1) {
            to[length++] = (char)value;
            text += 2;
        } else {
            to[length++] = (char)(*text == 'n'   ? '\n'
                                  : *text == 'r' ? '\r'
                                  : *text == 't' ? '\t'
                                  : *text == 'e' ? '\033'
                                                 : *text);
        }
    }
    *out_length = length;
}

static void step_send(const char *step, const char *text, size_t length)
{
    double deadline = now() + limit;

    while (length > 0) {
        struct pollfd waiting = {master, POLLIN | POLLOUT, 0};
        ssize_t n = 0;

        if (now() > deadline)
            fail(step, "the terminal takes nothing more");
        poll(&waiting, 1, 100);
        if (waiting.revents & POLLIN)
            take(0);
        if (waiting.revents & POLLOUT)
            n = write(master, text, length < 256 ? length : 256);
        if (n < 0 && errno != EAGAIN)
            fail(step, strerror(errno));
        if (n > 0) {
            text += n;
            length -= (size_t)n;
        }
    }
}

static void step_expect(const char *step, const char *text, size_t length)
{
    double deadline = now() + limit;

    for (;;) {
        char *found = seen ? memmem(seen + seen_from, seen_length - seen_from, text, length) : NULL;

        if (found) {
            seen_from = (size_t)(found - seen) + length;
            return;
        }
        if (take(0.05))
            continue;
        reap();
        if (ended && !take(0.05))
            fail(step, "the command ended before");
        if (now() > deadline)
            fail(step, "did not come in time; the terminal has");
    }
}

static void step_status(const char *step, int wanted)
{
    double deadline = now() + limit;

    while (!ended) {
        if (master < 0)
            usleep(10000);
        else
            take(0.02);
        reap();
        if (now() > deadline)
            fail(step, "the command has not ended in time");
    }
    while (master >= 0 && take(0.02))
        ;
    if (end_status != wanted) {
        char why[64];

        snprintf(why, sizeof(why), "the command ended with status %d", end_status);
        fail(step, why);
    }
}

static bool settings_kept(void)
{
    struct termios after;

    return tcgetattr(slave, &after) == 0 && after.c_iflag == settings.c_iflag &&
           after.c_oflag == settings.c_oflag && after.c_lflag == settings.c_lflag &&
           after.c_cflag == settings.c_cflag &&
           memcmp(after.c_cc, settings.c_cc, sizeof(after.c_cc)) == 0;
}

static void step_settings(const char *step)
{
    double deadline = now() + limit;

    while (!settings_kept()) {
        take(0.02);
        reap();
        if (ended || now() > deadline)
            fail(step, "the terminal's settings are others now");
    }
}

static void step_stopped(const char *step)
{
    double deadline = now() + limit;
    int status;

    while (waitpid(child, &status, WNOHANG | WUNTRACED) != child || !WIFSTOPPED(status)) {
        take(0.02);
        if (now() > deadline)
            fail(step, "the command has not stopped");
    }
}

static void do_step(char *step)
{
    static char text[4096];
    size_t length;
    int first, second;

    if (strncmp(step, "send ", 5) == 0) {
        unescape(step + 5, text, &length);
        step_send(step, text, length);
    } else if (strncmp(step, "expect ", 7) == 0) {
        unescape(step + 7, text, &length);
        step_expect(step, text, length);
    } else if (strncmp(step, "never ", 6) == 0) {
        unescape(step + 6, text, &length);
        while (take(0.02))
            ;
        if (seen && memmem(seen + seen_from, seen_length - seen_from, text, length))
            fail(step, "it is there");
    } else if (sscanf(step, "size %d %d", &first, &second) == 2) {
        struct winsize size = {(unsigned short)first, (unsigned short)second, 0, 0};

        ioctl(master, TIOCSWINSZ, &size);
    } else if (sscanf(step, "signal %d", &first) == 1) {
        kill(child, first);
    } else if (sscanf(step, "status %d", &first) == 1) {
        step_status(step, first);
    } else if (strcmp(step, "stopped") == 0) {
        step_stopped(step);
    } else if (strcmp(step, "hang up") == 0) {
        close(slave);
        close(master);
        slave = master = -1;
    } else if (strcmp(step, "settings kept") == 0) {
        step_settings(step);
    } else {
        fail(step, "no such step");
    }
}

static void start(char **command, struct winsize *size)
{
    if (openpty(&master, &slave, NULL, NULL, size) < 0 || tcgetattr(slave, &settings) < 0) {
        perror("pty-drive: openpty");
        exit(1);
    }
    fcntl(master, F_SETFD, FD_CLOEXEC);
    fcntl(slave, F_SETFD, FD_CLOEXEC);
    fcntl(master, F_SETFL, O_NONBLOCK);
    child = fork();
    if (child == 0) {
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        for (int fd = 0; fd <= 2; fd++)
            dup2(slave, fd);
        execvp(command[0], command);
        fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
        _exit(127);
    }
}

int main(int argc, char **argv)
{
    struct winsize size = {24, 80, 0, 0};
    char *line = NULL;
    size_t capacity = 0;
    FILE *script;
    int option;

    while ((option = getopt(argc, argv, "+t:s:")) != -1) {
        if (option == 't')
            limit = strtod(optarg, NULL);
        else if (option != 's' || sscanf(optarg, "%hux%hu", &size.ws_row, &size.ws_col) != 2)
            return 2;
    }
    if (argc - optind < 2) {
        fprintf(stderr, "usage: pty-drive [-t SECONDS] [-s ROWSxCOLUMNS] SCRIPT -- COMMAND...\n");
        return 2;
    }
    script_name = argv[optind++];
    script = strcmp(script_name, "-") == 0 ? stdin : fopen(script_name, "re");
    if (!script) {
        perror(script_name);
        return 2;
    }
    if (strcmp(argv[optind], "--") == 0)
        optind++;
    start(argv + optind, &size);
    while (getline(&line, &capacity, script) > 0) {
        line_number++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] && line[0] != '#')
            do_step(line);
    }
    if (!ended)
        kill(child, SIGTERM);
    free(line);
    return 0;
}
