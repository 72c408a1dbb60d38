/* The disks that the machine pages to. */
#ifndef RUN_SWAP_H
#define RUN_SWAP_H

#include "options.h"

/* How the kernel calls the n-th virtio disk: vda, ..., vdz, vdaa, ... The caller's to free. */
char *disk_name(unsigned n);

/*
 * QEMU's name of where the content is: a file that is open in QEMU, or the URL. A file of its own
 * is made, with the header of a swap area, and has no name any more: it vanishes with the machine.
 * Ends the program with a message when FILE is not there or holds something else.
 */
char *swap_place(const struct swap *swap);

#endif
