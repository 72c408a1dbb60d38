/*
 * Memory policy: which node of the machine pages come from. There is one node, 0, so that every
 * policy that is allowed has the same effect; what a thread chose is kept and told, what names
 * another node is refused. A policy of a range is checked and then as good as the thread's.
 */
#include "linux/memory.h"

#include "linux/syscalls.h"
#include "proc/scheduler.h"
#include "proc/tree.h"
#include "x86/usercopy.h"

enum { DEFAULT, PREFERRED, BIND, INTERLEAVE, LOCAL, PREFERRED_MANY, MODE_COUNT };

#define MODE_STATIC_NODES   (1u << 15)
#define MODE_RELATIVE_NODES (1u << 14)
#define MODE_BALANCING      (1u << 13)
#define MODE_FLAGS          (MODE_STATIC_NODES | MODE_RELATIVE_NODES | MODE_BALANCING)

#define NODE_BITS_MAX 32768u /* Linux: a page of bits */
#define WORD_BITS     (8 * sizeof(word))
#define NODES         64 /* what is known of the mask: node numbers above are refused */

#define MOVE_STRICT 1u
#define MOVE_MINE   2u
#define MOVE_ALL    4u

#define GET_NODE    1u
#define GET_ADDRESS 2u
#define GET_ALLOWED 4u

/* A mask of `count - 1` bits. -EINVAL where a node is named that cannot exist. */
static int read_nodes(word user, word count, uint64_t *out)
{
    *out = 0;
    if (count < 2 || !user)
        return 0;
    count--;
    if (count > NODE_BITS_MAX)
        return -EINVAL;
    for (word i = 0; i < count; i += WORD_BITS) {
        word bits;

        if (get_user_word(&bits, (void *)(user + i / 8)) != 0)
            return -EFAULT;
        if (count - i < WORD_BITS)
            bits &= ((word)1 << (count - i)) - 1;
        if (i >= NODES && bits != 0)
            return -EINVAL;
        if (i < NODES)
            *out |= (uint64_t)bits << i;
    }
    return 0;
}

static long write_nodes(word user, word count, uint64_t nodes)
{
    if (!user)
        return 0;
    if (count < 2 || count - 1 > NODE_BITS_MAX)
        return -EINVAL;
    for (word i = 0; i < count - 1; i += WORD_BITS)
        if (put_user_word((void *)(user + i / 8), i < NODES ? (word)(nodes >> i) : 0) != 0)
            return -EFAULT;
    return 0;
}

/* Mode and nodes go together; *nodes becomes those that exist. */
static int check_policy(word mode, uint64_t *nodes)
{
    unsigned flags = (unsigned)mode & MODE_FLAGS, kind = (unsigned)mode & ~MODE_FLAGS;
    bool any = *nodes != 0;

    if (kind >= MODE_COUNT)
        return -EINVAL;
    if ((flags & MODE_STATIC_NODES) && (flags & MODE_RELATIVE_NODES))
        return -EINVAL;
    if ((flags & MODE_BALANCING) && kind != BIND)
        return -EINVAL;
    *nodes &= 1;
    if (kind == DEFAULT)
        return any ? -EINVAL : 0;
    if (kind == LOCAL || (kind == PREFERRED && !any))
        return any || (flags & (MODE_STATIC_NODES | MODE_RELATIVE_NODES)) ? -EINVAL : 0;
    return *nodes ? 0 : -EINVAL;
}

long sys_set_mempolicy(word mode, word user, word count)
{
    struct thread *thread = current_thread();
    uint64_t nodes;
    int error = read_nodes(user, count, &nodes);

    if (!error)
        error = check_policy((uint32_t)mode, &nodes);
    if (error)
        return error;
    /* PREFERRED without nodes is LOCAL by another name. */
    if ((uint32_t)mode == PREFERRED && !nodes)
        mode = LOCAL;
    thread->memory_policy = (uint16_t)mode;
    thread->memory_nodes = (uint8_t)nodes;
    return 0;
}

long sys_get_mempolicy(word mode, word user, word count, word address, word flags)
{
    struct thread *thread = current_thread();
    uint32_t told = thread->memory_policy;
    uint64_t nodes = thread->memory_nodes;

    if (user && count < 1)
        return -EINVAL;
    if (flags & ~(word)(GET_NODE | GET_ADDRESS | GET_ALLOWED))
        return -EINVAL;
    if (flags & GET_ALLOWED) {
        if (flags & (GET_NODE | GET_ADDRESS))
            return -EINVAL;
        told = 0;
        nodes = 1;
    } else if (flags & GET_ADDRESS) {
        if (!anything_mapped(address, address + 1))
            return -EFAULT;
        if (flags & GET_NODE)
            told = 0; /* the node */
    } else if (address) {
        return -EINVAL;
    } else if (flags & GET_NODE) {
        if (told != INTERLEAVE)
            return -EINVAL;
        told = 0; /* the next node */
    }
    if (mode && put_user_u32((void *)mode, told) != 0)
        return -EFAULT;
    return write_nodes(user, count, nodes);
}

