/* The end of the machine on request of a program: reboot(2), or a signal to process 1. */
#ifndef KERNEL_CORE_SHUTDOWN_H
#define KERNEL_CORE_SHUTDOWN_H

enum shutdown_kind {
    SHUTDOWN_NONE,
    SHUTDOWN_POWER_OFF,
    SHUTDOWN_HALT,
    SHUTDOWN_REBOOT,
};

/* Returns at once; the thread that started the first program does it. Any context, locks held too.
 */
void shutdown_request(enum shutdown_kind kind);

#endif
