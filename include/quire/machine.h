/*
 * quire/machine.h: every structure that one machine's memory consists of, in one place.
 *
 * `struct quire` is one machine. The embedder provides its storage (zeroed) and passes it to every
 * call; nothing here is global, so a test runs many machines in one process. Fields belong to the
 * layer that is named above them; others read them through that layer's functions. Lock tags: (c)
 * constant after init, (a) atomic, (z) zone lock, (w) the frame table's growth lock, (t) table
 * lock, (o) object lock, (s) space lock, (g) the machine's list lock, (p) this CPU only.
 */
#ifndef QUIRE_MACHINE_H
#define QUIRE_MACHINE_H

#include <quire/lock.h>
#include <quire/policy.h>
#include <quire/range.h>
#include <quire/trace.h>
#include <quire/types.h>

/* ---- layer 1: frames ---- */

enum quire_frame_kind {
    QUIRE_FRAME_FREE = 0,  /* in the frame manager or in a CPU's cache */
    QUIRE_FRAME_RESERVED,  /* not RAM, or firmware's */
    QUIRE_FRAME_BOOT,      /* kernel image, archive, frame table: in use since boot */
    QUIRE_FRAME_KERNEL,    /* the embedder's, and area memory */
    QUIRE_FRAME_HEAP,      /* a slab, or a large heap block */
    QUIRE_FRAME_TABLE,     /* a page table of any level */
    QUIRE_FRAME_ANONYMOUS, /* private user memory */
    QUIRE_FRAME_OBJECT,    /* a page of an object */
    QUIRE_FRAME_KIND_COUNT
};

enum {
    QUIRE_FRAME_CACHED = 1 << 0,    /* free, and on a CPU's stack: set by check while it runs */
    QUIRE_FRAME_UNTOUCHED = 1 << 0, /* (a) an object's page that was made ahead of its use */
    QUIRE_FRAME_HEAD = 1 << 1,      /* first frame of a block in the manager's lists */
    QUIRE_FRAME_DIRTY = 1 << 2,     /* (a) differs from its backing store */
    QUIRE_FRAME_DEAD = 1 << 3, /* a table that left its parent and waits for its grace period */
    QUIRE_FRAME_LAZY_FREE = 1 << 4, /* MADV_FREE: may be dropped while it stays clean */
    QUIRE_FRAME_ZEROED = 1 << 6,    /* free, or about to be freed, and known to hold zeros */
    QUIRE_FRAME_POISONED = 1 << 5,  /* debug builds: free, and filled with the poison pattern */
    QUIRE_FRAME_ACCESSED = 1 << 7, /* (a) an object's page was used; the hand takes the flag away */
};

/*
 * One frame of RAM: 32 bytes, two to a cache line. The number is the place in the array.
 *
 *   count  references: one for each entry that maps it, one for the owner of a kernel or table
 * frame, one for the object or slot cache that keeps it. 0 = free. Shared tables count their
 * entries once.
 */
struct quire_frame {
    uint32_t count; /* (a) */
    uint8_t kind;   /* enum quire_frame_kind; changes only while count is 0 or by the sole owner */
    uint8_t order;  /* of the block whose first frame this is */
    uint8_t zone;   /* (c) */
    uint8_t flags;  /* QUIRE_FRAME_* bits; (a) for allocated frames, (z) for free ones */
    union {
        struct { /* FREE: links of the manager's list, as frame numbers */
            uint32_t next, previous;
        } free;
        struct { /* OBJECT: the object (NULL once removed from it) and the page's place in it */
            struct quire_object *owner; /* (a) written under (o) */
            uint64_t index;
            uint32_t policy; /* (r) the policy's word: <quire/policy.h> */
            uint32_t seen;   /* references found by check */
        } object;
        struct { /* ANONYMOUS: its slot while the slot cache knows it, else 0 */
            uint64_t slot;
            uint32_t unused[2], policy, seen;
        } anonymous;
        struct { /* TABLE */
            struct quire_spinlock lock;
            uint16_t live;      /* (t) entries that are not empty */
            uint16_t resident;  /* (t) entries that hold a counted frame, inaccessible ones too */
            uint16_t anonymous; /* (t) of those: anonymous frames */
            uint8_t level;      /* 1 = leaf table */
            uint8_t swept;  /* (t) low bits of the reclaim round that was here last, if shared */
            uint32_t next;  /* next dead table of a CPU's list, as frame number */
            uint32_t epoch; /* low bits of the epoch in which it died */
            uint32_t seen;
        } table;
        struct { /* HEAP: a slab; only `cache` is set in the frames behind its first */
            struct quire_cache *cache;
            uint16_t used;           /* objects handed out, those in CPU lists too */
            uint16_t list;           /* which list of the cache it is on */
            uint32_t next, previous; /* that list, as frame numbers */
            uint32_t free;           /* first free object, as byte offset; UINT32_MAX: none */
        } slab;
        struct {                      /* HEAP: a large block */
            struct quire_cache *none; /* NULL tells it from a slab */
            uint64_t bytes;           /* of the whole block; 1: a frame of an arena */
        } large;
        struct { /* KERNEL: the embedder's to use */
            uint64_t words[2];
        } user;
    };
};
_Static_assert(sizeof(struct quire_frame) <= 32, "the frame table costs at most 32 bytes a frame");

