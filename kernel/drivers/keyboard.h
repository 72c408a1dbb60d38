/* The PS/2 keyboard behind the PC's keyboard controller (i8042). */
#ifndef KERNEL_DRIVERS_KEYBOARD_H
#define KERNEL_DRIVERS_KEYBOARD_H

#include "core/compiler.h"

/*
 * Starts it: what is typed goes to `type`, in interrupt context. False: there is no controller, or
 * it does not answer. Waits for at most half a second.
 */
bool keyboard_start(void (*type)(const char *bytes, size_t n));

#endif
