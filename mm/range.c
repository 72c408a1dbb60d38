/*
 * Address ranges in an AVL tree with the largest gap per subtree.
 *
 * Concepts. A node's own gap is the free space between it and its predecessor in address order (or
 * address 0). A node's `gap` is the largest own gap in its subtree, so a search for free space
 * skips every subtree that cannot help: O(log n). Nodes are also threaded in order, which makes
 * "own gap" and neighbour checks O(1).
 *
 * Invariants. |height(left) - height(right)| <= 1; gap and height of a node agree with its
 * children; the thread agrees with the tree's order; no two ranges overlap.
 *
 * Locking. Writers are excluded by the caller. quire_range_at_or_above may run while a writer
 * works: fields it reads are written with single stores, it follows at most MAX_DEPTH links, and
 * nodes stay allocated for a grace period. Its answer can be wrong then; the caller's sequence
 * number tells.
 */
#include <quire/range.h>
#include <quire/platform.h>

#define MAX_DEPTH 96 /* an AVL tree of 2^64 nodes is not higher */

#define LOAD(field)         __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)

void quire_range_init(struct quire_range_tree *tree)
{
    tree->root = NULL;
    tree->first = NULL;
    tree->last = NULL;
    tree->count = 0;
}

struct quire_range *quire_range_at_or_above(const struct quire_range_tree *tree, quire_virt address)
{
    struct quire_range *node = LOAD(tree->root);
    struct quire_range *best = NULL;

    for (unsigned depth = 0; node != NULL && depth < MAX_DEPTH; depth++) {
        if (address < LOAD(node->end)) {
            best = node;
            if (address >= LOAD(node->start))
                break;
            node = LOAD(node->child[0]);
        } else {
            node = LOAD(node->child[1]);
        }
    }
    return best;
}

static size_t own_gap(const struct quire_range *node)
{
    return node->start - (node->previous != NULL ? node->previous->end : 0);
}

static int height(const struct quire_range *node)
{
    return node != NULL ? node->height : 0;
}

/* The largest gap of the node's subtree, from its own and its children's. */
static size_t subtree_gap(const struct quire_range *node)
{
    const struct quire_range *left = node->child[0], *right = node->child[1];
    size_t gap = own_gap(node);

    if (left != NULL && left->gap > gap)
        gap = left->gap;
    if (right != NULL && right->gap > gap)
        gap = right->gap;
    return gap;
}

static void update(struct quire_range *node)
{
    int left = height(node->child[0]), right = height(node->child[1]);

    node->height = 1 + (left > right ? left : right);
    node->gap = subtree_gap(node);
}

/* From a node whose own gap may have changed up to where the subtree's does not. */
static void update_gaps(struct quire_range *node)
{
    for (; node != NULL; node = node->parent) {
        size_t gap = subtree_gap(node);

        if (gap == node->gap)
            return;
        node->gap = gap;
    }
}

/* Put `with` where `node` hangs. */
static void replace_child(struct quire_range_tree *tree, struct quire_range *parent,
                          const struct quire_range *node, struct quire_range *with)
{
    if (parent == NULL)
        STORE(tree->root, with);
    else
        STORE(parent->child[parent->child[1] == node], with);
    if (with != NULL)
        with->parent = parent;
}

/* The child on `side` takes its parent's place. */
static struct quire_range *rotate(struct quire_range_tree *tree, struct quire_range *node,
                                  unsigned side)
{
    struct quire_range *up = node->child[side];
    struct quire_range *across = up->child[!side];

    replace_child(tree, node->parent, node, up);
    STORE(node->child[side], across);
    if (across != NULL)
        across->parent = node;
    STORE(up->child[!side], node);
    node->parent = up;
    update(node);
    update(up);
    return up;
}

/*
 * Restore balance, heights and gaps from `node` up. Above a subtree whose height is what it was,
 * only gaps can be wrong.
 */
