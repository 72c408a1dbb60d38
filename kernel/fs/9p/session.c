/* Sessions with 9P servers: see session.h. */
#include "fs/9p/session.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "fs/vfs.h"
#include "linux/errno.h"

#define FIRST_FID_WORDS 8
#define FIRST_TABLE     64
#define MANY_DOOMED     64

/* ---- fids ---- */

static bool grow_fids(struct ninep_session *session, size_t old_words)
{
    size_t words = old_words != 0 ? 2 * old_words : FIRST_FID_WORDS;
    uint64_t *used = kernel_alloc_zeroed(words * sizeof *used);
    uint64_t *doomed = kernel_alloc_zeroed(words * sizeof *doomed);
    bool fine = used != NULL && doomed != NULL;

    quire_spin_lock(&session->fid_lock);
    if (fine && session->fid_words == old_words) {
        uint64_t *old_used = session->fid_used, *old_doomed = session->fid_doomed;

        if (old_words != 0) {
            memcpy(used, old_used, old_words * sizeof *used);
            memcpy(doomed, old_doomed, old_words * sizeof *doomed);
        }
        session->fid_used = used;
        session->fid_doomed = doomed;
        session->fid_words = words;
        used = old_used;
        doomed = old_doomed;
    }
    quire_spin_unlock(&session->fid_lock);
    kernel_free(used);
    kernel_free(doomed);
    return fine;
}

int ninep_fid_new(struct ninep_session *session, uint32_t *out)
{
    for (;;) {
        size_t words;

        quire_spin_lock(&session->fid_lock);
        words = session->fid_words;
        for (size_t i = 0; i < words; i++) {
            unsigned bit;

            if (session->fid_used[i] == UINT64_MAX)
                continue;
            bit = (unsigned)__builtin_ctzll(~session->fid_used[i]);
            session->fid_used[i] |= 1ull << bit;
            session->fid_count++;
            quire_spin_unlock(&session->fid_lock);
            *out = (uint32_t)(i * 64 + bit);
            return 0;
        }
        quire_spin_unlock(&session->fid_lock);
        if (!grow_fids(session, words))
            return -ENOMEM;
    }
}

void ninep_fid_forget(struct ninep_session *session, uint32_t fid)
{
    if (fid == NINEP_NO_FID)
        return;
    quire_spin_lock(&session->fid_lock);
    session->fid_used[fid / 64] &= ~(1ull << fid % 64);
    session->fid_count--;
    quire_spin_unlock(&session->fid_lock);
}

static void doom(struct ninep_session *session, uint32_t fid, unsigned patience)
{
    bool many;

    if (fid == NINEP_NO_FID)
        return;
    quire_spin_lock(&session->fid_lock);
    session->fid_doomed[fid / 64] |= 1ull << fid % 64;
    many = ++session->doomed_count > patience;
    quire_spin_unlock(&session->fid_lock);
    if (many)
        ninep_worker_wake();
}

void ninep_fid_drop(struct ninep_session *session, uint32_t fid)
{
    doom(session, fid, MANY_DOOMED);
}

void ninep_fid_close(struct ninep_session *session, uint32_t fid)
{
    doom(session, fid, 0);
}

/* Takes one out of the doomed. */
static uint32_t take_doomed(struct ninep_session *session)
{
    uint32_t fid = NINEP_NO_FID;

    quire_spin_lock(&session->fid_lock);
    for (size_t i = 0; session->doomed_count > 0 && i < session->fid_words; i++) {
        unsigned bit;

        if (session->fid_doomed[i] == 0)
            continue;
        bit = (unsigned)__builtin_ctzll(session->fid_doomed[i]);
        session->fid_doomed[i] &= ~(1ull << bit);
        session->doomed_count--;
        fid = (uint32_t)(i * 64 + bit);
        break;
    }
    quire_spin_unlock(&session->fid_lock);
    return fid;
}

