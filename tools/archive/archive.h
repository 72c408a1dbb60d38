/*
 * Writer of cpio archives in the "newc" format that the kernel unpacks at start.
 *
 * Names are paths in the machine without the leading slash. Everything belongs to root.
 * Each function ends the program with a message when the archive cannot be written.
 */
#ifndef TOOLS_ARCHIVE_H
#define TOOLS_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct archive_link; /* a file with several names, seen before */

struct archive {
    int fd;
    const char *name;    /* of the archive, for messages */
    uint32_t next_inode; /* numbers are not reused, so that equal numbers mean one file */
    uint64_t offset;     /* bytes of this archive so far, buffered ones included */
    char *buffer;
    size_t buffered;
    struct archive_link **links; /* hash table */
    size_t link_count, link_capacity;
};

/* Begins an archive at fd's position. Archives that will be concatenated need disjoint inodes. */
void archive_begin(struct archive *archive, int fd, const char *name, uint32_t first_inode);

/* Writes the trailer, pads to 512 bytes and frees what the writer holds; fd stays open. */
void archive_end(struct archive *archive);

void archive_directory(struct archive *archive, const char *path, mode_t mode, time_t mtime);
void archive_symlink(struct archive *archive, const char *path, const char *target, time_t mtime);
void archive_bytes(struct archive *archive, const char *path, mode_t mode, time_t mtime,
                   const void *bytes, size_t length);

/*
 * Adds the host's file, symbolic link, device or named pipe `host` as `path`; with `follow` what
 * a symbolic link points to. Names of one file (hard links) stay one file. Sockets are left out
 * with a message. Not for directories.
 */
void archive_host_file(struct archive *archive, const char *path, const char *host, int follow);

/* Adds `host` and, if it is a directory, everything below it; links below it stay links. */
void archive_host_tree(struct archive *archive, const char *path, const char *host);

#endif
