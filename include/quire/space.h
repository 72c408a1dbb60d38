/*
 * quire/space.h, layer 4: address spaces made of regions, and the page fault.
 *
 * A space is one root table and a set of regions. A region is a range of pages with rights, and
 * what stands behind them: nothing (private anonymous memory: the page table entry is the truth) or
 * an object from an offset on.
 *
 * Locking: operations that change regions take the space's lock; faults take none on their way
 * (region lookups are validated by a sequence number, entries by their table's lock). Every
 * operation may be called on any space from any CPU. Context: not from interrupt handlers, no
 * library lock held. May sleep only in pagers and swap I/O. Failure leaves the state as it was,
 * unless the comment says otherwise. Shortage: an operation that meets QUIRE_NO_MEMORY unwinds,
 * drops its locks, asks the reclaimer and tries again before it returns it.
 */
#ifndef QUIRE_SPACE_H
#define QUIRE_SPACE_H

#include <quire/object.h>
#include <quire/pagetable.h>
#include <quire/range.h>
#include <quire/slot.h>

/* Region flags (QUIRE_PROT_* use bits 0 to 2 of the same word). */
enum {
    QUIRE_REGION_MAY_READ = 1 << 3, /* the most that protect may give */
    QUIRE_REGION_MAY_WRITE = 1 << 4,
    QUIRE_REGION_MAY_EXECUTE = 1 << 5,
    QUIRE_REGION_SHARED = 1 << 6, /* writes go to the object; otherwise private, copy-on-write */
    QUIRE_REGION_GROWS_DOWN = 1 << 7,
    QUIRE_REGION_LOCKED = 1 << 8,        /* pages stay in memory */
    QUIRE_REGION_LOCK_ON_FAULT = 1 << 9, /* with LOCKED: do not populate at once */
    QUIRE_REGION_NO_FORK = 1 << 10,      /* clone leaves it out */
    QUIRE_REGION_WIPE_ON_FORK = 1 << 11, /* clone gives the child empty pages */
    QUIRE_REGION_NO_DUMP = 1 << 12,
    QUIRE_REGION_SEQUENTIAL = 1 << 13, /* advice */
    QUIRE_REGION_RANDOM = 1 << 14,
    QUIRE_REGION_HUGE = 1 << 15,
    QUIRE_REGION_NO_HUGE = 1 << 16,
    QUIRE_REGION_NO_RESERVE = 1 << 17, /* not counted as committed */
    QUIRE_REGION_STACK = 1 << 18,      /* for reports: "[stack]" */
    QUIRE_REGION_SEALED = 1 << 19,     /* for reports: shared, and only a seal forbids to write */
    QUIRE_REGION_ACCOUNTED = 1 << 20,  /* its pages count as promised; set by the library, and kept
                                          when the right to write is taken away again */
    QUIRE_REGION_MERGEABLE = 1 << 21,  /* advice: equal pages may become one */
    QUIRE_REGION_UNWRITTEN = 1 << 22, /* was there at the last quire_space_clear_dirty; says nothing
                                         about rights, and does not keep neighbours from merging */
};
#define QUIRE_REGION_PROTECTION (QUIRE_PROT_READ | QUIRE_PROT_WRITE | QUIRE_PROT_EXECUTE)

struct quire_region {
    struct quire_range
        range; /* (s) first: a region is its range; with an object, changed under (o) too */
    struct quire_space *space;   /* (c) */
    uint32_t flags;              /* (s) */
    struct quire_object *object; /* (s) NULL: private anonymous */
    uint64_t offset; /* (s, o) page index in the object where the region starts; anonymous: 0 */
    struct quire_region *object_next, *object_previous; /* (o) the object's list */
    struct quire_deferred deferred;
};

/* Limits in bytes; the embedder sets them at any time (RLIMIT_AS, _DATA, _STACK, _MEMLOCK).
 * UINT64_MAX: none. */
struct quire_space_limits {
    uint64_t total;
    uint64_t data;
    uint64_t stack;
    uint64_t locked;
    bool administrator; /* may use what the commit limit keeps for the administrator */
};

