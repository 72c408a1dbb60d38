/*
 * Operations on spaces with any arguments. What must hold afterwards, whatever was asked:
 *
 *   - quire_check and the MMU's audit agree;
 *   - regions are sorted, disjoint, page-aligned, inside the user half, and none is empty;
 *   - a map or remap that succeeded says an address where a region of that length begins;
 *   - an unmap that succeeded left nothing in its range;
 *   - at the end no frame is missing.
 *
 * Addresses are drawn from edges (zero, the ends of tables, the end of the user half, the hole of
 * non-canonical addresses, the top) and from what earlier operations returned, give or take a
 * little: random ones would nearly always be empty.
 */
#include "fuzz_region.h"

#include <string.h>

#define SPACES_MOST 4
#define PLACES      16
#define BUFFER      (64 * 1024)
#define STEPS_MOST  120

struct hostile {
    struct sim_machine *machine;
    struct fuzz_bytes *bytes;
    struct quire_space *space[SPACES_MOST];
    struct quire_object *object[2];
    quire_virt place[PLACES]; /* where mappings were made */
    unsigned places;
    struct quire_slot_area *slots;
};

static uint64_t below(struct hostile *h, uint64_t n)
{
    return fuzz_below(h->bytes, n);
}

static quire_virt draw_address(struct hostile *h)
{
    static const quire_virt edges[] = {
        0,
        PAGE,
        0x1ff000,
        0x200000,
        0x3ffff000,
        0x40000000,
        0x7fffffff000,
        0x7fffff000000,
        0x7fffffffe000,
        0x7fffffffefff,
        0x7ffffffff000,
        0x7fffffffffff,
        0x800000000000,
        0xffff7fffffffffff,
        0xffff800000000000,
        0xffffff0000000000,
        0xfffffffffffff000,
        ~(quire_virt)0,
    };
    uint64_t choice = below(h, 256);
    quire_virt address = choice < 64 || h->places == 0
                             ? edges[choice % (sizeof(edges) / sizeof(edges[0]))]
                             : h->place[choice % h->places];

    choice = below(h, 256);
    if (choice < 160)
        return address + (choice % 32) * PAGE;
    if (choice < 200)
        return address - (choice % 32) * PAGE;
    return address + choice % 3 * 0x200000 + (choice < 240 ? 0 : choice);
}

static size_t draw_length(struct hostile *h)
{
    static const size_t edges[] = {
        0,         1,        PAGE - 1,    PAGE + 1,           0x200000,
        0x1ff000,  0x201000, 0x40000000,  0x8000000000,       0x7ffffffff000,
        ~0ul << 1, ~0ul,     ~0ul - 4095, 0x8000000000000000, 0x800000000000,
    };
    uint64_t choice = below(h, 256);

    return choice < 200 ? choice % 40 * PAGE + PAGE
                        : edges[choice % (sizeof(edges) / sizeof(edges[0]))];
}

static struct quire_space *draw_space(struct hostile *h)
{
    unsigned at = (unsigned)below(h, SPACES_MOST);

    for (unsigned i = 0; i < SPACES_MOST; i++)
        if (h->space[(at + i) % SPACES_MOST] != NULL)
            return h->space[(at + i) % SPACES_MOST];
    return NULL;
}

static void remember(struct hostile *h, quire_virt address)
{
    h->place[h->places < PLACES ? h->places++ : below(h, PLACES)] = address;
}

/* ---- promises ---- */

static bool begins_region(struct quire_space *space, quire_virt address, size_t length)
{
    struct quire_region_info info;
    quire_virt at = address;

    while (at < address + length && quire_space_region(space, at, &info)) {
        if (info.object != NULL)
            quire_object_put(info.object);
        if (info.start > at)
            return false;
        at = info.end;
    }
    return at >= address + length;
}

static void require(struct hostile *h, bool truth, const char *what)
{
    if (!truth)
        sim_fail(h->machine, "%s", what);
}