/* Each page of the range is mapped. */
static bool covered(struct quire_space *space, quire_virt start, quire_virt end)
{
    struct quire_region_info region;

    for (quire_virt at = start; at < end; at = region.end) {
        if (!quire_space_region(space, at, &region))
            return false;
        if (region.object)
            quire_object_put(region.object);
        if (region.start > at)
            return false;
        give_way();
    }
    return true;
}

long sys_mbind(word address, word length, word mode, word user, word count, word flags)
{
    word end = address + page_up(length);
    uint64_t nodes;
    int error;

    if ((mode & ~(word)MODE_FLAGS) >= MODE_COUNT)
        return -EINVAL;
    error = read_nodes(user, count, &nodes);
    if (error)
        return error;
    if (flags & ~(word)(MOVE_STRICT | MOVE_MINE | MOVE_ALL))
        return -EINVAL;
    if ((flags & MOVE_ALL) && current_process()->credentials.euid != 0)
        return -EPERM;
    if (address % PAGE_SIZE != 0)
        return -EINVAL;
    if (end < address)
        return -EINVAL;
    if (end == address)
        return 0;
    error = check_policy(mode, &nodes);
    if (error)
        return error;
    if (end > USER_END)
        return -EFAULT;
    /* Going back to the default minds no hole behind the first page. */
    if ((mode & ~(word)MODE_FLAGS) == DEFAULT)
        return anything_mapped(address, address + 1) ? 0 : -EFAULT;
    return covered(my_space(), address, end) ? 0 : -EFAULT;
}

/* Only 0 and the home node of a range that has a policy: none is kept here. */
long sys_set_mempolicy_home_node(word address, word length, word node, word flags)
{
    if (address % PAGE_SIZE != 0 || flags || node != 0)
        return -EINVAL;
    if (address + page_up(length) < address)
        return -EINVAL;
    return length == 0 ? 0 : -ENOENT;
}

/* The process of a number, 0 for the caller's, if it may be moved about. */
static long target_of(word pid, struct process **out)
{
    struct process *process = current_process();

    if ((int)pid == 0) {
        process_get(process);
    } else {
        process = process_find((int)pid);
        if (!process)
            return -ESRCH;
        if (process_access(process, PROCESS_READ) != 0) {
            process_put(process);
            return -EPERM;
        }
    }
    *out = process;
    return 0;
}

static int32_t node_of(struct quire_space *space, quire_virt address)
{
    uint8_t resident = 0;

    if (address >= USER_END ||
        quire_space_resident(space, quire_page_down(address), PAGE_SIZE, &resident) != QUIRE_OK)
        return -EFAULT;
    return resident & 1 ? 0 : -EFAULT;
}

static long move_list(struct quire_space *space, word count, word pages, word nodes, word status)
{
    for (word i = 0; i < count; i++) {
        word address;
        uint32_t node = 0;

        if (get_user_word(&address, (void *)(pages + i * sizeof address)) != 0)
            return -EFAULT;
        if (nodes && get_user_u32(&node, (void *)(nodes + i * sizeof node)) != 0)
            return -EFAULT;
        if (node != 0)
            return -ENODEV;
        if (put_user_u32((void *)(status + i * sizeof node), (uint32_t)node_of(space, address)) !=
            0)
            return -EFAULT;
        give_way();
        if (kill_pending())
            return -EINTR;
    }
    return 0;
}

long sys_move_pages(word pid, word count, word pages, word nodes, word status, word flags)
{
    struct process *process;
    struct memory *memory;
    long error;

    if (flags & ~(word)(MOVE_MINE | MOVE_ALL))
        return -EINVAL;
    if ((flags & MOVE_ALL) && current_process()->credentials.euid != 0)
        return -EPERM;
    error = target_of(pid, &process);
    if (error)
        return error;
    memory = process_memory(process);
    process_put(process);
    if (!memory)
        return -EINVAL;
    error = move_list(memory->space, count, pages, nodes, status);
    memory_put(memory);
    return error;
}

long sys_migrate_pages(word pid, word count, word from, word to)
{
    struct process *process;
    uint64_t old, new;
    long error = read_nodes(from, count, &old);

    if (!error)
        error = read_nodes(to, count, &new);
    if (error)
        return error;
    error = target_of(pid, &process);
    if (error)
        return error;
    if (!(new & 1))
        error = -EINVAL;
    process_put(process);
    return error;
}
