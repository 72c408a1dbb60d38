/*
 * Any bytes as a program, and as the interpreter that it names, through the kernel's own loader
 * into a space on the simulated machine.
 *
 * Refused: for a reason that the loader documents, and nothing is lost. Accepted: every address it
 * tells lies in the user half, regions do too, and each page of a segment that no later segment
 * covers holds what the file says, then zeros.
 *
 * Input: byte 0 which allocation of the loader's fails (0: none), byte 1 the same for frames, bytes
 * 2 and 3 the program's length (big-endian); the program; the interpreter.
 */
#include "kernel/proc/elf.h"

#include "core/memory.h"
#include "kernel/fs/vfs.h"
#include "kernel/linux/errno.h"
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"

/* Four levels of page tables. */
unsigned long user_end = USER_WINDOW_END;

#define HEADER     4
#define PAGES_SEEN 24 /* of each segment are compared */

struct content {
    const uint8_t *bytes;
    size_t size;
};

static struct sim_machine *machine;
static struct file program, interpreter;
static int files_open;

/* ---- files ---- */

static enum quire_status fill(struct quire_object *object, uint64_t index,
                              struct quire_frame *const *frames, unsigned n)
{
    const struct content *content = object->owner;

    for (unsigned i = 0; i < n; i++) {
        size_t start = (index + i) * PAGE_SIZE;
        uint8_t *page = quire_frame_map(object->q, frames[i]);

        must(start < content->size);
        memset(page, 0, PAGE_SIZE);
        memcpy(page, content->bytes + start,
               content->size - start < PAGE_SIZE ? content->size - start : PAGE_SIZE);
        quire_frame_unmap(object->q, frames[i], page);
    }
    return QUIRE_OK;
}

static const struct quire_pager pager = {.fill = fill};

static int map_file(struct file *file, bool shared, struct quire_object **out)
{
    const struct content *content = file->data;

    must(!shared);
    return quire_object_create(machine->q, QUIRE_OBJECT_PAGED, &pager, file->data, content->size,
                               out) == QUIRE_OK
               ? 0
               : -ENOMEM;
}

static const struct file_operations operations = {.map = map_file};

long file_read(struct file *file, void *buffer, size_t length, uint64_t *position)
{
    const struct content *content = file->data;

    if (*position >= content->size)
        return 0;
    if (length > content->size - *position)
        length = content->size - *position;
    memcpy(buffer, content->bytes + *position, length);
    *position += length;
    return (long)length;
}

/* "/self" is the program, "/none" does not exist, everything else is the interpreter. */
int vfs_open_executable(int start, const char *name, unsigned flags, struct file **out)
{
    must(start == AT_FDCWD && flags == 0 && strlen(name) < 4096);
    if (strcmp(name, "/none") == 0)
        return -ENOENT;
    *out = strcmp(name, "/self") == 0 ? &program : &interpreter;
    files_open++;
    return 0;
}

void file_put(struct file *file)
{
    must(file == &program || file == &interpreter);
    files_open--;
}

/* ---- what must hold ---- */

static void check_regions(struct quire_space *space)
{
    struct quire_region_info info;
    quire_virt at = 0;

    while (quire_space_region(space, at, &info)) {
        if (info.object != NULL)
            quire_object_put(info.object);
        must(info.start >= at && info.start < info.end && info.end <= USER_END);
        must(info.start % PAGE_SIZE == 0 && info.end % PAGE_SIZE == 0);
        at = info.end;
    }
}

static void check_image(const struct elf_image *image)
{
    must(image->entry < USER_END && image->start < USER_END);
    must(image->program_headers < USER_END);
    /* All ones, as on Linux: nothing is executable. */
    must(image->code_start < USER_END || image->code_start == UINT64_MAX);
    must(image->data_start < USER_END);
    must(image->code_end <= USER_END && image->data_end <= USER_END);
    must(image->break_start <= USER_END && image->break_start % PAGE_SIZE == 0);
    must(image->interpreter_base < USER_END);
}

/* A byte of a segment: the file's up to its file size, behind that zero up to its last page's end;
 * a file's page that has no segment's zeros keeps what the file has. */
static uint8_t segment_byte(const struct content *file, const struct elf_program_header *segment,
                            uint64_t at)
{
    uint64_t offset = segment->offset + (at - segment->virtual_address);
    uint64_t end = segment->virtual_address + segment->file_size;

    if (segment->file_size == 0 || at >= quire_page_up(end))
        return 0;
    if (at >= end && segment->memory_size > segment->file_size)
        return 0;
    return offset < file->size ? file->bytes[offset] : 0;
}

