/*
 * Block devices as files: /dev/vda.
 *
 * There is no cache: what is read comes from the device and what is written is there when write()
 * returns, through a buffer that lives as long as the call. Programs that use these files move
 * large pieces (mkswap, dd, blkid). A write of a part of a block reads the block first; the
 * device's mutex keeps two of them apart.
 */
#include "block/block.h"

#include "core/memory.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "proc/process.h"
#include "x86/usercopy.h"

#define BUFFER_SIZE (8 * QUIRE_PAGE_SIZE)
#define BUFFER_SEGMENTS                                                                            \
    (BUFFER_SIZE / SECTOR_SIZE) /* with the smallest that a device may ask for */

/* ioctl commands; those with a size_t in them differ between word sizes. */
#define BLKROGET      0x125eu
#define BLKRRPART     0x125fu
#define BLKGETSIZE    0x1260u
#define BLKFLSBUF     0x1261u
#define BLKRAGET      0x1263u
#define BLKSECTGET    0x1267u
#define BLKSSZGET     0x1268u
#define BLKBSZGET     (0x80001270u | (unsigned)sizeof(size_t) << 16)
#define BLKGETSIZE64  (0x80001272u | (unsigned)sizeof(size_t) << 16)
#define BLKDISCARD    0x1277u
#define BLKIOMIN      0x1278u
#define BLKIOOPT      0x1279u
#define BLKALIGNOFF   0x127au
#define BLKPBSZGET    0x127bu
#define BLKROTATIONAL 0x127eu

static uint64_t size_of(const struct block_device *device)
{
    return __atomic_load_n(&device->sectors, __ATOMIC_RELAXED) << SECTOR_SHIFT;
}

/* A piece of the device between it and a buffer of the kernel's; whole blocks. */
static int move(struct block_device *device, enum block_operation operation, uint64_t at,
                char *buffer, size_t length)
{
    struct block_segment segments[BUFFER_SEGMENTS];
    int error = 0;

    while (length > 0 && error == 0) {
        struct block_request request;
        uint32_t part = 0;

        block_prepare(&request, device, operation, at >> SECTOR_SHIFT, segments, BUFFER_SEGMENTS);
        while (part < length) {
            uint32_t left = (uint32_t)(length - part);
            uint32_t more = left < device->segment_size ? left : device->segment_size;

            if (!block_add_memory(&request, direct_phys(buffer + part), more))
                break;
            part += more;
        }
        error = block_execute(&request);
        at += part;
        buffer += part;
        length -= part;
    }
    return error;
}

/* The part of [at, at + length) that one buffer takes, in whole blocks: [*start, returned end). */
static uint64_t window(const struct block_device *device, uint64_t at, size_t length,
                       uint64_t *start)
{
    uint64_t mask = device->block_size - 1, end;

    *start = at & ~mask;
    end = length < BUFFER_SIZE ? at + length : at + BUFFER_SIZE;
    if (end > *start + BUFFER_SIZE)
        end = *start + BUFFER_SIZE;
    return (end + mask) & ~mask;
}

static long read_some(struct block_device *device, struct transfer *to, uint64_t at, size_t length,
                      char *buffer)
{
    uint64_t start, end = window(device, at, length, &start);
    size_t n = end - at < length ? (size_t)(end - at) : length, moved;
    int error = move(device, BLOCK_READ, start, buffer, (size_t)(end - start));

    if (error != 0)
        return error;
    moved = transfer_out(to, buffer + (at - start), n);
    return moved > 0 ? (long)moved : -EFAULT;
}

/* The blocks at both ends keep what is not written. */
static long write_some(struct block_device *device, struct transfer *from, uint64_t at,
                       size_t length, char *buffer)
{
    uint64_t start, end = window(device, at, length, &start);
    size_t n = end - at < length ? (size_t)(end - at) : length, moved;
    int error = 0;

    if (!transfer_readable(from))
        return -EFAULT;
    if (start != at || at + n != end)
        error = move(device, BLOCK_READ, start, buffer, (size_t)(end - start));
    if (error != 0)
        return error;
    moved = transfer_in(from, buffer + (at - start), n);
    if (moved == 0)
        return -EFAULT;
    if (moved < n) { /* whole blocks that came; the bytes behind them in the last one are read */
        uint64_t mask = device->block_size - 1, stop = (at + moved + mask) & ~mask;
        uint64_t last = stop - device->block_size;

        if (start == at && at + n == end && ((at + moved) & mask) != 0) {
            char *block = kernel_alloc(device->block_size);
            size_t kept = (size_t)(at + moved - last);

            if (!block)
                return -ENOMEM;
            error = move(device, BLOCK_READ, last, block, device->block_size);
            for (size_t i = kept; error == 0 && i < device->block_size; i++)
                buffer[last - start + i] = block[i];
            kernel_free(block);
        }
        end = stop;
    }
    if (error == 0)
        error = move(device, BLOCK_WRITE, start, buffer, (size_t)(end - start));
    return error != 0 ? error : (long)moved;
}

