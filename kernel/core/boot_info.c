/*
 * What the boot loader left in memory, read once through the first page table's direct map and
 * copied: afterwards nothing points into the loader's structures.
 */

#include "core/boot_info.h"

#include "core/boot.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/panic.h"
#include "core/string.h"

#define PVH_MAGIC        0x336ec578u
#define MULTIBOOT2_MAGIC 0x36d76289u

#define MAX_FIRMWARE_ROWS 2048

struct pvh_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, memory_map; /* the last from version 1 on */
    uint32_t memory_map_count, reserved;
};

struct pvh_module {
    uint64_t start, size, command_line, reserved;
};

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
    TAG_MEMORY_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_RSDP_OLD = 14,
    TAG_RSDP_NEW = 15,
};

/* Behind the tag's header. The channels' places follow where `type` says direct colours. */
struct multiboot_framebuffer {
    uint64_t address;
    uint32_t pitch, width, height;
    uint8_t bits, type;
    uint16_t reserved;
    uint8_t channels[6]; /* position and size of red, green and blue */
} __attribute__((packed));

enum {
    MULTIBOOT_DIRECT_COLOURS = 1,
    MULTIBOOT_TEXT = 2,
};

struct boot_info boot_info;

static struct quire_memory_range firmware_rows[MAX_FIRMWARE_ROWS];

/* The map as it came, for reports: the rows above change when it is finished and used. */
static struct quire_memory_range given_rows[MAX_FIRMWARE_ROWS];
static size_t given_count;

static void copy_command_line(const char *text)
{
    if (strlcpy(boot_info.command_line, text, sizeof boot_info.command_line) >=
        sizeof boot_info.command_line)
        log_warn("the command line was cut to %zu bytes", sizeof boot_info.command_line - 1);
}

static void read_pvh(const struct pvh_info *info, struct quire_bootmap *map)
{
    boot_info.protocol = "PVH";
    boot_info.acpi_rsdp = info->rsdp;
    if (info->command_line != 0)
        copy_command_line(direct_map(info->command_line));
    if (info->module_count != 0) {
        const struct pvh_module *module = direct_map(info->modules);

        boot_info.initrd_start = module->start;
        boot_info.initrd_size = module->size;
    }
    if (info->version < 1 || info->memory_map_count == 0)
        panic("the boot loader gave no memory map");
    quire_bootmap_add_pvh(map, direct_map(info->memory_map), info->memory_map_count);
}

static void read_framebuffer(const struct multiboot_framebuffer *from, size_t size)
{
    struct boot_framebuffer *to = &boot_info.framebuffer;
    size_t needed = offsetof(struct multiboot_framebuffer, reserved);

    if (size >= needed && from->type == MULTIBOOT_TEXT) {
        *to = (struct boot_framebuffer){
            .kind = BOOT_SCREEN_TEXT, .width = from->width, .height = from->height};
    } else if (size >= sizeof(*from) && from->type == MULTIBOOT_DIRECT_COLOURS) {
        *to = (struct boot_framebuffer){BOOT_SCREEN_PIXELS, from->address,     from->pitch,
                                        from->width,        from->height,      from->bits,
                                        from->channels[0],  from->channels[1], from->channels[2],
                                        from->channels[3],  from->channels[4], from->channels[5]};
    }
}

static void read_multiboot2(const struct multiboot2_info *info, struct quire_bootmap *map)
{
    const char *at = (const char *)(info + 1), *end = (const char *)info + info->size;

    boot_info.protocol = "Multiboot2";
    while (at + sizeof(struct multiboot2_tag) <= end) {
        const struct multiboot2_tag *tag = (const void *)at;
        const uint32_t *words = (const uint32_t *)(tag + 1);

        if (tag->type == TAG_END || tag->size < sizeof *tag || at + tag->size > end)
            break;
        switch (tag->type) {
        case TAG_COMMAND_LINE:
            copy_command_line((const char *)words);
            break;
        case TAG_MODULE:
            boot_info.initrd_start = words[0];
            boot_info.initrd_size = words[1] - words[0];
            break;
        case TAG_MEMORY_MAP:
            quire_bootmap_add_multiboot2(map, tag, tag->size);
            break;
        case TAG_FRAMEBUFFER:
            read_framebuffer((const void *)words, tag->size - sizeof *tag);
            break;
        case TAG_RSDP_OLD:
        case TAG_RSDP_NEW: /* a copy: the table it leads to is what matters, so no address is kept
                            */
            break;
        }
        at += (tag->size + 7) & ~7u;
    }
}

