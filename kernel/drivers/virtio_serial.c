/*
 * Virtio console with several ports (virtio 1.1, 5.3).
 *
 * Queues: 0 and 1 are input and output of port 0, 2 and 3 the control messages to and from the
 * driver, and 2 + 2n, 3 + 2n port n. All are set up before DRIVER_OK, as the specification asks;
 * their rings are small. Then the device is told that the driver is ready, and answers with a
 * message per port: added, its name, opened by the host.
 *
 * The control queue is polled: during bring-up until the wanted port has answered, and later
 * whenever the port's owner looks for input, because the device raises an interrupt for it and the
 * handler wakes every port's owner.
 *
 * Output buffers are interrupt-free as long as one is at hand: the device is asked for an interrupt
 * only when the last one has been given away or somebody waits for all to be sent.
 */
#include "drivers/virtio_serial.h"

#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "drivers/virtio.h"
#include "x86/time.h"

#include <quire/frame.h>

#define FEATURE_MULTIPORT 1

#define CONFIG_MAX_PORTS 4

#define QUEUE_CONTROL_IN  2
#define QUEUE_CONTROL_OUT 3

#define PORT_QUEUE_SIZE     32
#define CONTROL_QUEUE_SIZE  32
#define INPUT_BUFFERS       32
#define CONTROL_BUFFERS     16
#define CONTROL_BUFFER_SIZE 256
#define OUTPUT_ORDER        3

_Static_assert(VIRTIO_PORT_OUTPUT_SIZE == PAGE_SIZE << OUTPUT_ORDER, "frames of an output buffer");

/* How long bring-up waits for the device's answers. */
#define HANDSHAKE_NANOSECONDS (2 * NANOSECONDS_PER_SECOND)

/* Control messages (5.3.6.2). */
enum {
    CONTROL_DEVICE_READY,
    CONTROL_PORT_ADD,
    CONTROL_PORT_REMOVE,
    CONTROL_PORT_READY,
    CONTROL_CONSOLE_PORT,
    CONTROL_RESIZE,
    CONTROL_PORT_OPEN,
    CONTROL_PORT_NAME,
};

struct control_message {
    uint32_t port;
    uint16_t event;
    uint16_t value;
};

struct port {
    struct virtio_port public;
    struct serial_device *device; /* (c) */
    uint32_t number;              /* (c) */
    bool added, connected, owned;
    struct virtqueue *input, *output;
    uint8_t spare_count; /* output buffers at hand */
    char *spare[VIRTIO_PORT_OUTPUT_COUNT];
    bool buffers_made;
};

/* Control messages are small and each is answered; they are sent one at a time. */
struct serial_device {
    struct list node;
    struct virtio_device *virtio;
    struct virtqueue *control_in, *control_out;
    struct control_message *answer; /* the one being sent */
    uint32_t port_count;
    struct port *ports;
};

static struct list devices = LIST_INIT(devices); /* (c) after INIT_DRIVER */

static struct virtio_buffer piece(const void *bytes, size_t length)
{
    return (struct virtio_buffer){direct_phys(bytes), (uint32_t)length};
}

static bool offer_input(struct virtqueue *queue, char *buffer, size_t size)
{
    struct virtio_buffer part = piece(buffer, size);

    return virtqueue_add(queue, &part, 0, 1, buffer);
}

/* Polled: the device takes it in the time of the register access, or shortly after. */
static bool send_control(struct serial_device *device, uint32_t port, uint16_t event,
                         uint16_t value)
{
    struct virtio_buffer part = piece(device->answer, sizeof(*device->answer));
    uint64_t deadline = clock_monotonic_ns() + HANDSHAKE_NANOSECONDS;

    *device->answer = (struct control_message){port, event, value};
    if (!virtqueue_add(device->control_out, &part, 1, 0, device->answer))
        return false;
    virtqueue_kick(device->control_out);
    while (!virtqueue_take(device->control_out, NULL)) {
        if (clock_monotonic_ns() > deadline) {
            log_warn("virtio-serial: the device does not take control messages");
            return false;
        }
        cpu_relax();
    }
    return true;
}

static void set_name(struct port *port, const char *text, size_t length)
{
    char *name;

    if (port->public.name)
        return;
    length = strnlen(text, length);
    name = kernel_alloc(length + 1);
    if (!name)
        return;
    memcpy(name, text, length);
    name[length] = '\0';
    port->public.name = name;
}

