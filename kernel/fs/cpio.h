#ifndef KERNEL_FS_CPIO_H
#define KERNEL_FS_CPIO_H

/*
 * Reading archives in cpio's "new ASCII" format (cpio(5); Linux's
 * Documentation/driver-api/early-userspace/buffer-format.rst). Bytes in, facts out: nothing here
 * knows a file system, and nothing in an archive is believed.
 *
 * An entry is a header of 110 characters (a magic, then 13 numbers of 8 hexadecimal digits), the
 * name with its end, and the content; name and content are each filled up to a multiple of 4.
 * "TRAILER!!!" ends an archive; zeros may follow, then another one.
 */

#include <stdbool.h>
#include <stdint.h>

#define CPIO_NAME_LIMIT 4096 /* with the end */

struct cpio_entry {
    const char *name;       /* in the archive; ended, shorter than CPIO_NAME_LIMIT */
    const uint8_t *content; /* size bytes in the archive */
    uint32_t size, mode, uid, gid, links, modified;
    uint32_t inode;
    uint64_t device;  /* together with inode: names with equal ones are hard links */
    uint64_t special; /* device nodes: as device_number() */
    uint64_t next;    /* where the next entry starts */
    bool trailer;     /* the end of an archive; no entry */
};

/* The entry at byte `at`. NULL: *out is valid and lies wholly inside the archive; else what is
 * wrong, for a person. */
const char *cpio_read(const uint8_t *data, uint64_t size, uint64_t at, struct cpio_entry *out);

/*
 * A name without leading slashes, doubled slashes and "." components; the root is "". to:
 * CPIO_NAME_LIMIT bytes. False: it has a ".." or a component above 255 bytes.
 */
bool cpio_clean_name(const char *from, char *to);

#endif
