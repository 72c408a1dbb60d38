/*
 * Concepts
 *   The session stands between the machine's channel and the user's descriptors 0 to 2, and does
 *   whatever poll() says can be done without waiting: it never sleeps in a read or a write, so
 *   that a slow reader, a program that reads nothing and a full channel do not hold each other up.
 *
 * Stages
 *   BOOTING   until READY; the answer is START
 *   RUNNING   until EXIT, or until the machine ends without one
 *   ENDING    the program's last output is being written and QEMU is ending
 *   The session is over when the machine has ended, what it sent is read, and the output is
 *   written or has no reader.
 *
 * Credit (channel_protocol.h)
 *   Input is read only when the guest has room for it, so what the program does not read mostly
 *   stays where it is. Output is granted again when it has been written here.
 *
 * Terminal
 *   Raw when both standard input and output are terminals. Otherwise other programs of a
 *   pipeline (`run | less`) use the terminal too: it keeps its settings and its signals.
 */
#define _GNU_SOURCE
#include "session.h"

#include "../common/report.h"
#include "channel.h"
#include "output.h"
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND         INT64_C(1000000000)
#define OUTPUT_WINDOW  (256u * 1024) /* bytes under way per stream */
#define GRANT_AT       (64u * 1024)  /* written bytes that are worth a message */
#define INPUT_PART     (32u * 1024)
#define LOG_LIMIT      (1024u * 1024)
#define ENDING_TIME    (3 * SECOND)
#define GRACE          (5 * SECOND)  /* for a program that was told to end */
#define PATIENCE       (10 * SECOND) /* until the user is told that the kernel says nothing */
#define ESCAPE         0x1d          /* Ctrl-] */
#define END_OF_FILE    4             /* Ctrl-D */
#define REPEATS_TO_END 3

enum stage { BOOTING, RUNNING, ENDING };

enum {
    POLL_SIGNAL,
    POLL_CHANNEL,
    POLL_LOG,
    POLL_ERRORS,
    POLL_STDIN,
    POLL_KEYS,
    POLL_OUTPUT,
    POLLS = POLL_OUTPUT + OUTPUT_SINKS
};

/* Counts how often something is asked for in one second. */
struct repeats {
    int count;
    int64_t since;
};

struct log {
    char *bytes;
    size_t length;
    bool cut; /* its beginning was dropped */
};

struct session {
    const struct options *options;
    const struct image *image;
    struct machine *machine;
    struct channel channel;
    struct output output;
    struct log kernel_log, qemu_log;
    enum stage stage;
    int signal_fd;
    int stdin_fd, keys_fd; /* -1 when not to be read any more */
    int window_fd;         /* a terminal, or -1 */
    uint32_t terminal_mask, closed_mask;
    bool raw;
    uint32_t credit[CHANNEL_STREAMS];  /* bytes that the guest takes */
    uint32_t granted[CHANNEL_STREAMS]; /* bytes that the guest may send */
    bool told_closed[CHANNEL_STREAMS];
    bool machine_ended, exit_known;
    bool told_patience;
    char *epilogue;     /* to be said when the terminal is itself again, or NULL */
    int machine_status; /* of waitpid */
    int status;         /* for the user */
    struct repeats escape;
    struct repeats signals[NSIG];
    int told_to_end; /* the signal that said so, or 0 */
    int64_t grace_deadline;
    int64_t started, deadline, ending_deadline;
};

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static bool repeated(struct repeats *repeats)
{
    int64_t time = now();

    if (time - repeats->since > SECOND) {
        repeats->since = time;
        repeats->count = 0;
    }
    return ++repeats->count >= REPEATS_TO_END;
}

static void log_append(struct log *log, const char *bytes, size_t length)
{
    if (log->length + length > LOG_LIMIT) {
        size_t keep = log->length < LOG_LIMIT / 2 ? log->length : LOG_LIMIT / 2;

        memmove(log->bytes, log->bytes + log->length - keep, keep);
        log->length = keep;
        log->cut = true;
    }
    log->bytes = reallocate(log->bytes, log->length + length);
    memcpy(log->bytes + log->length, bytes, length);
    log->length += length;
}