/* Pages by kind of region, kept by the writers; for limits and reports. */
struct quire_space_pages {
    uint64_t total, data, stack, executable, locked, shared, accounted;
    uint64_t total_peak; /* the largest total so far */
};

struct quire_space {
    struct quire *q;                 /* (c) */
    struct quire_pagetable table;    /* (c) */
    struct quire_spinlock lock;      /* (s) */
    uint32_t number;                 /* (c) for traces and reports */
    uint64_t sequence;               /* (a) odd while a writer changes regions */
    struct quire_range_tree regions; /* (s) */
    quire_virt start, end;           /* (c) user addresses [start, end) */
    quire_virt map_top;    /* (s) mappings without an address go below it, highest first */
    quire_virt window_end; /* (s) no place above it is chosen, unless the hint lies above; at first
                              `end` */
    quire_virt break_start, break_end; /* (s) program break, bytes */
    struct quire_space_limits limits;  /* (s) */
    struct quire_space_pages pages;    /* (s) */
    uint64_t charged;                  /* (s) pages promised to it: pages.accounted, at rest */
    uint64_t resident_peak;            /* (a) pages, as far as looked at */
    uint64_t unseen;                   /* (a) pages that may have left since the last look */
    uint32_t default_flags; /* (s) QUIRE_REGION_LOCKED for future mappings (mlockall MCL_FUTURE) */
    uint64_t *cpus;         /* (a) bit set while a CPU may hold this space in its TLB */
    uint32_t pins;          /* (g) sweeps that look at it */
    uint64_t kept;         /* (a) pages: no policy takes any while the space has no more; 0: none */
    uint32_t ahead;        /* (a) pages that the next swap-in reads at once */
    quire_virt ahead_next; /* (a) where it would go on, if memory is used in order */
    struct quire_region *spare; /* (s) records for an operation under way, linked by object_next */
    struct quire_space *next, *previous; /* (g) */
    void *user;                          /* the embedder's */
};

/* Once, after quire_heap_init and quire_pagetable_init. QUIRE_NO_MEMORY. */
enum quire_status quire_space_init(struct quire *q);

/* An empty space; end 0: the whole user half. */
enum quire_status quire_space_create(struct quire *q, struct quire_space **out);

/*
 * As long as the space has at most so many pages in its regions, no policy takes any of them out:
 * for the program that a person talks to, which must be there when all else waits for a disk, or
 * the disk is gone. 0 (the start): a space like any other. A clone is kept alike. Any context.
 */
void quire_space_keep(struct quire_space *space, uint64_t pages);

/* Unmaps everything and frees the space. No CPU has it loaded or uses it. */
void quire_space_destroy(struct quire_space *space);

/* Load the space's root on this CPU (NULL: the kernel's own). Cheap when it is loaded already. */
void quire_space_load(struct quire *q, struct quire_space *space, struct quire_space *previous);

/*
 * fork: a copy with the same regions. Private pages are shared copy-on-write, whole leaf tables at
 * a time; no-fork regions are left out; locks are not inherited. QUIRE_NO_MEMORY and
 * QUIRE_COMMIT_LIMIT leave parent as it was (pages may have become copy-on-write, unseen by it).
 * Short of memory it starts anew whenever the reclaimer gave some: how often, only the reclaimer
 * bounds.
 */
enum quire_status quire_space_clone(struct quire_space *parent, struct quire_space **out);

/* ---- mappings ---- */

enum {
    QUIRE_MAP_FIXED = 1 << 0,      /* exactly at address; replaces what is there */
    QUIRE_MAP_NO_REPLACE = 1 << 1, /* with FIXED: QUIRE_EXISTS where something is mapped */
    QUIRE_MAP_LOW_2G = 1 << 2,     /* MAP_32BIT: below 2 GiB, lowest first from 1 GiB */
    QUIRE_MAP_POPULATE = 1 << 3,   /* fault the pages in at once; failure there is not an error */
    QUIRE_MAP_REFUSED = 1 << 4, /* the object may not be mapped so: what FIXED replaces goes, as on
                                   Linux, and the answer is QUIRE_NO_PERMISSION */
};

