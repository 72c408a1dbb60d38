/*
 * The machine: RAM, bring-up of the library on it, reports, and the hooks that are not hot.
 *
 * RAM is one file in memory, mapped twice: `direct`, where the library works and where nothing
 * beyond the direct map can be touched, and `view`, where the MMU finds every frame. Frames beyond
 * the direct map are reached by the library through temporary slots, a few pages per CPU that are
 * mapped and unmapped for real: a pointer kept too long faults.
 */
#define _GNU_SOURCE
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LOW_START  ((quire_phys)0x100000)
#define HIGH_START ((quire_phys)0x1000000)
#define LOW_FRAMES 64

_Thread_local struct sim_here *sim_here;

/* ---- random numbers: splitmix64 ---- */

static uint64_t next_random(struct sim_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t sim_random_below(struct sim_random *random, uint64_t n)
{
    uint64_t drawn = next_random(random), low = drawn & UINT32_MAX, high = drawn >> 32;
    uint64_t n_low = n & UINT32_MAX, n_high = n >> 32;
    uint64_t middle = high * n_low + (low * n_low >> 32),
             other = low * n_high + (middle & UINT32_MAX);

    return high * n_high + (middle >> 32) + (other >> 32); /* the upper half of drawn * n */
}

bool sim_random_once_in(struct sim_random *random, uint64_t n)
{
    return sim_random_below(random, n) == 0;
}

/* ---- reports ---- */

static void print_event(const struct sim_machine *machine, uint64_t number)
{
    const struct quire_trace_event *event = &machine->event[number % SIM_EVENTS];
    const char *name = event->type < 64
                           ? quire_fault_class_string((enum quire_fault_class)event->type)
                           : quire_event_string((enum quire_event)(event->type - 64));

    fprintf(stderr, "  event %llu: cpu %u space %u %s at 0x%llx, access %u, detail 0x%llx\n",
            (unsigned long long)event->clock, event->cpu, event->space, name,
            (unsigned long long)event->address, event->access, (unsigned long long)event->detail);
}

static void print_report(struct sim_machine *machine, const char *text)
{
    uint64_t first = machine->events > SIM_EVENTS ? machine->events - SIM_EVENTS : 0;

    for (uint64_t i = first; i < machine->events; i++)
        print_event(machine, i);
    first = machine->lines > SIM_LINES ? machine->lines - SIM_LINES : 0;
    for (uint64_t i = first; i < machine->lines; i++)
        fprintf(stderr, "  log: %s\n", machine->line[i % SIM_LINES]);
    fprintf(stderr, "FAILED seed %llu step %llu cpu %u (%s): %s\n",
            (unsigned long long)machine->options.seed, (unsigned long long)machine->steps,
            sim_here != NULL ? sim_here->number : 0,
            machine->doing != NULL ? machine->doing : "starting", text);
}

void sim_fail(struct sim_machine *machine, const char *format, ...)
{
    static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&once); /* the first failure speaks; it is never unlocked */
    if (machine->on_failure != NULL) {
        pthread_mutex_unlock(&once);
        machine->on_failure(machine, text);
    } else {
        print_report(machine, text);
    }
    fflush(NULL);
    _exit(1);
}

/* ---- hooks ---- */

void quire_hook_panic(struct quire *q, const char *message)
{
    sim_fail(q->user, "panic: %s", message);
}

void quire_hook_log(struct quire *q, const char *line)
{
    struct sim_machine *machine = q->user;
    uint64_t at = __atomic_fetch_add(&machine->lines, 1, __ATOMIC_RELAXED) % SIM_LINES;

    snprintf(machine->line[at], sizeof(machine->line[at]), "%s", line);
}

void quire_hook_trace(struct quire *q, const struct quire_trace_event *event)
{
    struct sim_machine *machine = q->user;

    if (machine->options.threads)
        return; /* the ring would only order what must race */
    machine->event[machine->events++ % SIM_EVENTS] = *event;
}

uint64_t quire_hook_clock(struct quire *q)
{
    struct sim_machine *machine = q->user;

    return __atomic_add_fetch(&machine->clock, 1, __ATOMIC_RELAXED);
}

