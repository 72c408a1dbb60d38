/*
 * Adapters of layer 0: one function for each way in which firmware or a boot loader tells what
 * memory there is. Each reads its format's rows byte-exactly (no alignment is assumed) and adds
 * them. A row that finds no room is counted by the map; the others are still read, and the first
 * failure is what the caller learns.
 */

#include <quire/bootmap.h>

static uint32_t read_u32(const uint8_t *bytes)
{
    uint32_t value;

    __builtin_memcpy(&value, bytes, sizeof(value));
    return value;
}

static uint64_t read_u64(const uint8_t *bytes)
{
    uint64_t value;

    __builtin_memcpy(&value, bytes, sizeof(value));
    return value;
}

static enum quire_status first_failure(enum quire_status old, enum quire_status new)
{
    return old != QUIRE_OK ? old : new;
}

/*
 * Address range types of ACPI 6.5, table 15.4, and two that were never written into it: 12 is
 * NVDIMM memory of machines older than type 7, 0xefffffff Linux's mark for special-purpose memory.
 * All else (6 disabled, 16 coreboot's tables, 20 runtime code, vendors' own) is not ours.
 */
static enum quire_memory_type type_of_e820(uint32_t type)
{
    switch (type) {
    case 1:
        return QUIRE_MEMORY_USABLE;
    case 3:
        return QUIRE_MEMORY_ACPI;
    case 4:
        return QUIRE_MEMORY_NVS;
    case 5:
        return QUIRE_MEMORY_UNUSABLE;
    case 7:
    case 12:
        return QUIRE_MEMORY_PERSISTENT;
    case 0xefffffff:
        return QUIRE_MEMORY_SOFT_RESERVED;
    default:
        return QUIRE_MEMORY_RESERVED;
    }
}

static enum quire_status add_e820_row(struct quire_bootmap *map, const uint8_t *row)
{
    return quire_bootmap_add(map, read_u64(row), read_u64(row + 8),
                             type_of_e820(read_u32(row + 16)));
}

/*
 * Rows of base u64, length u64, type u32 and, from ACPI 3 on, attributes u32. The attributes are
 * not looked at: boot loaders leave them 0, where ACPI 3 says "ignore this row" and later editions
 * say nothing.
 */
enum quire_status quire_bootmap_add_e820(struct quire_bootmap *map, const void *entries,
                                         size_t count, size_t entry_size)
{
    const uint8_t *row = entries;
    enum quire_status status = QUIRE_OK;

    if (entry_size < 20)
        return QUIRE_INVALID;
    for (size_t i = 0; i < count; i++, row += entry_size)
        status = first_failure(status, add_e820_row(map, row));
    return status;
}

/* Multiboot 1, section 3.3: each row begins with its size, in which the size itself is not counted.
 */
enum quire_status quire_bootmap_add_multiboot1(struct quire_bootmap *map, const void *mmap,
                                               size_t length)
{
    const uint8_t *row = mmap;
    enum quire_status status = QUIRE_OK;

    while (length > 0) {
        size_t size;

        if (length < 4)
            return first_failure(status, QUIRE_INVALID);
        size = read_u32(row);
        if (size < 20 || size > length - 4)
            return first_failure(status, QUIRE_INVALID);
        status = first_failure(status, add_e820_row(map, row + 4));
        row += 4 + size;
        length -= 4 + size;
    }
    return status;
}

/* Multiboot 2, section 3.6.8: tag 6 with type, size, entry_size, entry_version, then the rows. */
enum quire_status quire_bootmap_add_multiboot2(struct quire_bootmap *map, const void *tag,
                                               size_t length)
{
    const uint8_t *bytes = tag;
    enum quire_status status;
    size_t size, entry_size;

    if (length < 16 || read_u32(bytes) != 6)
        return QUIRE_INVALID;
    size = read_u32(bytes + 4);
    entry_size = read_u32(bytes + 8);
    if (size < 16 || entry_size < 20)
        return QUIRE_INVALID;
    status = quire_bootmap_add_e820(
        map, bytes + 16, ((size < length ? size : length) - 16) / entry_size, entry_size);
    if (size > length || (size - 16) % entry_size != 0)
        return first_failure(status, QUIRE_INVALID);
    return status;
}

