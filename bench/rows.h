/*
 * The rows of the benchmark: which operations are measured, and what quire is held to.
 *
 * The table is compiled into the program that runs in the machine (which knows how to measure a
 * row) and into the host's runner (which knows what to compare it with).
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stdbool.h>

struct row {
    const char *key;       /* word that selects the row; no spaces */
    const char *operation; /* for people */
    unsigned must_reach;   /* guest instructions per operation that quire must reach */
    unsigned first_step;   /* and those that a first version is held to */
};

extern const struct row rows[];
extern const unsigned row_count;

/* True if `word` is part of the row's key or of its operation, whatever the case of letters. */
bool row_matches(const struct row *row, const char *word);

#endif
