/*
 * A thread's own segments: three descriptors of the global table, 6 to 8, which the context switch
 * loads. C libraries keep their thread-local data behind one of them, by %gs.
 */
#include "core/memory.h"
#include "linux/errno.h"
#include "linux/segment.h"
#include "linux/syscalls.h"
#include "proc/fork.h"
#include "proc/process.h"
#include "x86/usercopy.h"

#define ANY_NUMBER UINT32_MAX

/* Both ways to say that the descriptor is to be empty: what glibc and what get_thread_area gives.
 */
static bool is_empty(const struct segment_abi *segment)
{
    if (segment->base != 0 || segment->limit != 0 || segment->contents != 0 || segment->wide ||
        segment->in_pages || segment->usable)
        return false;
    return segment->read_only == segment->absent;
}

/* A data segment of 32 bits that is there: nothing that a program could change modes with. */
static bool is_sound(const struct segment_abi *segment)
{
    return segment->wide && segment->contents <= 1 && !segment->absent;
}

static bool is_number(uint32_t number)
{
    return number - TLS_SEGMENT_FIRST < TLS_SEGMENTS;
}

static int free_number(const struct context *context)
{
    for (int i = 0; i < TLS_SEGMENTS; i++)
        if (context->tls[i] == 0)
            return TLS_SEGMENT_FIRST + i;
    return -ESRCH;
}

/* `choose`: the program may leave the number to us, and is told. */
static int set_segment(struct context *context, unsigned long user, bool choose)
{
    struct segment_abi segment;

    if (copy_from_user(&segment, (void *)user, sizeof segment) != 0)
        return -EFAULT;
    if (!is_empty(&segment) && !is_sound(&segment))
        return -EINVAL;
    if (segment.number == ANY_NUMBER && choose) {
        int number = free_number(context);

        if (number < 0)
            return number;
        segment.number = (uint32_t)number;
        if (put_user_u32((void *)user, segment.number) != 0)
            return -EFAULT;
    }
    if (!is_number(segment.number))
        return -EINVAL;
    context_set_tls(context, segment.number - TLS_SEGMENT_FIRST,
                    is_empty(&segment) ? 0 : segment_descriptor(&segment));
    return 0;
}

long sys_set_thread_area(word user)
{
    return set_segment(&current_thread()->context, user, true);
}

long sys_get_thread_area(word user)
{
    struct segment_abi segment;
    uint32_t number;

    if (get_user_u32(&number, (void *)user) != 0)
        return -EFAULT;
    if (!is_number(number))
        return -EINVAL;
    segment =
        segment_of_descriptor(current_thread()->context.tls[number - TLS_SEGMENT_FIRST], number);
    return copy_to_user((void *)user, &segment, sizeof segment) == 0 ? 0 : -EFAULT;
}

int thread_set_tls(struct context *context, unsigned long argument)
{
    return set_segment(context, argument, false);
}

/* Bases belong to descriptors here; what is left is whether CPUID may be used: always. */
enum { ARCH_GET_CPUID = 0x1011, ARCH_SET_CPUID };

long sys_arch_prctl(word code, word argument)
{
    (void)argument;
    switch (code) {
    case ARCH_GET_CPUID:
        return 1;
    case ARCH_SET_CPUID:
        return -ENODEV;
    default:
        return -EINVAL;
    }
}