/* PVH, struct hvm_memmap_table_entry: addr u64, size u64, type u32 (E820's), reserved u32. */
enum quire_status quire_bootmap_add_pvh(struct quire_bootmap *map, const void *entries,
                                        size_t count)
{
    return quire_bootmap_add_e820(map, entries, count, 24);
}

/*
 * UEFI 2.10, section 7.2.3, as the map is after ExitBootServices: the boot services' memory is ours
 * then. RAM that cannot be cached write-back is a device's; the special-purpose attribute marks
 * memory that is meant for one (high-bandwidth memory, for instance).
 */
static enum quire_memory_type type_of_efi(uint32_t type, uint64_t attributes)
{
    const uint64_t write_back = 1 << 3, special_purpose = 1 << 18;

    switch (type) {
    case 1: /* loader code and data, boot services code and data, conventional */
    case 2:
    case 3:
    case 4:
    case 7:
        if (attributes & special_purpose)
            return QUIRE_MEMORY_SOFT_RESERVED;
        return attributes & write_back ? QUIRE_MEMORY_USABLE : QUIRE_MEMORY_RESERVED;
    case 8:
        return QUIRE_MEMORY_UNUSABLE;
    case 9:
        return QUIRE_MEMORY_ACPI;
    case 10:
        return QUIRE_MEMORY_NVS;
    case 14:
        return QUIRE_MEMORY_PERSISTENT;
    default: /* reserved, runtime services, device memory, not yet accepted */
        return QUIRE_MEMORY_RESERVED;
    }
}

/* EFI_MEMORY_DESCRIPTOR: Type u32 at 0, PhysicalStart u64 at 8, NumberOfPages u64 at 24, Attribute
 * at 32. */
static enum quire_status add_efi_row(struct quire_bootmap *map, const uint8_t *row)
{
    uint64_t pages = read_u64(row + 24);
    uint64_t length = pages > UINT64_MAX >> 12 ? UINT64_MAX : pages << 12;

    return quire_bootmap_add(map, read_u64(row + 8), length,
                             type_of_efi(read_u32(row), read_u64(row + 32)));
}

enum quire_status quire_bootmap_add_efi(struct quire_bootmap *map, const void *descriptors,
                                        size_t length, size_t descriptor_size)
{
    const uint8_t *row = descriptors;
    enum quire_status status = QUIRE_OK;

    if (descriptor_size < 40)
        return QUIRE_INVALID;
    for (; length >= descriptor_size; length -= descriptor_size, row += descriptor_size)
        status = first_failure(status, add_efi_row(map, row));
    return length != 0 ? first_failure(status, QUIRE_INVALID) : status;
}

/*
 * Limine protocol, "Memory Map Feature". What the loader calls reclaimable holds the page tables
 * and the stack that the kernel still runs on, so it counts as in use.
 */
static enum quire_memory_type type_of_limine(uint64_t type)
{
    switch (type) {
    case 0:
        return QUIRE_MEMORY_USABLE;
    case 2:
        return QUIRE_MEMORY_ACPI;
    case 3:
        return QUIRE_MEMORY_NVS;
    case 4:
        return QUIRE_MEMORY_UNUSABLE;
    case 5: /* the loader's, reclaimable */
    case 6: /* the kernel and its modules */
        return QUIRE_MEMORY_BOOT;
    default: /* reserved, framebuffer */
        return QUIRE_MEMORY_RESERVED;
    }
}

enum quire_status quire_bootmap_add_limine(struct quire_bootmap *map, const void *const *entries,
                                           size_t count)
{
    enum quire_status status = QUIRE_OK;

    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = entries[i];

        status = first_failure(status, quire_bootmap_add(map, read_u64(row), read_u64(row + 8),
                                                         type_of_limine(read_u64(row + 16))));
    }
    return status;
}

enum quire_status quire_bootmap_add_sizes(struct quire_bootmap *map, uint32_t base_kib,
                                          uint32_t extended_kib)
{
    enum quire_status low =
        quire_bootmap_add(map, 0, (uint64_t)base_kib << 10, QUIRE_MEMORY_USABLE);
    enum quire_status high =
        quire_bootmap_add(map, 0x100000, (uint64_t)extended_kib << 10, QUIRE_MEMORY_USABLE);

    return first_failure(low, high);
}
