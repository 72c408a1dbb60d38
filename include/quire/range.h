/*
 * quire/range.h: a set of address ranges that do not overlap: AVL tree by address, with the largest
 * gap per subtree, and threaded in order. Find, insert, remove and "first free range of n bytes"
 * are O(log n). Spaces and areas embed the node. The caller's lock excludes writers. Readers
 * without the lock may walk a tree that changes: they terminate, and their result counts only when
 * the caller's sequence number shows that nothing changed.
 */
#ifndef QUIRE_RANGE_H
#define QUIRE_RANGE_H

#include <quire/types.h>

struct quire_range {
    quire_virt start, end;        /* [start, end) */
    struct quire_range *child[2]; /* left, right */
    struct quire_range *parent;
    struct quire_range *next, *previous; /* in address order */
    size_t gap;                          /* largest gap before any node of this subtree, bytes */
    int height;
};

struct quire_range_tree {
    struct quire_range *root;
    struct quire_range *first, *last;
    size_t count;
};

void quire_range_init(struct quire_range_tree *tree);

/* The range that contains address, or the first one above it; NULL: none. */
struct quire_range *quire_range_at_or_above(const struct quire_range_tree *tree,
                                            quire_virt address);

/* Insert a range that overlaps none; the second form where its neighbour above (NULL: none) is
 * known, as the searches tell it. */
void quire_range_insert(struct quire_range_tree *tree, struct quire_range *node);
void quire_range_insert_before(struct quire_range_tree *tree, struct quire_range *node,
                               struct quire_range *next);
void quire_range_remove(struct quire_range_tree *tree, struct quire_range *node);
/* Change a node's bounds without changing its place in the order. */
void quire_range_resize(struct quire_range_tree *tree, struct quire_range *node, quire_virt start,
                        quire_virt end);

/*
 * A free range of `length` bytes inside [low, high): the highest, or the lowest; *out_above: its
 * neighbour above, NULL for none. All are multiples of the page size. QUIRE_NO_SPACE.
 */
enum quire_status quire_range_find_high(const struct quire_range_tree *tree, quire_virt low,
                                        quire_virt high, size_t length, quire_virt *out,
                                        struct quire_range **out_above);
enum quire_status quire_range_find_low(const struct quire_range_tree *tree, quire_virt low,
                                       quire_virt high, size_t length, quire_virt *out,
                                       struct quire_range **out_above);

/* Order, balance, heights, gaps and threads agree; disagreements are counted. */
unsigned quire_range_check(const struct quire_range_tree *tree);

#endif
