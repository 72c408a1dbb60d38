/*
 * Names on 9P servers. A name that was looked up stays in the directory's table, as in tmpfs; a
 * name that is not there is asked for each time. The table is a cache: what the host changes is
 * noticed when a file is opened or asked about (ESTALE), and the walk is done again with each name
 * looked up afresh.
 *
 * session->names orders what comes into the tables and leaves them. The server is asked before, and
 * not under it; a directory counts the names that left, so that a lookup that crossed with a
 * removal starts over.
 */
#include "fs/9p/inode.h"

#include "core/memory.h"
#include "core/string.h"

/* An entry that is out of its directory's table stays so: nothing is cached below it, or the tree
 * would hold itself. */
static bool in_tree(const struct vfs_entry *entry)
{
    return entry->parent == entry || entry->in_directory;
}

/* session->names is held. */
static int enter(struct vfs_entry *directory, const char *name, size_t length,
                 struct vfs_inode *inode, struct vfs_entry **out)
{
    struct vfs_entry *entry = directory_find(directory, name, length);

    if (entry != NULL && entry->inode == inode) {
        *out = entry;
        return 0;
    }
    if (inode_is(inode, S_IFDIR) && entry_inside(directory, inode)) {
        entry_put(entry);
        return -EIO; /* a server that says a directory lies in itself */
    }
    if (entry != NULL) { /* the host put another file there */
        ninep_forget_tree(entry, true);
        entry_put(entry);
    }
    *out = entry_create(directory, name, length, inode);
    if (*out == NULL)
        return -ENOMEM;
    if (in_tree(directory))
        directory_insert(directory, *out);
    return 0;
}

static int lookup(struct vfs_entry *directory, const char *name, size_t length,
                  struct vfs_entry **out)
{
    struct ninep_inode *parent = ninep_of(directory->inode);
    struct ninep_session *session = parent->session;
    struct vfs_inode *inode;
    struct ninep_qid qid;
    uint32_t fid, removals;
    bool again;
    int error;

    do {
        again = false;
        removals = __atomic_load_n(&parent->removals, __ATOMIC_ACQUIRE);
        error = ninep_walk(session, parent->fid, name, length, &fid, &qid);
        if (error != 0)
            return error;
        mutex_lock(&session->names);
        error = ninep_inode_find(directory->inode->filesystem, session, fid, &inode);
        if (error == 0) {
            again = removals != parent->removals;
            if (!again)
                error = enter(directory, name, length, inode, out);
            inode_put(inode);
        }
        mutex_unlock(&session->names);
    } while (again);
    return error;
}

/* A name that the table has: does it still lead to that inode? */
static int revalidate(struct vfs_entry *directory, struct vfs_entry *entry)
{
    struct ninep_inode *parent = ninep_of(directory->inode);
    struct ninep_session *session = parent->session;
    char name[VFS_NAME_MAX + 1];
    struct ninep_qid qid;
    uint32_t fid;
    int error;

    if (ninep_of(entry->inode) == NULL)
        return 0; /* a place for a mount, which the server does not know */
    error = ninep_walk(session, parent->fid, name, entry_name_copy(entry, name, NULL), &fid, &qid);
    if (error == 0) {
        ninep_fid_drop(session, fid);
        if (qid.path == ninep_of(entry->inode)->path)
            return 0;
        error = -ESTALE;
    }
    if (error == -ENOENT || error == -ESTALE) {
        mutex_lock(&session->names);
        ninep_forget_tree(entry, true);
        mutex_unlock(&session->names);
        error = -ESTALE;
    }
    return error;
}

static struct vfs_entry *first_child(struct vfs_entry *directory)
{
    list_for_each(node, &directory->inode->directory.names)
    {
        struct vfs_entry *entry = container_of(node, struct vfs_entry, sibling);

        if (entry->inode != NULL)
            return entry;
    }
    return NULL;
}

/* Down to a first child, cut it off, up again. */
void ninep_forget_tree(struct vfs_entry *top, bool itself)
{
    struct vfs_entry *at = top;

    for (;;) {
        struct vfs_entry *child = inode_is(at->inode, S_IFDIR) ? first_child(at) : NULL;
        struct vfs_entry *parent = at->parent;

        if (child != NULL) {
            at = child;
            continue;
        }
        if (at == top)
            break;
        directory_remove(parent, at);
        at = parent;
    }
    if (itself && top->in_directory)
        directory_remove(top->parent, top);
}

/* ---- shrinking ---- */

/* The neighbour that came before it, or (from NULL) the one that came first; NULL: none. */
static struct vfs_entry *older(struct vfs_entry *directory, struct vfs_entry *entry)
{
    struct list *names = &directory->inode->directory.names, *at;
    struct vfs_entry *found = NULL;