static long transfer_all(struct file *file, struct transfer *transfer, uint64_t *position,
                         bool writing)
{
    struct block_device *device = file->data;
    uint64_t size = size_of(device), at = *position;
    size_t length = transfer->length, done = 0;
    char *buffer;
    long moved = 0;

    if (length == 0)
        return 0;
    if (at >= size)
        return writing ? -ENOSPC : 0;
    if (length > size - at)
        length = (size_t)(size - at);
    buffer = kernel_alloc(BUFFER_SIZE);
    if (!buffer)
        return -ENOMEM;
    if (writing)
        mutex_lock(&device->mutex);
    while (done < length) {
        moved = writing ? write_some(device, transfer, at, length - done, buffer)
                        : read_some(device, transfer, at, length - done, buffer);
        if (moved < 0)
            break;
        done += (size_t)moved;
        at += (uint64_t)moved;
        give_way();
        if (kill_pending())
            break;
    }
    if (writing)
        mutex_unlock(&device->mutex);
    kernel_free(buffer);
    *position = at;
    return done > 0 ? (long)done : moved;
}

static long block_read(struct file *file, struct transfer *to, uint64_t *position)
{
    return transfer_all(file, to, position, false);
}

static long block_write(struct file *file, struct transfer *from, uint64_t *position)
{
    const struct block_device *device = file->data;

    if (device->read_only)
        return -EPERM;
    if (device->swaps)
        return -ETXTBSY;
    return transfer_all(file, from, position, true);
}

static int64_t block_seek(struct file *file, int64_t offset, int whence)
{
    int64_t size = (int64_t)size_of(file->data), base;

    switch (whence) {
    case SEEK_SET:
        base = 0;
        break;
    case SEEK_CUR:
        base = (int64_t)file->position;
        break;
    case SEEK_END:
        base = size;
        break;
    default: /* SEEK_DATA and SEEK_HOLE too, as on Linux */
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, offset, &base) || base < 0 || base > size)
        return -EINVAL;
    file->position = (uint64_t)base;
    return base;
}

static int put_word(unsigned long value, unsigned long argument)
{
    return put_user(value, (unsigned long *)argument);
}

static int put_int(uint32_t value, unsigned long argument)
{
    return put_user(value, (uint32_t *)argument);
}

static int block_ioctl(struct file *file, unsigned command, unsigned long argument, long *result)
{
    struct block_device *device = file->data;
    uint64_t size = size_of(device);
    int error;

    switch (command) {
    case BLKROGET:
        error = put_int(device->read_only, argument);
        break;
    case BLKGETSIZE: /* sectors, in a word */
        if (size >> SECTOR_SHIFT > ~0ul)
            return -EFBIG;
        error = put_word((unsigned long)(size >> SECTOR_SHIFT), argument);
        break;
    case BLKGETSIZE64:
        error = put_user(size, (uint64_t *)argument);
        break;
    case BLKSSZGET:
    case BLKPBSZGET:
    case BLKIOMIN:
        error = put_int(device->block_size, argument);
        break;
    case BLKBSZGET:
        error = put_int(QUIRE_PAGE_SIZE, argument);
        break;
    case BLKIOOPT:
    case BLKALIGNOFF:
        error = put_int(0, argument);
        break;
    case BLKRAGET:
        error = put_word(0, argument);
        break;
    case BLKSECTGET: {
        uint64_t most = (uint64_t)device->segment_limit * (QUIRE_PAGE_SIZE >> SECTOR_SHIFT);

        error = put_user((uint16_t)(most < UINT16_MAX ? most : UINT16_MAX), (uint16_t *)argument);
        break;
    }
    case BLKROTATIONAL:
        error = put_user((uint16_t)1, (uint16_t *)argument);
        break;
    case BLKFLSBUF:
        if (current_process()->credentials.euid != 0)
            return -EACCES;
        error = block_flush(device);
        break;
    case BLKRRPART: /* there are no partitions here */
        return -EINVAL;
    case BLKDISCARD:
        return (file->flags & O_ACCMODE) == O_RDONLY ? -EBADF : -EOPNOTSUPP;
    default:
        return -ENOTTY;
    }
    *result = error;
    return error;
}

static int block_sync(struct file *file, bool data_only)
{
    (void)data_only;
    return block_flush(file->data);
}

/* One that was opened with O_EXCL has the device for itself till here. */
static void block_close(struct file *file)
{
    struct block_device *device = file->data;

    if (device->holder == file)
        block_release(device);
}

static const struct file_operations block_operations = {
    .read = block_read,
    .write = block_write,
    .seek = block_seek,
    .ioctl = block_ioctl,
    .sync = block_sync,
    .release = block_close,
};

/* One that is gone can be opened, so that swapoff finds it; its requests fail. */
int block_open(struct block_device *device, struct file *file)
{
    int error = 0;

    if (file->flags & O_EXCL)
        error = block_claim(device, file);
    if (error == 0) {
        file->operations = &block_operations;
        file->data = device;
    }
    return error;
}

struct block_device *block_of_file(const struct file *file)
{
    return file->operations == &block_operations ? file->data : NULL;
}
