#ifndef KERNEL_FS_PROCFS_IPC_H
#define KERNEL_FS_PROCFS_IPC_H

/* What System V shared memory has in /proc: rows for the tables of others. */

#include "fs/procfs_settings.h"
#include "linux/shm.h"

int proc_show_unsigned(struct text *text, const struct proc_target *target);
int proc_store_unsigned(char *text, size_t length, const struct proc_target *target);
void proc_shm_forced_changed(int64_t to);
int proc_show_shm(struct text *text, const struct proc_target *target);

/* A setting of 64 bits without a sign. */
#define PROC_UNSIGNED(file_name, variable)                                                         \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | 0644, .show = proc_show_unsigned,                     \
        .store = proc_store_unsigned, .access = PROC_SETTING, .once = true, .data = &(variable)    \
    }

#define SHM_SEGMENTS_HIGHEST 32768

#define PROC_SHM_SETTINGS                                                                          \
    PROC_SETTING_ROW("shm_rmid_forced", 0644, .value = &shm_settings.rmid_forced,                  \
                     .bytes = sizeof shm_settings.rmid_forced, .minimum = 0, .maximum = 1,         \
                     .changed = proc_shm_forced_changed),                                          \
        PROC_UNSIGNED("shmall", shm_settings.all), PROC_UNSIGNED("shmmax", shm_settings.max),      \
        PROC_NUMBER("shm_next_id", shm_settings.next_id, 0, INT32_MAX),                            \
        PROC_NUMBER("shmmni", shm_settings.segments, 0, SHM_SEGMENTS_HIGHEST)

extern const struct proc_file proc_sysvipc_files[];

#endif
