/*
 * What the boot loader left in memory, read once through the first page table's direct map and
 * copied: afterwards nothing points into the loader's structures.
 *
 * Four protocols: PVH (QEMU's -kernel), Multiboot 1 (QEMU's -kernel for 32-bit kernels, GRUB's
 * `multiboot`), Multiboot 2 (GRUB on BIOS and UEFI), and the handoff of quire's own boot code
 * (boot/handoff.h). Each reader names the protocol and the map's source, fills boot_info, and gives
 * the rows of its map to the library's adapter for that format. A loader that has several maps is
 * asked for the one nearest to firmware first; the next is taken only when that says nothing.
 *
 * The loader is trusted as far as its addresses go; the map is not. A machine that cannot be
 * started with what was told is refused here, with one line that says why.
 */

#include "core/boot_info.h"

#include "boot/handoff.h"
#include "core/boot.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "x86/power.h"

#define PVH_MAGIC        0x336ec578u
#define MULTIBOOT1_MAGIC 0x2badb002u
#define MULTIBOOT2_MAGIC 0x36d76289u

/* The largest maps seen have some hundred rows; a longer one than this is refused. */
#define MAX_FIRMWARE_ROWS 4608

struct boot_info boot_info;

static struct quire_memory_range firmware_rows[MAX_FIRMWARE_ROWS];

/* The map as it came, for reports: the rows above change when it is finished and used. */
static struct quire_memory_range given_rows[MAX_FIRMWARE_ROWS];
static size_t given_count;

_Noreturn void boot_refuse(const char *format, ...)
{
    va_list arguments;

    log_begin_report();
    va_start(arguments, format);
    log_vline(LOG_ERROR, format, arguments);
    va_end(arguments);
    log_error("the kernel cannot start");
    machine_power_off(POWER_OFF_PANIC);
}

/*
 * What the loader left, through the first page table, which maps low memory at its own addresses: 4
 * GiB of it on x86-64, on i386 up to the kernel's own addresses. So it is found there, too, where
 * it lies beyond the direct map.
 */
static const void *left_at(uint64_t address)
{
    if (address >= LOADER_MEMORY_END)
        boot_refuse("the boot loader left its structures at %#llx, which is out of reach",
                    (unsigned long long)address);
    return (const void *)(uintptr_t)address;
}

static void copy_command_line(const char *text)
{
    if (strlcpy(boot_info.command_line, text, sizeof boot_info.command_line) >=
        sizeof boot_info.command_line)
        log_warn("the command line was cut to %zu bytes", sizeof boot_info.command_line - 1);
}

static void set_archive(uint64_t start, uint64_t end)
{
    boot_info.initrd_start = start;
    boot_info.initrd_size = end > start ? end - start : 0;
}

static void note_map(const char *source, enum quire_status status)
{
    boot_info.map_source = source;
    if (status == QUIRE_INVALID)
        log_warn("the memory map (%s) contradicts itself; rows before the fault are used", source);
}

/* --- PVH ------------------------------------------------------------------------------------- */

struct pvh_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, memory_map; /* the last from version 1 on */
    uint32_t memory_map_count, reserved;
};

struct pvh_module {
    uint64_t start, size, command_line, reserved;
};

static void read_pvh(const struct pvh_info *info, struct quire_bootmap *map)
{
    boot_info.protocol = "PVH";
    boot_info.acpi_rsdp = info->rsdp;
    if (info->command_line != 0)
        copy_command_line(left_at(info->command_line));
    if (info->module_count != 0) {
        const struct pvh_module *module = left_at(info->modules);

        set_archive(module->start, module->start + module->size);
    }
    if (info->version >= 1 && info->memory_map_count != 0)
        note_map("PVH",
                 quire_bootmap_add_pvh(map, left_at(info->memory_map), info->memory_map_count));
}

/* --- Multiboot, both versions ---------------------------------------------------------------- */

enum {
    MULTIBOOT_DIRECT_COLOURS = 1,
    MULTIBOOT_TEXT = 2,
};

/*
 * `kind` and the channels, position and size of red, green and blue, are the same bytes in both
 * versions, and in the handoff.
 */
static void set_framebuffer(unsigned kind, uint64_t address, uint32_t pitch, uint32_t width,
                            uint32_t height, uint8_t bits, const uint8_t channels[6])
{
    struct boot_framebuffer *to = &boot_info.framebuffer;

    if (kind == MULTIBOOT_TEXT)
        *to = (struct boot_framebuffer){.kind = BOOT_SCREEN_TEXT, .width = width, .height = height};
    else if (kind == MULTIBOOT_DIRECT_COLOURS)
        *to = (struct boot_framebuffer){
            BOOT_SCREEN_PIXELS, address,     pitch,       width,       height,      bits,
            channels[0],        channels[1], channels[2], channels[3], channels[4], channels[5]};
}

