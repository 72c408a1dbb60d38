/*
 * Open directories.
 *
 * A listing gives ".", "..", then the names in the order of their place: newest first. The place of
 * a name never changes, so a position stays good while names come and go: every name that is there
 * all the time is given exactly once. An open directory keeps a cursor in the list, an entry
 * without an inode, so that going on costs nothing; after a seek the list is searched from its
 * start.
 */
#include "fs/vfs.h"

#include "core/memory.h"
#include "linux/errno.h"

bool directory_list_dots(struct file *file, struct directory_sink *sink)
{
    struct vfs_inode *inode = file->inode;

    if (file->position == 0) {
        if (!sink->name(sink, ".", 1, inode->number, DT_OF_MODE(S_IFDIR), 1))
            return false;
        file->position = 1;
    }
    if (file->position == 1) {
        uint64_t parent;

        quire_spin_lock(&tree_lock);
        parent = file->path.entry->parent->inode->number;
        quire_spin_unlock(&tree_lock);
        if (!sink->name(sink, "..", 2, parent, DT_OF_MODE(S_IFDIR), DIRECTORY_FIRST_PLACE))
            return false;
        file->position = DIRECTORY_FIRST_PLACE;
    }
    return true;
}

static struct list *find_place(struct vfs_directory *directory, const struct vfs_entry *cursor,
                               uint64_t position)
{
    if (cursor != NULL && !list_empty((struct list *)&cursor->sibling) && cursor->place == position)
        return cursor->sibling.next;
    list_for_each(node, &directory->names)
    {
        struct vfs_entry *entry = container_of(node, struct vfs_entry, sibling);

        if (entry->inode != NULL && entry->place >= position)
            return node;
    }
    return &directory->names;
}

static void list_table(struct file *file, struct directory_sink *sink)
{
    struct vfs_inode *inode = file->inode;
    struct vfs_directory *directory = &inode->directory;
    struct vfs_entry *cursor = file->data;
    struct list *at;

    if (cursor == NULL) {
        cursor = kernel_alloc_zeroed(sizeof *cursor);
        if (cursor != NULL)
            list_init(&cursor->sibling);
        file->data = cursor;
    }
    quire_spin_lock(&inode->lock);
    at = find_place(directory, cursor, file->position);
    while (at != &directory->names) {
        struct vfs_entry *entry = container_of(at, struct vfs_entry, sibling);

        if (entry->inode != NULL) {
            if (!sink->name(sink, entry->name, entry->length, entry->inode->number,
                            DT_OF_MODE(entry->inode->mode), entry->place + 1))
                break;
            file->position = entry->place + 1;
        }
        at = at->next;
    }
    if (cursor != NULL && at != &cursor->sibling) {
        list_remove(&cursor->sibling);
        list_add_tail(at, &cursor->sibling);
        cursor->place = file->position;
    }
    quire_spin_unlock(&inode->lock);
}

static int directory_list(struct file *file, struct directory_sink *sink)
{
    struct vfs_inode *inode = file->inode;

    if (!inode_is(inode, S_IFDIR))
        return -ENOTDIR;
    if (file->path.entry->parent != file->path.entry && inode->links == 0)
        return -ENOENT; /* removed: not even its dots are there */
    if (!directory_list_dots(file, sink))
        return 0;
    if (inode->operations->list != NULL)
        return inode->operations->list(inode, file, sink);
    list_table(file, sink);
    if (!(file->flags & O_NOATIME) && inode->accessed <= inode->modified)
        inode->accessed = vfs_now();
    return 0;
}

static long directory_read(struct file *file, struct transfer *to, uint64_t *position)
{
    (void)file, (void)to, (void)position;
    return -EISDIR;
}

static int64_t directory_seek(struct file *file, int64_t offset, int whence)
{
    if (whence == SEEK_CUR)
        offset += (int64_t)file->position;
    else if (whence != SEEK_SET)
        return -EINVAL;
    if (offset < 0)
        return -EINVAL;
    file->position = (uint64_t)offset;
    return offset;
}

static void directory_release(struct file *file)
{
    struct vfs_entry *cursor = file->data;

    if (cursor == NULL)
        return;
    quire_spin_lock(&file->inode->lock);
    list_remove(&cursor->sibling);
    quire_spin_unlock(&file->inode->lock);
    kernel_free(cursor);
}

const struct file_operations directory_operations = {
    .read = directory_read,
    .seek = directory_seek,
    .list = directory_list,
    .release = directory_release,
};
