/*
 * Pseudo-terminals: /dev/ptmx makes a pair, whose slave is a terminal (/dev/pts/N) and whose master
 * is the other end of its line: what is written to the master is typed, what the slave shows is
 * read from the master.
 *
 * Lives
 *   The pair exists while the master or a file on the slave is open. When the master closes, the
 *   slave is hung up and loses its name. When the last file on the slave closes, the master reads
 *   what is left and then -EIO, until the slave is opened again.
 *
 * Locking
 *   list_lock guards the list of pairs; the slave's terminal lock guards the ring and the flags.
 */
#include "core/init.h"
#include "core/list.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/file_abi.h"
#include "linux/signal.h"
#include "tty/tty_private.h"
#include "x86/usercopy.h"

#define PTMX_MAJOR  5
#define PTMX_MINOR  2
#define SLAVE_MAJOR 136

#define RING_SIZE 8192u /* a power of two */
#define PIECE     1024u

struct pty {
    struct list node; /* (list_lock) */
    unsigned number;
    struct tty *slave;
    bool master_open;           /* (slave's lock) */
    bool slave_opened;          /* (slave's lock) since the pair was made */
    struct wait_queue readable; /* of the master */
    uint32_t head, tail;        /* (slave's lock) */
    char ring[RING_SIZE];
};

static struct quire_spinlock list_lock;
static struct list pairs = LIST_INIT(pairs); /* by number */

static struct pty *pty_of(const struct file *file)
{
    return file->data;
}

/* ---- the slave's side ---- */

static size_t take_output(void *data, const char *bytes, size_t n)
{
    struct pty *pty = data;
    size_t room = RING_SIZE - (pty->head - pty->tail);

    if (!pty->master_open)
        return n;
    n = n < room ? n : room;
    for (size_t i = 0; i < n; i++)
        pty->ring[pty->head++ % RING_SIZE] = bytes[i];
    wake_all(&pty->readable);
    return n;
}

static void drop_output(void *data)
{
    struct pty *pty = data;

    pty->tail = pty->head;
}

/* The master may have waited for room. */
static void input_taken(void *data, bool waiting)
{
    struct pty *pty = data;

    if (!waiting)
        wake_all(&pty->slave->writable);
}

static void destroy(struct pty *pty)
{
    tty_destroy(pty->slave);
    kernel_free(pty);
}

static void slave_closed(void *data)
{
    struct pty *pty = data;

    if (pty->master_open)
        wake_all(&pty->readable);
    else
        destroy(pty);
}

static struct pty *find_pair(unsigned number)
{
    struct pty *found = NULL;

    quire_spin_lock(&list_lock);
    list_for_each(node, &pairs)
    {
        struct pty *pty = container_of(node, struct pty, node);

        if (pty->number == number)
            found = pty;
    }
    quire_spin_unlock(&list_lock);
    return found;
}

static int slave_open(struct file *file)
{
    struct pty *pty = find_pair(device_minor(file->inode->device));
    int result = pty && pty->slave ? tty_open_file(pty->slave, file) : -EIO;

    if (result == 0)
        pty->slave_opened = true;
    return result;
}

/* ---- making and ending a pair ---- */

static void name_of(char *name, size_t size, unsigned number)
{
    snprintf(name, size, "pts/%u", number);
}

/* Takes the lowest free number and puts the pair at its place in the list. */
static void insert(struct pty *pty)
{
    struct list *at = &pairs;

    quire_spin_lock(&list_lock);
    pty->number = 0;
    list_for_each(node, &pairs)
    {
        if (container_of(node, struct pty, node)->number != pty->number) {
            at = node;
            break;
        }
        pty->number++;
    }
    list_add_tail(at, &pty->node);
    quire_spin_unlock(&list_lock);
}

static int make_name(struct pty *pty)
{
    char name[TTY_NAME_SIZE];
    struct vfs_node node = {.mode = S_IFCHR | 0620,
                            .device = device_number(SLAVE_MAJOR, pty->number),
                            .uid = current_process()->credentials.fsuid,
                            .gid = current_process()->credentials.fsgid};

    name_of(name, sizeof(name), pty->number);
    return devfs_make(name, &node);
}

