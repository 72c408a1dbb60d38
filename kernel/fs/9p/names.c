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
    uint32_t fid;
    int error = ninep_walk(session, parent->fid, name, length, &fid, &qid);

    if (error != 0)
        return error;
    mutex_lock(&session->names);
    error = ninep_inode_find(directory->inode->filesystem, session, fid, &inode);
    if (error == 0) {
        error = enter(directory, name, length, inode, out);
        inode_put(inode);
    }
    mutex_unlock(&session->names);
    return error;
}

/* A name that the table has: does it still lead to that inode? */
static int revalidate(struct vfs_entry *directory, struct vfs_entry *entry)
{
    struct ninep_inode *parent = ninep_of(directory->inode);
    struct ninep_session *session = parent->session;
    struct ninep_qid qid;
    uint32_t fid;
    int error;

    if (ninep_of(entry->inode) == NULL)
        return 0; /* a place for a mount, which the server does not know */
    error = ninep_walk(session, parent->fid, entry->name, entry->length, &fid, &qid);
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

static long read_link(struct vfs_inode *inode, char *buffer, size_t size)
{
    struct ninep_inode *node = ninep_of(inode);

    return ninep_readlink(node->session, node->fid, buffer, size);
}

const struct vfs_inode_operations ninep_directory_operations = {
    .lookup = lookup,
    .revalidate = revalidate,
    .open = ninep_directory_open,
    .update = ninep_refresh,
    .measure = ninep_measure,
    .release = ninep_inode_release,
};

const struct vfs_inode_operations ninep_link_operations = {
    .read_link = read_link,
    .update = ninep_refresh,
    .measure = ninep_measure,
    .release = ninep_inode_release,
};

const struct vfs_inode_operations ninep_special_operations = {
    .update = ninep_refresh,
    .measure = ninep_measure,
    .release = ninep_inode_release,
};
