/*
 * The virtio-9p device (virtio 1.1 has no chapter of its own for it; Linux's trans_virtio.c and
 * QEMU's virtio-9p-device.c agree on: one queue, configuration = tag length and tag).
 *
 * Concepts
 *   A request is a chain of buffers: the message, pages that the device reads; then room for the
 *   answer's head, pages that it writes. Its tag is its place in the device's table. The interrupt
 *   handler takes finished chains and wakes who waits.
 *
 * Killing
 *   Who waits for an answer that changes nothing may be killed: the request is flushed (Tflush, by
 *   a request that is kept for this), and then waited for until the device has given its buffers
 *   back. Only then may they, and the caller's frames, be used for something else.
 *
 * Failure
 *   A device that says that it needs to be reset has forgotten all fids. It is reset at once, so
 *   that it touches no memory any more; what is in flight and all that comes later fails, until the
 *   folder is unmounted. Mounting it again starts the device anew.
 *
 * A server is not trusted: protocol.c checks what it says; the first malformed answer of a device
 * is logged, each gives EIO.
 */
#include "fs/9p/transport.h"

#include "core/boot_info.h"
#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/mutex.h"
#include "core/spinlock.h"
#include "core/string.h"
#include "drivers/virtio.h"
#include "linux/errno.h"
#include "proc/scheduler.h"

#define FEATURE_MOUNT_TAG 0
#define QUEUE_SIZE        128
#define REQUESTS          16
#define FLUSH_REQUEST     (REQUESTS - 1)
#define MESSAGE_ORDER     1
#define TAG_LIMIT         255
_Static_assert(NINEP_MESSAGE_SIZE == PAGE_SIZE << MESSAGE_ORDER, "frames of a message");
_Static_assert(NINEP_RUN + 2 <= QUEUE_SIZE, "a request fits into the queue");

struct ninep_device {
    struct list node; /* (c) */
    struct pci_device *pci;
    struct virtio_device *virtio;
    struct virtqueue *queue; /* (lock) */
    char *tag;
    bool used;                  /* (devices_mutex) */
    bool told;                  /* a malformed answer was logged */
    bool failed;                /* (lock) it was reset and does nothing */
    struct quire_spinlock lock; /* with interrupts off */
    struct wait_queue room;     /* a request or entries of the queue became free */
    struct mutex flush;
    struct ninep_request requests[REQUESTS];
};

/* Kernel option `lie9p=SEED`, for tests: answers are changed before anybody looks at them. */
static unsigned long ninep_lies; /* (a) state of the generator; 0: servers are as they are */

static struct list devices = LIST_INIT(devices); /* (c) after INIT_DRIVER */
static struct mutex devices_mutex;

/* ---- the device ---- */

/* Interrupt context, and whoever wants to look. */
static void take_answers(void *argument)
{
    struct ninep_device *device = argument;
    unsigned long flags = spin_lock_interrupts(&device->lock);
    struct ninep_request *request;
    uint32_t written;
    bool any = false;

    while (!device->failed && (request = virtqueue_take(device->queue, &written)) != NULL) {
        request->received = written;
        request->in_flight = false;
        __atomic_store_n(&request->answered, true, __ATOMIC_RELEASE);
        wake_all(&request->done);
        any = true;
    }
    spin_unlock_interrupts(&device->lock, flags);
    if (any)
        wake_all(&device->room);
}

/* Interrupt context, too. */
static void fail_device(struct ninep_device *device)
{
    unsigned long flags = spin_lock_interrupts(&device->lock);
    bool first = !device->failed;

    device->failed = true;
    if (first)
        virtio_stop(device->virtio);
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct ninep_request *request = &device->requests[i];

        if (!request->in_flight)
            continue;
        request->in_flight = false;
        request->failed = true;
        __atomic_store_n(&request->answered, true, __ATOMIC_RELEASE);
        wake_all(&request->done);
    }
    spin_unlock_interrupts(&device->lock, flags);
    wake_all(&device->room);
    if (first)
        log_error("9p %s: the device has failed; all its files fail until it is mounted again",
                  device->tag);
}

