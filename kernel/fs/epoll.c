/*
 * epoll(7): a set of files that is waited for again and again.
 *
 * A wait looks at every file of the set and joins its queues, as poll does; what the set saves is
 * the copying of the list. Edge-triggered interest (EPOLLET) looks at what there is only when one
 * of the file's queues was woken since its last look: queues count that.
 *
 * Locks: epoll->mutex for a set, outer before inner; watch_lock for the lists of registrations that
 * hang on files. A file that is closed for good takes itself out of every set, and for that their
 * locks: no last reference goes under one. A registration holds no reference on its file; a look at
 * it does, and where that turns out to be the last one, it goes when the look is over.
 */
#include "fs/vfs.h"

#include "core/memory.h"
#include "linux/errno.h"
#include "proc/process.h"

struct epoll {
    uint32_t references; /* (a) its file, and a closing file that is about to leave it */
    struct mutex mutex;
    struct list watches;       /* (mutex) */
    size_t count;              /* (mutex) */
    struct wait_queue changed; /* the set was changed */
    struct file *file;         /* (watch_lock) its own; NULL: it closes */
    uint32_t measured;         /* (nesting) the round in which `levels` was found */
    int levels;                /* (nesting) of sets above each other, from this one down */
    uint32_t climbed;          /* (nesting) the round in which `height` was found */
    unsigned height;           /* (nesting) of sets from this one up, at most */
};

struct watch {
    struct list node;      /* (epoll->mutex) */
    struct list file_node; /* (watch_lock) file->watchers */
    struct epoll *epoll;
    struct file *file; /* no reference */
    int descriptor;
    uint32_t events; /* 0: disarmed by EPOLLONESHOT */
    bool fresh;      /* edge-triggered: was not looked at since it came or was changed */
    uint32_t wakes;  /* edge-triggered: of the file's queues, at the last look */
    uint64_t data;
};

#define EPOLL_DEPTH 5 /* sets above each other */

