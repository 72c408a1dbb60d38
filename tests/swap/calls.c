/*
 * calls DEVICE SECOND: what swapon and swapoff answer, of right and wrong arguments, headers and
 * devices. DEVICE and SECOND are blank block devices of 1 MiB. The text is the same under Linux.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

struct header {
    uint8_t boot[1024];
    uint32_t version, last_page, bad_count;
    uint8_t uuid[16];
    char label[16];
    uint32_t padding[117], bad[637];
    uint8_t rest[2];
    char magic[10];
};
_Static_assert(sizeof(struct header) == PAGE, "one page");

static const char *device;
static char *volatile bad_pointer = (char *)1;

static void report(const char *what, long result)
{
    printf("%s: %s\n", what, result == 0 ? "ok" : strerrorname_np(errno));
}

static struct header good(void)
{
    struct header header = {.version = 1, .last_page = 255};

    memcpy(header.magic, "SWAPSPACE2", 10);
    return header;
}

static void put(const struct header *header)
{
    int fd = open(device, O_RDWR);

    if (fd < 0 || pwrite(fd, header, PAGE, 0) != PAGE || fsync(fd) != 0)
        report("writing the header", -1);
    close(fd);
}

/* The header is written, and the device switched on and off again. */
static void try(const char *what, const struct header *header)
{
    struct sysinfo info;
    int result;

    put(header);
    result = swapon(device, 0);
    report(what, result);
    if (result == 0) {
        sysinfo(&info);
        printf("  %lu KiB in all, %lu free\n",
               (unsigned long)(info.totalswap * info.mem_unit >> 10),
               (unsigned long)(info.freeswap * info.mem_unit >> 10));
        report("  off", swapoff(device));
    }
}

static void headers(void)
{
    struct header header = good();

    try("a good header", &header);
    header.last_page = 100;
    try("shorter than the device", &header);
    header.last_page = 256;
    try("longer than the device", &header);
    header.last_page = 0;
    try("no page", &header);
    header = good();
    header.version = 2;
    try("version 2", &header);
    header = good();
    memcpy(header.magic, "SWAP-SPACE", 10);
    try("the old magic", &header);
    memset(header.magic, 0, 10);
    try("no magic", &header);
    header = good();
    header.bad_count = 3;
    header.bad[0] = 1, header.bad[1] = 17, header.bad[2] = 255;
    try("three bad pages", &header);
    header.bad[1] = 256;
    try("a bad page beyond the end", &header);
    header.bad[1] = 0;
    try("the header is bad", &header);
    header.bad_count = 638;
    try("too many bad pages", &header);
    header = good();
    header.bad_count = 255;
    for (uint32_t i = 0; i < 255; i++)
        header.bad[i] = i + 1;
    try("all pages bad", &header);
    header = good();
    header.version = __builtin_bswap32(1);
    header.last_page = __builtin_bswap32(255);
    header.bad_count = __builtin_bswap32(2);
    header.bad[0] = __builtin_bswap32(5), header.bad[1] = __builtin_bswap32(6);
    try("the other byte order", &header);
    header = good();
    put(&header);
}

static void arguments(void)
{
    struct stat status;

    report("unknown flag", swapon(device, 0x80000));
    report("unknown flag, bad path", swapon(bad_pointer, 0x100000));
    report("discard", swapon(device, SWAP_FLAG_DISCARD));
    report("  off", swapoff(device));
    report("bad path", swapon(bad_pointer, 0));
    report("empty path", swapon("", 0));
    report("no such file", swapon("/none", 0));
    report("no such file, off", swapoff("/none"));
    report("bad path, off", swapoff(bad_pointer));
    report("a directory", swapon("/", 0));
    report("a directory, off", swapoff("/"));
    report("/dev/null", swapon("/dev/null", 0));
    report("/dev/null, off", swapoff("/dev/null"));
    report("not on, off", swapoff(device));
    mknod("/absent", S_IFBLK | 0600, makedev(7, 77));
    report("no device behind it", swapon("/absent", 0));
    stat(device, &status);
    mknod("/another", S_IFBLK | 0600, status.st_rdev);
    report("another name", swapon("/another", 0));
    report("the first name, off", swapoff(device));
    symlink(device, "/link");
    report("a link", swapon("/link", 0));
    report("twice", swapon(device, 0));
    report("off", swapoff(device));
    unlink("/link"), unlink("/another"), unlink("/absent");
}

static void memory_file(void)
{
    struct header header = good();
    int fd;

    mkdir("/memory", 0700);
    mount("none", "/memory", "tmpfs", 0, NULL);
    fd = open("/memory/swap", O_RDWR | O_CREAT, 0600);
    if (write(fd, &header, PAGE) != PAGE || ftruncate(fd, 256 * PAGE) != 0)
        report("writing", -1);
    close(fd);
    report("a file of tmpfs", swapon("/memory/swap", 0));
    report("a file of tmpfs, off", swapoff("/memory/swap"));
    umount("/memory");
}

/* Rows of /proc/swaps without the paths: order, sizes and priorities. */
static void show_areas(void)
{
    FILE *file = fopen("/proc/swaps", "r");
    char line[256];

    while (fgets(line, sizeof line, file))
        printf("  %s", line + strcspn(line, " \t"));
    fclose(file);
}

