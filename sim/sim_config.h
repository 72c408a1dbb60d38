/* The library's options on the simulated machine: everything small, so that every limit is met
 * often. */
#ifndef SIM_CONFIG_H
#define SIM_CONFIG_H

#define QUIRE_FRAME_CACHE_SIZE  16
#define QUIRE_FRAME_CACHE_BATCH 4
#define QUIRE_GATHER_FRAMES     8
#define QUIRE_FAULT_AROUND      8
#define QUIRE_STACK_GUARD_PAGES 4
#define QUIRE_DEBUG             1
#define QUIRE_TRACE             1

#endif
