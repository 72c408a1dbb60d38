/*
 * Settings below /proc/sys: a number (or a few) in memory, with a range. A write outside the range,
 * or of what is no number, is refused and changes nothing.
 */
#ifndef KERNEL_FS_PROCFS_SETTINGS_H
#define KERNEL_FS_PROCFS_SETTINGS_H

#include "fs/procfs.h"

struct proc_setting {
    void *value;                 /* NULL: `get` says it */
    size_t bytes;                /* 4: int; 8: int64_t or uint64_t */
    int64_t minimum, maximum;    /* of what may be written */
    int64_t (*get)(void);        /* what is read; NULL: the value */
    void (*changed)(int64_t to); /* after a write; may be NULL */
};

int proc_show_setting(struct text *text, const struct proc_target *target);
int proc_store_setting(char *text, size_t length, const struct proc_target *target);

/* A row of a table: the rest are fields of struct proc_setting. */
#define PROC_SETTING_ROW(file_name, permissions, ...)                                              \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | (permissions), .show = proc_show_setting,             \
        .store = proc_store_setting, .access = PROC_SETTING, .once = true, .seeks_end = true,      \
        .data = &(const struct proc_setting)                                                       \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define PROC_NUMBER(file_name, variable, lowest, highest)                                          \
    PROC_SETTING_ROW(file_name, 0644, .value = &(variable), .bytes = sizeof(variable),             \
                     .minimum = (lowest), .maximum = (highest))
#define PROC_FIXED(file_name, function) PROC_SETTING_ROW(file_name, 0444, .get = function)
/* A text that does not change. */
#define PROC_FIXED_TEXT(file_name, line)                                                           \
    {                                                                                              \
        .name = file_name, .mode = S_IFREG | 0444, .show = proc_show_line, .access = PROC_SETTING, \
        .once = true, .seeks_end = true, .data = (line)                                            \
    }
int proc_show_line(struct text *text, const struct proc_target *target);

#endif