    /* Places of listings come and go among the names. */
    quire_spin_lock(&directory->inode->lock);
    at = entry != NULL ? entry->sibling.previous : names->previous;
    while (at != names && found == NULL) {
        found = container_of(at, struct vfs_entry, sibling);
        found = found->inode != NULL ? found : NULL;
        at = at->previous;
    }
    quire_spin_unlock(&directory->inode->lock);
    return found;
}

static struct vfs_entry *lowest(struct vfs_entry *at)
{
    struct vfs_entry *child;

    while (inode_is(at->inode, S_IFDIR) && (child = older(at, NULL)) != NULL)
        at = child;
    return at;
}

/* Leaves first, those that were looked up first before others. The caller may hold anything: what
 * cannot be had at once is left alone. */
size_t ninep_session_shrink(struct ninep_session *session, size_t limit)
{
    struct vfs_entry *at, *next;
    size_t forgotten = 0;

    if (!mutex_try(&session->names))
        return 0;
    at = session->top != NULL ? lowest(session->top) : NULL;
    for (; at != session->top && forgotten < limit; at = next) {
        struct vfs_entry *parent = at->parent, *neighbour = older(parent, at);

        next = neighbour != NULL ? lowest(neighbour) : parent;
        if (ninep_of(at->inode) != NULL && directory_forget(parent, at))
            forgotten++;
    }
    mutex_unlock(&session->names);
    return forgotten;
}

/* ---- changes ---- */

static void drop_link(struct vfs_inode *inode)
{
    quire_spin_lock(&inode->lock);
    inode->links -= inode->links > 0;
    if (inode_is(inode, S_IFDIR))
        inode->links = 0;
    quire_spin_unlock(&inode->lock);
    inode_touch(inode, false, true);
    if (inode->links == 0)
        ninep_inode_unlinked(inode);
    else
        (void)ninep_find_path(ninep_of(inode), true);
}

/* The open fid of a new file is what it will be written by. */
static int make_file(struct ninep_inode *parent, const char *name, size_t length,
                     const struct vfs_node *node, uint32_t *out_fid)
{
    struct ninep_session *session = parent->session;
    struct ninep_qid qid;
    int error = ninep_walk(session, parent->fid, NULL, 0, out_fid, &qid);

    if (error != 0)
        return error;
    error =
        ninep_create(session, *out_fid, name, length, NINEP_RDWR | NINEP_CREATE | NINEP_EXCLUSIVE,
                     node->mode & S_PERMISSIONS, node->gid);
    if (error != 0)
        ninep_fid_drop(session, *out_fid);
    return error;
}

static int make_node(struct ninep_inode *parent, const char *name, size_t length,
                     const struct vfs_node *node)
{
    switch (node->mode & S_IFMT) {
    case S_IFDIR:
        return ninep_mkdir(parent->session, parent->fid, name, length, node->mode & S_PERMISSIONS,
                           node->gid);
    case S_IFLNK:
        return ninep_symlink(parent->session, parent->fid, name, length, node->target, node->gid);
    default:
        return ninep_mknod(parent->session, parent->fid, name, length, node->mode,
                           device_major(node->device), device_minor(node->device), node->gid);
    }
}

/* The server made it as who we attached as; where it lets us, it belongs to who asked. */
static void set_owner(struct vfs_inode *inode, const struct vfs_node *node)
{
    struct ninep_inode *made = ninep_of(inode);

    if (node->uid != made->session->uid && inode->uid != node->uid &&
        ninep_setattr(made->session, made->fid,
                      &(struct ninep_setattr){.valid = NINEP_SET_UID, .uid = node->uid}) == 0)
        inode->uid = node->uid;
}

static int create(struct vfs_entry *directory, const char *name, size_t length,
                  const struct vfs_node *node, struct vfs_entry **out)
{
    struct ninep_inode *parent = ninep_of(directory->inode);
    bool file = (node->mode & S_IFMT) == S_IFREG;
    uint32_t fid = NINEP_NO_FID;
    int error =
        file ? make_file(parent, name, length, node, &fid) : make_node(parent, name, length, node);

    if (error != 0)
        return error;
    error = lookup(directory, name, length, out);
    if (error != 0) { /* no memory for it here: then it is not there either */
        (void)ninep_unlink(parent->session, parent->fid, name, length,
                           (node->mode & S_IFMT) == S_IFDIR ? NINEP_REMOVEDIR : 0);
    } else {
        struct ninep_inode *made = ninep_of((*out)->inode);

        if (file && inode_is(made->inode, S_IFREG)) {
            mutex_lock(&made->opening);
            if (made->write_fid == NINEP_NO_FID) {
                made->write_reads = true;
                __atomic_store_n(&made->write_fid, fid, __ATOMIC_RELEASE);
                fid = NINEP_NO_FID;
            }
            mutex_unlock(&made->opening);
            __atomic_store_n(&made->fresh, true, __ATOMIC_RELAXED);
            ninep_keep(made); /* the worker gives the fid back if nobody opens it */
        }
        set_owner(made->inode, node);
        inode_touch(directory->inode, true, true);
    }
    ninep_fid_close(parent->session, fid);
    return error;
}

