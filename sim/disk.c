/* The disk behind the slots: pages in host memory, and transfers that fail when the test says so.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

static bool transfer_fails(struct sim_disk *disk, uint64_t slot)
{
    bool fails = disk->bad_slot != 0 && slot == disk->bad_slot;

    if (disk->fail_at != 0)
        fails |= disk->fail_at-- == 1;
    if (disk->fail_once_in != 0)
        fails |= sim_draw(sim_this_cpu(), disk->fail_once_in) == 0;
    return fails;
}

static bool write_fails(struct sim_disk *disk, uint64_t slot)
{
    return transfer_fails(disk, slot) || (disk->write_fail_once_in != 0 &&
                                          sim_draw(sim_this_cpu(), disk->write_fail_once_in) == 0);
}

/* Room for the slot's page: the disk grows to the highest slot that was ever written. */
static void grow(struct sim_machine *machine, uint64_t slot)
{
    struct sim_disk *disk = &machine->disk;
    uint64_t pages = disk->pages != 0 ? disk->pages : 64;

    while (pages <= slot)
        pages *= 2;
    if (pages == disk->pages)
        return;
    disk->page = realloc(disk->page, pages * sizeof(disk->page[0]));
    disk->valid = realloc(disk->valid, pages * sizeof(disk->valid[0]));
    if (disk->page == NULL || disk->valid == NULL)
        sim_fail(machine, "the host has no memory for slot %llu", (unsigned long long)slot);
    memset(disk->valid + disk->pages, 0, pages - disk->pages);
    disk->pages = pages;
}

/* The transfer takes its time: others run meanwhile. */
static void wait_for_disk(struct quire *q)
{
    struct sim_cpu *cpu = sim_this_cpu();

    if (cpu->slots_used != 0)
        sim_fail(q->user, "a temporary slot is held across a disk transfer");
    for (unsigned i = (unsigned)sim_draw(cpu, 4); i > 0; i--)
        sim_yield(cpu);
}

static pthread_mutex_t disk_mutex = PTHREAD_MUTEX_INITIALIZER;

/*
 * A write takes what the frame holds when it starts. When it ends the frame must still hold that:
 * whoever changed it meanwhile would have lost the change, or half of it.
 */
static void start_write(struct sim_machine *machine, uint64_t slot, const struct quire_frame *frame,
                        struct sim_write *out)
{
    quire_phys at = quire_frame_phys(machine->q, frame);

    *out =
        (struct sim_write){.slot = slot, .frame = at, .failed = write_fails(&machine->disk, slot)};
    grow(machine, slot);
    if (!out->failed) {
        memcpy(machine->disk.page[slot], sim_bytes(machine, at), QUIRE_PAGE_SIZE);
        machine->disk.valid[slot] = true;
        machine->disk.writes++;
    }
}

static void end_write(struct sim_machine *machine, const struct sim_write *write)
{
    if (!write->failed && memcmp(machine->disk.page[write->slot], sim_bytes(machine, write->frame),
                                 QUIRE_PAGE_SIZE) != 0)
        sim_fail(machine, "frame %llu changed while it was written to slot %llu",
                 (unsigned long long)(write->frame >> QUIRE_PAGE_SHIFT),
                 (unsigned long long)write->slot);
    quire_slot_written(machine->q, write->slot, write->failed);
}

void sim_disk_finish(struct sim_machine *machine)
{
    for (;;) {
        struct sim_write write;
        bool any;

        pthread_mutex_lock(&disk_mutex);
        any = machine->disk.writing > 0;
        if (any)
            write = machine->disk.write[--machine->disk.writing];
        pthread_mutex_unlock(&disk_mutex);
        if (!any)
            return;
        end_write(machine, &write);
    }
}

void quire_hook_slot_write(struct quire *q, uint64_t slot, struct quire_frame *const *frames,
                           unsigned n)
{
    struct sim_machine *machine = q->user;

    wait_for_disk(q);
    __atomic_add_fetch(&machine->disk.write_runs, 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < n; i++) {
        struct sim_write write;
        bool later = sim_draw(sim_this_cpu(), 2) == 0;

        pthread_mutex_lock(&disk_mutex);
        start_write(machine, slot + i, frames[i], &write);
        later = later && machine->disk.writing < SIM_WRITES;
        if (later)
            machine->disk.write[machine->disk.writing++] = write;
        pthread_mutex_unlock(&disk_mutex);
        if (!later)
            end_write(machine, &write);
    }
    wait_for_disk(q);
    if (sim_draw(sim_this_cpu(), 4) == 0)
        sim_disk_finish(machine);
}

static enum quire_status read_page(struct sim_machine *machine, uint64_t slot,
                                   const struct quire_frame *frame)
{
    if (slot >= machine->disk.pages || !machine->disk.valid[slot])
        sim_fail(machine, "slot %llu is read, but was never written", (unsigned long long)slot);
    if (transfer_fails(&machine->disk, slot) ||
        (machine->disk.read_fail_once_in != 0 &&
         sim_draw(sim_this_cpu(), machine->disk.read_fail_once_in) == 0)) {
        /* What a transfer that failed leaves behind may be anything. */
        memset(sim_bytes(machine, quire_frame_phys(machine->q, frame)), 0x5a, QUIRE_PAGE_SIZE);
        machine->disk.read_failures++;
        return QUIRE_IO_ERROR;
    }
    memcpy(sim_bytes(machine, quire_frame_phys(machine->q, frame)), machine->disk.page[slot],
           QUIRE_PAGE_SIZE);
    machine->disk.reads++;
    return QUIRE_OK;
}

enum quire_status quire_hook_slot_read(struct quire *q, uint64_t slot,
                                       struct quire_frame *const *frames, unsigned n)
{
    struct sim_machine *machine = q->user;
    enum quire_status status = QUIRE_OK;

    wait_for_disk(q);
    pthread_mutex_lock(&disk_mutex);
    machine->disk.read_runs++;
    for (unsigned i = 0; i < n && status == QUIRE_OK; i++)
        status = read_page(machine, slot + i, frames[i]);
    pthread_mutex_unlock(&disk_mutex);
    return status;
}

void sim_disk_destroy(struct sim_machine *machine)
{
    free(machine->disk.page);
    free(machine->disk.valid);
}
