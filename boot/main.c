/*
 * quire's own boot code: from the BIOS to the kernel, without another boot loader.
 *
 * sector.S reads this loader to 0x8000; start.S brings the CPU into protected mode; loader_main()
 * asks the BIOS for memory, reads kernel, archive and (if the disk has one) a memory map, sets a
 * video mode, and enters the kernel with a struct boot_handoff. Low memory:
 *
 *   0x00500 .. 0x07bff   stack, growing down
 *   0x08000 .. 0x0ffff   the loader, with the disk's header at its start
 *   0x10000 .. 0x3ffff   its data: the disk buffer, the memory map, the handoff
 *
 * The kernel goes where its file says, at 1 MiB; archive and map to the lowest RAM behind it.
 * Nothing that the BIOS calls its own is overwritten. Whatever fails is said, and the machine waits
 * for a key; no failure is passed over that would leave the kernel less than it was to get.
 */

#include "boot/loader.h"

_Noreturn void loader_main(unsigned drive);

static struct memory memory;
static struct boot_handoff handoff;

/* Reads a piece to the lowest place from `from` on; where it ends. */
static uint32_t load_piece(const struct disk_piece *piece, const char *name, uint32_t from,
                           uint32_t *out_start)
{
    uint32_t start = memory_find(&memory, from, piece->size);

    if (start == 0)
        fail("too little memory: the %s needs %u KiB above %x", name, piece->size / 1024, from);
    disk_read(piece, 0, piece->size, (void *)(uintptr_t)start);
    if (crc32(0, (const void *)(uintptr_t)start, piece->size) != piece->crc)
        fail("the %s on this drive is damaged", name);
    *out_start = start;
    return start + piece->size;
}

/* The BIOS's rows, or those that the disk has instead. */
static void hand_map(uint32_t from)
{
    const struct disk_piece *piece = &disk_header.map;

    handoff.map_entry_size = sizeof(struct e820_row);
    if (piece->sector == 0) {
        handoff.map = (uint32_t)(uintptr_t)memory.rows;
        handoff.map_count = memory.count;
        handoff.base_kib = memory.base_kib;
        handoff.extended_kib = memory.extended_kib;
        return;
    }
    print("quire: the memory map on this drive is used, not the BIOS's\n");
    if (piece->size != 0)
        load_piece(piece, "memory map", from, &handoff.map);
    handoff.map_count = piece->size / sizeof(struct e820_row);
}

_Noreturn void loader_main(unsigned drive)
{
    struct kernel kernel;
    uint32_t end;

    console_init();
    print("quire: kernel %u KiB, archive %u KiB, from drive %x\n", disk_header.kernel.size / 1024,
          disk_header.archive.size / 1024, drive);
    if (!a20_enable())
        fail("address line A20 cannot be switched on");
    disk_open(drive, &disk_header);
    memory_read(&memory);
    kernel_load(&disk_header.kernel, &memory, &kernel);
    end = kernel.end;
    if (disk_header.archive.sector != 0) {
        end = load_piece(&disk_header.archive, "archive", end, &handoff.archive);
        handoff.archive_size = disk_header.archive.size;
    }
    handoff.magic = BOOT_HANDOFF_MAGIC;
    handoff.size = sizeof handoff;
    handoff.command_line = (uint32_t)(uintptr_t)disk_header.command_line;
    hand_map(end);
    video_set(&handoff);
    enter_kernel(kernel.entry, BOOT_HANDOFF_MAGIC, &handoff);
}
