/* The QEMU process. */
#ifndef RUN_MACHINE_H
#define RUN_MACHINE_H

#include "image.h"
#include "options.h"

#include <sys/types.h>

struct machine {
    pid_t pid;
    int channel_fd; /* stream of messages with the program's side; non-blocking */
    int log_fd;     /* the kernel's messages, from the first serial port; non-blocking */
    int errors_fd;  /* what QEMU itself says; non-blocking */
};

/* Status with which QEMU could not be started at all, and what it said is on errors_fd. */
#define MACHINE_NO_QEMU 127

/* Starts QEMU; closes image->fd. It ends with this process, however that one ends. */
void machine_start(const struct options *options, struct image *image, struct machine *out_machine);

#endif