enum quire_zone_id {
    QUIRE_ZONE_DMA = 0, /* below 16 MiB */
    QUIRE_ZONE_DMA32,   /* below 4 GiB */
    QUIRE_ZONE_NORMAL,  /* direct-mapped */
    QUIRE_ZONE_HIGH,    /* beyond the direct map */
    QUIRE_ZONE_COUNT
};

#define QUIRE_FRAME_NONE UINT32_MAX

struct quire_frame_manager; /* <quire/frame.h> */
struct quire_memory_range;  /* <quire/bootmap.h> */

struct quire_zone {
    struct quire_spinlock lock;
    uint32_t first, end; /* (c) frame numbers [first, end); empty zones have first == end */
    uint64_t present;    /* (c) frames of RAM that the zone got, holes left out */
    uint32_t free;       /* (z) frames in the manager; those in CPU caches are not counted */
    uint32_t unwritten;  /* (w) free frames whose records are not written yet, in no manager */
    uint32_t grow;       /* (w) where to look for them: nothing below is unwritten */
    uint32_t keep[QUIRE_ZONE_COUNT]; /* (c) frames left here by requests that might have come from
                                        that zone at best */
    uint64_t blocks[QUIRE_MAX_ORDER + 1]; /* (z) blocks per order, of managers that keep lists */
    uint32_t list[QUIRE_MAX_ORDER + 1]; /* (z) first block per order, QUIRE_FRAME_NONE when empty */
    unsigned long *bitmap;              /* (z) for managers that keep one */
    uint32_t hint;                      /* (z) likewise: where the last search ended */
} __attribute__((aligned(QUIRE_CACHE_LINE)));

struct quire_frame_layer {
    struct quire_frame *table; /* (c) indexed by frame number; in the direct map */
    uint32_t count;            /* (c) frames in the table: [0, count) */
    quire_phys direct_end;     /* (c) one past the last byte of RAM in the direct map */
    const struct quire_frame_manager *manager; /* (c) */
    struct quire_zone zone[QUIRE_ZONE_COUNT];
    unsigned long *written; /* (a) set under (w): a bit for each section of the table */
    const struct quire_memory_range *row; /* (c) the boot map, from which sections are written */
    size_t row_count;                     /* (c) */
    struct quire_spinlock grow_lock;      /* (w) writing sections */
    uint64_t reserve;                     /* (a) frames kept for write-out (QUIRE_ALLOC_RESERVE) */
    quire_phys zero;     /* (c) the zero page, a BOOT frame that is never counted */
    uint32_t slow_flags; /* (c) QUIRE_ALLOC_* bits that a CPU's stack cannot serve */
};

/* ---- per CPU ---- */

/* Read-side critical sections end at quire_quiescent(); see <quire/quire.h>. */
struct quire_deferred {
    struct quire_deferred *next;
    uint64_t epoch;
    void (*run)(struct quire *q, struct quire_deferred *self);
};

struct quire_cpu {
    /* frames: a stack of free frames of zone NORMAL or below, newest last: most likely still in
     * this CPU's data cache */
    uint32_t frame_count;                   /* (p) */
    uint32_t frame[QUIRE_FRAME_CACHE_SIZE]; /* (p) */
    /* grace periods */
    uint64_t epoch
        __attribute__((aligned(QUIRE_CACHE_LINE)));  /* (a) the last epoch that this CPU passed in
                                                        peace; UINT64_MAX while idle */
    struct quire_deferred *deferred, *deferred_last; /* (p) oldest first */
    uint32_t table_first, table_last;                /* (p) dead tables, oldest first */
    /* counters */
    uint64_t fault[QUIRE_FAULT_CLASS_COUNT]; /* (p) */
    uint64_t event[QUIRE_EVENT_COUNT];       /* (p) */
    int64_t committed;                     /* (a) pages promised here less pages given back here */
    uint64_t kind[QUIRE_FRAME_KIND_COUNT]; /* (p) frames that this CPU made that kind, less those
                                              that it freed: the sum over all CPUs counts */
    bool in_check;
} __attribute__((aligned(QUIRE_CACHE_LINE)));

/* ---- layer 2: heap ---- */

#define QUIRE_HEAP_CLASSES 23

struct quire_heap_manager; /* <quire/heap.h> */
struct quire_arena;        /* mm/heap_firstfit.c */

