/*
 * Tables of descriptors.
 *
 * A table points at one block of memory: slots for files and two bitmaps (in use, close-on-exec).
 * When it is full a block of twice the size takes its place, up to RLIMIT_NOFILE. Changes hold the
 * table's lock. Lookups take no lock: they read block and slot, take a reference unless the file's
 * count has reached 0, and look whether the slot still says so. Files and old blocks are freed
 * after a grace period, so that a lookup never touches memory that is someone else's by then.
 */
#include "fs/vfs.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/process.h"

#include <quire/grace.h>

#define RLIMIT_NOFILE  7
#define FIRST_CAPACITY 64

struct file_block {
    unsigned capacity;        /* (c) a multiple of 64 */
    uint64_t *used, *on_exec; /* (lock of the table) one bit a descriptor */
    struct quire_deferred deferred;
    struct file *file[]; /* (a) written under the table's lock */
};

struct file_table {
    uint32_t references; /* (a) threads that share it (CLONE_FILES) */
    struct quire_spinlock lock;
    struct file_block *block; /* (a) written under lock */
    unsigned first_free;      /* (lock) no free descriptor below it */
};

static size_t block_size(unsigned capacity)
{
    return sizeof(struct file_block) + capacity * sizeof(void *) +
           2 * (capacity / 64) * sizeof(uint64_t);
}

static struct file_block *block_create(unsigned capacity)
{
    struct file_block *block = table_alloc(block_size(capacity));

    if (block == NULL)
        return NULL;
    block->capacity = capacity;
    block->used = (uint64_t *)&block->file[capacity];
    block->on_exec = block->used + capacity / 64;
    return block;
}

static void block_destroy(struct file_block *block)
{
    table_free(block, block_size(block->capacity));
}

static void block_free(struct quire *q, struct quire_deferred *node)
{
    (void)q;
    block_destroy((struct file_block *)((char *)node - offsetof(struct file_block, deferred)));
}

static bool bit_get(const uint64_t *bits, unsigned i)
{
    return (bits[i / 64] >> (i % 64)) & 1;
}

static void bit_put(uint64_t *bits, unsigned i, bool value)
{
    if (value)
        bits[i / 64] |= 1ull << (i % 64);
    else
        bits[i / 64] &= ~(1ull << (i % 64));
}

struct file_table *file_table_create(void)
{
    struct file_table *table = kernel_alloc_zeroed(sizeof *table);

    if (table == NULL)
        return NULL;
    table->block = block_create(FIRST_CAPACITY);
    if (table->block == NULL) {
        kernel_free(table);
        return NULL;
    }
    table->references = 1;
    quire_spin_init(&table->lock);
    return table;
}

void file_table_get(struct file_table *table)
{
    __atomic_fetch_add(&table->references, 1, __ATOMIC_RELAXED);
}

bool file_table_is_shared(const struct file_table *table)
{
    return __atomic_load_n(&table->references, __ATOMIC_ACQUIRE) > 1;
}

