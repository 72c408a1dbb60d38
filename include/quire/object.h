/*
 * quire/object.h, layer 4: what stands behind shared pages: a file, shared anonymous memory, device
 * memory.
 *
 * An object keeps its resident pages by index, and the list of regions that map it. File reads and
 * writes and every mapping use the same frames: there is one cache. A pager, where there is one,
 * fills pages and cleans them. Life: reference-counted. The creator holds one reference, each
 * region one. The last put frees the pages and calls release.
 */
#ifndef QUIRE_OBJECT_H
#define QUIRE_OBJECT_H

#include <quire/frame.h>
#include <quire/pagetable.h>

/* Most pages that a pager is asked for at once. */
#define QUIRE_PAGER_RUN 32

/*
 * Both calls may sleep; no library lock is held. They may come while memory is short, from whoever
 * asked for some, with any lock of the embedder's held: they take none that is held while memory is
 * asked for, and use memory that was set aside.
 */
struct quire_pager {
    /*
     * Fill the frames with pages [index, index + n); nobody else reaches them. Bytes beyond the
     * file's end are zeros. QUIRE_IO_ERROR: nothing of them is kept, and where n > 1 the one page
     * that was wanted is asked for again; if that fails too it is SIGBUS to who wanted it. NULL:
     * pages start as zeros.
     */
    enum quire_status (*fill)(struct quire_object *object, uint64_t index,
                              struct quire_frame *const *frames, unsigned n);
    /*
     * Write pages [index, index + n) back, as far as they are inside the object's size; returns
     * when that is done. One call at a time for an object. Mappings may write to them meanwhile,
     * and then they are dirty again. QUIRE_IO_ERROR: they stay dirty. NULL: they are never written,
     * and dirty pages never leave.
     */
    enum quire_status (*clean)(struct quire_object *object, uint64_t index,
                               struct quire_frame *const *frames, unsigned n);
    /* The last reference is gone, all pages are freed: who wants to keep what is dirty has cleaned
     * before. The owner frees what it keeps. May be NULL. */
    void (*release)(struct quire_object *object);
};

enum quire_object_kind {
    QUIRE_OBJECT_MEMORY =
        0, /* pages start as zeros and live as long as the object (tmpfs, shared anonymous) */
    QUIRE_OBJECT_PAGED,  /* pages come from the pager */
    QUIRE_OBJECT_DEVICE, /* fixed physical addresses, uncounted */
};

struct quire_object {
    struct quire *q;                      /* (c) */
    uint32_t references;                  /* (a) */
    uint32_t number;                      /* (c) in the order of creation */
    uint8_t kind;                         /* (c) */
    uint8_t tree_height;                  /* (o) 0: the root is page 0's place */
    bool cleaning;                        /* (o) somebody writes pages back */
    bool kept;                            /* (a) a memory object: no policy takes its pages out */
    bool locked;                          /* (a) nor does anybody else: as by mlock (SHM_LOCK) */
    uint8_t cache_mode;                   /* (c) device objects: enum quire_cache_mode */
    struct quire_spinlock lock;           /* (o) */
    void *tree;                           /* (o) writes; readers hold (o) */
    uint64_t size;                        /* (a) bytes; written under (o) */
    uint64_t resident;                    /* (o) pages in memory */
    uint64_t swapped;                     /* (o) memory objects: pages that slots hold */
    uint32_t filling;                     /* (o) pages that the pager is filling */
    uint32_t misses;                      /* (a) pages not found, and not in order; a guess */
    uint64_t ahead_next;                  /* (o) where the last fill ended */
    uint32_t ahead;                       /* (o) pages that it brought */
    uint64_t reserved;                    /* (c) pages promised from the start on; 0: each memory
                                             page is promised when it comes to exist */
    struct quire_region *regions;         /* (o) every region that maps it */
    uint32_t writable_mappings;           /* (o) shared regions that may ever be writable (seals) */
    const struct quire_pager *pager;      /* (c) or NULL */
    void *owner;                          /* (c) the embedder's, an inode for example */
    quire_phys device;                    /* (c) */
    struct quire_object *next, *previous; /* (g) */
    struct quire_deferred deferred;
};

/* A new object of `size` bytes with one reference. QUIRE_NO_MEMORY. */
enum quire_status quire_object_create(struct quire *q, enum quire_object_kind kind,
                                      const struct quire_pager *pager, void *owner, uint64_t size,
                                      struct quire_object **out);
/* Device memory at [physical, physical + size). QUIRE_UNALIGNED, QUIRE_OVERFLOW, QUIRE_OUT_OF_RANGE
 * (no entry can name its end), QUIRE_NO_MEMORY.
 */
enum quire_status quire_object_create_device(struct quire *q, quire_phys physical, uint64_t size,
                                             enum quire_cache_mode mode, void *owner,
                                             struct quire_object **out);

/*
 * Promise the whole of a memory object now, on behalf of a space (NULL: of the kernel): shared
 * anonymous memory, as against files, which are charged page by page. Once, before it has pages.
 * QUIRE_COMMIT_LIMIT.
 */
