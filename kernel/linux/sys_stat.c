/* System calls: what files are (stat and its family), and who owns them, may use them, touched them
 * when. */
#include "linux/file_calls.h"
#include "linux/stat.h"

#include "core/memory.h"
#include "core/string.h"
#include "x86/time.h"

/* What AT_... flags say of a lookup. */
static unsigned lookup_flags(word flags)
{
    return ((flags & AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW) |
           ((flags & AT_EMPTY_PATH) ? LOOKUP_EMPTY : 0);
}

static int lookup_at(word start, word name, word flags, struct vfs_path *out)
{
    return lookup_user((int)start, (void *)name, lookup_flags(flags), out);
}

/* ---- stat ---- */

/* by_name: -ESTALE if the name leads to another file by now; what is open is what it is. */
static int inode_facts(struct vfs_inode *inode, bool by_name, struct file_facts *out)
{
    int error = inode->operations->update != NULL ? inode->operations->update(inode) : 0;

    if (error != 0 && (by_name || error != -ESTALE))
        return error;
    if (inode->operations->refresh != NULL)
        inode->operations->refresh(inode);
    *out = (struct file_facts){.device = inode->filesystem_device,
                               .number = inode->number,
                               .special = inode->device,
                               .mode = inode->mode,
                               .links = inode->links,
                               .uid = inode->uid,
                               .gid = inode->gid,
                               .accessed = inode->accessed,
                               .modified = inode->modified,
                               .changed = inode->changed,
                               .born = inode->born};
    if (inode_is(inode, S_IFREG) && inode->object != NULL) {
        out->size = inode->object->size;
        out->blocks = quire_object_pages_held(inode->object) * (PAGE_SIZE / 512);
    } else if (inode_is(inode, S_IFLNK)) {
        out->size = inode->target != NULL ? strlen(inode->target) : 0;
    } else if (inode_is(inode, S_IFDIR)) {
        /* tmpfs counts 20 bytes a name ("BOGO_DIRENT_SIZE"), its dots included; /proc says 0. */
        out->size = inode->operations->create != NULL ? 20ull * (inode->directory.count + 2) : 0;
    }
    if (inode->operations->measure != NULL)
        inode->operations->measure(inode, &out->size, &out->blocks);
    return 0;
}

/* A stream of a driver has no inode: it looks like a pipe. */
static int file_facts(struct file *file, struct file_facts *out)
{
    if (file->inode != NULL) {
        int error;

        walk_forget();
        error = inode_facts(file->inode, false, out);
        if (error == 0 && file->path.mount != NULL)
            out->mount = file->path.mount->number;
        return error;
    }
    *out = (struct file_facts){.mode = (file->label != NULL ? 0 : S_IFIFO) | 0600,
                               .links = 1,
                               .number = file->number,
                               .device = device_number(0, 0xfff)};
    return 0;
}

int stat_descriptor(word fd, struct file_facts *out)
{
    struct file *file = descriptor_any(fd);
    int error;

    if (file == NULL)
        return -EBADF;
    error = file_facts(file, out);
    file_put(file);
    return error;
}

static int facts_at(word start, word user_name, unsigned flags, struct file_facts *out)
{
    struct user_name name;
    struct vfs_path path;
    int error = user_name_get(&name, (void *)user_name, (flags & AT_EMPTY_PATH) != 0);

    if (error != 0)
        return error;
    if (name.text[0] == 0 && (int)start != AT_FDCWD) {
        user_name_done(&name);
        return stat_descriptor(start, out);
    }
    error = path_lookup((int)start, name.text, lookup_flags(flags), &path);
    if (error == 0) {
        error = inode_facts(path.entry->inode, true, out);
        if (error == -ESTALE) { /* a name that a cache knew leads elsewhere by now */
            path_put(&path);
            error =
                path_lookup((int)start, name.text, lookup_flags(flags) | LOOKUP_REVALIDATE, &path);
            if (error == 0 && (error = inode_facts(path.entry->inode, true, out)) != 0)
                path_put(&path);
        } else if (error != 0) {
            path_put(&path);
        }
    }
    user_name_done(&name);
    if (error != 0)
        return error;
    out->mount = path.mount->number;
    out->mount_root = path.entry == path.mount->root;
    path_put(&path);
    return 0;
}

int stat_name(word start, word name, word flags, struct file_facts *out)
{
    if (flags & ~(word)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    return facts_at(start, name, (unsigned)flags, out);
}

static struct statx_time_abi statx_time(uint64_t ns)
{
    return (struct statx_time_abi){.seconds = (int64_t)(ns / NANOSECONDS_PER_SECOND),
                                   .nanoseconds = (uint32_t)(ns % NANOSECONDS_PER_SECOND)};
}

long sys_statx(word start, word name, word flags, word mask, word user_out)
{
    struct file_facts facts;
    struct statx_abi out;
    int error;

    if ((flags &
         ~(word)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)) ||
        (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE || (mask & STATX_RESERVED))
        return -EINVAL;
    error = facts_at(start, name, (unsigned)flags, &facts);
    if (error != 0)
        return error;
    out = (struct statx_abi){.stx_mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID,
                             .stx_blksize = PAGE_SIZE,
                             .stx_attributes = facts.mount_root ? STATX_ATTR_MOUNT_ROOT : 0,
                             .stx_attributes_mask = STATX_ATTR_MOUNT_ROOT,
                             .stx_nlink = facts.links,
                             .stx_uid = facts.uid,
                             .stx_gid = facts.gid,
                             .stx_mode = (uint16_t)facts.mode,
                             .stx_ino = facts.number,
                             .stx_size = facts.size,
                             .stx_blocks = facts.blocks,
                             .stx_atime = statx_time(facts.accessed),
                             .stx_btime = statx_time(facts.born),
                             .stx_ctime = statx_time(facts.changed),
                             .stx_mtime = statx_time(facts.modified),
                             .stx_rdev_major = device_major(facts.special),
                             .stx_rdev_minor = device_minor(facts.special),
                             .stx_dev_major = device_major(facts.device),
                             .stx_dev_minor = device_minor(facts.device),
                             .stx_mnt_id = facts.mount};
    return copy_to_user((void *)user_out, &out, sizeof out) == 0 ? 0 : -EFAULT;
}

/* ---- statfs ---- */

static void fill_statfs(struct vfs_filesystem *filesystem, unsigned flags, struct statfs_abi *out)
{
    *out = (struct statfs_abi){.f_type = filesystem->type->magic,
                               .f_bsize = PAGE_SIZE,
                               .f_frsize = PAGE_SIZE,
                               .f_namelen = VFS_NAME_MAX,
                               .f_fsid = {(int32_t)filesystem->device, 0},
                               .f_flags =
                                   ST_VALID | (flags & (MS_RDONLY | MS_NOSUID | MS_NODEV |
                                                        MS_NOEXEC | MS_NOATIME | MS_NODIRATIME))};
    if (flags & MS_RELATIME)
        out->f_flags |= 0x1000;
    if (filesystem->type->statistics != NULL)
        filesystem->type->statistics(filesystem, out);
}

int statfs_name(word name, struct statfs_abi *out)
{
    struct vfs_path path;
    int error = lookup_user(AT_FDCWD, (void *)name, LOOKUP_FOLLOW, &path);

    if (error != 0)
        return error;
    fill_statfs(path.mount->filesystem, path.mount->flags, out);
    path_put(&path);
    return 0;
}

int statfs_descriptor(word fd, struct statfs_abi *out)
{
    struct file *file = descriptor_any(fd);
    struct vfs_path path;
    int error;

    if (file == NULL)
        return -EBADF;
    error = file_place(file, &path);
    if (error == 0) {
        fill_statfs(path.mount->filesystem, path.mount->flags, out);
        path_put(&path);
    }
    file_put(file);
    return error;
}

/* ---- access ---- */

long sys_faccessat2(word start, word name, word mode, word flags)
{
    struct vfs_path path;
    struct vfs_inode *inode;
    int error;

    if ((mode & ~7ul) || (flags & ~(word)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
        return -EINVAL;
    error = lookup_at(start, name, flags, &path);
    if (error != 0)
        return error;
    inode = path.entry->inode;
    if (inode->operations->refresh != NULL)
        inode->operations->refresh(inode);
    if ((mode & MAY_EXECUTE) && inode_is(inode, S_IFREG) && (path.mount->flags & MS_NOEXEC))
        error = -EACCES;
    if (error == 0)
        error = inode_permission(inode, (unsigned)mode, !(flags & AT_EACCESS));
    if (error == 0 && (mode & MAY_WRITE) &&
        (inode_is(inode, S_IFREG) || inode_is(inode, S_IFDIR) || inode_is(inode, S_IFLNK)))
        error = mount_writable(path.mount);
    path_put(&path);
    return error;
}

long sys_faccessat(word start, word name, word mode)
{
    return sys_faccessat2(start, name, mode, 0);
}

long sys_access(word name, word mode)
{
    return sys_faccessat2((word)AT_FDCWD, name, mode, 0);
}

/* ---- mode and owner ---- */

static bool in_groups(const struct credentials *who, uint32_t gid)
{
    if (who->fsgid == gid)
        return true;
    for (uint32_t i = 0; i < who->group_count; i++)
        if (who->groups[i] == gid)
            return true;
    return false;
}

/* Where the truth is elsewhere, it changes there first. */
static int change_first(struct vfs_inode *inode, const struct vfs_change *change)
{
    return inode->operations->change != NULL ? inode->operations->change(inode, change) : 0;
}

static int change_mode(struct vfs_inode *inode, const struct vfs_mount *mount, unsigned mode)
{
    const struct credentials *who = &current_process()->credentials;
    int error = mount != NULL ? mount_writable(mount) : 0;

    if (error != 0)
        return error;
    if (inode_is(inode, S_IFLNK))
        return -EOPNOTSUPP;
    if (!inode_owned(inode))
        return -EPERM;
    if (inode->operations->refresh != NULL)
        return -EPERM; /* what a file system computes cannot be set */
    mode &= S_PERMISSIONS;
    if (who->fsuid != 0 && !in_groups(who, inode->gid))
        mode &= ~S_ISGID;
    error = change_first(inode, &(struct vfs_change){.what = CHANGE_MODE, .mode = mode});
    if (error != 0)
        return error;
    quire_spin_lock(&inode->lock);
    inode->mode = (inode->mode & S_IFMT) | mode;
    quire_spin_unlock(&inode->lock);
    inode_touch(inode, false, true);
    return 0;
}

long sys_fchmodat(word start, word name, word mode)
{
    struct vfs_path path;
    int error = lookup_user((int)start, (void *)name, LOOKUP_FOLLOW, &path);

    if (error != 0)
        return error;
    error = change_mode(path.entry->inode, path.mount, (unsigned)mode);
    path_put(&path);
    return error;
}

long sys_chmod(word name, word mode)
{
    return sys_fchmodat((word)AT_FDCWD, name, mode);
}

long sys_fchmod(word fd, word mode)
{
    struct file *file = descriptor_file(fd);
    int error;

    if (file == NULL)
        return -EBADF;
    error = file->inode == NULL ? 0 : change_mode(file->inode, file->path.mount, (unsigned)mode);
    file_put(file);
    return error;
}

static int change_owner(struct vfs_inode *inode, const struct vfs_mount *mount, uint32_t uid,
                        uint32_t gid)
{
    const struct credentials *who = &current_process()->credentials;
    int error = mount != NULL ? mount_writable(mount) : 0;

    if (error != 0)
        return error;
    if (who->fsuid != 0) {
        if (who->fsuid != inode->uid || (uid != UINT32_MAX && uid != inode->uid) ||
            (gid != UINT32_MAX && gid != inode->gid && !in_groups(who, gid)))
            return -EPERM;
    }
    if (inode->operations->refresh != NULL)
        return -EPERM;
    error = change_first(inode, &(struct vfs_change){.what = (uid != UINT32_MAX ? CHANGE_UID : 0) |
                                                             (gid != UINT32_MAX ? CHANGE_GID : 0),
                                                     .uid = uid,
                                                     .gid = gid});
    if (error != 0)
        return error;
    quire_spin_lock(&inode->lock);
    if (uid != UINT32_MAX)
        inode->uid = uid;
    if (gid != UINT32_MAX)
        inode->gid = gid;
    if (!inode_is(inode, S_IFDIR)) {
        inode->mode &= ~S_ISUID;
        if (inode->mode & 010)
            inode->mode &= ~S_ISGID;
    }
    quire_spin_unlock(&inode->lock);
    inode_touch(inode, false, true);
    return 0;
}

long sys_fchownat(word start, word name, word uid, word gid, word flags)
{
    struct vfs_path path;
    int error;

    if (flags & ~(word)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    error = lookup_at(start, name, flags, &path);
    if (error != 0)
        return error;
    error = change_owner(path.entry->inode, path.mount, (uint32_t)uid, (uint32_t)gid);
    path_put(&path);
    return error;
}

long sys_chown(word name, word uid, word gid)
{
    return sys_fchownat((word)AT_FDCWD, name, uid, gid, 0);
}

long sys_lchown(word name, word uid, word gid)
{
    return sys_fchownat((word)AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(word fd, word uid, word gid)
{
    struct file *file = descriptor_file(fd);
    int error;

    if (file == NULL)
        return -EBADF;
    error = file->inode == NULL
                ? 0
                : change_owner(file->inode, file->path.mount, (uint32_t)uid, (uint32_t)gid);
    file_put(file);
    return error;
}

/* ---- times ---- */

/* ns since 1970 for an access and a modification time; flags per time. */
struct new_times {
    struct {
        uint64_t at;
        bool now, keep;
    } time[2];
};

static int set_times(struct vfs_inode *inode, const struct vfs_mount *mount,
                     const struct new_times *times)
{
    uint64_t now = vfs_now();
    int error = mount != NULL ? mount_writable(mount) : 0;
    bool both_now = times->time[0].now && times->time[1].now;
    struct vfs_change change = {.what = (times->time[0].keep ? 0 : CHANGE_ACCESSED) |
                                        (times->time[1].keep ? 0 : CHANGE_MODIFIED),
                                .accessed = times->time[0].now ? now : times->time[0].at,
                                .modified = times->time[1].now ? now : times->time[1].at};

    if (error == 0 && times->time[0].keep && times->time[1].keep)
        return 0;
    if (error == 0 && !inode_owned(inode))
        error = both_now ? inode_permission(inode, MAY_WRITE, false) : -EPERM;
    if (error == 0)
        error = change_first(inode, &change);
    if (error != 0)
        return error;
    if (!times->time[0].keep)
        inode->accessed = change.accessed;
    if (!times->time[1].keep)
        inode->modified = change.modified;
    inode->changed = now;
    return 0;
}

static long times_at(word start, word name, const struct new_times *times, unsigned flags)
{
    struct vfs_path path;
    long result;

    if (name == 0 && (int)start != AT_FDCWD) { /* futimens */
        struct file *file = descriptor_file(start);

        if (file == NULL)
            return -EBADF;
        result = file->inode == NULL ? 0 : set_times(file->inode, file->path.mount, times);
        file_put(file);
        return result;
    }
    result = lookup_at(start, name, flags, &path);
    if (result != 0)
        return result;
    result = set_times(path.entry->inode, path.mount, times);
    path_put(&path);
    return result;
}

static const struct new_times times_now = {.time = {{.now = true}, {.now = true}}};

/* Times before 1970 are kept as 1970: an inode's times are unsigned. */
static uint64_t time_ns(int64_t seconds, int64_t nanoseconds)
{
    return seconds < 0 ? 0 : (uint64_t)seconds * NANOSECONDS_PER_SECOND + (uint64_t)nanoseconds;
}

long utimensat_call(word start, word name, word user_times, word flags, enum time_width width)
{
    struct timespec_abi given[2];
    struct new_times times = {0};

    if (flags & ~(word)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (user_times == 0)
        return times_at(start, name, &times_now, (unsigned)flags);
    for (unsigned i = 0; i < 2; i++)
        if (timespec_read((void *)(user_times + i * timespec_size(width)), width, &given[i]) != 0)
            return -EFAULT;
    for (unsigned i = 0; i < 2; i++) {
        if (given[i].nanoseconds == UTIME_NOW)
            times.time[i].now = true;
        else if (given[i].nanoseconds == UTIME_OMIT)
            times.time[i].keep = true;
        else if (given[i].nanoseconds < 0 || given[i].nanoseconds >= 1000000000)
            return -EINVAL;
        else
            times.time[i].at = time_ns(given[i].seconds, given[i].nanoseconds);
    }
    return times_at(start, name, &times, (unsigned)flags);
}

long sys_utimensat(word start, word name, word times, word flags)
{
    return utimensat_call(start, name, times, flags, TIME_WORDS);
}

long sys_futimesat(word start, word name, word user_times)
{
    struct timeval_abi given[2];
    struct new_times times = {0};

    if (user_times == 0)
        return times_at(start, name, &times_now, 0);
    if (copy_from_user(given, (void *)user_times, sizeof given) != 0)
        return -EFAULT;
    for (unsigned i = 0; i < 2; i++) {
        if (given[i].microseconds < 0 || given[i].microseconds >= 1000000)
            return -EINVAL;
        times.time[i].at = time_ns(given[i].seconds, given[i].microseconds * 1000);
    }
    return times_at(start, name, &times, 0);
}

long sys_utimes(word name, word times)
{
    return sys_futimesat((word)AT_FDCWD, name, times);
}

long sys_utime(word name, word user_times)
{
    long given[2];
    struct new_times times = {0};

    if (user_times == 0)
        return times_at((word)AT_FDCWD, name, &times_now, 0);
    if (copy_from_user(given, (void *)user_times, sizeof given) != 0)
        return -EFAULT;
    times.time[0].at = time_ns(given[0], 0);
    times.time[1].at = time_ns(given[1], 0);
    return times_at((word)AT_FDCWD, name, &times, 0);
}

/* ---- readlink ---- */

/* A link that is a place reads as that place's path; nameless files as their label, which the file
 * system gives. */
static long link_text(struct vfs_inode *inode, char *buffer, char **out_text)
{
    struct vfs_path place;
    long length;

    *out_text = buffer;
    if (inode->operations->read_link != NULL)
        return inode->operations->read_link(inode, buffer, VFS_PATH_MAX);
    length = inode->operations->follow(inode, &place);
    if (length != 0)
        return length;
    length = path_text(&place, NULL, buffer, VFS_PATH_MAX, true, out_text);
    path_put(&place);
    return length > 0 ? length - 1 : length;
}

long sys_readlinkat(word start, word name, word user_buffer, word size)
{
    struct vfs_path path;
    struct vfs_inode *inode;
    char *buffer, *text;
    long result;

    if ((int)size <= 0)
        return -EINVAL;
    result = lookup_user((int)start, (void *)name, LOOKUP_EMPTY, &path);
    if (result != 0)
        return result;
    inode = path.entry->inode;
    if (!inode_is(inode, S_IFLNK)) {
        char first = 1;

        path_put(&path);
        (void)copy_from_user(&first, (void *)name, 1);
        return first ? -EINVAL : -ENOENT;
    }
    buffer = kernel_alloc(VFS_PATH_MAX);
    if (buffer == NULL) {
        path_put(&path);
        return -ENOMEM;
    }
    result = link_text(inode, buffer, &text);
    if (result > (long)(int)size)
        result = (int)size;
    if (result > 0 && copy_to_user((void *)user_buffer, text, (size_t)result) != 0)
        result = -EFAULT;
    kernel_free(buffer);
    path_put(&path);
    return result;
}

long sys_readlink(word name, word buffer, word size)
{
    return sys_readlinkat((word)AT_FDCWD, name, buffer, size);
}
