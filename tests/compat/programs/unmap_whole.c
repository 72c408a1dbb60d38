/* A child that unmaps its whole address space dies of it; its parent does not notice. */
#include "compat.h"

static void unmap_all(void *argument)
{
    (void)argument;
    call_munmap(NULL, 0x7ffffffff000);
    access_byte = 1;
}

static void unmap_stack(void *argument)
{
    size_t page = ((size_t)&argument | 4095) + 1;

    call_munmap((void *)(page - 16 * PAGE), 16 * PAGE);
    access_byte = 1;
}

int main(void)
{
    in_child(unmap_all, NULL);
    in_child(unmap_stack, NULL);
    show_catch("unmapped", access_read, AREA);
    return 0;
}
