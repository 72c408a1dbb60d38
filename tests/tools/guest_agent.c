/*
 * The guest's side of the channel as an ordinary Linux program. What the tests expect of a kernel
 * is written down here, and it stands in two places:
 *
 *   On the host it takes QEMU's place (QUIRE_QEMU) and runs the program right there, with pipes
 *   and a pseudo-terminal as START says. So the launcher is tested alone. Programs whose name
 *   begins with "guest-" misbehave instead: see misbehave(). The variable HOST_GUEST chooses what
 *   happens before START: "mute" never says READY, "stranger" says a wrong version, "refuse" ends
 *   as QEMU does on a bad option. HOST_SHELL_START names a file that interactive shells read first.
 *
 *   As process 1 of Debian's Linux (tests/linux/run) it loads the modules listed in
 *   /modules/order, mounts what programs expect and finds the virtio port. So one launcher, one
 *   archive and one machine show what a program does under Linux and under quire.
 */
#define _GNU_SOURCE
#include "../../kernel/drivers/channel_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <glob.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUT_ROOM (64u * 1024)
#define PART       4096u
#define DIED       3 /* status of QEMU after the kernel's panic */

struct stream {
    int fd;           /* our end, or -1 */
    uint32_t credit;  /* outward: bytes we may send */
    uint32_t granted; /* inward: bytes the host may send */
    char *pending;    /* inward: bytes that the program has not taken */
    size_t pending_length;
    bool end;  /* inward: close after the pending bytes */
    bool deaf; /* a terminal that nobody has open */
};

static int channel_fd = -1, log_fd = -1;
static struct stream streams[CHANNEL_STREAMS];
static pid_t child;
static bool shared_terminal;

/* Ends the machine or, on the host, what stands for QEMU. */
_Noreturn static void end_here(int status)
{
    if (getpid() == 1) {
        sync();
        reboot(RB_POWER_OFF);
    }
    exit(status);
}

_Noreturn static void give_up(const char *why)
{
    dprintf(log_fd >= 0 ? log_fd : 2, "guest_agent: %s: %s\n", why, strerror(errno));
    end_here(DIED);
}

static void write_all(int fd, const void *bytes, size_t length)
{
    const char *from = bytes;

    while (length > 0) {
        ssize_t n = write(fd, from, length);

        if (n < 0 && errno != EINTR)
            give_up("write");
        if (n > 0) {
            from += n;
            length -= (size_t)n;
        }
    }
}

static void send_message(unsigned type, unsigned stream, const void *payload, size_t length)
{
    struct channel_header header = {(uint32_t)length, (uint16_t)type, (uint16_t)stream};

    write_all(channel_fd, &header, sizeof(header));
    write_all(channel_fd, payload, length);
}

static void read_all(void *bytes, size_t length)
{
    char *to = bytes;

    while (length > 0) {
        ssize_t n = read(channel_fd, to, length);

        if (n == 0)
            end_here(0);
        if (n < 0 && errno != EINTR)
            give_up("read");
        if (n > 0) {
            to += n;
            length -= (size_t)n;
        }
    }
}

static char *read_message(struct channel_header *out_header)
{
    char *payload;

    read_all(out_header, sizeof(*out_header));
    payload = malloc(out_header->length + 1);
    if (!payload)
        give_up("malloc");
    read_all(payload, out_header->length);
    return payload;
}

static void find_descriptors(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        sscanf(argv[i], "socket,id=channel,fd=%d", &channel_fd);
        sscanf(argv[i], "socket,id=log,fd=%d", &log_fd);
    }
    if (channel_fd < 0 || log_fd < 0)
        give_up("no descriptors on the command line");
}

static void send_exit(unsigned kind, unsigned value, const char *text)
{
    struct channel_exit end = {kind, value};
    char payload[256];
    int length = snprintf(payload + sizeof(end), sizeof(payload) - sizeof(end), "%s", text);

    memcpy(payload, &end, sizeof(end));
    send_message(CHANNEL_EXIT, 0, payload, sizeof(end) + (size_t)length);
}

