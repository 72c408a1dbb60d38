#ifndef KERNEL_CORE_BOOT_H
#define KERNEL_CORE_BOOT_H

/* Steps of bring-up that only kernel_main() and memory_init() call. */

#include <quire/bootmap.h>

/*
 * Fills boot_info and `map` (finished) from what the loader left. Storage of the map is static.
 * Logs firmware's map. Panics when there is none.
 */
void boot_info_read(uint32_t magic, uint64_t address, struct quire_bootmap *map);

/* The firmware's map, kept for reports (/proc/iomem). */
extern struct quire_bootmap boot_map;

/* Runs `selftest=...` of the command line; returns when there is none. */
void selftest_run(void);

#endif
