/*
 * /proc/quire: what the memory system looks like from inside, for the program `mm` and for people.
 * For uid 0 only: it tells where the kernel is. Each file is lines of words, numbers with 0x in
 * hexadecimal and all others in decimal; a line begins with the word that says what it is.
 *
 * firmware: memory as the loader gave it, sorted, not yet rounded
 *   loader NAME
 *   range START END TYPE
 *
 * memory: the finished map; "in use at boot" is what the kernel took
 *   range START END TYPE
 *
 * zones: frames (those in `cached` lie on the CPUs' stacks)
 *   manager NAME, heap NAME, direct-end BYTES, cached FRAMES
 *   zone NAME FIRST END PRESENT FREE, then the free blocks of order 0, 1, ...
 *
 * mappings: the kernel's half; END is the last byte
 *   map START END PHYSICAL RIGHTS NAME
 *   selfmap START END (with selfmap=on)
 *   area START END memory|device PHYSICAL NAME
 *
 * registers: what the CPU has now
 *   NAME VALUE, gdt BASE LIMIT, idt BASE LIMIT, task SELECTOR BASE SIZE
 *
 * descriptors: the tables' words
 *   gdt INDEX WORD, idt VECTOR WORD..., task OFFSET WORD (32 bits)
 *
 * translate: "PID ADDRESS" is written (PID 0: the kernel's own table), then the answer is read
 *   format NAME levels N root PHYSICAL
 *   step LEVEL INDEX TABLE ENTRY TABLE-COUNT (from the root downwards)
 *   result PHYSICAL LEVEL RIGHTS user|kernel
 *   result none LEVEL empty|slot|inaccessible|poisoned|not-canonical
 *   frame NUMBER KIND COUNT (where there is a frame record)
 *
 * The question belongs to the open file: two programs do not disturb each other.
 *
 * A walk is taken in one piece, without sleeping, and told afterwards: the tables in it cannot be
 * freed meanwhile (they wait for a grace period).
 */
#include "fs/procfs.h"

#include "core/boot.h"
#include "core/boot_info.h"
#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "x86/inspect.h"

#include <quire/area.h>
#include <quire/frame.h>
#include <quire/pagetable.h>
#include <quire/space.h>

typedef unsigned long long wide;

/* ---- memory ---- */

static void show_ranges(struct text *text, const struct quire_memory_range *range, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_printf(text, "range 0x%llx 0x%llx %s\n", (wide)range[i].start, (wide)range[i].end,
                    quire_memory_type_string(range[i].type));
}

static int show_firmware(struct text *text, const struct proc_target *target)
{
    size_t count;
    const struct quire_memory_range *range = boot_info_firmware(&count);

    (void)target;
    text_printf(text, "loader %s\n", boot_info.protocol);
    show_ranges(text, range, count);
    return 0;
}

static int show_memory(struct text *text, const struct proc_target *target)
{
    (void)target;
    show_ranges(text, boot_map.range, boot_map.count);
    return 0;
}

static int show_zones(struct text *text, const struct proc_target *target)
{
    const struct quire_frame_layer *layer = &kernel_machine.frame;
    wide cached = 0;

    (void)target;
    for (unsigned i = 0; i < kernel_machine.cpu_count; i++)
        cached += kernel_machine.cpu[i].frame_count;
    text_printf(text, "manager %s\nheap %s\ndirect-end 0x%llx\ncached %llu\n", layer->manager->name,
                kernel_machine.heap.manager->name, (wide)layer->direct_end, cached);
    for (unsigned i = 0; i < QUIRE_ZONE_COUNT; i++) {
        const struct quire_zone *zone = &layer->zone[i];
        uint64_t blocks[QUIRE_MAX_ORDER + 1];

        if (zone->first == zone->end)
            continue;
        quire_frame_blocks(&kernel_machine, i, blocks);
        text_printf(text, "zone %s %u %u %llu %llu", quire_zone_string(i), zone->first, zone->end,
                    (wide)zone->present, (wide)quire_zone_free(zone));
        for (unsigned order = 0; order <= QUIRE_MAX_ORDER; order++)
            text_printf(text, " %llu", (wide)blocks[order]);
        text_add(text, "\n", 1);
    }
    return 0;
}

/* ---- the kernel's mappings ---- */

static void add_rights(struct text *text, unsigned protection)
{
    text_printf(text, "%c%c%c", protection & QUIRE_PROT_READ ? 'r' : '-',
                protection & QUIRE_PROT_WRITE ? 'w' : '-',
                protection & QUIRE_PROT_EXECUTE ? 'x' : '-');
}

