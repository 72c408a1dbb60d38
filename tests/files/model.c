/*
 * Random operations on files, done in two folders at once: each must answer the same in both. One
 * is the folder under test, the other one in memory.
 *
 *   model run TESTED REFERENCE SEED STEPS   does them; the first difference ends it with status 1
 *   model list FOLDER                       one line per name below: what the folder holds, for
 *                                           comparing TESTED, looked at from the host, with
 *                                           REFERENCE
 *
 * Names are few, so that operations meet; up to eight files are open at a time, under names that
 * others remove and replace, and four ranges are mapped.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIDES     2
#define OPEN      8
#define MAPPED    4
#define NAMES     10
#define FOLDERS   4
#define FILE_MAX  (300 * 1024)
#define PIECE_MAX (70 * 1024)

static const char *base[SIDES];
static uint64_t state;
static unsigned long step;

static struct {
    int fd[SIDES];
    bool writable;
} opened[OPEN];
static struct {
    unsigned char *at[SIDES];
    size_t length;
    bool writable;
    bool shared;
} mapped[MAPPED];

static uint64_t draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state * UINT64_C(2685821657736338717) >> 11) % below;
}

__attribute__((noreturn, format(printf, 1, 2))) static void differ(const char *format, ...)
{
    va_list arguments;

    printf("step %lu: ", step);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    exit(1);
}

/* Both results as one number: negative errno on failure. */
static long outcome(long result)
{
    return result < 0 ? -errno : result;
}

static long same(const char *what, const char *name, const long result[SIDES])
{
    if (result[0] != result[1])
        differ("%s %s: %ld here, %ld in memory", what, name, result[0], result[1]);
    return result[0];
}

static void draw_name(char *out)
{
    unsigned folder = (unsigned)draw(FOLDERS + 2), name = (unsigned)draw(NAMES);

    if (folder >= FOLDERS)
        sprintf(out, "n%u", name);
    else if (draw(6) == 0)
        sprintf(out, "d%u", folder);
    else
        sprintf(out, "d%u/n%u", folder, name);
}

static const char *path(int side, const char *name)
{
    static char text[SIDES][4096];

    snprintf(text[side], sizeof text[side], "%s/%s", base[side], name);
    return text[side];
}

/* ---- operations ---- */

/* A mapped page beyond a new end would be SIGBUS: what is mapped goes first. */
static void unmap_all(void)
{
    for (unsigned i = 0; i < MAPPED; i++)
        for (int side = 0; side < SIDES; side++)
            if (mapped[i].at[side] != NULL) {
                munmap(mapped[i].at[side], mapped[i].length);
                mapped[i].at[side] = NULL;
            }
}

static void do_open(void)
{
    static const int kinds[] = {O_RDONLY, O_RDWR, O_WRONLY};
    int flags = kinds[draw(3)] | (draw(2) ? O_CREAT : 0) | (draw(6) ? 0 : O_EXCL) |
                (draw(5) ? 0 : O_TRUNC) | (draw(5) ? 0 : O_APPEND) | (draw(12) ? 0 : O_NOFOLLOW);
    mode_t mode = draw(4) ? 0644 : 0600;
    unsigned slot = (unsigned)draw(OPEN);
    long result[SIDES];
    char name[64];

    if (flags & O_TRUNC)
        unmap_all();
    draw_name(name);
    for (int side = 0; side < SIDES; side++) {
        if (opened[slot].fd[side] >= 0)
            close(opened[slot].fd[side]);
        opened[slot].fd[side] = open(path(side, name), flags, mode);
        result[side] = opened[slot].fd[side] < 0 ? -errno : 0;
    }
    opened[slot].writable = (flags & O_ACCMODE) == O_RDWR;
    same("open", name, result);
}

static void do_close(void)
{
    unsigned slot = (unsigned)draw(OPEN);
    long result[SIDES];

    for (int side = 0; side < SIDES; side++) {
        result[side] = outcome(close(opened[slot].fd[side]));
        opened[slot].fd[side] = -1;
    }
    same("close", "", result);
}

static unsigned char piece[SIDES][PIECE_MAX];

