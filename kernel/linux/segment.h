#ifndef KERNEL_LINUX_SEGMENT_H
#define KERNEL_LINUX_SEGMENT_H

/* Segments as programs describe them, and as the CPU reads them. */

#include "core/compiler.h"

struct memory;

/* struct user_desc. What follows on x86-64, one bit for code of 64 bits, is never taken. */
struct segment_abi {
    uint32_t number, base, limit;
    uint32_t wide : 1, contents : 2, read_only : 1, in_pages : 1, absent : 1, usable : 1, lm : 1;
};
_Static_assert(sizeof(struct segment_abi) == 16, "Linux's struct user_desc");

/* The two bits of `contents`. */
enum segment_contents {
    SEGMENT_CONTENTS_DATA,
    SEGMENT_CONTENTS_DATA_DOWN,
    SEGMENT_CONTENTS_CODE,
    SEGMENT_CONTENTS_CODE_CONFORMING,
};

/*
 * As the CPU reads it (SDM volume 3, 3.4.5): code or data of privilege level 3, of 16 or 32 bits.
 * The accessed bit is set, so that the CPU never writes to the table. No other kind of descriptor
 * comes out, whatever goes in: no gate, no task state, no code of 64 bits.
 */
uint64_t segment_descriptor(const struct segment_abi *segment);
struct segment_abi segment_of_descriptor(uint64_t descriptor, uint32_t number);

/* --- the local descriptor table of a space (modify_ldt) ----------------------------------------
 */

/* fork: a copy for `to`, which has none yet. False: no memory. */
bool ldt_copy(const struct memory *from, struct memory *to);

/* Of a space that no thread runs in any more. */
void ldt_free(struct memory *memory);

#endif
