/*
 * The channel: messages out of and into one virtio serial port.
 *
 * Concepts
 *   One kernel thread, the reader, takes every message in. It must never wait for a program, so
 *   that a signal or a grant is never stuck behind data: data without credit cannot come, and what
 *   has credit has room. Messages go out from whoever has something to say, each in a buffer of the
 *   port: the order of channel_send_buffer() calls is the order on the wire.
 *
 * Invariants
 *   After EXIT, or when the peer broke the protocol (`finished`), nothing is sent any more.
 *   granted[terminal] is what the host may still send; it is renewed only while the terminal has
 *   room for it, so that typed-ahead text is never lost, and comes back as soon as the line
 *   discipline has looked at the bytes, so that Ctrl-C gets through while nobody reads.
 *
 * Locking
 *   channel.lock guards the port's output side and all counters; it is a leaf. The port's input
 *   side and the parser belong to the reader.
 */
#include "drivers/channel_private.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/mutex.h"
#include "core/random.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/signal.h"
#include "proc/process.h"
#include "tty/tty.h"

#include <quire/area.h>

/* Typed bytes under way; the terminal keeps that much room. */
#define TERMINAL_WINDOW 4096u

#define TERMINAL_NAME  "hvc0"
#define TERMINAL_MAJOR 229
#define TERMINAL_MINOR 0

struct channel channel;

/* Where the parser stands: in a header, or in the payload of `header`. */
static struct {
    struct channel_header header;
    uint32_t header_bytes; /* of it that are here */
    uint32_t left;         /* payload bytes to come */
    char *payload;         /* collected; NULL for DATA and for what is skipped */
    uint32_t collected;
    union {
        struct channel_window window;
        struct channel_signal signal;
        struct channel_credit credit;
    } small;
} parser;

static struct {
    struct wait_queue arrived;
    bool done;
    bool valid;
    struct channel_request request;
} start = {.arrived = {.waiters = LIST_INIT(start.arrived.waiters)}};

static struct {
    struct tty *tty;
    bool shared;      /* CHANNEL_SHARED_TERMINAL */
    bool wanted;      /* (l) a program waits for input */
    bool stalled;     /* (l) output found no buffer; the reader tries again */
    uint32_t granted; /* (l) */
} terminal;

static int program_group;
static unsigned early_signal; /* came while the program was being started; 0: none */

/* ---- sending ---- */

static char *try_buffer(void)
{
    char *buffer;

    quire_spin_lock(&channel.lock);
    buffer = virtio_port_buffer(channel.port);
    quire_spin_unlock(&channel.lock);
    return buffer;
}

char *channel_buffer(void)
{
    char *buffer = try_buffer();

    if (!buffer)
        wait_event(&channel.port->changed, (buffer = try_buffer()) != NULL);
    return buffer;
}

int channel_buffer_interruptible(bool wait, char **out_buffer)
{
    char *buffer = try_buffer();
    int result = 0;

    if (!buffer && !wait)
        return -EAGAIN;
    if (!buffer)
        result = wait_event_interruptible(&channel.port->changed, (buffer = try_buffer()) != NULL);
    *out_buffer = buffer;
    return result;
}

void channel_buffer_discard(char *buffer)
{
    quire_spin_lock(&channel.lock);
    virtio_port_discard(channel.port, buffer);
    quire_spin_unlock(&channel.lock);
    wake_all(&channel.port->changed);
}

static void send_locked(char *buffer, enum channel_type type, enum channel_stream stream,
                        size_t length)
{
    struct channel_header header = {
        .length = (uint32_t)length, .type = (uint16_t)type, .stream = (uint16_t)stream};

    if (channel.finished) {
        virtio_port_discard(channel.port, buffer);
        return;
    }
    memcpy(buffer, &header, sizeof(header));
    virtio_port_send(channel.port, buffer, sizeof(header) + length);
}

void channel_send_buffer(char *buffer, enum channel_type type, enum channel_stream stream,
                         size_t length)
{
    quire_spin_lock(&channel.lock);
    send_locked(buffer, type, stream, length);
    quire_spin_unlock(&channel.lock);
}

void channel_send(enum channel_type type, enum channel_stream stream, const void *payload,
                  size_t length)
{
    char *buffer = channel_buffer();

    memcpy(buffer + sizeof(struct channel_header), payload, length);
    channel_send_buffer(buffer, type, stream, length);
}