static void misbehave(const char *program)
{
    static const struct channel_header wrong = {.length = 1u << 30, .type = CHANNEL_DATA};
    static const char bytes[CHANNEL_MAX_PAYLOAD];

    if (strcmp(program, "guest-panic") == 0) {
        dprintf(log_fd, "kernel bug: it fell over\r\nrip 0x1234\r\n");
        end_here(DIED);
    } else if (strcmp(program, "guest-vanish") == 0) {
        end_here(0);
    } else if (strcmp(program, "guest-garbage") == 0) {
        write_all(channel_fd, &wrong, sizeof(wrong));
    } else if (strcmp(program, "guest-no-credit") == 0) {
        for (unsigned i = 0; i < 64; i++)
            send_message(CHANNEL_DATA, CHANNEL_STDOUT, bytes, sizeof(bytes));
    } else if (strcmp(program, "guest-power-off") == 0) {
        send_exit(CHANNEL_POWERED_OFF, 0, "");
        end_here(1);
    } else if (strcmp(program, "guest-linger") == 0) {
        send_exit(CHANNEL_EXITED, 5, "");
    } else if (strcmp(program, "guest-wild") == 0) {
        send_exit(CHANNEL_SIGNALLED, SIGSEGV, "write to 0x10: no region is near");
        end_here(1);
    } else {
        return;
    }
    for (;;)
        pause();
}

/* ---- the program ---- */

static char *next_string(char **at, const char *end)
{
    char *string = *at;

    *at = memchr(string, '\0', (size_t)(end - string));
    if (!*at) {
        errno = EPROTO;
        give_up("START is cut off");
    }
    ++*at;
    return string;
}

static char **next_strings(char **at, const char *end, uint32_t count)
{
    char **list = calloc(count + 1, sizeof(*list));

    for (uint32_t i = 0; i < count; i++)
        list[i] = next_string(at, end);
    return list;
}

static int open_terminal(const struct channel_start *start)
{
    struct winsize size = {start->window.rows, start->window.columns, start->window.x_pixels,
                           start->window.y_pixels};
    struct termios settings;
    int master, slave;

    if (openpty(&master, &slave, NULL, NULL, &size) < 0)
        give_up("openpty");
    shared_terminal = start->flags & CHANNEL_SHARED_TERMINAL;
    tcgetattr(slave, &settings);
    if (shared_terminal) {
        settings.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
        settings.c_iflag &= ~(tcflag_t)IXON;
        settings.c_oflag &= ~(tcflag_t)OPOST;
        tcsetattr(slave, TCSANOW, &settings);
    }
    streams[CHANNEL_TERMINAL].fd = master;
    return slave;
}

_Noreturn static void become_program(const char *folder, const char *program, char **arguments,
                                     char **environment, const int ends[3], int slave)
{
    const char *shell_start = getenv("HOST_SHELL_START");
    sigset_t none;
    int error;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    if (slave >= 0)
        ioctl(slave, TIOCSCTTY, 0);
    for (int fd = 0; fd <= 2; fd++) {
        if (ends[fd] >= 0)
            dup2(ends[fd], fd);
        else
            close(fd);
    }
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    if (chdir(folder) < 0 && chdir("/") < 0)
        _exit(127);
    environ = environment;
    if (shell_start)
        setenv("ENV", shell_start, 1);
    execvp(program, arguments);
    error = errno;
    _exit(error == ENOENT ? 254 : 253);
}

static void start_program(char *payload, size_t length)
{
    struct channel_start start;
    char *at = payload + sizeof(start);
    const char *end = payload + length;
    int ends[3], slave = -1;
    char *folder, *program, **arguments, **environment;

    memcpy(&start, payload, sizeof(start));
    folder = next_string(&at, end);
    program = next_string(&at, end);
    arguments = next_strings(&at, end, start.argument_count);
    environment = next_strings(&at, end, start.environment_count);
    if (at != end)
        give_up("START is longer than its strings");
    misbehave(program);
    if (start.terminal_mask)
        slave = open_terminal(&start);
    for (int fd = 0; fd <= 2; fd++) {
        int pair[2];

        ends[fd] = -1;
        if (start.closed_mask & 1u << fd)
            continue;
        if (start.terminal_mask & 1u << fd) {
            ends[fd] = slave;
            continue;
        }
        if (pipe2(pair, O_CLOEXEC) < 0)
            give_up("pipe");
        ends[fd] = pair[fd ? 1 : 0];
        streams[fd].fd = pair[fd ? 0 : 1];
    }
    child = fork();
    if (child == 0)
        become_program(folder, program, arguments, environment, ends, slave);
    for (int fd = 0; fd <= 2; fd++)
        if (ends[fd] >= 0 && ends[fd] != slave)
            close(ends[fd]);
    if (slave >= 0)
        close(slave);
}