enum quire_status quire_object_reserve(struct quire_object *object,
                                       const struct quire_space *space);

void quire_object_get(struct quire_object *object);
void quire_object_put(struct quire_object *object);

/*
 * Every dirty page of [first, last] is written back; dirty bits of mappings are gathered before. A
 * page that is written to meanwhile may be dirty again. QUIRE_IO_ERROR: some could not be written,
 * and are still dirty. May sleep.
 */
enum quire_status quire_object_clean(struct quire_object *object, uint64_t first, uint64_t last);
/* Pages that are known to be dirty: those that are so in an entry only are not counted. */
uint64_t quire_object_dirty(struct quire_object *object);
/* Clean pages of [first, last] leave a paged object: those that nobody maps, or (mapped) all that
 * nobody holds, and their mappings fault again. Returns how many. */
uint64_t quire_object_drop(struct quire_object *object, uint64_t first, uint64_t last, bool mapped);
/* Pages of [first, last] that are not in memory are brought there without waiting for more than
 * their device (WILLNEED). QUIRE_NO_MEMORY; QUIRE_IO_ERROR. May sleep. */
enum quire_status quire_object_fetch_ahead(struct quire_object *object, uint64_t first,
                                           uint64_t last);

/* Pages that the object keeps, in memory and in slots. A guess while others work on it. */
QUIRE_INLINE uint64_t quire_object_pages_held(const struct quire_object *object)
{
    return __atomic_load_n(&object->resident, __ATOMIC_RELAXED) +
           __atomic_load_n(&object->swapped, __ATOMIC_RELAXED);
}

/* How quire_object_page behaves. */
enum {
    QUIRE_OBJECT_ALLOCATE =
        1 << 0, /* a page that is not resident is created (zeros, or by the pager) */
    QUIRE_OBJECT_ANY_INDEX =
        1 << 1, /* the end is not checked (a write that will extend the file) */
    QUIRE_OBJECT_RESIDENT =
        1 << 3, /* only what is in memory: never sleeps; a page that is out is not resident */
    QUIRE_OBJECT_RANDOM = 1 << 4,     /* of what the pager brings, this page alone */
    QUIRE_OBJECT_SEQUENTIAL = 1 << 5, /* and as much as can be of what follows it */
    QUIRE_OBJECT_OVERWRITE =
        1 << 2, /* the caller overwrites the whole page, which cannot fail and which nobody can
                   reach before (beyond the end): do not fill it, the frame's last content stands */
    QUIRE_OBJECT_AHEAD = 1 << 6, /* nobody uses the page yet: if it is created, it counts as not
                                    there until somebody does (fallocate) */
};

/*
 * The frame of page `index`, with a reference for the caller (quire_frame_put). Frames are not
 * moved or freed while it is held; truncation may take the page out of the object meanwhile.
 * QUIRE_BEYOND_END; QUIRE_NO_MAPPING: not resident and not asked to allocate; QUIRE_NO_MEMORY (the
 * reclaimer was asked); QUIRE_COMMIT_LIMIT; QUIRE_IO_ERROR. May sleep in the pager; no lock may be
 * held.
 */
enum quire_status quire_object_page(struct quire_object *object, uint64_t index, unsigned flags,
                                    struct quire_frame **out);

/*
 * Up to n resident pages from `index` on, as an array with a reference each (NULL: a hole, or made
 * ahead and not used). For
 * fault-around and read-ahead. Returns how many are not NULL.
 */
size_t quire_object_pages(struct quire_object *object, uint64_t index, size_t n,
                          struct quire_frame **out);

/*
 * New size in bytes. May sleep, where the last page is out. Shrinking, or the size it has: pages
 * beyond the end leave every mapping (private copies beyond it too, as POSIX asks; later accesses
 * give QUIRE_BEYOND_END) and the object, the rest of the last page is zeroed.
 *
 * QUIRE_IO_ERROR, QUIRE_NO_MEMORY: the page that would be cut in two is out and cannot be brought
 * back; nothing has changed. Growing, and an object of a pager, never fail.
 */
enum quire_status quire_object_resize(struct quire_object *object, uint64_t size);

/*
 * Zero bytes [start, end): whole pages leave the object and all shared mappings, edges are zeroed.
 * QUIRE_IO_ERROR, QUIRE_NO_MEMORY: an edge cannot be brought back; nothing has changed.
 */
enum quire_status quire_object_punch(struct quire_object *object, uint64_t start, uint64_t end);

/* Is there a page at this index, in memory or out, that was not only made ahead? */
bool quire_object_exists(struct quire_object *object, uint64_t index);

/* Bytes of kernel memory to or from the object's pages (not user memory). done: bytes moved, also
 * on failure. */
enum quire_status quire_object_read(struct quire_object *object, uint64_t offset, void *buffer,
                                    size_t length, size_t *out_done);
enum quire_status quire_object_write(struct quire_object *object, uint64_t offset,
                                     const void *buffer, size_t length, size_t *out_done);

unsigned quire_object_check(struct quire_object *object);
/* For check: what the object's places hold is counted into the slots' `seen`. */
void quire_object_count_slots(struct quire_object *object);

#endif
