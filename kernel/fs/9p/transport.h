/*
 * 9P messages over a virtio-9p device: a fixed set of requests with their buffers, several in
 * flight.
 *
 * A request is taken with ninep_begin(), its fields are put into request->writer, ninep_exchange()
 * sends it and waits, the answer's fields come out of request->reader, and ninep_end() gives the
 * request back. Pages of files do not pass through the buffers: the device reads and writes their
 * frames itself.
 *
 * All memory is taken when the device is opened: no exchange waits for memory, so that files can be
 * written when there is none.
 */
#ifndef KERNEL_FS_9P_TRANSPORT_H
#define KERNEL_FS_9P_TRANSPORT_H

#include "core/compiler.h"
#include "fs/9p/protocol.h"
#include "proc/wait.h"

#include <quire/frame.h>

#define NINEP_MESSAGE_SIZE                                                                         \
    8192             /* of what is no page: a link of 4,096 bytes, a part of a directory */
#define NINEP_RUN 32 /* pages in one message */

struct ninep_device;

struct ninep_request {
    struct ninep_device *device; /* (c) */
    uint16_t tag;                /* (c) */
    bool busy;                   /* (device's lock) */
    bool answered;               /* (a) the device has given the buffers back */
    bool quiet;                  /* was flushed: that there is no answer is no fault */
    bool in_flight;              /* (device's lock) the device has the buffers */
    bool failed;                 /* (device's lock) there will be no answer: the device failed */
    uint8_t type;
    uint32_t received;
    uint8_t *out, *in; /* (c) NINEP_MESSAGE_SIZE each */
    struct ninep_writer writer;
    struct ninep_reader reader;
    struct quire_frame *const *frames; /* of a Tread or Twrite */
    unsigned frame_count;
    size_t data_length; /* Twrite: bytes of the frames that count */
    struct wait_queue done;
};

/* The device with this mount tag, for one user. -ENOENT: there is none; -EBUSY; -ENOMEM; -EIO: it
 * failed, and cannot be started again. */
int ninep_device_open(const char *tag, struct ninep_device **out);
/* No request is in flight. */
void ninep_device_close(struct ninep_device *device);

/* Waits for a free request. */
struct ninep_request *ninep_begin(struct ninep_device *device, uint8_t type);
/*
 * Sends it and waits for the answer: 0, or the server's errno as -errno; -EIO for an answer that
 * makes no sense, and when the device has failed. killable: a kill of the running process flushes
 * the request; -EINTR then, unless the answer came first.
 */
int ninep_exchange(struct ninep_request *request, bool killable);
/* Gives it back. The result is `error`, or -EIO if the fields that were read were not all there. */
int ninep_end(struct ninep_request *request, int error);

#endif
