/*
 * Loading ELF programs: ET_EXEC where it asks to be, ET_DYN (static-PIE, or with an interpreter)
 * at a fixed base.
 *
 * A segment is [address, address + memory size); the first file-size bytes come from the file, by
 * demand, through a private mapping of the file's object; the rest is zero. The page in which the
 * file's part ends is brought in and its tail zeroed; whole pages after it are anonymous.
 *
 * The file is hostile: every sum is checked and segments must lie in user space. Where segments
 * share a page the later one has it, as on Linux. Mapping happens in a space that nobody uses yet,
 * so failure at any point is undone by throwing that space away.
 */
#include "proc/elf.h"

#include "core/memory.h"
#include "core/string.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/memory.h"

#ifdef __x86_64__
#define PIE_BASE 0x555555554000 /* two thirds of the user half, as Linux */
#else
#define PIE_BASE 0x400000 /* as Linux */
#endif
#define HEADERS_LIMIT        65536 /* bytes of program headers, as Linux */
#define INTERPRETER_NAME_MAX 4096

struct elf_file {
    struct file *file;
    struct quire_object *object;
    struct elf_header header;
    struct elf_program_header *segments;
    quire_virt low, high; /* pages that the segments span, before relocation */
    bool all_executable;  /* what may be read may be executed, see below */
    bool interpreter;     /* of another program: some errors have names of their own then */
};

/* cut: what to say of a file that ends before. */
static int read_exactly(struct file *file, void *buffer, size_t size, uint64_t offset, int cut)
{
    long n = file_read(file, buffer, size, &offset);

    if (n < 0)
        return (int)n;
    return (size_t)n == size ? 0 : cut;
}

static bool machine_ok(unsigned machine)
{
#ifdef __x86_64__
    return machine == EM_X86_64;
#else
    return machine == EM_386 || machine == EM_486;
#endif
}

static bool header_ok(const struct elf_header *header)
{
    /* Class and byte order are not looked at, as on Linux: the machine says both. */
    static const uint8_t magic[] = {0x7f, 'E', 'L', 'F'};

    return memcmp(header->ident, magic, sizeof magic) == 0 && machine_ok(header->machine) &&
           (header->type == ET_EXEC || header->type == ET_DYN) &&
           header->program_header_size == sizeof(struct elf_program_header) &&
           header->program_header_count > 0 &&
           header->program_header_count * sizeof(struct elf_program_header) <= HEADERS_LIMIT;
}

static bool segment_ok(const struct elf_program_header *segment)
{
    uint64_t end;

    return segment->file_size <= segment->memory_size &&
           !__builtin_add_overflow(segment->virtual_address, segment->memory_size, &end) &&
           end <= USER_END && !__builtin_add_overflow(segment->offset, segment->file_size, &end) &&
           quire_page_up(end) <= INT64_MAX &&
           ((segment->virtual_address ^ segment->offset) % PAGE_SIZE) == 0;
}

/* Every loadable segment is sound; finds the span. */
static int check_segments(struct elf_file *elf)
{
    bool any = false;

    elf->low = UINTPTR_MAX;
    for (unsigned i = 0; i < elf->header.program_header_count; i++) {
        const struct elf_program_header *segment = &elf->segments[i];
        quire_virt start, end;

        if (segment->type != PT_LOAD || (segment->memory_size | segment->file_size) == 0)
            continue;
        if (!segment_ok(segment))
            return -ENOEXEC;
        start = quire_page_down(segment->virtual_address);
        end = quire_page_up(segment->virtual_address + segment->memory_size);
        any = true;
        elf->low = start < elf->low ? start : elf->low;
        elf->high = end > elf->high ? end : elf->high;
    }
    return any ? 0 : -ENOEXEC;
}

static int elf_open(struct elf_file *elf, struct file *file, bool interpreter)
{
    int bad = interpreter ? -ELIBBAD : -ENOEXEC, error;
    size_t size;

    *elf = (struct elf_file){.file = file, .interpreter = interpreter};
    error = read_exactly(file, &elf->header, sizeof elf->header, 0, interpreter ? -EIO : -ENOEXEC);
    if (error)
        return error;
    if (!header_ok(&elf->header) || !file->operations->map)
        return bad;
    size = elf->header.program_header_count * sizeof *elf->segments;
    elf->segments = kernel_alloc(size);
    if (!elf->segments)
        return -ENOMEM;
    error = read_exactly(file, elf->segments, size, elf->header.program_headers, bad);
    if (error && error != -ENOMEM)
        error = bad;
    if (!error)
        error = check_segments(elf);
    if (!error)
        error = file->operations->map(file, false, &elf->object);
    return error;
}

