/*
 * Which file does PROGRAM mean? With a slash in it, the host's file, if there is one that can run
 * here; else the file of that path in the base (so /bin/sh is busybox's, although the host has a
 * dynamically linked one). Without a slash, the program of that name in the base, else a file in
 * the host's current folder. Whatever is left over is looked up by the kernel, which says so if
 * it is not there.
 *
 * A file of the host that needs others there, a dynamic program or a script whose interpreter is
 * one, is not put into the machine: the host's whole tree becomes its root, read-only. Unless files
 * are added by --add, which are taken for what it needs.
 *
 * What is added stands in a second archive behind the base, in memory that vanishes with the last
 * process that has it open.
 */
#define _GNU_SOURCE
#include "image.h"

#include "../archive/archive.h"
#include "../archive/base.h"
#include "../common/report.h"
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FIRST_INODE    0x100000u /* the base numbers from 1 */
#define HEADER_SIZE    110u
#define SIZE_AT        54
#define NAME_SIZE_AT   94
#define SEARCH_FOLDERS 6

struct base {
    const char *bytes;
    size_t size;
};

struct builder {
    struct archive archive;
    char **folders; /* made by this archive */
    size_t folder_count;
};

static void map_base(const char *path, struct base *out_base)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &status) < 0)
        fail("cannot read %s: %s", path, strerror(errno));
    out_base->size = (size_t)status.st_size;
    out_base->bytes = mmap(NULL, out_base->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (out_base->bytes == MAP_FAILED)
        fail("cannot read %s: %s", path, strerror(errno));
    close(fd);
}

static size_t hex_field(const char *at)
{
    char digits[9] = {0};

    memcpy(digits, at, 8);
    return strtoul(digits, NULL, 16);
}

static size_t align4(size_t value)
{
    return (value + 3) & ~(size_t)3;
}

/* Is there an entry `path`, without leading slash, in the base? */
static bool base_has(const struct base *base, const char *path)
{
    size_t at = 0;

    while (at + HEADER_SIZE < base->size && memcmp(base->bytes + at, "070701", 6) == 0) {
        const char *name = base->bytes + at + HEADER_SIZE;
        size_t name_size = hex_field(base->bytes + at + NAME_SIZE_AT);
        size_t data = align4(at + HEADER_SIZE + name_size);

        if (data > base->size)
            break;
        if (name_size == strlen(path) + 1 && memcmp(name, path, name_size) == 0)
            return true;
        at = align4(data + hex_field(base->bytes + at + SIZE_AT));
    }
    return false;
}

static bool base_has_program(const struct base *base, const char *name)
{
    static const char *const folders[SEARCH_FOLDERS] = {
        "bin", "usr/bin", "sbin", "usr/sbin", "usr/local/bin", "usr/local/sbin"};

    for (unsigned i = 0; i < SEARCH_FOLDERS; i++) {
        char *path = format_string("%s/%s", folders[i], name);
        bool found = base_has(base, path);

        free(path);
        if (found)
            return true;
    }
    return false;
}

/* The host's file that PROGRAM means, or NULL when it is the machine's. */
static const char *host_program(const struct options *options, const struct base *base,
                                const char *name)
{
    const char *fault;

    if (!strchr(name, '/'))
        return !base_has_program(base, name) && access(name, F_OK) == 0 &&
                       !program_fault(name, options->arch)
                   ? name
                   : NULL;
    if (access(name, F_OK) != 0) {
        if (name[0] != '/')
            fail("%s: %s", name, strerror(errno));
        return NULL;
    }
    fault = program_fault(name, options->arch);
    if (fault && name[0] == '/' && base_has(base, name + 1))
        return NULL;
    if (fault)
        fail("%s: %s", name, fault);
    return name;
}

/* The host's file of a program that a script names, found as a shell would; NULL: none. */
static char *find_on_host(const char *name)
{
    const char *at = getenv("PATH");

    if (strchr(name, '/'))
        return access(name, X_OK) == 0 ? format_string("%s", name) : NULL;
    for (at = at ? at : "/usr/bin:/bin"; at;) {
        const char *end = strchr(at, ':');
        char *path = format_string("%.*s/%s", end ? (int)(end - at) : (int)strlen(at), at, name);

        if (access(path, X_OK) == 0)
            return path;
        free(path);
        at = end ? end + 1 : NULL;
    }
    return NULL;
}

/* What the host's file cannot run without is on the host only: a text for the user, or NULL. */
static char *what_needs_host(const struct base *base, const char *path)
{
    char *interpreter, *found, *inner, *reason = NULL;
    enum program_kind kind = program_kind(path, &interpreter);

    if (kind == PROGRAM_DYNAMIC)
        return format_string("%s is dynamically linked", path);
    if (kind != PROGRAM_SCRIPT)
        return NULL;
    found = find_on_host(interpreter);
    if (found &&
        !(interpreter[0] == '/' ? base_has(base, interpreter + 1)
                                : base_has_program(base, interpreter)) &&
        program_kind(found, &inner) == PROGRAM_DYNAMIC)
        reason = format_string("%s needs %s", path, found);
    free(found);
    free(interpreter);
    return reason;
}

static bool folder_exists(const struct builder *builder, const char *path)
{
    for (unsigned i = 0; i < base_directory_count; i++)
        if (strcmp(base_directories[i].path, path) == 0)
            return true;
    for (size_t i = 0; i < builder->folder_count; i++)
        if (strcmp(builder->folders[i], path) == 0)
            return true;
    return false;
}