static void log_print(const struct log *log)
{
    if (log->cut)
        fprintf(stderr, "[...]\n");
    for (size_t i = 0; i < log->length; i++)
        if (log->bytes[i] != '\r')
            fputc(log->bytes[i], stderr);
    if (log->length > 0 && log->bytes[log->length - 1] != '\n')
        fputc('\n', stderr);
}

static void set_epilogue(struct session *session, char *text)
{
    free(session->epilogue);
    session->epilogue = text;
}

/* Ends the machine from here, whatever it is doing; `why` is allocated and may be NULL. */
static void end_machine(struct session *session, int status, char *why)
{
    session->status = status;
    set_epilogue(session, why);
    session->exit_known = true;
    session->stage = ENDING;
    session->ending_deadline = now() + ENDING_TIME;
    if (!session->machine_ended)
        kill(session->machine->pid, SIGKILL);
    /* What waits for a reader is given up too. */
    for (int i = 1; i < OUTPUT_SINKS; i++)
        output_close(&session->output, i);
}

/* ---- from the user to the machine ---- */

static size_t add_string(char *to, const char *string)
{
    size_t size = strlen(string) + 1;

    if (to)
        memcpy(to, string, size);
    return size;
}

static size_t environment(const struct options *options, char *to, uint32_t *out_count)
{
    static const char *const fixed[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME=/root",
        "USER=root",
        "LOGNAME=root",
        "SHELL=/bin/sh",
    };
    static const char *const passed[] = {"TERM", "LANG", "LC_ALL", "TZ"};
    size_t size = 0;

    *out_count = 0;
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++, ++*out_count)
        size += add_string(to ? to + size : NULL, fixed[i]);
    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
        const char *value = getenv(passed[i]);
        char *string;

        if (i == 0 && options->display)
            value = "linux"; /* the kernel's own terminal */
        if (!value)
            continue;
        string = format_string("%s=%s", passed[i], value);
        size += add_string(to ? to + size : NULL, string);
        ++*out_count;
        free(string);
    }
    return size;
}

/* The strings behind struct channel_start; returns their size, and writes them if `to` is there. */
static size_t start_strings(const struct session *session, char *to, struct channel_start *start)
{
    static char shell[] = "-sh";
    char *shell_arguments[] = {shell, NULL};
    char **argument = session->options->program[0] ? session->options->program : shell_arguments;
    size_t size = add_string(to, session->image->working_folder);

    size += add_string(to ? to + size : NULL, session->image->program);
    start->argument_count = 0;
    for (; *argument; argument++, start->argument_count++)
        size += add_string(to ? to + size : NULL, *argument);
    return size + environment(session->options, to ? to + size : NULL, &start->environment_count);
}

static void send_start(struct session *session)
{
    struct channel_start start = {.version = CHANNEL_VERSION,
                                  .terminal_mask = session->terminal_mask,
                                  .closed_mask = session->closed_mask};
    size_t size = start_strings(session, NULL, &start);
    char *strings;

    if (size > CHANNEL_MAX_START - sizeof(start)) {
        end_machine(session, STATUS_CANNOT_RUN, format_string("the arguments are too long"));
        return;
    }
    strings = allocate(size);
    start_strings(session, strings, &start);
    if (session->terminal_mask && !session->raw)
        start.flags |= CHANNEL_SHARED_TERMINAL;
    if (session->window_fd >= 0)
        start.window = terminal_window(session->window_fd);
    if (getrandom(start.entropy, sizeof(start.entropy), 0) != (ssize_t)sizeof(start.entropy))
        memset(start.entropy, 0, sizeof(start.entropy));
    channel_send(&session->channel, CHANNEL_START, 0, &start, sizeof(start), strings, size);
    free(strings);
    session->stage = RUNNING;
}

static void send_empty(struct session *session, enum channel_type type, enum channel_stream stream)
{
    channel_send(&session->channel, type, stream, NULL, 0, NULL, 0);
}

static void end_input(struct session *session, enum channel_stream stream)
{
    send_empty(session, CHANNEL_END, stream);
    if (stream == CHANNEL_STDIN)
        session->stdin_fd = -1;
    else
        session->keys_fd = -1;
}

/* Reads once, at most what the guest takes; returns as read() does. */
static ssize_t read_input(struct session *session, int fd, enum channel_stream stream, char *bytes)
{
    size_t limit = session->credit[stream] < INPUT_PART ? session->credit[stream] : INPUT_PART;
    ssize_t n = read(fd, bytes, limit);

    if (n > 0) {
        session->credit[stream] -= (uint32_t)n;
        channel_send(&session->channel, CHANNEL_DATA, stream, bytes, (size_t)n, NULL, 0);
    }
    return n;
}