static void do_write(void)
{
    unsigned slot = (unsigned)draw(OPEN);
    size_t length = draw(3) ? draw(5000) : draw(PIECE_MAX);
    off_t offset = (off_t)draw(draw(2) ? FILE_MAX : 9000);
    bool at_position = draw(2);
    unsigned char with = (unsigned char)draw(256);
    long result[SIDES];

    for (size_t i = 0; i < length; i++)
        piece[0][i] = (unsigned char)(with + i * 7 + i / 251);
    for (int side = 0; side < SIDES; side++)
        result[side] =
            outcome(at_position ? write(opened[slot].fd[side], piece[0], length)
                                : pwrite(opened[slot].fd[side], piece[0], length, offset));
    same(at_position ? "write" : "pwrite", "", result);
}

static void do_read(void)
{
    unsigned slot = (unsigned)draw(OPEN);
    size_t length = draw(3) ? draw(5000) : draw(PIECE_MAX);
    off_t offset = (off_t)draw(FILE_MAX);
    bool at_position = draw(2);
    long result[SIDES];

    for (int side = 0; side < SIDES; side++)
        result[side] =
            outcome(at_position ? read(opened[slot].fd[side], piece[side], length)
                                : pread(opened[slot].fd[side], piece[side], length, offset));
    same(at_position ? "read" : "pread", "", result);
    for (long i = 0; i < result[0]; i++)
        if (piece[0][i] != piece[1][i])
            differ("read: byte %ld of %ld at %lld is %#x here, %#x in memory", i, result[0],
                   at_position ? -1ll : (long long)offset, piece[0][i], piece[1][i]);
}

