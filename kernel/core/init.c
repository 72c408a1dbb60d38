/*
 * What happens after bring-up: one program is started, and when it ends the machine ends.
 *
 * With a channel the host says which program, gives it its descriptors and hears how it ended.
 * Without one (booted by hand) a login shell gets the console, or the program that follows
 * " -- " on the kernel's command line does.
 *
 * All of it is one kernel thread, which may sleep; others tell it what happened through `news`.
 */
#include "core/init.h"

#include "core/boot_info.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/shutdown.h"
#include "core/string.h"
#include "drivers/channel.h"
#include "fs/vfs.h"
#include "linux/errno.h"
#include "linux/signal.h"
#include "proc/process.h"
#include "tty/console.h"
#include "tty/tty.h"
#include "x86/power.h"

#define SHELL             "/bin/sh"
#define MAX_CONSOLE_WORDS 64

static struct {
    struct wait_queue changed;
    bool ended; /* the program did; wait_status is valid */
    int wait_status;
    enum shutdown_kind shutdown;
} news = {.changed = {.waiters = LIST_INIT(news.changed.waiters)}};

void shutdown_request(enum shutdown_kind kind)
{
    __atomic_store_n(&news.shutdown, kind, __ATOMIC_RELEASE);
    wake_all(&news.changed);
}

static void program_ended(void *argument, int wait_status)
{
    (void)argument;
    news.wait_status = wait_status;
    __atomic_store_n(&news.ended, true, __ATOMIC_RELEASE);
    wake_all(&news.changed);
}

static bool something_happened(void)
{
    return __atomic_load_n(&news.ended, __ATOMIC_ACQUIRE) ||
           __atomic_load_n(&news.shutdown, __ATOMIC_ACQUIRE) != SHUTDOWN_NONE;
}

/* ---- finding the program ---- */

/* directory + "/" + name as a new string; NULL: no memory. */
static char *join(const char *directory, size_t directory_length, const char *name)
{
    size_t size = directory_length + strlen(name) + 2;
    char *path = kernel_alloc(size);

    if (!path)
        return NULL;
    memcpy(path, directory, directory_length);
    path[directory_length] = '/';
    strlcpy(path + directory_length + 1, name, size - directory_length - 1);
    return path;
}

static int executable(const char *path)
{
    struct file *file;
    int result = vfs_open_executable(AT_FDCWD, path, 0, &file);

    if (result == 0)
        file_put(file);
    return result;
}

