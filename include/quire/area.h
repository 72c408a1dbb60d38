/*
 * quire/area.h, layer 3: kernel memory that is contiguous in virtual addresses only (vmalloc), with
 * an unmapped guard page on each side, and device memory (ioremap). Context: not from interrupt
 * handlers; nothing sleeps.
 */
#ifndef QUIRE_AREA_H
#define QUIRE_AREA_H

#include <quire/pagetable.h>
#include <quire/range.h>

/* One area. The caller reads, the layer writes. */
struct quire_area {
    struct quire_range range; /* with the guard pages */
    quire_virt start;         /* first usable byte */
    size_t length;            /* usable bytes, a multiple of the page size */
    quire_phys device;        /* device areas: physical start (page-aligned) */
    unsigned kind;            /* 0 memory, 1 device, 2 being freed */
    uint32_t frames;  /* first frame of a memory area; each names the next in user.words[0] */
    const char *name; /* kept by pointer; for reports */
};

/* Once, after quire_heap_init and quire_pagetable_init. [start, end) lies in the kernel half. */
enum quire_status quire_area_init(struct quire *q, quire_virt start, quire_virt end);

/* `length` bytes (rounded up to pages), zeroed, readable and writable. NULL: no memory or
 * addresses. */
void *quire_area_alloc(struct quire *q, size_t length, const char *name);

/* Device memory at its physical address (any alignment), never executable. NULL: no memory or
 * addresses, or it wraps. */
void *quire_area_map_device(struct quire *q, quire_phys physical, size_t length,
                            enum quire_cache_mode mode, const char *name);

/* Any address inside the area's usable part. QUIRE_NOT_ALLOCATED: no area there. Flushed everywhere
 * before frames are freed. */
enum quire_status quire_area_free(struct quire *q, void *address);

/* The area at or above address, copied out; false: none. For reports and for explaining a wild
 * kernel access. */
bool quire_area_find(struct quire *q, quire_virt address, struct quire_area *out);

unsigned quire_area_check(struct quire *q);

#endif