void *quire_hook_frame_map(struct quire *q, quire_phys frame)
{
    struct sim_cpu *cpu = sim_this_cpu();
    uint8_t *slot = cpu->slot_window + cpu->slots_used * QUIRE_PAGE_SIZE;

    if (cpu->slots_used == SIM_FRAME_SLOTS)
        sim_fail(q->user, "more than %u temporary slots held", SIM_FRAME_SLOTS);
    if (frame < cpu->machine->direct_end || frame >= cpu->machine->ram_end)
        sim_fail(q->user, "a temporary slot for 0x%llx, which needs none",
                 (unsigned long long)frame);
    cpu->slots_used++;
    if (mmap(slot, QUIRE_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
             cpu->machine->memory, (off_t)frame) == MAP_FAILED)
        sim_fail(q->user, "the host has no mapping left");
    return slot;
}

void quire_hook_frame_unmap(struct quire *q, void *address)
{
    struct sim_cpu *cpu = sim_this_cpu();

    if (cpu->slots_used == 0 ||
        address != cpu->slot_window + (cpu->slots_used - 1) * QUIRE_PAGE_SIZE)
        sim_fail(q->user, "temporary slots are given back out of order");
    cpu->slots_used--;
    if (mmap(address, QUIRE_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
        MAP_FAILED)
        sim_fail(q->user, "the host has no mapping left");
}

/* Without the library's own functions, which would lock: a glance is enough. */
static void note_free_frames(struct sim_machine *machine)
{
    const struct quire *q = machine->q;
    uint64_t free_frames = 0;

    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++)
        free_frames += __atomic_load_n(&q->frame.zone[i].free, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < machine->options.cpus; i++)
        free_frames += __atomic_load_n(&q->cpu[i].frame_count, __ATOMIC_RELAXED);
    if (free_frames < __atomic_load_n(&machine->lowest_free, __ATOMIC_RELAXED))
        __atomic_store_n(&machine->lowest_free, free_frames, __ATOMIC_RELAXED);
}

bool sim_allocation_fails(void)
{
    struct sim_machine *machine = ((struct sim_cpu *)sim_here)->machine;
    uint64_t at = __atomic_load_n(&machine->fail_allocation_at, __ATOMIC_RELAXED);
    bool fails = false;

    note_free_frames(machine);
    __atomic_fetch_add(&machine->allocations, 1, __ATOMIC_RELAXED);
    if (at != 0) {
        fails = at == 1;
        __atomic_store_n(&machine->fail_allocation_at, at - 1, __ATOMIC_RELAXED);
    }
    if (machine->fail_allocation_once_in != 0)
        fails |= sim_draw(sim_this_cpu(), machine->fail_allocation_once_in) == 0;
    if (fails)
        __atomic_fetch_add(&machine->allocation_failures, 1, __ATOMIC_RELAXED);
    return fails;
}

/* The one moment at which a frame must be in nobody's TLB (SDM 3A 4.10.4.2; invariant 9). */
void sim_frame_freed(const struct quire *q, uint32_t number)
{
    struct sim_machine *machine = q->user;

    if (machine->held == NULL)
        return;
    for (unsigned i = 0; i < machine->options.cpus; i++)
        if (__atomic_load_n(&machine->cpu[i].mmu.root, __ATOMIC_RELAXED) == (quire_phys)number
                                                                                << QUIRE_PAGE_SHIFT)
            sim_fail(machine, "frame %u is freed, but cpu %u has it loaded as its root", number, i);
    if (__atomic_load_n(&machine->held[number], __ATOMIC_SEQ_CST) != 0)
        sim_fail(machine, "frame %u (kind %s) is freed while %u TLB entries refer to it", number,
                 quire_frame_kind_string((enum quire_frame_kind)quire_frame_at(q, number)->kind),
                 machine->held[number]);
    __atomic_store_n(&machine->stored[number], false, __ATOMIC_RELAXED);
}

void sim_forget_stores(struct sim_machine *machine, const struct quire_frame *frame)
{
    __atomic_store_n(&machine->stored[quire_frame_number(machine->q, frame)], false,
                     __ATOMIC_RELAXED);
}

