/*
 * runner SECONDS PROGRAM...: runs programs of the folder /compat in the machine, one after the
 * other, each in an empty working directory, with no input, a fixed environment and a time limit.
 * What each writes is printed between two marks:
 *
 *   ==== NAME
 *   (what it wrote)
 *   ==== exit 0        (or: signal 11; or: timeout)
 *
 * After each program whatever it left running is killed and its files are removed. Settings of
 * /proc/sys/vm that a program may change are put back.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORK "/tmp/compat"

static char output[1 << 20];
static size_t output_length;

struct setting {
    const char *path;
    char text[32];
};

static struct setting settings[] = {
    /* The limit of one of the first pair is 0 while the other counts: the last written wins. */
    {.path = "/proc/sys/vm/overcommit_memory"},   {.path = "/proc/sys/vm/overcommit_kbytes"},
    {.path = "/proc/sys/vm/overcommit_ratio"},    {.path = "/proc/sys/vm/max_map_count"},
    {.path = "/proc/sys/vm/mmap_min_addr"},       {.path = "/proc/sys/vm/admin_reserve_kbytes"},
    {.path = "/proc/sys/vm/user_reserve_kbytes"}, {.path = "/proc/sys/vm/oom_kill_allocating_task"},
    {.path = "/proc/sys/vm/panic_on_oom"},        {.path = "/proc/sys/kernel/shmmax"},
    {.path = "/proc/sys/kernel/shmall"},          {.path = "/proc/sys/kernel/shmmni"},
};
#define SETTINGS (sizeof settings / sizeof settings[0])

static void read_setting(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, room - 1);

    text[n > 0 ? n : 0] = 0;
    if (fd >= 0)
        close(fd);
}

static void restore_settings(void)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        char now[32];

        read_setting(settings[i].path, now, sizeof now);
        if (strcmp(now, settings[i].text) != 0) {
            int fd = open(settings[i].path, O_WRONLY | O_CLOEXEC);

            if (fd < 0 || write(fd, settings[i].text, strlen(settings[i].text)) < 0)
                fprintf(stderr, "runner: %s: %s\n", settings[i].path, strerror(errno));
            if (fd >= 0)
                close(fd);
        }
    }
}

/* Removes what a folder contains; paths of any depth, one name at a time. */
static void empty_folder(void)
{
    DIR *folder = opendir(".");
    struct dirent *entry;

    while (folder && (entry = readdir(folder)) != NULL) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (unlink(entry->d_name) != 0 && chdir(entry->d_name) == 0) {
            empty_folder();
            if (chdir("..") != 0 || rmdir(entry->d_name) != 0)
                break;
        }
    }
    if (folder)
        closedir(folder);
}

static void fresh_folder(void)
{
    if ((mkdir(WORK, 0777) != 0 && errno != EEXIST) || chdir(WORK) != 0 || chmod(WORK, 0777) != 0) {
        perror("runner: " WORK);
        exit(1);
    }
    empty_folder();
}

_Noreturn static void become(const char *name, int out)
{
    static char *environment[] = {"PATH=/bin", NULL};
    char path[300], plain[256];
    char *arguments[] = {plain, NULL};
    int in = open("/dev/null", O_RDONLY);

    snprintf(path, sizeof path, "/compat/%s", name);
    snprintf(plain, sizeof plain, "%.*s", (int)strcspn(name, "."), name);
    setsid();
    umask(022);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    for (int fd = 3; fd < 32; fd++)
        close(fd);
    execve(path, arguments, environment);
    dprintf(2, "runner: %s: %s\n", path, strerror(errno));
    _exit(127);
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes what is there; false at the end of the stream. */
static bool take(int fd)
{
    char rest[4096];
    size_t room = sizeof output - output_length;
    ssize_t n = room ? read(fd, output + output_length, room) : read(fd, rest, sizeof rest);

    if (n > 0 && room)
        output_length += (size_t)n;
    return n > 0;
}

/* True: the child ended, with *status. */
static bool follow(pid_t child, int fd, long deadline, int *status)
{
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        long left = deadline - now_ms();

        if (waitpid(child, status, WNOHANG) == child)
            return true;
        if (left <= 0)
            return false;
        /* The stream's end tells of most ends at once; a child that closed it early, or left it to
         * another, is looked at again after a while. */
        if (poll(&ready, 1, left < 100 ? (int)left : 100) > 0 && !take(fd)) {
            while (now_ms() < deadline) {
                if (waitpid(child, status, WNOHANG) == child)
                    return true;
                poll(NULL, 0, 5);
            }
            return false;
        }
    }
}

static void run(const char *name, long seconds)
{
    int stream[2], status = 0;
    bool ended;
    pid_t child;

    fresh_folder();
    output_length = 0;
    printf("==== %s\n", name);
    fflush(stdout);
    if (pipe2(stream, O_CLOEXEC) != 0 || (child = fork()) < 0) {
        perror("runner");
        exit(1);
    }
    if (child == 0)
        become(name, stream[1]);
    close(stream[1]);
    ended = follow(child, stream[0], now_ms() + seconds * 1000, &status);
    /* All but this process and the first one. */
    kill(-1, SIGKILL);
    if (!ended)
        waitpid(child, NULL, 0);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    fcntl(stream[0], F_SETFL, O_NONBLOCK);
    while (take(stream[0]))
        ;
    close(stream[0]);
    fwrite(output, 1, output_length, stdout);
    if (output_length > 0 && output[output_length - 1] != '\n')
        putchar('\n');
    if (!ended)
        printf("==== timeout after %ld s\n", seconds);
    else if (WIFSIGNALED(status))
        printf("==== signal %d\n", WTERMSIG(status));
    else
        printf("==== exit %d\n", WEXITSTATUS(status));
    fflush(stdout);
    restore_settings();
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < SETTINGS; i++)
        read_setting(settings[i].path, settings[i].text, sizeof settings[i].text);
    for (int i = 2; i < argc; i++)
        run(argv[i], atol(argv[1]));
    return 0;
}
