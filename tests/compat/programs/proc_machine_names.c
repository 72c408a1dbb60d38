/* The names in meminfo, in the beginning of vmstat, and in the first zone of zoneinfo, in order. */
#include "proc.h"

/* The first word of each line, up to so many. */
static void show(const char *path, size_t lines)
{
    printf("%s:\n", path);
    for (char *line = read_file(path); line && *line && lines-- > 0;) {
        char *end = strchr(line, '\n');
        size_t column;

        *end = 0;
        /* Where the number ends is part of the form where numbers stand in a column. */
        column = strstr(line, " kB") ? strlen(line) : 0;
        line[strcspn(line, " ")] = 0;
        printf("%s %zu\n", line, column);
        line = end + 1;
    }
}

int main(void)
{
    show("/proc/meminfo", 1000);
    show("/proc/vmstat", 64);
    for (char *line = strstr(read_file("/proc/zoneinfo"), "  pages free"); line;) {
        char *end = strchr(line, '\n');

        *end = 0;
        line += strcspn(line, "0123456789");
        line = end + 1;
        if (strncmp(line, "Node", 4) == 0)
            break;
        printf("%.*s\n", (int)strcspn(line, "0123456789"), line);
    }
    return 0;
}
