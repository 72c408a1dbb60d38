/* swapon and swapoff. */
#include "core/string.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/syscalls.h"
#include "proc/process.h"
#include "swap/swap.h"

/* The block device that a user's path names. -EINVAL: it is something else. */
static long open_device(word user_name, struct file **out_file, struct block_device **out)
{
    struct user_name name;
    int error = user_name_get(&name, (void *)user_name, false);

    if (error != 0)
        return error;
    error = vfs_open(AT_FDCWD, name.text, O_RDWR | O_LARGEFILE, 0, 0, out_file);
    user_name_done(&name);
    if (error != 0)
        return error;
    /* Files of tmpfs and of a host's folder have no places on a device that could be written to
     * when memory is short. */
    *out = block_of_file(*out_file);
    if (*out)
        return 0;
    file_put(*out_file);
    return -EINVAL;
}

long sys_swapon(word user_name, word flags)
{
    struct block_device *device;
    struct file *file;
    char path[256], *text;
    long result;

    if ((uint32_t)flags & ~SWAP_FLAGS)
        return -EINVAL;
    if (current_process()->credentials.euid != 0)
        return -EPERM;
    result = open_device(user_name, &file, &device);
    if (result != 0)
        return result;
    if (path_text(&file->path, NULL, path, sizeof path, false, &text) < 0)
        text = device->name;
    result =
        swap_on(device, text, (flags & SWAP_FLAG_PREFER) ? (int)(flags & SWAP_FLAG_PRIORITY) : -1);
    file_put(file);
    return result;
}

long sys_swapoff(word user_name)
{
    struct block_device *device;
    struct file *file;
    long result;

    if (current_process()->credentials.euid != 0)
        return -EPERM;
    result = open_device(user_name, &file, &device);
    if (result == 0) {
        result = swap_off(device);
        file_put(file);
    }
    return result;
}