static int show_mappings(struct text *text, const struct proc_target *target)
{
    struct memory_mapping mapping;
    struct quire_area area;
    quire_virt at = KERNEL_AREA;

    (void)target;
    for (size_t i = 0; memory_mapping(i, &mapping); i++) {
        text_printf(text, "map 0x%llx 0x%llx 0x%llx ", (wide)mapping.start, (wide)mapping.end - 1,
                    (wide)mapping.physical);
        add_rights(text, mapping.protection);
        text_printf(text, " %s\n", mapping.name);
    }
    if (kernel_machine.self_map != 0)
        text_printf(text, "selfmap 0x%llx 0x%llx\n", (wide)kernel_machine.self_map,
                    (wide)kernel_machine.self_map +
                        quire_self_map_size(kernel_machine.kernel.levels) - 1);
    for (; quire_area_find(&kernel_machine, at, &area); at = area.range.end)
        text_printf(text, "area 0x%llx 0x%llx %s 0x%llx %s\n", (wide)area.start,
                    (wide)area.start + area.length - 1, area.kind == 1 ? "device" : "memory",
                    (wide)area.device, area.name);
    return 0;
}

/* ---- the CPU ---- */

static int show_registers(struct text *text, const struct proc_target *target)
{
    struct cpu_registers now;

    (void)target;
    cpu_inspect(&now);
    text_printf(text, "mode %u\ncr0 0x%llx\ncr2 0x%llx\ncr3 0x%llx\ncr4 0x%llx\n",
                (unsigned)sizeof(uintptr_t) * 8, (wide)now.cr0, (wide)now.cr2, (wide)now.cr3,
                (wide)now.cr4);
    if (sizeof(uintptr_t) == 8)
        text_printf(text, "cr8 0x%llx\n", (wide)now.cr8);
    if (now.has_efer)
        text_printf(text, "efer 0x%llx\n", (wide)now.efer);
    if (now.has_pat)
        text_printf(text, "pat 0x%llx\n", (wide)now.pat);
    text_printf(text,
                "gdt 0x%llx 0x%x\nidt 0x%llx 0x%x\ntask 0x%x 0x%llx %u\n"
                "local 0x%x\n",
                (wide)now.gdt.base, now.gdt.limit, (wide)now.idt.base, now.idt.limit, now.task,
                (wide)now.task_state, now.task_state_size, now.local);
    return 0;
}

/* `size` bytes of a table as 64-bit words, `each` of them in a line. */
static void add_table(struct text *text, const char *name, const char *bytes, size_t size,
                      size_t each)
{
    uint64_t word;

    for (size_t i = 0; (i + each) * sizeof word <= size; i += each) {
        text_printf(text, "%s %zu", name, i / each);
        for (size_t j = 0; j < each; j++) {
            memcpy(&word, bytes + (i + j) * sizeof word, sizeof word);
            text_printf(text, " 0x%llx", (wide)word);
        }
        text_add(text, "\n", 1);
    }
}

static int show_descriptors(struct text *text, const struct proc_target *target)
{
    struct cpu_registers now;
    uint32_t word;

    (void)target;
    cpu_inspect(&now);
    text_printf(text, "mode %u\n", (unsigned)sizeof(uintptr_t) * 8);
    add_table(text, "gdt", (const char *)now.gdt.base, (size_t)now.gdt.limit + 1, 1);
    add_table(text, "idt", (const char *)now.idt.base, (size_t)now.idt.limit + 1,
              sizeof(uintptr_t) / 4);
    for (uint32_t at = 0; at + sizeof word <= now.task_state_size && at < 104; at += sizeof word) {
        memcpy(&word, (const char *)now.task_state + at, sizeof word);
        text_printf(text, "task %u 0x%x\n", at, word);
    }
    return 0;
}

/* ---- translation ---- */

struct walk_report {
    struct quire_pagetable table;
    struct quire_translation translation;
    uint32_t table_count[QUIRE_LEVELS_MAX];
    const char *kind; /* of the frame; NULL: it has no record */
    uint32_t count;
    uint64_t number;
};

/* Nothing in here sleeps. */
static void take_walk(struct walk_report *report, quire_virt address)
{
    struct quire_translation *walk = &report->translation;
    const struct quire_frame *frame;

    quire_pagetable_translate(&kernel_machine, &report->table, address, walk);
    for (unsigned i = 0; i < walk->steps; i++) {
        frame = quire_frame_find(&kernel_machine, walk->step[i].table);
        report->table_count[i] = frame != NULL ? frame->count : 0;
    }
    frame = walk->present ? quire_frame_find(&kernel_machine, walk->physical) : NULL;
    if (frame == NULL)
        return;
    report->number = quire_frame_number(&kernel_machine, frame);
    report->kind = quire_frame_phys(&kernel_machine, frame) == kernel_machine.frame.zero
                       ? "zero-page"
                       : quire_frame_kind_string(frame->kind);
    report->count = frame->count;
}

