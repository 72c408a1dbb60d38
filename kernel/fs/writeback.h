/* Writing back what is dirty in files: settings of /proc/sys/vm, and what /proc tells. */
#ifndef KERNEL_FS_WRITEBACK_H
#define KERNEL_FS_WRITEBACK_H

#include <stdint.h>

struct writeback_settings {
    int period; /* dirty_writeback_centisecs; 0: no periodic write-back */
    int expire; /* dirty_expire_centisecs: kept, but what is dirty is written every period */
};
extern struct writeback_settings writeback_settings; /* (a) */

/* The period was changed: the writer looks at it. */
void writeback_changed(int64_t value);

/* Pages of files that are dirty, and that are being written. */
uint64_t ninep_pages_dirty(void);
uint64_t ninep_pages_writing(void);

#endif
