/* The mounts, as /proc/PID tells them. */
#include "fs/procfs.h"

#include "core/memory.h"
#include "core/printf.h"
#include "core/string.h"
#include "linux/errno.h"

static const char *mount_options(uint32_t flags, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s%s%s%s%s", (flags & MS_RDONLY) ? "ro" : "rw",
             (flags & MS_NOSUID) ? ",nosuid" : "", (flags & MS_NODEV) ? ",nodev" : "",
             (flags & MS_NOEXEC) ? ",noexec" : "", (flags & MS_NOATIME) ? ",noatime" : "",
             (flags & MS_NODIRATIME) ? ",nodiratime" : "",
             (flags & MS_RELATIME) ? ",relatime" : "");
    return out;
}

/* The n-th mount, with a reference; NULL: there are fewer. */
static struct vfs_mount *mount_at(size_t n)
{
    struct vfs_mount *found = NULL;

    quire_spin_lock(&tree_lock);
    list_for_each(node, &mount_list)
    {
        if (n-- == 0) {
            found = container_of(node, struct vfs_mount, node);
            mount_get(found);
            break;
        }
    }
    quire_spin_unlock(&tree_lock);
    return found;
}

static int show_mount_list(struct text *text, bool info)
{
    static const char special[] = " \t\n\\";
    char *buffer = kernel_alloc(VFS_PATH_MAX), options[80];
    struct vfs_mount *mount;

    if (buffer == NULL)
        return -ENOMEM;
    for (size_t n = 0; !text->failed && (mount = mount_at(n)) != NULL; n++) {
        struct vfs_path root = {.mount = mount, .entry = mount->root};
        const struct vfs_filesystem *filesystem = mount->filesystem;
        char *where;

        if (path_text(&root, NULL, buffer, VFS_PATH_MAX, false, &where) > 0) {
            mount_options(mount->flags, options, sizeof options);
            if (info) {
                text_printf(text, "%u %u %u:%u / ", mount->number,
                            mount->on.mount != NULL ? mount->on.mount->number : 1,
                            device_major(filesystem->device), device_minor(filesystem->device));
                text_escaped(text, where, special);
                text_printf(text, " %s - %s %s %s\n", options, filesystem->type->name,
                            mount->source, (mount->flags & MS_RDONLY) ? "ro" : "rw");
            } else {
                text_escaped(text, mount->source, special);
                text_add(text, " ", 1);
                text_escaped(text, where, special);
                text_printf(text, " %s %s%s 0 0\n", filesystem->type->name, options,
                            filesystem->options);
            }
        }
        mount_put(mount);
    }
    kernel_free(buffer);
    return 0;
}

int proc_show_mounts(struct text *text, const struct proc_target *target)
{
    (void)target;
    return show_mount_list(text, false);
}

int proc_show_mountinfo(struct text *text, const struct proc_target *target)
{
    (void)target;
    return show_mount_list(text, true);
}

int proc_show_mountstats(struct text *text, const struct proc_target *target)
{
    static const char special[] = " \t\n\\";
    char *buffer = kernel_alloc(VFS_PATH_MAX);
    struct vfs_mount *mount;

    (void)target;
    if (buffer == NULL)
        return -ENOMEM;
    for (size_t n = 0; !text->failed && (mount = mount_at(n)) != NULL; n++) {
        struct vfs_path root = {.mount = mount, .entry = mount->root};
        char *where;

        if (path_text(&root, NULL, buffer, VFS_PATH_MAX, false, &where) > 0) {
            text_printf(text, "device ");
            text_escaped(text, mount->source, special);
            text_printf(text, " mounted on ");
            text_escaped(text, where, special);
            text_printf(text, " with fstype %s\n", mount->filesystem->type->name);
        }
        mount_put(mount);
    }
    kernel_free(buffer);
    return 0;
}
