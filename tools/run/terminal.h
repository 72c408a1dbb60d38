/* The host's terminal. */
#ifndef RUN_TERMINAL_H
#define RUN_TERMINAL_H

#include "../../kernel/drivers/channel_protocol.h"

#include <stdbool.h>

/*
 * Makes the terminal at fd raw. However this process ends, short of SIGKILL, the terminal gets
 * its settings back. False when fd has no settings to change (it was hung up).
 */
bool terminal_make_raw(int fd);

/* Gives the settings back; may be called at any time. terminal_make_raw() may follow. */
void terminal_restore(void);

/* Rows and columns of the terminal at fd; zeros when unknown. */
struct channel_window terminal_window(int fd);

#endif