/* Multiboot 0.6.96, section 3.3. */
struct multiboot1_info {
    uint32_t flags, base_kib, extended_kib, boot_device, command_line;
    uint32_t module_count, modules, symbols[4];
    uint32_t map_length, map, drives_length, drives, config_table, loader_name, apm_table;
    uint32_t vbe[4];
    uint32_t framebuffer[2], pitch, width, height;
    uint8_t bits, kind, channels[6];
};

struct multiboot1_module {
    uint32_t start, end, command_line, reserved;
};

enum {
    MULTIBOOT1_SIZES = 1 << 0,
    MULTIBOOT1_COMMAND_LINE = 1 << 2,
    MULTIBOOT1_MODULES = 1 << 3,
    MULTIBOOT1_MAP = 1 << 6,
    MULTIBOOT1_LOADER_NAME = 1 << 9,
    MULTIBOOT1_FRAMEBUFFER = 1 << 12,
};

/* QEMU puts the kernel's file name and a blank before the words that were given to it. */
static const char *after_file_name(const struct multiboot1_info *info, const char *text)
{
    if (!(info->flags & MULTIBOOT1_LOADER_NAME) || strcmp(left_at(info->loader_name), "qemu") != 0)
        return text;
    while (*text && *text != ' ')
        text++;
    while (*text == ' ')
        text++;
    return text;
}

static void read_multiboot1(const struct multiboot1_info *info, struct quire_bootmap *map)
{
    boot_info.protocol = "Multiboot1";
    if (info->flags & MULTIBOOT1_COMMAND_LINE)
        copy_command_line(after_file_name(info, left_at(info->command_line)));
    if (info->flags & MULTIBOOT1_MODULES && info->module_count != 0) {
        const struct multiboot1_module *module = left_at(info->modules);

        set_archive(module->start, module->end);
    }
    if (info->flags & MULTIBOOT1_FRAMEBUFFER)
        set_framebuffer(info->kind, (uint64_t)info->framebuffer[1] << 32 | info->framebuffer[0],
                        info->pitch, info->width, info->height, info->bits, info->channels);
    if (info->flags & MULTIBOOT1_MAP)
        note_map("Multiboot1",
                 quire_bootmap_add_multiboot1(map, left_at(info->map), info->map_length));
    if (map->count == 0 && info->flags & MULTIBOOT1_SIZES)
        note_map("sizes from Multiboot1",
                 quire_bootmap_add_sizes(map, info->base_kib, info->extended_kib));
}

struct multiboot2_info {
    uint32_t size, reserved;
};

struct multiboot2_tag {
    uint32_t type, size;
};

enum {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_MODULE = 3,
    TAG_SIZES = 4,
    TAG_MEMORY_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_EFI_MEMORY_MAP = 17,
    TAG_COUNT
};

/* Bytes that a tag of each type has at least; 0: nobody here reads it. */
static const uint8_t multiboot2_least[TAG_COUNT] = {
    [TAG_COMMAND_LINE] = 9, [TAG_MODULE] = 16,      [TAG_SIZES] = 16,
    [TAG_MEMORY_MAP] = 16,  [TAG_FRAMEBUFFER] = 38, [TAG_EFI_MEMORY_MAP] = 16,
};

/* Finds the first tag of each type that is read here. */
static void find_tags(const struct multiboot2_info *info,
                      const struct multiboot2_tag *found[TAG_COUNT])
{
    const char *at = (const char *)(info + 1), *end = (const char *)info + info->size;

    while (at < end && (size_t)(end - at) >= sizeof(struct multiboot2_tag)) {
        const struct multiboot2_tag *tag = (const void *)at;

        if (tag->type == TAG_END || tag->size < sizeof *tag || tag->size > (size_t)(end - at))
            return;
        if (tag->type < TAG_COUNT && multiboot2_least[tag->type] != 0 &&
            tag->size >= multiboot2_least[tag->type] && found[tag->type] == NULL)
            found[tag->type] = tag;
        if ((size_t)(end - at) - tag->size < 8)
            return;
        at += (tag->size + 7) & ~7u;
    }
}

/* Multiboot 2.0, section 3.6.12. */
static void read_framebuffer_tag(const struct multiboot2_tag *tag)
{
    const uint32_t *words = (const uint32_t *)(tag + 1);
    const uint8_t *bytes = (const uint8_t *)tag;

    set_framebuffer(bytes[29], (uint64_t)words[1] << 32 | words[0], words[2], words[3], words[4],
                    bytes[28], bytes + 32);
}

/* UEFI's own map where GRUB passes it on: its own one below is made from it. */
static void read_multiboot2_map(const struct multiboot2_tag *const found[TAG_COUNT],
                                struct quire_bootmap *map)
{
    const struct multiboot2_tag *tag = found[TAG_EFI_MEMORY_MAP];
    const uint32_t *words;

    if (tag != NULL) {
        words = (const uint32_t *)(tag + 1); /* size of a descriptor, its version, descriptors */
        note_map("UEFI", quire_bootmap_add_efi(map, words + 2, tag->size - 16, words[0]));
    }
    tag = found[TAG_MEMORY_MAP];
    if (tag != NULL && quire_bootmap_total(map, QUIRE_MEMORY_USABLE) == 0)
        note_map("Multiboot2", quire_bootmap_add_multiboot2(map, tag, tag->size));
    tag = found[TAG_SIZES];
    if (tag != NULL && map->count == 0) {
        words = (const uint32_t *)(tag + 1);
        note_map("sizes from Multiboot2", quire_bootmap_add_sizes(map, words[0], words[1]));
    }
}

