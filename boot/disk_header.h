#ifndef BOOT_DISK_HEADER_H
#define BOOT_DISK_HEADER_H

/*
 * What a bootable disk is made of, in sectors of 512 bytes:
 *
 *   0          sector.S, the boot sector, with a partition table
 *   1 .. 64    the loader; it begins with struct disk_header
 *   then       kernel, initial archive, memory map, each from a sector of its own
 *
 * tools/disk writes it; the boot sector and the loader read it. Read by the assembler too.
 */

#define SECTOR_SIZE    512
#define LOADER_SECTORS 64
#define LOADER_ADDRESS 0x8000     /* where the boot sector puts the loader */
#define LOADER_MAGIC   0x4c445551 /* "QUDL" */

#define DISK_COMMAND_LINE_SIZE 4096

#ifndef __ASSEMBLER__

#include <stdint.h>

/* A file on the disk. */
struct disk_piece {
    uint32_t sector; /* the first; 0: there is none */
    uint32_t size;   /* bytes */
    uint32_t crc;    /* of the bytes, as zlib's crc32() has it */
};

struct disk_header {
    uint32_t magic;
    uint32_t entry;   /* where the boot sector jumps to */
    uint32_t sectors; /* of the whole disk image */
    struct disk_piece kernel;
    struct disk_piece archive;
    struct disk_piece map; /* rows of 24 bytes that take the place of the BIOS's */
    char command_line[DISK_COMMAND_LINE_SIZE]; /* ends with 0 */
};

#endif

#endif