static bool would_wait(ssize_t n)
{
    return n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK);
}

static void serve_stdin(struct session *session)
{
    static char bytes[INPUT_PART];
    ssize_t n = read_input(session, session->stdin_fd, CHANNEL_STDIN, bytes);

    if (n <= 0 && !would_wait(n))
        end_input(session, CHANNEL_STDIN);
}

static void serve_keys(struct session *session, short events)
{
    static const char end_of_file = END_OF_FILE;
    static char bytes[INPUT_PART];
    ssize_t n = read_input(session, session->keys_fd, CHANNEL_TERMINAL, bytes);

    for (ssize_t i = 0; session->raw && i < n; i++) {
        if (bytes[i] != ESCAPE)
            session->escape.count = 0;
        else if (repeated(&session->escape))
            end_machine(session, STATUS_SIGNAL + SIGKILL, format_string("ended by Ctrl-]"));
    }
    if (n > 0 || would_wait(n))
        return;
    if (session->raw || (events & POLLHUP)) {
        end_input(session, CHANNEL_TERMINAL);
    } else if (n == 0) {
        /* Ctrl-D: an end of file, after which the terminal can be read again. */
        session->credit[CHANNEL_TERMINAL]--;
        channel_send(&session->channel, CHANNEL_DATA, CHANNEL_TERMINAL, &end_of_file, 1, NULL, 0);
    } else {
        session->keys_fd = -1; /* it is not ours to read; the program's output still goes there */
    }
}

/*
 * The program gets the user's signals. One that tells it to end is meant for the machine too: what
 * goes on nevertheless, or hangs, does so for GRACE.
 */
static void send_signal(struct session *session, int number)
{
    struct channel_signal signal = {.number = (uint32_t)number};

    if (session->stage != RUNNING || repeated(&session->signals[number])) {
        end_machine(session, STATUS_SIGNAL + number, NULL);
        return;
    }
    channel_send(&session->channel, CHANNEL_SIGNAL, 0, &signal, sizeof(signal), NULL, 0);
    if ((number == SIGTERM || number == SIGHUP) && session->told_to_end == 0) {
        session->told_to_end = number;
        session->grace_deadline = now() + GRACE;
    }
}

static void send_window(struct session *session)
{
    struct channel_window window;

    if (session->window_fd < 0 || session->stage != RUNNING)
        return;
    window = terminal_window(session->window_fd);
    channel_send(&session->channel, CHANNEL_WINDOW, 0, &window, sizeof(window), NULL, 0);
}

/* Stops this process as its default action would, with the machine, until SIGCONT. */
static void stop_here(struct session *session)
{
    int64_t stopped = now();

    terminal_restore();
    kill(session->machine->pid, SIGSTOP);
    raise(SIGSTOP);
    kill(session->machine->pid, SIGCONT);
    if (session->raw)
        terminal_make_raw(session->keys_fd);
    if (session->deadline)
        session->deadline += now() - stopped;
    send_window(session);
}

