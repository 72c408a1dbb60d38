/* The radix tree of an object's pages: see object_tree.h. */
#include "object_tree.h"

#include <quire/heap.h>
#include <quire/machine.h>

#define MAX_HEIGHT 9 /* 54 bits of page index: more than a 64-bit size has */

static bool is_gone(const void *held)
{
    return ((uintptr_t)held & QUIRE_PLACE_TAGS) == QUIRE_PLACE_GONE;
}

static void *held_at(const struct quire_object *object, uint64_t index)
{
    void *at = object->tree;

    if (!quire_tree_fits(object, index))
        return NULL;
    for (unsigned height = object->tree_height; height > 0 && at != NULL; height--)
        at = ((struct quire_node *)at)
                 ->child[(index >> (QUIRE_NODE_BITS * (height - 1))) & (QUIRE_NODE_SIZE - 1)];
    return at;
}

void *quire_tree_find(const struct quire_object *object, uint64_t index)
{
    void *held = held_at(object, index);

    return is_gone(held) ? NULL : held;
}

void quire_tree_set_gone(struct quire_object *object, uint64_t index, uint32_t evictions)
{
    *quire_tree_place(object, index) =
        (void *)((uintptr_t)(evictions << QUIRE_PLACE_SHIFT) | QUIRE_PLACE_GONE);
}

bool quire_tree_gone(const struct quire_object *object, uint64_t index, uint32_t *out_evictions)
{
    void *held = held_at(object, index);

    if (!is_gone(held))
        return false;
    *out_evictions = (uint32_t)(uintptr_t)held >> QUIRE_PLACE_SHIFT;
    return true;
}

static struct quire_node *new_node(struct quire *q)
{
    struct quire_node *node = quire_cache_alloc(q, q->node_cache);

    if (node != NULL)
        __builtin_memset(node, 0, sizeof(*node));
    return node;
}

void **quire_tree_make(struct quire_object *object, uint64_t index)
{
    void **place = &object->tree;

    while (!quire_tree_fits(object, index)) {
        if (object->tree != NULL) {
            struct quire_node *root = new_node(object->q);

            if (root == NULL)
                return NULL;
            root->child[0] = object->tree;
            object->tree = root;
        }
        object->tree_height++;
    }
    for (unsigned height = object->tree_height; height > 0; height--) {
        if (*place == NULL) {
            *place = new_node(object->q);
            if (*place == NULL)
                return NULL;
        }
        place = &((struct quire_node *)*place)
                     ->child[(index >> (QUIRE_NODE_BITS * (height - 1))) & (QUIRE_NODE_SIZE - 1)];
    }
    if (is_gone(*place))
        *place = NULL;
    return place;
}

void *quire_tree_next(const struct quire_object *object, uint64_t *index)
{
    while (quire_tree_fits(object, *index)) {
        void *at = object->tree;
        unsigned height = object->tree_height;

        while (at != NULL && height > 0) {
            height--;
            at = ((struct quire_node *)at)
                     ->child[(*index >> (QUIRE_NODE_BITS * height)) & (QUIRE_NODE_SIZE - 1)];
        }
        if (at != NULL && !is_gone(at))
            return at;
        /* `height` levels below are missing: go on behind them. */
        *index = ((*index >> (QUIRE_NODE_BITS * height)) + 1) << (QUIRE_NODE_BITS * height);
    }
    return NULL;
}

void quire_tree_free(struct quire_object *object)
{
    struct quire_node *path[MAX_HEIGHT + 2];
    unsigned index[MAX_HEIGHT + 2];
    unsigned depth = 0;

    if (object->tree_height > 0 && object->tree != NULL) {
        path[0] = object->tree;
        index[0] = 0;
        for (;;) {
            bool leaf = depth + 1 == object->tree_height;

            if (leaf || index[depth] == QUIRE_NODE_SIZE) {
                quire_cache_free(object->q, object->q->node_cache, path[depth]);
                if (depth == 0)
                    break;
                depth--;
            } else {
                struct quire_node *child = path[depth]->child[index[depth]++];

                if (child != NULL) {
                    path[++depth] = child;
                    index[depth] = 0;
                }
            }
        }
    }
    object->tree = NULL;
    object->tree_height = 0;
}

void **quire_tree_place(struct quire_object *object, uint64_t index)
{
    void **place = &object->tree;

    for (unsigned height = object->tree_height; height > 0; height--)
        place = &((struct quire_node *)*place)
                     ->child[(index >> (QUIRE_NODE_BITS * (height - 1))) & (QUIRE_NODE_SIZE - 1)];
    return place;
}
