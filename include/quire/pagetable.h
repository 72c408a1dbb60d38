/*
 * quire/pagetable.h, layer 3: walk, map, unmap, protect, translate and harvest, over any of the
 * formats.
 *
 * What is mapped through quire_pagetable_map is not counted: kernel mappings, device memory, other
 * kernels' own schemes. Spaces (layer 4) use the same tables with counted frames. Context: not from
 * interrupt handlers; nothing sleeps.
 */
#ifndef QUIRE_PAGETABLE_H
#define QUIRE_PAGETABLE_H

#include <quire/format.h>
#include <quire/frame.h>

/* Rights of a mapping; QUIRE_PROT_NONE maps nothing that can be touched. */
enum {
    QUIRE_PROT_NONE = 0,
    QUIRE_PROT_READ = 1,
    QUIRE_PROT_WRITE = 2,
    QUIRE_PROT_EXECUTE = 4,
};

enum quire_cache_mode {
    QUIRE_CACHE_WRITE_BACK = 0,
    QUIRE_CACHE_WRITE_THROUGH,
    QUIRE_CACHE_UNCACHED,
    QUIRE_CACHE_WRITE_COMBINING, /* the embedder sets PAT entry 4 to write-combining (SDM 3A 12.12)
                                  */
};

/* Flags of quire_pagetable_map and _protect. */
enum {
    QUIRE_PAGE_USER = 1 << 0,
    QUIRE_PAGE_GLOBAL = 1 << 1,
    QUIRE_PAGE_SMALL = 1 << 2,    /* never large pages */
    QUIRE_PAGE_NO_GIANT = 1 << 3, /* no 1 GiB pages (CPU lacks them) */
    QUIRE_PAGE_CACHE_SHIFT = 8,   /* enum quire_cache_mode << 8 */
};

/*
 * The kernel's own page table: an empty root, and one table below each root entry of the kernel
 * half, so that every space shares them from its first moment. On i386, where the root itself holds
 * large pages, the tables come with the first space: map the direct map before. levels: what the
 * format has, QUIRE_LEVELS_DEFAULT to QUIRE_LEVELS_MAX (4 or 5 on x86-64). QUIRE_NO_MEMORY,
 * QUIRE_INVALID.
 */
enum quire_status quire_pagetable_init(struct quire *q, unsigned levels);

/* An empty user half under a new root that shares the kernel half. QUIRE_NO_MEMORY. */
enum quire_status quire_pagetable_create(struct quire *q, struct quire_pagetable *out);
/* Frees root and user-half tables. What they mapped is the caller's; no CPU may have the root
 * loaded. */
void quire_pagetable_destroy(struct quire *q, struct quire_pagetable *table);

/*
 * Map [address, address + length) to [physical, ...), with the largest pages that alignment and the
 * format allow. The caller excludes others from the range. QUIRE_EXISTS: something is mapped there
 * already; QUIRE_NO_MEMORY: no frame for a table. In both cases what was mapped by this call is
 * unmapped again. QUIRE_UNALIGNED, QUIRE_ZERO_LENGTH, QUIRE_OVERFLOW, QUIRE_OUT_OF_RANGE.
 */
enum quire_status quire_pagetable_map(struct quire *q, struct quire_pagetable *table,
                                      quire_virt address, quire_phys physical, size_t length,
                                      unsigned protection, unsigned flags);

/* Holes are fine. A large page that the range cuts is split first (QUIRE_NO_MEMORY: nothing changed
 * behind that page). QUIRE_BUSY: it is an entry of the kernel half's root, which spaces share by
 * now. Flushed on all CPUs. */
enum quire_status quire_pagetable_unmap(struct quire *q, struct quire_pagetable *table,
                                        quire_virt address, size_t length);
enum quire_status quire_pagetable_protect(struct quire *q, struct quire_pagetable *table,
                                          quire_virt address, size_t length, unsigned protection,
                                          unsigned flags);

/* One level of a walk. */
struct quire_walk_step {
    unsigned level; /* 5 .. 1 */
    unsigned index;
    quire_phys table;  /* address of the table */
    quire_entry entry; /* its entry at index */
};

struct quire_translation {
    quire_phys physical; /* of the byte, where present */
    bool present;
    unsigned level;      /* of the last entry looked at: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB */
    unsigned protection; /* QUIRE_PROT_*, all levels taken together */
    bool user;
    unsigned steps;
    struct quire_walk_step step[QUIRE_LEVELS_MAX];
};

/* Step by step, as the CPU does it. Never fails: `present` tells. Reads without locks (inside a
 * read-side section). */
void quire_pagetable_translate(struct quire *q, const struct quire_pagetable *table,
                               quire_virt address, struct quire_translation *out);

/*
 * Visit each mapping of [start, end), lowest first, skipping empty tables: `visit(context, address,
 * level, entry)`; entry points to the live entry. Return false to stop. No locks: for quiet
 * machines, checks and reports.
 */
void quire_pagetable_visit(struct quire *q, const struct quire_pagetable *table, quire_virt start,
                           quire_virt end,
                           bool (*visit)(void *context, quire_virt address, unsigned level,
                                         quire_entry *entry),
                           void *context);

/* Counts from a harvest of accessed and dirty bits. */
struct quire_harvest {
    size_t present;
    size_t accessed;
    size_t dirty;
};

/*
 * Count the accessed and dirty pages of [start, end) and clear accessed bits on the way (a shared
 * table is visited once per call for each parent). With flush, TLBs forget the range, so that the
 * next access sets the bit again.
 */
void quire_pagetable_harvest(struct quire *q, struct quire_pagetable *table, quire_virt start,
                             quire_virt end, bool flush, struct quire_harvest *out);

/* ---- the self-map ---- */

/*
 * Programs may read their own page tables, as memory: a window in the kernel half that shows all
 * tables of the space that is loaded (mm/selfmap.c). Off unless this is called, once, when the
 * kernel half's large mappings stand and before the first space is made. window: a multiple of
 * quire_self_map_size(), with nothing mapped there; on x86-64 not the last root entry's place,
 * where kernels are linked. The kernel half's own tables cannot be read through it. Flushes forget
 * more while it is on. QUIRE_UNALIGNED, QUIRE_OUT_OF_RANGE (not in the kernel half), QUIRE_EXISTS,
 * QUIRE_BUSY (there are spaces, or it is on), QUIRE_INVALID (no page table yet).
 */
enum quire_status quire_self_map_init(struct quire *q, quire_virt window);

/* Bytes of the window: what one root entry covers; PAE: what four entries of a directory do. */
quire_virt quire_self_map_size(unsigned levels);

/* Where the window shows the entry of `level` for an address (1 = of the lowest table). PAE's root
 * is not in it. */
quire_virt quire_self_map_entry(const struct quire *q, quire_virt address, unsigned level);

#endif