/* ---- the loop ---- */

static void close_stream(unsigned stream)
{
    if (streams[stream].fd >= 0)
        close(streams[stream].fd);
    streams[stream].fd = -1;
}

static void take_input(unsigned number, const char *bytes, size_t length)
{
    struct stream *stream = &streams[number];

    if (length > stream->granted) {
        errno = EPROTO;
        give_up("input beyond the credit");
    }
    stream->granted -= (uint32_t)length;
    stream->pending = realloc(stream->pending, stream->pending_length + length);
    memcpy(stream->pending + stream->pending_length, bytes, length);
    stream->pending_length += length;
}

static void on_message(const struct channel_header *header, const char *payload)
{
    struct stream *stream = &streams[header->stream];
    struct channel_window window;
    struct channel_signal signal;
    struct channel_credit credit;

    switch (header->type) {
    case CHANNEL_DATA:
        take_input(header->stream, payload, header->length);
        break;
    case CHANNEL_END:
        stream->end = true;
        break;
    case CHANNEL_CLOSED:
        close_stream(header->stream);
        break;
    case CHANNEL_CREDIT:
        memcpy(&credit, payload, sizeof(credit));
        stream->credit += credit.bytes;
        break;
    case CHANNEL_SIGNAL:
        memcpy(&signal, payload, sizeof(signal));
        kill(-child, (int)signal.number);
        break;
    case CHANNEL_WINDOW:
        memcpy(&window, payload, sizeof(window));
        if (streams[CHANNEL_TERMINAL].fd >= 0) {
            struct winsize size = {window.rows, window.columns, 0, 0};

            ioctl(streams[CHANNEL_TERMINAL].fd, TIOCSWINSZ, &size);
        }
        break;
    default:
        break;
    }
}

/* Passes what the program wrote on; true when there may be more. */
static bool serve_output(unsigned number)
{
    struct stream *stream = &streams[number];
    char bytes[PART];
    size_t limit = stream->credit < PART ? stream->credit : PART;
    ssize_t n;

    if (limit == 0)
        return false;
    n = read(stream->fd, bytes, limit);
    if (n <= 0 && number == CHANNEL_TERMINAL) {
        /* Nobody has it open now. Closing our end would send SIGHUP to a program that is ending. */
        stream->deaf = true;
        return false;
    }
    if (n <= 0) {
        close_stream(number);
        return false;
    }
    stream->credit -= (uint32_t)n;
    send_message(CHANNEL_DATA, number, bytes, (size_t)n);
    return true;
}

static void serve_input(unsigned number, short events)
{
    struct stream *stream = &streams[number];
    size_t part = stream->pending_length < PART ? stream->pending_length : PART;
    ssize_t n = 0;

    if (events & POLLERR) {
        send_message(CHANNEL_CLOSED, number, NULL, 0);
        close_stream(number);
        return;
    }
    if (part > 0 && (events & POLLOUT))
        n = write(stream->fd, stream->pending, part);
    if (n > 0) {
        stream->pending_length -= (size_t)n;
        memmove(stream->pending, stream->pending + n, stream->pending_length);
    }
}

static void grant(unsigned number)
{
    struct stream *stream = &streams[number];
    struct channel_credit credit = {INPUT_ROOM - stream->granted -
                                    (uint32_t)stream->pending_length};

    if (stream->fd < 0 || credit.bytes < INPUT_ROOM / 2)
        return;
    stream->granted += credit.bytes;
    send_message(CHANNEL_CREDIT, number, &credit, sizeof(credit));
}

