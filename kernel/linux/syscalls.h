#ifndef KERNEL_LINUX_SYSCALLS_H
#define KERNEL_LINUX_SYSCALLS_H

/*
 * The system calls about processes, memory, signals, time and the system, for the table. Arguments
 * as in Linux, in order, each as a register's worth of bits; the result or a negative errno. Those
 * about files: sys_file.h.
 */

typedef unsigned long word;

/* sys_process.c */
long sys_fork(void);
long sys_vfork(void);
long sys_clone3(word arguments, word size);
long sys_execve(word name, word argv, word envp);
long sys_execveat(word start, word name, word argv, word envp, word flags);
long sys_exit(word status);
long sys_exit_group(word status);
long sys_wait4(word pid, word status, word options, word usage);
long sys_waitid(word type, word id, word info, word options, word usage);
long sys_getpid(void);
long sys_gettid(void);
long sys_getppid(void);
long sys_getpgid(word pid);
long sys_getpgrp(void);
long sys_setpgid(word pid, word group);
long sys_getsid(word pid);
long sys_setsid(void);
long sys_set_tid_address(word address);
long sys_arch_prctl(word code, word address);
long sys_modify_ldt(word function, word user, word size);
long sys_prctl(word option, word a, word b, word c, word d);
long sys_umask(word mask);
long sys_personality(word persona);

/* sys_credentials.c */
long sys_getuid(void);
long sys_geteuid(void);
long sys_getgid(void);
long sys_getegid(void);
long sys_setuid(word uid);
long sys_setgid(word gid);
long sys_setreuid(word real, word effective);
long sys_setregid(word real, word effective);
long sys_setresuid(word real, word effective, word saved);
long sys_setresgid(word real, word effective, word saved);
long sys_getresuid(word real, word effective, word saved);
long sys_getresgid(word real, word effective, word saved);
long sys_setfsuid(word uid);
long sys_setfsgid(word gid);
long sys_getgroups(word size, word list);
long sys_setgroups(word size, word list);
long sys_capget(word header, word data);
long sys_capset(word header, word data);

/* sys_swap.c */
long sys_swapon(word name, word flags);
long sys_swapoff(word name);

/* sys_signal.c */
long sys_rt_sigaction(word signo, word action, word old, word size);
long sys_rt_sigprocmask(word how, word set, word old, word size);
long sys_rt_sigreturn(void);
long sys_sigreturn(void); /* i386 */
long sys_rt_sigpending(word set, word size);
long sys_rt_sigsuspend(word set, word size);
long sys_rt_sigtimedwait(word set, word info, word timeout, word size);
long sys_rt_sigqueueinfo(word pid, word signo, word info);
long sys_rt_tgsigqueueinfo(word pid, word tid, word signo, word info);
long sys_sigaltstack(word stack, word old);
long sys_kill(word pid, word signo);
long sys_tkill(word tid, word signo);
long sys_tgkill(word pid, word tid, word signo);
long sys_pause(void);

/* sys_time.c */
long sys_clock_gettime(word clock, word out);
long sys_clock_getres(word clock, word out);
long sys_clock_settime(word clock, word in);
long sys_gettimeofday(word out, word zone);
long sys_settimeofday(word in, word zone);
long sys_time(word out);
long sys_times(word out);
long sys_nanosleep(word request, word remaining);
long sys_clock_nanosleep(word clock, word flags, word request, word remaining);
long sys_restart_syscall(void);
long sys_getitimer(word which, word out);
long sys_setitimer(word which, word in, word out);
long sys_alarm(word seconds);
long sys_timer_create(word clock, word event, word out);
long sys_timer_settime(word id, word flags, word in, word out);
long sys_timer_gettime(word id, word out);
long sys_timer_getoverrun(word id);
long sys_timer_delete(word id);

