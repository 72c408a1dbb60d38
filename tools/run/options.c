#define _GNU_SOURCE
#include "options.h"
#include "swap.h"

#include "../common/report.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: quire run [OPTION]... [--] [PROGRAM [ARGUMENT]...]\n"
    "\n"
    "Boots the kernel in QEMU and runs one Linux program, or a shell.\n"
    "A PROGRAM that is a file here is put into the machine at the same path; otherwise it is\n"
    "looked up in the machine. Where it needs other files of this system, as it is dynamically\n"
    "linked, --root / is chosen. Standard input, output and error are the program's own.\n"
    "\n"
    "  --arch NAME          x86_64 (which it is without this), i386 or i386-pae\n"
    "  --la57               an x86_64 CPU whose page tables have five levels\n"
    "  --mem SIZE           memory of the machine (256M)\n"
    "  --add HOST[:GUEST]   put a file or a folder into the machine; may be repeated\n"
    "  --mount DIR:GUEST[:ro]\n"
    "                       the folder DIR is GUEST in the machine, for reading and writing or\n"
    "                       (ro) only for reading; may be repeated\n"
    "  --root DIR[:ro]      the folder DIR is the machine's root; / is read-only, with folders in\n"
    "                       memory on /tmp, /run and /dev/shm\n"
    "  --swap SIZE|FILE|URL a device to page to: SIZE (512M) of a temporary file, a FILE, or the\n"
    "                       export of an NBD server (nbd://HOST/EXPORT); may be repeated\n"
    "  --append 'ARGUMENTS' arguments for the kernel\n"
    "  --boot WAY           iso (GRUB, BIOS), uefi (GRUB, UEFI) or disk (quire's own boot code)\n"
    "  --display[=KIND]     a screen and a keyboard, which the program's terminal is on: a window\n"
    "                       (gtk, sdl) or, without a desktop, this terminal (curses)\n"
    "  --qemu 'ARGUMENTS'   arguments for QEMU\n"
    "  --timeout SECONDS    end the machine then, with status 124\n"
    "  --verbose            show the kernel's messages on standard error\n"
    "\n"
    "Exit status: the program's; 128+N when signal N ended it; 124 timeout; 125 it could not be\n"
    "run; 126 the kernel died. On a terminal, Ctrl-] three times in a second ends the machine.\n"
    "Signals go to the program; after SIGTERM or SIGHUP it has 5 seconds to end.\n";

enum {
    OPTION_ARCH = 256,
    OPTION_LA57,
    OPTION_MEM,
    OPTION_ADD,
    OPTION_MOUNT,
    OPTION_ROOT,
    OPTION_SWAP,
    OPTION_APPEND,
    OPTION_QEMU,
    OPTION_TIMEOUT,
    OPTION_VERBOSE,
    OPTION_HELP,
    OPTION_BOOT,
    OPTION_DISPLAY,
    OPTION_BOOT_TOOL,
    OPTION_KERNEL,
    OPTION_BASE
};

static const struct option option_table[] = {
    {"arch", required_argument, NULL, OPTION_ARCH},
    {"la57", no_argument, NULL, OPTION_LA57},
    {"mem", required_argument, NULL, OPTION_MEM},
    {"add", required_argument, NULL, OPTION_ADD},
    {"mount", required_argument, NULL, OPTION_MOUNT},
    {"root", required_argument, NULL, OPTION_ROOT},
    {"swap", required_argument, NULL, OPTION_SWAP},
    {"append", required_argument, NULL, OPTION_APPEND},
    {"qemu", required_argument, NULL, OPTION_QEMU},
    {"boot", required_argument, NULL, OPTION_BOOT},
    {"display", optional_argument, NULL, OPTION_DISPLAY},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"help", no_argument, NULL, OPTION_HELP},
    /* From the front, not for the user. */
    {"boot-tool", required_argument, NULL, OPTION_BOOT_TOOL},
    {"kernel-file", required_argument, NULL, OPTION_KERNEL},
    {"base-archive", required_argument, NULL, OPTION_BASE},
    {NULL, 0, NULL, 0},
};

