/* The limits below /proc/sys/kernel, what breaks when they are reached, and the list of segments.
 */
#include "process.h"

#include <sys/ipc.h>
#include <sys/shm.h>

static void show(const char *path)
{
    char text[200];
    int fd = open(path, O_RDONLY);
    ssize_t n;

    NEED(fd >= 0);
    n = read(fd, text, sizeof text - 1);
    close(fd);
    NEED(n > 0);
    text[n - 1] = '\0';
    say("%s: %s", path, text);
}

static void set(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY);

    NEED(fd >= 0);
    if (write(fd, value, strlen(value)) < 0)
        say("%s to %s: %s", path, value, error_name(errno));
    close(fd);
}

#define KERNEL "/proc/sys/kernel/"

static void list(const char *what)
{
    char text[4096], *line, *save;
    int fd = open("/proc/sysvipc/shm", O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);

    close(fd);
    NEED(n > 0);
    text[n] = '\0';
    say("%s", what);
    for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        unsigned long key, id, mode, size, cpid, lpid, attached, uid, gid, cuid, cgid, at, dt, ct,
            rss, swap;

        if (sscanf(line, "%lu %lu %lo %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu %lu", &key,
                   &id, &mode, &size, &cpid, &lpid, &attached, &uid, &gid, &cuid, &cgid, &at, &dt,
                   &ct, &rss, &swap) == 16)
            say("  key %lu mode %lo size %lu attached %lu uid %lu gid %lu cuid %lu cgid %lu rss %lu"
                " swap %lu, %d characters",
                key, mode, size, attached, uid, gid, cuid, cgid, rss, swap, (int)strlen(line));
        else
            say("  %s", line);
    }
}

static void attach_and_exit(void)
{
    int id = shmget(0x77, 0, 0);

    NEED(shmat(id, NULL, 0) != (void *)-1);
}

int main(void)
{
    int id[8], count;
    char *at;

    show(KERNEL "shmmax");
    show(KERNEL "shmall");
    show(KERNEL "shmmni");
    show(KERNEL "shm_rmid_forced");
    list("none");
    id[0] = shmget(0x55, 9000, IPC_CREAT | 0640);
    id[1] = shmget(IPC_PRIVATE, 4096, 0600);
    NEED(id[0] >= 0 && id[1] >= 0);
    at = shmat(id[0], NULL, 0);
    at[0] = 1;
    at[8999] = 1;
    list("two");
    shmctl(id[0], IPC_RMID, NULL);
    list("one marked");
    shmdt(at);
    list("one left");

    set(KERNEL "shmmax", "8192");
    show(KERNEL "shmmax");
    TRY(shmget(IPC_PRIVATE, 8193, 0600));
    id[2] = shmget(IPC_PRIVATE, 8192, 0600);
    CHECK(id[2] >= 0);
    set(KERNEL "shmmax", "18446744073692774399");
    set(KERNEL "shmall", "4");
    TRY(shmget(IPC_PRIVATE, 8192, 0600));
    id[3] = shmget(IPC_PRIVATE, 4096, 0600);
    CHECK(id[3] >= 0);
    TRY(shmget(IPC_PRIVATE, 1, 0600));
    set(KERNEL "shmall", "18446744073692774399");
    set(KERNEL "shmmni", "5");
    for (count = 0; count < 8; count++) {
        id[4 + count % 4] = shmget(IPC_PRIVATE, 1, 0600);
        if (id[4 + count % 4] < 0)
            break;
    }
    say("%d more, then %s", count, error_name(errno));
    set(KERNEL "shmmni", "4096");
    set(KERNEL "shmmni", "40000");
    set(KERNEL "shmmni", "-1");
    set(KERNEL "shm_rmid_forced", "2");
    show(KERNEL "shmmni");
    for (int i = 1; i < 4 + count; i++)
        shmctl(id[i], IPC_RMID, NULL);
    list("removed");

    id[0] = shmget(0x77, 4096, IPC_CREAT | 0600);
    set(KERNEL "shm_rmid_forced", "1");
    list("forced: nobody attached, the creator lives");
    in_child("attach and exit", attach_and_exit);
    list("forced: the last one detached");
    set(KERNEL "shm_rmid_forced", "0");
    return 0;
}
