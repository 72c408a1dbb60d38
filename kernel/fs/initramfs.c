/*
 * The initial archive (the format: cpio.h), unpacked into the root file system at boot: one or
 * several archives, one behind the other. Where a later one has a name of an earlier one's, the
 * later file wins; directories are joined.
 *
 * What is wrong with an archive is said in the log with the byte where it was found; what was
 * unpacked before stays. The frames of the archive are given back while it is read.
 */
#include "fs/vfs.h"

#include <quire/area.h>

#include "core/boot_info.h"
#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "fs/boot_mounts.h"
#include "fs/cpio.h"
#include "linux/errno.h"
#include "x86/time.h"

/* A name that may get more links, or its content later. */
struct hard_link {
    struct hard_link *next;
    uint64_t inode, device;
    struct vfs_entry *entry;
};

#define LINK_BUCKETS 256

struct unpack {
    const uint8_t *data;
    size_t size;
    size_t at;         /* the next byte */
    size_t given_back; /* bytes at the start whose frames are free again */
    struct hard_link *links[LINK_BUCKETS];
    struct vfs_entry *last_directory; /* of the name before: most names share it */
    char last_path[VFS_PATH_MAX], walk_path[VFS_PATH_MAX];
    unsigned files;
    uint64_t bytes;
};

/* ---- names ---- */

/*
 * A link in the way (usr-merged archives: bin -> usr/bin): the path becomes its target with what
 * was left of the path. False: too long.
 */
static bool follow_link(struct vfs_entry *link, char *path, size_t done, size_t here)
{
    const char *target = link->inode->target;
    size_t keep = target[0] == '/' ? 0 : done; /* relative: to the directory of the link */
    char *copy = kernel_alloc(VFS_PATH_MAX);
    int length;

    if (copy == NULL)
        return false;
    length = snprintf(copy, VFS_PATH_MAX, "%.*s%s/%s", (int)keep, path, target, path + done + here);
    if (length < VFS_PATH_MAX)
        memcpy(path, copy, (size_t)length + 1);
    kernel_free(copy);
    return length < VFS_PATH_MAX;
}

/* One step down: the directory `name` of `at`, made when it is missing; or a link, for the caller
 * to follow. */
static int step_down(struct vfs_entry *at, const char *name, size_t length, struct vfs_entry **out)
{
    const struct vfs_node node = {.mode = S_IFDIR | 0755};

    if (length == 0 || (length == 1 && name[0] == '.')) {
        entry_get(at);
        *out = at;
        return 0;
    }
    if (length == 2 && name[0] == '.' && name[1] == '.') {
        *out = at->parent;
        entry_get(*out);
        return 0;
    }
    *out = directory_find(at, name, length);
    if (*out == NULL)
        return tmpfs_make(at, name, length, &node, out);
    if (!inode_is((*out)->inode, S_IFDIR) && !inode_is((*out)->inode, S_IFLNK)) {
        entry_put(*out);
        return -ENOTDIR;
    }
    return 0;
}

/* The directory that a path leads to, made where it is missing; links are followed. path:
 * VFS_PATH_MAX bytes, used up. */
static int walk_directories(char *path, struct vfs_entry **out)
{
    struct vfs_entry *at = root_mount->root;
    unsigned links = 0;
    size_t i = 0;

    entry_get(at);
    while (path[i] != 0) {
        struct vfs_entry *next;
        size_t n = 0;
        int error;

        while (path[i + n] != 0 && path[i + n] != '/')
            n++;
        error = step_down(at, path + i, n, &next);
        if (error == 0 && inode_is(next->inode, S_IFLNK)) {
            bool fits = ++links <= VFS_LINK_MAX && follow_link(next, path, i, n);

            entry_put(next);
            if (!fits) {
                entry_put(at);
                return -ELOOP;
            }
            next =
                root_mount->root; /* from the top: what is in front of the link is walked again */
            entry_get(next);
            n = 0;
            i = 0;
        }
        entry_put(at);
        if (error != 0)
            return error;
        at = next;
        i += n;
        while (path[i] == '/')
            i++;
    }
    *out = at;
    return 0;
}

