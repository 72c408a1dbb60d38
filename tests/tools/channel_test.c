/*
 * The launcher's message reader and output queue by themselves, under AddressSanitizer.
 * Random cuts print their seed; `channel-test SEED` repeats one.
 */
#define _GNU_SOURCE
#include "../../tools/run/channel.h"
#include "../../tools/run/output.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int failures;
static const char *what;
static FILE *details; /* printed behind the test's result */
static char *detail_text;
static size_t detail_size;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(details, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__, what, #condition);     \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

static void finish(const char *name)
{
    static int failures_before;

    printf("%s %s\n", failures == failures_before ? "ok" : "not ok", name);
    failures_before = failures;
    fflush(details);
    fwrite(detail_text, 1, detail_size, stdout);
    rewind(details);
}

static size_t put_message(char *to, unsigned type, unsigned stream, size_t length, char fill)
{
    struct channel_header header = {(uint32_t)length, (uint16_t)type, (uint16_t)stream};

    memcpy(to, &header, sizeof(header));
    memset(to + sizeof(header), fill, length);
    return sizeof(header) + length;
}

/* 200 messages of random sizes, written in random parts, come out as they went in. */
static void test_random_cuts(unsigned seed)
{
    static char bytes[200 * (CHANNEL_MAX_PAYLOAD + 8)];
    size_t sizes[200], total = 0, written = 0;
    unsigned got = 0;
    int pair[2];
    struct channel channel;
    struct channel_header header;
    const char *payload;

    what = "random cuts";
    srandom(seed);
    for (unsigned i = 0; i < 200; i++) {
        sizes[i] = (size_t)(random() % 3 ? random() % 64 : random() % (CHANNEL_MAX_PAYLOAD + 1));
        total += put_message(bytes + total, CHANNEL_DATA, i % CHANNEL_STREAMS, sizes[i], (char)i);
    }
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    channel_open(&channel, pair[0]);
    while (got < 200) {
        size_t part = (size_t)(random() % 3 ? random() % 20 : random() % 100000);

        if (part > total - written)
            part = total - written;
        if (part > 0) {
            ssize_t n = send(pair[1], bytes + written, part, MSG_DONTWAIT);

            written += n > 0 ? (size_t)n : 0;
        }
        channel_fill(&channel);
        while (channel_next(&channel, &header, &payload) == CHANNEL_MESSAGE) {
            CHECK(header.length == sizes[got]);
            CHECK(header.stream == got % CHANNEL_STREAMS);
            CHECK(header.length == 0 ||
                  (payload[0] == (char)got && payload[header.length - 1] == (char)got));
            got++;
        }
    }
    close(pair[1]);
    CHECK(!channel_fill(&channel));
    CHECK(channel.fd == -1);
    free(channel.in);
    free(channel.out);
    finish("messages cut anywhere come out whole");
}

static void test_broken(void)
{
    static const struct channel_header headers[] = {
        {.length = CHANNEL_MAX_PAYLOAD + 1, .type = CHANNEL_DATA},
        {.length = UINT32_MAX, .type = CHANNEL_DATA},
        {.length = 0, .type = CHANNEL_DATA, .stream = CHANNEL_STREAMS},
    };

    what = "broken headers";
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct channel channel;
        struct channel_header header;
        const char *payload;
        int pair[2];

        socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
        channel_open(&channel, pair[0]);
        CHECK(write(pair[1], &headers[i], sizeof(headers[i])) == (ssize_t)sizeof(headers[i]));
        channel_fill(&channel);
        CHECK(channel_next(&channel, &header, &payload) == CHANNEL_BROKEN);
        CHECK(channel.fd == -1);
        close(pair[1]);
        free(channel.in);
    }
    finish("a header that breaks the rules closes the channel");
}

