/*
 * File systems, and the tree of mounts.
 *
 * A mount hangs an entry (usually a file system's root) on a place in another mount. The covered
 * entry counts the mounts on it, so that a walk looks for them only where there are some; the list
 * of mounts is short and searched from its newest end.
 *
 * References: a mount counts the places (struct vfs_path) that lie in it, and the tree itself
 * counts 1; it holds its file system, its root, and the place it hangs on. Unmounting takes it out
 * of the list; what is still open inside keeps it alive.
 */
#include "fs/vfs.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/process.h"

struct vfs_mount *root_mount;
struct list mount_list = LIST_INIT(mount_list);
static uint32_t next_mount_number = 20;
static struct vfs_filesystem_type *types;
static uint32_t next_device_minor = 1;

/* ---- file systems ---- */

void filesystem_register(struct vfs_filesystem_type *type)
{
    struct vfs_filesystem_type **link = &types;

    while (*link != NULL)
        link = &(*link)->next;
    *link = type;
}

struct vfs_filesystem_type *filesystem_type_find(const char *name)
{
    struct vfs_filesystem_type *type = types;

    while (type != NULL && name != NULL && strcmp(type->name, name) != 0)
        type = type->next;
    return type;
}

struct vfs_filesystem *filesystem_create(const struct vfs_filesystem_type *type)
{
    struct vfs_filesystem *filesystem = kernel_alloc_zeroed(sizeof *filesystem);

    if (filesystem == NULL)
        return NULL;
    filesystem->references = 1;
    filesystem->type = type;
    filesystem->limit = FILESYSTEM_ALL_BUT_SOME;
    filesystem->device =
        device_number(0, __atomic_fetch_add(&next_device_minor, 1, __ATOMIC_RELAXED));
    return filesystem;
}

void filesystem_get(struct vfs_filesystem *filesystem)
{
    __atomic_fetch_add(&filesystem->references, 1, __ATOMIC_RELAXED);
}

