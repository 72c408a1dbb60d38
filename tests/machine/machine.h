/* What the unit tests of layers 3 and 4 share: a simulated machine, and cmocka's assertions. */
#ifndef TESTS_MACHINE_H
#define TESTS_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim.h"

#define PAGE QUIRE_PAGE_SIZE
/* Bytes of the smallest large page, and kernel addresses that nobody else uses, aligned to all. */
#define LARGE (QUIRE_PAGE_SIZE << QUIRE_INDEX_BITS)
#define KERNEL                                                                                     \
    (UINTPTR_MAX > UINT32_MAX ? (quire_virt)0xffff900000000000u : (quire_virt)0xd0000000u)

/* A machine with that many CPUs and enough memory; the caller is CPU 0. */
struct sim_machine *machine_create(unsigned cpus);
/* The same with `high` frames beyond the direct map. */
struct sim_machine *machine_create_high(unsigned cpus, uint32_t high);
/* Everything is in order and nothing is held: then the machine goes. */
void machine_end(struct sim_machine *machine);

/* Everything agrees: the library's own check, and the TLBs. */
void machine_check(struct sim_machine *machine);

/* How many regions the space has. */
size_t machine_regions(struct quire_space *space);

uint64_t machine_free_frames(struct sim_machine *machine);

/* Private memory at a fixed place: `pages` pages that may be read and written, with `region`'s
 * flags besides; page i holds `value` + i in its last word, and is not touched where value is 0. */
void machine_anonymous(struct quire_space *space, quire_virt address, size_t pages, uint32_t region,
                       uint64_t value);
/* The last words of pages are value, value + 1, ... */
void machine_expect(struct quire_space *space, quire_virt address, size_t pages, uint64_t value);

/* The seed of a random test: QUIRE_SEED or the clock; printed. */
uint64_t machine_seed(void);

#define assert_status(expression, wanted)                                                          \
    do {                                                                                           \
        enum quire_status status_ = (expression);                                                  \
        if (status_ != (wanted))                                                                   \
            fail_msg("%s: %s, not %s", #expression, quire_status_string(status_),                  \
                     quire_status_string(wanted));                                                 \
    } while (0)
#define assert_ok(expression) assert_status(expression, QUIRE_OK)

#endif