/* A peer that reads nothing: sending never blocks, and all of it arrives later, in order. */
static void test_slow_peer(void)
{
    static char part[30000];
    struct channel channel;
    size_t received = 0;
    int pair[2];

    what = "slow peer";
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    channel_open(&channel, pair[0]);
    for (unsigned i = 0; i < 100; i++) {
        memset(part, (int)i, sizeof(part));
        channel_send(&channel, CHANNEL_DATA, 0, part, sizeof(part), NULL, 0);
    }
    CHECK(channel.out_length > 0);
    while (received < 100 * (sizeof(part) + sizeof(struct channel_header))) {
        ssize_t n = recv(pair[1], part, sizeof(part), MSG_DONTWAIT);

        for (ssize_t i = 0; i < n; i++) {
            size_t at = received + (size_t)i;
            size_t message = at / (sizeof(part) + sizeof(struct channel_header));
            size_t offset = at % (sizeof(part) + sizeof(struct channel_header));

            if (offset >= sizeof(struct channel_header) && part[i] != (char)message) {
                CHECK(part[i] == (char)message);
                return;
            }
        }
        received += n > 0 ? (size_t)n : 0;
        channel_flush(&channel);
    }
    CHECK(channel.out_length == 0);
    close(pair[1]);
    channel_close(&channel);
    free(channel.in);
    free(channel.out);
    finish("a peer that reads nothing does not block the sender");
}

static void pump(struct output *output)
{
    struct pollfd polls[OUTPUT_SINKS];

    for (int i = 0; i < OUTPUT_SINKS; i++)
        output_poll(output, i, &polls[i]);
    poll(polls, OUTPUT_SINKS, 0);
    output_write(output, polls);
}

static size_t drain(int fd, char *to, size_t limit)
{
    ssize_t n = read(fd, to, limit);

    return n > 0 ? (size_t)n : 0;
}

static void test_stalled_sink(void)
{
    static char big[300000];
    struct output output;
    char got[16];
    int full[2], free_pipe[2];

    what = "stalled sink";
    if (pipe(full) || pipe2(free_pipe, O_NONBLOCK))
        exit(2);
    output_init(&output);
    output_open(&output, OUTPUT_STDOUT, full[1]);
    output_open(&output, OUTPUT_STDERR, free_pipe[1]);
    output_put(&output, OUTPUT_STDOUT, big, sizeof(big));
    output_put(&output, OUTPUT_STDERR, "through", 7);
    for (int i = 0; i < 200; i++)
        pump(&output);
    CHECK(output.sinks[OUTPUT_STDOUT].queued > 0);
    CHECK(drain(free_pipe[0], got, sizeof(got)) == 7);
    close(full[0]);
    pump(&output);
    CHECK(output.sinks[OUTPUT_STDOUT].fd == -1);
    CHECK(output_is_empty(&output));
    finish("a reader that stalls or goes holds up nobody else");
}

static void test_shared_sink(void)
{
    struct output output;
    char expected[4000], got[4000];
    size_t length = 0, received = 0;
    int pair[2];

    what = "one pipe for both";
    if (pipe2(pair, O_NONBLOCK))
        exit(2);
    fcntl(pair[1], F_SETPIPE_SZ, 4096);
    output_init(&output);
    output_open(&output, OUTPUT_STDOUT, pair[1]);
    output_open(&output, OUTPUT_STDERR, dup(pair[1]));
    for (int i = 0; i < 400; i++) {
        char text[16];
        int size = snprintf(text, sizeof(text), "%d ", i);

        memcpy(expected + length, text, (size_t)size);
        length += (size_t)size;
        output_put(&output, i % 3 ? OUTPUT_STDOUT : OUTPUT_STDERR, text, (size_t)size);
    }
    while (!output_is_empty(&output)) {
        pump(&output);
        received += drain(pair[0], got + received, 7);
    }
    received += drain(pair[0], got + received, sizeof(got) - received);
    while (received < length) {
        size_t n = drain(pair[0], got + received, sizeof(got) - received);

        if (n == 0)
            break;
        received += n;
    }
    CHECK(received == length && memcmp(expected, got, length) == 0);
    for (int i = OUTPUT_STDOUT; i <= OUTPUT_STDERR; i++)
        output_close(&output, i);
    finish("two descriptors of one pipe keep their order");
}

int main(int argc, char **argv)
{
    unsigned seed = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : (unsigned)time(NULL);

    signal(SIGPIPE, SIG_IGN);
    details = open_memstream(&detail_text, &detail_size);
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_random_cuts(seed);
    if (failures)
        printf("repeat with: channel-test %u\n", seed);
    test_broken();
    test_slow_peer();
    test_stalled_sink();
    test_shared_sink();
    fclose(details);
    free(detail_text);
    return failures != 0;
}
