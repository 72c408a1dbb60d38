/* The file system type "9p": mount -t 9p -o trans=virtio,msize=N,... TAG FOLDER. */
#include "fs/9p/inode.h"

#include "core/init.h"
#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"

#define V9FS_MAGIC      0x01021997
#define DEFAULT_MESSAGE (NINEP_RUN * PAGE_SIZE + NINEP_WRITE_HEADER + 1)
#define SMALLEST        (PAGE_SIZE + NINEP_WRITE_HEADER + 1)
#define LARGEST         (1u << 20)

struct ninep_options {
    uint32_t message_size;
    char folder[64]; /* aname: of several that the server has */
};

static struct vfs_filesystem_type ninep_type;

/* The value if `option` is NAME=VALUE. */
static const char *value_of(const char *option, size_t length, const char *name, size_t *out_length)
{
    size_t n = strlen(name);

    if (length <= n || strncmp(option, name, n) != 0 || option[n] != '=')
        return NULL;
    *out_length = length - n - 1;
    return option + n + 1;
}

static bool is(const char *value, size_t length, const char *text)
{
    return strlen(text) == length && strncmp(value, text, length) == 0;
}

/* What it does not know it leaves alone, as Linux does; what it cannot do it refuses. */
static int parse_option(const char *option, size_t length, struct ninep_options *out)
{
    const char *value;
    size_t n;

    if ((value = value_of(option, length, "trans", &n)) != NULL)
        return is(value, n, "virtio") ? 0 : -EPROTONOSUPPORT;
    if ((value = value_of(option, length, "version", &n)) != NULL)
        return is(value, n, "9p2000.L") ? 0 : -EINVAL;
    if ((value = value_of(option, length, "msize", &n)) != NULL) {
        unsigned long size = strtoul(value, NULL, 10);

        if (size < SMALLEST)
            return -EINVAL;
        out->message_size = size < LARGEST ? (uint32_t)size : LARGEST;
    }
    if ((value = value_of(option, length, "aname", &n)) != NULL) {
        if (n >= sizeof out->folder)
            return -ENAMETOOLONG;
        memcpy(out->folder, value, n);
        out->folder[n] = 0;
    }
    return 0;
}

static int parse_options(const char *text, struct ninep_options *out)
{
    *out = (struct ninep_options){.message_size = DEFAULT_MESSAGE};
    while (text != NULL && *text != 0) {
        const char *end = strchr(text, ',');
        size_t length = end != NULL ? (size_t)(end - text) : strlen(text);
        int error = parse_option(text, length, out);

        if (error != 0)
            return error;
        text += length + (end != NULL);
    }
    return 0;
}

static int make_root(struct vfs_filesystem *filesystem, struct ninep_session *session)
{
    struct vfs_inode *inode;
    struct ninep_qid qid;
    uint32_t fid;
    int error = ninep_walk(session, session->root, NULL, 0, &fid, &qid);

    if (error != 0)
        return error;
    mutex_lock(&session->names);
    error = ninep_inode_find(filesystem, session, fid, &inode);
    mutex_unlock(&session->names);
    if (error != 0)
        return error;
    if (!inode_is(inode, S_IFDIR))
        error = -ENOTDIR;
    if (error == 0) {
        filesystem->root = entry_create(NULL, "", 0, inode);
        error = filesystem->root != NULL ? 0 : -ENOMEM;
    }
    inode_put(inode);
    return error;
}

static int ninep_mount(const char *source, const char *options, struct vfs_filesystem **out)
{
    struct ninep_options parsed;
    struct ninep_session *session;
    struct vfs_filesystem *filesystem;
    int error = parse_options(options, &parsed);

    if (error != 0)
        return error;
    error = ninep_session_open(source, parsed.folder, parsed.message_size, &session);
    if (error != 0)
        return error;
    filesystem = filesystem_create(&ninep_type);
    error = filesystem != NULL ? make_root(filesystem, session) : -ENOMEM;
    if (error != 0) {
        ninep_session_put(session);
        kernel_free(filesystem);
        return error;
    }
    filesystem->data = session;
    session->top = filesystem->root;
    filesystem->limit = FILESYSTEM_ALL_MEMORY;
    snprintf(filesystem->options, sizeof filesystem->options,
             ",access=client,msize=%u,trans=virtio", session->message_size);
    *out = filesystem;
    return 0;
}

static void ninep_statistics(struct vfs_filesystem *filesystem, struct statfs_abi *out)
{
    struct ninep_session *session = filesystem->data;
    struct ninep_statfs from;

    if (ninep_statfs(session, session->root, &from) != 0)
        return;
    out->f_bsize = out->f_frsize = from.block_size;
    out->f_blocks = from.blocks;
    out->f_bfree = from.blocks_free;
    out->f_bavail = from.blocks_available;
    out->f_files = from.files;
    out->f_ffree = from.files_free;
    out->f_fsid[0] = (int32_t)from.id;
    out->f_fsid[1] = (int32_t)(from.id >> 32);
    out->f_namelen = from.name_limit;
}

static int ninep_sync(struct vfs_filesystem *filesystem, bool wait)
{
    if (wait)
        return ninep_session_sync(filesystem->data);
    ninep_worker_wake();
    return 0;
}

static void ninep_release(struct vfs_filesystem *filesystem)
{
    struct ninep_session *session = filesystem->data;

    mutex_lock(&session->names);
    session->top = NULL;
    ninep_forget_tree(filesystem->root, false);
    mutex_unlock(&session->names);
    ninep_session_serve(session, true, true);
    ninep_session_put(session); /* inodes hold it, too */
}

static struct vfs_filesystem_type ninep_type = {
    .name = "9p",
    .no_device = true,
    .magic = V9FS_MAGIC,
    .mount = ninep_mount,
    .statistics = ninep_statistics,
    .sync = ninep_sync,
    .release = ninep_release,
};

static int ninep_init(void)
{
    filesystem_register(&ninep_type);
    return 0;
}
INITCALL(INIT_BUS, ninep_init);
