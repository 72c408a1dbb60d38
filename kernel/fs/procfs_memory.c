/*
 * /proc/PID: the bytes and the pages of a process's memory: cmdline, environ, auxv, mem, pagemap,
 * clear_refs.
 *
 * The position in mem is an address of the process, that in pagemap eight times a page number. What
 * is written to mem goes past the rights of the pages: a read-only private page becomes a copy, as
 * a debugger wants it. Shared pages that may not be written stay as they are.
 */
#include "fs/procfs.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/memory.h"
#include "proc/signals.h"

/* ---- text that lies in the process's memory ---- */

static int show_user_bytes(struct text *text, struct memory *memory, quire_virt start,
                           quire_virt end)
{
    char buffer[512];

    while (start < end) {
        size_t n = end - start < sizeof buffer ? end - start : sizeof buffer, done = 0;

        quire_space_read(memory->space, start, buffer, n, true, &done);
        text_add(text, buffer, done);
        start += done;
        if (done < n)
            break;
    }
    return 0;
}

int proc_show_cmdline(struct text *text, const struct proc_target *target)
{
    struct memory *memory = proc_target_memory(target);

    if (memory == NULL)
        return 0;
    show_user_bytes(text, memory, memory->argument_start, memory->argument_end);
    memory_put(memory);
    return 0;
}

int proc_show_environ(struct text *text, const struct proc_target *target)
{
    struct memory *memory = proc_target_memory(target);

    if (memory == NULL)
        return 0;
    show_user_bytes(text, memory, memory->environment_start, memory->environment_end);
    memory_put(memory);
    return 0;
}

int proc_show_auxv(struct text *text, const struct proc_target *target)
{
    struct memory *memory = proc_target_memory(target);

    if (memory == NULL)
        return 0;
    show_user_bytes(text, memory, memory->auxiliary_start,
                    memory->auxiliary_start + memory->auxiliary_size);
    memory_put(memory);
    return 0;
}

/* ---- mem ---- */

/* A piece at a time, so that neither side's faults hold anything of the other. */
static long memory_transfer(struct file *file, struct transfer *with, uint64_t *position,
                            bool writing)
{
    struct memory *memory = proc_target_memory(proc_open_target(file));
    long done = 0;
    char *buffer;

    if (memory == NULL)
        return 0;
    buffer = kernel_alloc(PAGE_SIZE);
    while (buffer != NULL && with->length > 0 && !kill_pending()) {
        size_t n = PAGE_SIZE - *position % PAGE_SIZE, moved = 0;
        bool exists = *position < memory->space->end;
        quire_virt at = (quire_virt)*position;

        if (n > with->length)
            n = with->length;
        if (writing) {
            n = transfer_in(with, buffer, n);
            if (n > 0 && exists)
                quire_space_write(memory->space, at, buffer, n, true, &moved);
        } else {
            if (exists)
                quire_space_read(memory->space, at, buffer, n, true, &moved);
            n = moved > 0 ? transfer_out(with, buffer, moved) : n;
            if (n < moved)
                moved = n;
        }
        if (moved == 0) {
            if (done == 0)
                done = n == 0 ? -EFAULT : -EIO;
            break;
        }
        *position += moved;
        done += (long)moved;
        if (moved < n)
            break;
        give_way();
    }
    memory_put(memory);
    if (buffer == NULL)
        return -ENOMEM;
    kernel_free(buffer);
    return done;
}

static long memory_read(struct file *file, struct transfer *to, uint64_t *position)
{
    return memory_transfer(file, to, position, false);
}

static long memory_write(struct file *file, struct transfer *from, uint64_t *position)
{
    return memory_transfer(file, from, position, true);
}

const struct file_operations proc_memory_operations = {
    .read = memory_read, .write = memory_write, .seek = proc_seek, .release = proc_release};

/* ---- pagemap ---- */

#define PAGEMAP_SOFT_DIRTY ((uint64_t)1 << 55)
#define PAGEMAP_EXCLUSIVE  ((uint64_t)1 << 56)
#define PAGEMAP_OBJECT     ((uint64_t)1 << 61)
#define PAGEMAP_SWAPPED    ((uint64_t)1 << 62)
#define PAGEMAP_PRESENT    ((uint64_t)1 << 63)

#define PAGEMAP_BATCH 64

