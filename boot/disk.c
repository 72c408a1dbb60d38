/*
 * The disk, by int 13h's extensions (Enhanced Disk Drive, Phoenix 1998). Reads go through a buffer
 * below 1 MiB, which is all that real mode reaches, and are copied from there: 64 sectors at a
 * time, as some BIOSes take no more than 127, in a buffer that crosses no multiple of 64 KiB, as
 * ISA DMA cannot.
 */

#include "boot/loader.h"

#define BUFFER_SECTORS 64u
#define TRIES          3

struct packet {
    uint8_t size, zero;
    uint16_t count, offset, segment;
    uint64_t sector;
} __attribute__((packed));

/* AH=48h, the part that version 1 has. */
struct parameters {
    uint16_t size, flags;
    uint32_t cylinders, heads, track;
    uint64_t sectors;
    uint16_t sector_size;
} __attribute__((packed));

static unsigned disk_drive;
static uint8_t buffer[BUFFER_SECTORS * SECTOR_SIZE] __attribute__((aligned(32768)));

static void check_extensions(void)
{
    struct bios_registers r = {.eax = 0x4100, .ebx = 0x55aa, .edx = disk_drive};

    bios_call(0x13, &r);
    if (r.flags & FLAG_CARRY || (r.ebx & 0xffff) != 0xaa55 || !(r.ecx & 1))
        fail("the BIOS cannot read drive %x by sector number", disk_drive);
}

void disk_open(unsigned drive, const struct disk_header *header)
{
    static struct parameters parameters;
    struct bios_registers r = {.eax = 0x4800, .edx = drive};

    disk_drive = drive;
    check_extensions();
    parameters.size = sizeof parameters;
    r.ds = segment_of(&parameters);
    r.esi = offset_of(&parameters);
    bios_call(0x13, &r);
    if (r.flags & FLAG_CARRY)
        return; /* then reads tell */
    if (parameters.sector_size != SECTOR_SIZE)
        fail("the drive's sectors have %u bytes, not %u", parameters.sector_size, SECTOR_SIZE);
    if (parameters.sectors < header->sectors)
        fail("the drive is too short: it has %u sectors, what was written to it %u",
             (uint32_t)parameters.sectors, header->sectors);
}

static void read_sectors(uint32_t sector, uint32_t count)
{
    static struct packet packet;
    struct bios_registers r;

    for (unsigned try = 0; try < TRIES; try++) {
        packet = (struct packet){sizeof packet,      0,     (uint16_t)count, offset_of(buffer),
                                 segment_of(buffer), sector};
        r = (struct bios_registers){.eax = 0x4200, .edx = disk_drive};
        r.ds = segment_of(&packet);
        r.esi = offset_of(&packet);
        bios_call(0x13, &r);
        if (!(r.flags & FLAG_CARRY))
            return;
        r = (struct bios_registers){.eax = 0, .edx = disk_drive};
        bios_call(0x13, &r); /* reset */
    }
    fail("the drive cannot be read at sector %u", sector);
}

/* The piece of the buffer's length that holds the byte; how much of it is there, at *out_bytes. */
static uint32_t fill_buffer(const struct disk_piece *piece, uint32_t offset,
                            const uint8_t **out_bytes)
{
    uint32_t first = offset / SECTOR_SIZE, skip = offset % SECTOR_SIZE;
    uint32_t sectors = (piece->size - first * SECTOR_SIZE + SECTOR_SIZE - 1) / SECTOR_SIZE;

    if (sectors > BUFFER_SECTORS)
        sectors = BUFFER_SECTORS;
    read_sectors(piece->sector + first, sectors);
    *out_bytes = buffer + skip;
    return sectors * SECTOR_SIZE - skip;
}

void disk_read(const struct disk_piece *piece, uint32_t offset, uint32_t size, void *to)
{
    uint8_t *target = to;

    while (size > 0) {
        const uint8_t *bytes;
        uint32_t there = fill_buffer(piece, offset, &bytes);

        if (there > size)
            there = size;
        memcpy(target, bytes, there);
        target += there;
        offset += there;
        size -= there;
    }
}

void disk_verify(const struct disk_piece *piece, const char *name)
{
    uint32_t crc = 0;

    for (uint32_t offset = 0; offset < piece->size;) {
        const uint8_t *bytes;
        uint32_t there = fill_buffer(piece, offset, &bytes);

        if (there > piece->size - offset)
            there = piece->size - offset;
        crc = crc32(crc, bytes, there);
        offset += there;
    }
    if (crc != piece->crc)
        fail("the %s on this drive is damaged", name);
}
