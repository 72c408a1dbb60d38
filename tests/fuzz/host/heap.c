#include "core/memory.h"

#include <stdlib.h>

unsigned host_fail_at, host_blocks;

static bool fails(void)
{
    return host_fail_at != 0 && --host_fail_at == 0;
}

void *kernel_alloc(size_t size)
{
    void *block = fails() ? NULL : malloc(size);

    host_blocks += block != NULL;
    return block;
}

void *kernel_alloc_zeroed(size_t size)
{
    void *block = fails() ? NULL : calloc(1, size);

    host_blocks += block != NULL;
    return block;
}

void kernel_free(void *block)
{
    host_blocks -= block != NULL;
    free(block);
}
