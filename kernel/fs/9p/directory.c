/*
 * Open directories of 9P servers. The names come from the server, a part of a message's size at a
 * time; the kernel's own table of names is only a cache of lookups.
 *
 * A position is 0 and 1 for the dots, then what the server calls the offset behind a name, moved so
 * that it cannot be 0 to 2. Where the position is not where the last listing ended (after a seek),
 * the server is asked again from there.
 */
#include "fs/9p/inode.h"

#include "core/memory.h"
#include "core/string.h"
#include "proc/process.h"

#define FAR (1ull << 62)

struct listing {
    uint32_t fid;
    uint64_t position; /* of the next name in the buffer */
    size_t used, at;
    uint8_t names[NINEP_MESSAGE_SIZE];
};

static uint64_t position_of(uint64_t offset)
{
    return offset < FAR ? offset + DIRECTORY_FIRST_PLACE : offset;
}

static uint64_t offset_of(uint64_t position)
{
    return position < FAR + DIRECTORY_FIRST_PLACE ? position - DIRECTORY_FIRST_PLACE : position;
}

static bool is_dot(const struct ninep_entry *entry)
{
    return entry->name[0] == '.' &&
           (entry->length == 1 || (entry->length == 2 && entry->name[1] == '.'));
}

/* What is left of the buffer. Names given to the sink, -EIO for a broken one; *out_full: no room.
 */
static int list_buffer(struct file *file, struct listing *listing, struct directory_sink *sink,
                       bool *out_full)
{
    struct ninep_reader reader = {
        .bytes = listing->names, .size = listing->used, .at = listing->at};
    struct ninep_entry entry;
    int given = 0;

    while (ninep_get_entry(&reader, &entry)) {
        uint64_t next = position_of(entry.next);

        if (!is_dot(&entry)) {
            *out_full =
                !sink->name(sink, entry.name, entry.length, entry.qid.path, entry.type, next);
            if (*out_full)
                break;
            given++;
        }
        listing->at = reader.at;
        file->position = listing->position = next;
    }
    return reader.bad ? -EIO : given;
}

static int list(struct file *file, struct directory_sink *sink)
{
    struct listing *listing = file->data;
    struct ninep_session *session = ninep_of(file->inode)->session;
    bool full = false, any = false;
    uint64_t before;

    if (ninep_of(file->inode)->unlinked)
        return -ENOENT;
    if (!directory_list_dots(file, sink))
        return 0;
    while (!full) {
        int given;

        if (listing->position != file->position || listing->at == listing->used) {
            long n = ninep_readdir(session, listing->fid, offset_of(file->position), listing->names,
                                   sizeof listing->names - NINEP_READ_HEADER);

            listing->at = listing->used = 0;
            if (n <= 0)
                return any ? 0 : (int)n;
            listing->used = (size_t)n;
            listing->position = file->position;
        }
        before = file->position;
        given = list_buffer(file, listing, sink, &full);
        if (given < 0) {
            listing->at = listing->used = 0;
            return any ? 0 : given;
        }
        any |= given > 0;
        /* A server that goes round in circles, and a program that nobody waits for. */
        if ((given == 0 && !full && file->position == before) || kill_pending())
            return any ? 0 : -EIO;
    }
    return 0;
}

static long directory_read(struct file *file, struct transfer *to, uint64_t *position)
{
    return directory_operations.read(file, to, position);
}

static int64_t directory_seek(struct file *file, int64_t offset, int whence)
{
    return directory_operations.seek(file, offset, whence);
}

static int directory_sync(struct file *file, bool data_only)
{
    struct listing *listing = file->data;

    return ninep_fsync(ninep_of(file->inode)->session, listing->fid, data_only);
}

static void directory_release(struct file *file)
{
    struct listing *listing = file->data;

    ninep_fid_close(ninep_of(file->inode)->session, listing->fid);
    kernel_free(listing);
}

static const struct file_operations ninep_listing_operations = {
    .read = directory_read,
    .seek = directory_seek,
    .list = list,
    .sync = directory_sync,
    .release = directory_release,
};

int ninep_directory_open(struct vfs_inode *inode, struct file *file)
{
    struct ninep_inode *node = ninep_of(inode);
    struct listing *listing = kernel_alloc(sizeof *listing);
    struct ninep_qid qid;
    int error;

    if (listing == NULL)
        return -ENOMEM;
    listing->used = listing->at = 0;
    listing->position = 0;
    error = ninep_walk(node->session, node->fid, NULL, 0, &listing->fid, &qid);
    if (error == 0) {
        error = ninep_open(node->session, listing->fid, NINEP_RDONLY | NINEP_DIRECTORY, &qid);
        if (error == 0 && qid.path != node->path)
            error = -ESTALE;
        if (error != 0)
            ninep_fid_drop(node->session, listing->fid);
    }
    if (error != 0) {
        kernel_free(listing);
        return error == -ENOENT ? -ESTALE : error;
    }
    file->data = listing;
    file->operations = &ninep_listing_operations;
    return 0;
}
