/* The disk behind the slots: pages in host memory, and transfers that fail when the test says so.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

static bool transfer_fails(struct sim_disk *disk)
{
    bool fails = false;

    if (disk->fail_at != 0)
        fails = disk->fail_at-- == 1;
    if (disk->fail_once_in != 0)
        fails |= sim_draw(sim_this_cpu(), disk->fail_once_in) == 0;
    return fails;
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

enum quire_status quire_hook_slot_write(struct quire *q, uint64_t slot, struct quire_frame *frame)
{
    struct sim_machine *machine = q->user;
    enum quire_status status = QUIRE_IO_ERROR;

    wait_for_disk(q);
    pthread_mutex_lock(&disk_mutex);
    if (!transfer_fails(&machine->disk)) {
        grow(machine, slot);
        memcpy(machine->disk.page[slot], sim_bytes(machine, quire_frame_phys(q, frame)),
               QUIRE_PAGE_SIZE);
        machine->disk.valid[slot] = true;
        machine->disk.writes++;
        status = QUIRE_OK;
    }
    pthread_mutex_unlock(&disk_mutex);
    return status;
}

enum quire_status quire_hook_slot_read(struct quire *q, uint64_t slot, struct quire_frame *frame)
{
    struct sim_machine *machine = q->user;
    enum quire_status status = QUIRE_IO_ERROR;

    wait_for_disk(q);
    pthread_mutex_lock(&disk_mutex);
    if (slot >= machine->disk.pages || !machine->disk.valid[slot])
        sim_fail(machine, "slot %llu is read, but was never written", (unsigned long long)slot);
    if (!transfer_fails(&machine->disk)) {
        memcpy(sim_bytes(machine, quire_frame_phys(q, frame)), machine->disk.page[slot],
               QUIRE_PAGE_SIZE);
        machine->disk.reads++;
        status = QUIRE_OK;
    }
    pthread_mutex_unlock(&disk_mutex);
    return status;
}

void sim_disk_destroy(struct sim_machine *machine)
{
    free(machine->disk.page);
    free(machine->disk.valid);
}
