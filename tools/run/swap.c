#define _GNU_SOURCE
#include "swap.h"

#include "../common/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Linux's swap area, version 1: places in its first page. */
#define PAGE         4096u
#define AT_VERSION   1024
#define AT_LAST_PAGE 1028
#define AT_UUID      1036
#define UUID_SIZE    16
#define AT_MAGIC     (PAGE - sizeof magic)

static const char magic[10] = {'S', 'W', 'A', 'P', 'S', 'P', 'A', 'C', 'E', '2'};

char *disk_name(unsigned n)
{
    char letters[8];
    char *at = letters + sizeof letters - 1;

    *at = '\0';
    for (unsigned left = n + 1; left > 0; left = (left - 1) / 26)
        *--at = (char)('a' + (left - 1) % 26);
    return format_string("vd%s", at);
}

static void make_header(unsigned char *page, uint64_t size)
{
    uint32_t version = 1, last = (uint32_t)(size / PAGE - 1);

    memset(page, 0, PAGE);
    memcpy(page + AT_VERSION, &version, sizeof version);
    memcpy(page + AT_LAST_PAGE, &last, sizeof last);
    if (getrandom(page + AT_UUID, UUID_SIZE, 0) != UUID_SIZE)
        fail("cannot get random bytes: %s", strerror(errno));
    page[AT_UUID + 6] = (unsigned char)((page[AT_UUID + 6] & 0x0f) | 0x40); /* a random UUID */
    page[AT_UUID + 8] = (unsigned char)((page[AT_UUID + 8] & 0x3f) | 0x80);
    memcpy(page + AT_MAGIC, magic, sizeof magic);
}

static int temporary(uint64_t size)
{
    const char *folder = getenv("TMPDIR");
    unsigned char page[PAGE];
    char *path;
    int fd;

    if (size < 10 * PAGE || size / PAGE - 1 > UINT32_MAX)
        fail("--swap: an area has from 40K to 16T");
    folder = folder && *folder ? folder : "/var/tmp"; /* /tmp may be memory of this machine */
    path = format_string("%s/quire-swap-XXXXXX", folder);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        fail("--swap: cannot make a file in %s: %s", folder, strerror(errno));
    unlink(path);
    free(path);
    make_header(page, size);
    if (ftruncate(fd, (off_t)size) < 0 || pwrite(fd, page, PAGE, 0) != (ssize_t)PAGE)
        fail("--swap: cannot make a file of that size in %s: %s", folder, strerror(errno));
    return fd;
}

/* A swap area, or a first page of zeros: the kernel makes one of that. */
static void check_file(const char *path)
{
    unsigned char page[PAGE];
    struct stat status;
    ssize_t got = 0;
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        fail("--swap %s: there is no such file; `truncate -s 512M %s` makes one", path, path);
    if (fd < 0 || fstat(fd, &status) < 0)
        fail("--swap %s: %s", path, strerror(errno));
    if (S_ISREG(status.st_mode) && status.st_size < (off_t)(10 * PAGE))
        fail("--swap %s: it is too small; `truncate -s 512M %s` makes it larger", path, path);
    got = pread(fd, page, PAGE, 0);
    if (got != (ssize_t)PAGE)
        fail("--swap %s: cannot read it: %s", path, got < 0 ? strerror(errno) : "too short");
    close(fd);
    if (memcmp(page + AT_MAGIC, magic, sizeof magic) == 0)
        return;
    for (unsigned i = 0; i < PAGE; i++)
        if (page[i] != 0)
            fail("--swap %s: it holds something else; `mkswap %s` makes a swap area of it", path,
                 path);
}

char *swap_place(const struct swap *swap)
{
    int fd;

    if (!swap->place) {
        fd = temporary(swap->size);
        if (fcntl(fd, F_SETFD, 0) < 0)
            fail("cannot hand a descriptor to QEMU: %s", strerror(errno));
        return format_string("/proc/self/fd/%d", fd);
    }
    if (strncmp(swap->place, "nbd:", 4) == 0 || strncmp(swap->place, "nbd+unix:", 9) == 0)
        return format_string("%s", swap->place);
    check_file(swap->place);
    return format_string("%s", swap->place);
}
