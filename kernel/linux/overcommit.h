#ifndef KERNEL_LINUX_OVERCOMMIT_H
#define KERNEL_LINUX_OVERCOMMIT_H

/* vm_settings.overcommit_* or one of the reserves was changed. */
void overcommit_apply(void);

#endif