struct quire_heap_layer {
    struct quire_spinlock lock; /* the list of caches */
    struct quire_cache *caches; /* (lock) every cache, general ones too */
    struct quire_cache *cache_of_caches;
    struct quire_cache *general[QUIRE_HEAP_CLASSES];
    uint64_t large_frames;                    /* (a) frames in large blocks */
    const struct quire_heap_manager *manager; /* (c) */
    size_t class_limit;                       /* (c) sizes that the general caches serve */
    struct quire_spinlock arena_lock;         /* for managers that keep arenas: */
    struct quire_arena *arenas;               /* (arena_lock) by address */
    uint64_t arena_frames;                    /* (arena_lock) */
    uint32_t empty_arenas;                    /* (arena_lock) */
};

/* ---- layer 3: kernel page table and areas ---- */

struct quire_pagetable {
    quire_phys root;
    uint8_t levels; /* 2, 3, 4 or 5 */
};

struct quire_area_layer {
    struct quire_spinlock lock;
    struct quire_range_tree tree; /* (lock) areas by address, guard pages included */
    quire_virt start, end;        /* (c) the addresses areas may have */
    uint64_t mapped;              /* (lock) pages */
};

/* ---- layer 4: promised memory ---- */

struct quire_commit_layer { /* <quire/commit.h>; all (a), the embedder sets them at any time */
    uint32_t mode;          /* enum quire_commit_mode */
    uint64_t machine;       /* pages of RAM and swap */
    uint64_t limit;         /* strict mode: pages */
    uint64_t administrator, user; /* strict mode: pages of the limit that are kept back */
};

/* ---- layer 5: reclaim ---- */

/* <quire/reclaim.h>. (r): by whoever sweeps, one at a time. */
struct quire_reclaim_layer {
    struct quire_spinlock lock;         /* `sweeping`, `writing` */
    bool sweeping;                      /* (lock) somebody owns the fields tagged (r) */
    uint32_t writing;                   /* (lock) pages on their way to a device */
    const struct quire_policy *policy;  /* (a) the one wanted */
    const struct quire_policy *started; /* (r) the one whose state this is */
    struct quire_policy_state state;    /* (r) */
    uint32_t space;                     /* (r) the hand: number of the space, 0: none yet */
    quire_virt address;                 /* (r) the next address in it */
    bool in_objects;                    /* (r) the hand is behind the last space */
    uint32_t object;                    /* (r) number of the object, and the next page in it */
    uint64_t index;                     /* (r) */
    uint32_t met;                       /* (r) pages met in this round */
    uint32_t taken;                     /* (r) pages taken in this round */
    uint64_t low, high;                 /* (a) free frames: below `low` the embedder is told, and
                                           quire_reclaim_balance fills up to `high` */
    bool told;                          /* (a) */
    uint32_t reluctance;                /* (a) 100 less the swappiness, at least 0 */
    uint32_t inclination;               /* (r) hundredths of an anonymous page that may go */
    uint32_t files, files_before;   /* (r) pages of paged objects met in this round, in the last */
    bool lazy;                      /* (a) pages may have been marked as lazily freed since none was
                                       found any more */
    uint32_t lazy_space;            /* (r) the hand that looks for those */
    quire_virt lazy_address;        /* (r) */
    uint64_t scanned[2], stolen[2]; /* (r) pages looked at, and taken: for who needed memory;
                                       in the background */
};

/* ---- the machine ---- */

#define QUIRE_MAX_CPU_WORDS(cpus) (((cpus) + 63) / 64)

struct quire {
    struct quire_frame_layer frame;
    struct quire_cpu *cpu; /* (c) cpu_count of them, in boot memory */
    unsigned cpu_count;    /* (c) */
    struct quire_heap_layer heap;
    struct quire_pagetable kernel; /* (c) the kernel half, shared by all spaces */
    quire_virt self_map;           /* (c) the window of the self-map, 0: there is none */
    bool self_map_fixed; /* (kernel_lock) PAE: the kernel's directory does not change any more */
    bool kernel_fixed;   /* (kernel_lock) its root entries do not change any more */
    struct quire_spinlock kernel_lock; /* changes of kernel-half tables */
    struct quire_area_layer area;

    struct quire_cache *region_cache; /* (c) layer 4's objects */
    struct quire_cache *space_cache;  /* (c) */
    struct quire_cache *object_cache; /* (c) */
    struct quire_cache *node_cache;   /* (c) radix tree nodes */
    uint32_t next_space, next_object; /* (g) number of the next one */
    size_t
        region_limit; /* (a) regions a space may have; the embedder sets it, SIZE_MAX: any number */

    uint64_t epoch; /* (a) current grace-period epoch, starts at 1 */
    struct quire_commit_layer commit;

    struct quire_spinlock list_lock;
    struct quire_space *spaces;    /* (g) every space, for check and for reclaim */
    struct quire_object *objects;  /* (g) every object */
    struct quire_slot_area *slots; /* (g) every swap area, highest priority first */
    struct quire_reclaim_layer reclaim;

    bool (*reclaimer)(struct quire *q,
                      size_t frames); /* (c) asked when memory is short; true: try again */
    void *user;                       /* (c) the embedder's */
};

QUIRE_INLINE struct quire_cpu *quire_this_cpu(struct quire *q)
{
    return &q->cpu[quire_platform_cpu()];
}

#endif