void file_table_put(struct file_table *table)
{
    struct file_block *block;

    if (table == NULL || __atomic_sub_fetch(&table->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    block = table->block;
    for (unsigned word = 0; word < block->capacity / 64; word++) {
        for (uint64_t bits = block->used[word]; bits != 0; bits &= bits - 1) {
            struct file *file = block->file[word * 64 + first_bit(bits)];

            file_locks_descriptor_closed(file, table);
            file_put(file);
        }
    }
    block_destroy(block); /* nobody looks things up in a table without references */
    kernel_free(table);
}

/* Room for `wanted` descriptors; table->lock is held and dropped while memory is asked for. */
static int table_grow_locked(struct file_table *table, unsigned wanted)
{
    while (table->block->capacity < wanted) {
        unsigned capacity = table->block->capacity;
        struct file_block *block, *old;

        while (capacity < wanted)
            capacity *= 2;
        quire_spin_unlock(&table->lock);
        block = block_create(capacity);
        quire_spin_lock(&table->lock);
        if (block == NULL)
            return -ENOMEM;
        old = table->block;
        if (old->capacity >= capacity) {
            block_destroy(block);
            continue;
        }
        memcpy(block->file, old->file, old->capacity * sizeof(void *));
        memcpy(block->used, old->used, old->capacity / 8);
        memcpy(block->on_exec, old->on_exec, old->capacity / 8);
        __atomic_store_n(&table->block, block, __ATOMIC_RELEASE);
        quire_defer(&kernel_machine, &old->deferred, block_free);
    }
    return 0;
}

/* The lowest free descriptor from `lowest` on; the capacity when all are taken. */
static unsigned find_free(const struct file_table *table, unsigned lowest)
{
    const struct file_block *block = table->block;
    unsigned words = block->capacity / 64, word;

    if (lowest < table->first_free)
        lowest = table->first_free;
    if (lowest >= block->capacity)
        return lowest;
    for (word = lowest / 64; word < words; word++) {
        uint64_t empty = ~block->used[word];

        if (word == lowest / 64)
            empty &= ~0ull << (lowest % 64);
        if (empty != 0)
            return word * 64 + first_bit(empty);
    }
    return block->capacity;
}

static unsigned descriptor_limit(void)
{
    const struct process *process = current_process();
    uint64_t limit = process->limits[RLIMIT_NOFILE].soft;

    if (process->kernel) /* fills the table of the first program */
        return FIRST_CAPACITY;
    return limit < INT32_MAX ? (unsigned)limit : INT32_MAX;
}

/* The first free descriptor, with room for it, or -EMFILE, -ENOMEM. */
static int find_room_locked(struct file_table *table, unsigned lowest)
{
    unsigned limit = descriptor_limit();

    for (;;) {
        unsigned at = find_free(table, lowest);
        int error;

        if (at >= limit)
            return -EMFILE;
        if (likely(at < table->block->capacity))
            return (int)at;
        error = table_grow_locked(table, at + 1);
        if (error != 0)
            return error;
    }
}

int file_table_reserve(struct file_table *table)
{
    int at;

    quire_spin_lock(&table->lock);
    at = find_room_locked(table, 0);
    quire_spin_unlock(&table->lock);
    return at < 0 ? at : 0;
}

int file_table_add(struct file_table *table, struct file *file, int lowest, bool close_on_exec)
{
    unsigned at;
    int found;

    if (lowest < 0)
        return -EINVAL;
    quire_spin_lock(&table->lock);
    found = find_room_locked(table, (unsigned)lowest);
    if (found < 0) {
        quire_spin_unlock(&table->lock);
        return found;
    }
    at = (unsigned)found;
    if (at == table->first_free || (unsigned)lowest <= table->first_free)
        table->first_free = at + 1;
    bit_put(table->block->used, at, true);
    bit_put(table->block->on_exec, at, close_on_exec);
    __atomic_store_n(&table->block->file[at], file, __ATOMIC_RELEASE);
    quire_spin_unlock(&table->lock);
    return (int)at;
}

int file_table_replace(struct file_table *table, struct file *file, int descriptor,
                       bool close_on_exec)
{
    struct file *old;
    int error;

    if (descriptor < 0 || (unsigned)descriptor >= descriptor_limit())
        return -EBADF;
    quire_spin_lock(&table->lock);
    error = table_grow_locked(table, (unsigned)descriptor + 1);
    if (error != 0) {
        quire_spin_unlock(&table->lock);
        return error;
    }
    old = table->block->file[descriptor];
    bit_put(table->block->used, (unsigned)descriptor, true);
    bit_put(table->block->on_exec, (unsigned)descriptor, close_on_exec);
    __atomic_store_n(&table->block->file[descriptor], file, __ATOMIC_RELEASE);
    quire_spin_unlock(&table->lock);
    if (old != NULL) {
        file_locks_descriptor_closed(old, table);
        file_put(old);
    }
    return descriptor;
}

/* The descriptor was given to another file while this one was taken. Apart, so that finding a file
 * keeps nothing on the stack. */
static __attribute__((noinline, cold)) struct file *find_again(struct file_table *table,
                                                               int descriptor, struct file *file)
{
    file_put(file);
    return file_table_find(table, descriptor);
}

struct file *file_table_find(struct file_table *table, int descriptor)
{
    for (;;) {
        struct file_block *block = __atomic_load_n(&table->block, __ATOMIC_ACQUIRE);
        struct file *file;
        uint32_t count;

        if (unlikely((unsigned)descriptor >= block->capacity))
            return NULL;
        file = __atomic_load_n(&block->file[descriptor], __ATOMIC_ACQUIRE);
        if (unlikely(file == NULL))
            return NULL;
        count = __atomic_load_n(&file->references, __ATOMIC_RELAXED);
        while (count != 0 &&
               !__atomic_compare_exchange_n(&file->references, &count, count + 1, false,
                                            __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            ;
        if (likely(count != 0)) {
            if (likely(__atomic_load_n(&block->file[descriptor], __ATOMIC_ACQUIRE) == file))
                return file;
            return find_again(table, descriptor, file);
        }
    }
}

/* table->lock is held. */
static struct file *take_locked(struct file_table *table, unsigned descriptor)
{
    struct file_block *block = table->block;
    struct file *file;

    if (descriptor >= block->capacity)
        return NULL;
    file = block->file[descriptor];
    if (file == NULL)
        return NULL;
    __atomic_store_n(&block->file[descriptor], NULL, __ATOMIC_RELEASE);
    bit_put(block->used, descriptor, false);
    bit_put(block->on_exec, descriptor, false);
    if (descriptor < table->first_free)
        table->first_free = descriptor;
    return file;
}

struct file *file_table_take(struct file_table *table, int descriptor)
{
    struct file *file;

    quire_spin_lock(&table->lock);
    file = take_locked(table, (unsigned)descriptor);
    quire_spin_unlock(&table->lock);
    return file;
}

struct file_table *file_table_clone(struct file_table *from)
{
    struct file_table *table = kernel_alloc_zeroed(sizeof *table);
    struct file_block *block, *old;

    if (table == NULL)
        return NULL;
    quire_spin_lock(&from->lock);
    for (;;) {
        unsigned capacity = from->block->capacity;

        quire_spin_unlock(&from->lock);
        block = block_create(capacity);
        if (block == NULL) {
            kernel_free(table);
            return NULL;
        }
        quire_spin_lock(&from->lock);
        if (from->block->capacity == capacity)
            break;
        block_destroy(block);
    }
    old = from->block;
    for (unsigned word = 0; word < block->capacity / 64; word++) {
        block->used[word] = old->used[word];
        block->on_exec[word] = old->on_exec[word];
        for (uint64_t bits = old->used[word]; bits != 0; bits &= bits - 1) {
            unsigned at = word * 64 + first_bit(bits);

            block->file[at] = old->file[at];
            file_get(block->file[at]);
        }
    }
    table->first_free = from->first_free;
    quire_spin_unlock(&from->lock);
    table->references = 1;
    quire_spin_init(&table->lock);
    table->block = block;
    return table;
}

void file_table_close_on_exec(struct file_table *table)
{
    for (unsigned word = 0;; word++) {
        uint64_t bits;

        quire_spin_lock(&table->lock);
        if (word >= table->block->capacity / 64) {
            quire_spin_unlock(&table->lock);
            return;
        }
        bits = table->block->on_exec[word];
        quire_spin_unlock(&table->lock);
        for (; bits != 0; bits &= bits - 1) {
            struct file *file = file_table_take(table, (int)(word * 64 + first_bit(bits)));

            if (file != NULL) {
                file_locks_descriptor_closed(file, table);
                file_put(file);
            }
        }
    }
}

int file_table_next(struct file_table *table, int from)
{
    int found = -1;

    quire_spin_lock(&table->lock);
    for (unsigned at = (unsigned)from; at < table->block->capacity; at++) {
        if (bit_get(table->block->used, at)) {
            found = (int)at;
            break;
        }
    }
    quire_spin_unlock(&table->lock);
    return found;
}

int file_table_flag(struct file_table *table, int descriptor, int set)
{
    struct file_block *block;
    int result = -EBADF;

    quire_spin_lock(&table->lock);
    block = table->block;
    if ((unsigned)descriptor < block->capacity && block->file[descriptor] != NULL) {
        result = bit_get(block->on_exec, (unsigned)descriptor);
        if (set >= 0)
            bit_put(block->on_exec, (unsigned)descriptor, set != 0);
    }
    quire_spin_unlock(&table->lock);
    return result;
}

unsigned file_table_capacity(struct file_table *table)
{
    unsigned capacity;

    quire_spin_lock(&table->lock);
    capacity = table->block->capacity;
    quire_spin_unlock(&table->lock);
    return capacity;
}
