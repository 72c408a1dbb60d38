/* Each lasting advice shows in the VmFlags of /proc/self/smaps. */
#include "advice.h"

/* Of VmFlags, the words that advice decides. */
static void flags_of(const char *label, const void *at)
{
    static const char *const words[] = {"sr", "rr", "dc", "dd", "hg", "nh", "mg", "wf", "lo"};
    bool here = false;

    printf("%s:", label);
    for (char *line = strtok(read_file("/proc/self/smaps"), "\n"); line;
         line = strtok(NULL, "\n")) {
        unsigned long start, end;

        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            here = start <= (unsigned long)at && (unsigned long)at < end;
        if (!here || strncmp(line, "VmFlags:", 8) != 0)
            continue;
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            if (strstr(line, words[i]))
                printf(" %s", words[i]);
    }
    printf("\n");
}

int main(void)
{
    char *at = anonymous(1);

    flags_of("new", at);
    for (size_t i = 0; i < ADVICE_COUNT; i++) {
        char *place = anonymous(3) + PAGE;

        if (call_madvise(place, PAGE, every_advice[i].number) == 0)
            flags_of(every_advice[i].name, place);
        munmap(place - PAGE, 3 * PAGE);
    }
    at = anonymous(3) + PAGE;
    SHOW(call_madvise(at, PAGE, MADV_SEQUENTIAL));
    SHOW(call_madvise(at, PAGE, MADV_DONTFORK));
    SHOW(call_madvise(at, PAGE, MADV_DONTDUMP));
    SHOW(mlock(at, PAGE));
    flags_of("several", at);
    SHOW(call_madvise(at, PAGE, MADV_RANDOM));
    SHOW(call_madvise(at, PAGE, MADV_DODUMP));
    flags_of("changed", at);
    SHOW(call_madvise(at, PAGE, MADV_NORMAL));
    SHOW(call_madvise(at, PAGE, MADV_DOFORK));
    SHOW(munlock(at, PAGE));
    flags_of("none", at);
    return 0;
}
