/* /proc/PID: what the out-of-memory killer thinks of a process, and what it is told about it. */
#include "fs/procfs.h"

#include "linux/errno.h"
#include "proc/oom.h"

int proc_show_oom_score(struct text *text, const struct proc_target *target)
{
    text_printf(text, "%lu\n", oom_score(target->process));
    return 0;
}

int proc_show_oom_score_adj(struct text *text, const struct proc_target *target)
{
    text_printf(text, "%d\n", target->process->oom_score_adj);
    return 0;
}

int proc_store_oom_score_adj(char *text, size_t length, const struct proc_target *target)
{
    int64_t value;
    int error = proc_parse_setting(text, &value);

    (void)length;
    return error != 0 ? error : oom_score_adj_set(target->process, value);
}

int proc_show_oom_adj(struct text *text, const struct proc_target *target)
{
    text_printf(text, "%d\n", oom_adj_get(target->process));
    return 0;
}

int proc_store_oom_adj(char *text, size_t length, const struct proc_target *target)
{
    int64_t value;
    int error = proc_parse_setting(text, &value);

    (void)length;
    return error != 0 ? error : oom_adj_set(target->process, value);
}