/* Why the walk ended; only entries of the lowest level keep something while they are not present.
 */
static const char *absence(const struct quire_translation *walk)
{
    quire_entry entry = walk->steps > 0 ? walk->step[walk->steps - 1].entry : 0;

    if (walk->steps == 0)
        return "not-canonical";
    if (entry == 0 || walk->level > 1)
        return "empty";
    if (quire_entry_is_slot(entry))
        return "slot";
    return quire_entry_is_inaccessible(entry) ? "inaccessible" : "poisoned";
}

static void tell_walk(struct text *text, const struct walk_report *report)
{
    const struct quire_translation *walk = &report->translation;

    text_printf(text, "format %s levels %u root 0x%llx\n", QUIRE_FORMAT_NAME, report->table.levels,
                (wide)report->table.root);
    for (unsigned i = 0; i < walk->steps; i++)
        text_printf(text, "step %u %u 0x%llx 0x%llx %u\n", walk->step[i].level, walk->step[i].index,
                    (wide)walk->step[i].table, (wide)walk->step[i].entry, report->table_count[i]);
    if (!walk->present) {
        text_printf(text, "result none %u %s\n", walk->level, absence(walk));
        return;
    }
    text_printf(text, "result 0x%llx %u ", (wide)walk->physical, walk->level);
    add_rights(text, walk->protection);
    text_printf(text, " %s\n", walk->user ? "user" : "kernel");
    if (report->kind != NULL)
        text_printf(text, "frame %llu %s %u\n", (wide)report->number, report->kind, report->count);
}

/* Two words: a process, an address. */
static int parse_question(char *text, int *out_pid, quire_virt *out_address)
{
    char *blank = strchr(text, ' ');
    int64_t pid;
    char *end;

    if (blank == NULL)
        return -EINVAL;
    *blank++ = 0;
    if (proc_parse_setting(text, &pid) != 0 || pid < 0 || pid > INT32_MAX)
        return -EINVAL;
    *out_address = strtoul(blank, &end, 0);
    if (end == blank || (*end != 0 && *end != '\n'))
        return -EINVAL;
    *out_pid = (int)pid;
    return 0;
}

static int translate(struct text *text, int pid, quire_virt address)
{
    struct walk_report report = {.table = kernel_machine.kernel};
    struct process *process = pid != 0 ? process_find(pid) : NULL;
    struct memory *memory = process != NULL ? process_memory(process) : NULL;

    if (process != NULL)
        process_put(process);
    if (pid != 0 && memory == NULL)
        return -ESRCH;
    if (memory != NULL)
        report.table = memory->space->table;
    take_walk(&report, address);
    if (memory != NULL)
        memory_put(memory);
    tell_walk(text, &report);
    return text->failed ? -ENOMEM : 0;
}

static long translate_write(struct file *file, struct transfer *from, uint64_t *position)
{
    struct proc_open *open = file->data;
    size_t all = from->length;
    quire_virt address;
    char question[64];
    int pid, error;

    (void)position;
    if (all == 0 || all >= sizeof question)
        return -EINVAL;
    if (transfer_in(from, question, all) != all)
        return -EFAULT;
    question[all] = 0;
    error = parse_question(question, &pid, &address);
    if (error != 0)
        return error;
    mutex_lock(&open->lock);
    text_clear(&open->text);
    error = translate(&open->text, pid, address);
    if (error != 0)
        text_clear(&open->text);
    mutex_unlock(&open->lock);
    return error != 0 ? error : (long)all;
}

static long translate_read(struct file *file, struct transfer *to, uint64_t *position)
{
    struct proc_open *open = file->data;
    long done;

    mutex_lock(&open->lock);
    done = text_read(&open->text, to, position);
    mutex_unlock(&open->lock);
    return done;
}

static const struct file_operations translate_operations = {
    .read = translate_read,
    .write = translate_write,
    .seek = proc_seek,
    .release = proc_release,
};

const struct proc_file proc_quire_files[] = {
    PROC_TEXT("descriptors", 0400, show_descriptors),
    PROC_TEXT("firmware", 0400, show_firmware),
    PROC_TEXT("mappings", 0400, show_mappings),
    PROC_TEXT("memory", 0400, show_memory),
    PROC_TEXT("registers", 0400, show_registers),
    PROC_BYTES("translate", 0600, translate_operations),
    PROC_TEXT("zones", 0400, show_zones),
    {.name = NULL},
};
