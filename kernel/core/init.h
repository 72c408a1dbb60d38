#ifndef KERNEL_CORE_INIT_H
#define KERNEL_CORE_INIT_H

/*
 * Bring-up. kernel_main() (main.c) runs the ground in a fixed order; everything above it registers
 * itself with INITCALL, and is run by level, within a level in the order of the linker (that is:
 * unspecified). An initcall runs on the boot CPU in the boot thread's context with interrupts on,
 * after memory, traps, time and the heap work; it may sleep from INIT_BUS on. A nonzero
 * result is logged with the function's name; boot goes on.
 *
 *     static int serial_console_init(void) { ... return 0; }
 *     INITCALL(INIT_DRIVER, serial_console_init);
 */

#include "core/compiler.h"

typedef int (*initcall_function)(void);

struct initcall {
    initcall_function function;
    const char *name;
};

/* Order of levels; the value is part of the section's name, so that the linker sorts. */
#define INIT_SCREEN     02 /* the console, so that the rest can be seen; nothing sleeps yet */
#define INIT_SCHEDULER  05 /* before every other level: drivers may start threads and sleep */
#define INIT_BUS        10 /* PCI enumeration */
#define INIT_DRIVER     20 /* serial console, virtio, ... */
#define INIT_FILESYSTEM 30 /* tmpfs, initial archive, proc, dev */
#define INIT_PROCESS    40 /* process tables, terminals */
#define INIT_LATE       50

#define INITCALL(level, fn) INITCALL_EXPANDED(level, fn)
#define INITCALL_EXPANDED(level, fn)                                                               \
    static const struct initcall initcall_##fn = {fn, #fn};                                        \
    /* A pointer, not the structure: the compiler may pad structures apart, never pointers. */     \
    static const struct initcall *const initcall_pointer_##fn                                      \
        __attribute__((used, section(".initcall." #level))) = &initcall_##fn

/* The first user process; supplied by kernel/proc. Returns to the idle loop of the boot thread. */
void process_init_start(void);

/* One turn of the boot thread's idle loop, called for ever after process_init_start(): run what can
   run, or wait for an interrupt. Supplied by the scheduler. */
void cpu_idle(void);

#endif