struct quire_map {
    quire_virt address; /* a hint, or with FIXED the place */
    size_t length;      /* bytes, rounded up to pages */
    uint32_t region;    /* QUIRE_PROT_* | QUIRE_REGION_*; MAY_* as given: a region without them can
                           never gain rights */
    uint32_t flags;     /* QUIRE_MAP_* */
    struct quire_object *object; /* NULL: private anonymous (SHARED needs an object). The region
                                    takes its own reference */
    uint64_t offset;             /* bytes into the object, page-aligned */
};

/* QUIRE_UNALIGNED, _ZERO_LENGTH, _OVERFLOW, _OUT_OF_RANGE, _NO_SPACE, _EXISTS, _LIMIT,
 * _COMMIT_LIMIT, _INVALID, _NO_PERMISSION, _NO_MEMORY. */
enum quire_status quire_space_map(struct quire_space *space, const struct quire_map *map,
                                  quire_virt *out_address);

/* Holes are fine. QUIRE_NO_MEMORY (a split, or a table shared by fork): nothing is unmapped. */
enum quire_status quire_space_unmap(struct quire_space *space, quire_virt address, size_t length);

/*
 * mprotect. QUIRE_NO_MAPPING at the first hole, QUIRE_NO_PERMISSION where MAY_* forbids,
 * QUIRE_LIMIT (data) and QUIRE_COMMIT_LIMIT where pages become writable: what lies before it is
 * changed (as on Linux). grows_down: start at the beginning of the grow-down region
 * that contains address.
 */
enum quire_status quire_space_protect(struct quire_space *space, quire_virt address, size_t length,
                                      unsigned protection, bool grows_down);

enum {
    QUIRE_REMAP_MAY_MOVE = 1 << 0,
    QUIRE_REMAP_FIXED = 1 << 1,    /* to new_address, replacing what is there */
    QUIRE_REMAP_KEEP_OLD = 1 << 2, /* MREMAP_DONTUNMAP: the old range stays mapped, empty */
    QUIRE_REMAP_REFUSED = 1 << 3,  /* new_address is not for this caller: QUIRE_NO_PERMISSION, after
                                      all that comes before the move */
};

/*
 * mremap: grow, shrink or move. old_length 0 on a shared region makes a second mapping.
 * QUIRE_NO_MAPPING: the range is not one region's; QUIRE_NO_SPACE: cannot grow in place and may not
 * move, or no room; QUIRE_INVALID: flags, overlap; QUIRE_LIMIT, QUIRE_LOCK_LIMIT,
 * QUIRE_COMMIT_LIMIT, QUIRE_NO_PERMISSION. Whatever fails, what was mapped at a fixed new address
 * may be gone, and so may the old range's part beyond the new length (as on Linux).
 */
enum quire_status quire_space_remap(struct quire_space *space, quire_virt old_address,
                                    size_t old_length, size_t new_length, unsigned flags,
                                    quire_virt new_address, quire_virt *out_address);

enum quire_advice {
    QUIRE_ADVICE_NORMAL,
    QUIRE_ADVICE_SEQUENTIAL,
    QUIRE_ADVICE_RANDOM,
    QUIRE_ADVICE_WILL_NEED,
    QUIRE_ADVICE_DONT_NEED, /* pages leave the space now; private ones are lost */
    QUIRE_ADVICE_FREE,      /* private anonymous: may be lost */
    QUIRE_ADVICE_REMOVE,    /* shared: the object's range is punched */
    QUIRE_ADVICE_DONT_FORK,
    QUIRE_ADVICE_DO_FORK,
    QUIRE_ADVICE_WIPE_ON_FORK,
    QUIRE_ADVICE_KEEP_ON_FORK,
    QUIRE_ADVICE_DONT_DUMP,
    QUIRE_ADVICE_DO_DUMP,
    QUIRE_ADVICE_HUGE,
    QUIRE_ADVICE_NO_HUGE,
    QUIRE_ADVICE_COLD,
    QUIRE_ADVICE_PAGE_OUT,
    QUIRE_ADVICE_POPULATE_READ,
    QUIRE_ADVICE_POPULATE_WRITE,
    QUIRE_ADVICE_DONT_NEED_LOCKED, /* DONT_NEED, of locked pages too */
    QUIRE_ADVICE_MERGEABLE,
    QUIRE_ADVICE_UNMERGEABLE,
    QUIRE_ADVICE_COLLAPSE, /* make large pages; so far it is only said whether they could be */
};