/* What EPOLLEXCLUSIVE may stand beside. */
#define EXCLUSIVE_EVENTS                                                                           \
    (POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

static struct mutex nesting; /* sets are put into sets one at a time: taken before sets' locks */
static uint32_t nesting_round;
static struct quire_spinlock watch_lock;
static const struct file_operations epoll_operations;

bool epoll_is(const struct file *file)
{
    return file->operations == &epoll_operations;
}

static void epoll_put(struct epoll *epoll)
{
    if (__atomic_sub_fetch(&epoll->references, 1, __ATOMIC_ACQ_REL) == 0)
        kernel_free(epoll);
}

/* epoll->mutex is held. */
static void watch_free(struct epoll *epoll, struct watch *watch)
{
    quire_spin_lock(&watch_lock);
    list_remove(&watch->file_node);
    quire_spin_unlock(&watch_lock);
    list_remove(&watch->node);
    epoll->count--;
    kernel_free(watch);
}

void epoll_file_closed(struct file *file)
{
    for (;;) {
        struct epoll *epoll = NULL;

        quire_spin_lock(&watch_lock);
        if (!list_empty(&file->watchers)) {
            epoll = container_of(file->watchers.next, struct watch, file_node)->epoll;
            __atomic_fetch_add(&epoll->references, 1, __ATOMIC_RELAXED);
        }
        quire_spin_unlock(&watch_lock);
        if (epoll == NULL)
            return;
        mutex_lock(&epoll->mutex);
        list_for_each_safe(node, &epoll->watches)
        {
            struct watch *watch = container_of(node, struct watch, node);

            if (watch->file == file)
                watch_free(epoll, watch);
        }
        mutex_unlock(&epoll->mutex);
        epoll_put(epoll);
    }
}

static void epoll_release(struct file *file)
{
    struct epoll *epoll = file->data;

    quire_spin_lock(&watch_lock);
    epoll->file = NULL;
    quire_spin_unlock(&watch_lock);
    mutex_lock(&epoll->mutex);
    list_for_each_safe(node, &epoll->watches)
        watch_free(epoll, container_of(node, struct watch, node));
    mutex_unlock(&epoll->mutex);
    epoll_put(epoll);
}

/* A file whose last reference may be going: with a reference, or NULL. */
static struct file *watch_file(const struct watch *watch)
{
    uint32_t count = __atomic_load_n(&watch->file->references, __ATOMIC_RELAXED);

    while (count != 0 && !__atomic_compare_exchange_n(&watch->file->references, &count, count + 1,
                                                      false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        ;
    return count != 0 ? watch->file : NULL;
}

static void watch_file_put(struct file *file)
{
    struct thread *thread = current_thread();
    uint32_t count = __atomic_load_n(&file->references, __ATOMIC_RELAXED);

    while (count > 1)
        if (__atomic_compare_exchange_n(&file->references, &count, count - 1, false,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED))
            return;
    file->next_closing = thread->closing_files;
    thread->closing_files = file;
}

/* Around a look at a set's files, inside which there may be looks at further sets. */
static void look_begin(struct epoll *epoll)
{
    current_thread()->epoll_depth++;
    mutex_lock(&epoll->mutex);
}

static void look_end(struct epoll *epoll)
{
    struct thread *thread = current_thread();
    struct file *file;

    mutex_unlock(&epoll->mutex);
    if (--thread->epoll_depth != 0)
        return;
    while ((file = thread->closing_files) != NULL) {
        thread->closing_files = file->next_closing;
        file_put(file);
    }
}

/* What an edge-triggered registration finds: nothing where nothing happened. */
static unsigned edge_events(struct watch *watch, struct file *file, struct poll_table *table)
{
    struct poll_table counting = {.counting = true};
    unsigned found = 0;

    if (table != NULL)
        found = poll_file(file, table); /* joined before it is looked at */
    found |= poll_file(file, &counting);
    if (!watch->fresh && watch->wakes == counting.wakes)
        return found & POLLPRI; /* which a look takes away */
    watch->fresh = false;
    watch->wakes = counting.wakes;
    return found;
}

/* What a registration has to report now; mutex is held. */
static unsigned watch_events(struct watch *watch, struct poll_table *table)
{
    unsigned wanted = watch->events & 0xffffu, found;
    struct file *file;

    if (wanted == 0)
        return 0;
    file = watch_file(watch);
    if (file == NULL)
        return 0;
    /* Where a file has two directions, a wakeup may be for the other one: it goes to all. */
    if (table != NULL)
        table->exclusive = (watch->events & EPOLLEXCLUSIVE) && (file->flags & O_ACCMODE) != O_RDWR;
    found = watch->events & EPOLLET ? edge_events(watch, file, table) : poll_file(file, table);
    if (table != NULL)
        table->exclusive = false;
    watch_file_put(file);
    return found & (wanted | POLLERR | POLLHUP);
}

/* Would an edge-triggered registration report now? */
static bool is_news(const struct watch *watch, struct file *file)
{
    struct poll_table counting = {.counting = true};

    poll_file(file, &counting);
    return watch->fresh || watch->wakes != counting.wakes;
}

static unsigned epoll_poll(struct file *file, struct poll_table *table)
{
    struct epoll *epoll = file->data;
    unsigned events = 0;

    /* Sets that were put into sets from the outside: a stack ends. */
    if (current_thread()->epoll_depth > EPOLL_DEPTH)
        return 0;
    look_begin(epoll);
    list_for_each(node, &epoll->watches)
    {
        struct watch *watch = container_of(node, struct watch, node);
        struct file *inner = (watch->events & 0xffffu) != 0 ? watch_file(watch) : NULL;

        if (inner == NULL)
            continue;
        if (poll_file(inner, table) & ((watch->events & 0xffffu) | POLLERR | POLLHUP) &&
            (!(watch->events & EPOLLET) || is_news(watch, inner)))
            events = POLLIN | POLLRDNORM;
        watch_file_put(inner);
    }
    look_end(epoll);
    if (table != NULL)
        table->file = file;
    poll_wait(table, &epoll->changed);
    return events;
}

static const struct file_operations epoll_operations = {
    .poll = epoll_poll,
    .release = epoll_release,
};

void epoll_init(void)
{
    mutex_init(&nesting);
}

int epoll_create(struct file **out)
{
    struct epoll *epoll = kernel_alloc_zeroed(sizeof *epoll);

    if (epoll == NULL)
        return -ENOMEM;
    epoll->references = 1;
    mutex_init(&epoll->mutex);
    list_init(&epoll->watches);
    wait_queue_init(&epoll->changed);
    *out = file_create(&epoll_operations, epoll, O_RDWR);
    if (*out == NULL) {
        kernel_free(epoll);
        return -ENOMEM;
    }
    epoll->file = *out;
    (*out)->label = "[eventpoll]";
    return 0;
}

/*
 * Sets may hold sets, without a circle, and at most EPOLL_DEPTH stand above each other. nesting is
 * held: what is measured in a round stays so, for no set gets into another meanwhile.
 */

/* How many sets stand above each other from this one down. -ELOOP: `into` is in it, or too many. */
static int measure(struct epoll *epoll, const struct epoll *into, unsigned depth)
{
    int levels = 1;

    if (epoll == into || depth == EPOLL_DEPTH)
        return -ELOOP;
    if (epoll->measured == nesting_round)
        return epoll->levels;
    look_begin(epoll);
    list_for_each(node, &epoll->watches)
    {
        struct file *file = watch_file(container_of(node, struct watch, node));
        int inner = 0;

        if (file == NULL)
            continue;
        if (epoll_is(file))
            inner = measure(file->data, into, depth + 1);
        watch_file_put(file);
        if (inner < 0) {
            levels = inner;
            break;
        }
        if (inner + 1 > levels)
            levels = inner + 1;
    }
    look_end(epoll);
    if (levels > 0) {
        epoll->levels = levels;
        epoll->measured = nesting_round;
    }
    return levels;
}

/* Do more than `room` sets stand above each other from this one up? watch_lock is held. */
static bool stands_higher(struct epoll *epoll, unsigned room)
{
    if (room == 0)
        return true;
    if (epoll->climbed == nesting_round && epoll->height <= room)
        return false;
    if (epoll->file != NULL)
        list_for_each(node, &epoll->file->watchers)
        {
            struct epoll *above = container_of(node, struct watch, file_node)->epoll;

            if (stands_higher(above, room - 1))
                return true;
        }
    epoll->climbed = nesting_round;
    epoll->height = room;
    return false;
}

/* May the inner set come into the other? 0 or -ELOOP. */
static int check_nesting(struct epoll *epoll, struct epoll *inner)
{
    int levels;
    bool high;

    nesting_round++;
    levels = measure(inner, epoll, 0);
    if (levels < 0)
        return levels;
    quire_spin_lock(&watch_lock);
    high = stands_higher(epoll, EPOLL_DEPTH - (unsigned)levels);
    quire_spin_unlock(&watch_lock);
    return high ? -ELOOP : 0;
}

static struct watch *find_watch(struct epoll *epoll, int descriptor, const struct file *file)
{
    list_for_each(node, &epoll->watches)
    {
        struct watch *watch = container_of(node, struct watch, node);

        if (watch->descriptor == descriptor && watch->file == file)
            return watch;
    }
    return NULL;
}

static int add_watch(struct epoll *epoll, int descriptor, struct file *file,
                     const struct epoll_event_abi *event)
{
    struct watch *watch = kernel_alloc_zeroed(sizeof *watch);

    if (watch == NULL)
        return -ENOMEM;
    watch->epoll = epoll;
    watch->file = file;
    watch->descriptor = descriptor;
    watch->events = event->events | POLLERR | POLLHUP;
    watch->data = event->data;
    watch->fresh = true;
    list_add_tail(&epoll->watches, &watch->node);
    epoll->count++;
    quire_spin_lock(&watch_lock);
    list_add_tail(&file->watchers, &watch->file_node);
    quire_spin_unlock(&watch_lock);
    return 0;
}

int epoll_control(struct file *epoll_file, int operation, int descriptor, struct file *file,
                  const struct epoll_event_abi *event)
{
    struct epoll *epoll = epoll_file->data;
    struct watch *watch;
    int error = 0;
    bool nests;

    if (file->operations->poll == NULL)
        return -EPERM;
    if (!epoll_is(epoll_file) || file == epoll_file)
        return -EINVAL;
    if (operation != EPOLL_CTL_DEL && (event->events & EPOLLEXCLUSIVE) &&
        (operation == EPOLL_CTL_MOD || epoll_is(file) || (event->events & ~EXCLUSIVE_EVENTS)))
        return -EINVAL;
    nests = operation == EPOLL_CTL_ADD && epoll_is(file);
    if (nests) {
        mutex_lock(&nesting);
        error = check_nesting(epoll, file->data);
        if (error != 0) {
            mutex_unlock(&nesting);
            return error;
        }
    }
    mutex_lock(&epoll->mutex);
    watch = find_watch(epoll, descriptor, file);
    switch (operation) {
    case EPOLL_CTL_ADD:
        error = watch != NULL ? -EEXIST : add_watch(epoll, descriptor, file, event);
        break;
    case EPOLL_CTL_MOD:
        if (watch == NULL) {
            error = -ENOENT;
        } else if (watch->events & EPOLLEXCLUSIVE) {
            error = -EINVAL;
        } else {
            watch->events = event->events | POLLERR | POLLHUP;
            watch->data = event->data;
            watch->fresh = true;
        }
        break;
    case EPOLL_CTL_DEL:
        if (watch == NULL)
            error = -ENOENT;
        else
            watch_free(epoll, watch);
        break;
    default:
        error = -EINVAL;
    }
    mutex_unlock(&epoll->mutex);
    if (nests)
        mutex_unlock(&nesting);
    if (error == 0)
        wake_all(&epoll->changed);
    return error;
}

/* One look at the whole set. What was reported moves to the end, so that with a short list everyone
 * has a turn. */
static long collect(struct epoll *epoll, struct epoll_event_abi *events, size_t limit,
                    struct poll_table *table)
{
    size_t n = 0, left;

    look_begin(epoll);
    left = epoll->count;
    for (struct list *node = epoll->watches.next; left > 0 && n < limit; left--) {
        struct watch *watch = container_of(node, struct watch, node);
        unsigned found = watch_events(watch, n > 0 ? NULL : table);

        node = node->next;
        if (found == 0)
            continue;
        events[n].events = found;
        events[n].data = watch->data;
        n++;
        if (watch->events & EPOLLONESHOT)
            watch->events &= EPOLLONESHOT | EPOLLET;
        list_remove(&watch->node);
        list_add_tail(&epoll->watches, &watch->node);
    }
    look_end(epoll);
    return (long)n;
}

long epoll_wait_events(struct file *file, struct epoll_event_abi *events, size_t limit,
                       uint64_t deadline)
{
    struct epoll *epoll = file->data;
    bool expired = deadline == 0;
    size_t room = 8; /* sets inside have queues of their own */
    long n;

    for (;;) {
        struct poll_table table;

        n = collect(epoll, events, limit, NULL);
        if (n != 0 || expired)
            return n;
        if (signal_pending())
            return -EINTR;
        /* The set may change while nobody looks: the queues are joined anew each time round. */
        poll_begin(&table);
        if (!poll_reserve(&table, 3 * epoll->count + room)) {
            poll_end(&table);
            return -ENOMEM;
        }
        poll_arm(&table);
        table.file = file;
        poll_wait(&table, &epoll->changed);
        n = collect(epoll, events, limit, &table);
        if (n == 0 && table.error == 0 && !signal_pending())
            expired = schedule_until(deadline) == -ETIMEDOUT;
        poll_end(&table);
        if (table.error != 0)
            room *= 2;
        if (n != 0)
            return n;
    }
}