static void remove_pair(struct pty *pty)
{
    char name[TTY_NAME_SIZE];

    name_of(name, sizeof(name), pty->number);
    (void)devfs_remove(name);
    quire_spin_lock(&list_lock);
    list_remove(&pty->node);
    quire_spin_unlock(&list_lock);
}

static const struct file_operations master_operations;

static int master_open(struct file *file)
{
    struct pty *pty = kernel_alloc_zeroed(sizeof(*pty));
    const struct tty_backend backend = {.write = take_output,
                                        .flush = drop_output,
                                        .input_wanted = input_taken,
                                        .closed = slave_closed,
                                        .data = pty};
    char name[TTY_NAME_SIZE];
    int result;

    if (!pty)
        return -ENOMEM;
    insert(pty);
    name_of(name, sizeof(name), pty->number);
    wait_queue_init(&pty->readable);
    pty->master_open = true;
    pty->slave = tty_allocate(name, SLAVE_MAJOR, pty->number, &backend);
    if (pty->slave)
        pty->slave->locked = true;
    result = pty->slave ? make_name(pty) : -ENOMEM;
    if (result) {
        remove_pair(pty);
        destroy(pty);
        return result;
    }
    file->operations = &master_operations;
    file->data = pty;
    return 0;
}

static void master_release(struct file *file)
{
    struct pty *pty = pty_of(file);
    bool unused;

    remove_pair(pty);
    quire_spin_lock(&pty->slave->lock);
    pty->slave->files++; /* so that it stays while it is hung up */
    pty->master_open = false;
    quire_spin_unlock(&pty->slave->lock);
    tty_hangup(pty->slave);
    quire_spin_lock(&pty->slave->lock);
    unused = --pty->slave->files == 0;
    quire_spin_unlock(&pty->slave->lock);
    if (unused)
        destroy(pty);
}

/* ---- the master as a file ---- */

static size_t ring_take(struct pty *pty, char *to, size_t n)
{
    size_t done = 0;

    quire_spin_lock(&pty->slave->lock);
    while (done < n && pty->tail != pty->head)
        to[done++] = pty->ring[pty->tail++ % RING_SIZE];
    quire_spin_unlock(&pty->slave->lock);
    return done;
}

static bool slave_gone(const struct pty *pty)
{
    return pty->slave_opened && pty->slave->files == 0;
}

static bool has_output(const struct pty *pty)
{
    return pty->head != pty->tail;
}

static long master_read(struct file *file, struct transfer *to, uint64_t *position)
{
    struct pty *pty = pty_of(file);
    size_t total = 0;
    int result;

    (void)position;
    if (to->length == 0)
        return 0;
    while (!has_output(pty)) {
        if (slave_gone(pty))
            return -EIO;
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        result = wait_event_interruptible(&pty->readable, has_output(pty) || slave_gone(pty));
        if (result)
            return result;
    }
    while (to->length > 0) {
        char piece[PIECE];
        size_t n = ring_take(pty, piece, to->length < PIECE ? to->length : PIECE);

        if (n == 0)
            break;
        tty_writable(pty->slave);
        if (transfer_out(to, piece, n) < n)
            return total ? (long)total : -EFAULT;
        total += n;
    }
    return (long)total;
}

static long master_write(struct file *file, struct transfer *from, uint64_t *position)
{
    struct pty *pty = pty_of(file);
    struct tty *slave = pty->slave;
    size_t total = 0;

    (void)position;
    while (from->length > 0) {
        char piece[PIECE];
        size_t n = tty_input_room(slave), wanted;
        int result = 0;

        if (n == 0 && file->flags & O_NONBLOCK)
            result = -EAGAIN;
        else if (n == 0)
            result = wait_event_interruptible(&slave->writable, tty_input_room(slave) > 0);
        if (result)
            return total ? (long)total : result;
        n = tty_input_room(slave);
        wanted = n < PIECE ? n : PIECE;
        wanted = wanted < from->length ? wanted : from->length;
        n = transfer_in(from, piece, wanted);
        tty_input(slave, piece, n);
        total += n;
        if (n < wanted)
            return total ? (long)total : -EFAULT;
    }
    return (long)total;
}