static void serve_signals(struct session *session)
{
    struct signalfd_siginfo info;

    while (read(session->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        switch (info.ssi_signo) {
        case SIGCHLD:
            if (waitpid(session->machine->pid, &session->machine_status, WNOHANG) > 0)
                session->machine_ended = true;
            break;
        case SIGWINCH:
            send_window(session);
            break;
        case SIGTSTP:
            stop_here(session);
            break;
        default:
            send_signal(session, (int)info.ssi_signo);
        }
    }
}

/* ---- from the machine to the user ---- */

static void on_ready(struct session *session, const char *payload, size_t length)
{
    struct channel_ready ready;

    if (length < sizeof(ready) || session->stage != BOOTING)
        return;
    memcpy(&ready, payload, sizeof(ready));
    if (ready.magic != CHANNEL_MAGIC || ready.version != CHANNEL_VERSION) {
        end_machine(session, STATUS_CANNOT_RUN,
                    format_string("the kernel speaks version %u of the channel, this program %u",
                                  ready.version, CHANNEL_VERSION));
        return;
    }
    send_start(session);
}

static void on_exit_message(struct session *session, const char *payload, size_t length)
{
    const char *program = session->image->program;
    struct channel_exit end;
    const char *text = payload + sizeof(end);
    int text_length;

    if (length < sizeof(end) || session->exit_known)
        return;
    memcpy(&end, payload, sizeof(end));
    text_length = (int)(length - sizeof(end));
    session->exit_known = true;
    session->stage = ENDING;
    session->ending_deadline = now() + ENDING_TIME;
    switch (end.kind) {
    case CHANNEL_EXITED:
        session->status = (int)(end.value & 0xff);
        break;
    case CHANNEL_SIGNALLED:
        session->status = STATUS_SIGNAL + (int)(end.value & 0x7f);
        if (text_length > 0)
            set_epilogue(session, format_string("%s: %.*s", program, text_length, text));
        break;
    case CHANNEL_NOT_STARTED:
        session->status = STATUS_CANNOT_RUN;
        set_epilogue(session, format_string("%s: %s%s%.*s%s", program, strerror((int)end.value),
                                            text_length ? " (" : "", text_length, text,
                                            text_length ? ")" : ""));
        break;
    case CHANNEL_POWERED_OFF:
        session->status = 0;
        break;
    default:
        set_epilogue(session, format_string("the program ended in an unknown way (%u)", end.kind));
        session->status = STATUS_CANNOT_RUN;
    }
}

static bool on_data(struct session *session, unsigned stream, const char *bytes, size_t length)
{
    if (stream == CHANNEL_STDIN || length > session->granted[stream])
        return false;
    session->granted[stream] -= (uint32_t)length;
    output_put(&session->output, (int)stream, bytes, length);
    return true;
}

static bool on_message(struct session *session, const struct channel_header *header,
                       const char *payload)
{
    struct channel_credit credit;

    switch (header->type) {
    case CHANNEL_READY:
        on_ready(session, payload, header->length);
        return true;
    case CHANNEL_DATA:
        return on_data(session, header->stream, payload, header->length);
    case CHANNEL_CREDIT:
        if (header->length < sizeof(credit))
            return false;
        memcpy(&credit, payload, sizeof(credit));
        return !__builtin_add_overflow(session->credit[header->stream], credit.bytes,
                                       &session->credit[header->stream]);
    case CHANNEL_CLOSED:
        if (header->stream == CHANNEL_STDIN)
            session->stdin_fd = -1;
        return true;
    case CHANNEL_EXIT:
        on_exit_message(session, payload, header->length);
        return true;
    default:
        return true;
    }
}

static void serve_channel(struct session *session)
{
    struct channel_header header;
    const char *payload;
    enum channel_status status;

    channel_fill(&session->channel);
    while ((status = channel_next(&session->channel, &header, &payload)) == CHANNEL_MESSAGE) {
        if (!on_message(session, &header, payload)) {
            channel_close(&session->channel);
            status = CHANNEL_BROKEN;
            break;
        }
    }
    if (status == CHANNEL_BROKEN) {
        end_machine(session, STATUS_KERNEL_DIED,
                    format_string("the kernel broke the rules of the channel"));
    }
}

/* Shows lines of ours or of the kernel's, which begin at the left on a raw terminal too. */
static void show(struct session *session, const char *text, size_t length)
{
    char *lines = allocate(2 * length);
    size_t size = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\r')
            continue;
        if (text[i] == '\n' && session->raw)
            lines[size++] = '\r';
        lines[size++] = text[i];
    }
    output_put(&session->output, OUTPUT_MESSAGES, lines, size);
    free(lines);
}

static void serve_log(struct session *session, int *fd, struct log *log)
{
    char bytes[4096];
    ssize_t n = read(*fd, bytes, sizeof(bytes));

    if (n > 0) {
        log_append(log, bytes, (size_t)n);
        if (session->options->verbose)
            show(session, bytes, (size_t)n);
    } else if (!would_wait(n)) {
        close(*fd);
        *fd = -1;
    }
}

