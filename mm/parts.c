/*
 * Exchangeable parts by name, for embedders that choose at boot. In a file of its own: who names a
 * part in its code links no other.
 */

#include <quire/frame.h>
#include <quire/heap.h>

static bool same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

const struct quire_frame_manager *quire_frame_manager_find(const char *name)
{
    static const struct quire_frame_manager *const managers[] = {
        &quire_frame_buddy,
        &quire_frame_bitmap,
        &quire_frame_freelist,
    };

    for (size_t i = 0; i < sizeof(managers) / sizeof(managers[0]); i++)
        if (same(managers[i]->name, name))
            return managers[i];
    return NULL;
}

const struct quire_heap_manager *quire_heap_manager_find(const char *name)
{
    if (same(quire_heap_slab.name, name))
        return &quire_heap_slab;
    return same(quire_heap_firstfit.name, name) ? &quire_heap_firstfit : NULL;
}