static unsigned master_poll(struct file *file, struct poll_table *table)
{
    struct pty *pty = pty_of(file);
    unsigned events = 0;

    poll_wait(table, &pty->readable);
    poll_wait(table, &pty->slave->writable);
    if (has_output(pty))
        events |= POLLIN | POLLRDNORM;
    if (slave_gone(pty))
        events |= POLLHUP;
    if (tty_input_room(pty->slave) > 0)
        events |= POLLOUT | POLLWRNORM;
    return events;
}

/* TIOCSPTLCK: the slave can be opened once it is unlocked (unlockpt). */
static int set_lock(struct pty *pty, unsigned long argument)
{
    int32_t locked;

    if (copy_from_user(&locked, (void *)argument, sizeof(locked)))
        return -EFAULT;
    pty->slave->locked = locked != 0;
    return 0;
}

static int open_peer(struct pty *pty, unsigned flags, long *result)
{
    struct file *file = tty_open(pty->slave, flags);
    int descriptor;

    if (!file)
        return -EIO;
    descriptor = file_table_add(current_thread()->files, file, 0, (flags & O_CLOEXEC) != 0);
    if (descriptor < 0) {
        file_put(file);
        return descriptor;
    }
    *result = descriptor;
    return 0;
}

/* TIOCSIG: INT, QUIT, TSTP for the foreground group, as if the character had been typed. */
static int send_signal(struct pty *pty, unsigned long signo)
{
    int group = tty_foreground_group(pty->slave);

    if (signo != SIGINT && signo != SIGQUIT && signo != SIGTSTP)
        return -EINVAL;
    if (group > 0)
        (void)signal_send_group(group, (int)signo, NULL);
    return 0;
}

static int master_ioctl(struct file *file, unsigned command, unsigned long argument, long *result)
{
    struct pty *pty = pty_of(file);
    int error;

    *result = 0;
    switch ((int)command) {
    case TIOCGPTN:
        return put_user((uint32_t)pty->number, (uint32_t *)argument);
    case TIOCSPTLCK:
        return set_lock(pty, argument);
    case TIOCGPTLCK:
        return put_user((uint32_t)pty->slave->locked, (uint32_t *)argument);
    case TIOCGPTPEER:
        return open_peer(pty, (unsigned)argument, result);
    case TIOCSIG:
        return send_signal(pty, argument);
    case TIOCINQ:
        return put_user(pty->head - pty->tail, (uint32_t *)argument);
    case TIOCGPGRP:
        return put_user((uint32_t)tty_foreground_group(pty->slave), (uint32_t *)argument);
    case TIOCGSID:
        return pty->slave->session ? put_user((uint32_t)pty->slave->session, (uint32_t *)argument)
                                   : -ENOTTY;
    default: /* settings and sizes are the slave's */
        error = tty_settings_ioctl(pty->slave, command, (void *)argument);
        return error == -ENOIOCTLCMD ? -ENOTTY : error;
    }
}

static const struct file_operations master_operations = {
    .read = master_read,
    .write = master_write,
    .poll = master_poll,
    .ioctl = master_ioctl,
    .release = master_release,
};

static int pty_init(void)
{
    static const struct device_driver driver = {.name = "ptmx",
                                                .major = PTMX_MAJOR,
                                                .minor = PTMX_MINOR,
                                                .mode = 0666,
                                                .open = master_open};
    static const struct device_driver slaves = {
        .name = "pts", .major = SLAVE_MAJOR, .minor = DEVICE_ANY_MINOR, .open = slave_open};
    const struct vfs_node directory = {.mode = S_IFDIR | 0755};
    int result = devfs_make("pts", &directory);

    if (result == 0)
        result = devfs_add(&slaves);
    return result ? result : devfs_add(&driver);
}
INITCALL(INIT_PROCESS, pty_init);