static void on_change(void *argument)
{
    struct ninep_device *device = argument;

    if (virtio_needs_reset(device->virtio))
        fail_device(device);
}

static char *read_tag(struct virtio_device *virtio)
{
    unsigned length = virtio_config8(virtio, 0) | (unsigned)virtio_config8(virtio, 1) << 8;
    char *tag;

    if (!virtio_has(virtio, FEATURE_MOUNT_TAG) || length == 0 || length > TAG_LIMIT)
        return NULL;
    tag = kernel_alloc(length + 1);
    for (unsigned i = 0; tag != NULL && i < length; i++)
        tag[i] = (char)virtio_config8(virtio, 2 + i);
    if (tag != NULL)
        tag[length] = 0;
    return tag;
}

static bool start_device(struct ninep_device *device)
{
    device->virtio = virtio_open(device->pci, 1ull << FEATURE_MOUNT_TAG);
    if (device->virtio == NULL)
        return false;
    device->tag = read_tag(device->virtio);
    device->queue = virtio_queue(device->virtio, 0, QUEUE_SIZE, take_answers, device);
    virtio_on_change(device->virtio, on_change, device);
    if (device->tag != NULL && device->queue != NULL &&
        virtqueue_size(device->queue) >= NINEP_RUN + 2 && virtio_start(device->virtio))
        return true;
    log_warn("virtio-9p %02x:%02x.%x: cannot be started", device->pci->bus, device->pci->slot,
             device->pci->function);
    virtio_stop(device->virtio);
    return false;
}

/* A device that could not be started stays reset; the few small blocks it got stay with it. */
static int virtio_9p_init(void)
{
    struct pci_device *pci = NULL;

    mutex_init(&devices_mutex);
    ninep_lies = boot_option_number("lie9p", 0);
    while ((pci = virtio_find(VIRTIO_TYPE_9P, pci)) != NULL) {
        struct ninep_device *device = kernel_alloc_zeroed(sizeof *device);

        if (device == NULL)
            return -ENOMEM;
        device->pci = pci;
        quire_spin_init(&device->lock);
        wait_queue_init(&device->room);
        mutex_init(&device->flush);
        for (unsigned i = 0; i < REQUESTS; i++) {
            device->requests[i].device = device;
            device->requests[i].tag = (uint16_t)i;
            wait_queue_init(&device->requests[i].done);
        }
        if (start_device(device))
            list_add_tail(&devices, &device->node);
    }
    return 0;
}
INITCALL(INIT_DRIVER, virtio_9p_init);

static uint8_t *message_buffer(void)
{
    struct quire_frame *frame =
        quire_frame_alloc(&kernel_machine, MESSAGE_ORDER, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_ZERO);

    return frame != NULL ? quire_frame_direct(&kernel_machine, frame) : NULL;
}

static void free_buffer(uint8_t **buffer)
{
    if (*buffer != NULL)
        (void)quire_frame_free(&kernel_machine,
                               quire_frame_of(&kernel_machine, direct_phys(*buffer)));
    *buffer = NULL;
}

static void free_buffers(struct ninep_device *device)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        free_buffer(&device->requests[i].out);
        free_buffer(&device->requests[i].in);
    }
}

static bool make_buffers(struct ninep_device *device)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        device->requests[i].out = message_buffer();
        device->requests[i].in = message_buffer();
        if (device->requests[i].out == NULL || device->requests[i].in == NULL) {
            free_buffers(device);
            return false;
        }
    }
    return true;
}

int ninep_device_open(const char *tag, struct ninep_device **out)
{
    int error = -ENOENT;

    mutex_lock(&devices_mutex);
    list_for_each(node, &devices)
    {
        struct ninep_device *device = container_of(node, struct ninep_device, node);

        if (strcmp(device->tag, tag) != 0)
            continue;
        error = -EBUSY;
        if (device->used)
            continue;
        error = -EIO;
        if (device->failed && !virtio_restart(device->virtio))
            break;
        device->failed = false;
        error = -ENOMEM;
        if (make_buffers(device)) {
            device->used = true;
            *out = device;
            error = 0;
        }
        break;
    }
    mutex_unlock(&devices_mutex);
    return error;
}

