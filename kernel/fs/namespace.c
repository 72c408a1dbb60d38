/*
 * Changes of names: make, remove, link, rename.
 *
 * A directory's mutex is held while its names change, and while it is checked to be empty before it
 * goes; nothing is made in a directory that has lost its own name. Rename holds rename_mutex, so
 * that the shape of the tree stands still: it then takes the two directories' mutexes, an
 * ancestor's first.
 */
#include "fs/vfs.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/process.h"

int directory_changeable(const struct vfs_path *directory)
{
    struct vfs_entry *entry = directory->entry;
    int error = inode_permission(entry->inode, MAY_WRITE | MAY_EXECUTE, false);

    if (error == 0)
        error = mount_writable(directory->mount);
    if (error == 0 && entry->parent != entry && !entry->in_directory && entry->inode->links == 0)
        error = -ENOENT;
    return error;
}

/* A sticky directory's names belong to the owners of files and of the directory. */
static int removable(const struct vfs_path *directory, struct vfs_entry *entry)
{
    int error = directory_changeable(directory);

    if (error == 0 && (directory->entry->inode->mode & S_ISVTX) && !inode_owned(entry->inode) &&
        !inode_owned(directory->entry->inode))
        error = -EPERM;
    if (error == 0 && __atomic_load_n(&entry->mounts, __ATOMIC_RELAXED) != 0)
        error = -EBUSY;
    return error;
}

int vfs_make(int start, const char *name, struct vfs_node *node, unsigned mask)
{
    const struct vfs_inode_operations *operations;
    struct vfs_path directory;
    struct vfs_entry *entry;
    struct path_last last;
    struct vfs_inode *parent;
    int error = path_lookup_parent(start, name, 0, &directory, &last);

    if (error != 0)
        return error;
    parent = directory.entry->inode;
    operations = parent->operations;
    if (last.dot) {
        error = -EEXIST;
        goto done;
    }
    mutex_lock(&parent->mutex);
    error = entry_revalidate(directory.entry, last.name, last.length);
    if (error == 0)
        error = entry_lookup(directory.entry, last.name, last.length, &entry);
    if (error == 0) {
        entry_put(entry);
        error = -EEXIST;
    } else if (error == -ENOENT) {
        error = 0;
        if (last.slash && (node->mode & S_IFMT) != S_IFDIR)
            error = -ENOENT;
        if (error == 0)
            error = directory_changeable(&directory);
        if (error == 0 && operations->create == NULL)
            error = -ENOENT; /* /proc: its lookup has said so already */
    }
    if (error == 0) {
        node->mode &= ~mask | S_IFMT;
        node->uid = current_process()->credentials.fsuid;
        node->gid = current_process()->credentials.fsgid;
        if (parent->mode & S_ISGID) {
            node->gid = parent->gid;
            if ((node->mode & S_IFMT) == S_IFDIR)
                node->mode |= S_ISGID;
        }
        error = operations->create(directory.entry, last.name, last.length, node, &entry);
        if (error == 0)
            entry_put(entry);
    }
    mutex_unlock(&parent->mutex);
done:
    path_last_done(&last);
    path_put(&directory);
    return error;
}

/*
 * Before a last name goes from a file that is still open or mapped: what /proc/PID/maps will call
 * it when no descriptor knows its entry any more. Without memory it stays without a name.
 */
static void remember_name(const struct vfs_path *directory, struct vfs_entry *entry)
{
    struct vfs_inode *inode = entry->inode;
    struct vfs_path path = {.mount = directory->mount, .entry = entry};
    char *buffer, *text;
    long length;

    if (!inode_is(inode, S_IFREG) || inode->object == NULL || inode->links > 1 ||
        inode->deleted_name != NULL || (inode->object->references == 1 && inode->references == 1))
        return;
    buffer = kernel_alloc(VFS_PATH_MAX);
    if (buffer == NULL)
        return;
    length = path_text(&path, NULL, buffer, VFS_PATH_MAX, false, &text);
    if (length > 0) {
        char *name = kernel_alloc((size_t)length + 10);

        if (name != NULL) {
            memcpy(name, text, (size_t)length - 1);
            memcpy(name + length - 1, " (deleted)", 11);
            inode->deleted_name = name;
        }
    }
    kernel_free(buffer);
}

/* Where the table is only a cache of lookups, the file system says whether a directory is empty. */
static bool known_empty(struct vfs_inode *directory)
{
    return directory->operations->lookup != NULL || directory_empty(directory);
}