static void control_received(struct serial_device *device, const char *bytes, size_t length)
{
    const struct control_message *message = (const void *)bytes;
    struct port *port;

    if (length < sizeof(*message) || message->port >= device->port_count)
        return;
    port = &device->ports[message->port];
    switch (message->event) {
    case CONTROL_PORT_ADD:
        port->added = true;
        (void)send_control(device, port->number, CONTROL_PORT_READY, 1);
        break;
    case CONTROL_PORT_REMOVE:
        port->added = port->connected = false;
        wake_all(&port->public.changed);
        break;
    case CONTROL_PORT_OPEN:
        port->connected = message->value != 0;
        wake_all(&port->public.changed);
        break;
    case CONTROL_PORT_NAME:
        set_name(port, bytes + sizeof(*message), length - sizeof(*message));
        break;
    default: /* console ports and sizes: the channel has its own */
        break;
    }
}

/* Returns whether there was a message. */
static bool serve_control(struct serial_device *device)
{
    bool any = false;
    uint32_t length;
    char *bytes;

    while ((bytes = virtqueue_take(device->control_in, &length)) != NULL) {
        any = true;
        if (length <= CONTROL_BUFFER_SIZE)
            control_received(device, bytes, length);
        (void)offer_input(device->control_in, bytes, CONTROL_BUFFER_SIZE);
    }
    if (any)
        virtqueue_kick(device->control_in);
    return any;
}

static void on_port_queue(void *argument)
{
    struct port *port = argument;

    wake_all(&port->public.changed);
}

static void on_control_queue(void *argument)
{
    struct serial_device *device = argument;

    for (uint32_t i = 0; i < device->port_count; i++)
        if (device->ports[i].owned)
            wake_all(&device->ports[i].public.changed);
}

static bool make_port(struct serial_device *device, uint32_t number)
{
    struct port *port = &device->ports[number];
    unsigned first = number == 0 ? 0 : 2 + 2 * number;

    port->device = device;
    port->number = number;
    wait_queue_init(&port->public.changed);
    port->input = virtio_queue(device->virtio, first, PORT_QUEUE_SIZE, on_port_queue, port);
    port->output = virtio_queue(device->virtio, first + 1, PORT_QUEUE_SIZE, on_port_queue, port);
    if (!port->input || !port->output)
        return false;
    virtqueue_set_interrupt(port->output, false);
    return true;
}

static bool make_control(struct serial_device *device)
{
    device->answer = kernel_alloc(sizeof(*device->answer));
    device->control_in = virtio_queue(device->virtio, QUEUE_CONTROL_IN, CONTROL_QUEUE_SIZE,
                                      on_control_queue, device);
    device->control_out =
        virtio_queue(device->virtio, QUEUE_CONTROL_OUT, CONTROL_QUEUE_SIZE, NULL, NULL);
    if (!device->answer || !device->control_in || !device->control_out)
        return false;
    for (unsigned i = 0; i < CONTROL_BUFFERS; i++) {
        char *buffer = kernel_alloc(CONTROL_BUFFER_SIZE);

        if (!buffer || !offer_input(device->control_in, buffer, CONTROL_BUFFER_SIZE))
            return false;
    }
    return true;
}

static bool start_device(struct serial_device *device)
{
    bool made = true;

    device->port_count = 1;
    if (virtio_has(device->virtio, FEATURE_MULTIPORT))
        device->port_count = virtio_config32(device->virtio, CONFIG_MAX_PORTS);
    if (device->port_count == 0)
        return false;
    device->ports = kernel_alloc_zeroed(device->port_count * sizeof(device->ports[0]));
    if (!device->ports)
        return false;
    for (uint32_t i = 0; made && i < device->port_count; i++)
        made = make_port(device, i);
    if (!made || !virtio_has(device->virtio, FEATURE_MULTIPORT))
        return made && virtio_start(device->virtio);
    if (!make_control(device) || !virtio_start(device->virtio))
        return false;
    virtqueue_kick(device->control_in);
    return send_control(device, 0, CONTROL_DEVICE_READY, 1);
}

/* A device that could not be started stays reset; the few small blocks it got stay with it. */
static int virtio_serial_init(void)
{
    struct pci_device *pci = NULL;

    while ((pci = virtio_find(VIRTIO_TYPE_CONSOLE, pci)) != NULL) {
        struct serial_device *device = kernel_alloc_zeroed(sizeof(*device));

        if (!device)
            return -1;
        device->virtio = virtio_open(pci, 1ull << FEATURE_MULTIPORT);
        if (!device->virtio) {
            kernel_free(device);
            continue;
        }
        if (!start_device(device)) {
            log_warn("virtio-serial %02x:%02x.%x: cannot be started", pci->bus, pci->slot,
                     pci->function);
            virtio_stop(device->virtio);
            continue;
        }
        list_add_tail(&devices, &device->node);
    }
    return 0;
}
INITCALL(INIT_DRIVER, virtio_serial_init);

