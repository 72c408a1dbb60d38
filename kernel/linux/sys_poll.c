/* System calls that wait for descriptors: poll, select, epoll. */
#include "linux/file_calls.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/resource.h"
#include "linux/time.h"
#include "proc/signals.h"
#include "x86/time.h"

/* ---- timeouts and masks ---- */

/* Milliseconds from now as a deadline; negative: none; 0: do not wait. */
static uint64_t deadline_after(int milliseconds)
{
    if (milliseconds < 0)
        return UINT64_MAX;
    return milliseconds == 0 ? 0 : clock_monotonic_ns() + (uint64_t)milliseconds * 1000000;
}

/* A timespec of the user (NULL: none) as a deadline; a zero one does not wait. */
static int timespec_deadline(word user, enum time_width width, uint64_t *out)
{
    uint64_t ns;
    int error;

    *out = UINT64_MAX;
    if (user == 0)
        return 0;
    error = timespec_from_user((void *)user, width, &ns);
    if (error == 0)
        *out = ns == 0 ? 0 : clock_monotonic_ns() + ns;
    return error;
}

static uint64_t time_left(uint64_t deadline)
{
    uint64_t now = clock_monotonic_ns();

    return deadline > now ? deadline - now : 0;
}

/* The signal mask for the time of the call. */
static int use_mask(word user_mask, word size)
{
    signal_set mask;

    if (user_mask == 0)
        return 0;
    if (size != sizeof mask)
        return -EINVAL;
    if (copy_from_user(&mask, (void *)user_mask, sizeof mask) != 0)
        return -EFAULT;
    signal_set_blocked_for_call(mask);
    return 0;
}

/* The mask stays for the handler's sake when a signal came; otherwise it is undone now. */
static long mask_done(long result, word user_mask)
{
    if (user_mask != 0 && result != -EINTR)
        signal_restore_blocked();
    return result == -EINTR ? -ERESTARTNOHAND : result;
}

/* ---- poll ---- */

#define POLL_STACK 8

static void fill_items(struct poll_item *items, const struct pollfd_abi *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct poll_item){.wanted = fds[i].events | POLLERR | POLLHUP};
        if (fds[i].fd < 0)
            continue;
        items[i].file = descriptor_file((word)fds[i].fd);
        if (items[i].file == NULL)
            items[i].found = POLLNVAL;
    }
}

static long poll_descriptors(word user_fds, size_t count, uint64_t deadline)
{
    struct pollfd_abi short_fds[POLL_STACK], *fds = short_fds;
    struct poll_item short_items[POLL_STACK], *items = short_items;
    size_t bad = 0;
    long result = 0;

    if (count > current_process()->limits[RLIMIT_NOFILE].soft)
        return -EINVAL;
    if (count > POLL_STACK) {
        fds = kernel_alloc(count * sizeof *fds);
        items = kernel_alloc(count * sizeof *items);
        if (fds == NULL || items == NULL) {
            kernel_free(fds);
            kernel_free(items);
            return -ENOMEM;
        }
    }
    if (copy_from_user(fds, (void *)user_fds, count * sizeof *fds) != 0) {
        result = -EFAULT;
    } else {
        fill_items(items, fds, count);
        for (size_t i = 0; i < count; i++)
            bad += items[i].found != 0;
        result = poll_items(items, count, bad > 0 ? 0 : deadline);
        if (result >= 0)
            result += (long)bad;
        for (size_t i = 0; i < count; i++) {
            fds[i].revents = (uint16_t)items[i].found;
            if (items[i].file != NULL)
                file_put(items[i].file);
        }
        for (size_t i = 0; i < count && result >= 0; i++)
            if (put_user_u16((void *)(user_fds + i * sizeof *fds + 6), fds[i].revents) != 0)
                result = -EFAULT;
    }
    if (fds != short_fds) {
        kernel_free(fds);
        kernel_free(items);
    }
    return result;
}

/* After SIGCONT: on with the time that is left. */
static long poll_restart(struct thread *thread)
{
    uint64_t deadline = thread->restart.arguments[2];
    long result = poll_descriptors((word)thread->restart.arguments[0],
                                   (word)thread->restart.arguments[1], deadline);

    return result == -EINTR ? -ERESTART_RESTARTBLOCK : result;
}

long sys_poll(word fds, word count, word milliseconds)
{
    struct thread *thread = current_thread();
    uint64_t deadline = deadline_after((int)milliseconds);
    long result = poll_descriptors(fds, (unsigned)count, deadline);

    if (result != -EINTR)
        return result;
    thread->restart.function = poll_restart;
    thread->restart.arguments[0] = fds;
    thread->restart.arguments[1] = (unsigned)count;
    thread->restart.arguments[2] = deadline;
    return -ERESTART_RESTARTBLOCK;
}