/* NUMBER[K|M|G|T], a plain number is MiB as QEMU has it. False: it is no size. */
static bool is_size(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 &&
           (text[digits] == '\0' || (strchr("KkMmGgTt", text[digits]) && text[digits + 1] == '\0'));
}

static uint64_t parse_size(const char *option, const char *text)
{
    char *end;
    unsigned shift = 20; /* a plain number is MiB, as QEMU has it */
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (end == text || text[0] == '-' || errno)
        fail("%s %s: not a size (try 256M)", option, text);
    if (*end) {
        const char *suffixes = "KkMmGgTt";
        const char *suffix = strchr(suffixes, *end);

        if (!suffix || end[1])
            fail("%s %s: not a size (K, M, G or T may follow the number)", option, text);
        shift = 10 * (unsigned)((suffix - suffixes) / 2 + 1);
    }
    if (number == 0 || number > (UINT64_C(1) << 52) >> shift)
        fail("%s %s: out of range", option, text);
    return (uint64_t)number << shift;
}

static int64_t parse_seconds(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end || !(seconds > 0 && seconds < 1e9))
        fail("--timeout %s: not a number of seconds", text);
    return (int64_t)(seconds * 1e9) + 1;
}

static enum boot_way parse_boot(const char *text)
{
    static const char *const ways[] = {
        [BOOT_KERNEL] = "kernel", [BOOT_ISO] = "iso", [BOOT_UEFI] = "uefi", [BOOT_DISK] = "disk"};

    for (unsigned way = 0; way < sizeof(ways) / sizeof(ways[0]); way++)
        if (strcmp(text, ways[way]) == 0)
            return (enum boot_way)way;
    fail("--boot %s: it is iso, uefi or disk", text);
}

char *absolute_path(const char *path)
{
    char *folder = path[0] == '/' ? NULL : getcwd(NULL, 0);
    char *whole, *to;
    const char *from;

    if (path[0] != '/' && !folder)
        fail("cannot find the current folder: %s", strerror(errno));
    whole = format_string("%s/%s", folder ? folder : "", path);
    free(folder);
    to = whole;
    from = whole;
    while (*from) {
        size_t length;

        from += strspn(from, "/");
        length = strcspn(from, "/");
        if (length == 2 && from[0] == '.' && from[1] == '.') {
            while (to > whole && *--to != '/')
                ;
        } else if (length > 0 && !(length == 1 && from[0] == '.')) {
            *to++ = '/';
            memmove(to, from, length);
            to += length;
        }
        from += length;
    }
    if (to == whole)
        *to++ = '/';
    *to = '\0';
    return whole;
}

/* HOST[:GUEST]; a HOST with a colon in its name is found when the whole is a file. */
static void parse_addition(struct options *options, const char *text)
{
    struct addition *addition;
    const char *colon = strrchr(text, ':');
    char *host = format_string("%s", text);

    options->additions =
        reallocate(options->additions, (options->addition_count + 1) * sizeof(*options->additions));
    addition = &options->additions[options->addition_count++];
    if (!colon || access(text, F_OK) == 0) {
        *addition = (struct addition){.host = host, .guest = absolute_path(text)};
    } else {
        host[colon - text] = '\0';
        if (colon[1] != '/')
            fail("--add %s: the path in the machine must begin with /", text);
        *addition = (struct addition){.host = host, .guest = absolute_path(colon + 1)};
        if (colon[strlen(colon) - 1] == '/') {
            char *whole = absolute_path(host);
            char *inside = format_string("%s%s", addition->guest, strrchr(whole, '/'));

            free(addition->guest);
            free(whole);
            addition->guest = absolute_path(inside);
            free(inside);
        }
    }
    if (access(host, F_OK) != 0)
        fail("--add %s: %s: %s", text, host, strerror(errno));
}

