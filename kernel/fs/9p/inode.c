/* Inodes of 9P servers: see inode.h. */
#include "fs/9p/inode.h"

#include "core/memory.h"
#include "core/string.h"
#include "x86/time.h"

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
    if (list_empty(&node->kept)) {
        inode_get(node->inode);
        list_add_tail(&session->kept, &node->kept);
    }
    quire_spin_unlock(&session->inode_lock);
}

void ninep_inode_unlinked(struct vfs_inode *inode)
{
    struct ninep_inode *node = ninep_of(inode);

    __atomic_store_n(&node->unlinked, true, __ATOMIC_RELEASE);
    take_out(node->session, node);
}

/* ---- attributes ---- */

/* The host changed the file: pages that came from it are forgotten. Nothing of ours waits to be
 * written. */
static void forget_pages(struct vfs_inode *inode)
{
    struct quire_object *object = inode->object;
    uint64_t size = __atomic_load_n(&object->size, __ATOMIC_RELAXED);

    if (object->writable_mappings == 0)
        quire_object_punch(object, 0, (size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1));
}

static void adopt_content(struct ninep_inode *node, const struct ninep_attributes *from)
{
    struct vfs_inode *inode = node->inode;
    uint64_t modified = time_ns(&from->modified);

    if (node->known_size == from->size && node->known_modified == modified)
        return;
    forget_pages(inode);
    if (inode->object->size != from->size)
        quire_object_resize(inode->object, from->size);
    node->known_size = from->size;
    node->known_modified = modified;
}

/* node->mutex is held. */
static void adopt(struct ninep_inode *node, const struct ninep_attributes *from)
{
    struct vfs_inode *inode = node->inode;

    quire_spin_lock(&inode->lock);
    inode->mode = (inode->mode & S_IFMT) | (from->mode & S_PERMISSIONS);
    inode->uid = from->uid;
    inode->gid = from->gid;
    inode->links = (uint32_t)from->links;
    inode->accessed = time_ns(&from->accessed);
    inode->modified = time_ns(&from->modified);
    inode->changed = time_ns(&from->changed);
    quire_spin_unlock(&inode->lock);
    node->size = from->size;
    node->blocks = from->blocks;
    if (inode_is(inode, S_IFREG))
        adopt_content(node, from);
}

int ninep_refresh(struct vfs_inode *inode)
{
    struct ninep_inode *node = ninep_of(inode);
    struct ninep_attributes attributes;
    int error;

    if (__atomic_load_n(&node->unlinked, __ATOMIC_ACQUIRE))
        return 0;
    mutex_lock(&node->mutex);
    error = ninep_getattr(node->session, node->fid, &attributes);
    if (error == -ENOENT || (error == 0 && attributes.qid.path != node->path))
        error = __atomic_load_n(&node->unlinked, __ATOMIC_ACQUIRE) ? 0 : -ESTALE;
    else if (error == 0)
        adopt(node, &attributes);
    mutex_unlock(&node->mutex);
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
    mutex_init(&node->mutex);
    list_init(&node->kept);
    inode->number = node->path;
    inode->device =
        device_number(attributes->device >> 8 & 0xfff,
                      (attributes->device & 0xff) | (attributes->device >> 12 & ~0xffu));
    inode->data = node;
    inode->operations = operations_for(inode->mode);
    adopt(node, attributes);
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
        uint32_t other = fid;

        /* The new fid's path is good now; the old one's may not be any more. */
        mutex_lock(&node->mutex);
        other = node->fid;
        node->fid = fid;
        adopt(node, &attributes);
        mutex_unlock(&node->mutex);
        ninep_fid_drop(session, other);
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
    ninep_fid_drop(session, node->fid);
    ninep_fid_drop(session, node->read_fid);
    ninep_fid_drop(session, node->write_fid);
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
    mutex_lock(&node->mutex);
    opened = *fid;
    if (opened == NINEP_NO_FID && !write && node->write_fid != NINEP_NO_FID && node->write_reads) {
        opened = node->write_fid;
    } else if (opened == NINEP_NO_FID) {
        error = write ? open_write_fid(node, &opened) : open_fid(node, NINEP_RDONLY, &opened);
        if (error == 0)
            __atomic_store_n(fid, opened, __ATOMIC_RELEASE);
    }
    mutex_unlock(&node->mutex);
    *out = opened;
    return error;
}
