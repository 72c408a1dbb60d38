#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct sim_machine *create(unsigned cpus, uint32_t high)
{
    struct sim_options options = {
        .cpus = cpus,
        .frames = 4096,
        .high = high,
        .seed = 1,
        .point_mean = 20,
    };

    return sim_create(&options);
}

struct sim_machine *machine_create(unsigned cpus)
{
    return create(cpus, 0);
}

struct sim_machine *machine_create_high(unsigned cpus, uint32_t high)
{
    return create(cpus, high);
}

void machine_check(struct sim_machine *machine)
{
    if (quire_check(machine->q) != QUIRE_OK)
        sim_fail(machine, "quire_check found a disagreement");
    sim_audit(machine);
}

void machine_end(struct sim_machine *machine)
{
    sim_quiesce(machine);
    quire_grace_flush(machine->q);
    machine_check(machine);
    sim_destroy(machine);
}

uint64_t machine_free_frames(struct sim_machine *machine)
{
    struct quire_frame_stats stats;

    quire_frame_stats(machine->q, &stats);
    return stats.free;
}

uint64_t machine_seed(void)
{
    const char *given = getenv("QUIRE_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);

    print_message("seed %llu\n", (unsigned long long)seed);
    return seed;
}

size_t machine_regions(struct quire_space *space)
{
    struct quire_region_info info;
    size_t count = 0;

    for (quire_virt at = 0; quire_space_region(space, at, &info); at = info.end) {
        if (info.object != NULL)
            quire_object_put(info.object);
        count++;
    }
    return count;
}

#define LAST_WORD (PAGE - sizeof(uint64_t))

void machine_anonymous(struct quire_space *space, quire_virt address, size_t pages, uint32_t region,
                       uint64_t value)
{
    struct quire_map request = {
        .address = address,
        .length = pages * PAGE,
        .region = QUIRE_PROT_READ | QUIRE_PROT_WRITE | QUIRE_REGION_MAY_READ |
                  QUIRE_REGION_MAY_WRITE | QUIRE_REGION_MAY_EXECUTE | region,
        .flags = QUIRE_MAP_FIXED,
    };
    struct sim_machine *machine = space->q->user;
    quire_virt out;
    size_t done;

    assert_ok(quire_space_map(space, &request, &out));
    for (size_t i = 0; i < pages && value != 0; i++) {
        uint64_t word = value + i;

        machine->steps++;
        assert_ok(quire_space_write(space, address + i * PAGE + LAST_WORD, &word, sizeof(word),
                                    false, &done));
    }
}

void machine_expect(struct quire_space *space, quire_virt address, size_t pages, uint64_t value)
{
    struct sim_machine *machine = space->q->user;

    for (size_t i = 0; i < pages; i++) {
        uint64_t word = 0;
        size_t done;

        machine->steps++;
        assert_ok(quire_space_read(space, address + i * PAGE + LAST_WORD, &word, sizeof(word),
                                   false, &done));
        assert_int_equal(word, value + i);
    }
}
