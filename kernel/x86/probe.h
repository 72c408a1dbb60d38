#ifndef KERNEL_X86_PROBE_H
#define KERNEL_X86_PROBE_H

#include <quire/bootmap.h>

/*
 * Asks the ends of the map's usable rows between two addresses, which must be mapped in the direct
 * map. Ends the machine with a message where no memory answers.
 */
void memory_probe(const struct quire_bootmap *map, quire_phys low, quire_phys high);

#endif