static void priorities(const char *second)
{
    struct header header = good();
    const char *first = device;

    header.last_page = 127;
    device = second;
    put(&header);
    device = first;
    report("first", swapon(first, 0));
    report("second", swapon(second, 0));
    show_areas();
    report("first off", swapoff(first));
    show_areas();
    report("first on", swapon(first, 0));
    show_areas();
    report("second off", swapoff(second));
    report("second with 5", swapon(second, SWAP_FLAG_PREFER | 5));
    show_areas();
    report("off", swapoff(first) | swapoff(second));
    report("first with 32767", swapon(first, SWAP_FLAG_PREFER | 32767));
    report("second with 0", swapon(second, SWAP_FLAG_PREFER));
    show_areas();
    report("off", swapoff(first) | swapoff(second));
    report("a priority without the flag", swapon(first, 9));
    show_areas();
    report("off", swapoff(first));
}

/* The device belongs to swap. */
static void in_use(void)
{
    char page[PAGE] = "x";
    int fd = open(device, O_RDWR), exclusive;

    report("on, open elsewhere", swapon(device, 0));
    report("write", pwrite(fd, page, PAGE, 0) == PAGE ? 0 : -1);
    report("read", pread(fd, page, PAGE, 0) == PAGE ? 0 : -1);
    exclusive = open(device, O_RDWR | O_EXCL);
    report("exclusively", exclusive >= 0 ? 0 : -1);
    close(exclusive);
    report("off", swapoff(device));
    close(fd);
    exclusive = open(device, O_RDWR | O_EXCL);
    report("exclusively", exclusive >= 0 ? 0 : -1);
    report("on, held by another", swapon(device, 0));
    close(exclusive);
    report("on", swapon(device, 0));
    report("off", swapoff(device));
}

static void unprivileged(void)
{
    if (fork() == 0) {
        setuid(1000);
        report("unprivileged", swapon(device, 0));
        report("unprivileged, unknown flag", swapon(device, 0x80000));
        report("unprivileged, no file", swapon("/none", 0));
        report("unprivileged, off", swapoff(device));
        exit(0);
    }
    wait(NULL);
}

/* The special file itself. */
static void special_file(void)
{
    unsigned long words = 0;
    uint64_t bytes = 0;
    int number = 0, fd = open(device, O_RDWR);
    char buffer[2 * PAGE] = {0}, back[2 * PAGE];
    struct stat status;

    fstat(fd, &status);
    printf("block special file: %d, size %lld\n", S_ISBLK(status.st_mode) != 0,
           (long long)status.st_size);
    report("BLKGETSIZE64", ioctl(fd, BLKGETSIZE64, &bytes));
    report("BLKGETSIZE", ioctl(fd, BLKGETSIZE, &words));
    printf("  %llu bytes, %lu sectors\n", (unsigned long long)bytes, words);
    report("BLKSSZGET", ioctl(fd, BLKSSZGET, &number));
    printf("  %d\n", number);
    report("BLKROGET", ioctl(fd, BLKROGET, &number));
    printf("  %d\n", number);
    report("BLKFLSBUF", ioctl(fd, BLKFLSBUF, 0));
    report("bad pointer", ioctl(fd, BLKGETSIZE64, 1));
    report("unknown command", ioctl(fd, 0x12345, 0));
    printf("end: %lld\n", (long long)lseek(fd, 0, SEEK_END));
    printf("behind it: %s\n", lseek(fd, 1, SEEK_END) < 0 ? strerrorname_np(errno) : "ok");
    printf("before the start: %s\n", lseek(fd, -1, SEEK_SET) < 0 ? strerrorname_np(errno) : "ok");
    printf("data: %lld\n", (long long)lseek(fd, 5000, SEEK_DATA));
    printf("hole: %lld\n", (long long)lseek(fd, 5000, SEEK_HOLE));
    printf("read at the end: %zd\n", pread(fd, back, PAGE, (off_t)bytes));
    printf("read across it: %zd\n", pread(fd, back, PAGE, (off_t)bytes - 100));
    printf("write at the end: %s\n",
           pwrite(fd, buffer, 1, (off_t)bytes) < 0 ? strerrorname_np(errno) : "ok");
    printf("write across it: %zd\n", pwrite(fd, buffer, PAGE, (off_t)bytes - 100));
    printf("write of nothing at the end: %zd\n", pwrite(fd, buffer, 0, (off_t)bytes));
    /* Parts of sectors: what is beside them stays. */
    memset(buffer, 'a', sizeof buffer);
    pwrite(fd, buffer, sizeof buffer, 8 * PAGE);
    memset(buffer + 1000, 'b', 3000);
    printf("part: %zd\n", pwrite(fd, buffer + 1000, 3000, 8 * PAGE + 1000));
    printf("part: %zd\n", pwrite(fd, "c", 1, 8 * PAGE + 5000));
    buffer[5000] = 'c';
    printf("back: %zd, %s\n", pread(fd, back, sizeof back, 8 * PAGE),
           memcmp(back, buffer, sizeof back) == 0 ? "as written" : "different");
    printf("odd place: %zd, %s\n", pread(fd, back, 4001, 8 * PAGE + 999),
           memcmp(back, buffer + 999, 4001) == 0 ? "as written" : "different");
    printf("bad buffer: %s\n", pread(fd, bad_pointer, PAGE, 0) < 0 ? strerrorname_np(errno) : "ok");
    printf("bad buffer: %s\n",
           pwrite(fd, bad_pointer, PAGE, 0) < 0 ? strerrorname_np(errno) : "ok");
    report("fsync", fsync(fd));
    report("ftruncate", ftruncate(fd, 0));
    report("close", close(fd));
    fd = open(device, O_RDONLY);
    printf("read-only: %s\n", pwrite(fd, buffer, 1, 0) < 0 ? strerrorname_np(errno) : "ok");
    close(fd);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    device = argv[1];
    setvbuf(stdout, NULL, _IONBF, 0);
    special_file();
    headers();
    arguments();
    memory_file();
    priorities(argv[2]);
    in_use();
    unprivileged();
    return 0;
}
