/*
 * From names to places, and back.
 *
 * A walk holds one place (mount and entry, with references) and the rest of the text. Each name is
 * looked up in the current directory; mounts on what was found are crossed. A symbolic link's text
 * becomes the rest, and what was left is kept on a stack until it ends: no recursion, at most
 * VFS_LINK_MAX links in one walk (ELOOP). `..` stops at the process's root, and climbs from the
 * root of a mount to where it hangs.
 *
 * Locks: a directory's spinlock inside directory_find; tree_lock for `..` and for crossing mounts.
 * Nothing is held when a file system's lookup, read_link or follow is called.
 */
#include "fs/vfs.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/process.h"
#include "x86/usercopy.h"

struct walk {
    struct vfs_path at;   /* where we are; with references */
    struct vfs_path root; /* `..` and absolute links stop here; with references */
    const char *rest;     /* what is still to be walked */
    unsigned flags;
    unsigned links; /* followed so far */
    unsigned depth; /* of the stack below */
    struct {
        const char *rest; /* goes on here when the link's text has ended */
        char *text;       /* heap */
    } link[VFS_LINK_MAX];
};

/* ---- paths of users ---- */

int user_name_get(struct user_name *name, const void *user_text, bool empty_ok)
{
    long length = strncpy_from_user(name->short_text, user_text, sizeof name->short_text);

    name->text = name->short_text;
    if (length == (long)sizeof name->short_text) {
        name->text = kernel_alloc(VFS_PATH_MAX);
        if (name->text == NULL)
            return -ENOMEM;
        length = strncpy_from_user(name->text, user_text, VFS_PATH_MAX);
    }
    if (length < 0 || length == VFS_PATH_MAX || (length == 0 && !empty_ok)) {
        user_name_done(name);
        return length < 0 ? -EFAULT : length == 0 ? -ENOENT : -ENAMETOOLONG;
    }
    return 0;
}

void user_name_done(struct user_name *name)
{
    if (name->text != name->short_text)
        kernel_free(name->text);
}

/* ---- one step ---- */

/* Search permission: an open x bit for all, the usual case, is decided without looking at who asks.
 */
static int may_search(struct vfs_inode *directory)
{
    if ((directory->mode & 0111) == 0111)
        return 0;
    return inode_permission(directory, MAY_EXECUTE, false);
}

int entry_lookup(struct vfs_entry *directory, const char *name, size_t length,
                 struct vfs_entry **out)
{
    const struct vfs_inode_operations *operations = directory->inode->operations;

    *out = directory_find(directory, name, length);
    if (likely(*out != NULL))
        return 0;
    return operations->lookup != NULL ? operations->lookup(directory, name, length, out) : -ENOENT;
}

int entry_revalidate(struct vfs_entry *directory, const char *name, size_t length)
{
    const struct vfs_inode_operations *operations = directory->inode->operations;
    struct vfs_entry *entry;
    int error = 0;

    if (operations->revalidate == NULL || (entry = directory_find(directory, name, length)) == NULL)
        return 0;
    error = operations->revalidate(directory, entry);
    entry_put(entry);
    return error == -ESTALE ? 0 : error;
}

static int step_child(const struct vfs_path *directory, const char *name, size_t length,
                      unsigned flags, struct vfs_path *out)
{
    struct vfs_entry *entry;
    int error = (flags & LOOKUP_REVALIDATE) ? entry_revalidate(directory->entry, name, length) : 0;

    if (error == 0)
        error = entry_lookup(directory->entry, name, length, &entry);
    if (error != 0)
        return error;
    out->entry = entry;
    out->mount = directory->mount;
    mount_get(out->mount);
    if (unlikely(__atomic_load_n(&entry->mounts, __ATOMIC_RELAXED) != 0))
        path_cross_down(out);
    return 0;
}

int path_step(const struct vfs_path *directory, const char *name, size_t length,
              struct vfs_path *out)
{
    if (!inode_is(directory->entry->inode, S_IFDIR))
        return -ENOTDIR;
    return step_child(directory, name, length, 0, out);
}

static void walk_to(struct walk *walk, const struct vfs_path *path)
{
    path_put(&walk->at);
    walk->at = *path;
}

static bool same_place(const struct vfs_path *a, const struct vfs_path *b)
{
    return a->entry == b->entry && a->mount == b->mount;
}