static int link(struct vfs_entry *directory, const char *name, size_t length,
                struct vfs_inode *inode)
{
    struct ninep_inode *parent = ninep_of(directory->inode);
    struct vfs_entry *entry;
    int error = ninep_find_path(ninep_of(inode), false) ? 0 : -ENOENT;

    if (error == 0)
        error = ninep_link(parent->session, parent->fid, ninep_of(inode)->fid, name, length);
    if (error != 0)
        return error;
    quire_spin_lock(&inode->lock);
    inode->links++;
    quire_spin_unlock(&inode->lock);
    inode_touch(inode, false, true);
    inode_touch(directory->inode, true, true);
    mutex_lock(&parent->session->names);
    error = enter(directory, name, length, inode, &entry);
    mutex_unlock(&parent->session->names);
    if (error == 0)
        entry_put(entry);
    return 0; /* without memory for the entry it is looked up again */
}

/* It is gone on the server. session->names is held. */
static void gone(struct vfs_entry *directory, struct vfs_entry *entry)
{
    struct vfs_inode *inode;

    ninep_of(directory->inode)->removals++;
    inode_get(entry->inode);
    inode = entry->inode;
    ninep_forget_tree(entry, true);
    drop_link(inode);
    inode_put(inode);
}

static int remove(struct vfs_entry *directory, struct vfs_entry *entry)
{
    struct ninep_inode *parent = ninep_of(directory->inode);
    struct ninep_session *session = parent->session;
    int error;

    if (ninep_of(entry->inode) == NULL)
        return -EBUSY; /* a place for a mount */
    error = ninep_unlink(session, parent->fid, entry->name, entry->length,
                         inode_is(entry->inode, S_IFDIR) ? NINEP_REMOVEDIR : 0);
    if (error != 0 && error != -ENOENT)
        return error;
    mutex_lock(&session->names);
    if (error == 0)
        gone(directory, entry);
    else
        ninep_forget_tree(entry, true);
    mutex_unlock(&session->names);
    inode_touch(directory->inode, true, true);
    return error;
}

static int rename(struct vfs_entry *from, struct vfs_entry *entry, struct vfs_entry *to,
                  const char *name, size_t length, struct vfs_entry *victim, bool exchange)
{
    struct ninep_inode *source = ninep_of(from->inode), *target = ninep_of(to->inode);
    struct ninep_session *session = source->session;
    char *room;
    int error;

    if (exchange)
        return -EINVAL; /* the protocol has no such message */
    if (target == NULL || ninep_of(entry->inode) == NULL ||
        (victim != NULL && ninep_of(victim->inode) == NULL))
        return -EBUSY; /* a place for a mount, which the server does not know */
    if (entry_name_room(entry, length, &room) != 0)
        return -ENOMEM;
    error =
        ninep_rename(session, source->fid, entry->name, entry->length, target->fid, name, length);
    if (error != 0) {
        kernel_free(room);
        return error;
    }
    mutex_lock(&session->names);
    if (victim != NULL && victim->in_directory)
        gone(to, victim);
    source->removals++;
    if (entry->in_directory)
        entry_move(from, entry, to, name, length, room);
    else
        kernel_free(room); /* forgotten meanwhile: it is looked up again */
    mutex_unlock(&session->names);
    inode_touch(entry->inode, false, true);
    inode_touch(from->inode, true, true);
    inode_touch(to->inode, true, true);
    return 0;
}

static long read_link(struct vfs_inode *inode, char *buffer, size_t size)
{
    struct ninep_inode *node = ninep_of(inode);

    return ninep_readlink(node->session, node->fid, buffer, size);
}

const struct vfs_inode_operations ninep_directory_operations = {
    .lookup = lookup,
    .revalidate = revalidate,
    .create = create,
    .link = link,
    .remove = remove,
    .rename = rename,
    .open = ninep_directory_open,
    .update = ninep_refresh,
    .measure = ninep_measure,
    .change = ninep_change,
    .release = ninep_inode_release,
};

const struct vfs_inode_operations ninep_link_operations = {
    .read_link = read_link,
    .update = ninep_refresh,
    .measure = ninep_measure,
    .change = ninep_change,
    .release = ninep_inode_release,
};

const struct vfs_inode_operations ninep_special_operations = {
    .update = ninep_refresh,
    .measure = ninep_measure,
    .change = ninep_change,
    .release = ninep_inode_release,
};
