/*
 * Inodes, entries and the tables of directories; open files.
 *
 * What is where: path.c walks names, open.c opens, namespace.c changes names, mount.c hangs trees
 * on each other, file_table.c keeps descriptors; tmpfs.c, devfs.c and procfs*.c are the file
 * systems; regular.c moves the content of files.
 *
 * The end of an inode. Names and open files hold references. The last put of a regular file gives
 * back its object; its memory goes when the object is released, which a mapping may delay. Nothing
 * but reports reads such an inode.
 */
#include "fs/vfs.h"

#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"
#include "proc/process.h"
#include "x86/time.h"
#include "x86/usercopy.h"

#include <quire/area.h>
#include <quire/grace.h>

struct quire_spinlock tree_lock;
struct mutex rename_mutex;

/* ---- inodes ---- */

uint64_t vfs_now(void)
{
    return clock_realtime_ns();
}

void inode_touch(struct vfs_inode *inode, bool modified, bool changed)
{
    uint64_t now = vfs_now();

    if (modified)
        inode->modified = now;
    if (changed)
        inode->changed = now;
}

struct vfs_inode *inode_create(struct vfs_filesystem *filesystem, uint32_t mode)
{
    struct vfs_inode *inode = kernel_alloc_zeroed(sizeof *inode);

    if (inode == NULL)
        return NULL;
    inode->references = 1;
    inode->mode = mode;
    inode->filesystem = filesystem;
    inode->filesystem_device = filesystem->device;
    inode->number = __atomic_add_fetch(&filesystem->next_inode, 1, __ATOMIC_RELAXED);
    inode->accessed = inode->modified = inode->changed = inode->born = vfs_now();
    quire_spin_init(&inode->lock);
    mutex_init(&inode->mutex);
    list_init(&inode->entries);
    if (inode_is(inode, S_IFDIR)) {
        list_init(&inode->directory.names);
        /* The one after it is an offset in directories, for which some programs have a signed word.
         */
        inode->directory.next_place = sizeof(long) == 8 ? 1ull << 40 : INT32_MAX - 1;
    }
    return inode;
}

static void inode_free(struct vfs_inode *inode)
{
    if (inode->operations != NULL && inode->operations->release != NULL)
        inode->operations->release(inode);
    if (inode_is(inode, S_IFDIR))
        table_free(inode->directory.table, inode->directory.table_size * sizeof(void *));
    else if (inode_is(inode, S_IFLNK))
        kernel_free(inode->target);
    file_locks_free(inode);
    kernel_free(inode->deleted_name);
    kernel_free(inode);
}

/* The object of a regular file is gone: no region maps it any more. */
void inode_object_released(struct quire_object *object)
{
    inode_free(object->owner);
}

const struct quire_pager inode_pager = {.release = inode_object_released};

void inode_get(struct vfs_inode *inode)
{
    __atomic_fetch_add(&inode->references, 1, __ATOMIC_RELAXED);
}