static void check_regions(struct hostile *h, struct quire_space *space)
{
    struct quire_region_info info;
    quire_virt at = 0;

    while (quire_space_region(space, at, &info)) {
        if (info.object != NULL)
            quire_object_put(info.object);
        require(h, info.start >= at && info.start >= space->start, "regions overlap");
        require(h, info.start < info.end && info.end <= space->end, "a region leaves the space");
        require(h, ((info.start | info.end) & (PAGE - 1)) == 0, "a region is not aligned");
        at = info.end;
    }
}

static void check_all(struct hostile *h)
{
    sim_hold(h->machine, true);
    if (quire_check(h->machine->q) != QUIRE_OK)
        sim_fail(h->machine, "quire_check found a disagreement");
    sim_audit(h->machine);
    for (unsigned i = 0; i < SPACES_MOST; i++)
        if (h->space[i] != NULL)
            check_regions(h, h->space[i]);
    sim_hold(h->machine, false);
}

/* ---- operations ---- */

static void do_map(struct hostile *h, struct quire_space *space)
{
    struct quire_map map = {
        .address = draw_address(h),
        .length = draw_length(h),
        .region = (uint32_t)below(h, 1u << 20),
        .flags = (uint32_t)below(h, 16),
    };
    unsigned choice = (unsigned)below(h, 8);
    quire_virt result = 0;

    if (choice < 2) {
        map.object = h->object[choice];
        map.offset = below(h, 256) * PAGE * (below(h, 8) == 0 ? 0x100000000 : 1);
        if (below(h, 16) == 0)
            map.offset -= below(h, 3) * PAGE + below(h, 2);
    }
    if (choice == 2)
        map.region &= 0x3f; /* nothing but rights: the likeliest to succeed */
    if (quire_space_map(space, &map, &result) != QUIRE_OK)
        return;
    require(h, result % PAGE == 0, "mapped at an unaligned address");
    require(h, result <= space->end && map.length <= space->end - result, "mapped beyond the end");
    require(h, !(map.flags & QUIRE_MAP_FIXED) || result == map.address, "mapped elsewhere");
    require(h, begins_region(space, result, quire_page_up(map.length)), "mapped, but no region");
    remember(h, result);
}

static void do_unmap(struct hostile *h, struct quire_space *space)
{
    quire_virt address = draw_address(h);
    size_t length = draw_length(h);
    struct quire_region_info info;

    if (quire_space_unmap(space, address, length) != QUIRE_OK)
        return;
    if (!quire_space_region(space, address, &info))
        return;
    if (info.object != NULL)
        quire_object_put(info.object);
    require(h, info.start >= address + quire_page_up(length), "unmapped, but a region is there");
}

static void do_remap(struct hostile *h, struct quire_space *space)
{
    quire_virt address = draw_address(h), new_address = draw_address(h), result = 0;
    size_t length = draw_length(h), new_length = draw_length(h);
    unsigned flags = (unsigned)below(h, 16);

    if (quire_space_remap(space, address, length, new_length, flags, new_address, &result) !=
        QUIRE_OK)
        return;
    /* What shrinks in place need not have been whole. */
    require(h,
            (result == address && length >= new_length) ||
                begins_region(space, result, quire_page_up(new_length)),
            "moved, but no region");
    remember(h, result);
}

static void do_copy(struct hostile *h, struct quire_space *space)
{
    static uint8_t buffer[BUFFER];
    quire_virt address = draw_address(h) + below(h, 2) * below(h, PAGE);
    size_t length = draw_length(h), done = 0;
    bool force = below(h, 2), write = below(h, 2);
    enum quire_status status;

    if (length > BUFFER)
        length = length % BUFFER;
    memset(buffer, 0x5a, sizeof buffer);
    status = write ? quire_space_write(space, address, buffer, length, force, &done)
                   : quire_space_read(space, address, buffer, length, force, &done);
    require(h, done <= length && (status != QUIRE_OK || done == length), "bytes done");
    for (size_t i = done; i < length; i++)
        require(h, buffer[i] == 0x5a, "a byte was read, but not told");
}