static void rebalance(struct quire_range_tree *tree, struct quire_range *node)
{
    for (; node != NULL; node = node->parent) {
        int left = height(node->child[0]), right = height(node->child[1]);
        int new_height = 1 + (left > right ? left : right);

        if (right - left > 1 || left - right > 1) {
            unsigned side = right > left;
            struct quire_range *child = node->child[side];

            if (height(child->child[!side]) > height(child->child[side]))
                (void)rotate(tree, child, !side);
            node = rotate(tree, node, side);
        } else if (new_height == node->height) {
            update_gaps(node);
            return;
        } else {
            node->height = new_height;
            node->gap = subtree_gap(node);
        }
    }
}

void quire_range_insert_before(struct quire_range_tree *tree, struct quire_range *node,
                               struct quire_range *next)
{
    struct quire_range *previous = next != NULL ? next->previous : tree->last;
    /* Of two neighbours in order, one has no child on the side of the other. */
    bool below_next = next != NULL && next->child[0] == NULL;
    struct quire_range *parent = below_next ? next : previous;

    node->child[0] = NULL;
    node->child[1] = NULL;
    node->parent = parent;
    node->previous = previous;
    node->next = next;
    node->height = 1;
    if (previous != NULL)
        previous->next = node;
    else
        tree->first = node;
    if (next != NULL)
        next->previous = node;
    else
        tree->last = node;
    node->gap = own_gap(node);

    if (parent == NULL)
        STORE(tree->root, node);
    else
        STORE(parent->child[!below_next], node);
    tree->count++;
    rebalance(tree, parent);
    update_gaps(next);
}

void quire_range_insert(struct quire_range_tree *tree, struct quire_range *node)
{
    quire_range_insert_before(tree, node, quire_range_at_or_above(tree, node->start));
}

void quire_range_remove(struct quire_range_tree *tree, struct quire_range *node)
{
    struct quire_range *next = node->next, *start;

    if (node->previous != NULL)
        node->previous->next = next;
    else
        tree->first = next;
    if (next != NULL)
        next->previous = node->previous;
    else
        tree->last = node->previous;

    if (node->child[0] != NULL && node->child[1] != NULL) {
        /* The successor, leftmost of the right subtree, takes the node's place. */
        struct quire_range *heir = next;

        if (heir->parent == node) {
            start = heir;
        } else {
            start = heir->parent;
            replace_child(tree, heir->parent, heir, heir->child[1]);
            STORE(heir->child[1], node->child[1]);
            heir->child[1]->parent = heir;
        }
        STORE(heir->child[0], node->child[0]);
        heir->child[0]->parent = heir;
        replace_child(tree, node->parent, node, heir);
        heir->height = node->height;
        heir->gap = node->gap;
    } else {
        start = node->parent;
        replace_child(tree, node->parent, node,
                      node->child[0] != NULL ? node->child[0] : node->child[1]);
    }
    tree->count--;
    rebalance(tree, start);
    update_gaps(next);
}

void quire_range_resize(struct quire_range_tree *tree, struct quire_range *node, quire_virt start,
                        quire_virt end)
{
    (void)tree;
    STORE(node->start, start);
    STORE(node->end, end);
    update_gaps(node);
    update_gaps(node->next);
}

/* The last node at or before `node` whose own gap holds `length`. */
static struct quire_range *last_gap(struct quire_range *node, size_t length)
{
    while (node != NULL) {
        struct quire_range *below = node->child[0];

        if (own_gap(node) >= length)
            return node;
        if (below != NULL && below->gap >= length) {
            for (;;) {
                if (below->child[1] != NULL && below->child[1]->gap >= length)
                    below = below->child[1];
                else if (own_gap(below) >= length)
                    return below;
                else
                    below = below->child[0];
            }
        }
        while (node->parent != NULL && node->parent->child[0] == node)
            node = node->parent;
        node = node->parent;
    }
    return NULL;
}

