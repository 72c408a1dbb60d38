/* A picture of results: one HTML file with its curves inside, for any browser. */
#ifndef TOOLS_STUDY_REPORT_H
#define TOOLS_STUDY_REPORT_H

#include "replay.h"

struct series {
    const char *name;
    struct outcome *outcome; /* one for each number of frames */
};

struct study {
    const char *path; /* of the trace */
    const struct trace *trace;
    uint32_t *frames;
    size_t points;
    struct series *series;
    size_t count;
    struct working_set working_set;
};

/* Ends the program with a message when the file cannot be written. */
void report_write(const struct study *study, const char *path);

#endif