void filesystem_put(struct vfs_filesystem *filesystem)
{
    if (__atomic_sub_fetch(&filesystem->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    if (filesystem->type->release != NULL)
        filesystem->type->release(filesystem);
    entry_put(filesystem->root);
    kernel_free(filesystem);
}

/* ---- mounts ---- */

static struct vfs_mount *mount_create(struct vfs_filesystem *filesystem, struct vfs_entry *root,
                                      const char *source, unsigned flags)
{
    struct vfs_mount *mount = kernel_alloc_zeroed(sizeof *mount);

    if (mount == NULL)
        return NULL;
    mount->references = 1;
    /* As on Linux, times of access are kept loosely unless the mount says otherwise. */
    mount->flags =
        flags & (MS_NOATIME | MS_STRICTATIME) ? flags & ~MS_STRICTATIME : flags | MS_RELATIME;
    mount->filesystem = filesystem;
    filesystem_get(filesystem);
    mount->root = root;
    if (root != NULL)
        entry_get(root);
    list_init(&mount->node);
    mount->number = __atomic_fetch_add(&next_mount_number, 1, __ATOMIC_RELAXED);
    strlcpy(mount->source, source, sizeof mount->source);
    return mount;
}

struct vfs_mount *mount_internal(struct vfs_filesystem *filesystem)
{
    return mount_create(filesystem, filesystem->root, filesystem->type->name, 0);
}

void mount_get(struct vfs_mount *mount)
{
    __atomic_fetch_add(&mount->references, 1, __ATOMIC_RELAXED);
}

void mount_put(struct vfs_mount *mount)
{
    while (mount != NULL && __atomic_sub_fetch(&mount->references, 1, __ATOMIC_ACQ_REL) == 0) {
        struct vfs_path on = mount->on;

        entry_put(mount->root);
        filesystem_put(mount->filesystem);
        kernel_free(mount);
        entry_put(on.entry);
        mount = on.mount;
    }
}

/* tree_lock is held: can the mount be reached from the root? */
static bool mount_in_tree_locked(const struct vfs_mount *mount)
{
    return !list_empty(&mount->node);
}

/* Takes over the caller's reference of the mount. -ENOENT: the directory is gone; -EINVAL: it lies
 * in a mount that has left the tree, which nothing could ever unmount. */
static int mount_attach(struct vfs_mount *mount, const struct vfs_path *on)
{
    int error = 0;

    if (on != NULL)
        path_get(on);
    quire_spin_lock(&tree_lock);
    if (on == NULL) {
        root_mount = mount;
    } else if (on->entry->parent != on->entry && !on->entry->in_directory) {
        error = -ENOENT;
    } else if (!mount_in_tree_locked(on->mount)) {
        error = -EINVAL;
    } else {
        mount->on = *on;
        __atomic_fetch_add(&on->entry->mounts, 1, __ATOMIC_RELAXED);
    }
    if (error == 0)
        list_add_tail(&mount_list, &mount->node);
    quire_spin_unlock(&tree_lock);
    if (error != 0) {
        path_put(on);
        mount_put(mount);
    }
    return error;
}

/* tree_lock is held. The newest mount that hangs on the place, or NULL. */
static struct vfs_mount *mount_on_locked(const struct vfs_path *path)
{
    for (struct list *node = mount_list.previous; node != &mount_list; node = node->previous) {
        struct vfs_mount *mount = container_of(node, struct vfs_mount, node);

        if (mount->on.entry == path->entry && mount->on.mount == path->mount)
            return mount;
    }
    return NULL;
}

void path_cross_down(struct vfs_path *path)
{
    for (;;) {
        struct vfs_path below = *path;
        struct vfs_mount *mount;

        quire_spin_lock(&tree_lock);
        mount = mount_on_locked(path);
        if (mount != NULL) {
            path->mount = mount;
            path->entry = mount->root;
            path_get(path);
        }
        quire_spin_unlock(&tree_lock);
        if (mount == NULL)
            return;
        path_put(&below);
    }
}

bool path_cross_up(struct vfs_path *path)
{
    struct vfs_path above;

    quire_spin_lock(&tree_lock);
    above = path->mount->on;
    if (above.mount != NULL)
        path_get(&above);
    quire_spin_unlock(&tree_lock);
    if (above.mount == NULL)
        return false;
    path_put(path);
    *path = above;
    return true;
}

#define MOUNT_KEPT_FLAGS                                                                           \
    (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME |     \
     MS_STRICTATIME)

int vfs_mount_type(const char *type_name, const char *source, const struct vfs_path *on,
                   unsigned flags, const char *options)
{
    struct vfs_filesystem_type *type = filesystem_type_find(type_name);
    struct vfs_filesystem *filesystem;
    struct vfs_mount *mount;
    int error;

    if (type == NULL)
        return -ENODEV;
    if (on != NULL && !inode_is(on->entry->inode, S_IFDIR))
        return -ENOTDIR;
    error = type->mount(source, options, &filesystem);
    if (error != 0)
        return error;
    mount = mount_create(filesystem, filesystem->root, source, flags & MOUNT_KEPT_FLAGS);
    filesystem_put(filesystem);
    return mount != NULL ? mount_attach(mount, on) : -ENOMEM;
}

int vfs_mount_bind(const struct vfs_path *place, const struct vfs_path *on, unsigned flags)
{
    struct vfs_mount *mount;

    if (inode_is(place->entry->inode, S_IFDIR) != inode_is(on->entry->inode, S_IFDIR))
        return -ENOTDIR;
    mount = mount_create(place->mount->filesystem, place->entry, place->mount->source,
                         place->mount->flags | (flags & MOUNT_KEPT_FLAGS));
    return mount != NULL ? mount_attach(mount, on) : -ENOMEM;
}

/* tree_lock is held: does `mount` hang somewhere inside `inside`, or is it it? */
static bool mount_inside_locked(const struct vfs_mount *mount, const struct vfs_mount *inside)
{
    while (mount != NULL && mount != inside)
        mount = mount->on.mount;
    return mount != NULL;
}

int vfs_mount_move(const struct vfs_path *from, const struct vfs_path *on)
{
    struct vfs_mount *mount = from->mount;
    struct vfs_path old;
    int error = 0;

    if (from->entry != mount->root || mount->on.mount == NULL)
        return -EINVAL;
    path_get(on);
    quire_spin_lock(&tree_lock);
    if (!mount_in_tree_locked(mount) || !mount_in_tree_locked(on->mount))
        error = -EINVAL;
    else if (mount_inside_locked(on->mount, mount))
        error = -ELOOP;
    if (error != 0) {
        quire_spin_unlock(&tree_lock);
        path_put(on);
        return error;
    }
    old = mount->on;
    __atomic_fetch_sub(&old.entry->mounts, 1, __ATOMIC_RELAXED);
    mount->on = *on;
    __atomic_fetch_add(&on->entry->mounts, 1, __ATOMIC_RELAXED);
    list_remove(&mount->node);
    list_add_tail(&mount_list, &mount->node);
    quire_spin_unlock(&tree_lock);
    path_put(&old);
    return 0;
}

int vfs_remount(const struct vfs_path *at, unsigned flags)
{
    if (at->entry != at->mount->root)
        return -EINVAL;
    quire_spin_lock(&tree_lock);
    at->mount->flags = flags & MOUNT_KEPT_FLAGS;
    if (!(flags & (MS_NOATIME | MS_STRICTATIME)))
        at->mount->flags |= MS_RELATIME;
    quire_spin_unlock(&tree_lock);
    return 0;
}

/*
 * The mount leaves the tree with all that hangs in it: nobody finds them any more, and what is open
 * inside keeps each alive. tree_lock is held, and given up in between.
 */
static void detach_locked(struct vfs_mount *mount)
{
    struct list gone = LIST_INIT(gone);

    list_for_each_safe(node, &mount_list)
    {
        if (mount_inside_locked(container_of(node, struct vfs_mount, node), mount)) {
            list_remove(node);
            list_add_tail(&gone, node);
        }
    }
    while (!list_empty(&gone)) {
        struct vfs_mount *inside = container_of(gone.next, struct vfs_mount, node);
        struct vfs_path on = inside->on;

        inside->on = (struct vfs_path){0};
        __atomic_fetch_sub(&on.entry->mounts, 1, __ATOMIC_RELAXED);
        list_remove(&inside->node);
        quire_spin_unlock(&tree_lock);
        path_put(&on);
        mount_put(inside);
        quire_spin_lock(&tree_lock);
    }
}

/* Consumes the place. Busy while anything else lies in the mount, unless it is only to leave the
 * tree (MNT_DETACH). */
int vfs_unmount(struct vfs_path *at, unsigned flags)
{
    struct vfs_mount *mount = at->mount;
    bool at_root = at->entry == mount->root;
    int error = 0;

    if (at_root && mount->filesystem->type->sync != NULL)
        (void)mount->filesystem->type->sync(mount->filesystem, true);
    quire_spin_lock(&tree_lock);
    if (!at_root || !mount_in_tree_locked(mount) || mount->on.mount == NULL) {
        error = -EINVAL;
    } else if (!(flags & MNT_DETACH)) {
        if (__atomic_load_n(&mount->references, __ATOMIC_RELAXED) > 2)
            error = -EBUSY; /* others than the tree and this place */
        list_for_each(node, &mount_list)
        {
            if (container_of(node, struct vfs_mount, node)->on.mount == mount)
                error = -EBUSY;
        }
    }
    if (error == 0)
        detach_locked(mount);
    quire_spin_unlock(&tree_lock);
    path_put(at);
    return error;
}

/* The n-th file system that is mounted, with a reference; NULL: there are fewer mounts. */
static struct vfs_filesystem *filesystem_at(size_t n)
{
    struct vfs_filesystem *found = NULL;

    quire_spin_lock(&tree_lock);
    list_for_each(node, &mount_list)
    {
        if (n-- == 0) {
            found = container_of(node, struct vfs_mount, node)->filesystem;
            filesystem_get(found);
            break;
        }
    }
    quire_spin_unlock(&tree_lock);
    return found;
}

int vfs_sync_all(bool wait)
{
    struct vfs_filesystem *filesystem;
    int result = 0;

    for (size_t n = 0; (filesystem = filesystem_at(n)) != NULL; n++) {
        if (filesystem->type->sync != NULL) {
            int error = filesystem->type->sync(filesystem, wait);

            result = result != 0 ? result : error;
        }
        filesystem_put(filesystem);
    }
    return result;
}

/* ---- root and current directory ---- */

struct fs_context *fs_context_create(void)
{
    struct fs_context *context = kernel_alloc_zeroed(sizeof *context);

    if (context == NULL)
        return NULL;
    context->references = 1;
    quire_spin_init(&context->lock);
    context->umask = 022;
    context->root = (struct vfs_path){.mount = root_mount, .entry = root_mount->root};
    path_get(&context->root);
    path_cross_down(&context->root);
    context->directory = context->root;
    path_get(&context->directory);
    return context;
}

void fs_context_root(struct fs_context *context, struct vfs_path *out)
{
    if (context == NULL) { /* a kernel thread: the whole tree */
        *out = (struct vfs_path){.mount = root_mount, .entry = root_mount->root};
        path_get(out);
        path_cross_down(out);
        return;
    }
    quire_spin_lock(&context->lock);
    *out = context->root;
    path_get(out);
    quire_spin_unlock(&context->lock);
}

void fs_context_directory(struct fs_context *context, struct vfs_path *out)
{
    if (context == NULL) {
        fs_context_root(context, out);
        return;
    }
    quire_spin_lock(&context->lock);
    *out = context->directory;
    path_get(out);
    quire_spin_unlock(&context->lock);
}

struct fs_context *fs_context_clone(struct fs_context *from)
{
    struct fs_context *context = kernel_alloc_zeroed(sizeof *context);

    if (context == NULL)
        return NULL;
    context->references = 1;
    quire_spin_init(&context->lock);
    context->umask = from ? from->umask : 022;
    fs_context_root(from, &context->root);
    fs_context_directory(from, &context->directory);
    return context;
}

void fs_context_get(struct fs_context *context)
{
    __atomic_fetch_add(&context->references, 1, __ATOMIC_RELAXED);
}

void fs_context_put(struct fs_context *context)
{
    if (context == NULL || __atomic_sub_fetch(&context->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    path_put(&context->root);
    path_put(&context->directory);
    kernel_free(context);
}

void fs_context_set(struct fs_context *context, const struct vfs_path *root,
                    const struct vfs_path *directory)
{
    struct vfs_path old_root = {0}, old_directory = {0};

    quire_spin_lock(&context->lock);
    if (root != NULL) {
        old_root = context->root;
        context->root = *root;
    }
    if (directory != NULL) {
        old_directory = context->directory;
        context->directory = *directory;
    }
    quire_spin_unlock(&context->lock);
    path_put(&old_root);
    path_put(&old_directory);
}

int fs_context_change_directory(struct fs_context *context, const char *name)
{
    struct vfs_path path;
    int error = path_lookup(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

    if (error == 0)
        fs_context_set(context, NULL, &path);
    return error;
}
