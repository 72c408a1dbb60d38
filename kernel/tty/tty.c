/*
 * Terminals: the state around the line discipline.
 *
 * Concepts
 *   A terminal's input comes from its backend (tty_input) and waits in the line discipline for
 *   readers; its output is processed into the discipline's ring and pushed to the backend as far as
 *   that takes it (tty_push_locked); the backend calls tty_writable() when it takes more.
 *   Terminals of the machine exist for ever; pseudo-terminals go with their master.
 *
 * Locking
 *   tty->lock guards everything in it. It is not held while a signal is sent or user memory is
 *   copied; the backend's write() is called with it.
 */
#include "tty/tty.h"

#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/file_abi.h"
#include "linux/signal.h"
#include "tty/tty_private.h"

static struct tty *console; /* (a) what /dev/console means */

struct tty *tty_allocate(const char *name, unsigned major, unsigned minor,
                         const struct tty_backend *backend)
{
    struct tty *tty = kernel_alloc_zeroed(sizeof(*tty));

    if (!tty)
        return NULL;
    strlcpy(tty->name, name, sizeof(tty->name));
    tty->major = major;
    tty->minor = minor;
    tty->backend = *backend;
    quire_spin_init(&tty->lock);
    line_init(&tty->line);
    wait_queue_init(&tty->readable);
    wait_queue_init(&tty->writable);
    return tty;
}

void tty_destroy(struct tty *tty)
{
    kernel_free(tty);
}

/* ---- the nodes in /dev ---- */

/* The driver's data, which the VFS has put into the file, is the terminal. */
static int open_device(struct file *file)
{
    return tty_open_file(file->data, file);
}

/* /dev/tty: whatever controls the process that opens it. */
static int open_controlling(struct file *file)
{
    struct tty *tty = process_tty(current_process());

    return tty ? tty_open_file(tty, file) : -ENXIO;
}

static int open_console(struct file *file)
{
    file->flags |= O_NOCTTY;
    return console ? tty_open_file(console, file) : -ENXIO;
}

static int tty_devices_init(void)
{
    static const struct device_driver controlling = {
        .name = "tty", .major = 5, .minor = 0, .mode = 0666, .open = open_controlling};
    static const struct device_driver system = {
        .name = "console", .major = 5, .minor = 1, .mode = 0600, .open = open_console};
    int result = devfs_add(&controlling);

    return result ? result : devfs_add(&system);
}

/* The nodes that exist from the start; a terminal's own comes with tty_create(). */
INITCALL(INIT_PROCESS, tty_devices_init);

bool tty_add_name(struct tty *tty, const char *name, unsigned major, unsigned minor)
{
    struct device_driver driver = {.name = name,
                                   .major = major,
                                   .minor = minor,
                                   .mode = 0600,
                                   .open = open_device,
                                   .data = tty};

    if (devfs_add(&driver) == 0)
        return true;
    log_warn("%s: no node in /dev", name);
    return false;
}

struct tty *tty_create(const char *name, unsigned major, unsigned minor,
                       const struct tty_backend *backend)
{
    struct tty *tty = tty_allocate(name, major, minor, backend);

    if (!tty)
        return NULL;
    if (!tty_add_name(tty, name, major, minor)) {
        tty_destroy(tty);
        return NULL;
    }
    tty_set_console(tty);
    return tty;
}

void tty_set_console(struct tty *tty)
{
    __atomic_store_n(&console, tty, __ATOMIC_RELEASE);
}

/* Until tty_open_file() gives it its own: one that is refused was not counted. */
static const struct file_operations not_opened = {0};

struct file *tty_open(struct tty *tty, unsigned flags)
{
    char path[sizeof("/dev/") + TTY_NAME_SIZE] = "/dev/";
    struct file *file;

    strlcat(path, tty->name, sizeof(path));
    if (vfs_open(AT_FDCWD, path, flags | O_NOCTTY, 0, 0, &file) == 0)
        return file;
    file = file_create(&not_opened, NULL, flags);
    if (file && tty_open_file(tty, file) != 0) {
        file_put(file);
        return NULL;
    }
    return file;
}

/* ---- from the backend ---- */

static size_t push_piece_locked(struct tty *tty)
{
    const char *bytes;
    size_t length = line_pending(&tty->line, &bytes);
    size_t sent = length ? tty->backend.write(tty->backend.data, bytes, length) : 0;

    line_sent(&tty->line, sent);
    return sent;
}

