#ifndef KERNEL_PROC_TRACE_REGISTERS_H
#define KERNEL_PROC_TRACE_REGISTERS_H

/* What trace_registers.c and the files of that name of the two CPU modes share. */

#include "proc/trace.h"

/* Places in user_regs_struct that are more than a word of the frame, in words. The segments' places
 * are the modes' own. */
enum {
    TRACE_PLAIN = sizeof(long) == 8 ? 15 : 7, /* the frame begins with these, in the same order */
    TRACE_ORIG_AX = sizeof(long) == 8 ? 15 : 11,
    TRACE_IP,
    TRACE_CS,
    TRACE_FLAGS,
    TRACE_SP,
    TRACE_SS,
};

/* A selector that a move or IRET may be given: null, or of the user's rights. */
bool trace_selector_ok(unsigned long value, bool null_ok);

/* The modes' part: data segments and their bases. set: 0, or -EIO for a value that cannot be. */
void trace_segments_get(const struct thread *thread, unsigned long *out);
int trace_segment_set(struct thread *thread, size_t at, unsigned long value);

#endif