static void do_seek(void)
{
    static const int from[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    unsigned slot = (unsigned)draw(OPEN);
    int whence = from[draw(3)];
    off_t offset = (off_t)draw(FILE_MAX) - (whence == SEEK_SET ? 0 : FILE_MAX / 2);
    struct stat status;
    long result[SIDES];

    if (fstat(opened[slot].fd[1], &status) < 0 || !S_ISREG(status.st_mode))
        return; /* places in directories are each file system's own */
    for (int side = 0; side < SIDES; side++)
        result[side] = outcome(lseek(opened[slot].fd[side], offset, whence));
    same("lseek", "", result);
}

static void do_truncate(void)
{
    unsigned slot = (unsigned)draw(OPEN);
    off_t size = (off_t)draw(draw(2) ? FILE_MAX : 9000);
    bool by_name = draw(2);
    long result[SIDES];
    char name[64];

    unmap_all();
    draw_name(name);
    for (int side = 0; side < SIDES; side++)
        result[side] = outcome(by_name ? truncate(path(side, name), size)
                                       : ftruncate(opened[slot].fd[side], size));
    same(by_name ? "truncate" : "ftruncate", by_name ? name : "", result);
}

static void do_unlink(void)
{
    long result[SIDES];
    char name[64];
    bool directory = draw(4) == 0;

    draw_name(name);
    for (int side = 0; side < SIDES; side++)
        result[side] = outcome(directory ? rmdir(path(side, name)) : unlink(path(side, name)));
    same(directory ? "rmdir" : "unlink", name, result);
}

static void do_mkdir(void)
{
    long result[SIDES];
    char name[64];

    sprintf(name, "d%u", (unsigned)draw(FOLDERS));
    for (int side = 0; side < SIDES; side++)
        result[side] = outcome(mkdir(path(side, name), 0755));
    same("mkdir", name, result);
}

static void do_rename(void)
{
    long result[SIDES];
    char from[64], to[64];

    draw_name(from);
    draw_name(to);
    for (int side = 0; side < SIDES; side++) {
        char old[4096];

        strcpy(old, path(side, from));
        result[side] = outcome(rename(old, path(side, to)));
    }
    strcat(strcat(from, " "), to);
    same("rename", from, result);
}

static void do_link(void)
{
    long result[SIDES];
    char from[64], to[64];
    bool symbolic = draw(2);

    draw_name(from);
    draw_name(to);
    for (int side = 0; side < SIDES; side++) {
        char old[4096];

        strcpy(old, symbolic ? from : path(side, from));
        result[side] = outcome(symbolic ? symlink(old, path(side, to)) : link(old, path(side, to)));
    }
    strcat(strcat(from, " "), to);
    same(symbolic ? "symlink" : "link", from, result);
}

static void do_readlink(void)
{
    long result[SIDES];
    char name[64], text[SIDES][256] = {{0}};

    draw_name(name);
    for (int side = 0; side < SIDES; side++)
        result[side] = outcome(readlink(path(side, name), text[side], sizeof text[side] - 1));
    same("readlink", name, result);
    if (strcmp(text[0], text[1]) != 0)
        differ("readlink %s: %s here, %s in memory", name, text[0], text[1]);
}

static void do_chmod(void)
{
    static const mode_t modes[] = {0644, 0600, 0755, 0444};
    mode_t mode = modes[draw(4)];
    long result[SIDES];
    char name[64];

    draw_name(name);
    for (int side = 0; side < SIDES; side++)
        result[side] = outcome(chmod(path(side, name), mode));
    same("chmod", name, result);
}

static void do_times(void)
{
    struct timespec times[2] = {{.tv_sec = (time_t)draw(2000000000)},
                                {.tv_sec = (time_t)draw(2000000000), .tv_nsec = 1000}};
    long result[SIDES];
    char name[64];

    draw_name(name);
    for (int side = 0; side < SIDES; side++) {
        struct stat status;

        result[side] = outcome(utimensat(AT_FDCWD, path(side, name), times, 0));
        if (result[side] == 0 && stat(path(side, name), &status) == 0)
            result[side] = (long)status.st_mtim.tv_sec;
    }
    same("utimensat", name, result);
}

static void compare_status(const char *what, const struct stat status[SIDES])
{
    const struct stat *here = &status[0], *there = &status[1];

    if (here->st_mode != there->st_mode || here->st_nlink != there->st_nlink ||
        here->st_uid != there->st_uid || here->st_gid != there->st_gid ||
        (!S_ISDIR(here->st_mode) && here->st_size != there->st_size))
        differ("stat %s: mode %o links %lu size %lld here; mode %o links %lu size %lld in memory",
               what, here->st_mode, (unsigned long)here->st_nlink, (long long)here->st_size,
               there->st_mode, (unsigned long)there->st_nlink, (long long)there->st_size);
}

static void do_stat(void)
{
    bool by_name = draw(2);
    unsigned slot = (unsigned)draw(OPEN);
    struct stat status[SIDES];
    long result[SIDES];
    char name[64] = "";

    if (by_name)
        draw_name(name);
    for (int side = 0; side < SIDES; side++)
        result[side] = outcome(by_name ? lstat(path(side, name), &status[side])
                                       : fstat(opened[slot].fd[side], &status[side]));
    if (same(by_name ? "lstat" : "fstat", name, result) == 0)
        compare_status(by_name ? name : "of a descriptor", status);
}

static void do_sync(void)
{
    unsigned slot = (unsigned)draw(OPEN);
    long result[SIDES];
    bool data = draw(2);

    for (int side = 0; side < SIDES; side++)
        result[side] =
            outcome(data ? fdatasync(opened[slot].fd[side]) : fsync(opened[slot].fd[side]));
    same("fsync", "", result);
}

static void do_map(void)
{
    unsigned slot = (unsigned)draw(OPEN), place = (unsigned)draw(MAPPED);
    struct stat status;
    bool shared = draw(3) != 0, writable = opened[slot].writable || !shared;
    long result[SIDES];

    for (int side = 0; side < SIDES; side++)
        if (mapped[place].at[side] != NULL) {
            munmap(mapped[place].at[side], mapped[place].length);
            mapped[place].at[side] = NULL;
        }
    if (opened[slot].fd[1] < 0 || fstat(opened[slot].fd[1], &status) < 0 || status.st_size == 0 ||
        !S_ISREG(status.st_mode))
        return;
    mapped[place].length = (size_t)status.st_size;
    mapped[place].writable = writable;
    mapped[place].shared = shared;
    for (int side = 0; side < SIDES; side++) {
        void *at = mmap(NULL, mapped[place].length, PROT_READ | (writable ? PROT_WRITE : 0),
                        shared ? MAP_SHARED : MAP_PRIVATE, opened[slot].fd[side], 0);

        result[side] = at == MAP_FAILED ? -errno : 0;
        mapped[place].at[side] = at == MAP_FAILED ? NULL : at;
    }
    same("mmap", "", result);
}

static void do_touch(void)
{
    unsigned place = (unsigned)draw(MAPPED);
    size_t length = mapped[place].length, at, n;

    if (mapped[place].at[0] == NULL)
        return;
    at = draw(length);
    n = draw(length - at < 9000 ? length - at + 1 : 9000);
    /* A private page that was not copied yet shows what others write, if it was mapped before or
     * not: only what is shared is compared. */
    if (mapped[place].writable && draw(2))
        for (int side = 0; side < SIDES; side++)
            memset(mapped[place].at[side] + at, (int)(step & 255), n);
    else if (mapped[place].shared && memcmp(mapped[place].at[0] + at, mapped[place].at[1] + at, n))
        differ("a mapping differs in [%zu, %zu)", at, at + n);
    if (draw(4) == 0) {
        long result[SIDES];

        for (int side = 0; side < SIDES; side++)
            result[side] =
                outcome(msync(mapped[place].at[side], length, draw(1) ? MS_ASYNC : MS_SYNC));
        same("msync", "", result);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t names_of(const char *folder, char ***out)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    size_t count = 0;

    *out = NULL;
    if (directory == NULL)
        return 0;
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        *out = realloc(*out, (count + 1) * sizeof **out);
        (*out)[count++] = strdup(entry->d_name);
    }
    closedir(directory);
    if (count > 0)
        qsort(*out, count, sizeof **out, by_text);
    return count;
}

static void do_list(void)
{
    char name[64] = ".", **names[SIDES];
    size_t count[SIDES];

    if (draw(2))
        sprintf(name, "d%u", (unsigned)draw(FOLDERS));
    for (int side = 0; side < SIDES; side++)
        count[side] = names_of(path(side, name), &names[side]);
    if (count[0] != count[1])
        differ("%s has %zu names here, %zu in memory", name, count[0], count[1]);
    for (size_t i = 0; i < count[0]; i++)
        if (strcmp(names[0][i], names[1][i]) != 0)
            differ("%s has %s here, %s in memory", name, names[0][i], names[1][i]);
    for (int side = 0; side < SIDES; side++) {
        for (size_t i = 0; i < count[side]; i++)
            free(names[side][i]);
        free(names[side]);
    }
}

static int run(unsigned long seed, unsigned long steps)
{
    static const struct {
        void (*function)(void);
        unsigned weight;
    } operations[] = {
        {do_open, 14},    {do_close, 4},  {do_write, 16}, {do_read, 14},  {do_seek, 3},
        {do_truncate, 4}, {do_unlink, 6}, {do_mkdir, 4},  {do_rename, 6}, {do_link, 5},
        {do_readlink, 2}, {do_chmod, 2},  {do_times, 2},  {do_stat, 8},   {do_sync, 2},
        {do_map, 5},      {do_touch, 14}, {do_list, 2},
    };
    unsigned total = 0;

    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (unsigned i = 0; i < OPEN; i++)
        opened[i].fd[0] = opened[i].fd[1] = -1;
    for (unsigned i = 0; i < sizeof operations / sizeof *operations; i++)
        total += operations[i].weight;
    for (step = 1; step <= steps; step++) {
        unsigned at = (unsigned)draw(total), i = 0;

        while (at >= operations[i].weight)
            at -= operations[i++].weight;
        operations[i].function();
    }
    printf("%lu steps with seed %lu: the same in both\n", steps, seed);
    return 0;
}

/* ---- what a folder holds ---- */

static uint64_t content_sum(const char *name)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    int fd = open(name, O_RDONLY);
    ssize_t n;

    while ((n = read(fd, piece[0], sizeof piece[0])) > 0)
        for (ssize_t i = 0; i < n; i++)
            sum = (sum ^ piece[0][i]) * UINT64_C(1099511628211);
    close(fd);
    return sum;
}

