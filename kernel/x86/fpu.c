/*
 * FPU and SSE state. It is saved and loaded at once when threads change, not on first use: that is
 * one cheap instruction each, and never leaves one program's registers to another.
 */

#include "x86/fpu.h"

#include "core/string.h"
#include "x86/cpu.h"

#define FPU_CONTROL_DEFAULT 0x037f
#define MXCSR_DEFAULT       0x1f80
#define MXCSR_MASK_DEFAULT  0xffbf /* when the CPU says 0 (SDM volume 1, 11.6.6) */

/* Places in the FXSAVE image. */
#define IMAGE_MXCSR      24
#define IMAGE_MXCSR_MASK 28

static struct fpu_state initial_state;
static uint32_t mxcsr_mask = MXCSR_MASK_DEFAULT;
const struct fpu_state *fpu_initial_state = &initial_state;

void fpu_save(struct fpu_state *out_state)
{
    fpu_save_own(out_state);
}

void fpu_make_safe(struct fpu_state *state)
{
    uint32_t mxcsr;

    /* A reserved bit set would make FXRSTOR fault in the kernel. */
    memcpy(&mxcsr, state->bytes + IMAGE_MXCSR, sizeof mxcsr);
    mxcsr &= mxcsr_mask;
    memcpy(state->bytes + IMAGE_MXCSR, &mxcsr, sizeof mxcsr);
}

void fpu_load(struct fpu_state *state)
{
    fpu_make_safe(state);
    fpu_load_own(state);
}

void fpu_init(void)
{
    uint16_t control = FPU_CONTROL_DEFAULT;
    uint32_t mxcsr = MXCSR_DEFAULT, mask;

    __asm__ volatile("fninit; fldcw %0" ::"m"(control));
    if (cpu_features.sse)
        __asm__ volatile("ldmxcsr %0" ::"m"(mxcsr));
    fpu_save_own(&initial_state);
    memcpy(&mask, initial_state.bytes + IMAGE_MXCSR_MASK, sizeof mask);
    if (mask != 0)
        mxcsr_mask = mask;
    /* The registers' old contents are not the program's business. */
    memset(initial_state.bytes + 32, 0, sizeof initial_state - 32);
}
