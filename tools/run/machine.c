#define _GNU_SOURCE
#include "machine.h"

#include "../../kernel/drivers/channel_protocol.h"
#include "../common/report.h"
#include "medium.h"
#include "swap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_QEMU "qemu-system-x86_64"
#define SPACE        " \t\n"

/* Debian's package ovmf. */
#define UEFI_FIRMWARE "/usr/share/ovmf/OVMF.fd"

struct words {
    char **list; /* ended by NULL */
    size_t count;
};

static void add_word(struct words *words, char *word)
{
    words->list = reallocate(words->list, (words->count + 2) * sizeof(*words->list));
    words->list[words->count++] = word;
    words->list[words->count] = NULL;
}

static void add_option(struct words *words, const char *option, char *value)
{
    add_word(words, format_string("%s", option));
    add_word(words, value);
}

/* Splits text at white space; '...' and "..." keep it together, \ keeps one character. */
static void add_split(struct words *words, const char *text)
{
    while (*(text += strspn(text, SPACE))) {
        char *word = allocate(strlen(text) + 1);
        size_t length = 0;
        char quote = 0;

        for (; *text && (quote || !strchr(SPACE, *text)); text++) {
            if (quote ? *text == quote : *text == '\'' || *text == '"') {
                quote = quote ? 0 : *text;
            } else {
                if (*text == '\\' && quote != '\'' && text[1])
                    text++;
                word[length++] = *text;
            }
        }
        if (quote)
            fail("--qemu: %c without its other half", quote);
        word[length] = '\0';
        add_word(words, word);
    }
}

static void add_boot(struct words *words, const struct options *options, int image_fd)
{
    int medium;

    if (options->boot == BOOT_KERNEL) {
        add_option(words, "-kernel", format_string("%s", options->kernel));
        /* The firmware takes no memory for disks that it does not boot from: with several it would
         * be that where QEMU puts the archive. */
        add_option(words, "-boot", format_string("strict=on"));
        add_option(words, "-initrd", format_string("/proc/self/fd/%d", image_fd));
        if (options->append)
            add_option(words, "-append", format_string("%s", options->append));
        return;
    }
    medium = medium_make(options, image_fd);
    if (options->boot == BOOT_UEFI)
        add_option(words, "-bios", format_string("%s", UEFI_FIRMWARE));
    add_option(words, "-drive",
               format_string("file=/proc/self/fd/%d,format=raw,if=ide,media=%s", medium,
                             options->boot == BOOT_DISK ? "disk" : "cdrom"));
}

/* A comma in a value of QEMU's is written twice. */
static char *double_commas(const char *text)
{
    char *result = allocate(2 * strlen(text) + 1), *to = result;

    for (; *text; text++) {
        *to++ = *text;
        if (*text == ',')
            *to++ = ',';
    }
    *to = '\0';
    return result;
}

static void add_folders(struct words *words, const struct options *options)
{
    for (unsigned i = 0; i < options->folder_count; i++) {
        char *path = double_commas(options->folders[i].host);

        add_option(words, "-fsdev",
                   format_string("local,id=folder%u,path=%s,security_model=none,multidevs=remap%s",
                                 i, path, options->folders[i].read_only ? ",readonly=on" : ""));
        add_option(words, "-device",
                   format_string("virtio-9p-pci,fsdev=folder%u,mount_tag=folder%u", i, i));
        free(path);
    }
}

/* The first virtio disks. What is on them need not outlive the machine; one that fails tells the
 * guest, and does not stop it. */
static void add_swaps(struct words *words, const struct options *options)
{
    for (unsigned i = 0; i < options->swap_count; i++) {
        char *place = swap_place(&options->swaps[i]), *file = double_commas(place);

        add_option(words, "-drive",
                   format_string("if=none,id=swap%u,format=raw,cache=unsafe,file=%s", i, file));
        add_option(words, "-device",
                   format_string("virtio-blk-pci,drive=swap%u,serial=quire-swap%u,"
                                 "werror=report,rerror=report",
                                 i, i));
        free(file);
        free(place);
    }
}

static char **qemu_command(const struct options *options, int image_fd, int channel_fd, int log_fd)
{
    const char *qemu = getenv("QUIRE_QEMU");
    struct words words = {0};

    add_word(&words, format_string("%s", qemu && *qemu ? qemu : DEFAULT_QEMU));
    add_option(&words, "-machine", format_string("pc"));
    add_option(&words, "-cpu",
               format_string("%s%s", options->arch->cpu, options->la57 ? ",+la57" : ""));
    add_option(&words, "-m", format_string("%lluk", (unsigned long long)options->memory >> 10));
    add_word(&words, format_string("-nodefaults"));
    add_word(&words, format_string("-no-user-config"));
    add_word(&words, format_string("-no-reboot"));
    add_option(&words, "-display",
               format_string("%s", options->display ? options->display : "none"));
    if (options->display)
        add_option(&words, "-vga", format_string("std"));
    add_boot(&words, options, image_fd);
    add_option(&words, "-chardev", format_string("socket,id=log,fd=%d", log_fd));
    add_option(&words, "-serial", format_string("chardev:log"));
    add_option(&words, "-chardev", format_string("socket,id=channel,fd=%d", channel_fd));
    add_option(&words, "-device", format_string("virtio-serial-pci"));
    add_option(&words, "-device",
               format_string("virtserialport,chardev=channel,name=%s", CHANNEL_PORT_NAME));
    add_swaps(&words, options);
    add_option(&words, "-device", format_string("isa-debug-exit,iobase=0xf4,iosize=4"));
    add_folders(&words, options);
    if (options->qemu)
        add_split(&words, options->qemu);
    return words.list;
}

static void make_pair(int pair[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        fail("cannot make a socket pair: %s", strerror(errno));
    if (fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0)
        fail("cannot set up a socket: %s", strerror(errno));
}

static void keep_across_exec(int fd)
{
    if (fcntl(fd, F_SETFD, 0) < 0)
        fail("cannot hand a descriptor to QEMU: %s", strerror(errno));
}

_Noreturn static void become_qemu(char **command, int errors_fd, bool keep_terminal, pid_t parent)
{
    sigset_t none;
    int null_fd = open("/dev/null", O_RDWR);

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid(); /* the terminal's signals are for us */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(MACHINE_NO_QEMU);
    if (!keep_terminal) {
        dup2(null_fd, STDIN_FILENO);
        dup2(errors_fd, STDOUT_FILENO);
    }
    dup2(errors_fd, STDERR_FILENO);
    execvp(command[0], command);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", command[0], strerror(errno));
    _exit(MACHINE_NO_QEMU);
}

void machine_start(const struct options *options, struct image *image, struct machine *out_machine)
{
    int channel[2], log[2], errors[2];
    pid_t parent = getpid();
    char **command;

    make_pair(channel);
    make_pair(log);
    make_pair(errors);
    keep_across_exec(channel[1]);
    keep_across_exec(log[1]);
    keep_across_exec(image->fd);
    command = qemu_command(options, image->fd, channel[1], log[1]);
    out_machine->pid = fork();
    if (out_machine->pid < 0)
        fail("cannot start a process: %s", strerror(errno));
    if (out_machine->pid == 0)
        become_qemu(command, errors[1], display_on_terminal(options), parent);
    close(channel[1]);
    close(log[1]);
    close(errors[1]);
    close(image->fd);
    for (char **word = command; *word; word++)
        free(*word);
    free(command);
    out_machine->channel_fd = channel[0];
    out_machine->log_fd = log[0];
    out_machine->errors_fd = errors[0];
}