/* Grants what was written, and tells of readers that have gone. */
static void update_streams(struct session *session)
{
    for (unsigned stream = CHANNEL_STDOUT; stream < CHANNEL_STREAMS; stream++) {
        struct sink *sink = &session->output.sinks[stream];
        struct channel_credit credit;

        if (sink->fd < 0 && !session->told_closed[stream]) {
            session->told_closed[stream] = true;
            send_empty(session, CHANNEL_CLOSED, stream);
        }
        credit.bytes = OUTPUT_WINDOW - (uint32_t)sink->queued - session->granted[stream];
        if (credit.bytes < GRANT_AT)
            continue;
        session->granted[stream] += credit.bytes;
        channel_send(&session->channel, CHANNEL_CREDIT, stream, &credit, sizeof(credit), NULL, 0);
    }
}

/* ---- the loop ---- */

void session_prepare(void)
{
    static const int numbers[] = {SIGCHLD, SIGWINCH, SIGTSTP, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaddset(&set, numbers[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int open_signals(void)
{
    sigset_t set;
    int fd;

    sigprocmask(SIG_BLOCK, NULL, &set);
    fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        fail("cannot watch signals: %s", strerror(errno));
    return fd;
}

static bool is_terminal(const struct session *session, int fd)
{
    return session->terminal_mask & 1u << fd;
}

/* Finds out what descriptors 0 to 2 are and who reads and writes what. */
static void open_descriptors(struct session *session)
{
    session->stdin_fd = session->keys_fd = session->window_fd = -1;
    output_init(&session->output);
    for (int fd = 0; fd <= 2; fd++) {
        if (isatty(fd)) {
            session->terminal_mask |= 1u << fd;
            /* With a screen it stands for the machine's own terminal. */
            if (session->window_fd < 0 && !session->options->display)
                session->window_fd = fd;
        } else if (!(session->closed_mask & 1u << fd)) {
            if (fd == 0)
                session->stdin_fd = fd;
            else
                output_open(&session->output, fd, fd);
        }
    }
    if (session->window_fd >= 0) {
        session->keys_fd = session->window_fd;
        output_open(&session->output, OUTPUT_TERMINAL,
                    is_terminal(session, 1) ? 1 : session->window_fd);
    }
    output_open(&session->output, OUTPUT_MESSAGES, STDERR_FILENO);
    session->raw = session->keys_fd >= 0 && is_terminal(session, 0) && is_terminal(session, 1) &&
                   terminal_make_raw(session->keys_fd);
}

static void watch(struct session *session, struct pollfd polls[POLLS])
{
    const struct channel *channel = &session->channel;
    bool running = session->stage == RUNNING && !session->machine_ended;
    bool room = session->output.sinks[OUTPUT_MESSAGES].queued < LOG_LIMIT;

    polls[POLL_SIGNAL] = (struct pollfd){.fd = session->signal_fd, .events = POLLIN};
    polls[POLL_CHANNEL] = (struct pollfd){
        .fd = channel->fd, .events = (short)(POLLIN | (channel->out_length > 0 ? POLLOUT : 0))};
    polls[POLL_LOG] = (struct pollfd){.fd = room ? session->machine->log_fd : -1, .events = POLLIN};
    polls[POLL_ERRORS] =
        (struct pollfd){.fd = room ? session->machine->errors_fd : -1, .events = POLLIN};
    polls[POLL_STDIN] = (struct pollfd){
        .fd = running && session->credit[CHANNEL_STDIN] > 0 ? session->stdin_fd : -1,
        .events = POLLIN};
    polls[POLL_KEYS] = (struct pollfd){
        .fd = running && session->credit[CHANNEL_TERMINAL] > 0 ? session->keys_fd : -1,
        .events = POLLIN};
    for (int i = 0; i < OUTPUT_SINKS; i++)
        output_poll(&session->output, i, &polls[POLL_OUTPUT + i]);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Milliseconds for poll(): until the next thing that happens by itself, rounded up. */
static int time_to_wait(const struct session *session)
{
    int64_t until = session->deadline;
    int64_t left;

    if (session->stage == BOOTING && !session->told_patience)
        until = earlier(until, session->started + PATIENCE);
    if (session->stage == RUNNING && session->told_to_end != 0)
        until = earlier(until, session->grace_deadline);
    if (session->stage == ENDING && !session->machine_ended)
        until = earlier(until, session->ending_deadline);
    if (until == 0)
        return -1;
    left = until - now();
    if (left <= 0)
        return 0;
    return left > 1000 * SECOND ? 1000 * 1000 : (int)((left + 999999) / 1000000);
}

static void serve_time(struct session *session)
{
    static const char patience[] =
        "quire run: the kernel has not started the program yet; --verbose shows what it does\n";
    int64_t time = now();

    if (session->deadline && time >= session->deadline) {
        double seconds = (double)session->options->timeout / (double)SECOND;

        session->deadline = 0;
        end_machine(session, STATUS_TIMEOUT,
                    format_string("ended after %g seconds (--timeout)", seconds));
    }
    if (session->stage == RUNNING && session->told_to_end != 0 && time >= session->grace_deadline)
        end_machine(session, STATUS_SIGNAL + session->told_to_end,
                    format_string("ended: the program went on after signal %d (%s)",
                                  session->told_to_end, strsignal(session->told_to_end)));
    if (session->stage == BOOTING && !session->told_patience &&
        time >= session->started + PATIENCE) {
        session->told_patience = true;
        show(session, patience, sizeof(patience) - 1);
    }
    if (session->stage == ENDING && !session->machine_ended && time >= session->ending_deadline) {
        kill(session->machine->pid, SIGKILL);
        session->ending_deadline = time + ENDING_TIME;
    }
}

static bool is_over(const struct session *session)
{
    const struct machine *machine = session->machine;

    return session->machine_ended && session->channel.fd < 0 && machine->log_fd < 0 &&
           machine->errors_fd < 0 && output_is_empty(&session->output);
}

static void serve(struct session *session)
{
    struct pollfd polls[POLLS];

    watch(session, polls);
    if (poll(polls, POLLS, time_to_wait(session)) < 0 && errno != EINTR)
        fail("cannot wait for the machine: %s", strerror(errno));
    if (polls[POLL_CHANNEL].revents & POLLOUT)
        channel_flush(&session->channel);
    if (polls[POLL_CHANNEL].revents & (POLLIN | POLLHUP | POLLERR))
        serve_channel(session);
    if (polls[POLL_LOG].revents)
        serve_log(session, &session->machine->log_fd, &session->kernel_log);
    if (polls[POLL_ERRORS].revents)
        serve_log(session, &session->machine->errors_fd, &session->qemu_log);
    if (polls[POLL_STDIN].revents && session->stdin_fd >= 0)
        serve_stdin(session);
    if (polls[POLL_KEYS].revents && session->keys_fd >= 0)
        serve_keys(session, polls[POLL_KEYS].revents);
    output_write(&session->output, polls + POLL_OUTPUT);
    if (session->stage == RUNNING)
        update_streams(session);
    serve_signals(session);
    serve_time(session);
}

/* The machine ended and nobody here ended it: says what is known. */
static int explain_death(const struct session *session)
{
    int status = WIFEXITED(session->machine_status) ? WEXITSTATUS(session->machine_status) : -1;
    bool silent = session->stage == BOOTING && session->kernel_log.length == 0;

    if (session->options->display && status == 0 && !silent) {
        report("ended: the screen was closed");
        return STATUS_SIGNAL + SIGKILL;
    }
    if (!session->options->verbose) {
        log_print(&session->kernel_log);
        log_print(&session->qemu_log);
    }
    if (silent && (status == 1 || status == MACHINE_NO_QEMU)) {
        report("QEMU did not start the machine");
        return STATUS_CANNOT_RUN;
    }
    if (WIFSIGNALED(session->machine_status))
        report("QEMU was ended by signal %d (%s)", WTERMSIG(session->machine_status),
               strsignal(WTERMSIG(session->machine_status)));
    else
        report("the kernel died %s (QEMU ended with status %d)",
               session->stage == BOOTING ? "before the program started" : "under the program",
               status);
    return STATUS_KERNEL_DIED;
}

int session_run(const struct options *options, const struct image *image, struct machine *machine)
{
    struct session session = {.options = options, .image = image, .machine = machine};

    session.closed_mask = options->closed_mask;
    session.started = now();
    session.deadline = options->timeout ? session.started + options->timeout : 0;
    session.signal_fd = open_signals();
    channel_open(&session.channel, machine->channel_fd);
    open_descriptors(&session);
    while (!is_over(&session))
        serve(&session);
    terminal_restore();
    if (!session.exit_known)
        session.status = explain_death(&session);
    else if (session.status == STATUS_KERNEL_DIED && !options->verbose)
        log_print(&session.kernel_log);
    if (session.epilogue)
        report("%s", session.epilogue);
    return session.status;
}
