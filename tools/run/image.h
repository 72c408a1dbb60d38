/* The initial archive of one run: the base, and what this run adds to it. */
#ifndef RUN_IMAGE_H
#define RUN_IMAGE_H

#include "options.h"

struct image {
    int fd;               /* the whole archive, to be read from its start through /proc */
    char *program;        /* path in the machine, or a name to be found along its PATH */
    char *working_folder; /* where the program starts */
};

/* Makes the archive; ends the program with a message when something is missing. */
void image_make(struct options *options, struct image *out_image);

#endif
