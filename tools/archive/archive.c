/*
 * An archive is a row of entries: a header of 110 characters (the magic "070701" and 13 numbers
 * of 8 hexadecimal digits), the name with its NUL, zeros up to a multiple of 4, the data, zeros up
 * to a multiple of 4. The last entry is called TRAILER!!!. Sizes have 32 bits, so a file can
 * have 4 GiB less one byte. (Linux: Documentation/driver-api/early-userspace/buffer-format.rst.)
 *
 * A file with several names (hard links) has one entry per name, with one inode number and the
 * link count above 1; the first entry carries the data and the others carry none. The count is
 * the host's, also when some of the names are not in the archive, as with every cpio program.
 */
#define _GNU_SOURCE
#include "archive.h"

#include "../common/report.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BUFFER_SIZE    (256u * 1024)
#define HEADER_SIZE    110
#define TRAILER        "TRAILER!!!"
#define ARCHIVE_BLOCK  512
#define LARGEST_FILE   0xffffffffu
#define PERMISSIONS    07777u
#define LINKS_AT_FIRST 64

struct archive_link {
    dev_t device;
    ino_t inode;
    uint32_t number; /* inode number in the archive */
    struct archive_link *next;
};

struct entry {
    const char *path;
    uint32_t inode, mode, links, mtime, size;
    dev_t device; /* of a device file */
};

static void flush(struct archive *archive)
{
    size_t done = 0;

    while (done < archive->buffered) {
        ssize_t n = write(archive->fd, archive->buffer + done, archive->buffered - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            fail("cannot write %s: %s", archive->name, strerror(errno));
        done += (size_t)n;
    }
    archive->buffered = 0;
}

static void put(struct archive *archive, const void *bytes, size_t length)
{
    const char *from = bytes;

    archive->offset += length;
    while (length > 0) {
        size_t part = BUFFER_SIZE - archive->buffered;

        if (part > length)
            part = length;
        memcpy(archive->buffer + archive->buffered, from, part);
        archive->buffered += part;
        from += part;
        length -= part;
        if (archive->buffered == BUFFER_SIZE)
            flush(archive);
    }
}

static void pad(struct archive *archive, unsigned alignment)
{
    static const char zeros[ARCHIVE_BLOCK];
    size_t over = archive->offset % alignment;

    if (over)
        put(archive, zeros, alignment - over);
}

static void put_header(struct archive *archive, const struct entry *entry)
{
    size_t name_size = strlen(entry->path) + 1;
    char header[HEADER_SIZE + 1];

    snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
             entry->inode, entry->mode, 0u, 0u, entry->links, entry->mtime, entry->size, 0u, 0u,
             (unsigned)major(entry->device), (unsigned)minor(entry->device), (unsigned)name_size,
             0u);
    put(archive, header, HEADER_SIZE);
    put(archive, entry->path, name_size);
    pad(archive, 4);
}

static uint32_t archive_time(time_t time)
{
    if (time < 0)
        return 0;
    return time > (time_t)UINT32_MAX ? UINT32_MAX : (uint32_t)time;
}

static uint32_t new_inode(struct archive *archive)
{
    return archive->next_inode++;
}

void archive_begin(struct archive *archive, int fd, const char *name, uint32_t first_inode)
{
    *archive = (struct archive){.fd = fd, .name = name, .next_inode = first_inode};
    archive->buffer = allocate(BUFFER_SIZE);
}

void archive_end(struct archive *archive)
{
    struct entry entry = {.path = TRAILER, .links = 1};

    put_header(archive, &entry);
    pad(archive, ARCHIVE_BLOCK);
    flush(archive);
    for (size_t i = 0; i < archive->link_capacity; i++) {
        while (archive->links[i]) {
            struct archive_link *link = archive->links[i];

            archive->links[i] = link->next;
            free(link);
        }
    }
    free(archive->links);
    free(archive->buffer);
}

void archive_directory(struct archive *archive, const char *path, mode_t mode, time_t mtime)
{
    struct entry entry = {.path = path,
                          .inode = new_inode(archive),
                          .mode = S_IFDIR | (mode & PERMISSIONS),
                          .links = 2,
                          .mtime = archive_time(mtime)};

    put_header(archive, &entry);
}

static void put_whole(struct archive *archive, const char *path, mode_t mode, time_t mtime,
                      const void *bytes, size_t length)
{
    struct entry entry = {.path = path,
                          .inode = new_inode(archive),
                          .mode = mode,
                          .links = 1,
                          .mtime = archive_time(mtime),
                          .size = (uint32_t)length};

    put_header(archive, &entry);
    put(archive, bytes, length);
    pad(archive, 4);
}

void archive_symlink(struct archive *archive, const char *path, const char *target, time_t mtime)
{
    put_whole(archive, path, S_IFLNK | 0777, mtime, target, strlen(target));
}

void archive_bytes(struct archive *archive, const char *path, mode_t mode, time_t mtime,
                   const void *bytes, size_t length)
{
    put_whole(archive, path, S_IFREG | (mode & PERMISSIONS), mtime, bytes, length);
}

static size_t link_slot(const struct archive *archive, dev_t device, ino_t inode)
{
    return (size_t)((inode * 0x9e3779b97f4a7c15u + device) >> 20) % archive->link_capacity;
}

