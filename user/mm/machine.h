/* Demos on the simulated machine: the library with a machine of its own, inside this program. */
#ifndef MM_MACHINE_H
#define MM_MACHINE_H

#include "sim.h"

#include "mm.h"

/* So many frames of RAM; tlb_entries 0: a TLB that forgets nothing. The caller is its CPU 0. */
struct sim_machine *machine_new(uint32_t frames, size_t tlb_entries);

/* What the library may not refuse here. */
void must(enum quire_status status, const char *what);

#endif