static const char *variable(char *const environment[], const char *name)
{
    size_t length = strlen(name);

    for (; *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

/*
 * As execvp(): a name with a slash is a path (from the working directory), another one is looked
 * for along PATH. 0 and a new string, or -errno of the best candidate.
 */
static int find_program(const char *name, const char *directory, char *const environment[],
                        char **out_path)
{
    const char *at = variable(environment, "PATH");
    int best = -ENOENT;

    if (strchr(name, '/')) {
        *out_path =
            name[0] == '/' ? join("", 0, name + 1) : join(directory, strlen(directory), name);
        return *out_path ? executable(*out_path) : -ENOMEM;
    }
    for (at = at ? at : "/bin:/usr/bin"; *name && at;) {
        const char *end = strchr(at, ':');
        size_t length = end ? (size_t)(end - at) : strlen(at);
        char *path = length ? join(at, length, name) : join(directory, strlen(directory), name);
        int result = path ? executable(path) : -ENOMEM;

        if (result == 0) {
            *out_path = path;
            return 0;
        }
        kernel_free(path);
        if (result == -EACCES)
            best = result;
        else if (result != -ENOENT && result != -ENOTDIR)
            return result;
        at = end ? end + 1 : NULL;
    }
    return best;
}

static bool is_directory(const char *path)
{
    struct vfs_path place;

    if (path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &place) != 0)
        return false;
    path_put(&place);
    return true;
}

/* execvp() gives a text file without #! to the shell. */
static int start_script(const char *path, char *const arguments[], char *const environment[],
                        const char *directory, struct file_table *files, struct tty *tty)
{
    size_t count = 0;
    char **words;
    int result;

    while (arguments[count])
        count++;
    words = kernel_alloc_zeroed((count + 3) * sizeof(*words));
    if (!words)
        return -ENOMEM;
    words[0] = (char *)(uintptr_t)SHELL;
    words[1] = (char *)(uintptr_t)path;
    for (size_t i = 1; i < count; i++)
        words[i + 1] = arguments[i];
    result = process_start(SHELL, words, environment, directory, files, tty, program_ended, NULL);
    kernel_free(words);
    return result;
}

/* Pid or -errno. */
static int start_program(const char *name, char *const arguments[], char *const environment[],
                         const char *directory, struct file_table *files, struct tty *tty)
{
    char *path = NULL;
    int result;

    if (!is_directory(directory))
        directory = "/";
    result = find_program(name, directory, environment, &path);
    if (result == 0)
        result =
            process_start(path, arguments, environment, directory, files, tty, program_ended, NULL);
    if (result == -ENOEXEC)
        result = start_script(path, arguments, environment, directory, files, tty);
    kernel_free(path);
    return result;
}

/* ---- with a channel ---- */

/* The descriptors as the host has them; terminals share one open file, as after dup(). */
static bool open_descriptors(const struct channel_request *request, struct file_table *files,
                             struct tty *tty)
{
    struct file *terminal = NULL;
    bool fine = true;

    for (int fd = 0; fine && fd <= 2; fd++) {
        struct file *file;

        if (request->start.closed_mask >> fd & 1)
            continue;
        if (request->start.terminal_mask >> fd & 1) {
            if (!terminal)
                terminal = tty_open(tty, O_RDWR);
            file = terminal;
            if (file)
                file_get(file);
        } else {
            file = channel_stream_open((enum channel_stream)fd, fd == 0 ? O_RDONLY : O_WRONLY);
        }
        fine = file && file_table_add(files, file, fd, false) == fd;
        if (file && !fine)
            file_put(file);
    }
    if (terminal)
        file_put(terminal);
    return fine;
}

static void tell_end(int process)
{
    int status = news.wait_status;
    char why[400] = "";

    if (!news.ended) {
        channel_finish(CHANNEL_POWERED_OFF, 0, "");
    } else if (status & 0x7f) {
        if ((status & 0x7f) == SIGSEGV || (status & 0x7f) == SIGBUS)
            fault_report_of(process, why, sizeof(why));
        channel_finish(CHANNEL_SIGNALLED, (unsigned)status & 0x7f, why);
    } else {
        channel_finish(CHANNEL_EXITED, (unsigned)status >> 8 & 0xff, "");
    }
}

static void run_for_host(void)
{
    const struct channel_request *request = channel_wait_for_start();
    struct file_table *files = file_table_create();
    struct tty *tty;
    int result;

    if (!request) {
        channel_finish(CHANNEL_NOT_STARTED, EPROTO, "the start message cannot be used");
        return;
    }
    tty = request->start.terminal_mask != 0 && console_is_chosen() ? console_start() : NULL;
    if (!tty)
        tty = channel_terminal();
    if (!files || !open_descriptors(request, files, tty)) {
        channel_finish(CHANNEL_NOT_STARTED, ENOMEM, "opening descriptors 0 to 2");
        return;
    }
    result = start_program(request->program, request->arguments, request->environment,
                           request->directory, files, tty);
    if (result < 0) {
        channel_finish(CHANNEL_NOT_STARTED, (unsigned)-result, "execve");
        return;
    }
    file_table_put(files); /* the program's now: what it closes is closed */
    channel_set_group(result);
    wait_event(&news.changed, something_happened());
    console_finish();
    (void)vfs_sync_all(true); /* the host may end the machine when it knows */
    tell_end(result);
}

/* ---- without ---- */

/* Cuts the text into words at spaces, in place; the number of words. */
static unsigned split(char *text, char *words[MAX_CONSOLE_WORDS + 1])
{
    unsigned count = 0;

    for (char *at = text; *at && count < MAX_CONSOLE_WORDS;) {
        while (*at == ' ')
            *at++ = '\0';
        if (*at)
            words[count++] = at;
        while (*at && *at != ' ')
            at++;
    }
    words[count] = NULL;
    return count;
}

static bool open_console_descriptors(struct tty *console, struct file_table *files)
{
    for (int fd = 0; fd <= 2; fd++) {
        struct file *file = tty_open(console, O_RDWR);

        if (!file)
            return false;
        if (file_table_add(files, file, fd, false) != fd) {
            file_put(file);
            return false;
        }
    }
    return true;
}

static void run_on_console(void)
{
    static char line[BOOT_COMMAND_LINE_SIZE];
    char terminal[sizeof("TERM=") + 16] = "TERM=";
    const char *const environment[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME=/root",
        "USER=root",
        "LOGNAME=root",
        "SHELL=" SHELL,
        terminal,
        NULL,
    };
    char *words[MAX_CONSOLE_WORDS + 1] = {(char *)(uintptr_t) "-sh", NULL};
    const char *program = SHELL, *wanted = boot_program_arguments();
    struct tty *console = console_start();
    struct file_table *files = file_table_create();
    int result;

    if (!console || !files || !open_console_descriptors(console, files)) {
        log_error("no channel and no console: there is nothing to start a program on");
        return;
    }
    strlcat(terminal, console_terminal_type(), sizeof(terminal));
    if (wanted && *wanted) {
        strlcpy(line, wanted, sizeof(line));
        if (split(line, words) > 0)
            program = words[0];
    }
    result = start_program(program, words, (char *const *)(uintptr_t)environment, "/root", files,
                           console);
    if (result < 0) {
        log_error("%s cannot be started: error %d", program, -result);
        return;
    }
    wait_event(&news.changed, something_happened());
    console_finish();
    if (news.ended)
        log_info("%s ended with status %#x", program, news.wait_status);
}

static void run(void *argument)
{
    (void)argument;
    if (channel_open())
        run_for_host();
    else
        run_on_console();
    (void)vfs_sync_all(true);
    if (news.shutdown == SHUTDOWN_REBOOT)
        machine_reboot();
    machine_power_off(POWER_OFF_CLEAN);
}

void process_init_start(void)
{
    if (!kernel_thread_start("start", run, NULL)) {
        log_error("no memory for the first thread");
        machine_power_off(POWER_OFF_PANIC);
    }
}
