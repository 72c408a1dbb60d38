/*
 * Nothing that /proc and /sys tell, and nothing that a look at them may bring, is an address of the
 * kernel: every file that can be read is read and searched for such numbers, as text (16
 * hexadecimal digits that begin with ffff8 to ffff f) and as eight bytes. /proc/quire is there to
 * tell them, to uid 0 alone: nobody else gets in.
 *
 *   isolation [FOLDER...]
 */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned files, leaks;

static bool is_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* An address of the kernel half, but none of the small negative numbers. */
static bool is_kernel_address(uint64_t value)
{
    if (sizeof(long) == 8)
        return value >> 47 == 0x1ffff && value < 0xfffffffffff00000;
    /* The end of the stack is the first address of the kernel half. */
    return value > 0xc0000000 && value < 0xfff00000;
}

static void search_text(const char *path, const char *text, size_t size)
{
    const size_t length = 2 * sizeof(long);

    for (size_t i = 0; i + length <= size; i++) {
        char digits[17];
        size_t n = 0;

        if (i > 0 && is_digit(text[i - 1]))
            continue;
        if (i > 7 && strncmp(text + i - 7, "phys=0x", 7) == 0)
            continue; /* a device's place, as x86-64 tells it too */
        while (i + n < size && is_digit(text[i + n]))
            n++;
        if (n != length)
            continue;
        memcpy(digits, text + i, length);
        digits[length] = 0;
        if (is_kernel_address(strtoull(digits, NULL, 16))) {
            printf("%s tells %s\n", path, digits);
            leaks++;
        }
    }
}

static void search_words(const char *path, const char *bytes, size_t size)
{
    for (size_t i = 0; i + sizeof(long) <= size; i += sizeof(long)) {
        unsigned long word;

        memcpy(&word, bytes + i, sizeof word);
        if (is_kernel_address(word)) {
            printf("%s tells %#lx at %zu\n", path, word, i);
            leaks++;
        }
    }
}

/* Random numbers may look like anything. */
static bool is_random(const char *path)
{
    return sizeof(long) == 4 && strncmp(path, "/proc/sys/kernel/random/", 24) == 0;
}

static void search_file(const char *path)
{
    static char bytes[1 << 18];
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    size_t size = 0;
    ssize_t n;

    if (fd < 0)
        return;
    if (is_random(path)) {
        close(fd);
        return;
    }
    files++;
    while (size < sizeof bytes && (n = read(fd, bytes + size, sizeof bytes - size)) > 0)
        size += (size_t)n;
    search_text(path, bytes, size);
    search_words(path, bytes, size);
    close(fd);
}

/* Links lead elsewhere, or round and round. */
static void search_folder(const char *path, unsigned depth)
{
    DIR *folder = depth < 8 ? opendir(path) : NULL;
    struct dirent *entry;

    if (!folder)
        return;
    while ((entry = readdir(folder))) {
        char name[1024], target[512];
        struct stat st;
        ssize_t n;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (strcmp(name, "/proc/quire") == 0)
            continue;
        if (lstat(name, &st) != 0)
            continue;
        search_text(name, entry->d_name, strlen(entry->d_name));
        n = S_ISLNK(st.st_mode) ? readlink(name, target, sizeof target) : -1;
        if (n > 0)
            search_text(name, target, (size_t)n);
        if (S_ISDIR(st.st_mode))
            search_folder(name, depth + 1);
        else if (S_ISREG(st.st_mode) && strcmp(entry->d_name, "mem") != 0 &&
                 strcmp(entry->d_name, "kmsg") != 0)
            search_file(name);
    }
    closedir(folder);
}

static const char *const *folders;

static void told(void)
{
    for (unsigned i = 0; folders[i]; i++)
        search_folder(folders[i], 0);
    check(leaks == 0);
    check(files > 40);
}

/* Whatever bits a file may have: its folder is closed, and so is what was found in it before. */
static void closed(void)
{
    static const char *const names[] = {"descriptors", "firmware",  "mappings", "memory",
                                        "registers",   "translate", "zones"};
    char path[64];

    check(open("/proc/quire/registers", O_RDONLY) >= 0);
    check(chdir("/proc/quire") == 0);
    check(setresuid(65534, 65534, 65534) == 0);
    check(opendir("/proc/quire") == NULL && errno == EACCES);
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "/proc/quire/%s", names[i]);
        check(open(path, O_RDONLY) < 0 && errno == EACCES);
        check(open(names[i], O_RDONLY) < 0 && errno == EACCES);
        check(open(names[i], O_WRONLY) < 0 && errno == EACCES);
    }
}

int main(int argc, char **argv)
{
    static const char *const usual[] = {"/proc", "/sys", NULL};

    folders = argc > 1 ? (const char *const *)argv + 1 : usual;
    run(told);
    if (argc == 1)
        run(closed);
    printf("%s\n", files > 40 ? "many files" : "few files");
    return check_failures != 0;
}