void ninep_device_close(struct ninep_device *device)
{
    mutex_lock(&devices_mutex);
    free_buffers(device);
    device->used = false;
    mutex_unlock(&devices_mutex);
}

/* ---- requests ---- */

static struct ninep_request *take_free(struct ninep_device *device)
{
    unsigned long flags = spin_lock_interrupts(&device->lock);
    struct ninep_request *found = NULL;

    for (unsigned i = 0; i < FLUSH_REQUEST && found == NULL; i++) {
        if (!device->requests[i].busy) {
            found = &device->requests[i];
            found->busy = true;
        }
    }
    spin_unlock_interrupts(&device->lock, flags);
    return found;
}

static void prepare(struct ninep_request *request, uint8_t type)
{
    request->type = type;
    request->frames = NULL;
    request->frame_count = 0;
    request->data_length = 0;
    request->quiet = request->failed = false;
    memset(request->in, 0, NINEP_HEADER_SIZE);
    ninep_start(&request->writer, request->out, NINEP_MESSAGE_SIZE);
}

struct ninep_request *ninep_begin(struct ninep_device *device, uint8_t type)
{
    struct ninep_request *request = NULL;

    wait_event(&device->room, (request = take_free(device)) != NULL);
    prepare(request, type);
    return request;
}

static struct virtio_buffer piece(const void *bytes, size_t length)
{
    return (struct virtio_buffer){direct_phys(bytes), (uint32_t)length};
}

/* The chain of a request; the number of buffers, of which *out_readable the device reads. */
static unsigned make_chain(const struct ninep_request *request, struct virtio_buffer *chain,
                           unsigned *out_readable)
{
    size_t left = request->data_length, head = NINEP_MESSAGE_SIZE;
    unsigned n = 0;

    chain[n++] = piece(request->out, request->writer.used);
    if (request->type == NINEP_TWRITE) {
        for (unsigned i = 0; left > 0; i++) { /* a device may not be given empty pieces */
            size_t part = left < PAGE_SIZE ? left : PAGE_SIZE;

            chain[n++] = (struct virtio_buffer){
                quire_frame_phys(&kernel_machine, request->frames[i]), (uint32_t)part};
            left -= part;
        }
    }
    *out_readable = n;
    if (request->type == NINEP_TREAD && request->frame_count > 0)
        head = NINEP_READ_HEADER;
    chain[n++] = piece(request->in, head);
    if (request->type == NINEP_TREAD)
        for (unsigned i = 0; i < request->frame_count; i++)
            chain[n++] = (struct virtio_buffer){
                quire_frame_phys(&kernel_machine, request->frames[i]), PAGE_SIZE};
    return n;
}

static bool try_submit(struct ninep_device *device, const struct virtio_buffer *chain,
                       unsigned readable, unsigned writable, struct ninep_request *request)
{
    unsigned long flags = spin_lock_interrupts(&device->lock);
    bool added = false;

    if (device->failed) {
        request->failed = added = true;
        __atomic_store_n(&request->answered, true, __ATOMIC_RELEASE);
    } else if (virtqueue_add(device->queue, chain, readable, writable, request)) {
        request->in_flight = added = true;
        virtqueue_kick(device->queue);
    }
    spin_unlock_interrupts(&device->lock, flags);
    return added;
}

static void submit(struct ninep_request *request)
{
    struct virtio_buffer chain[NINEP_RUN + 2];
    unsigned readable, n = make_chain(request, chain, &readable);

    __atomic_store_n(&request->answered, false, __ATOMIC_RELAXED);
    wait_event(&request->device->room,
               try_submit(request->device, chain, readable, n - readable, request));
}

static bool answered(const struct ninep_request *request)
{
    return __atomic_load_n(&request->answered, __ATOMIC_ACQUIRE);
}

/* False: the running process is killed, and there is no answer yet. */
static bool wait_killable(struct ninep_request *request)
{
    struct waiter waiter = {0};
    bool fine = true;

    wait_prepare(&request->done, &waiter);
    while (!answered(request)) {
        if (kill_pending()) {
            fine = false;
            break;
        }
        schedule();
        wait_prepare(&request->done, &waiter);
    }
    wait_finish(&waiter);
    return fine;
}