void channel_grant(enum channel_stream stream, uint32_t bytes)
{
    struct channel_credit credit = {bytes};

    channel_send(CHANNEL_CREDIT, stream, &credit, sizeof(credit));
}

/* ---- the terminal ---- */

/* Backend of the terminal: as much as there is credit and buffers for. The terminal's lock is held.
 */
static size_t terminal_write(void *data, const char *bytes, size_t n)
{
    struct channel_output *output = &channel.output[CHANNEL_TERMINAL];
    size_t sent = 0;

    (void)data;
    quire_spin_lock(&channel.lock);
    if (channel.finished || output->closed)
        sent = n; /* there is nobody to see it */
    while (sent < n && output->credit > 0) {
        size_t part = n - sent < output->credit ? n - sent : output->credit;
        char *buffer = virtio_port_buffer(channel.port);

        if (!buffer) {
            terminal.stalled = true;
            break;
        }
        if (part > CHANNEL_PART)
            part = CHANNEL_PART;
        memcpy(buffer + sizeof(struct channel_header), bytes + sent, part);
        send_locked(buffer, CHANNEL_DATA, CHANNEL_TERMINAL, part);
        output->credit -= (uint32_t)part;
        sent += part;
    }
    quire_spin_unlock(&channel.lock);
    return sent;
}

static void terminal_renew_grant(void)
{
    uint32_t room = (uint32_t)tty_input_room(terminal.tty), grant = 0;

    if (room > TERMINAL_WINDOW)
        room = TERMINAL_WINDOW;
    quire_spin_lock(&channel.lock);
    if (room > terminal.granted && !channel.finished && (!terminal.shared || terminal.wanted))
        grant = room - terminal.granted;
    if (grant < TERMINAL_WINDOW / 2 && terminal.granted > 0)
        grant = 0;
    terminal.granted += grant;
    quire_spin_unlock(&channel.lock);
    if (grant)
        channel_grant(CHANNEL_TERMINAL, grant);
}

static void terminal_input_wanted(void *data, bool waiting)
{
    (void)data;
    terminal.wanted = waiting;
    terminal_renew_grant();
}

static bool terminal_create(const struct channel_start *message)
{
    static const struct tty_backend backend = {
        .write = terminal_write,
        .input_wanted = terminal_input_wanted,
    };

    terminal.shared = (message->flags & CHANNEL_SHARED_TERMINAL) != 0;
    terminal.tty = tty_create(TERMINAL_NAME, TERMINAL_MAJOR, TERMINAL_MINOR, &backend);
    if (!terminal.tty)
        return false;
    if (terminal.shared)
        tty_set_cooked_by_host(terminal.tty);
    tty_set_window(terminal.tty, message->window.rows, message->window.columns,
                   message->window.x_pixels, message->window.y_pixels);
    terminal_renew_grant();
    return true;
}

struct tty *channel_terminal(void)
{
    return terminal.tty;
}

/* ---- START ---- */

/* Cuts the next string off [*at, end); NULL: there is none. */
static char *next_string(char **at, char *end)
{
    char *string = *at, *nul = *at < end ? memchr(string, '\0', (size_t)(end - string)) : NULL;

    if (!nul)
        return NULL;
    *at = nul + 1;
    return string;
}

static char **next_strings(char **at, char *end, uint32_t count)
{
    char **list;

    if (count > (size_t)(end - *at))
        return NULL;
    list = quire_area_alloc(&kernel_machine, (count + 1) * sizeof(*list), "arguments");
    for (uint32_t i = 0; list && i < count; i++) {
        list[i] = next_string(at, end);
        if (!list[i]) {
            (void)quire_area_free(&kernel_machine, list);
            return NULL;
        }
    }
    return list;
}

static bool parse_start(char *payload, size_t length)
{
    struct channel_request *request = &start.request;
    char *at = payload + sizeof(request->start), *end = payload + length;

    if (length < sizeof(request->start))
        return false;
    memcpy(&request->start, payload, sizeof(request->start));
    if (request->start.version != CHANNEL_VERSION)
        return false;
    request->directory = next_string(&at, end);
    request->program = next_string(&at, end);
    if (!request->directory || !request->program)
        return false;
    request->arguments = next_strings(&at, end, request->start.argument_count);
    if (!request->arguments)
        return false;
    request->environment = next_strings(&at, end, request->start.environment_count);
    return request->environment && at == end;
}

