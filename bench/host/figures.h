/* What was measured of each row, and where it is kept between runs. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

struct figure {
    uint64_t ticks, operations; /* operations is 0 while nothing is known */
    char *wrong;                /* why there is no figure, or NULL; allocated */
};

/* One figure for each of rows[], all empty; ended by figures_free(). */
struct figure *figures_new(void);
void figures_free(struct figure *figures);

bool figure_known(const struct figure *figure);
double figure_each(const struct figure *figure); /* ticks per operation */

/* Forgets what is known of one row, or sets it. `wrong` is copied. */
void figure_set(struct figure *figure, uint64_t ticks, uint64_t operations);
void figure_set_wrong(struct figure *figure, const char *wrong);

/* Index into rows[], or -1. */
int row_index(const char *key);

/* A number that differs when a file does; ends the program when it cannot be read. */
uint64_t file_checksum(const char *path);

/* Adds the figures that the file has for rows without one. A missing file has none. */
void figures_load(struct figure *figures, const char *path);

/* Writes the figures of rows that have one; a failure is reported, and the file is not changed. */
void figures_save(const struct figure *figures, const char *path);

#endif
