/* The heap, the stack and the program's own file are told by name. */
#include "proc.h"

/* The last word of the line of maps that covers an address. */
static const char *name_at(const void *address)
{
    static char name[256];
    char *line = read_file("/proc/self/maps");

    while (line && *line) {
        unsigned long from, to;
        char *end = strchr(line, '\n');

        *end = 0;
        if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from <= (uintptr_t)address &&
            (uintptr_t)address < to) {
            snprintf(name, sizeof name, "%s", strrchr(line, ' ') + 1);
            return name;
        }
        line = end + 1;
    }
    return "nothing";
}

static int data = 5;

int main(void)
{
    char *heap = call_brk(NULL), link[256];
    int local = 0;
    ssize_t n = readlink("/proc/self/exe", link, sizeof link - 1);

    call_brk(heap + 16 * PAGE);
    printf("heap: %s\n", name_at(heap + 8 * PAGE));
    printf("stack: %s\n", name_at(&local));
    link[n > 0 ? n : 0] = 0;
    printf("code is exe: %d\n", strcmp(name_at((void *)(uintptr_t)main), link) == 0);
    printf("data is exe: %d\n", strcmp(name_at(&data), link) == 0);
    printf("nothing: %s\n", name_at(AREA));
    return 0;
}