static void do_report(struct hostile *h, struct quire_space *space)
{
    static uint8_t resident[BUFFER / 4];
    quire_virt address = draw_address(h);
    size_t length = draw_length(h);
    struct quire_usage usage;
    struct quire_space_key key;

    switch (below(h, 4)) {
    case 0:
        if (length / PAGE >= sizeof(resident))
            length %= sizeof(resident) * PAGE;
        quire_space_resident(space, address, length, resident);
        break;
    case 1:
        quire_space_usage_range(space, address, address + length, &usage);
        break;
    case 2:
        quire_space_key(space, address, &key);
        break;
    default:
        quire_space_usage(space, &usage);
    }
}

static void do_touch(struct hostile *h, struct quire_space *space)
{
    struct sim_cpu *cpu = sim_this_cpu();
    quire_virt address = draw_address(h) & ~(quire_virt)7;
    uint64_t value;

    if (cpu->space != space)
        sim_switch(cpu, space);
    switch (below(h, 4)) {
    case 0:
        sim_load(cpu, address, &value);
        break;
    case 1:
        sim_fetch(cpu, address, &value);
        break;
    default:
        sim_store(cpu, address, address);
    }
}

static void do_break(struct hostile *h, struct quire_space *space)
{
    quire_virt address = draw_address(h), after;

    if (below(h, 8) == 0 && space->break_start == 0 && address < space->end) {
        quire_space_set_break(space, quire_page_up(address));
        return;
    }
    if (space->break_start == 0)
        return;
    after = quire_space_break(space, address);
    require(h, after == address || after == space->break_end, "the break is neither");
    require(h, after <= space->end && after >= space->break_start, "the break left the space");
}

static void do_object(struct hostile *h)
{
    static uint8_t buffer[2 * PAGE];
    struct quire_object *object = h->object[below(h, 2)];
    uint64_t offset = below(h, 64) * PAGE + below(h, 2) * below(h, PAGE), end;
    size_t done;

    switch (below(h, 4)) {
    case 0:
        quire_object_resize(object, offset);
        break;
    case 1:
        end = offset + below(h, 64) * PAGE;
        quire_object_punch(object, offset, end);
        break;
    case 2:
        quire_object_read(object, offset, buffer, below(h, sizeof(buffer)), &done);
        break;
    default:
        quire_object_write(object, offset, buffer, below(h, sizeof(buffer)), &done);
    }
}

static void destroy_space(struct hostile *h, unsigned at)
{
    for (unsigned i = 0; i < h->machine->options.cpus; i++) {
        if (h->machine->cpu[i].space != h->space[at])
            continue;
        sim_enter(h->machine, i);
        sim_switch(&h->machine->cpu[i], NULL);
    }
    sim_enter(h->machine, 0);
    quire_space_destroy(h->space[at]);
    h->space[at] = NULL;
}

static void do_spaces(struct hostile *h, struct quire_space *space)
{
    unsigned at = (unsigned)below(h, SPACES_MOST);

    if (h->space[at] != NULL) {
        if (h->space[at] != space)
            destroy_space(h, at);
        return;
    }
    if (quire_space_clone(space, &h->space[at]) != QUIRE_OK)
        h->space[at] = NULL;
}

static void do_limits(struct hostile *h, struct quire_space *space)
{
    uint64_t *limits[] = {&space->limits.total, &space->limits.data, &space->limits.stack,
                          &space->limits.locked};
    uint64_t *limit = limits[below(h, 4)];

    *limit = below(h, 2) ? UINT64_MAX : below(h, 128) * PAGE;
    if (below(h, 8) == 0)
        h->machine->fail_allocation_at = 1 + below(h, 32);
}

