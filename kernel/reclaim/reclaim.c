/*
 * Reclaim, the kernel's part: when, by whom, and how much.
 *
 * Concepts. Three watermarks, Linux's: min = 4 * sqrt(KiB of RAM) KiB, and above it two steps of a
 * quarter of that, or of watermark_scale_factor ten-thousandths of RAM where that is more. When
 * fewer frames than `low` are free, a thread is woken (kswapd0, as programs know it) that gives
 * back until `high` are. What is below `min` is the library's reserve: no ordinary request gets it.
 * Who finds nothing else gives back himself (reclaim_direct, from the out-of-memory path,
 * proc/oom.c): pages first, caches then; a process dies only when neither gave anything.
 *
 * Writing pages out needs memory now and then, and must not wait for memory. So the thread that
 * sweeps is marked (quire_hook_sweep): its requests may use the reserve, and do not come here
 * again. A thread that is dying may use it too, because what it holds is about to come back.
 *
 * Locks. An allocation may reclaim, and then it waits for a sweep of another thread and for
 * devices. It may hold mutexes meanwhile, but none that writing out takes: quire_hook_slot_write
 * and what it calls, pager->clean and what it calls. Those take only locks under which nothing is
 * allocated in the ordinary way: the block layer's and the 9P client's own. An inode's mutex is not
 * one of them: clean() writes pages, and looks at nothing that the mutex protects. No spinlock is
 * held at an allocation that may reclaim.
 *
 * When the library has found that nothing can go, the thread is not woken for nothing again: only
 * after somebody gave back something.
 */
#include "reclaim/reclaim.h"

#include <quire/hooks.h>
#include <quire/reclaim.h>
#include <quire/slot.h>

#include "core/boot_info.h"
#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "linux/overcommit.h"
#include "proc/oom.h"
#include "proc/scheduler.h"
#include "reclaim/pressure.h"
#include "swap/swap.h"

#define MIN_FREE_KIB_LEAST 128
#define MIN_FREE_KIB_MOST  (256 << 10)
/* Pages that one sweep takes at least: the batch of one flush. */
#define SWEEP_LEAST QUIRE_SLOT_RUN

/* The heap may take this part of RAM before its caches shrink along with pages. */
#define CACHES_SHARE 8

struct reclaim_settings reclaim_settings = {.watermark_scale_factor = 10, .swappiness = 60};

static struct {
    struct wait_queue wake;
    bool wanted; /* memory is low */
    bool ready;  /* there are threads */
    uint64_t stalls, wakings;
} reclaim = {.wake = {.waiters = LIST_INIT(reclaim.wake.waiters)}};

/* ---- watermarks ---- */

static uint64_t direct_pages(void)
{
    uint64_t pages = 0;

    for (unsigned i = 0; i <= QUIRE_ZONE_NORMAL; i++)
        pages += kernel_machine.frame.zone[i].present;
    return pages;
}

static uint64_t square_root(uint64_t of)
{
    uint64_t root = 0;

    for (uint64_t bit = (uint64_t)1 << 31; bit != 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= of)
            root += bit;
    return root;
}

static int usual_min_free_kbytes(void)
{
    uint64_t kib = square_root((direct_pages() << (PAGE_SHIFT - 10)) * 16);

    if (kib < MIN_FREE_KIB_LEAST)
        kib = MIN_FREE_KIB_LEAST;
    return (int)(kib < MIN_FREE_KIB_MOST ? kib : MIN_FREE_KIB_MOST);
}

void reclaim_watermarks(struct reclaim_watermarks *out)
{
    uint64_t pages = direct_pages(), step;

    out->min = (uint64_t)(unsigned)reclaim_settings.min_free_kbytes >> (PAGE_SHIFT - 10);
    /* Whatever is asked for, most of the memory stays usable. */
    if (out->min > pages / 4)
        out->min = pages / 4;
    step = pages * (unsigned)reclaim_settings.watermark_scale_factor / 10000;
    if (step < out->min / 4)
        step = out->min / 4;
    out->low = out->min + step;
    out->high = out->low + step;
}

void reclaim_settings_apply(void)
{
    struct reclaim_watermarks marks;

    reclaim_watermarks(&marks);
    quire_frame_set_reserve(&kernel_machine, marks.min);
    quire_reclaim_set_watermarks(&kernel_machine, marks.low, marks.high);
    quire_reclaim_set_swappiness(&kernel_machine, (unsigned)reclaim_settings.swappiness);
}

