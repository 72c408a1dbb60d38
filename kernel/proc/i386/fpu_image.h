#ifndef KERNEL_PROC_I386_FPU_IMAGE_H
#define KERNEL_PROC_I386_FPU_IMAGE_H

/* The FPU's registers in the form of FSAVE, which programs of 32 bits know. In signal_frame.c. */

#include "x86/context.h"

#define FPU_IMAGE_SIZE 108 /* without what Linux puts behind it in signal frames */

void fpu_image_get(const struct fpu_state *fpu, void *out);
/* The SSE registers stay as they are. */
void fpu_image_set(struct fpu_state *fpu, const void *in);

#endif
