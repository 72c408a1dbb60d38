/* MAP_SHARED_VALIDATE refuses flags that it does not know; MAP_SYNC has no meaning on tmpfs. */
#include "compat.h"

static int fd;

static void *map(unsigned flags)
{
    void *at = call_mmap(AREA, PAGE, PROT_READ, (int)(flags | MAP_FIXED), fd, 0);

    call_munmap(AREA, PAGE);
    return at;
}

static void *map_anonymous(unsigned flags)
{
    void *at = call_mmap(AREA, PAGE, PROT_READ, (int)(flags | MAP_FIXED | MAP_ANONYMOUS), -1, 0);

    call_munmap(AREA, PAGE);
    return at;
}

int main(void)
{
    fd = make_file(1);
    SHOW_ADDRESS(map(MAP_SHARED_VALIDATE));
    SHOW_ADDRESS(map(MAP_SHARED_VALIDATE | MAP_SYNC));
    for (unsigned bit = 4; bit < 32; bit++) {
        void *at = map(MAP_SHARED_VALIDATE | 1u << bit);

        /* MAP_ANONYMOUS, and huge pages, are another matter. */
        if (bit != 5 && bit != 18)
            printf("bit %u: %s\n", bit, at == MAP_FAILED ? errno_name(errno) : "fine");
    }
    /* Without it unknown flags are ignored. */
    SHOW_ADDRESS(map(MAP_SHARED | MAP_SYNC));
    SHOW_ADDRESS(map(MAP_SHARED | 1u << 30));
    SHOW_ADDRESS(map(MAP_PRIVATE | MAP_SYNC));
    SHOW_ADDRESS(map(MAP_PRIVATE | 1u << 31));
    SHOW_ADDRESS(map_anonymous(MAP_SHARED_VALIDATE));
    SHOW_ADDRESS(map_anonymous(MAP_SHARED | MAP_SYNC));
    SHOW_ADDRESS(map_anonymous(MAP_PRIVATE | MAP_SYNC));
    return 0;
}
