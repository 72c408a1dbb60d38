#ifndef KERNEL_X86_POWER_H
#define KERNEL_X86_POWER_H

#include <stdint.h>

/*
 * The end of the machine. Where QEMU has `-device isa-debug-exit,iobase=0xf4`, writing v ends it
 * with exit status (v << 1) | 1:
 *
 *   POWER_OFF_CLEAN   0x10   status 33   the machine was switched off in order
 *   POWER_OFF_PANIC   0x3f   status 127  the kernel died; the report is on the first serial port
 *
 * Without that device, clean means ACPI S5 through the PIIX4 or ICH9 power management registers
 * (QEMU's status is then 0), and a panic halts.
 */
#define POWER_OFF_CLEAN 0x10u
#define POWER_OFF_PANIC 0x3fu

_Noreturn void machine_power_off(unsigned code);
_Noreturn void machine_reboot(void);

/* Stops this CPU for good. */
_Noreturn void machine_halt(void);

#endif
