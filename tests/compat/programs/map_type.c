/* Exactly one of shared and private must be asked for; which type values are known. */
#include "compat.h"

int main(void)
{
    int fd = make_file(1);

    for (int type = 0; type < 16; type++) {
        void *anonymous = call_mmap(AREA, PAGE, PROT_READ, MAP_FIXED | MAP_ANONYMOUS | type, -1, 0);
        int error = errno;
        void *file = call_mmap(AREA + 4 * PAGE, PAGE, PROT_READ, MAP_FIXED | type, fd, 0);

        printf("type %d: anonymous %s, file %s\n", type,
               anonymous == MAP_FAILED ? errno_name(error) : "fine",
               file == MAP_FAILED ? errno_name(errno) : "fine");
        call_munmap(AREA, 8 * PAGE);
    }
    return 0;
}
