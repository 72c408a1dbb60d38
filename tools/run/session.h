/* One program in one machine, from READY to the exit status. */
#ifndef RUN_SESSION_H
#define RUN_SESSION_H

#include "image.h"
#include "machine.h"
#include "options.h"

#define STATUS_TIMEOUT     124
#define STATUS_KERNEL_DIED 126
#define STATUS_SIGNAL      128 /* and the signal's number */

/*
 * Blocks the signals that the session takes from a descriptor. To be called before the machine
 * starts.
 */
void session_prepare(void);

/* Serves the machine until it has ended; returns the exit status for the user. */
int session_run(const struct options *options, const struct image *image, struct machine *machine);

#endif