static int find_parent(struct unpack *u, const char *path, size_t length, struct vfs_entry **out)
{
    int error;

    if (u->last_directory != NULL && strlen(u->last_path) == length &&
        memcmp(u->last_path, path, length) == 0) {
        *out = u->last_directory;
        entry_get(*out);
        return 0;
    }
    memcpy(u->walk_path, path, length);
    u->walk_path[length] = 0;
    error = walk_directories(u->walk_path, out);
    if (error == 0) {
        entry_put(u->last_directory);
        entry_get(*out);
        u->last_directory = *out;
        memcpy(u->last_path, path, length);
        u->last_path[length] = 0;
    }
    return error;
}

/* ---- content ---- */

static int write_content(struct vfs_inode *inode, const uint8_t *bytes, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += PAGE_SIZE) {
        size_t n = size - at < PAGE_SIZE ? (size_t)(size - at) : PAGE_SIZE;
        unsigned flags = QUIRE_OBJECT_ALLOCATE | QUIRE_OBJECT_ANY_INDEX |
                         (n == PAGE_SIZE ? QUIRE_OBJECT_OVERWRITE : 0);
        struct quire_frame *frame;
        char *page;

        if (quire_object_page(inode->object, at >> PAGE_SHIFT, flags, &frame) != QUIRE_OK)
            return -ENOMEM;
        page = quire_frame_map(&kernel_machine, frame);
        memcpy(page, bytes + at, n);
        quire_frame_unmap(&kernel_machine, frame, page);
        quire_frame_mark_dirty(frame);
        quire_frame_put(&kernel_machine, frame);
    }
    if (size > inode->object->size)
        quire_object_resize(inode->object, size);
    return 0;
}

/* Frames wholly before u->at are read: the machine may have them. */
static void give_back(struct unpack *u)
{
    quire_phys start =
        (boot_info.initrd_start + u->given_back + PAGE_SIZE - 1) & ~(quire_phys)(PAGE_SIZE - 1);
    quire_phys end = (boot_info.initrd_start + u->at) & ~(quire_phys)(PAGE_SIZE - 1);

    for (quire_phys page = start; page < end; page += PAGE_SIZE) {
        struct quire_frame *frame = quire_frame_find(&kernel_machine, page);

        if (frame != NULL && frame->kind == QUIRE_FRAME_BOOT)
            (void)quire_frame_free(&kernel_machine, frame);
    }
    if (end > boot_info.initrd_start)
        u->given_back = (size_t)(end - boot_info.initrd_start);
}

/* ---- hard links ---- */

static struct hard_link **link_bucket(struct unpack *u, const struct cpio_entry *header)
{
    return &u->links[(header->inode ^ header->device) % LINK_BUCKETS];
}

static struct vfs_entry *link_find(struct unpack *u, const struct cpio_entry *header)
{
    for (struct hard_link *link = *link_bucket(u, header); link != NULL; link = link->next)
        if (link->inode == header->inode && link->device == header->device &&
            ((link->entry->inode->mode ^ header->mode) & S_IFMT) == 0)
            return link->entry;
    return NULL;
}

static int link_remember(struct unpack *u, const struct cpio_entry *header, struct vfs_entry *entry)
{
    struct hard_link *link = kernel_alloc(sizeof *link);
    struct hard_link **bucket = link_bucket(u, header);

    if (link == NULL)
        return -ENOMEM;
    entry_get(entry);
    *link = (struct hard_link){
        .next = *bucket, .inode = header->inode, .device = header->device, .entry = entry};
    *bucket = link;
    return 0;
}

