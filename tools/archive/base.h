/* Folders that the base archive has, so that what is added later need not make them. */
#ifndef TOOLS_BASE_H
#define TOOLS_BASE_H

#include <sys/types.h>

struct base_directory {
    const char *path; /* without the leading slash; parents come first */
    mode_t mode;
};

extern const struct base_directory base_directories[];
extern const unsigned base_directory_count;

#endif