void tty_push_locked(struct tty *tty)
{
    while (!tty->line.stopped && push_piece_locked(tty) > 0)
        continue;
}

void tty_wake_writers(struct tty *tty)
{
    wake_all(&tty->writable);
}

void tty_raise(struct tty *tty, unsigned wanted)
{
    int group = tty->group;

    if (group <= 0)
        return;
    if (wanted & LINE_INTERRUPT)
        (void)signal_send_group(group, SIGINT, NULL);
    if (wanted & LINE_QUIT)
        (void)signal_send_group(group, SIGQUIT, NULL);
    if (wanted & LINE_SUSPEND)
        (void)signal_send_group(group, SIGTSTP, NULL);
}

/* In pieces, so that what one piece echoes is on its way before the next fills the ring. */
void tty_input(struct tty *tty, const char *bytes, size_t n)
{
    unsigned wanted = 0;

    while (n > 0) {
        size_t part = n < 256 ? n : 256;
        unsigned asked;

        quire_spin_lock(&tty->lock);
        asked = tty->hung_up ? 0 : line_input(&tty->line, bytes, part);
        if (asked & LINE_FLUSHED && tty->backend.flush)
            tty->backend.flush(tty->backend.data);
        tty_push_locked(tty);
        quire_spin_unlock(&tty->lock);
        wanted |= asked;
        bytes += part;
        n -= part;
    }
    tty_raise(tty, wanted);
    wake_all(&tty->readable);
    tty_wake_writers(tty);
}

size_t tty_input_room(struct tty *tty)
{
    size_t room;

    quire_spin_lock(&tty->lock);
    room = line_input_room(&tty->line);
    quire_spin_unlock(&tty->lock);
    return room;
}

void tty_writable(struct tty *tty)
{
    quire_spin_lock(&tty->lock);
    tty_push_locked(tty);
    quire_spin_unlock(&tty->lock);
    tty_wake_writers(tty);
}

void tty_hangup(struct tty *tty)
{
    bool before;

    quire_spin_lock(&tty->lock);
    before = tty->hung_up;
    tty->hung_up = true;
    line_flush_input(&tty->line);
    line_flush_output(&tty->line);
    quire_spin_unlock(&tty->lock);
    if (before)
        return;
    job_hangup(tty);
    wake_all(&tty->readable);
    tty_wake_writers(tty);
}

/* ---- settings ---- */

void tty_set_window_size(struct tty *tty, const struct window_size *window)
{
    bool changed;
    int group;

    quire_spin_lock(&tty->lock);
    changed = memcmp(&tty->window, window, sizeof(*window)) != 0;
    tty->window = *window;
    group = tty->group;
    quire_spin_unlock(&tty->lock);
    if (changed && group > 0)
        (void)signal_send_group(group, SIGWINCH, NULL);
}

void tty_set_window(struct tty *tty, unsigned rows, unsigned columns, unsigned x_pixels,
                    unsigned y_pixels)
{
    struct window_size window = {(uint16_t)rows, (uint16_t)columns, (uint16_t)x_pixels,
                                 (uint16_t)y_pixels};

    tty_set_window_size(tty, &window);
}

void tty_set_cooked_by_host(struct tty *tty)
{
    quire_spin_lock(&tty->lock);
    tty->line.termios.local &= ~(uint32_t)(ECHO | ISIG);
    tty->line.termios.input &= ~(uint32_t)IXON;
    tty->line.termios.output &= ~(uint32_t)OPOST;
    quire_spin_unlock(&tty->lock);
}

static bool drained(struct tty *tty)
{
    const char *bytes;
    bool empty;

    quire_spin_lock(&tty->lock);
    tty->line.stopped = false;
    tty_push_locked(tty);
    empty = tty->hung_up || line_pending(&tty->line, &bytes) == 0;
    quire_spin_unlock(&tty->lock);
    return empty;
}

void tty_drain(struct tty *tty)
{
    wait_event(&tty->writable, drained(tty));
}

int tty_device_number(struct tty *tty)
{
    return (int)((tty->minor & 0xff) | tty->major << 8 | (tty->minor & ~0xffu) << 12);
}

int tty_foreground_group(struct tty *tty)
{
    return __atomic_load_n(&tty->group, __ATOMIC_RELAXED);
}
