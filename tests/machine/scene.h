/* What most tests of spaces act on: one machine, one space on its first CPU, and what swaps. */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include "machine.h"

/* Rights of a region that may be read and written, and made executable later. */
#define MAY  (QUIRE_REGION_MAY_READ | QUIRE_REGION_MAY_WRITE | QUIRE_REGION_MAY_EXECUTE)
#define RW   (QUIRE_PROT_READ | QUIRE_PROT_WRITE | MAY)
#define BASE ((quire_virt)0x10000000)

extern struct sim_machine *machine;
extern struct quire *q;
extern struct sim_cpu *cpu;          /* the caller's, number 0 */
extern struct quire_space *space;    /* `cpu` is switched to it */
extern struct quire_slot_area *area; /* NULL, or the test's; it goes with the scene */

/* The scene on a machine with these options, or with `cpus` CPUs and enough memory. */
void scene_begin_with(const struct sim_options *options);
void scene_begin(unsigned cpus);
/* Everything agrees, the space goes, and with it every page and every slot but bad ones. */
void scene_end(void);

/* How often it happened on all CPUs. */
uint64_t scene_events(enum quire_event which);

/* Setup and teardown for cmocka, with two CPUs. */
int scene_start(void **state);
int scene_finish(void **state);

/* ---- swap ---- */

/* Makes `area`. */
void scene_swap(uint64_t slots);
uint64_t scene_slots_in_use(const struct quire_slot_area *which);
uint64_t scene_slots_bad(const struct quire_slot_area *which);

/* How many of the space's pages are in memory; at most 512. */
size_t scene_resident(quire_virt address, size_t pages);

#endif
