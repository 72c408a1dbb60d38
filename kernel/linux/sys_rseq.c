/*
 * rseq: restartable sequences.
 *
 * A thread registers a structure in its memory. In it the kernel keeps the number of the CPU that
 * the thread runs on, and the thread says which sequence of instructions it is in. When something
 * else ran in between - another thread, a handler - and the thread is found inside the sequence, it
 * goes on at the sequence's abort address instead. So a sequence that ends with one store either
 * happens as a whole on one CPU, undisturbed, or not at all.
 *
 * A system call has no place inside a sequence: only threads that were interrupted elsewhere are
 * looked at.
 */
#include "linux/errno.h"
#include "linux/syscalls.h"
#include "proc/process.h"
#include "proc/signals.h"
#include "proc/tree.h"
#include "x86/usercopy.h"

#define RSEQ_UNREGISTER       1u
#define RSEQ_SIZE             32
#define RSEQ_ALIGNMENT        32
#define CPU_ID_NOT_REGISTERED UINT32_MAX

/* Offsets in struct rseq. */
enum { CPU_ID_START = 0, CPU_ID = 4, SEQUENCE = 8, FLAGS = 16 };

/* struct rseq_cs: [start, start + length) is the sequence. */
struct sequence_abi {
    uint32_t version, flags;
    uint64_t start, length, abort;
};

static bool write_cpu(word area, uint32_t start, uint32_t id)
{
    return put_user_u32((void *)(area + CPU_ID_START), start) == 0 &&
           put_user_u32((void *)(area + CPU_ID), id) == 0;
}

/* The description makes sense, and what it would jump to bears the program's signature. */
static bool sequence_valid(const struct thread *thread, const struct sequence_abi *sequence)
{
    uint32_t signature;

    if (sequence->version != 0 || sequence->start >= USER_END ||
        sequence->length >= USER_END - sequence->start || sequence->abort >= USER_END ||
        sequence->abort - sequence->start < sequence->length)
        return false;
    return get_user_u32(&signature, (void *)(word)(sequence->abort - sizeof signature)) == 0 &&
           signature == thread->rseq_signature;
}

bool rseq_resume(struct thread *thread, struct trap_frame *frame)
{
    struct sequence_abi sequence;
    uint64_t address;
    uint32_t flags;

    if (get_user_u64(&address, (void *)(thread->rseq + SEQUENCE)) != 0)
        return false;
    if (address == 0)
        return write_cpu(thread->rseq, cpu_id(), cpu_id());
    if (address >= USER_END ||
        copy_from_user(&sequence, (void *)(word)address, sizeof sequence) != 0 ||
        !sequence_valid(thread, &sequence))
        return false;
    if (frame->ip - sequence.start < sequence.length) {
        /* Flags that would let it run on were withdrawn with Linux 6.1. */
        if (sequence.flags != 0 || get_user_u32(&flags, (void *)(thread->rseq + FLAGS)) != 0 ||
            flags != 0)
            return false;
        frame->ip = sequence.abort;
        trap_frame_changed(frame);
    }
    return put_user_u64((void *)(thread->rseq + SEQUENCE), 0) == 0 &&
           write_cpu(thread->rseq, cpu_id(), cpu_id());
}

static long unregister(struct thread *thread, word area, uint32_t size, uint32_t signature)
{
    if (!thread->rseq || thread->rseq != area || size != RSEQ_SIZE)
        return -EINVAL;
    if (thread->rseq_signature != signature)
        return -EPERM;
    if (!write_cpu(area, 0, CPU_ID_NOT_REGISTERED))
        return -EFAULT;
    thread->rseq = 0;
    return 0;
}

long sys_rseq(word area, word size, word flags, word signature)
{
    struct thread *thread = current_thread();

    if ((uint32_t)flags == RSEQ_UNREGISTER)
        return unregister(thread, area, (uint32_t)size, (uint32_t)signature);
    if ((uint32_t)flags != 0)
        return -EINVAL;
    if (thread->rseq) {
        if (thread->rseq != area || (uint32_t)size != RSEQ_SIZE)
            return -EINVAL;
        return thread->rseq_signature == (uint32_t)signature ? -EBUSY : -EPERM;
    }
    if (area % RSEQ_ALIGNMENT != 0 || (uint32_t)size != RSEQ_SIZE)
        return -EINVAL;
    if (!user_range_ok((void *)area, RSEQ_SIZE))
        return -EFAULT;
    if (!area)
        return 0;
    thread->rseq = area;
    thread->rseq_signature = (uint32_t)signature;
    /* The first look is on the way back: a bad address is told by SIGSEGV then. */
    thread->rseq_interrupted = true;
    context_set_exit_work(&thread->context, EXIT_WORK_OTHER);
    return 0;
}