static bool make_buffers(struct port *port)
{
    if (port->buffers_made)
        return true;
    for (unsigned i = 0; i < INPUT_BUFFERS; i++) {
        struct quire_frame *frame =
            quire_frame_alloc(&kernel_machine, 0, QUIRE_FRAME_KERNEL, QUIRE_ALLOC_ZERO);

        if (!frame ||
            !offer_input(port->input, quire_frame_direct(&kernel_machine, frame), PAGE_SIZE))
            return false;
    }
    while (port->spare_count < VIRTIO_PORT_OUTPUT_COUNT) {
        struct quire_frame *frame =
            quire_frame_alloc(&kernel_machine, OUTPUT_ORDER, QUIRE_FRAME_KERNEL, 0);

        if (!frame)
            return false;
        port->spare[port->spare_count++] = quire_frame_direct(&kernel_machine, frame);
    }
    port->buffers_made = true;
    virtqueue_kick(port->input);
    return true;
}

static struct port *find_port(struct serial_device *device, const char *name)
{
    for (uint32_t i = 0; i < device->port_count; i++) {
        struct port *port = &device->ports[i];

        if (port->added && port->public.name && strcmp(port->public.name, name) == 0)
            return port;
    }
    return NULL;
}

static bool open_port(struct port *port)
{
    if (port->owned || !make_buffers(port))
        return false;
    port->owned = true;
    return send_control(port->device, port->number, CONTROL_PORT_OPEN, 1);
}

struct virtio_port *virtio_serial_open(const char *name)
{
    uint64_t deadline = clock_monotonic_ns() + HANDSHAKE_NANOSECONDS;

    if (list_empty(&devices))
        return NULL;
    do {
        list_for_each(node, &devices)
        {
            struct serial_device *device = container_of(node, struct serial_device, node);
            struct port *port;

            if (!virtio_has(device->virtio, FEATURE_MULTIPORT))
                continue;
            serve_control(device);
            port = find_port(device, name);
            if (port)
                return open_port(port) ? &port->public : NULL;
        }
        cpu_relax();
    } while (clock_monotonic_ns() < deadline);
    log_warn("virtio-serial: no port is named %s", name);
    return NULL;
}

static struct port *inside(const struct virtio_port *port)
{
    return container_of((struct virtio_port *)(uintptr_t)port, struct port, public);
}

const char *virtio_port_receive(struct virtio_port *public, size_t *out_length)
{
    struct port *port = inside(public);
    uint32_t length;
    char *bytes;

    serve_control(port->device);
    while ((bytes = virtqueue_take(port->input, &length)) != NULL) {
        if (length > 0 && length <= PAGE_SIZE) {
            *out_length = length;
            return bytes;
        }
        virtio_port_done(public, bytes);
    }
    return NULL;
}

void virtio_port_done(struct virtio_port *public, const char *bytes)
{
    struct port *port = inside(public);

    (void)offer_input(port->input, (char *)(uintptr_t)bytes, PAGE_SIZE);
    virtqueue_kick(port->input);
}

bool virtio_port_has_input(const struct virtio_port *public)
{
    const struct port *port = inside(public);

    return virtqueue_has_used(port->input) || virtqueue_has_used(port->device->control_in);
}

/* Whoever found none before is told here: what is taken now raises no interrupt any more. */
static void collect_output(struct port *port)
{
    bool none = port->spare_count == 0;
    char *buffer;

    while ((buffer = virtqueue_take(port->output, NULL)) != NULL)
        port->spare[port->spare_count++] = buffer;
    if (none && port->spare_count > 0)
        wake_all(&port->public.changed);
}

bool virtio_port_has_buffer(const struct virtio_port *public)
{
    const struct port *port = inside(public);

    return port->spare_count > 0 || virtqueue_has_used(port->output);
}

char *virtio_port_buffer(struct virtio_port *public)
{
    struct port *port = inside(public);

    collect_output(port);
    if (port->spare_count == 0) {
        virtqueue_set_interrupt(port->output, true);
        collect_output(port);
        if (port->spare_count == 0)
            return NULL;
    }
    virtqueue_set_interrupt(port->output, false);
    return port->spare[--port->spare_count];
}

void virtio_port_send(struct virtio_port *public, char *buffer, size_t length)
{
    struct port *port = inside(public);
    struct virtio_buffer part = piece(buffer, length);

    /* There are fewer buffers than entries in the queue, so there is room. */
    (void)virtqueue_add(port->output, &part, 1, 0, buffer);
    virtqueue_kick(port->output);
}

void virtio_port_discard(struct virtio_port *public, char *buffer)
{
    struct port *port = inside(public);

    port->spare[port->spare_count++] = buffer;
}

bool virtio_port_sent(struct virtio_port *public)
{
    struct port *port = inside(public);

    virtqueue_set_interrupt(port->output, true);
    collect_output(port);
    return virtqueue_free(port->output) == virtqueue_size(port->output);
}

bool virtio_port_connected(const struct virtio_port *public)
{
    return inside(public)->connected;
}