static void elf_close(struct elf_file *elf)
{
    kernel_free(elf->segments);
    if (elf->object)
        quire_object_put(elf->object);
}

/*
 * i386 programs from before there was PT_GNU_STACK know no difference between reading and
 * executing: their segments, the interpreter's among them, and their stack may be executed, and so
 * may what they map later (READ_IMPLIES_EXEC).
 */
static bool knows_no_execute(const struct elf_file *elf)
{
    if (sizeof(long) == 8)
        return true;
    for (unsigned i = 0; i < elf->header.program_header_count; i++)
        if (elf->segments[i].type == PT_GNU_STACK)
            return true;
    return false;
}

static unsigned segment_protection(const struct elf_file *elf,
                                   const struct elf_program_header *segment)
{
    if (elf->all_executable && (segment->flags & PF_R))
        return QUIRE_PROT_READ | QUIRE_PROT_EXECUTE |
               ((segment->flags & PF_W) ? QUIRE_PROT_WRITE : 0u);
    return ((segment->flags & PF_R) ? QUIRE_PROT_READ : 0u) |
           ((segment->flags & PF_W) ? QUIRE_PROT_WRITE : 0u) |
           ((segment->flags & PF_X) ? QUIRE_PROT_EXECUTE : 0u);
}

static int map_range(struct quire_space *space, quire_virt start, quire_virt end,
                     unsigned protection, struct quire_object *object, uint64_t offset)
{
    struct quire_map map = {
        .address = start,
        .length = end - start,
        .region =
            protection | QUIRE_REGION_MAY_READ | QUIRE_REGION_MAY_WRITE | QUIRE_REGION_MAY_EXECUTE,
        .flags = QUIRE_MAP_FIXED,
        .object = object,
        .offset = offset,
    };
    quire_virt unused;

    return start < end ? status_errno(quire_space_map(space, &map, &unused)) : 0;
}

static int map_segment(struct elf_file *elf, const struct elf_program_header *segment,
                       quire_virt bias, struct quire_space *space)
{
    static const uint8_t zeros[PAGE_SIZE];
    quire_virt start = quire_page_down(segment->virtual_address + bias);
    quire_virt file_end = segment->virtual_address + bias + segment->file_size;
    quire_virt memory_end = quire_page_up(segment->virtual_address + bias + segment->memory_size);
    quire_virt anonymous = segment->file_size > 0 ? quire_page_up(file_end) : start;
    unsigned protection = segment_protection(elf, segment);
    size_t tail = anonymous - file_end, done = tail;
    int error = 0;

    if (segment->file_size > 0)
        error = map_range(space, start, anonymous, protection, elf->object,
                          quire_page_down(segment->offset));
    /* A tail that cannot be written (the file is cut before it) faults when touched, as on Linux,
     * or is not accepted at all. */
    if (!error && segment->memory_size > segment->file_size && anonymous > file_end &&
        segment->file_size > 0)
        quire_space_write(space, file_end, zeros, tail, true, &done);
    if (!error && elf->interpreter && done < tail)
        error = -EFAULT;
    if (!error)
        error = map_range(space, anonymous, memory_end, protection, NULL, 0);
    return error;
}

/* Where an ET_DYN goes: the main program to its base, an interpreter below the other mappings. */
static int choose_bias(struct elf_file *elf, struct quire_space *space, bool interpreter,
                       quire_virt *out_bias)
{
    struct quire_map map = {.length = elf->high - elf->low};
    quire_virt base;
    int error;

    *out_bias = 0;
    if (elf->header.type == ET_EXEC)
        return 0;
    if (!interpreter) {
        *out_bias = PIE_BASE - elf->low;
        return elf->high - elf->low > USER_END - PIE_BASE ? -ENOMEM : 0;
    }
    /* Found by mapping it; nobody else uses the space, so it is still free afterwards. */
    error = status_errno(quire_space_map(space, &map, &base));
    if (error)
        return error;
    *out_bias = base - elf->low;
    return status_errno(quire_space_unmap(space, base, map.length));
}