uint8_t *sim_bytes(struct sim_machine *machine, quire_phys address)
{
    if (address >= machine->ram_end)
        sim_fail(machine, "a CPU reads physical 0x%llx, where there is no RAM",
                 (unsigned long long)address);
    if (address - SIM_DEVICE_START < SIM_DEVICE_BYTES || address >= machine->direct_end)
        return machine->view + address;
    return machine->direct + address;
}

/* ---- bring-up ---- */

static void *reserve_addresses(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return at;
}

static void map_ram(struct sim_machine *machine, uint8_t *base, quire_phys start, quire_phys end)
{
    if (start < end && mmap(base + start, end - start, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_FIXED, machine->memory, (off_t)start) == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
}

static void create_ram(struct sim_machine *machine)
{
    quire_phys low_end = LOW_START + LOW_FRAMES * QUIRE_PAGE_SIZE;

    machine->ram_end =
        HIGH_START + (quire_phys)(machine->options.frames - LOW_FRAMES) * QUIRE_PAGE_SIZE;
    machine->direct_end = machine->ram_end - (quire_phys)machine->options.high * QUIRE_PAGE_SIZE;
    machine->memory = memfd_create("ram", MFD_CLOEXEC);
    if (machine->memory < 0 || ftruncate(machine->memory, (off_t)machine->ram_end) != 0) {
        perror("memfd");
        exit(1);
    }
    machine->direct = reserve_addresses(machine->ram_end);
    machine->view = reserve_addresses(machine->ram_end);
    machine->windows = reserve_addresses(machine->options.cpus * SIM_FRAME_SLOTS * QUIRE_PAGE_SIZE);
    map_ram(machine, machine->direct, LOW_START, low_end);
    map_ram(machine, machine->direct, HIGH_START, machine->direct_end);
    map_ram(machine, machine->view, LOW_START, low_end);
    map_ram(machine, machine->view, HIGH_START, machine->ram_end);
    map_ram(machine, machine->view, SIM_DEVICE_START, SIM_DEVICE_START + SIM_DEVICE_BYTES);
}

static void require(struct sim_machine *machine, enum quire_status status, const char *what)
{
    if (status != QUIRE_OK)
        sim_fail(machine, "%s: %s", what, quire_status_string(status));
}

/*
 * Memory is short: what the heap and the CPU's own stack hold back is all there is. An operation
 * that makes and frees the same objects at each attempt is told so in the end, or it would go on
 * for ever.
 */
static bool reclaim(struct quire *q, size_t frames)
{
    struct sim_machine *machine = q->user;
    size_t freed = quire_heap_shrink(q);

    quire_frame_drain(q);
    if (__atomic_exchange_n(&machine->reclaim_step, machine->steps, __ATOMIC_RELAXED) !=
        machine->steps)
        __atomic_store_n(&machine->reclaims, 0, __ATOMIC_RELAXED);
    if (machine->options.swap)
        freed += quire_reclaim_pages(q, frames + 16);
    return freed > 0 && __atomic_add_fetch(&machine->reclaims, 1, __ATOMIC_RELAXED) <= SIM_RECLAIMS;
}

/* QUIRE_FRAMES and QUIRE_HEAP in the environment name the exchangeable parts, for all tests at
 * once.
 */
static const struct quire_frame_manager *sim_frame_manager(struct sim_machine *machine)
{
    const char *wanted = getenv("QUIRE_FRAMES");
    const struct quire_frame_manager *found =
        wanted != NULL ? quire_frame_manager_find(wanted) : &quire_frame_buddy;

    if (found == NULL)
        sim_fail(machine, "QUIRE_FRAMES=%s: there is no such frame manager", wanted);
    return found;
}

static const struct quire_heap_manager *sim_heap_manager(struct sim_machine *machine)
{
    const char *wanted = getenv("QUIRE_HEAP");
    const struct quire_heap_manager *found =
        wanted != NULL ? quire_heap_manager_find(wanted) : &quire_heap_slab;

    if (found == NULL)
        sim_fail(machine, "QUIRE_HEAP=%s: there is no such manager of the heap", wanted);
    return found;
}

static void bring_up(struct sim_machine *machine)
{
    struct quire_memory_range storage[64];
    struct quire_bootmap map;
    struct quire_frame_config config = {
        .cpu_count = machine->options.cpus,
        .direct_end = machine->direct_end,
        .reserve = machine->options.reserve,
        .manager = sim_frame_manager(machine),
    };
    struct quire *q = machine->q;

    quire_bootmap_init(&map, storage, 64);
    require(machine,
            quire_bootmap_add(&map, LOW_START, LOW_FRAMES * QUIRE_PAGE_SIZE, QUIRE_MEMORY_USABLE),
            "bootmap");
    require(machine,
            quire_bootmap_add(&map, HIGH_START, machine->ram_end - HIGH_START, QUIRE_MEMORY_USABLE),
            "bootmap");
    require(machine, quire_bootmap_finish(&map), "bootmap");
    require(machine, quire_frame_init(q, &map, &config), "frames");
    require(machine, quire_heap_init_with(q, sim_heap_manager(machine)), "heap");
    require(machine, quire_pagetable_init(q, machine->options.levels), "page table");
    require(machine, quire_area_init(q, SIM_AREA_START, SIM_AREA_START + SIM_AREA_BYTES), "areas");
    if (machine->options.self_map)
        require(machine,
                quire_self_map_init(q, (quire_virt)0 -
                                           2 * quire_self_map_size(machine->options.levels)),
                "self-map");
    require(machine, quire_space_init(q), "spaces");
    q->reclaimer = reclaim;
    machine->held = calloc(q->frame.count, sizeof(*machine->held));
    machine->stored = calloc(q->frame.count, sizeof(*machine->stored));
    for (unsigned i = 0; i < machine->options.cpus; i++)
        sim_mmu_set_root(&machine->cpu[i], q->kernel.root);
}

/* QUIRE_LEVELS in the environment, for all tests at once, or the format's usual number. */
static unsigned sim_levels(void)
{
    const char *wanted = getenv("QUIRE_LEVELS");

    return wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) : QUIRE_LEVELS_DEFAULT;
}