static void step(struct hostile *h)
{
    struct quire_space *space;

    sim_enter(h->machine, (unsigned)below(h, h->machine->options.cpus));
    space = draw_space(h);
    switch (below(h, 16)) {
    case 0:
    case 1:
    case 2:
        h->machine->doing = "map";
        do_map(h, space);
        break;
    case 3:
        h->machine->doing = "unmap";
        do_unmap(h, space);
        break;
    case 4:
        h->machine->doing = "protect";
        quire_space_protect(space, draw_address(h), draw_length(h), (unsigned)below(h, 16),
                            below(h, 4) == 0);
        break;
    case 5:
        h->machine->doing = "remap";
        do_remap(h, space);
        break;
    case 6:
        h->machine->doing = "advise";
        quire_space_advise(space, draw_address(h), draw_length(h), (enum quire_advice)below(h, 24));
        break;
    case 7:
        h->machine->doing = "lock";
        if (below(h, 8) == 0)
            quire_space_lock_all(space, below(h, 2), below(h, 2));
        else
            quire_space_lock(space, draw_address(h), draw_length(h), below(h, 2), below(h, 2));
        break;
    case 8:
        h->machine->doing = "populate";
        quire_space_populate(space, draw_address(h), draw_length(h), 1u << below(h, 3));
        break;
    case 9:
        h->machine->doing = "copy";
        do_copy(h, space);
        break;
    case 10:
        h->machine->doing = "report";
        do_report(h, space);
        break;
    case 11:
        h->machine->doing = "break";
        do_break(h, space);
        break;
    case 12:
        h->machine->doing = "object";
        do_object(h);
        break;
    case 13:
        h->machine->doing = "clone or destroy";
        do_spaces(h, space);
        break;
    case 14:
        h->machine->doing = "limits, page out";
        if (below(h, 2))
            do_limits(h, space);
        else
            quire_space_page_out(space, draw_address(h), draw_length(h));
        break;
    default:
        h->machine->doing = "touch";
        do_touch(h, space);
    }
    h->machine->steps++;
}

/* ---- beginning and end ---- */

static void start(struct hostile *h)
{
    struct quire *q = h->machine->q;

    require(h, quire_slot_area_create(q, 64, 0, NULL, &h->slots) == QUIRE_OK, "slots");
    for (unsigned i = 0; i < 2; i++)
        require(h,
                quire_object_create(q, QUIRE_OBJECT_MEMORY, NULL, NULL, (8 + 32 * i) * PAGE,
                                    &h->object[i]) == QUIRE_OK,
                "objects");
    require(h, quire_space_create(q, &h->space[0]) == QUIRE_OK, "space");
}

static void finish(struct hostile *h)
{
    struct quire_frame_stats stats;
    struct quire *q = h->machine->q;

    h->machine->doing = "giving everything back";
    h->machine->fail_allocation_at = 0;
    sim_enter(h->machine, 0);
    for (unsigned i = 0; i < SPACES_MOST; i++)
        if (h->space[i] != NULL)
            destroy_space(h, i);
    for (unsigned i = 0; i < 2; i++)
        quire_object_put(h->object[i]);
    sim_quiesce(h->machine);
    quire_grace_flush(q);
    require(h, quire_slot_area_destroy(h->slots) == QUIRE_OK, "slots are still in use");
    check_all(h);
    quire_frame_stats(q, &stats);
    require(h, stats.kind[QUIRE_FRAME_ANONYMOUS] == 0, "anonymous frames were lost");
    require(h, stats.kind[QUIRE_FRAME_OBJECT] == 0, "objects' frames were lost");
    require(h, stats.kind[QUIRE_FRAME_TABLE] <= QUIRE_ROOT_ENTRIES - QUIRE_ROOT_KERNEL + 1 + 8,
            "page tables were lost");
}

void region_hostile(const struct sim_options *options, struct fuzz_bytes *bytes,
                    void (*on_failure)(struct sim_machine *machine, const char *text))
{
    struct hostile h = {.bytes = bytes, .machine = sim_create(options)};

    h.machine->on_failure = on_failure;
    start(&h);
    for (unsigned i = 0; i < STEPS_MOST && bytes->at < bytes->end; i++) {
        step(&h);
        check_all(&h);
    }
    finish(&h);
    sim_destroy(h.machine);
}