static void report_end(int status)
{
    /* Everything written before the end goes before EXIT; what is still open is cut off. */
    for (unsigned stream = CHANNEL_STDOUT; stream < CHANNEL_STREAMS; stream++) {
        while (streams[stream].fd >= 0 && !streams[stream].deaf) {
            struct pollfd polls[2] = {{streams[stream].fd, POLLIN, 0}, {channel_fd, POLLIN, 0}};

            if (streams[stream].credit == 0) {
                struct channel_header header;
                char *payload = read_message(&header);

                on_message(&header, payload);
                free(payload);
                continue;
            }
            if (poll(polls, 1, 0) <= 0 || !serve_output(stream))
                break;
        }
    }
    if (WIFSIGNALED(status))
        send_exit(CHANNEL_SIGNALLED, (unsigned)WTERMSIG(status), "");
    else if (WEXITSTATUS(status) == 254)
        send_exit(CHANNEL_NOT_STARTED, ENOENT, "");
    else
        send_exit(CHANNEL_EXITED, (unsigned)WEXITSTATUS(status), "");
    end_here(1);
}

static void on_child(int number)
{
    (void)number; /* only to interrupt poll() */
}

static void serve(void)
{
    struct pollfd polls[CHANNEL_STREAMS + 1];
    sigset_t none;
    int status;

    sigemptyset(&none);
    for (unsigned i = 0; i < CHANNEL_STREAMS; i++) {
        struct stream *stream = &streams[i];
        bool out = i == CHANNEL_STDIN || i == CHANNEL_TERMINAL;
        bool in = i != CHANNEL_STDIN && stream->credit > 0 && !stream->deaf;

        if (i == CHANNEL_STDIN && stream->end && stream->pending_length == 0)
            close_stream(i);
        polls[i] = (struct pollfd){
            stream->fd, (short)((out && stream->pending_length ? POLLOUT : 0) | (in ? POLLIN : 0)),
            0};
    }
    polls[CHANNEL_STREAMS] = (struct pollfd){channel_fd, POLLIN, 0};
    if (ppoll(polls, CHANNEL_STREAMS + 1, NULL, &none) < 0 && errno != EINTR)
        give_up("poll");
    if (waitpid(child, &status, WNOHANG) == child)
        report_end(status);
    if (polls[CHANNEL_STREAMS].revents) {
        struct channel_header header;
        char *payload = read_message(&header);

        on_message(&header, payload);
        free(payload);
    }
    for (unsigned i = 0; i < CHANNEL_STREAMS; i++) {
        short events = polls[i].revents;

        if (streams[i].fd < 0 || streams[i].fd != polls[i].fd)
            continue;
        if (i == CHANNEL_STDIN || (i == CHANNEL_TERMINAL && (events & POLLOUT)))
            serve_input(i, events);
        if (i != CHANNEL_STDIN && (events & (POLLIN | POLLHUP)))
            serve_output(i);
    }
    grant(CHANNEL_STDIN);
    grant(CHANNEL_TERMINAL);
}

/* ---- as process 1 ---- */

