/* What the kernel says that a process, and the machine, use. In KiB; -1 when it does not say. */
#ifndef MEMORY_USE_H
#define MEMORY_USE_H

#include <stdio.h>
#include <string.h>

static inline long field_of(const char *path, const char *name)
{
    FILE *file = fopen(path, "r");
    char line[256];
    long value = -1;

    if (file == NULL)
        return -1;
    while (value < 0 && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0 &&
            sscanf(line + strlen(name), ": %ld", &value) != 1)
            value = -1;
    }
    fclose(file);
    return value;
}

static inline long resident(void)
{
    return field_of("/proc/self/status", "VmRSS");
}

static inline long machine_free(void)
{
    return field_of("/proc/meminfo", "MemFree");
}

#endif
