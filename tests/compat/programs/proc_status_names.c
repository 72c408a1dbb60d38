/* The lines of status, in order. */
#include "proc.h"

int main(void)
{
    for (char *line = read_file("/proc/self/status"); line && *line;) {
        char *colon = strchr(line, ':'), *end = strchr(line, '\n');

        *colon = *end = 0;
        /* How the values of sizes are put. */
        printf("%s%s\n", line,
               strncmp(line, "Vm", 2) == 0 && end - colon == 13 && strcmp(end - 3, " kB") == 0
                   ? " in a column"
                   : "");
        line = end + 1;
    }
    return 0;
}
