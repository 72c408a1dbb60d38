/*
 * Memory that is short is taken from pages that are not needed now: watermarks, the background
 * thread, reclaim by who needs memory. See reclaim.c; the library's part is <quire/reclaim.h>.
 */
#ifndef KERNEL_RECLAIM_RECLAIM_H
#define KERNEL_RECLAIM_RECLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For who found no frame: about so many are given back by others, or more. How many; 0: nothing can
 * go, or who asks takes pages out itself. May sleep, no spinlock held. */
size_t reclaim_direct(size_t frames);

/* /proc/sys/vm. Sizes in KiB. */
extern struct reclaim_settings {
    int min_free_kbytes;        /* as set, or as computed at boot */
    int watermark_scale_factor; /* of 10000: between the watermarks lies this part of RAM */
    int swappiness;
} reclaim_settings;
/* They changed. */
void reclaim_settings_apply(void);

/* In pages; of all zones below the end of the direct map. */
struct reclaim_watermarks {
    uint64_t min, low, high;
};
void reclaim_watermarks(struct reclaim_watermarks *out);

/* Swap in pages, of all areas that are not being closed. No lock: also where memory is short. */
void reclaim_swap(uint64_t *out_total, uint64_t *out_free);
/* Pages in memory that files elsewhere have: they can go without swap. */
uint64_t reclaim_file_pages(void);
/* An area came or went: what may be promised changes. */
void reclaim_swap_changed(void);

/* /proc/vmstat. */
struct reclaim_counts {
    uint64_t scanned_direct, scanned_background, stolen_direct, stolen_background;
    uint64_t stalls;  /* times that a thread had to take pages out for itself */
    uint64_t wakings; /* of the background thread */
};
void reclaim_counts(struct reclaim_counts *out);

#endif