/* QUIRE_NO_MAPPING when the range has holes (the rest is done, as on Linux); QUIRE_INVALID where
 * the advice has no meaning for a region; QUIRE_NO_PERMISSION where REMOVE or POPULATE_* ask for a
 * right that a region does not give. */
enum quire_status quire_space_advise(struct quire_space *space, quire_virt address, size_t length,
                                     enum quire_advice advice);

/* mlock (lock, on_fault) and munlock. QUIRE_NO_MAPPING, QUIRE_LOCK_LIMIT, QUIRE_NO_MEMORY (some
 * pages could not be brought in). */
enum quire_status quire_space_lock(struct quire_space *space, quire_virt address, size_t length,
                                   bool lock, bool on_fault);
/* All of the space (mlockall MCL_CURRENT, munlockall). */
enum quire_status quire_space_lock_all(struct quire_space *space, bool lock, bool on_fault);

/* mincore: one byte a page, bit 0 = resident. QUIRE_NO_MAPPING on a hole. */
enum quire_status quire_space_resident(struct quire_space *space, quire_virt address, size_t length,
                                       uint8_t *out_bytes);

/* Where the program break starts (after exec). */
void quire_space_set_break(struct quire_space *space, quire_virt start);
/* brk: the break afterwards; unchanged when it cannot be moved. */
quire_virt quire_space_break(struct quire_space *space, quire_virt wanted);

/* ---- faults ---- */

/* How memory is touched (the first three equal QUIRE_PROT_*). */
enum {
    QUIRE_ACCESS_READ = 1,
    QUIRE_ACCESS_WRITE = 2,
    QUIRE_ACCESS_EXECUTE = 4,
    QUIRE_ACCESS_KERNEL = 8, /* the kernel on a user address: same rules, told apart in traces */
    /* Only inside quire_space_read and _write: */
    QUIRE_ACCESS_REMOTE = 16, /* not the CPU touches it: reading needs the right to read, whatever
                                 the CPU's tables can express */
    QUIRE_ACCESS_FORCE = 32,  /* MAY_* count instead of the rights */
};

/*
 * Resolve a page fault at address. QUIRE_OK: try the access again. Otherwise the cause, see enum
 * quire_status; *out_class (may be NULL) says which class it was. The region lookups of a fault
 * write no shared cache line.
 */
enum quire_status quire_space_fault(struct quire_space *space, quire_virt address, unsigned access,
                                    enum quire_fault_class *out_class);

/* Fault in every page of a range for `access`. Stops at the first failure and returns it. */
enum quire_status quire_space_populate(struct quire_space *space, quire_virt address, size_t length,
                                       unsigned access);

/*
 * Copy between kernel memory and a space that need not be loaded (ptrace, /proc/PID/mem,
 * process_vm_readv, exec's argument pages). Rights as the region's. force, for debuggers: reading
 * needs MAY_READ only; writing to a private region needs MAY_WRITE only, and gives the page a copy
 * of its own; a shared region is never written to without its right. The region's rights stay as
 * they are, none at all included. done: bytes copied, also on failure.
 */
enum quire_status quire_space_read(struct quire_space *space, quire_virt address, void *buffer,
                                   size_t length, bool force, size_t *out_done);
enum quire_status quire_space_write(struct quire_space *space, quire_virt address,
                                    const void *buffer, size_t length, bool force,
                                    size_t *out_done);

/*
 * The physical frame and place behind a user address, for futexes and reports: for private memory
 * the space and address are the key, for shared the object and index.
 */
struct quire_space_key {
    const void *owner; /* the space or the object */
    uint64_t offset;   /* bytes */
};
enum quire_status quire_space_key(struct quire_space *space, quire_virt address,
                                  struct quire_space_key *out);