/* ---- swap ---- */

void reclaim_swap(uint64_t *out_total, uint64_t *out_free)
{
    *out_total = *out_free = 0;
    for (const struct quire_slot_area *area =
             __atomic_load_n(&kernel_machine.slots, __ATOMIC_ACQUIRE);
         area != NULL; area = __atomic_load_n(&area->next, __ATOMIC_ACQUIRE)) {
        if (__atomic_load_n(&area->closing, __ATOMIC_RELAXED))
            continue;
        *out_total += ((const struct swap_device *)area->device)->pages;
        *out_free += __atomic_load_n(&area->free, __ATOMIC_RELAXED);
    }
}

uint64_t reclaim_file_pages(void)
{
    uint64_t pages = 0;

    quire_spin_lock(&kernel_machine.list_lock);
    for (const struct quire_object *object = kernel_machine.objects; object != NULL;
         object = object->next)
        if (object->kind == QUIRE_OBJECT_PAGED)
            pages += __atomic_load_n(&object->resident, __ATOMIC_RELAXED);
    quire_spin_unlock(&kernel_machine.list_lock);
    return pages;
}

void reclaim_swap_changed(void)
{
    overcommit_apply();
}

/* ---- who sweeps ---- */

void quire_hook_sweep(struct quire *q, bool begins)
{
    (void)q;
    current_thread()->sweeping = begins;
}

bool memory_uses_reserve(void)
{
    const struct thread *thread = current_thread();

    return reclaim.ready && (thread->sweeping || thread->dying);
}

size_t reclaim_direct(size_t frames)
{
    size_t freed;

    if (current_thread()->sweeping)
        return 0;
    reclaim.stalls++;
    pressure_stall(true);
    freed = quire_reclaim_pages(&kernel_machine, frames > SWEEP_LEAST ? frames : SWEEP_LEAST);
    pressure_stall(false);
    return freed;
}

void quire_hook_memory_low(struct quire *q)
{
    (void)q;
    __atomic_store_n(&reclaim.wanted, true, __ATOMIC_RELEASE);
    wake_all(&reclaim.wake);
}

/* What is kept for reuse is worth more than its memory, as long as it is little: names of files,
 * stacks, slabs. */
static bool heap_is_large(void)
{
    struct quire_frame_stats frames;

    quire_frame_stats(&kernel_machine, &frames);
    return frames.kind[QUIRE_FRAME_HEAP] > frames.total / CACHES_SHARE;
}

static void background(void *argument)
{
    bool done;

    (void)argument;
    for (;;) {
        wait_event(&reclaim.wake, __atomic_exchange_n(&reclaim.wanted, false, __ATOMIC_ACQUIRE));
        reclaim.wakings++;
        pressure_stall(true);
        done = quire_reclaim_balance(&kernel_machine);
        if (!done || heap_is_large())
            (void)memory_drop_caches();
        pressure_stall(false);
    }
}

/* ---- reports and start ---- */

void reclaim_counts(struct reclaim_counts *out)
{
    const struct quire_reclaim_layer *layer = &kernel_machine.reclaim;

    *out = (struct reclaim_counts){
        .scanned_direct = layer->scanned[0],
        .scanned_background = layer->scanned[1],
        .stolen_direct = layer->stolen[0],
        .stolen_background = layer->stolen[1],
        .stalls = reclaim.stalls,
        .wakings = reclaim.wakings,
    };
}

/* policy=NAME on the command line. */
static void choose_policy(void)
{
    const char *wanted = boot_option("policy");
    const struct quire_policy *policy = wanted ? quire_policy_find(wanted) : NULL;

    if (wanted && !policy)
        log_warn("policy=%s: there is no such policy (/proc/sys/vm/policy names them); %s is used",
                 wanted, quire_reclaim_policy(&kernel_machine)->name);
    if (policy)
        quire_reclaim_set_policy(&kernel_machine, policy);
}

static int reclaim_init(void)
{
    choose_policy();
    reclaim_settings.min_free_kbytes = usual_min_free_kbytes();
    reclaim.ready = true;
    reclaim_settings_apply();
    return kernel_thread_start("kswapd0", background, NULL) ? 0 : -1;
}
INITCALL(INIT_PROCESS, reclaim_init);
