/* Exchangeable parts of the library, chosen by words of the command line. */

#include "core/memory.h"

#include <quire/frame.h>

#include "core/boot_info.h"
#include "core/log.h"

const struct quire_frame_manager *parts_frame_manager(void)
{
    const char *wanted = boot_option("frames");
    const struct quire_frame_manager *found = wanted ? quire_frame_manager_find(wanted) : NULL;

    if (wanted && !found)
        log_warn("frames=%s: there is no such frame manager (buddy, bitmap or freelist); buddy is "
                 "used",
                 wanted);
    return found ? found : &quire_frame_buddy;
}

const struct quire_heap_manager *parts_heap_manager(void)
{
    const char *wanted = boot_option("heap");
    const struct quire_heap_manager *found = wanted ? quire_heap_manager_find(wanted) : NULL;

    if (wanted && !found)
        log_warn("heap=%s: there is no such heap (slab or firstfit); slab is used", wanted);
    return found ? found : &quire_heap_slab;
}
