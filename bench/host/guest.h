/* Boots a kernel in QEMU with the benchmark as its first program, and reads what it measures. */
#ifndef BENCH_GUEST_H
#define BENCH_GUEST_H

#include "figures.h"

#include <stdbool.h>

struct guest {
    const char *name;      /* for people */
    const char *kernel;    /* file */
    const char *arguments; /* of the kernel; those of the program follow */
};

/* The two kernels; `kernel` is the file. */
struct guest guest_linux(const char *kernel);
struct guest guest_quire(const char *kernel);

struct guest_options {
    const char *program; /* the benchmark */
    const char *plugin;  /* QEMU's -plugin argument, or NULL */
    bool real_time;      /* ticks are the host's; otherwise guest instructions */
    bool quick;          /* few operations */
    bool verbose;        /* show what the machine prints */
};

/*
 * Measures the rows for which wanted[i] is set, and sets their figures. A row in which the
 * machine dies or falls silent is set wrong, and the rest is measured in a new one. Shows on a
 * terminal which row is being measured.
 */
void guest_measure(const struct guest *guest, const struct guest_options *options,
                   const bool *wanted, struct figure *figures);

/*
 * A path under which the file keeps its contents for this process and its children, even if it
 * is built anew meanwhile; allocated. Ends the program when the file cannot be read.
 */
char *frozen_file(const char *path);

/* The version that is written in a Linux kernel image; allocated. */
char *linux_version(const char *path);

/* Ticks of the host's counter per second; takes a fifth of a second. */
double tick_rate(void);

#endif