static int walk_up(struct walk *walk)
{
    struct vfs_path up;

    if (same_place(&walk->at, &walk->root))
        return (walk->flags & LOOKUP_BENEATH) ? -EXDEV : 0;
    path_get(&walk->at);
    up = walk->at;
    while (up.entry == up.mount->root)
        if (!path_cross_up(&up))
            break;
        else if (walk->flags & LOOKUP_NO_MOUNTS) {
            path_put(&up);
            return -EXDEV;
        }
    if (up.entry != up.mount->root) {
        struct vfs_entry *parent;

        quire_spin_lock(&tree_lock);
        parent = up.entry->parent;
        entry_get(parent);
        quire_spin_unlock(&tree_lock);
        entry_put(up.entry);
        up.entry = parent;
        if (__atomic_load_n(&parent->mounts, __ATOMIC_RELAXED) != 0)
            path_cross_down(&up);
    }
    walk_to(walk, &up);
    return 0;
}

/* ---- links ---- */

static int push_text(struct walk *walk, char *text)
{
    if (walk->flags & LOOKUP_BENEATH && text[0] == '/') {
        kernel_free(text);
        return -EXDEV;
    }
    if (walk->depth == VFS_LINK_MAX) {
        kernel_free(text);
        return -ELOOP;
    }
    if (text[0] == '/') {
        path_get(&walk->root);
        walk_to(walk, &walk->root);
    }
    walk->link[walk->depth].rest = walk->rest;
    walk->link[walk->depth].text = text;
    walk->depth++;
    walk->rest = text;
    return 0;
}

/* The walk stands in the link's directory; `link` is consumed. */
static int walk_link(struct walk *walk, struct vfs_path *link)
{
    struct vfs_inode *inode = link->entry->inode;
    char *text = NULL;
    long length;
    int error = -ELOOP;

    if (++walk->links > VFS_LINK_MAX || (walk->flags & LOOKUP_NO_LINKS))
        goto done;
    if (inode->operations->follow != NULL) {
        struct vfs_path place;

        if (walk->flags & LOOKUP_NO_MAGIC)
            goto done;
        error = inode->operations->follow(inode, &place);
        if (error == 0)
            walk_to(walk, &place);
        goto done;
    }
    text = kernel_alloc(inode->target != NULL ? strlen(inode->target) + 1 : VFS_PATH_MAX);
    if (text == NULL) {
        error = -ENOMEM;
        goto done;
    }
    length = inode->operations->read_link(inode, text, VFS_PATH_MAX - 1);
    if (length <= 0) {
        kernel_free(text);
        error = length < 0 ? (int)length : -ENOENT;
        goto done;
    }
    text[length] = 0;
    error = push_text(walk, text);
done:
    path_put(link);
    return error;
}

/* ---- the walk ---- */

unsigned long walk_number(void)
{
    static unsigned long last;
    struct thread *thread = current_thread();

    if (thread->walk == 0)
        thread->walk = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
    return thread->walk;
}

void walk_forget(void)
{
    current_thread()->walk = 0;
}

static int walk_begin(struct walk *walk, int start, const char *name, unsigned flags)
{
    struct fs_context *context = current_thread()->fs;

    walk_forget();
    walk->flags = flags;
    walk->rest = name;
    walk->links = walk->depth = 0;
    walk->at = (struct vfs_path){0};
    fs_context_root(context, &walk->root);
    if (name[0] == '/' && !(flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT))) {
        path_get(&walk->root);
        walk->at = walk->root;
        return 0;
    }
    if (start == AT_FDCWD) {
        fs_context_directory(context, &walk->at);
    } else {
        struct file *file = file_table_find(current_thread()->files, start);

        if (file != NULL && file->path.entry != NULL) {
            walk->at = file->path;
            path_get(&walk->at);
        }
        if (file == NULL || file->path.entry == NULL) {
            path_put(&walk->root);
            if (file != NULL)
                file_put(file);
            return file == NULL ? -EBADF : -ENOTDIR;
        }
        file_put(file);
        /* "" with AT_EMPTY_PATH means the file itself, whatever it is. */
        if (name[0] != 0 && !inode_is(walk->at.entry->inode, S_IFDIR)) {
            path_put(&walk->at);
            path_put(&walk->root);
            return -ENOTDIR;
        }
    }
    if (flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT)) {
        if (name[0] == '/' && (flags & LOOKUP_BENEATH)) {
            path_put(&walk->at);
            path_put(&walk->root);
            return -EXDEV;
        }
        path_put(&walk->root);
        path_get(&walk->at);
        walk->root = walk->at;
    }
    return 0;
}

static void walk_end(struct walk *walk)
{
    while (walk->depth > 0)
        kernel_free(walk->link[--walk->depth].text);
    path_put(&walk->root);
}

/*
 * Walks on until the last name of the whole text. want_last: stops before it and leaves it in
 * *last; else walks it too. On success walk->at is the result.
 */
