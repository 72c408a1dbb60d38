/*
 * The devices that are only memory: null, zero, full, random, urandom, kmsg; and what every /dev
 * has besides: shm, fd, stdin, stdout, stderr.
 */
#include "fs/vfs.h"

#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/string.h"
#include "linux/errno.h"
#include "linux/memory.h"
#include "proc/process.h"
#include "x86/usercopy.h"

static long null_read(struct file *file, struct transfer *to, uint64_t *position)
{
    (void)file, (void)to, (void)position;
    return 0;
}

static long null_write(struct file *file, struct transfer *from, uint64_t *position)
{
    (void)file, (void)position;
    return (long)from->length;
}

static long full_write(struct file *file, struct transfer *from, uint64_t *position)
{
    (void)file, (void)position;
    return from->length > 0 ? -ENOSPC : 0;
}

static long zero_read(struct file *file, struct transfer *to, uint64_t *position)
{
    const void *zeros = direct_map(kernel_machine.frame.zero);
    size_t done = 0;

    (void)file, (void)position;
    while (to->length > 0) {
        size_t n = to->length < PAGE_SIZE ? to->length : PAGE_SIZE;
        size_t moved = transfer_out(to, zeros, n);

        done += moved;
        if (moved < n)
            return done > 0 ? (long)done : -EFAULT;
        give_way();
        if (signal_pending())
            break;
    }
    return (long)done;
}

static int64_t memory_seek(struct file *file, int64_t offset, int whence)
{
    (void)offset, (void)whence;
    file->position = 0;
    return 0;
}

/* Shared: an object of its own, as big as a mapping may ever ask; private: the caller makes
 * anonymous memory of it. */
static int zero_map(struct file *file, bool shared, struct quire_object **out_object)
{
    (void)file;
    *out_object = NULL;
    return shared ? tmpfs_object_create("/dev/zero", INT64_MAX & ~(uint64_t)(PAGE_SIZE - 1),
                                        out_object)
                  : 0;
}

static long random_read(struct file *file, struct transfer *to, uint64_t *position)
{
    uint8_t block[256];
    size_t done = 0;

    (void)file, (void)position;
    while (to->length > 0) {
        size_t n = to->length < sizeof block ? to->length : sizeof block, moved;

        random_bytes(block, n);
        moved = transfer_out(to, block, n);
        done += moved;
        if (moved < n)
            return done > 0 ? (long)done : -EFAULT;
        give_way();
        if (signal_pending() && done >= sizeof block)
            break;
    }
    return (long)done;
}

static long random_write(struct file *file, struct transfer *from, uint64_t *position)
{
    uint8_t block[256];
    size_t done = 0;

    (void)file, (void)position;
    while (from->length > 0) {
        size_t n = from->length < sizeof block ? from->length : sizeof block;
        size_t moved = transfer_in(from, block, n);

        random_mix(block, moved);
        done += moved;
        if (moved < n)
            return done > 0 ? (long)done : -EFAULT;
    }
    return (long)done;
}

static int random_ioctl(struct file *file, unsigned command, unsigned long argument, long *result)
{
    (void)file;
    if (command != 0x80045200u) /* RNDGETENTCNT */
        return -ENOTTY;
    *result = put_user((int32_t)256, (int32_t *)argument);
    return 0;
}

/* A written line goes into the kernel's log, without its "<level>". */
static long kmsg_write(struct file *file, struct transfer *from, uint64_t *position)
{
    char line[256];
    size_t all = from->length;
    size_t n = transfer_in(from, line, all < sizeof line - 1 ? all : sizeof line - 1);
    char *text = line;

    (void)file, (void)position;
    if (n == 0)
        return all > 0 ? -EFAULT : 0;
    line[n] = 0;
    if (line[n - 1] == '\n')
        line[n - 1] = 0;
    if (text[0] == '<' && strchr(text, '>') != NULL)
        text = strchr(text, '>') + 1;
    log_info("%s", text);
    return (long)all;
}

static long kmsg_read(struct file *file, struct transfer *to, uint64_t *position)
{
    char text[512];
    size_t n = log_read(position, text, to->length < sizeof text ? to->length : sizeof text);

    (void)file;
    if (n == 0)
        return 0;
    return transfer_out(to, text, n) == n ? (long)n : -EFAULT;
}

/*
 * Of the memory that is no RAM, what every PC has and what does no harm: the adapters' window for
 * pictures and text, 0xa0000 to 0xbffff.
 */
#define VIDEO_WINDOW      0xa0000
#define VIDEO_WINDOW_SIZE 0x20000

static int mem_map(struct file *file, bool shared, struct quire_object **out)
{
    (void)file, (void)shared;
    return status_errno(quire_object_create_device(&kernel_machine, VIDEO_WINDOW, VIDEO_WINDOW_SIZE,
                                                   QUIRE_CACHE_UNCACHED, NULL, out));
}

static const struct file_operations mem_operations = {.seek = memory_seek, .map = mem_map};
static const struct file_operations null_operations = {
    .read = null_read, .write = null_write, .seek = memory_seek};
static const struct file_operations zero_operations = {
    .read = zero_read, .write = null_write, .seek = memory_seek, .map = zero_map};
static const struct file_operations full_operations = {
    .read = zero_read, .write = full_write, .seek = memory_seek};
static const struct file_operations random_operations = {
    .read = random_read, .write = random_write, .seek = memory_seek, .ioctl = random_ioctl};
static const struct file_operations kmsg_operations = {
    .read = kmsg_read, .write = kmsg_write, .seek = memory_seek};

static int memory_open(struct file *file)
{
    file->operations = file->data;
    file->data = NULL;
    return 0;
}

#define MEMORY_DEVICE(device, number, permissions)                                                 \
    {                                                                                              \
        .name = #device, .major = 1, .minor = number, .mode = permissions, .open = memory_open,    \
        .data = (void *)(uintptr_t)&device##_operations                                            \
    }

static int devices_init(void)
{
    static const struct device_driver devices[] = {
        MEMORY_DEVICE(mem, 1, 0640),  MEMORY_DEVICE(null, 3, 0666),   MEMORY_DEVICE(zero, 5, 0666),
        MEMORY_DEVICE(full, 7, 0666), MEMORY_DEVICE(random, 8, 0666), MEMORY_DEVICE(kmsg, 11, 0644),
    };
    static const struct device_driver urandom = {.name = "urandom",
                                                 .major = 1,
                                                 .minor = 9,
                                                 .mode = 0666,
                                                 .open = memory_open,
                                                 .data = (void *)(uintptr_t)&random_operations};
    static const struct {
        const char *name;
        struct vfs_node node;
    } others[] = {
        {"shm", {.mode = S_IFDIR | 01777}},
        {"fd", {.mode = S_IFLNK | 0777, .target = "/proc/self/fd"}},
        {"stdin", {.mode = S_IFLNK | 0777, .target = "/proc/self/fd/0"}},
        {"stdout", {.mode = S_IFLNK | 0777, .target = "/proc/self/fd/1"}},
        {"stderr", {.mode = S_IFLNK | 0777, .target = "/proc/self/fd/2"}},
    };
    int error = 0;

    for (size_t i = 0; i < ARRAY_SIZE(devices) && error == 0; i++)
        error = devfs_add(&devices[i]);
    if (error == 0)
        error = devfs_add(&urandom);
    for (size_t i = 0; i < ARRAY_SIZE(others) && error == 0; i++)
        error = devfs_make(others[i].name, &others[i].node);
    return error;
}
INITCALL(INIT_DRIVER, devices_init);
