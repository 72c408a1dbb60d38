/* One function per 9P message: see session.h. Those that change nothing may be killed. */
#include "fs/9p/session.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"

static struct ninep_request *begin(struct ninep_session *session, uint8_t type, uint32_t fid)
{
    struct ninep_request *request = ninep_begin(session->device, type);

    ninep_put32(&request->writer, fid);
    return request;
}

/* Sends and ends what has no answer that matters. */
static int finish(struct ninep_request *request)
{
    return ninep_end(request, ninep_exchange(request, false));
}

int ninep_walk(struct ninep_session *session, uint32_t from, const char *name, size_t length,
               uint32_t *out_fid, struct ninep_qid *out_qid)
{
    struct ninep_request *request;
    uint32_t fid;
    int error = ninep_fid_new(session, &fid);

    if (error != 0)
        return error;
    request = begin(session, NINEP_TWALK, from);
    ninep_put32(&request->writer, fid);
    ninep_put16(&request->writer, length > 0);
    if (length > 0)
        ninep_put_string(&request->writer, name, length);
    error = ninep_exchange(request, false);
    if (error == 0) {
        unsigned walked = ninep_get16(&request->reader);

        if (walked != (length > 0))
            error = walked == 0 ? -ENOENT : -EIO;
        else if (walked == 1)
            ninep_get_qid(&request->reader, out_qid);
    }
    error = ninep_end(request, error);
    if (error == -EIO)
        ninep_fid_drop(session, fid); /* who knows what the server did */
    else if (error != 0)
        ninep_fid_forget(session, fid);
    else
        *out_fid = fid;
    return error;
}

int ninep_open(struct ninep_session *session, uint32_t fid, uint32_t flags,
               struct ninep_qid *out_qid)
{
    struct ninep_request *request = begin(session, NINEP_TLOPEN, fid);
    int error;

    ninep_put32(&request->writer, flags | NINEP_LARGEFILE);
    error = ninep_exchange(request, false);
    if (error == 0)
        ninep_get_qid(&request->reader, out_qid);
    return ninep_end(request, error);
}

int ninep_create(struct ninep_session *session, uint32_t fid, const char *name, size_t length,
                 uint32_t flags, uint32_t mode, uint32_t gid)
{
    struct ninep_request *request = begin(session, NINEP_TLCREATE, fid);

    ninep_put_string(&request->writer, name, length);
    ninep_put32(&request->writer, flags | NINEP_LARGEFILE);
    ninep_put32(&request->writer, mode);
    ninep_put32(&request->writer, gid);
    return finish(request);
}

int ninep_getattr(struct ninep_session *session, uint32_t fid, struct ninep_attributes *out)
{
    struct ninep_request *request = begin(session, NINEP_TGETATTR, fid);
    int error;

    ninep_put64(&request->writer, NINEP_GETATTR_BASIC);
    error = ninep_exchange(request, true);
    if (error == 0)
        ninep_get_attributes(&request->reader, out);
    error = ninep_end(request, error);
    if (error == 0 && out->size > INT64_MAX)
        out->size = INT64_MAX; /* more no file can have */
    return error;
}

int ninep_setattr(struct ninep_session *session, uint32_t fid, const struct ninep_setattr *change)
{
    struct ninep_request *request = begin(session, NINEP_TSETATTR, fid);

    ninep_put_setattr(&request->writer, change);
    return finish(request);
}

int ninep_statfs(struct ninep_session *session, uint32_t fid, struct ninep_statfs *out)
{
    struct ninep_request *request = begin(session, NINEP_TSTATFS, fid);
    int error = ninep_exchange(request, true);

    if (error == 0)
        ninep_get_statfs(&request->reader, out);
    return ninep_end(request, error);
}

int ninep_mkdir(struct ninep_session *session, uint32_t fid, const char *name, size_t length,
                uint32_t mode, uint32_t gid)
{
    struct ninep_request *request = begin(session, NINEP_TMKDIR, fid);

    ninep_put_string(&request->writer, name, length);
    ninep_put32(&request->writer, mode);
    ninep_put32(&request->writer, gid);
    return finish(request);
}

int ninep_symlink(struct ninep_session *session, uint32_t fid, const char *name, size_t length,
                  const char *target, uint32_t gid)
{
    struct ninep_request *request = begin(session, NINEP_TSYMLINK, fid);

    ninep_put_string(&request->writer, name, length);
    ninep_put_string(&request->writer, target, strlen(target));
    ninep_put32(&request->writer, gid);
    return finish(request);
}

int ninep_mknod(struct ninep_session *session, uint32_t fid, const char *name, size_t length,
                uint32_t mode, uint32_t major, uint32_t minor, uint32_t gid)
{
    struct ninep_request *request = begin(session, NINEP_TMKNOD, fid);

    ninep_put_string(&request->writer, name, length);
    ninep_put32(&request->writer, mode);
    ninep_put32(&request->writer, major);
    ninep_put32(&request->writer, minor);
    ninep_put32(&request->writer, gid);
    return finish(request);
}

int ninep_link(struct ninep_session *session, uint32_t directory, uint32_t fid, const char *name,
               size_t length)
{
    struct ninep_request *request = begin(session, NINEP_TLINK, directory);

    ninep_put32(&request->writer, fid);
    ninep_put_string(&request->writer, name, length);
    return finish(request);
}

int ninep_unlink(struct ninep_session *session, uint32_t directory, const char *name, size_t length,
                 uint32_t flags)
{
    struct ninep_request *request = begin(session, NINEP_TUNLINKAT, directory);

    ninep_put_string(&request->writer, name, length);
    ninep_put32(&request->writer, flags);
    return finish(request);
}