long ppoll_call(word fds, word count, word timeout, word mask, word mask_size,
                enum time_width width)
{
    uint64_t deadline;
    long result = timespec_deadline(timeout, width, &deadline);

    if (result == 0)
        result = use_mask(mask, mask_size);
    if (result != 0)
        return result;
    result = mask_done(poll_descriptors(fds, (unsigned)count, deadline), mask);
    if (timeout != 0)
        timespec_to_user((void *)timeout, width, deadline == 0 ? 0 : time_left(deadline));
    return result;
}

long sys_ppoll(word fds, word count, word timeout, word mask, word mask_size)
{
    return ppoll_call(fds, count, timeout, mask, mask_size, TIME_WORDS);
}

/* ---- select ---- */

#define SELECT_IN     (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define SELECT_OUT    (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define SELECT_EXCEPT POLLPRI

/* Three sets of `words` 64-bit words, and room for an item per descriptor. */
struct select_call {
    size_t count, words;
    size_t bytes;     /* of a set in user memory: whole words as far as `count` reaches */
    uint64_t *set[3]; /* NULL: not given */
    word user[3];
    uint64_t *bits;          /* one block for all sets */
    struct poll_item *items; /* index: descriptor */
};

static const unsigned select_events[3] = {SELECT_IN, SELECT_OUT, SELECT_EXCEPT};

static void select_done(struct select_call *call)
{
    for (size_t i = 0; call->items != NULL && i < call->count; i++)
        if (call->items[i].file != NULL)
            file_put(call->items[i].file);
    kernel_free(call->bits);
    kernel_free(call->items);
}

static long select_prepare(struct select_call *call, word count, const word user[3])
{
    size_t limit = current_process()->limits[RLIMIT_NOFILE].soft;

    if ((int)count < 0)
        return -EINVAL;
    call->count = (unsigned)count < limit ? (unsigned)count : limit;
    call->words = (call->count + 63) / 64;
    call->bytes = (call->count + 8 * sizeof(word) - 1) / (8 * sizeof(word)) * sizeof(word);
    call->items = NULL;
    call->bits = kernel_alloc_zeroed(3 * call->words * 8 + 8);
    if (call->bits == NULL)
        return -ENOMEM;
    call->items = kernel_alloc_zeroed(call->count * sizeof call->items[0] + 8);
    if (call->items == NULL)
        return -ENOMEM;
    for (unsigned s = 0; s < 3; s++) {
        call->user[s] = user[s];
        call->set[s] = user[s] != 0 ? call->bits + s * call->words : NULL;
        if (call->set[s] != NULL && copy_from_user(call->set[s], (void *)user[s], call->bytes) != 0)
            return -EFAULT;
    }
    for (size_t fd = 0; fd < call->count; fd++) {
        struct poll_item *item = &call->items[fd];

        for (unsigned s = 0; s < 3; s++)
            if (call->set[s] != NULL && ((call->set[s][fd / 64] >> (fd % 64)) & 1))
                item->wanted |= select_events[s];
        if (item->wanted == 0)
            continue;
        item->file = descriptor_file(fd);
        if (item->file == NULL)
            return -EBADF;
    }
    return 0;
}

static long select_result(struct select_call *call)
{
    long bits = 0;

    for (unsigned s = 0; s < 3; s++) {
        if (call->set[s] == NULL)
            continue;
        for (size_t fd = 0; fd < call->count; fd++) {
            uint64_t bit = 1ull << (fd % 64);

            if (!(call->set[s][fd / 64] & bit))
                continue;
            if (call->items[fd].found & select_events[s])
                bits++;
            else
                call->set[s][fd / 64] &= ~bit;
        }
        if (copy_to_user((void *)call->user[s], call->set[s], call->bytes) != 0)
            return -EFAULT;
    }
    return bits;
}

static long do_select(word count, const word user[3], uint64_t deadline)
{
    struct select_call call = {0};
    long result = select_prepare(&call, count, user);

    if (result == 0) {
        result = poll_items(call.items, call.count, deadline);
        if (result >= 0)
            result = select_result(&call);
    }
    select_done(&call);
    return result;
}