static void grow_links(struct archive *archive)
{
    struct archive_link **old = archive->links;
    size_t old_capacity = archive->link_capacity;

    archive->link_capacity = old_capacity ? old_capacity * 2 : LINKS_AT_FIRST;
    archive->links = allocate(archive->link_capacity * sizeof(struct archive_link *));
    memset(archive->links, 0, archive->link_capacity * sizeof(struct archive_link *));
    for (size_t i = 0; i < old_capacity; i++) {
        while (old[i]) {
            struct archive_link *link = old[i];
            size_t slot = link_slot(archive, link->device, link->inode);

            old[i] = link->next;
            link->next = archive->links[slot];
            archive->links[slot] = link;
        }
    }
    free(old);
}

/* The archive's inode number for a file with several names; tells whether it is a new one. */
static uint32_t linked_inode(struct archive *archive, const struct stat *status, int *out_first)
{
    struct archive_link *link;
    size_t slot;

    if (archive->link_count >= archive->link_capacity)
        grow_links(archive);
    slot = link_slot(archive, status->st_dev, status->st_ino);
    for (link = archive->links[slot]; link; link = link->next) {
        if (link->device == status->st_dev && link->inode == status->st_ino) {
            *out_first = 0;
            return link->number;
        }
    }
    link = allocate(sizeof(*link));
    *link = (struct archive_link){.device = status->st_dev,
                                  .inode = status->st_ino,
                                  .number = new_inode(archive),
                                  .next = archive->links[slot]};
    archive->links[slot] = link;
    archive->link_count++;
    *out_first = 1;
    return link->number;
}

static void put_file_data(struct archive *archive, int fd, uint32_t size, const char *host)
{
    static char bytes[BUFFER_SIZE];
    uint32_t left = size;

    while (left > 0) {
        ssize_t n = read(fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            fail("cannot read %s: %s", host, strerror(errno));
        if (n == 0)
            fail("%s became shorter while it was read", host);
        put(archive, bytes, (size_t)n);
        left -= (uint32_t)n;
    }
    pad(archive, 4);
}

static void put_regular(struct archive *archive, const char *path, const char *host)
{
    struct entry entry = {.path = path};
    struct stat status;
    int fd = open(host, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int first = 1;

    if (fd < 0 || fstat(fd, &status) < 0)
        fail("cannot read %s: %s", host, strerror(errno));
    if (status.st_size > (off_t)LARGEST_FILE)
        fail("%s has %lld bytes; a file in the initial archive has at most 4 GiB - 1", host,
             (long long)status.st_size);
    entry.inode = status.st_nlink > 1 ? linked_inode(archive, &status, &first) : new_inode(archive);
    entry.mode = S_IFREG | (status.st_mode & PERMISSIONS);
    entry.links = (uint32_t)status.st_nlink;
    entry.mtime = archive_time(status.st_mtime);
    entry.size = first ? (uint32_t)status.st_size : 0;
    put_header(archive, &entry);
    put_file_data(archive, fd, entry.size, host);
    close(fd);
}

static void put_host_symlink(struct archive *archive, const char *path, const char *host,
                             time_t mtime)
{
    char target[4096];
    ssize_t length = readlink(host, target, sizeof(target) - 1);

    if (length < 0)
        fail("cannot read the link %s: %s", host, strerror(errno));
    target[length] = '\0';
    archive_symlink(archive, path, target, mtime);
}

void archive_host_file(struct archive *archive, const char *path, const char *host, int follow)
{
    struct stat status;

    if ((follow ? stat(host, &status) : lstat(host, &status)) < 0)
        fail("cannot read %s: %s", host, strerror(errno));
    if (S_ISREG(status.st_mode)) {
        put_regular(archive, path, host);
    } else if (S_ISLNK(status.st_mode)) {
        put_host_symlink(archive, path, host, status.st_mtime);
    } else if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
        struct entry entry = {.path = path,
                              .inode = new_inode(archive),
                              .mode = status.st_mode,
                              .links = 1,
                              .mtime = archive_time(status.st_mtime),
                              .device = S_ISFIFO(status.st_mode) ? 0 : status.st_rdev};
        put_header(archive, &entry);
    } else {
        report("%s is left out: it is a socket", host);
    }
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void put_tree_entry(struct archive *archive, const char *path, size_t root_length,
                           const FTSENT *found)
{
    const char *below = found->fts_path + root_length;
    char *name = format_string("%s%s", path, below);

    switch (found->fts_info) {
    case FTS_D:
        /* The root of the machine exists already. */
        if (name[strspn(name, "/")] != '\0')
            archive_directory(archive, name + strspn(name, "/"), found->fts_statp->st_mode,
                              found->fts_statp->st_mtime);
        break;
    case FTS_DP:
        break;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        fail("cannot read %s: %s", found->fts_path, strerror(found->fts_errno));
    default:
        archive_host_file(archive, name + strspn(name, "/"), found->fts_path,
                          found->fts_level == 0);
    }
    free(name);
}

void archive_host_tree(struct archive *archive, const char *path, const char *host)
{
    char *root = format_string("%s", host);
    char *roots[] = {root, NULL};
    size_t length = strlen(root);
    FTS *walk;
    FTSENT *found;

    while (length > 1 && root[length - 1] == '/')
        root[--length] = '\0';
    if (strcmp(root, "/") == 0)
        length = 0;
    walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (!walk)
        fail("cannot read %s: %s", host, strerror(errno));
    while ((found = fts_read(walk)) != NULL)
        put_tree_entry(archive, path, length, found);
    if (errno != 0)
        fail("cannot read %s: %s", host, strerror(errno));
    fts_close(walk);
    free(root);
}
