/* /proc/pressure: time lost for want of memory, devices, the CPU, in Linux's format. */
#include "fs/procfs.h"

#include "reclaim/pressure.h"

static int show(struct text *text, enum pressure_resource resource)
{
    for (int full = 0; full < 2; full++) {
        struct pressure_figures figures;

        pressure_figures(resource, full, &figures);
        text_printf(text, full ? "full" : "some");
        for (unsigned i = 0; i < 3; i++) {
            static const char *const names[] = {"avg10", "avg60", "avg300"};

            text_printf(text, " %s=%lu.%02lu", names[i], PRESSURE_PERCENT(figures.average[i]),
                        PRESSURE_HUNDREDTHS(figures.average[i]));
        }
        text_printf(text, " total=%llu\n", (unsigned long long)(figures.total / 1000));
    }
    return 0;
}

static int show_memory(struct text *text, const struct proc_target *target)
{
    (void)target;
    return show(text, PRESSURE_MEMORY);
}

static int show_io(struct text *text, const struct proc_target *target)
{
    (void)target;
    return show(text, PRESSURE_IO);
}

static int show_cpu(struct text *text, const struct proc_target *target)
{
    (void)target;
    return show(text, PRESSURE_CPU);
}

const struct proc_file proc_pressure_files[] = {
    PROC_TEXT("cpu", 0444, show_cpu),
    PROC_TEXT("io", 0444, show_io),
    PROC_TEXT("memory", 0444, show_memory),
    {.name = NULL},
};