/* The first node at or after `node` whose own gap holds `length`. */
static struct quire_range *first_gap(struct quire_range *node, size_t length)
{
    while (node != NULL) {
        struct quire_range *below = node->child[1];

        if (own_gap(node) >= length)
            return node;
        if (below != NULL && below->gap >= length) {
            for (;;) {
                if (below->child[0] != NULL && below->child[0]->gap >= length)
                    below = below->child[0];
                else if (own_gap(below) >= length)
                    return below;
                else
                    below = below->child[1];
            }
        }
        while (node->parent != NULL && node->parent->child[1] == node)
            node = node->parent;
        node = node->parent;
    }
    return NULL;
}

static quire_virt larger(quire_virt a, quire_virt b)
{
    return a > b ? a : b;
}

enum quire_status quire_range_find_high(const struct quire_range_tree *tree, quire_virt low,
                                        quire_virt high, size_t length, quire_virt *out,
                                        struct quire_range **out_above)
{
    /* Below `high` the topmost gap may be cut by `high` itself; every other one ends at a node. */
    struct quire_range *above = high != 0 ? quire_range_at_or_above(tree, high - 1) : tree->first;
    struct quire_range *below;
    quire_virt start, end = high;

    if (length == 0 || high < low || high - low < length)
        return QUIRE_NO_SPACE;
    if (above != NULL && above->start < high)
        end = above->start;
    below = above != NULL ? above->previous : tree->last;
    start = larger(below != NULL ? below->end : 0, low);
    if (start <= end && end - start >= length) {
        *out = end - length;
        *out_above = above;
        return QUIRE_OK;
    }
    below = last_gap(below, length);
    if (below == NULL)
        return QUIRE_NO_SPACE;
    start = larger(below->previous != NULL ? below->previous->end : 0, low);
    if (start > below->start || below->start - start < length)
        return QUIRE_NO_SPACE; /* this gap reaches below `low`, and so do all others */
    *out = below->start - length;
    *out_above = below;
    return QUIRE_OK;
}

enum quire_status quire_range_find_low(const struct quire_range_tree *tree, quire_virt low,
                                       quire_virt high, size_t length, quire_virt *out,
                                       struct quire_range **out_above)
{
    struct quire_range *above = quire_range_at_or_above(tree, low);
    quire_virt start = low;

    if (length == 0 || high < low || high - low < length)
        return QUIRE_NO_SPACE;
    if (above != NULL && (above->start < low || above->start - low < length)) {
        above = first_gap(above->next, length);
        start = above != NULL ? above->previous->end : tree->last->end;
    }
    if (start > high || high - start < length)
        return QUIRE_NO_SPACE;
    *out = start;
    *out_above = above;
    return QUIRE_OK;
}

unsigned quire_range_check(const struct quire_range_tree *tree)
{
    const struct quire_range *previous = NULL;
    unsigned wrong = 0;
    size_t count = 0;

    for (const struct quire_range *node = tree->first; node != NULL; node = node->next) {
        const struct quire_range *left = node->child[0], *right = node->child[1];
        int lean = height(right) - height(left);
        size_t gap = own_gap(node);

        if (left != NULL && left->gap > gap)
            gap = left->gap;
        if (right != NULL && right->gap > gap)
            gap = right->gap;
        wrong += node->start >= node->end;
        wrong += node->previous != previous;
        wrong += previous != NULL && previous->end > node->start;
        wrong += lean > 1 || lean < -1;
        wrong += node->gap != gap;
        wrong += node->height != 1 + (lean > 0 ? height(right) : height(left));
        wrong += left != NULL && (left->parent != node || left->start >= node->start);
        wrong += right != NULL && (right->parent != node || right->start <= node->start);
        wrong += node->parent == NULL && tree->root != node;
        previous = node;
        if (++count > tree->count)
            break;
    }
    return wrong + (tree->last != previous) + (count != tree->count);
}