bool ninep_fid_clunk_one(struct ninep_session *session)
{
    uint32_t fid = take_doomed(session);
    struct ninep_request *request;

    if (fid == NINEP_NO_FID)
        return false;
    request = ninep_begin(session->device, NINEP_TCLUNK);
    ninep_put32(&request->writer, fid);
    (void)ninep_end(request, ninep_exchange(request, false));
    ninep_fid_forget(session, fid); /* whatever the answer is */
    return true;
}

/* ---- life ---- */

static int agree_version(struct ninep_session *session, uint32_t wanted)
{
    struct ninep_request *request = ninep_begin(session->device, NINEP_TVERSION);
    int error;

    ninep_put32(&request->writer, wanted);
    ninep_put_string(&request->writer, NINEP_VERSION, strlen(NINEP_VERSION));
    error = ninep_exchange(request, false);
    if (error == 0) {
        uint32_t size = ninep_get32(&request->reader);
        size_t length;
        const char *version = ninep_get_string(&request->reader, &length);

        session->message_size = size < wanted ? size : wanted;
        if (!request->reader.bad &&
            (size < PAGE_SIZE + NINEP_WRITE_HEADER || length != strlen(NINEP_VERSION) ||
             memcmp(version, NINEP_VERSION, length) != 0))
            error = -EPROTO;
    }
    return ninep_end(request, error);
}

static int attach(struct ninep_session *session, const char *folder)
{
    struct ninep_request *request;
    int error = ninep_fid_new(session, &session->root);

    if (error != 0)
        return error;
    request = ninep_begin(session->device, NINEP_TATTACH);
    ninep_put32(&request->writer, session->root);
    ninep_put32(&request->writer, NINEP_NO_FID); /* no authentication */
    ninep_put_string(&request->writer, "root", 4);
    ninep_put_string(&request->writer, folder, strlen(folder));
    ninep_put32(&request->writer, session->uid);
    return ninep_end(request, ninep_exchange(request, false));
}

/* One that was just unmounted is free in a moment. */
static int open_device(const char *tag, struct ninep_device **out)
{
    int error = ninep_device_open(tag, out);

    if (error == -EBUSY && ninep_session_wait_end())
        error = ninep_device_open(tag, out);
    return error;
}

int ninep_session_open(const char *tag, const char *folder, uint32_t message_size,
                       struct ninep_session **out)
{
    struct ninep_session *session;
    int error;

    if (!ninep_worker_start())
        return -ENOMEM;
    session = kernel_alloc_zeroed(sizeof *session);
    if (session == NULL)
        return -ENOMEM;
    session->references = 1;
    session->root = NINEP_NO_FID;
    quire_spin_init(&session->fid_lock);
    quire_spin_init(&session->inode_lock);
    mutex_init(&session->names);
    list_init(&session->kept);
    list_init(&session->node);
    session->table_size = FIRST_TABLE;
    session->table = table_alloc(FIRST_TABLE * sizeof(void *));
    error = session->table == NULL ? -ENOMEM : open_device(tag, &session->device);
    if (error == 0) {
        error = agree_version(session, message_size);
        if (error == 0)
            error = attach(session, folder);
        if (error != 0)
            ninep_device_close(session->device);
    }
    if (error != 0) {
        if (session->table != NULL)
            table_free(session->table, session->table_size * sizeof(void *));
        kernel_free(session->fid_used);
        kernel_free(session->fid_doomed);
        kernel_free(session);
        return error;
    }
    ninep_worker_add(session);
    *out = session;
    return 0;
}

void ninep_session_get(struct ninep_session *session)
{
    __atomic_fetch_add(&session->references, 1, __ATOMIC_RELAXED);
}

void ninep_session_put(struct ninep_session *session)
{
    if (__atomic_sub_fetch(&session->references, 1, __ATOMIC_ACQ_REL) == 0)
        ninep_worker_wake();
}

void ninep_session_close(struct ninep_session *session)
{
    ninep_fid_drop(session, session->root);
    while (ninep_fid_clunk_one(session))
        continue;
    if (session->fid_count != 0)
        log_error("9p: %u fids of a session are left", session->fid_count);
    ninep_device_close(session->device);
    table_free(session->table, session->table_size * sizeof(void *));
    kernel_free(session->fid_used);
    kernel_free(session->fid_doomed);
}
