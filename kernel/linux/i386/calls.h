#ifndef KERNEL_LINUX_I386_CALLS_H
#define KERNEL_LINUX_I386_CALLS_H

/*
 * The system calls that i386 has and x86-64 has not, or that take their arguments otherwise: 64-bit
 * numbers come in two words, low before high; the oldest calls know ids of 16 bits and sizes of 31.
 */

typedef unsigned long word;

/* file.c */
long sys_pread64(word fd, word buffer, word count, word low, word high);
long sys_pwrite64(word fd, word buffer, word count, word low, word high);
long sys_lseek(word fd, word offset, word whence);
long sys_llseek(word fd, word high, word low, word result, word whence);
long sys_truncate(word name, word length);
long sys_truncate64(word name, word low, word high);
long sys_ftruncate(word fd, word length);
long sys_ftruncate64(word fd, word low, word high);
long sys_fallocate(word fd, word mode, word low, word high, word length_low, word length_high);
long sys_sync_file_range(word fd, word low, word high, word length_low, word length_high,
                         word flags);
long sys_readahead(word fd, word low, word high, word count);
long sys_fadvise64(word fd, word low, word high, word length, word advice);
long sys_fadvise64_64(word fd, word low, word high, word length_low, word length_high, word advice);
long sys_sendfile64(word out, word in, word position, word count);
long sys_fcntl(word fd, word command, word argument);
long sys_fcntl64(word fd, word command, word argument);
long sys_old_readdir(word fd, word out, word count);
long sys_old_select(word arguments);
long sys_old_umount(word name);

/* stat.c */
long sys_old_stat(word name, word out);
long sys_old_lstat(word name, word out);
long sys_old_fstat(word fd, word out);
long sys_stat(word name, word out);
long sys_lstat(word name, word out);
long sys_fstat(word fd, word out);
long sys_stat64(word name, word out);
long sys_lstat64(word name, word out);
long sys_fstat64(word fd, word out);
long sys_fstatat64(word start, word name, word out, word flags);
long sys_statfs(word name, word out);
long sys_fstatfs(word fd, word out);
long sys_statfs64(word name, word size, word out);
long sys_fstatfs64(word fd, word size, word out);

/* ids.c */
long sys_chown16(word name, word uid, word gid);
long sys_lchown16(word name, word uid, word gid);
long sys_fchown16(word fd, word uid, word gid);
long sys_getuid16(void);
long sys_geteuid16(void);
long sys_getgid16(void);
long sys_getegid16(void);
long sys_setuid16(word uid);
long sys_setgid16(word gid);
long sys_setreuid16(word real, word effective);
long sys_setregid16(word real, word effective);
long sys_setresuid16(word real, word effective, word saved);
long sys_setresgid16(word real, word effective, word saved);
long sys_getresuid16(word real, word effective, word saved);
long sys_getresgid16(word real, word effective, word saved);
long sys_setfsuid16(word uid);
long sys_setfsgid16(word gid);
long sys_getgroups16(word size, word list);
long sys_setgroups16(word size, word list);

/* process.c */
long sys_clone(word flags, word stack, word parent_tid, word tls, word child_tid);
long sys_waitpid(word pid, word status, word options);
long sys_nice(word increment);
long sys_old_uname(word out);
long sys_oldest_uname(word out);
long sys_old_getrlimit(word resource, word out);

/* memory.c */
long sys_old_mmap(word arguments);
long sys_mmap2(word address, word length, word protection, word flags, word fd, word page);
long sys_ipc(word call, word first, word second, word third, word pointer, word fifth);

/* signal.c */
long sys_signal(word signo, word handler);
long sys_sigaction(word signo, word action, word old);
long sys_sigprocmask(word how, word set, word old);
long sys_sigpending(word set);
long sys_sigsuspend(word unused, word unused_too, word mask);
long sys_sgetmask(void);
long sys_ssetmask(word mask);

/* time64.c */
long sys_stime(word in);
long sys_clock_gettime64(word clock, word out);
long sys_clock_settime64(word clock, word in);
long sys_clock_getres_time64(word clock, word out);
long sys_clock_nanosleep_time64(word clock, word flags, word request, word remaining);
long sys_timer_gettime64(word id, word out);
long sys_timer_settime64(word id, word flags, word in, word out);
long sys_utimensat_time64(word start, word name, word times, word flags);
long sys_pselect6_time64(word count, word in, word out, word except, word timeout, word mask);
long sys_ppoll_time64(word fds, word count, word timeout, word mask, word mask_size);
long sys_rt_sigtimedwait_time64(word set, word info, word timeout, word size);
long sys_futex_time64(word address, word operation, word value, word timeout, word address2,
                      word value3);
long sys_sched_rr_get_interval_time64(word tid, word out);

/* thread_area.c */
long sys_set_thread_area(word user);
long sys_get_thread_area(word user);

#endif