static void load_modules(void)
{
    FILE *order = fopen("/modules/order", "re");
    char *name = NULL;
    size_t size = 0;

    while (order && getline(&name, &size, order) > 0) {
        int fd;

        name[strcspn(name, "\n")] = '\0';
        fd = open(name, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
            give_up(name);
        close(fd);
        unlink(name);
    }
    if (order)
        fclose(order);
    /* What only this agent needs is not there for the program. */
    unlink("/modules/order");
    rmdir("/modules");
    unlink("/init");
    free(name);
}

/* A blank device becomes an area: Linux's header, version 1, without a bad page. */
static void make_swap_area(int fd)
{
    uint32_t head[3] = {1, 0, 0};
    off_t size = lseek(fd, 0, SEEK_END);
    char magic[10];

    if (pread(fd, magic, sizeof(magic), 4096 - 10) != sizeof(magic) || magic[0] != '\0')
        return;
    head[1] = (uint32_t)(size / 4096 - 1);
    if (pwrite(fd, head, sizeof(head), 1024) != sizeof(head) ||
        pwrite(fd, "SWAPSPACE2", 10, 4096 - 10) != 10)
        give_up("swap header");
}

/* As the kernel quire does: swap=/dev/vda,/dev/vdb on the kernel's line, which Linux puts into the
 * environment. */
static void switch_swap_on(void)
{
    char *names = getenv("swap");

    for (char *name = names ? strtok(names, ",") : NULL; name; name = strtok(NULL, ",")) {
        int fd = open(name, O_RDWR | O_CLOEXEC);

        if (fd < 0)
            give_up(name);
        make_swap_area(fd);
        close(fd);
        if (swapon(name, 0) < 0)
            give_up(name);
    }
    unsetenv("swap");
}

static int find_port(void)
{
    char name[32], device[64];
    glob_t ports;
    int fd = -1;

    if (glob("/sys/class/virtio-ports/*/name", 0, NULL, &ports) != 0)
        return -1;
    for (size_t i = 0; i < ports.gl_pathc && fd < 0; i++) {
        FILE *file = fopen(ports.gl_pathv[i], "re");

        if (file && fgets(name, sizeof(name), file) &&
            strncmp(name, CHANNEL_PORT_NAME, strlen(CHANNEL_PORT_NAME)) == 0 &&
            sscanf(ports.gl_pathv[i], "/sys/class/virtio-ports/%31[^/]", name) == 1) {
            snprintf(device, sizeof(device), "/dev/%s", name);
            fd = open(device, O_RDWR | O_CLOEXEC);
        }
        if (file)
            fclose(file);
    }
    globfree(&ports);
    return fd;
}

/* The port comes when the driver has talked to the device, and nobody can be waited for. */
static int open_port(void)
{
    for (unsigned tries = 0; tries < 2000; tries++) {
        int fd = find_port();

        if (fd >= 0)
            return fd;
        usleep(5000);
    }
    give_up("no virtio port for the channel");
}

static void set_up_machine(void)
{
    /* Linux leaves these to user space. */
    static const struct {
        const char *target, *path;
    } links[] = {{"/proc/self/fd", "/dev/fd"},
                 {"/proc/self/fd/0", "/dev/stdin"},
                 {"/proc/self/fd/1", "/dev/stdout"},
                 {"/proc/self/fd/2", "/dev/stderr"}};

    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    log_fd = open("/dev/console", O_RDWR | O_CLOEXEC | O_NOCTTY);
    mkdir("/dev/pts", 0755);
    mkdir("/dev/shm", 01777);
    mount("devpts", "/dev/pts", "devpts", 0, "mode=620");
    mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        if (symlink(links[i].target, links[i].path) == -1 && errno != EEXIST)
            give_up(links[i].path);
    }
    sethostname("quire", 5);
    load_modules();
    switch_swap_on();
    channel_fd = open_port();
}

int main(int argc, char **argv)
{
    const char *mode = getenv("HOST_GUEST");
    struct channel_ready ready = {CHANNEL_MAGIC, CHANNEL_VERSION};
    struct channel_header header;
    struct sigaction action = {.sa_handler = on_child};
    sigset_t set;
    char *payload;

    if (mode && strcmp(mode, "refuse") == 0) {
        fprintf(stderr, "qemu: bad option\n");
        return 1;
    }
    if (getpid() == 1)
        set_up_machine();
    else
        find_descriptors(argc, argv);
    dprintf(log_fd, "guest_agent: here\r\n");
    if (mode && strcmp(mode, "mute") == 0)
        for (;;)
            pause();
    if (mode && strcmp(mode, "stranger") == 0)
        ready.version++;
    for (unsigned i = 0; i < CHANNEL_STREAMS; i++)
        streams[i].fd = -1;
    signal(SIGPIPE, SIG_IGN);
    send_message(CHANNEL_READY, 0, &ready, sizeof(ready));
    payload = read_message(&header);
    if (header.type != CHANNEL_START)
        give_up("START does not come first");
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGCHLD, &action, NULL);
    start_program(payload, header.length);
    for (;;)
        serve();
}