void inode_put(struct vfs_inode *inode)
{
    if (inode == NULL || __atomic_sub_fetch(&inode->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    if (inode_is(inode, S_IFREG) && inode->object != NULL) {
        regular_count(inode, 0); /* the file system may be gone when the last mapping goes */
        quire_object_put(inode->object);
    } else {
        inode_free(inode);
    }
}

bool inode_owned(const struct vfs_inode *inode)
{
    const struct credentials *who = &current_process()->credentials;

    return who->fsuid == 0 || who->fsuid == inode->uid;
}

static bool in_group(const struct credentials *who, uint32_t gid, bool real)
{
    if ((real ? who->gid : who->fsgid) == gid)
        return true;
    for (uint32_t i = 0; i < who->group_count; i++)
        if (who->groups[i] == gid)
            return true;
    return false;
}

int inode_permission(struct vfs_inode *inode, unsigned wanted, bool real)
{
    const struct credentials *who = &current_process()->credentials;
    uint32_t uid = real ? who->uid : who->fsuid;
    uint32_t mode = inode->mode;

    if (inode->operations != NULL && inode->operations->permission != NULL) {
        int answer = inode->operations->permission(inode);

        if (answer <= 0)
            return answer;
    }
    if (uid == 0) { /* everything, but what nobody may execute is no program */
        if ((wanted & MAY_EXECUTE) && !inode_is(inode, S_IFDIR) && (mode & 0111) == 0)
            return -EACCES;
        return 0;
    }
    if (uid == inode->uid)
        mode >>= 6;
    else if (in_group(who, inode->gid, real))
        mode >>= 3;
    return (wanted & ~mode & 7) ? -EACCES : 0;
}

/* ---- entries ---- */

uint32_t name_hash(const char *name, size_t length)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return hash ^ (hash >> 15);
}

struct vfs_entry *entry_create(struct vfs_entry *parent, const char *name, size_t length,
                               struct vfs_inode *inode)
{
    struct vfs_entry *entry = kernel_alloc_zeroed(sizeof *entry);

    if (entry == NULL)
        return NULL;
    entry->name = entry->short_name;
    if (length >= sizeof entry->short_name) {
        entry->name = kernel_alloc(length + 1);
        if (entry->name == NULL) {
            kernel_free(entry);
            return NULL;
        }
    }
    memcpy(entry->name, name, length);
    entry->name[length] = 0;
    entry->length = (uint16_t)length;
    entry->hash = name_hash(name, length);
    entry->references = 1;
    entry->parent = entry;
    if (parent != NULL) {
        entry_get(parent);
        entry->parent = parent;
    }
    list_init(&entry->sibling);
    inode_get(inode);
    entry->inode = inode;
    quire_spin_lock(&inode->lock);
    list_add_tail(&inode->entries, &entry->alias);
    quire_spin_unlock(&inode->lock);
    return entry;
}

void entry_get(struct vfs_entry *entry)
{
    __atomic_fetch_add(&entry->references, 1, __ATOMIC_RELAXED);
}

void entry_put(struct vfs_entry *entry)
{
    while (entry != NULL && __atomic_sub_fetch(&entry->references, 1, __ATOMIC_ACQ_REL) == 0) {
        struct vfs_entry *parent = entry->parent != entry ? entry->parent : NULL;
        struct vfs_inode *inode = entry->inode;

        quire_spin_lock(&inode->lock);
        list_remove(&entry->alias);
        quire_spin_unlock(&inode->lock);
        inode_put(inode);
        if (entry->name != entry->short_name)
            kernel_free(entry->name);
        kernel_free(entry);
        entry = parent;
    }
}

size_t entry_name_copy(const struct vfs_entry *entry, char name[VFS_NAME_MAX + 1],
                       struct vfs_entry **parent)
{
    size_t length;

    quire_spin_lock(&tree_lock);
    length = entry->length;
    memcpy(name, entry->name, length + 1);
    if (parent != NULL) {
        *parent = entry->parent;
        entry_get(*parent);
    }
    quire_spin_unlock(&tree_lock);
    return length;
}

bool entry_inside(const struct vfs_entry *entry, const struct vfs_inode *directory)
{
    bool found;

    quire_spin_lock(&tree_lock);
    while (!(found = entry->inode == directory) && entry->parent != entry)
        entry = entry->parent;
    quire_spin_unlock(&tree_lock);
    return found;
}

void path_get(const struct vfs_path *path)
{
    mount_get(path->mount);
    entry_get(path->entry);
}

void path_put(const struct vfs_path *path)
{
    if (path->entry == NULL)
        return;
    entry_put(path->entry);
    mount_put(path->mount);
}

/* ---- large tables ---- */

#define HEAP_TABLE_LIMIT (256 * 1024)

/* Contiguous memory may have become rare, or the frame manager may not join it: then in pages. */
void *table_alloc(size_t size)
{
    void *table = NULL;

    if (size <= HEAP_TABLE_LIMIT)
        table = quire_heap_alloc_zeroed(&kernel_machine, size);
    if (table == NULL && size > PAGE_SIZE)
        table = quire_area_alloc(&kernel_machine, size, "table");
    return table;
}

void table_free(void *table, size_t size)
{
    quire_virt at = (quire_virt)table;

    (void)size;
    if (at >= kernel_machine.area.start && at < kernel_machine.area.end)
        (void)quire_area_free(&kernel_machine, table);
    else
        kernel_free(table);
}

/* ---- the table of a directory ---- */

#define DIRECTORY_LIST_LIMIT 8 /* up to so many names a list is searched */

static void table_insert(struct vfs_directory *directory, struct vfs_entry *entry)
{
    struct vfs_entry **chain = &directory->table[entry->hash & (directory->table_size - 1)];

    entry->chain = *chain;
    *chain = entry;
}

/* Doubles the table. Without memory chains grow longer, or the list is searched: nothing is lost.
 */
static void table_grow(struct vfs_directory *directory)
{
    uint32_t size = directory->table != NULL ? directory->table_size * 2 : 32;
    struct vfs_entry **table = table_alloc(size * sizeof(void *));

    if (table == NULL)
        return;
    table_free(directory->table, directory->table_size * sizeof(void *));
    directory->table = table;
    directory->table_size = size;
    list_for_each(node, &directory->names)
    {
        struct vfs_entry *entry = container_of(node, struct vfs_entry, sibling);

        if (entry->inode != NULL)
            table_insert(directory, entry);
    }
}

void directory_insert(struct vfs_entry *parent, struct vfs_entry *entry)
{
    struct vfs_directory *directory = &parent->inode->directory;

    entry_get(entry);
    quire_spin_lock(&parent->inode->lock);
    entry->place = directory->next_place--;
    entry->in_directory = true;
    directory->count++;
    if (directory->table != NULL)
        table_insert(directory, entry);
    list_add_head(&directory->names, &entry->sibling);
    if (directory->count >
        (directory->table != NULL ? directory->table_size : DIRECTORY_LIST_LIMIT))
        table_grow(directory);
    quire_spin_unlock(&parent->inode->lock);
}

void directory_remove(struct vfs_entry *parent, struct vfs_entry *entry)
{
    struct vfs_directory *directory = &parent->inode->directory;

    quire_spin_lock(&parent->inode->lock);
    if (directory->table != NULL) {
        struct vfs_entry **link = &directory->table[entry->hash & (directory->table_size - 1)];

        while (*link != entry)
            link = &(*link)->chain;
        *link = entry->chain;
    }
    list_remove(&entry->sibling);
    entry->in_directory = false;
    directory->count--;
    quire_spin_unlock(&parent->inode->lock);
    entry_put(entry);
}

bool directory_forget(struct vfs_entry *parent, struct vfs_entry *entry)
{
    bool unused;

    quire_spin_lock(&parent->inode->lock); /* whoever finds it takes a reference under this */
    unused = __atomic_load_n(&entry->references, __ATOMIC_ACQUIRE) == 1 && entry->in_directory;
    if (unused)
        entry_get(entry);
    quire_spin_unlock(&parent->inode->lock);
    if (!unused)
        return false;
    directory_remove(parent, entry);
    entry_put(entry);
    return true;
}

static bool entry_is(const struct vfs_entry *entry, uint32_t hash, const char *name, size_t length)
{
    return entry->hash == hash && entry->length == length && entry->inode != NULL &&
           memcmp(entry->name, name, length) == 0;
}

struct vfs_entry *directory_find(struct vfs_entry *parent, const char *name, size_t length)
{
    struct vfs_directory *directory = &parent->inode->directory;
    struct vfs_entry *found = NULL;
    uint32_t hash = name_hash(name, length);

    quire_spin_lock(&parent->inode->lock);
    if (directory->table != NULL) {
        found = directory->table[hash & (directory->table_size - 1)];
        while (found != NULL && !entry_is(found, hash, name, length))
            found = found->chain;
    } else {
        list_for_each(node, &directory->names)
        {
            struct vfs_entry *entry = container_of(node, struct vfs_entry, sibling);

            if (entry_is(entry, hash, name, length)) {
                found = entry;
                break;
            }
        }
    }
    if (found != NULL)
        entry_get(found);
    quire_spin_unlock(&parent->inode->lock);
    return found;
}

/* name_copy: heap memory, or NULL when the name fits in the entry. */
void entry_move(struct vfs_entry *from, struct vfs_entry *entry, struct vfs_entry *to,
                const char *name, size_t length, char *name_copy)
{
    char *old_name = NULL;

    entry_get(entry);
    directory_remove(from, entry);
    quire_spin_lock(&tree_lock);
    if (entry->name != entry->short_name)
        old_name = entry->name;
    entry->name = name_copy != NULL ? name_copy : entry->short_name;
    memcpy(entry->name, name, length);
    entry->name[length] = 0;
    entry->length = (uint16_t)length;
    entry->hash = name_hash(name, length);
    if (from != to) {
        entry_get(to);
        entry->parent = to;
    }
    quire_spin_unlock(&tree_lock);
    if (from != to)
        entry_put(from);
    directory_insert(to, entry);
    entry_put(entry);
    kernel_free(old_name);
}

int entry_name_room(const struct vfs_entry *entry, size_t length, char **out)
{
    *out = NULL;
    if (length < sizeof entry->short_name)
        return 0;
    *out = kernel_alloc(length + 1);
    return *out != NULL ? 0 : -ENOMEM;
}

bool directory_empty(struct vfs_inode *directory)
{
    return __atomic_load_n(&directory->directory.count, __ATOMIC_RELAXED) == 0;
}

/* ---- open files ---- */

struct file *file_create(const struct file_operations *operations, void *data, unsigned flags)
{
    static uint32_t last_number;
    struct file *file = kernel_alloc_zeroed(sizeof *file);

    if (file == NULL)
        return NULL;
    file->references = 1;
    file->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
    file->operations = operations;
    file->data = data;
    file->flags = flags;
    mutex_init(&file->lock);
    list_init(&file->watchers);
    return file;
}

void file_get(struct file *file)
{
    __atomic_fetch_add(&file->references, 1, __ATOMIC_RELAXED);
}

static void file_free(struct quire *q, struct quire_deferred *node)
{
    quire_heap_free(q, (char *)node - offsetof(struct file, deferred));
}

void file_put(struct file *file)
{
    struct vfs_inode *inode = file->inode;

    if (__atomic_sub_fetch(&file->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    if (!list_empty(&file->watchers))
        epoll_file_closed(file);
    if (inode != NULL && inode->locks != NULL)
        file_locks_closed(file);
    if (file->operations->release != NULL)
        file->operations->release(file);
    if (inode != NULL) {
        quire_spin_lock(&inode->lock);
        if ((file->flags & O_ACCMODE) != O_RDONLY && !(file->flags & O_PATH))
            inode->writers--;
        if (file->deny_write)
            inode->deny_write--;
        quire_spin_unlock(&inode->lock);
    }
    inode_put(inode); /* before the path: with the mount the file system may go */
    path_put(&file->path);
    /* A lookup in a descriptor table may still be about to find that the count is 0. */
    quire_defer(&kernel_machine, &file->deferred, file_free);
}

uint64_t *file_position_lock(struct file *file)
{
    if (file->operations->seek == NULL)
        return NULL;
    mutex_lock(&file->lock);
    return &file->position;
}

void file_position_unlock(struct file *file)
{
    if (file->operations->seek != NULL)
        mutex_unlock(&file->lock);
}

long file_read(struct file *file, void *buffer, size_t length, uint64_t *position)
{
    struct transfer to = transfer_kernel(buffer, length);
    long result;

    if (file->operations->read == NULL)
        return -EINVAL;
    if (position != NULL)
        return file->operations->read(file, &to, position);
    position = file_position_lock(file);
    result = file->operations->read(file, &to, position);
    file_position_unlock(file);
    return result;
}

long file_write(struct file *file, const void *buffer, size_t length, uint64_t *position)
{
    struct transfer from = transfer_kernel((void *)(uintptr_t)buffer, length);
    long result;

    if (file->operations->write == NULL)
        return -EINVAL;
    if (position != NULL)
        return file->operations->write(file, &from, position);
    position = file_position_lock(file);
    result = file->operations->write(file, &from, position);
    file_position_unlock(file);
    return result;
}