long sys_select(word count, word in, word out, word except, word user_timeout)
{
    const word user[3] = {in, out, except};
    struct timeval_abi timeout;
    uint64_t deadline = UINT64_MAX;
    long result;

    if (user_timeout != 0) {
        uint64_t ns;

        if (copy_from_user(&timeout, (void *)user_timeout, sizeof timeout) != 0)
            return -EFAULT;
        if (timeout.seconds < 0 || timeout.microseconds < 0)
            return -EINVAL;
        ns = timeout.seconds > 1000000000
                 ? UINT64_MAX / 2
                 : (uint64_t)timeout.seconds * 1000000000 + (uint64_t)timeout.microseconds * 1000;
        deadline = ns == 0 ? 0 : clock_monotonic_ns() + ns;
    }
    result = do_select(count, user, deadline);
    if (user_timeout != 0) {
        timeout = timeval_from_ns(deadline == 0 ? 0 : time_left(deadline));
        if (copy_to_user((void *)user_timeout, &timeout, sizeof timeout) != 0 && result >= 0)
            return -EFAULT;
    }
    return result == -EINTR ? -ERESTARTNOHAND : result;
}

long pselect6_call(word count, const word sets[3], word timeout, word user_mask,
                   enum time_width width)
{
    struct {
        word set, size;
    } mask = {0};
    uint64_t deadline;
    long result = timespec_deadline(timeout, width, &deadline);

    if (result == 0 && user_mask != 0 && copy_from_user(&mask, (void *)user_mask, sizeof mask) != 0)
        result = -EFAULT;
    if (result == 0)
        result = use_mask(mask.set, mask.size);
    if (result != 0)
        return result;
    result = mask_done(do_select(count, sets, deadline), mask.set);
    if (timeout != 0)
        timespec_to_user((void *)timeout, width, deadline == 0 ? 0 : time_left(deadline));
    return result;
}

long sys_pselect6(word count, word in, word out, word except, word timeout, word mask)
{
    const word sets[3] = {in, out, except};

    return pselect6_call(count, sets, timeout, mask, TIME_WORDS);
}

/* ---- epoll ---- */

long sys_epoll_create1(word flags)
{
    struct file *file;
    int fd, error;

    if (flags & ~(word)EPOLL_CLOEXEC)
        return -EINVAL;
    error = epoll_create(&file);
    if (error != 0)
        return error;
    fd = file_table_add(current_thread()->files, file, 0, flags != 0);
    if (fd < 0)
        file_put(file);
    return fd;
}

long sys_epoll_create(word size)
{
    return (int)size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

long sys_epoll_ctl(word epoll_fd, word operation, word fd, word user_event)
{
    struct epoll_event_abi event = {0};
    struct file *epoll, *file;
    long result;

    if (operation != EPOLL_CTL_DEL && copy_from_user(&event, (void *)user_event, sizeof event) != 0)
        return -EFAULT;
    epoll = descriptor_file(epoll_fd);
    if (epoll == NULL)
        return -EBADF;
    file = descriptor_file(fd);
    if (file == NULL)
        result = -EBADF;
    else if (!epoll_is(epoll))
        result = -EINVAL;
    else
        result = epoll_control(epoll, (int)operation, (int)fd, file, &event);
    if (file != NULL)
        file_put(file);
    file_put(epoll);
    return result;
}

#define EPOLL_BATCH 64

static long do_epoll_wait(word epoll_fd, word user_events, word count, uint64_t deadline)
{
    struct epoll_event_abi events[EPOLL_BATCH];
    struct file *epoll;
    long n;

    if ((int)count <= 0)
        return -EINVAL;
    epoll = descriptor_file(epoll_fd);
    if (epoll == NULL)
        return -EBADF;
    if (!epoll_is(epoll)) {
        file_put(epoll);
        return -EINVAL;
    }
    n = epoll_wait_events(epoll, events, count < EPOLL_BATCH ? count : EPOLL_BATCH, deadline);
    file_put(epoll);
    if (n > 0 && copy_to_user((void *)user_events, events, (size_t)n * sizeof events[0]) != 0)
        return -EFAULT;
    return n;
}

long sys_epoll_wait(word epoll, word events, word count, word milliseconds)
{
    return do_epoll_wait(epoll, events, count, deadline_after((int)milliseconds));
}

long sys_epoll_pwait(word epoll, word events, word count, word milliseconds, word mask,
                     word mask_size)
{
    long result = use_mask(mask, mask_size);

    if (result != 0)
        return result;
    result = do_epoll_wait(epoll, events, count, deadline_after((int)milliseconds));
    if (mask != 0 && result != -EINTR)
        signal_restore_blocked();
    return result;
}

long sys_epoll_pwait2(word epoll, word events, word count, word timeout, word mask, word mask_size)
{
    uint64_t deadline;
    long result = timespec_deadline(timeout, TIME_64, &deadline);

    if (result == 0)
        result = use_mask(mask, mask_size);
    if (result != 0)
        return result;
    result = do_epoll_wait(epoll, events, count, deadline);
    if (mask != 0 && result != -EINTR)
        signal_restore_blocked();
    return result;
}
