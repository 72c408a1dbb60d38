/*
 * What may be promised (/proc/sys/vm/overcommit_*, and max_map_count): Linux's numbers, given to
 * the library in its own terms. The counting and the refusing is the library's: <quire/commit.h>.
 */
#include "linux/overcommit.h"

#include <quire/commit.h>
#include <quire/frame.h>

#include "core/init.h"
#include "core/memory.h"
#include "linux/settings.h"
#include "reclaim/reclaim.h"

#define KIB_TO_PAGES(kib) ((uint64_t)(kib) >> (PAGE_SHIFT - 10))

/* Of free memory at boot, a 32nd is kept back, and not more than this. */
#define ADMIN_RESERVE_KIB_MAX (8u << 10)
#define USER_RESERVE_KIB_MAX  (128u << 10)

/* Swap can be promised in full, of RAM a part. */
static uint64_t limit_pages(uint64_t ram, uint64_t swap)
{
    if (vm_settings.overcommit_kbytes != 0)
        return KIB_TO_PAGES(vm_settings.overcommit_kbytes) + swap;
    return ram * (uint64_t)(unsigned)vm_settings.overcommit_ratio / 100 + swap;
}

void overcommit_apply(void)
{
    static const enum quire_commit_mode mode[] = {QUIRE_COMMIT_HEURISTIC, QUIRE_COMMIT_ALWAYS,
                                                  QUIRE_COMMIT_STRICT};
    struct quire_frame_stats frames;
    uint64_t swap, free_swap;

    quire_frame_stats(&kernel_machine, &frames);
    reclaim_swap(&swap, &free_swap);
    __atomic_store_n(&kernel_machine.commit.machine, frames.total + swap, __ATOMIC_RELAXED);
    quire_commit_set(&kernel_machine, mode[vm_settings.overcommit_memory],
                     limit_pages(frames.total, swap),
                     KIB_TO_PAGES(vm_settings.admin_reserve_kbytes),
                     KIB_TO_PAGES(vm_settings.user_reserve_kbytes));
    __atomic_store_n(&kernel_machine.region_limit, (size_t)(unsigned)vm_settings.max_map_count,
                     __ATOMIC_RELAXED);
}

static int overcommit_init(void)
{
    struct quire_frame_stats frames;
    uint64_t share;

    quire_frame_stats(&kernel_machine, &frames);
    share = (frames.free << (PAGE_SHIFT - 10)) / 32;
    vm_settings.admin_reserve_kbytes =
        share < ADMIN_RESERVE_KIB_MAX ? share : ADMIN_RESERVE_KIB_MAX;
    vm_settings.user_reserve_kbytes = share < USER_RESERVE_KIB_MAX ? share : USER_RESERVE_KIB_MAX;
    overcommit_apply();
    return 0;
}
INITCALL(INIT_PROCESS, overcommit_init);
