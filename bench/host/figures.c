#define _GNU_SOURCE
#include "figures.h"

#include "../../tools/common/report.h"
#include "../rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct figure *figures_new(void)
{
    struct figure *figures = allocate(row_count * sizeof(*figures));

    memset(figures, 0, row_count * sizeof(*figures));
    return figures;
}

void figures_free(struct figure *figures)
{
    for (unsigned i = 0; i < row_count; i++)
        free(figures[i].wrong);
    free(figures);
}

bool figure_known(const struct figure *figure)
{
    return figure->operations > 0;
}

double figure_each(const struct figure *figure)
{
    return (double)figure->ticks / (double)figure->operations;
}

void figure_set(struct figure *figure, uint64_t ticks, uint64_t operations)
{
    free(figure->wrong);
    figure->wrong = NULL;
    figure->ticks = ticks;
    figure->operations = operations;
}

void figure_set_wrong(struct figure *figure, const char *wrong)
{
    figure_set(figure, 0, 0);
    figure->wrong = format_string("%s", wrong);
}

int row_index(const char *key)
{
    for (unsigned i = 0; i < row_count; i++)
        if (strcmp(rows[i].key, key) == 0)
            return (int)i;
    return -1;
}

/* FNV-1a. */
uint64_t file_checksum(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint64_t sum = 0xcbf29ce484222325;
    int byte;

    if (file == NULL)
        fail("cannot read %s: %s", path, strerror(errno));
    while ((byte = getc_unlocked(file)) != EOF)
        sum = (sum ^ (uint64_t)byte) * 0x100000001b3;
    fclose(file);
    return sum;
}

void figures_load(struct figure *figures, const char *path)
{
    FILE *file = fopen(path, "r");
    char key[64];
    unsigned long long ticks, operations;

    if (file == NULL)
        return;
    while (fscanf(file, "%63s %llu %llu", key, &ticks, &operations) == 3) {
        int i = row_index(key);

        if (i >= 0 && !figure_known(&figures[i]) && operations > 0)
            figure_set(&figures[i], ticks, operations);
    }
    fclose(file);
}

void figures_save(const struct figure *figures, const char *path)
{
    char *unfinished = format_string("%s.unfinished", path);
    FILE *file = fopen(unfinished, "w");
    bool written = file != NULL;

    for (unsigned i = 0; written && i < row_count; i++)
        if (figure_known(&figures[i]))
            written =
                fprintf(file, "%s %llu %llu\n", rows[i].key, (unsigned long long)figures[i].ticks,
                        (unsigned long long)figures[i].operations) > 0;
    if (file != NULL && fclose(file) != 0)
        written = false;
    if (!written || rename(unfinished, path) != 0)
        report("cannot write %s: %s", path, strerror(errno));
    free(unfinished);
}