static int map_segments(struct elf_file *elf, struct quire_space *space, bool interpreter,
                        quire_virt *out_bias)
{
    int error = choose_bias(elf, space, interpreter, out_bias);

    for (unsigned i = 0; !error && i < elf->header.program_header_count; i++) {
        const struct elf_program_header *segment = &elf->segments[i];

        if (segment->type == PT_LOAD && segment->memory_size > 0)
            error = map_segment(elf, segment, *out_bias, space);
    }
    return error;
}

static void describe(const struct elf_file *elf, quire_virt bias, struct elf_image *out)
{
    const struct elf_header *header = &elf->header;

    out->entry = header->entry + bias;
    out->program_header_count = header->program_header_count;
    out->executable_stack = elf->all_executable;
    out->code_start = UINTPTR_MAX;
    for (unsigned i = 0; i < header->program_header_count; i++) {
        const struct elf_program_header *segment = &elf->segments[i];
        quire_virt start = segment->virtual_address + bias;
        quire_virt file_end = start + segment->file_size;

        if (segment->type == PT_GNU_STACK)
            out->executable_stack = (segment->flags & PF_X) != 0;
        if (segment->type != PT_LOAD || segment->memory_size == 0)
            continue;
        if (header->program_headers >= segment->offset &&
            header->program_headers - segment->offset < segment->file_size)
            out->program_headers = header->program_headers - segment->offset + start;
        if ((segment->flags & PF_X) && start < out->code_start)
            out->code_start = start;
        if ((segment->flags & PF_X) && file_end > out->code_end)
            out->code_end = file_end;
        if (start > out->data_start)
            out->data_start = start;
        if (file_end > out->data_end)
            out->data_end = file_end;
        if (start + segment->memory_size > out->break_start)
            out->break_start = start + segment->memory_size;
    }
    out->break_start = quire_page_up(out->break_start);
}

static int open_interpreter(struct elf_file *elf, const struct elf_program_header *named,
                            struct file **out_file)
{
    uint64_t offset = named->offset;
    char *name;
    int error;

    if (named->file_size < 2 || named->file_size > INTERPRETER_NAME_MAX)
        return -ENOEXEC;
    if (offset > INT64_MAX)
        return -EINVAL;
    name = kernel_alloc(named->file_size);
    if (!name)
        return -ENOMEM;
    error = read_exactly(elf->file, name, named->file_size, offset, -EIO);
    if (!error && name[named->file_size - 1] != '\0')
        error = -ENOEXEC;
    if (!error && name[0] == '\0') /* the directory that one is in, and no file */
        error = -EACCES;
    if (!error)
        error = vfs_open_executable(AT_FDCWD, name, 0, out_file);
    kernel_free(name);
    return error;
}

static int load_interpreter(struct elf_file *program, struct quire_space *space,
                            struct elf_image *out)
{
    struct elf_file elf;
    struct file *file;
    quire_virt bias;
    int error;

    for (unsigned i = 0; i < program->header.program_header_count; i++) {
        if (program->segments[i].type != PT_INTERP)
            continue;
        error = open_interpreter(program, &program->segments[i], &file);
        if (error)
            return error;
        error = elf_open(&elf, file, true);
        elf.all_executable = program->all_executable;
        if (!error)
            error = map_segments(&elf, space, true, &bias);
        if (!error) {
            out->start = elf.header.entry + bias;
            out->interpreter_base = elf.low + bias;
        }
        elf_close(&elf);
        file_put(file);
        return error;
    }
    return 0;
}

int elf_load(struct file *file, struct quire_space *space, bool all_executable,
             struct elf_image *out)
{
    struct elf_file elf;
    quire_virt bias;
    int error = elf_open(&elf, file, false);

    *out = (struct elf_image){0};
    elf.all_executable = !error && (all_executable || !knows_no_execute(&elf));
    out->all_executable = elf.all_executable;
    if (!error)
        error = map_segments(&elf, space, false, &bias);
    if (!error) {
        describe(&elf, bias, out);
        out->start = out->entry;
        error = load_interpreter(&elf, space, out);
    }
    if (!error && (out->start >= USER_END || out->entry >= USER_END))
        error = -ENOEXEC;
    elf_close(&elf);
    return error;
}
