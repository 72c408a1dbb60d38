/* smaps_rollup has the sums of smaps. */
#include "proc.h"

static long sum(const char *key)
{
    size_t length = strlen(key);
    long total = 0;

    for (char *line = read_file("/proc/self/smaps"); line && *line;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, key, length) == 0 && line[length] == ':')
            total += strtol(line + length + 1, NULL, 10);
    return total;
}

int main(void)
{
    static const char *const keys[] = {"Rss",           "Shared_Clean",  "Shared_Dirty",
                                       "Private_Clean", "Private_Dirty", "Anonymous",
                                       "LazyFree",      "Swap",          "Locked"};
    char *text, *line;

    map_pages(AREA, 32);
    touch(AREA, 20);
    mlock(AREA, 4 * PAGE);
    look(read_file("/proc/self/smaps"), 1);
    /* Code that is read in on the way counts, too. */
    (void)(sum("Rss") + number_after("/proc/self/smaps_rollup", "Rss:"));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        long sums = sum(keys[i]);
        char key[32];

        snprintf(key, sizeof key, "%s:", keys[i]);
        printf("%s: %s\n", keys[i],
               sums == number_after("/proc/self/smaps_rollup", key) ? "the sum" : "differs");
    }
    printf("Pss near the sum: %d\n",
           labs(sum("Pss") - number_after("/proc/self/smaps_rollup", "Pss:")) < 40);
    /* The form of the lines: names and widths, without the numbers. */
    text = read_file("/proc/self/smaps_rollup");
    line = strchr(text, ' ');
    for (char *at = strchr(line, ']'); *at; at++)
        if (isdigit((unsigned char)*at))
            *at = ' ';
    printf("range%s", line);
    return 0;
}
