#ifndef KERNEL_LINUX_SHM_H
#define KERNEL_LINUX_SHM_H

/* System V shared memory, for others than its calls: the settings, the list, what unmaps. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* /proc/sys/kernel/shm*. */
extern struct shm_settings {
    uint64_t max, all; /* bytes of one segment; pages of all */
    int segments;      /* how many */
    int rmid_forced;   /* a segment goes with its last attachment, or with its creator */
    int next_id;       /* that the next segment gets, if it can be; -1: as they come */
} shm_settings;

/* rmid_forced was set: segments without attachments whose creators are gone go. */
void shm_settings_changed(void);

struct memory;

/*
 * Spaces that ever had a segment attached (memory->has_segments) tell when regions of theirs may
 * have come or gone: after unmapping, at fork, when the space is gone. Times and the last process
 * are noted, and a segment that was only kept by its attachments is freed. May sleep.
 */
void shm_attachments_changed(void);

struct quire_object;

/* The object is that of a segment that goes with its last attachment. May sleep. */
bool shm_removes(struct quire_object *object);

struct shm_row {
    int32_t key, id;
    uint32_t mode, uid, gid, creator_uid, creator_gid;
    int creator_pid, last_pid;
    uint64_t size, attachments, attached, detached, changed, resident;
    uint64_t swapped; /* bytes of it that slots hold */
};

/* For /proc/sysvipc/shm: the first segment in a slot >= *slot, which is moved behind it. */
bool shm_row_next(unsigned *slot, struct shm_row *out);

/* shmctl for each layout that its structures have in user memory. What a segment is: */
struct shm_status {
    int32_t key;
    uint32_t uid, gid, creator_uid, creator_gid, mode;
    uint16_t sequence;
    uint64_t size, attached, detached, changed, attachments;
    int creator_pid, last_pid;
};

/* Each: 0 or -EFAULT. read_change fills uid, gid and mode alone. */
struct shm_layout {
    long (*write_status)(const struct shm_status *status, unsigned long buffer);
    long (*read_change)(unsigned long buffer, struct shm_status *out);
    long (*write_limits)(const struct shm_settings *settings, unsigned long buffer);
};

long shmctl_call(unsigned long id, unsigned long command, unsigned long buffer,
                 const struct shm_layout *user);

#endif