static int walk_names(struct walk *walk, bool want_last, struct path_last *last)
{
    for (;;) {
        const char *name;
        size_t length = 0;
        bool final, slash;
        struct vfs_path next;
        int error;

        while (*walk->rest == '/')
            walk->rest++;
        if (*walk->rest == 0) {
            if (walk->depth > 0) {
                /* Back to what was left when the link was met; its text may hold *last's name: kept
                 * there. */
                walk->depth--;
                kernel_free(walk->link[walk->depth].text);
                walk->rest = walk->link[walk->depth].rest;
                continue;
            }
            if (want_last)
                *last = (struct path_last){.name = "", .dot = true};
            return 0;
        }
        name = walk->rest;
        while (name[length] != 0 && name[length] != '/')
            length++;
        if (length > VFS_NAME_MAX)
            return -ENAMETOOLONG;
        walk->rest = name + length;

        /* Is this the last name: nothing but slashes behind it, here and in everything that waits?
         */
        slash = *walk->rest == '/';
        while (*walk->rest == '/')
            walk->rest++;
        final = *walk->rest == 0;
        for (unsigned i = walk->depth; final && i > 0; i--) {
            const char *text = walk->link[i - 1].rest;

            slash |= *text == '/';
            while (*text == '/')
                text++;
            final = *text == 0;
        }

        if (!inode_is(walk->at.entry->inode, S_IFDIR))
            return -ENOTDIR;
        error = may_search(walk->at.entry->inode);
        if (error != 0)
            return error;

        if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'))) {
            if (final && want_last) {
                *last =
                    (struct path_last){.name = name, .length = length, .slash = slash, .dot = true};
                return 0;
            }
            error = length == 2 ? walk_up(walk) : 0;
            if (error != 0)
                return error;
            continue;
        }
        if (final && want_last) {
            *last = (struct path_last){.name = name, .length = length, .slash = slash};
            return 0;
        }
        error = step_child(&walk->at, name, length, walk->flags, &next);
        if (error != 0)
            return error;
        if ((walk->flags & LOOKUP_NO_MOUNTS) && next.mount != walk->at.mount) {
            path_put(&next);
            return -EXDEV;
        }
        if (final && slash)
            walk->flags |= LOOKUP_DIRECTORY;
        if (inode_is(next.entry->inode, S_IFLNK) &&
            (!final || slash || (walk->flags & LOOKUP_FOLLOW))) {
            error = walk_link(walk, &next);
            if (error != 0)
                return error;
            continue;
        }
        walk_to(walk, &next);
    }
}

int path_lookup(int start, const char *name, unsigned flags, struct vfs_path *out)
{
    struct walk walk;
    int error;

    if (name[0] == 0 && !(flags & LOOKUP_EMPTY))
        return -ENOENT;
    error = walk_begin(&walk, start, name, flags);
    if (error != 0)
        return error;
    error = walk_names(&walk, false, NULL);
    if (error == 0 && (walk.flags & LOOKUP_DIRECTORY) && !inode_is(walk.at.entry->inode, S_IFDIR))
        error = -ENOTDIR;
    walk_end(&walk);
    if (error != 0)
        path_put(&walk.at);
    else
        *out = walk.at;
    return error;
}

/*
 * With LOOKUP_FOLLOW a last name that is a link is followed, and the place is where its text leads:
 * open(O_CREAT) makes the file a dangling link points at.
 */
int path_lookup_parent(int start, const char *name, unsigned flags, struct vfs_path *out,
                       struct path_last *last)
{
    struct walk walk;
    int error;

    if (name[0] == 0)
        return -ENOENT;
    error = walk_begin(&walk, start, name, flags);
    if (error != 0)
        return error;
    for (;;) {
        struct vfs_path next;

        error = walk_names(&walk, true, last);
        if (error != 0 || last->dot || !(flags & LOOKUP_FOLLOW))
            break;
        if (step_child(&walk.at, last->name, last->length, flags, &next) != 0)
            break; /* nothing there: to be made, or -ENOENT, by the caller */
        if (!inode_is(next.entry->inode, S_IFLNK)) {
            path_put(&next);
            break;
        }
        if (next.entry->inode->operations->follow != NULL) {
            /* A place, not a text: the caller opens the link by lookup. */
            path_put(&next);
            break;
        }
        /* walk->rest stands behind the name: go on with the link's text, then with what is left
         * (slashes). */
        error = walk_link(&walk, &next);
        if (error != 0)
            break;
    }
    if (error == 0 && !inode_is(walk.at.entry->inode, S_IFDIR))
        error = -ENOTDIR;
    last->held = NULL;
    if (error == 0 && walk.depth > 0) {
        /* The name lies in a link's text, which goes away with the walk. */
        last->held = kernel_alloc(last->length + 1);
        if (last->held == NULL) {
            error = -ENOMEM;
        } else {
            memcpy(last->held, last->name, last->length);
            last->held[last->length] = 0;
            last->name = last->held;
        }
    }
    walk_end(&walk);
    if (error != 0)
        path_put(&walk.at);
    else
        *out = walk.at;
    return error;
}