static uint64_t pagemap_word(const struct quire_page_state *state, bool show_frames)
{
    uint64_t word = 0;

    if (show_frames && (state->flags & QUIRE_PAGE_IS_SWAPPED))
        word = state->number << 5; /* five bits of swap area, then the offset in it */
    else if (show_frames)
        word = state->number;
    if (state->flags & QUIRE_PAGE_IS_PRESENT)
        word |= PAGEMAP_PRESENT;
    if (state->flags & QUIRE_PAGE_IS_SWAPPED)
        word |= PAGEMAP_SWAPPED;
    if (state->flags & QUIRE_PAGE_IS_OBJECT)
        word |= PAGEMAP_OBJECT;
    if (state->flags & QUIRE_PAGE_IS_EXCLUSIVE)
        word |= PAGEMAP_EXCLUSIVE;
    if (state->flags & QUIRE_PAGE_IS_DIRTY)
        word |= PAGEMAP_SOFT_DIRTY;
    return word;
}

/* Regions that came after the last clear_refs count as written all over. */
static void mark_new_regions(struct quire_space *space, quire_virt start, size_t n, uint64_t *words)
{
    quire_virt end = start + n * PAGE_SIZE;
    struct quire_region_info region;

    for (quire_virt at = start; at < end && quire_space_region(space, at, &region);
         at = region.end) {
        quire_virt stop = region.end < end ? region.end : end;

        if (region.object != NULL)
            quire_object_put(region.object);
        if (region.flags & QUIRE_REGION_UNWRITTEN)
            continue;
        for (at = region.start > at ? region.start : at; at < stop; at += PAGE_SIZE)
            words[(at - start) >> PAGE_SHIFT] |= PAGEMAP_SOFT_DIRTY;
    }
}

static long pagemap_read(struct file *file, struct transfer *to, uint64_t *position)
{
    bool show_frames = current_process()->credentials.euid == 0;
    struct quire_page_state states[PAGEMAP_BATCH];
    uint64_t words[PAGEMAP_BATCH];
    struct memory *memory;
    long done = 0;

    if (*position % sizeof words[0] != 0 || to->length % sizeof words[0] != 0)
        return -EINVAL;
    memory = proc_target_memory(proc_open_target(file));
    if (memory == NULL)
        return 0;
    while (to->length > 0 && !kill_pending()) {
        uint64_t page = *position / sizeof words[0], pages = memory->space->end >> PAGE_SHIFT;
        size_t n = to->length / sizeof words[0], moved;
        quire_virt start;

        if (page >= pages)
            break;
        n = n < PAGEMAP_BATCH ? n : PAGEMAP_BATCH;
        n = n < pages - page ? n : (size_t)(pages - page);
        start = (quire_virt)page << PAGE_SHIFT;
        quire_space_page_states(memory->space, start, n, states);
        for (size_t i = 0; i < n; i++)
            words[i] = pagemap_word(&states[i], show_frames);
        mark_new_regions(memory->space, start, n, words);
        moved = transfer_out(to, words, n * sizeof words[0]);
        *position += moved;
        done += (long)moved;
        if (moved < n * sizeof words[0]) {
            done = done > 0 ? done : -EFAULT;
            break;
        }
        give_way();
    }
    memory_put(memory);
    return done;
}

const struct file_operations proc_pagemap_operations = {
    .read = pagemap_read, .seek = proc_seek, .release = proc_release};

/* ---- reclaim: pages of the whole process go out, as far as nothing else maps them ---- */

int proc_store_reclaim(char *text, size_t length, const struct proc_target *target)
{
    bool anonymous, files;
    struct memory *memory;

    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' '))
        text[--length] = 0;
    anonymous = strcmp(text, "anon") == 0 || strcmp(text, "all") == 0;
    files = strcmp(text, "file") == 0 || strcmp(text, "all") == 0;
    if (!anonymous && !files)
        return -EINVAL;
    memory = process_memory(target->process);
    if (memory == NULL)
        return -ESRCH;
    advise_page_out_all(memory->space, anonymous, files);
    memory_put(memory);
    return 0;
}

/* ---- clear_refs ---- */

enum {
    CLEAR_ALL = 1,
    CLEAR_ANONYMOUS,
    CLEAR_FILES,
    CLEAR_SOFT_DIRTY,
    CLEAR_PEAK,
};

int proc_store_clear_refs(char *text, size_t length, const struct proc_target *target)
{
    struct memory *memory;
    int64_t what;
    int error = 0;

    (void)length;
    if (proc_parse_setting(text, &what) != 0 || what < CLEAR_ALL || what > CLEAR_PEAK)
        return -EINVAL;
    memory = process_memory(target->process);
    if (memory == NULL)
        return 0;
    if (what == CLEAR_PEAK)
        quire_space_reset_peak(memory->space);
    else if (what == CLEAR_SOFT_DIRTY)
        error = quire_space_clear_dirty(memory->space) == QUIRE_OK ? 0 : -ENOMEM;
    else
        quire_space_clear_accessed(memory->space, what != CLEAR_FILES, what != CLEAR_ANONYMOUS);
    memory_put(memory);
    return error;
}