static void list(const char *folder, const char *shown)
{
    char **names;
    size_t count = names_of(folder, &names);

    for (size_t i = 0; i < count; i++) {
        char whole[4096], text[4096], target[256] = "";
        struct stat status;

        snprintf(whole, sizeof whole, "%s/%s", folder, names[i]);
        snprintf(text, sizeof text, "%s%s", shown, names[i]);
        if (lstat(whole, &status) < 0) {
            printf("%s: %s\n", text, strerror(errno));
            continue;
        }
        printf("%s mode %o links %lu", text, status.st_mode, (unsigned long)status.st_nlink);
        if (S_ISREG(status.st_mode))
            printf(" size %lld sum %016" PRIx64, (long long)status.st_size, content_sum(whole));
        if (S_ISLNK(status.st_mode) && readlink(whole, target, sizeof target - 1) > 0)
            printf(" -> %s", target);
        putchar('\n');
        if (S_ISDIR(status.st_mode)) {
            strcat(text, "/");
            list(whole, text);
        }
        free(names[i]);
    }
    free(names);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "list") == 0) {
        list(argv[2], "");
        return 0;
    }
    if (argc != 6 || strcmp(argv[1], "run") != 0)
        return 2;
    base[0] = argv[2];
    base[1] = argv[3];
    umask(022);
    return run(strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10));
}
