/*
 * What is mounted before the first program: the file systems of the kernel itself, and those that
 * /etc/fstab of the initial archive names (fstab(5); the launcher writes one for --root and
 * --mount). A line for "/" covers the archive's tree with another root; the rest then hangs in
 * that.
 *
 * A directory to hang something on that is missing is made: in a tree in memory, as usual; in any
 * other as a place that only this kernel knows, since nobody asked to change that tree.
 */
#include "fs/boot_mounts.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/panic.h"
#include "core/string.h"
#include "fs/vfs.h"

#define FSTAB_LIMIT (64 * 1024)

struct fstab_line {
    char *source, *where, *type, *options;
};

static const struct vfs_inode_operations place_operations;

/* ---- places ---- */

static int make_place(struct vfs_entry *directory, const char *name, size_t length, uint32_t mode,
                      struct vfs_entry **out)
{
    const struct vfs_node node = {.mode = S_IFDIR | mode};
    struct vfs_inode *inode;

    if (directory->inode->operations->create == tmpfs_make)
        return tmpfs_make(directory, name, length, &node, out);
    inode = inode_create(directory->inode->filesystem, node.mode);
    if (inode == NULL)
        return -ENOMEM;
    inode->operations = &place_operations;
    inode->links = 2;
    *out = entry_create(directory, name, length, inode);
    inode_put(inode);
    if (*out == NULL)
        return -ENOMEM;
    directory_insert(directory, *out);
    return 0;
}

/* Of an absolute path; directories that are missing are made, with this mode for the last one. */
static int find_place(const char *path, uint32_t mode, struct vfs_path *out)
{
    struct vfs_path at = {.mount = root_mount, .entry = root_mount->root};
    int error = 0;

    path_get(&at);
    path_cross_down(&at);
    while (error == 0) {
        struct vfs_path next = {0};
        size_t length = 0;

        while (*path == '/')
            path++;
        while (path[length] != 0 && path[length] != '/')
            length++;
        if (length == 0)
            break;
        error = path_step(&at, path, length, &next);
        if (error == -ENOENT) {
            next.mount = at.mount;
            error =
                make_place(at.entry, path, length, path[length] == 0 ? mode : 0755, &next.entry);
            if (error == 0)
                mount_get(next.mount);
        }
        if (error == 0) {
            path_put(&at);
            at = next;
        }
        path += length;
    }
    if (error == 0)
        *out = at;
    else
        path_put(&at);
    return error;
}

static int mount_at(const char *where, const char *type, const char *source, uint32_t mode,
                    unsigned flags, const char *options)
{
    struct vfs_path at;
    int error = find_place(where, mode, &at);

    if (error == 0) {
        if (type != NULL)
            error = vfs_mount_type(type, source, &at, flags, options);
        path_put(&at);
    }
    if (error != 0)
        log_error("%s: %s%scannot be mounted: error %d", where, type != NULL ? source : "",
                  type != NULL ? " " : "", -error);
    return error;
}

/* ---- fstab ---- */

static char *read_fstab(void)
{
    struct vfs_entry *etc = directory_find(root_mount->root, "etc", 3), *entry = NULL;
    char *text = NULL;
    size_t size, done;

    if (etc != NULL && inode_is(etc->inode, S_IFDIR))
        entry = directory_find(etc, "fstab", 5);
    if (entry != NULL && inode_is(entry->inode, S_IFREG)) {
        size = entry->inode->object->size < FSTAB_LIMIT ? (size_t)entry->inode->object->size
                                                        : FSTAB_LIMIT;
        text = kernel_alloc_zeroed(size + 1);
        if (text != NULL)
            (void)quire_object_read(entry->inode->object, 0, text, size, &done);
    }
    entry_put(entry);
    entry_put(etc);
    return text;
}

/* The next word of a line, in place; three octal digits behind a backslash are a character. NULL:
 * the line has ended. */
static char *next_word(char **at)
{
    char *word, *to;

    while (**at == ' ' || **at == '\t')
        ++*at;
    if (**at == 0 || **at == '#')
        return NULL;
    for (word = to = *at; **at != 0 && **at != ' ' && **at != '\t'; ++*at) {
        const char *from = *at;

        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
            from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
            *to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            *at += 3;
        } else {
            *to++ = *from;
        }
    }
    if (**at != 0)
        ++*at;
    *to = 0;
    return word;
}

/* The text behind this line; NULL: there is none. The line itself is ended with 0. */
static char *cut_line(char *line)
{
    char *end = strchr(line, '\n');

    if (end == NULL)
        return NULL;
    *end = 0;
    return end + 1;
}

static bool parse_line(char *text, struct fstab_line *out)
{
    out->source = next_word(&text);
    out->where = out->source != NULL ? next_word(&text) : NULL;
    out->type = out->where != NULL ? next_word(&text) : NULL;
    out->options = out->type != NULL ? next_word(&text) : NULL;
    return out->type != NULL && out->where[0] == '/';
}

/* Takes the words that are flags of mounts; the rest is the file system's, which ignores them. */
static unsigned mount_flags(const char *options)
{
    static const struct {
        const char *name;
        unsigned flag;
    } known[] = {{"ro", MS_RDONLY},
                 {"nosuid", MS_NOSUID},
                 {"nodev", MS_NODEV},
                 {"noexec", MS_NOEXEC},
                 {"noatime", MS_NOATIME}};
    unsigned flags = 0;

    while (options != NULL && *options != 0) {
        size_t length = 0;

        while (options[length] != 0 && options[length] != ',')
            length++;
        for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
            if (strlen(known[i].name) == length && strncmp(options, known[i].name, length) == 0)
                flags |= known[i].flag;
        options += length + (options[length] == ',');
    }
    return flags;
}

/* The lines for the root, or all others. */
static void mount_lines(const char *fstab, bool root)
{
    size_t size = strlen(fstab) + 1;
    char *copy = kernel_alloc(size), *line, *rest;
    struct fstab_line mount;

    if (copy == NULL)
        panic("no memory for /etc/fstab");
    memcpy(copy, fstab, size);
    for (line = copy; line != NULL; line = rest) {
        int error;

        rest = cut_line(line);
        if (!parse_line(line, &mount) || (strcmp(mount.where, "/") == 0) != root)
            continue;
        error = mount_at(mount.where, mount.type, mount.source, 0755, mount_flags(mount.options),
                         mount.options);
        if (error != 0 && root)
            panic("the root %s cannot be mounted: error %d", mount.source, -error);
    }
    kernel_free(copy);
}

void boot_mounts(void)
{
    char *fstab = read_fstab();

    if (fstab != NULL)
        mount_lines(fstab, true);
    (void)mount_at("/dev", "devtmpfs", "devtmpfs", 0755, 0, NULL);
    (void)mount_at("/proc", "proc", "proc", 0555, 0, NULL);
    (void)mount_at("/sys", "sysfs", "sysfs", 0555, 0, NULL);
    (void)mount_at("/tmp", NULL, NULL, 01777, 0, NULL);
    /* Shared memory of POSIX has a file system of its own, as everywhere. */
    (void)mount_at("/dev/shm", "tmpfs", "tmpfs", 01777, MS_NOSUID | MS_NODEV, NULL);
    if (fstab != NULL)
        mount_lines(fstab, false);
    kernel_free(fstab);
}
