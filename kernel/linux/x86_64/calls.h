#ifndef KERNEL_LINUX_X86_64_CALLS_H
#define KERNEL_LINUX_X86_64_CALLS_H

typedef unsigned long word;

/* file.c */
long sys_pread64(word fd, word buffer, word count, word position);
long sys_pwrite64(word fd, word buffer, word count, word position);
long sys_lseek(word fd, word offset, word whence);
long sys_truncate(word name, word length);
long sys_ftruncate(word fd, word length);
long sys_fallocate(word fd, word mode, word offset, word length);
long sys_sync_file_range(word fd, word offset, word length, word flags);
long sys_readahead(word fd, word offset, word count);
long sys_fadvise64(word fd, word offset, word length, word advice);

long sys_fcntl(word fd, word command, word argument);

/* stat.c */
long sys_stat(word name, word out);
long sys_lstat(word name, word out);
long sys_fstat(word fd, word out);
long sys_newfstatat(word start, word name, word out, word flags);
long sys_statfs(word name, word out);
long sys_fstatfs(word fd, word out);

/* process.c */
long sys_clone(word flags, word stack, word parent_tid, word child_tid, word tls);

/* memory.c */
long sys_mmap(word address, word length, word protection, word flags, word fd, word offset);

#endif