static void read_multiboot2(const struct multiboot2_info *info, struct quire_bootmap *map)
{
    const struct multiboot2_tag *found[TAG_COUNT] = {0};

    boot_info.protocol = "Multiboot2";
    find_tags(info, found);
    if (found[TAG_COMMAND_LINE] != NULL)
        copy_command_line((const char *)(found[TAG_COMMAND_LINE] + 1));
    if (found[TAG_MODULE] != NULL) {
        const uint32_t *words = (const uint32_t *)(found[TAG_MODULE] + 1);

        set_archive(words[0], words[1]);
    }
    if (found[TAG_FRAMEBUFFER] != NULL)
        read_framebuffer_tag(found[TAG_FRAMEBUFFER]);
    read_multiboot2_map(found, map);
}

/* --- quire's own boot code ------------------------------------------------------------------- */

static void read_handoff(const struct boot_handoff *handoff, struct quire_bootmap *map)
{
    boot_info.protocol = "quire's boot code";
    if (handoff->magic != BOOT_HANDOFF_MAGIC || handoff->size < sizeof *handoff)
        boot_refuse("the boot code on this disk belongs to another version of quire");
    copy_command_line(left_at(handoff->command_line));
    set_archive(handoff->archive, (uint64_t)handoff->archive + handoff->archive_size);
    set_framebuffer(handoff->screen_kind, handoff->framebuffer, handoff->pitch, handoff->width,
                    handoff->height, handoff->bits, handoff->channels);
    if (handoff->map_count != 0)
        note_map("E820", quire_bootmap_add_e820(map, left_at(handoff->map), handoff->map_count,
                                                handoff->map_entry_size));
    if (map->count == 0)
        note_map("sizes from the BIOS",
                 quire_bootmap_add_sizes(map, handoff->base_kib, handoff->extended_kib));
}

/* --- whichever it was ------------------------------------------------------------------------ */

static void log_map(const struct quire_bootmap *map)
{
    log_info("quire: booted by %s, command line \"%s\"", boot_info.protocol,
             boot_info.command_line);
    log_info("firmware's memory map (%s):", boot_info.map_source);
    for (size_t i = 0; i < map->count; i++)
        log_info("  %016llx .. %016llx %s", (unsigned long long)map->range[i].start,
                 (unsigned long long)map->range[i].end - 1,
                 quire_memory_type_string(map->range[i].type));
}

static bool is_usable(const struct quire_bootmap *map, uint64_t start, uint64_t size)
{
    for (size_t i = 0; i < map->count; i++)
        if (map->range[i].type == QUIRE_MEMORY_USABLE && map->range[i].start <= start &&
            map->range[i].end > start)
            return map->range[i].end - start >= size;
    return false;
}

/* Where the map cannot be true, or leaves nothing to start with. */
static void check_map(struct quire_bootmap *map)
{
    enum quire_status status;

    if (map->count == 0)
        boot_refuse("the boot loader gave no memory map");
    if (map->lost != 0)
        boot_refuse("the memory map is too long: %zu rows found no room beside %zu", map->lost,
                    map->count);
    given_count = map->count;
    memcpy(given_rows, firmware_rows, given_count * sizeof given_rows[0]);
    status = quire_bootmap_finish(map);
    if (status != QUIRE_OK)
        boot_refuse("memory map: %s", quire_status_string(status));
    if (quire_bootmap_total(map, QUIRE_MEMORY_USABLE) == 0)
        boot_refuse("the memory map has no usable memory");
    if (boot_info.initrd_size != 0 &&
        !is_usable(map, boot_info.initrd_start, boot_info.initrd_size))
        boot_refuse("the memory map has no memory where the initial archive is, at %#llx",
                    (unsigned long long)boot_info.initrd_start);
}

void boot_info_read(uint32_t magic, uint64_t address, struct quire_bootmap *map)
{
    quire_bootmap_init(map, firmware_rows, MAX_FIRMWARE_ROWS);
    boot_info.map_source = "none";
    if (magic == PVH_MAGIC)
        read_pvh(left_at(address), map);
    else if (magic == MULTIBOOT1_MAGIC)
        read_multiboot1(left_at(address), map);
    else if (magic == MULTIBOOT2_MAGIC)
        read_multiboot2(left_at(address), map);
    else if (magic == BOOT_HANDOFF_MAGIC)
        read_handoff(left_at(address), map);
    else
        boot_refuse(
            "started by something that is neither PVH nor Multiboot nor quire's own boot code "
            "(%#x)",
            magic);
    log_map(map);
    check_map(map);
}

const struct quire_memory_range *boot_info_firmware(size_t *out_count)
{
    *out_count = given_count;
    return given_rows;
}
