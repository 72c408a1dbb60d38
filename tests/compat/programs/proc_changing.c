/* A reader of maps goes on while the mappings change: no line is broken, addresses rise. */
#include "proc.h"

int main(void)
{
    unsigned long last = 0, from, to;
    int fd, rising = 1, whole = 1;
    char text[200], line[400];
    size_t length = 0;
    ssize_t n;

    for (size_t i = 0; i < 400; i += 2)
        map_pages(AREA + i * PAGE, 1);
    fd = open("/proc/self/maps", O_RDONLY);
    for (unsigned round = 0; (n = read(fd, text, sizeof text)) > 0; round++) {
        for (ssize_t i = 0; i < n; i++) {
            line[length++] = text[i];
            if (text[i] != '\n')
                continue;
            line[length] = 0;
            length = 0;
            if (sscanf(line, "%lx-%lx ", &from, &to) != 2)
                whole = 0;
            if (from < last || to <= from)
                rising = 0;
            last = to;
        }
        call_munmap(AREA + round % 200 * 2 * PAGE, PAGE);
        map_pages(AREA + (round % 200 * 2 + 1) * PAGE, 1);
    }
    printf("ends: %zd, lines are whole: %d, addresses rise: %d\n", n, whole, rising);
    return 0;
}