static int remove_directory(const struct vfs_path *parent, struct vfs_entry *entry)
{
    struct vfs_inode *inode = entry->inode;
    int error = 0;

    if (inode == parent->entry->inode)
        return -EBUSY; /* a server says so */
    mutex_lock(&inode->mutex);
    if (!known_empty(inode))
        error = -ENOTEMPTY;
    else
        error = parent->entry->inode->operations->remove(parent->entry, entry);
    mutex_unlock(&inode->mutex);
    return error;
}

int vfs_remove(int start, const char *name, bool directory_wanted)
{
    struct vfs_path directory;
    struct vfs_entry *entry;
    struct path_last last;
    struct vfs_inode *parent;
    bool is_directory;
    int error = path_lookup_parent(start, name, 0, &directory, &last);

    if (error != 0)
        return error;
    parent = directory.entry->inode;
    if (last.dot) {
        if (!directory_wanted)
            error = -EISDIR;
        else
            error = last.length == 2 ? -ENOTEMPTY : last.length == 1 ? -EINVAL : -EBUSY;
        goto done;
    }
    mutex_lock(&parent->mutex);
    error = entry_lookup(directory.entry, last.name, last.length, &entry);
    if (error == 0) {
        is_directory = inode_is(entry->inode, S_IFDIR);
        if (!directory_wanted && last.slash)
            error = is_directory ? -EISDIR : -ENOTDIR;
        if (error == 0)
            error = removable(&directory, entry);
        if (error == 0 && parent->operations->remove == NULL)
            error = -EPERM;
        if (error == 0 && directory_wanted != is_directory)
            error = is_directory ? -EISDIR : -ENOTDIR;
        if (error == 0 && is_directory) {
            error = remove_directory(&directory, entry);
        } else if (error == 0) {
            remember_name(&directory, entry);
            error = parent->operations->remove(directory.entry, entry);
        }
    } else {
        entry = NULL;
    }
    mutex_unlock(&parent->mutex);
    entry_put(entry); /* may free a large file: not under the directory's mutex */
done:
    path_last_done(&last);
    path_put(&directory);
    return error;
}

int vfs_link(int from_start, const char *from, unsigned at_flags, int to_start, const char *to)
{
    unsigned lookup = ((at_flags & AT_SYMLINK_FOLLOW) ? LOOKUP_FOLLOW : 0) |
                      ((at_flags & AT_EMPTY_PATH) ? LOOKUP_EMPTY : 0);
    struct vfs_path old, directory;
    struct vfs_entry *entry;
    struct path_last last;
    struct vfs_inode *parent, *inode;
    int error = path_lookup(from_start, from, lookup, &old);

    if (error != 0)
        return error;
    error = path_lookup_parent(to_start, to, 0, &directory, &last);
    if (error != 0) {
        path_put(&old);
        return error;
    }
    parent = directory.entry->inode;
    inode = old.entry->inode;
    mutex_lock(&parent->mutex);
    error = last.dot ? -EEXIST : entry_revalidate(directory.entry, last.name, last.length);
    if (error == 0)
        error = entry_lookup(directory.entry, last.name, last.length, &entry);
    if (error == 0) {
        entry_put(entry);
        error = -EEXIST;
    } else if (error == -ENOENT) {
        error = 0;
        if (last.slash)
            error = -ENOENT;
        else if (old.mount != directory.mount || inode->filesystem != parent->filesystem)
            error = -EXDEV;
        if (error == 0)
            error = directory_changeable(&directory);
        if (error == 0 && (inode_is(inode, S_IFDIR) || parent->operations->link == NULL))
            error = -EPERM;
        if (error == 0 && inode->links == 0 && !inode->linkable)
            error = -ENOENT;
        if (error == 0)
            error = parent->operations->link(directory.entry, last.name, last.length, inode);
    }
    mutex_unlock(&parent->mutex);
    path_last_done(&last);
    path_put(&directory);
    path_put(&old);
    return error;
}

/* ---- rename ---- */

/* rename_mutex is held: the tree's shape stands still.
 * Two names may be one directory: a host that renamed it is found out at the next look. */
static void lock_both(struct vfs_entry *a, struct vfs_entry *b)
{
    if (a->inode == b->inode) {
        mutex_lock(&a->inode->mutex);
        return;
    }
    if (entry_inside(a, b->inode) || (!entry_inside(b, a->inode) && b < a)) {
        struct vfs_entry *swap = a;

        a = b;
        b = swap;
    }
    mutex_lock(&a->inode->mutex);
    mutex_lock(&b->inode->mutex);
}