/* Makes the folders above `path`, an absolute path; with `itself` that one too. */
static void add_folders(struct builder *builder, const char *path, bool itself)
{
    for (const char *end = path + 1; *end; end++) {
        char *folder;

        if (end[1] != '/' && !(itself && end[1] == '\0'))
            continue;
        folder = format_string("%.*s", (int)(end - path), path + 1);
        if (folder_exists(builder, folder)) {
            free(folder);
            continue;
        }
        archive_directory(&builder->archive, folder, 0755, 0);
        builder->folders =
            reallocate(builder->folders, (builder->folder_count + 1) * sizeof(*builder->folders));
        builder->folders[builder->folder_count++] = folder;
    }
}

static void copy_base(const struct base *base, int fd)
{
    size_t done = 0;

    while (done < base->size) {
        ssize_t n = write(fd, base->bytes + done, base->size - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            fail("cannot copy the base archive: %s", strerror(errno));
        done += (size_t)n;
    }
}

/* Characters that end a word in fstab, as octal numbers. */
static char *fstab_word(const char *text)
{
    char *result = allocate(4 * strlen(text) + 1), *to = result;

    for (; *text; text++) {
        if (strchr(" \t\n\\#", *text))
            to += sprintf(to, "\\%03o", (unsigned char)*text);
        else
            *to++ = *text;
    }
    *to = '\0';
    return result;
}

/* What the kernel mounts before the program: mount tags as machine.c gives them. */
static void add_fstab(struct archive *archive, const struct options *options)
{
    bool host_root = options->root && strcmp(options->root->host, "/") == 0;
    /* Before the folders: one of them may lie in there. */
    char *text = format_string("%s", host_root ? "tmpfs /tmp tmpfs mode=1777 0 0\n"
                                                 "tmpfs /run tmpfs mode=755 0 0\n"
                                               : "");

    for (unsigned i = 0; i < options->folder_count; i++) {
        const struct folder *folder = &options->folders[i];
        char *where = fstab_word(folder->guest);
        char *longer = format_string("%sfolder%u %s 9p trans=virtio,%s 0 0\n", text, i, where,
                                     folder->read_only ? "ro" : "rw");

        free(text);
        free(where);
        text = longer;
    }
    archive_bytes(archive, "etc/fstab", 0644, 0, text, strlen(text));
    free(text);
}

static int make_additions(const struct options *options, const struct base *base,
                          const char *program, const char *program_path, const char *folder)
{
    struct builder builder = {0};
    int fd = memfd_create("quire-archive", 0);

    if (fd < 0)
        fail("cannot make the archive: %s", strerror(errno));
    copy_base(base, fd);
    archive_begin(&builder.archive, fd, "the initial archive", FIRST_INODE);
    add_folders(&builder, folder, true);
    for (unsigned i = 0; i < options->addition_count; i++) {
        add_folders(&builder, options->additions[i].guest, false);
        archive_host_tree(&builder.archive, options->additions[i].guest,
                          options->additions[i].host);
    }
    if (options->folder_count > 0) {
        add_folders(&builder, "/etc/fstab", false);
        add_fstab(&builder.archive, options);
    }
    if (program) {
        add_folders(&builder, program_path, false);
        archive_host_file(&builder.archive, program_path + 1, program, 1);
    }
    archive_end(&builder.archive);
    for (size_t i = 0; i < builder.folder_count; i++)
        free(builder.folders[i]);
    free(builder.folders);
    return fd;
}

/* Returns the program's absolute path. */
static const char *use_host_root(struct options *options, const char *program)
{
    char *path = absolute_path(program), *folder = absolute_path("."), *of_program;

    of_program = format_string("%.*s", (int)(strrchr(path, '/') - path), path);
    options_set_host_root(options, (const char *const[]){folder, of_program}, 2);
    options->program[0] = path;
    free(folder);
    free(of_program);
    return path;
}

void image_make(struct options *options, struct image *out_image)
{
    const char *name = options->program[0];
    const char *program;
    char *reason;
    struct base base;

    map_base(options->base, &base);
    program = name && !options->root ? host_program(options, &base, name) : NULL;
    reason = program && options->addition_count == 0 ? what_needs_host(&base, program) : NULL;
    if (reason) {
        report("%s: the host's files are the machine's root, read-only (--root /)", reason);
        name = use_host_root(options, program);
        program = NULL;
        free(reason);
    }
    if (!name)
        out_image->program = format_string("/bin/sh");
    else
        out_image->program = program ? absolute_path(name) : format_string("%s", name);
    if (program || options->addition_count > 0 || options->folder_count > 0) {
        /* Another root has its own folders: ours is there if it is the host's. */
        out_image->working_folder =
            absolute_path(options->root && strcmp(options->root->host, "/") != 0 ? "/" : ".");
        out_image->fd =
            make_additions(options, &base, program, out_image->program, out_image->working_folder);
    } else {
        out_image->working_folder = format_string("/root");
        out_image->fd = open(options->base, O_RDONLY);
        if (out_image->fd < 0)
            fail("cannot read %s: %s", options->base, strerror(errno));
    }
    munmap((void *)(uintptr_t)base.bytes, base.size);
}
