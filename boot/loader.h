#ifndef BOOT_LOADER_H
#define BOOT_LOADER_H

/*
 * The loader: 32-bit C that reads a kernel from a BIOS disk and enters it. main.c tells the whole
 * story. Everything below 4 GiB is reached at its physical address.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/disk_header.h"
#include "boot/handoff.h"

/* --- start.S --------------------------------------------------------------------------------- */

struct bios_registers {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
    uint16_t ds, es;
    uint32_t flags;
};

#define FLAG_CARRY 1u

/* Calls the BIOS in real mode; the registers are those before and after. */
void bios_call(unsigned vector, struct bios_registers *registers);

_Noreturn void enter_kernel(uint32_t entry, uint32_t magic, const void *handoff);

extern struct disk_header disk_header;

/* Real mode's segment and offset of memory below 1 MiB. */
static inline uint16_t segment_of(const void *address)
{
    return (uint16_t)((uintptr_t)address >> 4);
}

static inline uint16_t offset_of(const void *address)
{
    return (uint16_t)((uintptr_t)address & 15);
}

/* --- console.c: the screen and the first serial port ------------------------------------------ */

void console_init(void);

/* %s, %u and %x take a string, a number and a hexadecimal number, 32 bits each. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says why it cannot go on, and restarts the machine at a key. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- memory.c: what memory there is ----------------------------------------------------------- */

/* int 15h AX=E820h, and what ACPI 3 added to it. */
struct e820_row {
    uint64_t start, length;
    uint32_t type, attributes;
};

/* No BIOS seen has a quarter of it. */
#define E820_MAX_ROWS 512

enum { E820_USABLE = 1 };

/* Where the BIOS puts a row; some write more than they were asked for. */
union e820_answer {
    struct e820_row row;
    uint8_t room[128];
};
extern union e820_answer e820_answer;

struct memory {
    struct e820_row rows[E820_MAX_ROWS];
    uint32_t count;
    uint32_t base_kib, extended_kib;
};

/* Whether memory above 1 MiB can be reached: line A20 is on, or was switched on. */
bool a20_enable(void);

/* Asks the BIOS. Without E820 the rows are made from the sizes, and count stays 0. */
void memory_read(struct memory *memory);

/* All of [start, end) is RAM above 1 MiB, and no row says otherwise. */
bool memory_is_usable(const struct memory *memory, uint64_t start, uint64_t end);

/* The lowest such page-aligned place at or above `from`; 0: there is none below 4 GiB. */
uint32_t memory_find(const struct memory *memory, uint32_t from, uint32_t size);

/* --- disk.c: int 13h -------------------------------------------------------------------------- */

/* Checks that the drive can be read by sector number and is as long as the image. */
void disk_open(unsigned drive, const struct disk_header *header);

/* Bytes [offset, offset + size) of a piece to memory anywhere below 4 GiB. */
void disk_read(const struct disk_piece *piece, uint32_t offset, uint32_t size, void *to);

/* Reads it all, or ends because the checksum is not the one that was written. */
void disk_verify(const struct disk_piece *piece, const char *name);

/* --- kernel.c: ELF ---------------------------------------------------------------------------- */

struct kernel {
    uint32_t entry; /* physical */
    uint32_t end;   /* of the highest segment in memory */
};

void kernel_load(const struct disk_piece *piece, const struct memory *memory,
                 struct kernel *out_kernel);

/* --- video.c: VBE ----------------------------------------------------------------------------- */

/* Switches to a linear framebuffer if there is a fit one, and fills the handoff's part. */
void video_set(struct boot_handoff *handoff);

/* --- string.c --------------------------------------------------------------------------------- */

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *one, const void *other, size_t size);

/* zlib's crc32(), continued from `crc` (0 at first). */
uint32_t crc32(uint32_t crc, const void *bytes, size_t size);

#endif