static bool covered_later(const struct elf_program_header *segments, unsigned i, unsigned count,
                          uint64_t page)
{
    for (unsigned j = i + 1; j < count; j++)
        if (segments[j].type == PT_LOAD && segments[j].memory_size > 0 &&
            quire_page_down(segments[j].virtual_address) <= page &&
            page < segments[j].virtual_address + segments[j].memory_size)
            return true;
    return false;
}

static void check_page(const struct content *file, const struct elf_program_header *segment,
                       struct quire_space *space, uint64_t page, uint64_t bias)
{
    uint8_t bytes[PAGE_SIZE];
    size_t done;
    enum quire_status status = quire_space_read(space, page + bias, bytes, PAGE_SIZE, true, &done);

    if (status == QUIRE_NO_MEMORY)
        return;
    /* A file that ends before its segment, and a region that nothing may read. */
    if (status == QUIRE_BEYOND_END) {
        must(quire_page_down(segment->offset) +
                 (page - quire_page_down(segment->virtual_address)) >=
             file->size);
        return;
    }
    must(status == QUIRE_OK || (segment->flags & (PF_R | PF_W | PF_X)) == 0);
    if (status != QUIRE_OK)
        return;
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        must(bytes[i] == segment_byte(file, segment, page + i));
}

/* An interpreter that asks for a fixed address may lie over the program: then nothing is compared.
 */
static bool names_interpreter(const struct elf_program_header *segments, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (segments[i].type == PT_INTERP)
            return true;
    return false;
}

static void check_content(const struct content *file, struct quire_space *space,
                          const struct elf_image *image)
{
    struct elf_header header;
    struct elf_program_header *segments;
    uint64_t bias;

    memcpy(&header, file->bytes, sizeof header);
    segments = calloc(header.program_header_count, sizeof *segments);
    must(segments != NULL);
    memcpy(segments, file->bytes + header.program_headers,
           header.program_header_count * sizeof *segments);
    bias = image->entry - header.entry;
    for (unsigned i = 0; i < header.program_header_count &&
                         !names_interpreter(segments, header.program_header_count);
         i++) {
        const struct elf_program_header *segment = &segments[i];
        uint64_t page = quire_page_down(segment->virtual_address);
        uint64_t end = segment->virtual_address + segment->memory_size;

        if (segment->type != PT_LOAD || segment->memory_size == 0)
            continue;
        for (unsigned n = 0; page < end && n < PAGES_SEEN; page += PAGE_SIZE, n++)
            if (!covered_later(segments, i, header.program_header_count, page))
                check_page(file, segment, space, page, bias);
    }
    free(segments);
}

/* ---- one input ---- */

static void start(void)
{
    static const struct sim_options options = {.cpus = 1, .frames = 1100};

    machine = sim_create(&options);
}

static void nothing_lost(void)
{
    struct quire_frame_stats stats;

    sim_quiesce(machine);
    quire_grace_flush(machine->q);
    must(quire_check(machine->q) == QUIRE_OK);
    quire_frame_stats(machine->q, &stats);
    must(stats.kind[QUIRE_FRAME_ANONYMOUS] == 0 && stats.kind[QUIRE_FRAME_OBJECT] == 0);
    must(host_blocks == 0 && files_open == 0);
}

static void load(struct quire_space *space)
{
    struct elf_image image;
    uint64_t failures = machine->allocation_failures;
    int error = elf_load(&program, space, false, &image);

    host_fail_at = 0;
    machine->fail_allocation_at = 0;
    check_regions(space);
    if (error) {
        must(error == -ENOEXEC || error == -ENOMEM || error == -ENOENT || error == -EIO ||
             error == -EINVAL || error == -EACCES || error == -ELIBBAD || error == -EFAULT);
        return;
    }
    check_image(&image);
    if (machine->allocation_failures == failures)
        check_content(program.data, space, &image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct content contents[2];
    struct quire_space *space;
    size_t length;

    if (size < HEADER)
        return 0;
    if (machine == NULL)
        start();
    length = (size_t)data[2] << 8 | data[3];
    if (length > size - HEADER)
        length = size - HEADER;
    contents[0] = (struct content){data + HEADER, length};
    contents[1] = (struct content){data + HEADER + length, size - HEADER - length};
    program = (struct file){.operations = &operations, .data = &contents[0]};
    interpreter = (struct file){.operations = &operations, .data = &contents[1]};
    must(quire_space_create(machine->q, &space) == QUIRE_OK);
    host_fail_at = data[0] % 4;
    machine->fail_allocation_at = data[1];
    load(space);
    quire_space_destroy(space);
    nothing_lost();
    return 0;
}
