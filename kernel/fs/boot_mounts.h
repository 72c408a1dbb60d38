#ifndef KERNEL_FS_BOOT_MOUNTS_H
#define KERNEL_FS_BOOT_MOUNTS_H

/*
 * Mounts /dev, /proc, /sys and what /etc/fstab of the initial archive names, once that is unpacked.
 * Panics when a root is named that cannot be mounted; other failures are logged.
 */
void boot_mounts(void);

#endif
