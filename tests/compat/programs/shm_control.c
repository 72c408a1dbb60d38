/* shmctl: what it tells and changes, and removal while it is attached. */
#include "process.h"

#include <sys/ipc.h>
#include <sys/shm.h>

static int id;

static void show(const char *what)
{
    struct shmid_ds ds;

    memset(&ds, 0xff, sizeof ds);
    if (shmctl(id, IPC_STAT, &ds) != 0) {
        say("%s: %s", what, error_name(errno));
        return;
    }
    say("%s: key %#x mode %o uid %d gid %d cuid %d cgid %d size %zu attached %lu", what,
        (unsigned)ds.shm_perm.__key, (unsigned)ds.shm_perm.mode, (int)ds.shm_perm.uid,
        (int)ds.shm_perm.gid, (int)ds.shm_perm.cuid, (int)ds.shm_perm.cgid, ds.shm_segsz,
        (unsigned long)ds.shm_nattch);
    say("  creator me %d last %s times %d %d %d",
        ds.shm_cpid == getpid() || ds.shm_cpid == getppid(),
        ds.shm_lpid == 0          ? "nobody"
        : ds.shm_lpid == getpid() ? "me"
                                  : "another",
        ds.shm_atime != 0, ds.shm_dtime != 0, ds.shm_ctime != 0);
}

static void as_nobody(void)
{
    struct shmid_ds ds;

    NEED(setgid(65534) == 0 && setuid(65534) == 0);
    show("another user");
    TRY(shmctl(id, IPC_RMID, NULL));
    memset(&ds, 0, sizeof ds);
    TRY(shmctl(id, IPC_SET, &ds));
    TRY(shmctl(id, SHM_LOCK, NULL));
    TRY(shmctl(id, SHM_UNLOCK, NULL));
}

static void attach_and_exit(void)
{
    NEED(shmat(id, NULL, 0) != (void *)-1);
    show("child");
}

static void attach_and_exec(void)
{
    NEED(shmat(id, NULL, 0) != (void *)-1);
    execl("/bin/true", "true", NULL);
    _exit(1);
}

int main(void)
{
    struct shmid_ds ds;
    struct shminfo info;
    struct shm_info use;
    char *at;
    pid_t pid;
    int status, highest;

    id = shmget(0x1234, 5000, IPC_CREAT | 0640);
    NEED(id >= 0);
    show("new");
    at = shmat(id, NULL, 0);
    show("attached");
    at[0] = 5;
    in_child("child that attaches", attach_and_exit);
    show("after the child");
    pid = fork();
    if (pid == 0) {
        show("forked");
        at[1] = 6;
        _exit(0);
    }
    waitpid(pid, &status, 0);
    say("the child wrote %d", at[1]);
    show("after fork");
    in_child("exec", attach_and_exec);
    show("after exec");
    NEED(shmctl(id, IPC_STAT, &ds) == 0);
    ds.shm_perm.mode = 07777;
    ds.shm_perm.uid = 5;
    ds.shm_perm.gid = 6;
    TRY(shmctl(id, IPC_SET, &ds));
    show("set");
    ds.shm_perm.mode = 0600;
    TRY(shmctl(id, IPC_SET, &ds));
    in_child("another user", as_nobody);
    ds.shm_perm.mode = 0604;
    TRY(shmctl(id, IPC_SET, &ds));
    in_child("another user who may read", as_nobody);
    TRY(shmctl(id, IPC_SET, (void *)8));
    TRY(shmctl(id, IPC_STAT, (void *)8));
    TRY(shmctl(id, 99, &ds));
    TRY(shmctl(-1, IPC_STAT, &ds));
    TRY(shmctl(id + 5, IPC_STAT, &ds));
    TRY(shmctl(id, SHM_LOCK, NULL));
    show("locked");
    TRY(shmctl(id, SHM_UNLOCK, NULL));
    show("unlocked");
    highest = shmctl(0, IPC_INFO, (void *)&info);
    CHECK(highest >= 0);
    say("max %lu min %lu mni %lu seg %lu all %lu", info.shmmax, info.shmmin, info.shmmni,
        info.shmseg, info.shmall);
    TRY_OK(shmctl(0, SHM_INFO, (void *)&use));
    say("used %d total %lu resident %lu swapped %lu", use.used_ids, use.shm_tot, use.shm_rss,
        use.shm_swp);
    CHECK(shmctl(highest, SHM_STAT, &ds) == id);
    CHECK(shmctl(highest, 15, &ds) == id);
    TRY(shmctl(highest + 1, SHM_STAT, &ds));
    TRY(shmctl(-1, SHM_STAT, &ds));
    TRY(shmctl(100000, SHM_STAT, &ds));
    TRY(shmctl(id, IPC_RMID, NULL));
    show("marked");
    TRY(shmget(0x1234, 0, 0));
    CHECK(shmat(id, NULL, 0) != (void *)-1);
    show("attached when marked");
    pid = fork();
    if (pid == 0) {
        show("forked when marked");
        _exit(0);
    }
    waitpid(pid, &status, 0);
    TRY(shmctl(id, IPC_RMID, NULL));
    say("still %d", at[0]);
    TRY(shmdt(at));
    show("once detached");
    in_child("and gone", attach_and_exit);
    return 0;
}
