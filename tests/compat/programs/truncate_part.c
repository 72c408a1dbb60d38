/* The rest of a last page: zeroed by truncation, writable by mappings, never seen by the file. */
#include "probe.h"

static char at_byte(const char *at, size_t offset)
{
    char byte = at[offset];

    return byte ? byte : '0';
}

int main(void)
{
    int fd = make_file(2);
    char *shared = file_map(fd, 2, MAP_SHARED), *copy = file_map(fd, 2, MAP_PRIVATE);
    char buffer[8] = {0};

    copy[1] = 'X'; /* the first page is copied now */
    SHOW(ftruncate(fd, 100));
    printf("%c %c %c\n", at_byte(shared, 99), at_byte(shared, 100), at_byte(shared, 4095));
    printf("%c %c %c\n", at_byte(copy, 99), at_byte(copy, 100), at_byte(copy, 4095));
    shared[200] = 'b';
    printf("%c\n", at_byte(shared, 200));
    SHOW(pread(fd, buffer, 8, 200));
    SHOW(pread(fd, buffer, 8, 96));
    SHOW(ftruncate(fd, 300));
    SHOW(pread(fd, buffer, 1, 200));
    tell("beyond the old end", buffer[0]);
    shared[400] = 'c';
    SHOW(pwrite(fd, "d", 1, 500));
    SHOW(pread(fd, buffer, 1, 400));
    tell("between", buffer[0]);
    peek("second page", shared + PAGE);
    return 0;
}
