/*
 * quire-run: boots the kernel in QEMU and runs one program in it. `quire run --help` tells what
 * it takes and gives back.
 *
 *   options  what the user asked for        program  can this file run in the machine?
 *   image    the initial archive            machine  the QEMU process
 *   session  the loop between them          channel  messages to and from the kernel
 *   output   queue to descriptors 1 and 2   terminal raw mode, window size
 *   medium   a disk or an ISO to boot from
 */
#define _GNU_SOURCE
#include "../common/report.h"
#include "image.h"
#include "machine.h"
#include "options.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Descriptors that are closed here are closed in the machine; nothing of ours may take their place.
 */
static uint32_t fill_closed_descriptors(void)
{
    uint32_t mask = 0;

    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        mask |= 1u << fd;
        if (open("/dev/null", O_RDWR) != fd)
            fail("cannot open /dev/null: %s", strerror(errno));
    }
    return mask;
}

int main(int argc, char **argv)
{
    struct options options;
    struct image image;
    struct machine machine;
    uint32_t closed_mask = fill_closed_descriptors();

    report_name = "quire run";
    options_parse(argc, argv, &options);
    options.closed_mask = closed_mask;
    session_prepare();
    image_make(&options, &image);
    machine_start(&options, &image, &machine);
    return session_run(&options, &image, &machine);
}