/* ---- reports ---- */

struct quire_region_info {
    quire_virt start, end;
    uint32_t flags;
    struct quire_object *object; /* with a reference for the caller (quire_object_put), or NULL */
    uint64_t offset;             /* bytes into the object */
};

/* The region that contains address or the first above it; false: none. */
bool quire_space_region(struct quire_space *space, quire_virt address,
                        struct quire_region_info *out);

/* Shares of pages are kept in bytes with so many bits behind the point. */
#define QUIRE_USAGE_FRACTION 12

struct quire_usage {
    uint64_t resident;  /* pages present or inaccessible, without the zero page */
    uint64_t anonymous; /* of those: private anonymous */
    uint64_t object;    /* of those: an object's */
    uint64_t swapped;   /* entries that hold a slot */
    uint64_t tables;    /* page tables of all levels */
    /* range walks only: */
    uint64_t accessed, dirty, shared_clean, shared_dirty, private_clean, private_dirty;
    uint64_t lazy_free;     /* given back by QUIRE_ADVICE_FREE, and not written since */
    uint64_t most_mappings; /* of one page */
    uint64_t proportional;  /* each page divided by the entries that map it; see the fraction */
    uint64_t proportional_dirty, proportional_anonymous, proportional_object; /* of that */
    uint64_t swapped_proportional;
};

/* From the tables' own counters: O(tables), and once there is swap, O(entries) for some of them. */
void quire_space_usage(struct quire_space *space, struct quire_usage *out);
/*
 * Adds what the entries of a range say: O(pages), without a lock. A page counts as shared when
 * another entry maps it, as far as its record and the table at hand tell: a page that two forks
 * share by way of other shared tables may be shared more often than that.
 */
void quire_space_usage_range(struct quire_space *space, quire_virt start, quire_virt end,
                             struct quire_usage *sum);

/* The largest resident set so far, in pages: looked at when pages have left the space in numbers (a
 * 64th of it, or 256 KiB), and now. */
uint64_t quire_space_resident_peak(struct quire_space *space);
/* Forgets the peak: it is what is resident now. */
void quire_space_reset_peak(struct quire_space *space);
/* For operations on the space: so many resident pages have just left it. */
void quire_space_note_peak(struct quire_space *space, uint64_t pages);

/* What one page's entry says. */
enum {
    QUIRE_PAGE_IS_PRESENT = 1 << 0,   /* or inaccessible: there is a frame */
    QUIRE_PAGE_IS_SWAPPED = 1 << 1,   /* the number is a slot's */
    QUIRE_PAGE_IS_OBJECT = 1 << 2,    /* the frame is an object's */
    QUIRE_PAGE_IS_EXCLUSIVE = 1 << 3, /* no other entry maps the frame */
    QUIRE_PAGE_IS_DIRTY = 1 << 4,     /* written through this entry since quire_space_clear_dirty */
};
struct quire_page_state {
    uint64_t number; /* of the frame or slot */
    uint8_t flags;
};

/* The state of n pages from a page address on, without a lock; pages without an entry are zeros. */
void quire_space_page_states(struct quire_space *space, quire_virt start, size_t n,
                             struct quire_page_state *out);

/* How many entries map an anonymous or object frame, counting shared tables once; others: 0. */
uint32_t quire_frame_mappings(const struct quire_frame *frame);
/* The same for n frames from a number on, each shared table counted as often as spaces have it.
 * Looks at every table of the machine: O(RAM), without a lock. */
void quire_frame_mapping_counts(struct quire *q, uint32_t first, size_t n, uint64_t *out);

/* The pages of the space count as untouched: anonymous ones, objects', or both. */
void quire_space_clear_accessed(struct quire_space *space, bool anonymous, bool object);
/*
 * Pages of the space count as unwritten: the next write to each faults and marks its entry dirty.
 * What was written before stays known to the frame. Regions get QUIRE_REGION_UNWRITTEN, which a
 * region that is mapped later lacks. QUIRE_NO_MEMORY: done in part.
 */
enum quire_status quire_space_clear_dirty(struct quire_space *space);

#endif