static void links_forget(struct unpack *u)
{
    for (unsigned i = 0; i < LINK_BUCKETS; i++) {
        while (u->links[i] != NULL) {
            struct hard_link *link = u->links[i];

            u->links[i] = link->next;
            entry_put(link->entry);
            kernel_free(link);
        }
    }
}

/* ---- entries ---- */

/* A new name in `parent`, where the old one (of an archive before) was taken away. */
static int make_entry(struct unpack *u, struct vfs_entry *parent, const char *name,
                      const struct cpio_entry *header, const uint8_t *content,
                      struct vfs_entry **out)
{
    struct vfs_node node = {.mode = header->mode & (S_IFMT | S_PERMISSIONS),
                            .uid = header->uid,
                            .gid = header->gid,
                            .device = header->special};
    struct vfs_entry *first =
        header->links > 1 && !(((header->mode & S_IFMT) == S_IFDIR)) ? link_find(u, header) : NULL;
    char *target = NULL;
    int error;

    if (first != NULL) {
        error = parent->inode->operations->link(parent, name, strlen(name), first->inode);
        if (error == 0)
            *out = directory_find(parent, name, strlen(name));
        return error;
    }
    if ((node.mode & S_IFMT) == S_IFLNK) {
        target = kernel_alloc((size_t)header->size + 1);
        if (target == NULL)
            return -ENOMEM;
        memcpy(target, content, header->size);
        target[header->size] = 0;
        node.target = target;
    }
    error = tmpfs_make(parent, name, strlen(name), &node, out);
    kernel_free(target);
    if (error == 0 && header->links > 1 && (node.mode & S_IFMT) != S_IFDIR)
        error = link_remember(u, header, *out);
    return error;
}

static int unpack_directory_again(struct vfs_inode *inode, const struct cpio_entry *header)
{
    inode->mode = header->mode & (S_IFMT | S_PERMISSIONS);
    inode->uid = header->uid;
    inode->gid = header->gid;
    return 0;
}

static int unpack_entry(struct unpack *u, const struct cpio_entry *header, const char *path,
                        const uint8_t *content)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    struct vfs_entry *parent, *entry;
    bool is_directory = (header->mode & S_IFMT) == S_IFDIR;
    int error;

    if (*name == 0) /* the root itself */
        return is_directory ? unpack_directory_again(root_mount->root->inode, header) : 0;
    error = find_parent(u, path, slash != NULL ? (size_t)(slash - path) : 0, &parent);
    if (error != 0)
        return error;
    entry = directory_find(parent, name, strlen(name));
    if (entry != NULL && is_directory && inode_is(entry->inode, S_IFLNK)) {
        /* A directory where an earlier archive has a link to one: the link stays. */
        goto done;
    }
    if (entry != NULL && is_directory && inode_is(entry->inode, S_IFDIR)) {
        error = unpack_directory_again(entry->inode, header);
        goto done;
    }
    if (entry != NULL) {
        if (inode_is(entry->inode, S_IFDIR)) {
            error = -EISDIR;
            goto done;
        }
        parent->inode->operations->remove(parent, entry);
        entry_put(entry);
        entry = NULL;
    }
    error = make_entry(u, parent, name, header, content, &entry);
    if (error == 0 && (header->mode & S_IFMT) == S_IFREG && header->size > 0)
        error = write_content(entry->inode, content, header->size);
    if (error == 0) {
        entry->inode->modified = (uint64_t)header->modified * NANOSECONDS_PER_SECOND;
        u->files++;
        u->bytes += (header->mode & S_IFMT) == S_IFREG ? header->size : 0;
    }
done:
    entry_put(entry);
    entry_put(parent);
    return error;
}

/* One entry at u->at. NULL and u->at moved on, or what is wrong; *out_path is its name as far as it
 * is known. */
