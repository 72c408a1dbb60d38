# what /proc, ps, free and top show of processes and memory
sleep 1000 &
pid=$!
ps -o pid,ppid,pgid,stat,comm,args | awk -v pid=$pid -v parent=$$ '
    $1 == pid { print ($2 == parent), $4, $5, $6, $7 }'
tr '\0' ' ' </proc/$pid/cmdline
echo
readlink /proc/$pid/exe
awk '{ print $2, $3, $4 == '$$', NF }' /proc/$pid/stat
awk '/^(Name|State|Tgid|PPid|Threads|Uid|Gid|SigQ|SigPnd|SigBlk|SigIgn|SigCgt)/ { gsub(/[0-9][0-9]+/, "N"); print }' /proc/$pid/status |
    grep -v SigQ
awk '{ print NF }' /proc/$pid/statm
kill $pid
wait $pid 2>/dev/null # the shell says "Terminated" only if it waits before the end
ls /proc/$pid 2>&1 | sed 's/[0-9][0-9]*/N/'
awk '$6 ~ /busybox/ { print $2, $6 }' /proc/self/maps
awk '$6 == "[stack]" || $6 == "[heap]" { print $2, $6 }' /proc/self/maps | sort
free | awk 'NR == 1; NR == 2 { print $1, NF, ($2 > 100000), ($2 >= $3 + $4), ($7 <= $2) } NR == 3'
awk '/^(MemTotal|MemFree|MemAvailable|Buffers|Cached|SwapTotal|SwapFree|Shmem):/ { print $1, $3 }' /proc/meminfo
top -b -n1 | awk 'NR == 1 { print $1, $3, $5, $7 } NR == 2 { print $1, $3, $5 } /PID/ { print } $NF == "-n1" { print $NF }'
awk '{ print NF, ($1 > 0) }' /proc/uptime
awk '{ print NF }' /proc/loadavg
grep -c '^pgfault ' /proc/vmstat
cat /proc/sys/kernel/ostype
cut -d' ' -f1 /proc/version
test -r /proc/cpuinfo && grep -c '^processor' /proc/cpuinfo
cat /proc/self/comm
sh -c 'echo $PPID' | awk -v me=$$ '{ print $1 == me }'
ls /proc/self/fd | wc -l
id
pidof sh >/dev/null && echo found
mount | awk '$3 == "/proc" { print $1, $3, $5 }'
uname -s
case $(uname -m) in x86_64 | i686) echo x86 ;; esac
hostname
date -u -d '2024-02-29 12:00:00' +%s
test $(date +%s) -gt 1700000000 && echo after 2023