/* Afterwards the device has given the request's buffers back. */
static void flush(struct ninep_request *request)
{
    struct ninep_device *device = request->device;
    struct ninep_request *flush = &device->requests[FLUSH_REQUEST];

    mutex_lock(&device->flush);
    if (!answered(request)) {
        prepare(flush, NINEP_TFLUSH);
        ninep_put16(&flush->writer, request->tag);
        (void)ninep_exchange(flush, false);
    }
    mutex_unlock(&device->flush);
    request->quiet = true;
    wait_event(&request->done, answered(request));
}

static int malformed(struct ninep_request *request)
{
    struct ninep_device *device = request->device;

    if (!__atomic_exchange_n(&device->told, true, __ATOMIC_RELAXED))
        log_warn("9p %s: the server's answer to message type %u makes no sense (%u bytes)",
                 device->tag, request->type, request->received);
    return -EIO;
}

/* One answer of eight is cut, another's, no answer at all, an error, or full of nonsense. */
static void ninep_lie(struct ninep_request *request)
{
    unsigned long draw = ninep_lies = ninep_lies * 1103515245ul + 12345;
    size_t payload = request->received > NINEP_HEADER_SIZE && request->received < NINEP_MESSAGE_SIZE
                         ? request->received - NINEP_HEADER_SIZE
                         : 4;
    uint8_t *in = request->in, *fields = in + NINEP_HEADER_SIZE;

    if ((draw >> 16) % 8 != 0)
        return;
    draw = draw >> 19 & 0xfff;
    switch (draw % 8) {
    case 0:
        request->received = (uint32_t)(draw * 7 % (request->received + 1));
        break;
    case 1:
        request->received = 0xffffff00u | (uint32_t)draw;
        break;
    case 2:
        in[draw / 8 % NINEP_HEADER_SIZE] ^= (uint8_t)(1 + draw / 64);
        break;
    case 3: /* an error, one that no errno is, or none */
        in[4] = NINEP_RLERROR;
        in[0] = request->received = NINEP_READ_HEADER;
        in[1] = in[2] = in[3] = fields[1] = fields[2] = 0;
        fields[0] = (uint8_t)(draw / 8);
        fields[3] = draw & 0x800 ? 0xff : 0;
        break;
    case 4: /* counts and lengths stand first */
        memset(fields, draw & 8 ? 0xff : 0x7f, draw & 16 ? 2 : 4);
        break;
    case 5:
        memset(fields, (uint8_t)(draw / 8), payload);
        break;
    default:
        fields[draw / 8 % payload] ^= (uint8_t)(1 << draw % 7);
        break;
    }
}

int ninep_exchange(struct ninep_request *request, bool killable)
{
    size_t head = NINEP_MESSAGE_SIZE;
    int error;
    uint16_t tag = request->type == NINEP_TVERSION ? NINEP_NO_TAG : request->tag;

    if (!ninep_finish(&request->writer, request->type, tag, request->data_length)) {
        request->reader.bad = false;
        return -ENAMETOOLONG;
    }
    io_begin();
    submit(request);
    if (!killable)
        wait_event(&request->done, answered(request));
    else if (!wait_killable(request))
        flush(request);
    io_end();
    if (request->failed) {
        request->reader.bad = false;
        return -EIO;
    }
    if (unlikely(ninep_lies))
        ninep_lie(request);
    if (request->type == NINEP_TREAD && request->frame_count > 0)
        head = NINEP_READ_HEADER;
    request->reader = (struct ninep_reader){
        .bytes = request->in, .size = request->received < head ? request->received : head};
    error = ninep_answer(&request->reader, request->received, request->type, tag);
    if (error < 0)
        return request->quiet ? -EINTR : malformed(request);
    return -error;
}

int ninep_end(struct ninep_request *request, int error)
{
    struct ninep_device *device = request->device;
    unsigned long flags;

    if (error == 0 && request->reader.bad)
        error = malformed(request);
    flags = spin_lock_interrupts(&device->lock);
    request->busy = false;
    spin_unlock_interrupts(&device->lock, flags);
    wake_all(&device->room);
    return error;
}