/* Keeps the payload: the request points into it. */
static void on_start(char *payload, size_t length)
{
    if (start.done) {
        (void)quire_area_free(&kernel_machine, payload);
        return;
    }
    start.valid = parse_start(payload, length);
    if (start.valid) {
        random_mix(start.request.start.entropy, sizeof(start.request.start.entropy));
        if (start.request.start.terminal_mask)
            start.valid = terminal_create(&start.request.start);
    }
    if (!start.valid)
        log_error("channel: the host's START cannot be used");
    start.done = true;
    wake_all(&start.arrived);
}

const struct channel_request *channel_wait_for_start(void)
{
    wait_event(&start.arrived, start.done);
    return start.valid ? &start.request : NULL;
}

static void on_signal(unsigned number)
{
    int group = terminal.tty ? tty_foreground_group(terminal.tty) : 0;

    if (group <= 0)
        group = program_group;
    if (number < 1 || number > SIGNAL_COUNT)
        return;
    if (group <= 0)
        early_signal = number;
    else
        (void)signal_send_group(group, (int)number, NULL);
}

void channel_set_group(int group)
{
    program_group = group;
    if (early_signal)
        on_signal(early_signal);
}

/* ---- receiving ---- */

static void end_streams(void)
{
    quire_spin_lock(&channel.lock);
    channel.finished = true;
    quire_spin_unlock(&channel.lock);
    for (unsigned i = 0; i < CHANNEL_STREAMS; i++)
        wake_all(&channel.output[i].changed);
    wake_all(&channel.input.changed);
    wake_all(&channel.port->changed);
}

/* The peer cannot be talked with: programs see closed pipes and a terminal that hung up. */
static void broken(const char *why)
{
    log_error("channel: the host broke the protocol: %s", why);
    end_streams();
    if (terminal.tty)
        tty_hangup(terminal.tty);
    if (!start.done) {
        start.done = true;
        wake_all(&start.arrived);
    }
}

static void on_credit(enum channel_stream stream, uint32_t bytes)
{
    quire_spin_lock(&channel.lock);
    channel.output[stream].credit += bytes;
    quire_spin_unlock(&channel.lock);
    wake_all(&channel.output[stream].changed);
    if (stream == CHANNEL_TERMINAL && terminal.tty)
        tty_writable(terminal.tty);
}

static bool on_data(enum channel_stream stream, const char *bytes, size_t length)
{
    bool allowed = false;

    if (stream == CHANNEL_STDIN)
        return channel_input_received(bytes, length);
    if (stream != CHANNEL_TERMINAL || !terminal.tty)
        return false;
    quire_spin_lock(&channel.lock);
    if (length <= terminal.granted) {
        terminal.granted -= (uint32_t)length;
        allowed = true;
    }
    quire_spin_unlock(&channel.lock);
    if (allowed) {
        tty_input(terminal.tty, bytes, length);
        terminal_renew_grant();
    }
    return allowed;
}

static void on_message(const struct channel_header *header)
{
    enum channel_stream stream = header->stream;

    switch (header->type) {
    case CHANNEL_START:
        on_start(parser.payload, header->length);
        break;
    case CHANNEL_WINDOW:
        if (terminal.tty && parser.collected == sizeof(parser.small.window))
            tty_set_window(terminal.tty, parser.small.window.rows, parser.small.window.columns,
                           parser.small.window.x_pixels, parser.small.window.y_pixels);
        break;
    case CHANNEL_SIGNAL:
        if (parser.collected == sizeof(parser.small.signal))
            on_signal(parser.small.signal.number);
        break;
    case CHANNEL_CREDIT:
        if (parser.collected == sizeof(parser.small.credit))
            on_credit(stream, parser.small.credit.bytes);
        break;
    case CHANNEL_END:
        if (stream == CHANNEL_STDIN)
            channel_input_ended();
        else if (stream == CHANNEL_TERMINAL && terminal.tty)
            tty_hangup(terminal.tty);
        break;
    case CHANNEL_CLOSED:
        channel_output_closed(stream);
        break;
    default:
        break;
    }
}

