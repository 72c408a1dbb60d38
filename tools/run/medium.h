/* A boot medium for one run: the kernel reaches memory as on a real machine, not by QEMU's hand. */
#ifndef RUN_MEDIUM_H
#define RUN_MEDIUM_H

#include "options.h"

/*
 * Makes the medium that options->boot asks for, with the archive in archive_fd. Returns an open
 * descriptor, not closed across exec; the file has no name any more. Ends the program with a
 * message when it cannot be made.
 */
int medium_make(const struct options *options, int archive_fd);

#endif