static void unlock_both(struct vfs_entry *a, struct vfs_entry *b)
{
    mutex_unlock(&a->inode->mutex);
    if (a->inode != b->inode)
        mutex_unlock(&b->inode->mutex);
}

struct rename {
    struct vfs_path from, to; /* directories */
    struct path_last from_last, to_last;
    struct vfs_entry *entry, *victim; /* with references, or NULL */
    unsigned flags;
};

static int rename_check(struct rename *r)
{
    struct vfs_inode *source = r->entry->inode;
    bool is_directory = inode_is(source, S_IFDIR), exchange = r->flags & RENAME_EXCHANGE;
    int error;

    if (r->victim != NULL && (r->flags & RENAME_NOREPLACE))
        return -EEXIST;
    if (r->victim == NULL && exchange)
        return -ENOENT;
    if (!is_directory && (r->from_last.slash || (r->to_last.slash && !exchange)))
        return -ENOTDIR;
    if (entry_inside(r->to.entry, r->entry->inode))
        return -EINVAL;
    if (r->victim != NULL && entry_inside(r->from.entry, r->victim->inode))
        return exchange ? -EINVAL : -ENOTEMPTY;
    error = removable(&r->from, r->entry);
    if (error != 0)
        return error;
    error = r->victim != NULL ? removable(&r->to, r->victim) : directory_changeable(&r->to);
    if (error != 0)
        return error;
    if (r->victim != NULL && !exchange) {
        bool victim_directory = inode_is(r->victim->inode, S_IFDIR);

        if (is_directory != victim_directory)
            return is_directory ? -ENOTDIR : -EISDIR;
    }
    return r->from.entry->inode->operations->rename != NULL ? 0 : -EPERM;
}

/* Both directories' mutexes are held. */
static int rename_locked(struct rename *r)
{
    const struct vfs_inode_operations *operations = r->from.entry->inode->operations;
    struct vfs_inode *victim;
    bool lock_victim;
    int error = entry_lookup(r->from.entry, r->from_last.name, r->from_last.length, &r->entry);

    if (error != 0) {
        r->entry = NULL;
        return error;
    }
    error = entry_lookup(r->to.entry, r->to_last.name, r->to_last.length, &r->victim);
    if (error != 0)
        r->victim = NULL;
    if (error != 0 && error != -ENOENT)
        return error;
    error = rename_check(r);
    if (error != 0)
        return error;
    if (r->victim != NULL && r->victim->inode == r->entry->inode)
        return 0; /* two names of one file: POSIX asks for nothing to happen */
    victim = r->victim != NULL ? r->victim->inode : NULL;
    lock_victim = victim != NULL && inode_is(victim, S_IFDIR) && !(r->flags & RENAME_EXCHANGE);
    if (lock_victim && (victim == r->from.entry->inode || victim == r->to.entry->inode))
        return -EBUSY;
    if (lock_victim) {
        mutex_lock(&victim->mutex);
        if (!known_empty(victim))
            error = -ENOTEMPTY;
    } else if (victim != NULL && !(r->flags & RENAME_EXCHANGE)) {
        remember_name(&r->to, r->victim);
    }
    if (error == 0)
        error = operations->rename(r->from.entry, r->entry, r->to.entry, r->to_last.name,
                                   r->to_last.length, r->victim, r->flags & RENAME_EXCHANGE);
    if (lock_victim)
        mutex_unlock(&victim->mutex);
    return error;
}

int vfs_rename(int from_start, const char *from, int to_start, const char *to, unsigned flags)
{
    struct rename r = {.flags = flags};
    int error;

    if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
        flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    error = path_lookup_parent(from_start, from, 0, &r.from, &r.from_last);
    if (error != 0)
        return error;
    error = path_lookup_parent(to_start, to, 0, &r.to, &r.to_last);
    if (error != 0) {
        path_last_done(&r.from_last);
        path_put(&r.from);
        return error;
    }
    if (r.from.mount != r.to.mount ||
        r.from.entry->inode->filesystem != r.to.entry->inode->filesystem) {
        error = -EXDEV;
    } else if (r.from_last.dot || r.to_last.dot) {
        error = -EBUSY;
    } else {
        mutex_lock(&rename_mutex);
        lock_both(r.from.entry, r.to.entry);
        error = rename_locked(&r);
        unlock_both(r.from.entry, r.to.entry);
        mutex_unlock(&rename_mutex);
    }
    entry_put(r.entry);
    entry_put(r.victim);
    path_last_done(&r.from_last);
    path_last_done(&r.to_last);
    path_put(&r.from);
    path_put(&r.to);
    return error;
}