/* Cuts ":ro" or ":rw" off the end; true for ro, also when there is neither and `otherwise`. */
static bool cut_access(char *text, bool otherwise)
{
    size_t length = strlen(text);

    if (length < 3 ||
        (strcmp(text + length - 3, ":ro") != 0 && strcmp(text + length - 3, ":rw") != 0))
        return otherwise;
    text[length - 3] = '\0';
    return text[length - 1] == 'o';
}

/* The real path of a host folder that can be used. */
static char *host_folder(const char *option, const char *path)
{
    char *real = realpath(path, NULL);
    struct stat status;

    if (!real || stat(real, &status) < 0)
        fail("%s %s: %s", option, path, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        fail("%s %s: it is not a folder", option, path);
    if (access(real, R_OK | X_OK) < 0)
        fail("%s %s: %s", option, path, strerror(errno));
    return real;
}

static void add_folder(struct options *options, const char *option, const char *path, char *guest,
                       bool read_only)
{
    struct folder *folder;

    for (unsigned i = 0; i < options->folder_count; i++)
        if (strcmp(options->folders[i].guest, guest) == 0)
            fail("%s %s: %s is given twice", option, path, guest);
    options->folders =
        reallocate(options->folders, (options->folder_count + 1) * sizeof(*options->folders));
    folder = &options->folders[options->folder_count++];
    *folder = (struct folder){host_folder(option, path), guest, read_only};
    if (!read_only && access(folder->host, W_OK) < 0)
        fail("%s %s: %s (:ro is for reading only)", option, path, strerror(errno));
}

/* DIR:GUEST[:ro]; the last colon that a / follows is the one between them. */
static void parse_mount(struct options *options, const char *text)
{
    char *host = format_string("%s", text), *colon = NULL, *guest;
    bool read_only = cut_access(host, false);

    for (char *at = strstr(host, ":/"); at; at = strstr(at + 1, ":/"))
        colon = at;
    if (!colon || colon == host)
        fail("--mount %s: it is DIR:GUEST, and GUEST begins with /", text);
    guest = absolute_path(colon + 1);
    *colon = '\0';
    if (strcmp(guest, "/") == 0)
        fail("--mount %s: a folder becomes the root by --root", text);
    add_folder(options, "--mount", host, guest, read_only);
    free(host);
}

static void parse_root(struct options *options, const char *text)
{
    char *host = format_string("%s", text), *real;
    bool read_only = cut_access(host, false);

    real = host_folder("--root", host);
    add_folder(options, "--root", host, absolute_path("/"), read_only || strcmp(real, "/") == 0);
    free(real);
    free(host);
}

static void find_root(struct options *options)
{
    for (unsigned i = 0; i < options->folder_count; i++)
        if (strcmp(options->folders[i].guest, "/") == 0)
            options->root = &options->folders[i];
    if (options->root && options->addition_count > 0)
        fail("--add puts files into the base, which --root covers; use --mount");
}

static void parse_swap(struct options *options, const char *text)
{
    struct swap *swap;

    options->swaps =
        reallocate(options->swaps, (options->swap_count + 1) * sizeof(*options->swaps));
    swap = &options->swaps[options->swap_count++];
    *swap = (struct swap){.place = text};
    /* A file may be called 512M: it is named ./512M then. */
    if (is_size(text))
        *swap = (struct swap){.size = parse_size("--swap", text)};
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value && *value;
}

static const char *usual_display(void)
{
    if (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"))
        return "gtk";
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        fail("--display: here is neither a desktop nor a terminal to show it on");
    return DISPLAY_CURSES;
}

/* The program's terminal is the screen; on a terminal QEMU can show text modes only. */
static void add_display_words(struct options *options)
{
    options->append =
        format_string("console=tty0%s%s%s", display_on_terminal(options) ? " video=text" : "",
                      options->append ? " " : "", options->append ? options->append : "");
}

/* They are the first disks of the machine. What the user says about swap comes behind it and wins.
 */
static void add_swap_words(struct options *options)
{
    char *words = format_string("swap=");

    for (unsigned i = 0; i < options->swap_count; i++) {
        char *name = disk_name(i),
             *longer = format_string("%s%s/dev/%s", words, i ? "," : "", name);

        free(name);
        free(words);
        words = longer;
    }
    options->append = format_string("%s%s%s", words, options->append ? " " : "",
                                    options->append ? options->append : "");
    free(words);
}

static bool is_covered(const char *path)
{
    return strncmp(path, "/tmp/", 5) == 0 || strncmp(path, "/run/", 5) == 0;
}

void options_set_host_root(struct options *options, const char *const inside[], unsigned count)
{
    parse_root(options, "/");
    for (unsigned i = 0; i < count; i++) {
        bool known = !is_covered(inside[i]);

        for (unsigned k = 0; k < options->folder_count; k++)
            known |= strcmp(options->folders[k].guest, inside[i]) == 0;
        if (!known)
            add_folder(options, "--mount", inside[i], absolute_path(inside[i]), true);
    }
    find_root(options);
}

bool display_on_terminal(const struct options *options)
{
    return options->display && strcmp(options->display, DISPLAY_CURSES) == 0;
}

void options_parse(int argc, char **argv, struct options *out_options)
{
    static char name[] = "quire run";
    int option;

    *out_options = (struct options){.arch = &arch_default, .memory = UINT64_C(256) << 20};
    argv[0] = name; /* getopt's messages begin with it */
    while ((option = getopt_long(argc, argv, "+", option_table, NULL)) != -1) {
        switch (option) {
        case OPTION_ARCH:
            out_options->arch = arch_find(optarg);
            if (!out_options->arch)
                fail("--arch %s: not one of " ARCH_NAMES, optarg);
            break;
        case OPTION_LA57:
            out_options->la57 = true;
            break;
        case OPTION_MEM:
            out_options->memory = parse_size("--mem", optarg);
            break;
        case OPTION_ADD:
            parse_addition(out_options, optarg);
            break;
        case OPTION_MOUNT:
            parse_mount(out_options, optarg);
            break;
        case OPTION_ROOT:
            parse_root(out_options, optarg);
            break;
        case OPTION_SWAP:
            parse_swap(out_options, optarg);
            break;
        case OPTION_APPEND:
            out_options->append = optarg;
            break;
        case OPTION_DISPLAY:
            out_options->display = optarg ? optarg : usual_display();
            break;
        case OPTION_QEMU:
            out_options->qemu = optarg;
            break;
        case OPTION_TIMEOUT:
            out_options->timeout = parse_seconds(optarg);
            break;
        case OPTION_VERBOSE:
            out_options->verbose = true;
            break;
        case OPTION_BOOT:
            out_options->boot = parse_boot(optarg);
            break;
        case OPTION_BOOT_TOOL:
            out_options->boot_tool = optarg;
            break;
        case OPTION_KERNEL:
            out_options->kernel = optarg;
            break;
        case OPTION_BASE:
            out_options->base = optarg;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            exit(0);
        default:
            fputs("quire run --help tells the options.\n", stderr);
            exit(STATUS_CANNOT_RUN);
        }
    }
    out_options->program = argv + optind;
    find_root(out_options);
    if (out_options->display)
        add_display_words(out_options);
    if (out_options->swap_count > 0)
        add_swap_words(out_options);
    if (out_options->la57 && out_options->arch != &arch_default)
        fail("--la57: only x86_64 has five levels of page tables");
    if (!out_options->kernel || !out_options->base)
        fail("start this by `quire run`, which names the kernel and the base archive");
    if (out_options->boot != BOOT_KERNEL && !out_options->boot_tool)
        fail("--boot: start this by `quire run`, which can make boot media");
}
