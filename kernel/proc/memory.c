/* Address spaces with what exec remembers about them. */
#include "core/memory.h"

#include "core/string.h"
#include "fs/vfs.h"
#include "linux/segment.h"
#include "linux/shm.h"
#include "proc/tree.h"

/* What Linux writes into a core: private memory, shared anonymous memory, ELF headers. */
#define DEFAULT_DUMP_FILTER 0x33

static struct quire_cache *memory_cache;

static struct memory *memory_new(void)
{
    struct memory *memory;

    if (!memory_cache)
        memory_cache = quire_cache_create(&kernel_machine, "memory", sizeof(struct memory), 0);
    memory = memory_cache ? kernel_cache_alloc(memory_cache) : NULL;
    return memory;
}

struct memory *memory_create(void)
{
    struct memory *memory = memory_new();

    if (!memory)
        return NULL;
    *memory = (struct memory){.references = 1, .dump_filter = DEFAULT_DUMP_FILTER};
    if (current_thread()->memory != NULL)
        memory->dump_filter = current_thread()->memory->dump_filter;
    if (quire_space_create(&kernel_machine, &memory->space) != QUIRE_OK) {
        quire_cache_free(&kernel_machine, memory_cache, memory);
        return NULL;
    }
    return memory;
}

struct memory *memory_clone(struct memory *from)
{
    struct memory *memory = memory_new();

    if (!memory)
        return NULL;
    *memory = *from;
    memory->references = 1;
    if (!ldt_copy(from, memory) || quire_space_clone(from->space, &memory->space) != QUIRE_OK) {
        ldt_free(memory);
        quire_cache_free(&kernel_machine, memory_cache, memory);
        return NULL;
    }
    if (memory->executable)
        file_get(memory->executable);
    if (unlikely(memory->has_segments))
        shm_attachments_changed();
    return memory;
}

void memory_put(struct memory *memory)
{
    if (!memory || __atomic_sub_fetch(&memory->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    scheduler_unload(memory);
    quire_space_destroy(memory->space);
    if (unlikely(memory->has_segments))
        shm_attachments_changed();
    if (memory->executable)
        file_put(memory->executable);
    ldt_free(memory);
    quire_cache_free(&kernel_machine, memory_cache, memory);
}

/* Of a thread of the process that has it still: they share it. */
struct memory *process_memory(struct process *process)
{
    struct memory *memory = NULL;
    uint64_t flags = tree_lock_interrupts();

    list_for_each(node, &process->threads)
    {
        memory = container_of(node, struct thread, thread_node)->memory;
        if (memory) {
            memory_get(memory);
            break;
        }
    }
    tree_unlock_interrupts(flags);
    return memory;
}