static const char *unpack_next(struct unpack *u, char *path, bool *out_trailer)
{
    struct cpio_entry entry;
    const char *wrong = cpio_read(u->data, u->size, u->at, &entry);
    int error;

    *out_trailer = false;
    path[0] = 0;
    if (wrong != NULL)
        return wrong;
    *out_trailer = entry.trailer;
    if (entry.trailer) {
        u->at = entry.next;
        return NULL;
    }
    strlcpy(path, entry.name, VFS_PATH_MAX);
    if (!cpio_clean_name(entry.name, path))
        return "a name leaves the tree, or is too long";
    error = unpack_entry(u, &entry, path, entry.content);
    if (error == -ENOMEM)
        return "no memory is left";
    if (error == -ENOTDIR || error == -EISDIR)
        log_warn("initial archive: byte %zu: %s: a file and a directory have this name; left out",
                 u->at, path);
    else if (error != 0)
        log_warn("initial archive: byte %zu: %s: cannot be made (error %d); left out", u->at, path,
                 -error);
    u->at = entry.next;
    return NULL;
}

static const char *unpack_all(struct unpack *u, char *path)
{
    bool in_archive = false;

    while (u->at < u->size) {
        bool trailer;
        const char *wrong;

        if (!in_archive && u->data[u->at] == 0) {
            u->at++;
            continue;
        }
        wrong = unpack_next(u, path, &trailer);
        if (wrong != NULL)
            return wrong;
        in_archive = !trailer;
        if (trailer)
            links_forget(u);
        give_back(u);
    }
    return in_archive ? "the archive has no trailer" : NULL;
}

/* The archive's bytes: in the direct map, or where the loader put it beyond, in a kernel area. */
static const uint8_t *map_archive(void)
{
    if (boot_info.initrd_start + boot_info.initrd_size <= kernel_machine.frame.direct_end)
        return direct_map(boot_info.initrd_start);
    if (boot_info.initrd_size > SIZE_MAX)
        return NULL;
    return quire_area_map_device(&kernel_machine, boot_info.initrd_start,
                                 (size_t)boot_info.initrd_size, QUIRE_CACHE_WRITE_BACK,
                                 "initial archive");
}

static void unmap_archive(const uint8_t *bytes)
{
    if (boot_info.initrd_start + boot_info.initrd_size > kernel_machine.frame.direct_end)
        (void)quire_area_free(&kernel_machine, (void *)(uintptr_t)bytes);
}

int initramfs_unpack(void)
{
    uint64_t start = clock_monotonic_ns();
    struct unpack *u;
    char *path;
    const char *wrong;

    if (boot_info.initrd_size == 0)
        return 0;
    u = kernel_alloc_zeroed(sizeof *u);
    path = kernel_alloc(VFS_PATH_MAX);
    if (u == NULL || path == NULL) {
        kernel_free(u);
        kernel_free(path);
        return -ENOMEM;
    }
    u->data = map_archive();
    if (u->data == NULL) {
        log_error("initial archive: no kernel addresses for its %llu bytes beyond the direct map",
                  (unsigned long long)boot_info.initrd_size);
        kernel_free(u);
        kernel_free(path);
        return -ENOMEM;
    }
    u->size = (size_t)boot_info.initrd_size;
    wrong = unpack_all(u, path);
    if (wrong != NULL)
        log_error("initial archive: byte %zu of %zu%s%s: %s; what came before it is there", u->at,
                  u->size, path[0] != 0 ? ", after " : "", path, wrong);
    u->at = u->size;
    unmap_archive(u->data);
    give_back(u);
    links_forget(u);
    entry_put(u->last_directory);
    log_info("initial archive: %u names, %lu KiB of content, %lu ms", u->files,
             (unsigned long)(u->bytes >> 10),
             (unsigned long)((clock_monotonic_ns() - start) / 1000000));
    kernel_free(u);
    kernel_free(path);
    return 0;
}

static int root_init(void)
{
    int error;

    tmpfs_init();
    error = initramfs_unpack();
    boot_mounts();
    return error;
}
INITCALL(INIT_FILESYSTEM, root_init);
