#ifndef KERNEL_CORE_BOOT_H
#define KERNEL_CORE_BOOT_H

/* Steps of bring-up that only kernel_main() and memory_init() call. */

#include <quire/bootmap.h>

/*
 * Fills boot_info and `map` (finished) from what the loader left. Storage of the map is static.
 * Logs firmware's map. Ends the machine when it cannot be started with that map.
 */
void boot_info_read(uint32_t magic, uint64_t address, struct quire_bootmap *map);

/*
 * Ends the machine, because it cannot be started: one line says why. Not for the kernel's own
 * mistakes, which panic() reports.
 */
_Noreturn void boot_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The firmware's map, kept for reports (/proc/iomem). */
extern struct quire_bootmap boot_map;

/* The rows as the loader gave them: sorted, but before they were rounded to pages and used. */
const struct quire_memory_range *boot_info_firmware(size_t *out_count);

/* Runs `selftest=...` of the command line; returns when there is none. */
void selftest_run(void);

#endif