/* Where the payload of the message goes whose header is complete. False: a broken message. */
static bool begin_message(void)
{
    const struct channel_header *header = &parser.header;
    uint32_t limit = header->type == CHANNEL_START ? CHANNEL_MAX_START : CHANNEL_MAX_PAYLOAD;

    if (header->length > limit || header->stream >= CHANNEL_STREAMS)
        return false;
    parser.left = header->length;
    parser.collected = 0;
    parser.payload = NULL;
    if (header->type == CHANNEL_START) {
        parser.payload = quire_area_alloc(&kernel_machine, (size_t)header->length + 1, "start");
        if (!parser.payload) {
            log_error("channel: no memory for the program's arguments (%u bytes)", header->length);
            return false;
        }
    } else if (header->type != CHANNEL_DATA && header->length <= sizeof(parser.small)) {
        parser.payload = (char *)&parser.small;
    }
    return true;
}

/* Takes as much of [bytes, end) as belongs to the current message's payload. */
static const char *take_payload(const char *bytes, const char *end, bool *out_ok)
{
    size_t part = (size_t)(end - bytes) < parser.left ? (size_t)(end - bytes) : parser.left;

    *out_ok = true;
    if (part == 0)
        return bytes;
    if (parser.header.type == CHANNEL_DATA) {
        *out_ok = on_data(parser.header.stream, bytes, part);
    } else if (parser.payload) {
        memcpy(parser.payload + parser.collected, bytes, part);
        parser.collected += (uint32_t)part;
    }
    parser.left -= (uint32_t)part;
    return bytes + part;
}

static bool received(const char *bytes, size_t length)
{
    const char *end = bytes + length;

    while (bytes < end) {
        bool ok;

        if (parser.header_bytes < sizeof(parser.header)) {
            ((char *)&parser.header)[parser.header_bytes++] = *bytes++;
            if (parser.header_bytes < sizeof(parser.header))
                continue;
            if (!begin_message())
                return false;
        }
        bytes = take_payload(bytes, end, &ok);
        if (!ok)
            return false;
        if (parser.left == 0) {
            on_message(&parser.header);
            parser.header_bytes = 0;
        }
    }
    return true;
}

static bool can_go_on_with_terminal(void)
{
    bool can;

    quire_spin_lock(&channel.lock);
    can = terminal.stalled && virtio_port_has_buffer(channel.port);
    quire_spin_unlock(&channel.lock);
    return can;
}

static void reader(void *argument)
{
    struct virtio_port *port = channel.port;

    (void)argument;
    for (;;) {
        const char *bytes;
        size_t length;

        wait_event(&port->changed, virtio_port_has_input(port) || can_go_on_with_terminal());
        if (can_go_on_with_terminal()) {
            terminal.stalled = false;
            tty_writable(terminal.tty);
        }
        while ((bytes = virtio_port_receive(port, &length)) != NULL) {
            bool fine = channel.finished || received(bytes, length);

            virtio_port_done(port, bytes);
            if (!fine)
                broken("a message is too long, or came without credit, or there is no memory");
        }
    }
}

bool channel_open(void)
{
    struct channel_ready ready = {CHANNEL_MAGIC, CHANNEL_VERSION};

    channel.port = virtio_serial_open(CHANNEL_PORT_NAME);
    if (!channel.port)
        return false;
    quire_spin_init(&channel.lock);
    wait_queue_init(&channel.input.changed);
    for (unsigned i = 0; i < CHANNEL_STREAMS; i++)
        wait_queue_init(&channel.output[i].changed);
    channel.input.ring = quire_area_alloc(&kernel_machine, CHANNEL_INPUT_SIZE, "channel input");
    if (!channel.input.ring || !kernel_thread_start("channel", reader, NULL)) {
        log_error("channel: no memory");
        return false;
    }
    channel_send(CHANNEL_READY, 0, &ready, sizeof(ready));
    return true;
}

/* ---- the end ---- */

static bool all_sent(void)
{
    bool sent;

    quire_spin_lock(&channel.lock);
    sent = virtio_port_sent(channel.port);
    quire_spin_unlock(&channel.lock);
    return sent || !virtio_port_connected(channel.port);
}

void channel_finish(enum channel_exit_kind kind, unsigned value, const char *text)
{
    struct channel_exit message = {kind, value};
    size_t length = strnlen(text, CHANNEL_PART - sizeof(message));
    char *buffer;

    if (terminal.tty && !channel.finished)
        tty_drain(terminal.tty);
    buffer = channel_buffer();
    memcpy(buffer + sizeof(struct channel_header), &message, sizeof(message));
    memcpy(buffer + sizeof(struct channel_header) + sizeof(message), text, length);
    channel_send_buffer(buffer, CHANNEL_EXIT, 0, sizeof(message) + length);
    end_streams();
    wait_event(&channel.port->changed, all_sent());
}