void boot_info_read(uint32_t magic, uint64_t address, struct quire_bootmap *map)
{
    enum quire_status status;

    quire_bootmap_init(map, firmware_rows, MAX_FIRMWARE_ROWS);
    if (magic == PVH_MAGIC)
        read_pvh(direct_map(address), map);
    else if (magic == MULTIBOOT2_MAGIC)
        read_multiboot2(direct_map(address), map);
    else
        panic("started by something that is neither PVH nor Multiboot2 (%#x)", magic);

    log_info("quire: booted by %s, command line \"%s\"", boot_info.protocol,
             boot_info.command_line);
    log_info("firmware's memory map:");
    for (size_t i = 0; i < map->count; i++)
        log_info("  %016lx .. %016lx %s", map->range[i].start, map->range[i].end - 1,
                 quire_memory_type_string(map->range[i].type));
    if (map->lost != 0)
        log_warn("%zu rows of the memory map found no room", map->lost);
    given_count = map->count;
    memcpy(given_rows, firmware_rows, given_count * sizeof given_rows[0]);
    status = quire_bootmap_finish(map);
    if (status != QUIRE_OK)
        panic("memory map: %s", quire_status_string(status));
}

const struct quire_memory_range *boot_info_firmware(size_t *out_count)
{
    *out_count = given_count;
    return given_rows;
}

/* --- options --------------------------------------------------------------------------------- */

/*
 * Words of the command line, cut once into a copy: each word ends with 0, the list with an empty
 * word. Double quotes keep blanks inside a word.
 */
static char words[BOOT_COMMAND_LINE_SIZE + 2];
static const char *program_arguments;

static void cut_words(void)
{
    const char *from = boot_info.command_line;
    char *to = words;
    bool quoted = false;

    for (; *from; from++) {
        if (!quoted && strncmp(from, "-- ", 3) == 0 && (to == words || to[-1] == '\0')) {
            program_arguments = from + 3;
            break;
        }
        if (*from == '"')
            quoted = !quoted;
        else if (*from != ' ' || quoted)
            *to++ = *from;
        else if (to != words && to[-1] != '\0')
            *to++ = '\0';
    }
    /* The rest of the copy is zero: an end for the last word, and the empty one. */
}

static const char *boot_words(void)
{
    static bool cut;

    if (!cut)
        cut_words();
    cut = true;
    return words;
}

const char *boot_option(const char *name)
{
    const char *found = NULL, *word;
    size_t length = strlen(name);

    for (word = boot_words(); *word; word += strlen(word) + 1) {
        if (strncmp(word, name, length) != 0)
            continue;
        if (word[length] == '\0')
            found = "";
        else if (word[length] == '=')
            found = word + length + 1;
    }
    return found;
}

bool boot_option_has(const char *name, const char *value)
{
    size_t name_length = strlen(name), length = strlen(value);

    for (const char *word = boot_words(); *word; word += strlen(word) + 1) {
        const char *given = word + name_length + 1;

        if (strncmp(word, name, name_length) == 0 && word[name_length] == '=' &&
            strncmp(given, value, length) == 0 && (given[length] == '\0' || given[length] == ','))
            return true;
    }
    return false;
}

unsigned long boot_option_number(const char *name, unsigned long otherwise)
{
    const char *text = boot_option(name);
    unsigned long value;
    char *end;

    if (!text || !*text)
        return otherwise;
    value = strtoul(text, &end, 0);
    return *end == '\0' ? value : otherwise;
}

const char *boot_program_arguments(void)
{
    boot_words();
    return program_arguments;
}
