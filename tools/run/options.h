/* What the user asked `quire run` for. */
#ifndef RUN_OPTIONS_H
#define RUN_OPTIONS_H

#include "arch.h"

#include <stdbool.h>
#include <stdint.h>

struct addition {
    char *host;  /* as given, for messages and for opening */
    char *guest; /* absolute path in the machine */
};

/* A host folder that the machine reaches by 9P. */
struct folder {
    char *host;  /* real path */
    char *guest; /* absolute path in the machine; "/": the root */
    bool read_only;
};

/* How the kernel reaches the machine's memory. */
enum boot_way {
    BOOT_KERNEL, /* QEMU loads it */
    BOOT_ISO,    /* GRUB does, on a BIOS */
    BOOT_UEFI,   /* GRUB does, on UEFI */
    BOOT_DISK,   /* quire's own boot code does, on a BIOS */
};

/* Where the machine's swap is. */
struct swap {
    const char *place; /* a file or a URL of an NBD server; NULL: a file of its own */
    uint64_t size;     /* bytes of that file */
};

struct options {
    const struct arch *arch;
    bool la57;
    uint64_t memory; /* bytes */
    struct addition *additions;
    unsigned addition_count;
    struct folder *folders;
    unsigned folder_count;
    const struct folder *root; /* NULL: the base archive's */
    const char *append;        /* kernel arguments, or NULL */
    const char *qemu;          /* arguments for QEMU, or NULL */
    struct swap *swaps;
    unsigned swap_count;
    const char *display; /* QEMU's name of what shows the screen, or NULL: there is no screen */
    enum boot_way boot;
    const char *boot_tool; /* makes boot media */
    const char *kernel;    /* file */
    const char *base;      /* file: base of the initial archive */
    int64_t timeout;       /* nanoseconds, or 0 */
    bool verbose;
    uint32_t closed_mask; /* bit n: descriptor n was closed when we began */
    char **program;       /* PROGRAM ARGS..., ended by NULL; empty for a shell */
};

/* Fills *out_options from the command line, or ends the program with a message. */
void options_parse(int argc, char **argv, struct options *out_options);

/* As --root / would, together with the folders of `inside`, which the machine's own /tmp and /run
 * would cover. */
void options_set_host_root(struct options *options, const char *const inside[], unsigned count);

/* What shows the screen is the terminal on descriptors 0 and 1. */
#define DISPLAY_CURSES "curses"
bool display_on_terminal(const struct options *options);

/* `path` made absolute from the current folder, without ".", ".." and double slashes. */
char *absolute_path(const char *path);

#endif
