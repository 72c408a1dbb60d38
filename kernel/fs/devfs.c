/*
 * Device nodes: drivers by number, and devtmpfs, the one tree in which every driver's name appears
 * by itself.
 */
#include "fs/vfs.h"

#include "block/block.h"
#include "core/memory.h"
#include "core/string.h"
#include "linux/errno.h"

struct registered_driver {
    struct device_driver driver;
    struct registered_driver *next;
};

static struct quire_spinlock drivers_lock;
static struct registered_driver *drivers; /* (drivers_lock) newest first; never removed */
static struct vfs_filesystem *devfs;      /* the only instance */

static bool drives(const struct device_driver *driver, uint64_t device)
{
    unsigned minor = driver->minor == DEVICE_ANY_MINOR ? device_minor(device) : driver->minor;

    return device_number(driver->major, minor) == device;
}

static const struct device_driver *driver_find(uint64_t device)
{
    struct registered_driver *at;

    quire_spin_lock(&drivers_lock);
    at = drivers;
    while (at != NULL && !drives(&at->driver, device))
        at = at->next;
    quire_spin_unlock(&drivers_lock);
    return at != NULL ? &at->driver : NULL;
}

int device_open(struct vfs_inode *inode, struct file *file)
{
    const struct device_driver *driver;

    if (inode_is(inode, S_IFBLK)) {
        struct block_device *block = block_find(inode->device);

        return block != NULL ? block_open(block, file) : -ENXIO;
    }
    driver = driver_find(inode->device);
    if (driver == NULL)
        return -ENXIO;
    file->data = driver->data;
    return driver->open(file);
}

static int devfs_mount(const char *source, const char *options, struct vfs_filesystem **out)
{
    (void)source, (void)options;
    filesystem_get(devfs);
    *out = devfs;
    return 0;
}

static struct vfs_filesystem_type devfs_type;

static int devfs_create(void)
{
    int error;

    if (devfs != NULL)
        return 0;
    tmpfs_init();
    error = tmpfs_type.mount("devtmpfs", "mode=755", &devfs);
    if (error != 0)
        return error;
    devfs_type = tmpfs_type;
    devfs_type.name = "devtmpfs";
    devfs_type.mount = devfs_mount;
    devfs_type.next = NULL;
    devfs->type = &devfs_type;
    filesystem_register(&devfs_type);
    return 0;
}

/* The directory of "a/b/name", made as needed, and the last name. */
static int devfs_walk(const char **name, struct vfs_entry **out)
{
    struct vfs_entry *at = devfs->root;
    const struct vfs_node node = {.mode = S_IFDIR | 0755};

    entry_get(at);
    for (;;) {
        const char *slash = strchr(*name, '/');
        struct vfs_entry *next;
        size_t length;
        int error = 0;

        if (slash == NULL)
            break;
        length = (size_t)(slash - *name);
        next = directory_find(at, *name, length);
        if (next == NULL)
            error = tmpfs_make(at, *name, length, &node, &next);
        entry_put(at);
        if (error != 0)
            return error;
        at = next;
        *name = slash + 1;
    }
    *out = at;
    return 0;
}

int devfs_make(const char *name, const struct vfs_node *node)
{
    struct vfs_entry *directory, *existing;
    int error = devfs_create();

    if (error == 0)
        error = devfs_walk(&name, &directory);
    if (error != 0)
        return error;
    existing = directory_find(directory, name, strlen(name));
    if (existing != NULL) {
        entry_put(existing);
        error = -EEXIST;
    } else {
        error = tmpfs_make(directory, name, strlen(name), node, NULL);
    }
    entry_put(directory);
    return error;
}

int devfs_remove(const char *name)
{
    struct vfs_entry *directory, *entry;
    int error = devfs_walk(&name, &directory);

    if (error != 0)
        return error;
    mutex_lock(&directory->inode->mutex);
    entry = directory_find(directory, name, strlen(name));
    error = entry == NULL ? -ENOENT : directory->inode->operations->remove(directory, entry);
    mutex_unlock(&directory->inode->mutex);
    if (entry != NULL)
        entry_put(entry);
    entry_put(directory);
    return error;
}

int devfs_add(const struct device_driver *driver)
{
    struct registered_driver *added = kernel_alloc_zeroed(sizeof *added);
    struct vfs_node node = {.mode = S_IFCHR | (driver->mode & S_PERMISSIONS),
                            .device = device_number(driver->major, driver->minor)};

    if (added == NULL)
        return -ENOMEM;
    added->driver = *driver;
    quire_spin_lock(&drivers_lock);
    added->next = drivers;
    drivers = added;
    quire_spin_unlock(&drivers_lock);
    return driver->minor == DEVICE_ANY_MINOR ? 0 : devfs_make(driver->name, &node);
}