/* sys_futex.c */
long sys_futex_waitv(word user, word count, word flags, word timeout, word clock);
long sys_futex(word address, word operation, word value, word timeout, word address2, word value3);
long sys_set_robust_list(word head, word size);
long sys_get_robust_list(word pid, word head, word size);
long sys_rseq(word area, word size, word flags, word signature);

/* sys_memory.c */
long sys_munmap(word address, word length);
long sys_mprotect(word address, word length, word protection);
long sys_pkey_mprotect(word address, word length, word protection, word key);
long sys_pkey_alloc(word flags, word rights);
long sys_pkey_free(word key);
long sys_remap_file_pages(word start, word size, word protection, word page, word flags);
long sys_mremap(word old, word old_length, word new_length, word flags, word new);
long sys_brk(word wanted);

/* sys_advise.c */
long sys_madvise(word address, word length, word advice);
long sys_process_madvise(word fd, word list, word count, word advice, word flags);
long sys_mincore(word address, word length, word vector);
long sys_msync(word address, word length, word flags);

/* sys_lock.c */
long sys_mlock(word address, word length);
long sys_mlock2(word address, word length, word flags);
long sys_munlock(word address, word length);
long sys_mlockall(word flags);
long sys_munlockall(void);

/* sys_process_vm.c */
long sys_process_vm_readv(word pid, word local, word local_count, word remote, word remote_count,
                          word flags);
long sys_process_vm_writev(word pid, word local, word local_count, word remote, word remote_count,
                           word flags);

/* sys_ptrace.c */
long sys_ptrace(word request, word pid, word address, word data);

/* sys_policy.c */
long sys_set_mempolicy(word mode, word nodes, word count);
long sys_get_mempolicy(word mode, word nodes, word count, word address, word flags);
long sys_mbind(word address, word length, word mode, word nodes, word count, word flags);
long sys_set_mempolicy_home_node(word address, word length, word node, word flags);
long sys_move_pages(word pid, word count, word pages, word nodes, word status, word flags);
long sys_migrate_pages(word pid, word count, word from, word to);

/* sys_pidfd.c */
long sys_pidfd_open(word pid, word flags);
long sys_pidfd_send_signal(word fd, word signo, word info, word flags);
long sys_pidfd_getfd(word fd, word wanted, word flags);
long sys_unshare(word flags);
long sys_process_mrelease(word fd, word flags);
long sys_kcmp(word pid, word other_pid, word type, word first, word second);

/* sys_shm.c */
long sys_shmget(word key, word size, word flags);
long sys_shmat(word id, word address, word flags);
long sys_shmdt(word address);
long sys_shmctl(word id, word command, word buffer);

/* sys_system.c */
long sys_uname(word out);
long sys_sethostname(word name, word length);
long sys_setdomainname(word name, word length);
long sys_sysinfo(word out);
long sys_getrandom(word buffer, word size, word flags);
long sys_reboot(word magic, word magic2, word command, word argument);
long sys_getrlimit(word resource, word out);
long sys_setrlimit(word resource, word in);
long sys_prlimit64(word pid, word resource, word in, word out);
long sys_getrusage(word who, word out);
long sys_sched_yield(void);
long sys_sched_getaffinity(word pid, word size, word mask);
long sys_sched_setaffinity(word pid, word size, word mask);
long sys_sched_getparam(word pid, word out);
long sys_sched_setparam(word pid, word in);
long sys_sched_getscheduler(word pid);
long sys_sched_setscheduler(word pid, word policy, word in);
long sys_sched_get_priority_max(word policy);
long sys_sched_get_priority_min(word policy);
long sys_sched_rr_get_interval(word pid, word out);
long sys_getpriority(word which, word who);
long sys_setpriority(word which, word who, word nice);
long sys_getcpu(word cpu, word node);
long sys_membarrier(word command, word flags, word cpu);
long sys_syslog(word type, word buffer, word length);

/* What differs: x86_64/ or i386/. */
#include "linux/machine_calls.h"

#endif