int ninep_rename(struct ninep_session *session, uint32_t from, const char *old, size_t old_length,
                 uint32_t to, const char *name, size_t length)
{
    struct ninep_request *request = begin(session, NINEP_TRENAMEAT, from);

    ninep_put_string(&request->writer, old, old_length);
    ninep_put32(&request->writer, to);
    ninep_put_string(&request->writer, name, length);
    return finish(request);
}

long ninep_readlink(struct ninep_session *session, uint32_t fid, char *buffer, size_t size)
{
    struct ninep_request *request = begin(session, NINEP_TREADLINK, fid);
    long error = ninep_exchange(request, true);
    size_t length = 0;

    if (error == 0) {
        const char *text = ninep_get_string(&request->reader, &length);

        if (length > size)
            length = size;
        if (text != NULL)
            memcpy(buffer, text, length);
    }
    error = ninep_end(request, (int)error);
    return error != 0 ? error : (long)length;
}

int ninep_fsync(struct ninep_session *session, uint32_t fid, bool data_only)
{
    struct ninep_request *request = begin(session, NINEP_TFSYNC, fid);

    ninep_put32(&request->writer, data_only);
    return finish(request);
}

long ninep_readdir(struct ninep_session *session, uint32_t fid, uint64_t offset, void *buffer,
                   size_t size)
{
    struct ninep_request *request = begin(session, NINEP_TREADDIR, fid);
    size_t limit = NINEP_MESSAGE_SIZE - NINEP_READ_HEADER, count = 0;
    long error;

    ninep_put64(&request->writer, offset);
    ninep_put32(&request->writer, (uint32_t)(size < limit ? size : limit));
    error = ninep_exchange(request, true);
    if (error == 0) {
        count = ninep_get32(&request->reader);
        if (count > request->reader.size - request->reader.at || count > size)
            request->reader.bad = true;
        else
            memcpy(buffer, request->reader.bytes + request->reader.at, count);
    }
    error = ninep_end(request, (int)error);
    return error != 0 ? error : (long)count;
}

/* Pages that one message can move. */
static unsigned message_pages(const struct ninep_session *session)
{
    unsigned pages = (session->message_size - NINEP_WRITE_HEADER) / PAGE_SIZE;

    return pages < NINEP_RUN ? pages : NINEP_RUN;
}

static int read_part(struct ninep_session *session, uint32_t fid, uint64_t offset,
                     struct quire_frame *const *frames, unsigned n, size_t *out_done)
{
    struct ninep_request *request = begin(session, NINEP_TREAD, fid);
    uint32_t done = 0;
    int error;

    ninep_put64(&request->writer, offset);
    ninep_put32(&request->writer, n * PAGE_SIZE);
    request->frames = frames;
    request->frame_count = n;
    error = ninep_exchange(request, true);
    if (error == 0) {
        done = ninep_get32(&request->reader);
        if (done > n * PAGE_SIZE || done > request->received - NINEP_READ_HEADER)
            request->reader.bad = true;
    }
    error = ninep_end(request, error);
    *out_done = error == 0 ? done : 0;
    return error;
}

int ninep_read(struct ninep_session *session, uint32_t fid, uint64_t offset,
               struct quire_frame *const *frames, unsigned n, size_t *out_done)
{
    unsigned limit = message_pages(session);

    *out_done = 0;
    for (unsigned at = 0; at < n;) {
        unsigned part = n - at < limit ? n - at : limit;
        size_t done;
        int error =
            read_part(session, fid, offset + (uint64_t)at * PAGE_SIZE, frames + at, part, &done);

        if (error != 0)
            return error;
        *out_done += done;
        if (done < (size_t)part * PAGE_SIZE)
            return 0;
        at += part;
    }
    return 0;
}

static int write_part(struct ninep_session *session, uint32_t fid, uint64_t offset,
                      struct quire_frame *const *frames, size_t length, size_t *out_done)
{
    struct ninep_request *request = begin(session, NINEP_TWRITE, fid);
    uint32_t done = 0;
    int error;

    ninep_put64(&request->writer, offset);
    ninep_put32(&request->writer, (uint32_t)length);
    request->frames = frames;
    request->frame_count = (unsigned)((length + PAGE_SIZE - 1) / PAGE_SIZE);
    request->data_length = length;
    error = ninep_exchange(request, false);
    if (error == 0) {
        done = ninep_get32(&request->reader);
        if (done > length)
            request->reader.bad = true;
    }
    error = ninep_end(request, error);
    *out_done = error == 0 ? done : 0;
    return error;
}

int ninep_write(struct ninep_session *session, uint32_t fid, uint64_t offset,
                struct quire_frame *const *frames, unsigned n, size_t length, size_t *out_done)
{
    unsigned limit = message_pages(session);

    *out_done = 0;
    for (unsigned at = 0; at < n && *out_done < length;) {
        unsigned part = n - at < limit ? n - at : limit;
        size_t left = length - *out_done, bytes = (size_t)part * PAGE_SIZE, done;
        int error;

        if (bytes > left)
            bytes = left;
        error =
            write_part(session, fid, offset + (uint64_t)at * PAGE_SIZE, frames + at, bytes, &done);
        if (error != 0)
            return error;
        *out_done += done;
        if (done < bytes)
            return 0; /* the host's folder is full, or a limit is met */
        at += part;
    }
    return 0;
}
