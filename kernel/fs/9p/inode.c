/* Inodes of 9P servers: see inode.h. */
#include "fs/9p/inode.h"

#include "core/memory.h"
#include "core/string.h"
#include "fs/writeback.h"
#include "x86/time.h"

struct ninep_time ninep_time_of(uint64_t ns)
{
    return (struct ninep_time){ns / NANOSECONDS_PER_SECOND, ns % NANOSECONDS_PER_SECOND};
}

static uint64_t time_ns(const struct ninep_time *time)
{
    return time->seconds * NANOSECONDS_PER_SECOND + time->nanoseconds;
}

/* ---- the table ---- */

static size_t bucket(const struct ninep_session *session, uint64_t path)
{
    uint32_t hash = (uint32_t)(path ^ path >> 32) * 2654435761u;

    return (hash ^ hash >> 15) & (session->table_size - 1);
}

/* Unless it is on its way out. */
static bool try_get(struct vfs_inode *inode)
{
    uint32_t count = __atomic_load_n(&inode->references, __ATOMIC_RELAXED);

    do {
        if (count == 0)
            return false;
    } while (!__atomic_compare_exchange_n(&inode->references, &count, count + 1, false,
                                          __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
    return true;
}

static struct vfs_inode *find(struct ninep_session *session, uint64_t path, uint32_t mode)
{
    struct vfs_inode *found = NULL;

    quire_spin_lock(&session->inode_lock);
    for (struct ninep_inode *node = session->table[bucket(session, path)]; node != NULL;
         node = node->chain) {
        if (node->path == path && ((node->inode->mode ^ mode) & S_IFMT) == 0 &&
            try_get(node->inode)) {
            found = node->inode;
            break;
        }
    }
    quire_spin_unlock(&session->inode_lock);
    return found;
}

/* Twice as large; without memory the chains grow longer. */
static void grow_table(struct ninep_session *session)
{
    size_t old_size = session->table_size, size = 2 * old_size;
    struct ninep_inode **table = table_alloc(size * sizeof(void *)), **old = session->table;

    if (table == NULL)
        return;
    quire_spin_lock(&session->inode_lock);
    session->table = table;
    session->table_size = size;
    for (size_t i = 0; i < old_size; i++) {
        while (old[i] != NULL) {
            struct ninep_inode *node = old[i], **link = &table[bucket(session, node->path)];

            old[i] = node->chain;
            node->chain = *link;
            *link = node;
        }
    }
    quire_spin_unlock(&session->inode_lock);
    table_free(old, old_size * sizeof(void *));
}

/* session->names is held: only here the table grows. */
static void insert(struct ninep_session *session, struct ninep_inode *node)
{
    struct ninep_inode **link;

    if (session->inode_count >= session->table_size)
        grow_table(session);
    quire_spin_lock(&session->inode_lock);
    link = &session->table[bucket(session, node->path)];
    node->chain = *link;
    *link = node;
    node->hashed = true;
    session->inode_count++;
    quire_spin_unlock(&session->inode_lock);
}

static void take_out(struct ninep_session *session, struct ninep_inode *node)
{
    quire_spin_lock(&session->inode_lock);
    if (node->hashed) {
        struct ninep_inode **link = &session->table[bucket(session, node->path)];

        while (*link != node)
            link = &(*link)->chain;
        *link = node->chain;
        node->hashed = false;
        session->inode_count--;
    }
    quire_spin_unlock(&session->inode_lock);
}

void ninep_keep(struct ninep_inode *node)
{
    struct ninep_session *session = node->session;

    quire_spin_lock(&session->inode_lock);
    if (list_empty(&node->kept.node)) {
        inode_get(node->inode);
        list_add_tail(&session->kept, &node->kept.node);
        session->kept_count++;
    }
    quire_spin_unlock(&session->inode_lock);
}

void ninep_inode_unlinked(struct vfs_inode *inode)
{
    struct ninep_inode *node = ninep_of(inode);

    __atomic_store_n(&node->unlinked, true, __ATOMIC_RELEASE);
    take_out(node->session, node);
    ninep_worker_wake(); /* if nobody has it open, its fids are given back */
}

/* ---- attributes ---- */

/* What is dirty here is newer than what the server has. */
static bool is_dirty(struct ninep_inode *node)
{
    bool dirty;

    quire_spin_lock(&node->lock);
    dirty = node->dirty || node->cleaning > 0;
    quire_spin_unlock(&node->lock);
    return dirty;
}

static void set_server_size(struct ninep_inode *node, uint64_t size)
{
    quire_spin_lock(&node->lock);
    node->server_size = size;
    quire_spin_unlock(&node->lock);
}

/* The host changed the file: pages that came from it are forgotten. */
static void adopt_content(struct ninep_inode *node, const struct ninep_attributes *from)
{
    struct vfs_inode *inode = node->inode;
    uint64_t modified = time_ns(&from->modified);

    if (node->known_size == from->size && node->known_modified == modified)
        return;
    (void)quire_object_drop(inode->object, 0, UINT64_MAX, true);
    set_server_size(node, from->size);
    if (inode->object->size != from->size)
        quire_object_resize(inode->object, from->size);
    node->known_size = from->size;
    node->known_modified = modified;
}

/*
 * node->mutex is held. A file that is being written to (its mutex is held) or written back is not
 * what the server says; later write-backs look again, and they wait for node->mutex before they are
 * done, so that what was said before them is not taken for the truth.
 */
static void adopt(struct ninep_inode *node, const struct ninep_attributes *from)
{
    struct vfs_inode *inode = node->inode;
    bool file = inode_is(inode, S_IFREG), held = file && mutex_try(&inode->mutex);
    bool dirty = file && (!held || is_dirty(node));

    quire_spin_lock(&inode->lock);
    inode->mode = (inode->mode & S_IFMT) | (from->mode & S_PERMISSIONS);
    inode->uid = from->uid;
    inode->gid = from->gid;
    inode->links = (uint32_t)from->links;
    inode->accessed = time_ns(&from->accessed);
    if (!dirty) {
        inode->modified = time_ns(&from->modified);
        inode->changed = time_ns(&from->changed);
    }
    quire_spin_unlock(&inode->lock);
    node->size = from->size;
    node->blocks = from->blocks;
    if (file && !dirty)
        adopt_content(node, from);
    if (held)
        mutex_unlock(&inode->mutex);
}

/* node->mutex is held. The fid it had is clunked some changes later: messages may be about to name
 * it. */
static void change_fid(struct ninep_inode *node, uint32_t fid)
{
    unsigned at = node->next_retired++ % NINEP_RETIRED;

    ninep_fid_drop(node->session, node->retired[at]);
    node->retired[at] = __atomic_exchange_n(&node->fid, fid, __ATOMIC_ACQ_REL);
    node->lost = false;
}

/*
 * The path that fid stands for may be gone, or lead to another file, while the file has other names
 * that we know: a hard link was removed, or the host moved something.
 */
static int find_again(struct ninep_inode *node, struct ninep_attributes *out)
{
    struct vfs_inode *inode = node->inode;
    struct vfs_entry *entry = NULL, *parent;
    char name[VFS_NAME_MAX + 1];
    size_t length;
    uint32_t fid;
    struct ninep_qid qid;
    int error = -ESTALE;

    quire_spin_lock(&inode->lock);
    list_for_each(at, &inode->entries)
    {
        struct vfs_entry *alias = container_of(at, struct vfs_entry, alias);

        if (alias->in_directory) {
            entry = alias;
            entry_get(entry);
            break;
        }
    }
    quire_spin_unlock(&inode->lock);
    if (entry == NULL)
        return error;
    length = entry_name_copy(entry, name, &parent);
    if (parent != entry &&
        ninep_walk(node->session, ninep_of(parent->inode)->fid, name, length, &fid, &qid) == 0) {
        if (qid.path == node->path && ninep_getattr(node->session, fid, out) == 0) {
            change_fid(node, fid);
            fid = NINEP_NO_FID;
            error = 0;
        }
        ninep_fid_drop(node->session, fid);
    }
    entry_put(parent);
    entry_put(entry);
    return error;
}

/* node->mutex is held. */
static int ask(struct ninep_inode *node, struct ninep_attributes *out)
{
    int error = ninep_getattr(node->session, node->fid, out);

    if (error == -ENOENT || (error == 0 && out->qid.path != node->path)) {
        error = find_again(node, out);
        if (error != 0)
            node->lost = true;
    }
    return error;
}

bool ninep_find_path(struct ninep_inode *node, bool look)
{
    struct ninep_attributes attributes;
    bool found;

    if (__atomic_load_n(&node->unlinked, __ATOMIC_ACQUIRE))
        return false;
    if (!look && !__atomic_load_n(&node->lost, __ATOMIC_RELAXED))
        return true;
    mutex_lock(&node->mutex);
    found = ask(node, &attributes) == 0;
    mutex_unlock(&node->mutex);
    return found;
}

int ninep_refresh(struct vfs_inode *inode)
{
    struct ninep_inode *node = ninep_of(inode);
    struct ninep_attributes attributes;
    int error;

    if (__atomic_load_n(&node->unlinked, __ATOMIC_ACQUIRE))
        return 0;
    mutex_lock(&node->mutex);
    if (node->asked != 0 && node->asked == walk_number()) {
        node->asked = 0;
        mutex_unlock(&node->mutex);
        return 0;
    }
    error = ask(node, &attributes);
    if (error == 0)
        adopt(node, &attributes);
    else if (error == -ESTALE && __atomic_load_n(&node->unlinked, __ATOMIC_ACQUIRE))
        error = 0;
    mutex_unlock(&node->mutex);
    return error;
}

void ninep_note(struct ninep_inode *node)
{
    struct ninep_attributes attributes;

    mutex_lock(&node->mutex);
    if (ask(node, &attributes) == 0) {
        node->known_size = attributes.size;
        node->known_modified = time_ns(&attributes.modified);
        adopt(node, &attributes);
    }
    mutex_unlock(&node->mutex);
}

int ninep_change(struct vfs_inode *inode, const struct vfs_change *change)
{
    struct ninep_inode *node = ninep_of(inode);
    struct ninep_setattr set = {.mode = change->mode,
                                .uid = change->uid,
                                .gid = change->gid,
                                .accessed = ninep_time_of(change->accessed),
                                .modified = ninep_time_of(change->modified)};
    int error;

    if (!ninep_find_path(node, false))
        return node->unlinked || node->opens > 0 ? 0 : -ESTALE; /* ours alone */
    set.valid = (change->what & CHANGE_MODE ? NINEP_SET_MODE : 0) |
                (change->what & CHANGE_UID ? NINEP_SET_UID : 0) |
                (change->what & CHANGE_GID ? NINEP_SET_GID : 0) |
                (change->what & CHANGE_ACCESSED ? NINEP_SET_ATIME | NINEP_SET_ATIME_VAL : 0) |
                (change->what & CHANGE_MODIFIED ? NINEP_SET_MTIME | NINEP_SET_MTIME_VAL : 0);
    /* A write-back that came later, or is under way, would set the time anew. */
    mutex_lock(&node->writing);
    if ((change->what & CHANGE_MODIFIED) && inode_is(inode, S_IFREG))
        (void)ninep_write_back_locked(node);
    error = ninep_setattr(node->session, node->fid, &set);
    if (error == 0) {
        if (change->what & CHANGE_MODIFIED)
            inode->modified = change->modified;
        ninep_note(node);
    }
    mutex_unlock(&node->writing);
    return error;
}

void ninep_measure(struct vfs_inode *inode, uint64_t *size, uint64_t *blocks)
{
    struct ninep_inode *node = ninep_of(inode);

    if (!inode_is(inode, S_IFREG))
        *size = node->size;
    *blocks = node->blocks;
}

/* ---- life ---- */

static const struct vfs_inode_operations *operations_for(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return &ninep_regular_operations;
    case S_IFDIR:
        return &ninep_directory_operations;
    case S_IFLNK:
        return &ninep_link_operations;
    default:
        return &ninep_special_operations;
    }
}

static int create(struct vfs_filesystem *filesystem, struct ninep_session *session, uint32_t fid,
                  const struct ninep_attributes *attributes, struct vfs_inode **out)
{
    struct ninep_inode *node = kernel_alloc_zeroed(sizeof *node);
    struct vfs_inode *inode = node != NULL ? inode_create(filesystem, attributes->mode) : NULL;

    if (inode != NULL && inode_is(inode, S_IFREG) &&
        quire_object_create(&kernel_machine, QUIRE_OBJECT_PAGED, &ninep_pager, inode,
                            attributes->size, &inode->object) != QUIRE_OK) {
        inode_put(inode);
        inode = NULL;
    }
    if (inode == NULL) {
        kernel_free(node);
        return -ENOMEM;
    }
    node->session = session;
    ninep_session_get(session);
    node->inode = inode;
    node->path = attributes->qid.path;
    node->fid = fid;
    node->read_fid = node->write_fid = NINEP_NO_FID;
    node->known_size = attributes->size;
    node->known_modified = time_ns(&attributes->modified);
    for (unsigned i = 0; i < NINEP_RETIRED; i++)
        node->retired[i] = NINEP_NO_FID;
    node->server_size = attributes->size;
    mutex_init(&node->mutex);
    mutex_init(&node->writing);
    mutex_init(&node->opening);
    quire_spin_init(&node->lock);
    list_init(&node->kept.node);
    node->kept.inode = node;
    inode->number = node->path;
    inode->device =
        device_number(attributes->device >> 8 & 0xfff,
                      (attributes->device & 0xff) | (attributes->device >> 12 & ~0xffu));
    inode->data = node;
    inode->operations = operations_for(inode->mode);
    adopt(node, attributes);
    node->asked = walk_number();
    *out = inode;
    return 0;
}

int ninep_inode_find(struct vfs_filesystem *filesystem, struct ninep_session *session, uint32_t fid,
                     struct vfs_inode **out)
{
    struct ninep_attributes attributes;
    int error = ninep_getattr(session, fid, &attributes);

    if (error != 0) {
        ninep_fid_drop(session, fid);
        return error;
    }
    *out = find(session, attributes.qid.path, attributes.mode);
    if (*out != NULL) {
        struct ninep_inode *node = ninep_of(*out);

        mutex_lock(&node->mutex);
        if (node->lost) {
            change_fid(node, fid);
            fid = NINEP_NO_FID;
        }
        mutex_unlock(&node->mutex);
        ninep_fid_drop(session, fid); /* what it is like is asked when somebody wants to know */
        return 0;
    }
    error = create(filesystem, session, fid, &attributes, out);
    if (error != 0)
        ninep_fid_drop(session, fid);
    else
        insert(session, ninep_of(*out));
    return error;
}

void ninep_inode_release(struct vfs_inode *inode)
{
    struct ninep_inode *node = ninep_of(inode);
    struct ninep_session *session = node->session;

    take_out(session, node);
    writeback_taken(inode);
    for (unsigned i = 0; i < NINEP_RETIRED; i++)
        ninep_fid_drop(session, node->retired[i]);
    ninep_fid_drop(session, node->fid);
    ninep_fid_close(session, node->read_fid);
    ninep_fid_close(session, node->write_fid);
    kernel_free(node);
    ninep_session_put(session);
}

/* ---- open fids ---- */

static int open_fid(struct ninep_inode *node, uint32_t flags, uint32_t *out)
{
    struct ninep_session *session = node->session;
    struct ninep_qid qid;
    uint32_t fid;
    int error = ninep_walk(session, node->fid, NULL, 0, &fid, &qid);

    if (error == 0) {
        error = ninep_open(session, fid, flags, &qid);
        if (error == 0 && qid.path != node->path)
            error = -ESTALE;
        if (error != 0)
            ninep_fid_drop(session, fid);
    }
    if (error == -ENOENT)
        error = -ESTALE;
    if (error == 0)
        *out = fid;
    return error;
}

static int open_write_fid(struct ninep_inode *node, uint32_t *fid)
{
    int error = open_fid(node, NINEP_RDWR, fid);

    node->write_reads = error == 0;
    if (error == -EACCES || error == -EPERM)
        error = open_fid(node, NINEP_WRONLY, fid);
    return error;
}

int ninep_io_fid(struct ninep_inode *node, bool write, uint32_t *out)
{
    uint32_t *fid = write ? &node->write_fid : &node->read_fid;
    uint32_t opened;
    int error = 0;

    *out = __atomic_load_n(fid, __ATOMIC_ACQUIRE);
    if (*out != NINEP_NO_FID)
        return 0;
    mutex_lock(&node->opening);
    opened = *fid;
    if (opened == NINEP_NO_FID && !write && node->write_fid != NINEP_NO_FID && node->write_reads) {
        opened = node->write_fid;
    } else if (opened == NINEP_NO_FID) {
        error = write ? open_write_fid(node, &opened) : open_fid(node, NINEP_RDONLY, &opened);
        if (error == 0)
            __atomic_store_n(fid, opened, __ATOMIC_RELEASE);
    }
    mutex_unlock(&node->opening);
    *out = opened;
    return error;
}
