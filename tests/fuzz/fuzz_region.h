#ifndef TESTS_FUZZ_REGION_H
#define TESTS_FUZZ_REGION_H

#include "model.h"

/* What is left of the input. */
struct fuzz_bytes {
    const uint8_t *at, *end;
};

/* A choice in [0, n) from as many bytes as that takes; 0 after the end. */
uint64_t fuzz_below(struct fuzz_bytes *bytes, uint64_t n);

void region_hostile(const struct sim_options *options, struct fuzz_bytes *bytes,
                    void (*on_failure)(struct sim_machine *machine, const char *text));

#endif