void path_last_done(struct path_last *last)
{
    kernel_free(last->held);
    last->held = NULL;
}

/* ---- from places to names ---- */

/* Writes backwards from the end of a buffer. */
struct text_back {
    char *start, *at;
    bool full;
};

static void put_back(struct text_back *text, const char *bytes, size_t n)
{
    if ((size_t)(text->at - text->start) < n) {
        text->full = true;
        return;
    }
    text->at -= n;
    memcpy(text->at, bytes, n);
}

long path_text(const struct vfs_path *path, const struct vfs_path *root, char *buffer, size_t size,
               bool mark_deleted, char **out_text)
{
    struct text_back text = {.start = buffer, .at = buffer + size};
    struct vfs_path top = {0};
    struct vfs_entry *entry = path->entry;
    struct vfs_mount *mount = path->mount;
    bool any = false, reached = true;

    if (root == NULL) {
        fs_context_root(current_thread()->fs, &top);
        root = &top;
    }
    put_back(&text, "", 1);
    quire_spin_lock(&tree_lock);
    if (mark_deleted && entry->parent != entry && !entry->in_directory)
        put_back(&text, " (deleted)", 10);
    while (!(entry == root->entry && mount == root->mount)) {
        if (entry == mount->root) {
            if (mount->on.mount == NULL) {
                reached = false;
                break;
            }
            entry = mount->on.entry;
            mount = mount->on.mount;
            continue;
        }
        if (entry->parent == entry) {
            reached = false;
            break;
        }
        put_back(&text, entry->name, entry->length);
        put_back(&text, "/", 1);
        any = true;
        entry = entry->parent;
    }
    quire_spin_unlock(&tree_lock);
    if (!any)
        put_back(&text, "/", 1);
    if (!reached &&
        !mark_deleted) /* what getcwd says; other reports name the place as far as it is known */
        put_back(&text, "(unreachable)", 13);
    path_put(&top);
    if (text.full)
        return -ENAMETOOLONG;
    *out_text = text.at;
    return buffer + size - text.at;
}

/* The mount that shows a file system's root, for names that are known without one. tree_lock is
 * held. */
static bool mount_of(struct vfs_filesystem *filesystem, struct vfs_path *out)
{
    list_for_each(node, &mount_list)
    {
        struct vfs_mount *mount = container_of(node, struct vfs_mount, node);

        if (mount->filesystem == filesystem && mount->root == filesystem->root) {
            mount_get(mount);
            out->mount = mount;
            return true;
        }
    }
    return false;
}

long inode_text(struct vfs_inode *inode, char *buffer, size_t size, char **out_text)
{
    struct vfs_entry *entry = NULL;
    struct vfs_path path;
    long length = -ENOENT;

    quire_spin_lock(&inode->lock);
    list_for_each(node, &inode->entries)
    {
        struct vfs_entry *alias = container_of(node, struct vfs_entry, alias);

        if (alias->in_directory || entry == NULL)
            entry = alias;
    }
    /* An entry whose count is 0 is on its way out and waits for this lock. */
    if (entry != NULL) {
        uint32_t count = __atomic_load_n(&entry->references, __ATOMIC_RELAXED);

        while (count != 0 &&
               !__atomic_compare_exchange_n(&entry->references, &count, count + 1, false,
                                            __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            ;
        if (count == 0)
            entry = NULL;
    }
    quire_spin_unlock(&inode->lock);
    if (entry != NULL) {
        path.entry = entry;
        quire_spin_lock(&tree_lock);
        if (!mount_of(inode->filesystem, &path))
            path.mount = NULL;
        quire_spin_unlock(&tree_lock);
        if (path.mount != NULL)
            length = path_text(&path, NULL, buffer, size, true, out_text);
        path_put(&path);
    }
    if (length < 0 && inode->deleted_name != NULL) {
        size_t n = strlen(inode->deleted_name) + 1;

        if (n > size)
            return -ENAMETOOLONG;
        memcpy(buffer, inode->deleted_name, n);
        *out_text = buffer;
        return (long)n;
    }
    return length;
}
