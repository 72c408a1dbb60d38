/*
 * mm/object_tree.h: the places of an object's pages, by index.
 *
 * A radix tree: nodes of 64 places, 6 bits of the index each, as many levels as the largest index
 * needs (height 0: the root is page 0's place itself). Nodes have no counts: they go when the last
 * page has left. A place holds, told apart by its two lowest bits:
 *
 *   NULL        nothing
 *   00          a frame: the page is resident
 *   01          the number of a slot: the page is out; that counts as one of the slot's entries
 *   10          a frame that the pager is filling: nobody else may look at it yet
 *   11          the count of evictions when reclaim took the page: it can be had from the pager
 *
 * The last is told by quire_tree_gone() alone; for all others the place holds nothing.
 *
 * Everything here runs with the object locked.
 */
#ifndef QUIRE_MM_OBJECT_TREE_H
#define QUIRE_MM_OBJECT_TREE_H

#include <quire/object.h>

#define QUIRE_NODE_BITS 6
#define QUIRE_NODE_SIZE (1u << QUIRE_NODE_BITS)

struct quire_node {
    void *child[QUIRE_NODE_SIZE];
};

enum {
    QUIRE_PLACE_SLOT = 1,
    QUIRE_PLACE_FILLING = 2,
    QUIRE_PLACE_GONE = 3,
    QUIRE_PLACE_TAGS = 3,
    QUIRE_PLACE_SHIFT = 2,
};

QUIRE_INLINE bool quire_place_is_slot(const void *held)
{
    return ((uintptr_t)held & QUIRE_PLACE_TAGS) == QUIRE_PLACE_SLOT;
}

QUIRE_INLINE uint64_t quire_place_slot(const void *held)
{
    return (uintptr_t)held >> QUIRE_PLACE_SHIFT;
}

QUIRE_INLINE void *quire_place_of_slot(uint64_t slot)
{
    return (void *)((uintptr_t)slot << QUIRE_PLACE_SHIFT | QUIRE_PLACE_SLOT);
}

QUIRE_INLINE bool quire_place_is_filling(const void *held)
{
    return ((uintptr_t)held & QUIRE_PLACE_TAGS) == QUIRE_PLACE_FILLING;
}

QUIRE_INLINE void *quire_place_of_filling(struct quire_frame *frame)
{
    return (void *)((uintptr_t)frame | QUIRE_PLACE_FILLING);
}

/* The resident page; NULL: there is none. */
QUIRE_INLINE struct quire_frame *quire_place_frame(void *held)
{
    return (uintptr_t)held & QUIRE_PLACE_TAGS ? NULL : held;
}

/* The tree as it is reaches up to this index. */
QUIRE_INLINE bool quire_tree_fits(const struct quire_object *object, uint64_t index)
{
    return (index >> (QUIRE_NODE_BITS * object->tree_height)) == 0;
}

/* What the place of a page holds. */
void *quire_tree_find(const struct quire_object *object, uint64_t index);
/* The place of a page, nodes made on the way; NULL: no memory. That the page is gone is forgotten.
 */
void **quire_tree_make(struct quire_object *object, uint64_t index);
/* Reclaim has just taken the page out of its place. */
void quire_tree_set_gone(struct quire_object *object, uint64_t index, uint32_t evictions);
/* Reclaim took the page that was here: the count of evictions then, of which the highest two bits
 * are lost. */
bool quire_tree_gone(const struct quire_object *object, uint64_t index, uint32_t *out_evictions);
/* The place of a page that is there. */
void **quire_tree_place(struct quire_object *object, uint64_t index);
/* What the first place that holds something holds, at or above *index, which is stored; NULL: none.
 * Skips what has no nodes. */
void *quire_tree_next(const struct quire_object *object, uint64_t *index);
/* Frees every node; nothing is held any more. */
void quire_tree_free(struct quire_object *object);

#endif