struct sim_machine *sim_create(const struct sim_options *options)
{
    struct sim_machine *machine = calloc(1, sizeof(*machine));

    machine->options = *options;
    if (options->levels == 0)
        machine->options.levels = sim_levels();
    if (getenv("QUIRE_SELF_MAP") != NULL)
        machine->options.self_map = true;
    machine->random.state = options->seed;
    machine->q = aligned_alloc(64, (sizeof(struct quire) + 63) / 64 * 64);
    memset(machine->q, 0, sizeof(struct quire));
    machine->q->user = machine;
    create_ram(machine);
    machine->cpu = calloc(options->cpus, sizeof(*machine->cpu));
    for (unsigned i = 0; i < options->cpus; i++) {
        struct sim_cpu *cpu = &machine->cpu[i];

        cpu->machine = machine;
        cpu->here.number = i;
        cpu->here.countdown = UINT32_MAX;
        cpu->here.direct = machine->direct;
        cpu->random.state = options->seed * SIM_CPUS + i + 1;
        cpu->slot_window = machine->windows + i * SIM_FRAME_SLOTS * QUIRE_PAGE_SIZE;
        sim_mmu_init(cpu);
    }
    sim_enter(machine, 0);
    bring_up(machine);
    for (unsigned i = 0; options->point_mean != 0 && i < options->cpus; i++)
        machine->cpu[i].here.countdown = 1;
    return machine;
}

void sim_destroy(struct sim_machine *machine)
{
    for (unsigned i = 0; i < machine->options.cpus; i++) {
        sim_mmu_destroy(&machine->cpu[i]);
        free(machine->cpu[i].stack);
    }
    sim_disk_destroy(machine);
    munmap(machine->direct, machine->ram_end);
    munmap(machine->view, machine->ram_end);
    munmap(machine->windows, machine->options.cpus * SIM_FRAME_SLOTS * QUIRE_PAGE_SIZE);
    close(machine->memory);
    free(machine->cpu);
    free(machine->held);
    free(machine->stored);
    free(machine->q);
    free(machine);
    sim_here = NULL;
}
