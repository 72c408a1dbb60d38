# Debian's own tools read /proc and /sys of the machine: those of procps and some of util-linux, as
# they are, dynamic, with the libraries they name. Each must be content (status 0, nothing on
# standard error), and what it says must agree with what a program beside it knows of itself:
# tests/proc/hold.c, which has touched 32 MiB.

tools/build kernel tools image test-proc || exit 1

. tests/lib.sh
held=32768 # KiB

# A tool with what it needs, by its place here, goes to the same place there.
set --
root= # of Debian's i386, unpacked
[ -z "$mode" ] || root=$project/build/i386
# path_of TOOL
path_of() {
    if [ -z "$root" ]; then
        command -v "$1"
    else
        for path in "$root/usr/bin/$1" "$root/bin/$1" "$root/sbin/$1" "$root/usr/bin/$1.procps"; do
            [ ! -e "$path" ] || break
        done
        [ -e "$path" ] && echo "$path"
    fi
}
# libraries PROGRAM: the files that it is linked with, its loader among them
libraries() {
    if [ -z "$root" ]; then
        ldd "$1" | grep -o '/[^ ]*'
    else
        echo "$root/lib/ld-linux.so.2"
        "$root/lib/ld-linux.so.2" --library-path \
            "$root/lib/i386-linux-gnu:$root/usr/lib/i386-linux-gnu" --list "$1" |
            sed -n 's/^.* => \(\/[^ ]*\/lib[^ ]*\) .*/\1/p'
    fi
}
for tool in pmap slabtop vmstat free top ps uptime w prlimit lscpu sysctl; do
    path=$(path_of $tool) || {
        echo "skip procps $tool is not installed"
        exit 0
    }
    real=$(readlink -f "$path")
    printf '%s\n' "${real#"$root"}" >"$work/path.$tool"
    for file in "$real" $(libraries "$real"); do
        grep -qxF "$file" "$work/added" 2>/dev/null || set -- "$@" --add "$(readlink -f "$file"):${file#"$root"}"
        echo "$file" >>"$work/added"
    done
done
for folder in /lib/terminfo /usr/share/terminfo /etc/terminfo; do
    [ ! -e $folder/d/dumb ] || {
        set -- "$@" --add $folder/d/dumb:$folder/d/dumb
        break
    }
done

# One boot for all: each command's output, errors and status go where the host finds them.
{
    while read -r name command; do
        tool=${command%% *}
        arguments=${command#"$tool"}
        printf 'TERM=dumb hold 32 %s%s >/tmp/out 2>/tmp/err; status=$?\n' \
            "$(cat "$work/path.$tool")" "$arguments"
        printf 'echo "=== %s $status"; cat /tmp/out; echo "=== %s.err 0"; cat /tmp/err\n' \
            "$name" "$name"
    done <<END
pmap pmap PID
pmap-x pmap -x PID
pmap-X pmap -X PID
pmap-XX pmap -XX PID
slabtop slabtop -o
vmstat vmstat
vmstat-m vmstat -m
vmstat-s vmstat -s
vmstat-a vmstat -a
vmstat-f vmstat -f
free free -w -k
top top -b -n1
ps ps aux
ps-threads ps -eLo pid,lwp,rss,vsz,comm
ps-limits ps -o pid,ppid,stat,wchan,min_flt,maj_flt,sz,start_time,args -e
uptime uptime
w w -h
prlimit prlimit --pid PID --output RESOURCE,SOFT --noheadings
lscpu lscpu
sysctl sysctl vm.overcommit_memory vm.swappiness kernel.pid_max kernel.osrelease
END
} >"$work/script"

machine --timeout 200 --mem 512M --append check \
    --add "$project/build/tests/proc$mode/hold:/bin/hold" --add "$work/script:/script" "$@" \
    -- sh /script >"$work/all" 2>"$work/errors" || {
    echo "not ok the machine runs procps"
    tail -n 20 "$work/all" "$work/errors"
}
cd "$work" || exit 1
awk '/^=== / { if (file != "") close(file); file = "got." $2; print $3 >"status." $2; next }
    { print >file }' all

# agrees NAME WHAT AWK-PROGRAM: the tool was content, and the program finds what it looks for (prints
# nothing) in its output; `address` and `held` are what hold said.
agrees() {
    complaint=$(
        [ "$(cat "status.$1" 2>/dev/null)" = 0 ] || echo "status $(cat "status.$1" 2>&1)"
        cat "got.$1.err" 2>/dev/null
        awk -v held=$held '$1 == "hold" && NR == 1 { pid = $2; address = $3; next } '"$3" \
            "got.$1" 2>&1
    )
    if [ -z "$complaint" ]; then
        echo "ok $1: $2"
    else
        echo "not ok $1: $2"
        printf '%s\n' "$complaint"
        head -n 40 "got.$1"
    fi
}

agrees pmap "the region and its size" \
    '$1 ~ address "$" && $2 == held "K" && $3 == "rw---" { found = 1 }
     /^ total/ { total = 1 } END { if (!found || !total) print "not found" }'
agrees pmap-x "what is resident and dirty" \
    '$1 ~ address "$" { found = $2 == held && $3 == held && $4 == held }
     /^total kB/ { total = $4 >= held && $4 < held + 4096 }
     END { if (!found || !total) print "not found" }'
# Columns are named in the line with Address.
columns='$1 == "Address" { for (i = 1; i <= NF; i++) at[$i] = i } '
agrees pmap-X "Rss, Pss and Anonymous by column" \
    "$columns"'$1 == address { found = $at["Size"] == held && $at["Rss"] == held &&
        $at["Anonymous"] == held && $at["Pss"] == held && $at["Referenced"] == held }
     /\[heap\]/ { heap = 1 } /\[stack\]/ { stack = 1 } / hold$/ { file = 1 }
     END { if (!found || !heap || !stack || !file) print "not found" }'
agrees pmap-XX "every field of smaps" \
    "$columns"'$1 == address { found = $at["Private_Dirty"] == held && $at["Shared_Dirty"] == 0 &&
        $at["KernelPageSize"] == 4 && $at["Swap"] == 0 && $at["Locked"] == 0 &&
        /rd wr mr mw me ac/ }
     END { if (!found || !("VmFlags" in at) || !("THPeligible" in at)) print "not found" }'
agrees slabtop "caches and their use" \
    '/Active \/ Total Objects/ { total = 1 } $1 == "OBJS" { names = 1 }
     $8 == "quire_region" { found = $1 > 0 && $2 > 0 && $2 <= $1 && $5 > 0 }
     END { if (!total || !names || !found) print "not found" }'
agrees vmstat "the columns, and what is free" \
    '$1 == "r" { names = $4 == "free" } names && $1 ~ /^[0-9]+$/ && $4 > 100000 { found = 1 }
     END { if (!found) print "not found" }'
agrees vmstat-m "caches" '$1 == "quire_region" && $2 > 0 && $3 >= $2 && $4 > 0 { found = 1 }
     END { if (!found) print "not found" }'
# Used is what is not available, and the free memory below the watermarks is not: the sums may be more
# than there is by that.
agrees vmstat-s "memory and counts" \
    '/K total memory/ { total = $1 } /K free memory/ { free = $1 } /K used memory/ { used = $1 }
     /K active memory/ { active = $1 } /forks/ { forks = $1 }
     END { if (total < 400000 || free > total - held || used < held || active < held ||
               used + free > total + total / 64 || forks < 2) print "total " total " free " free " used " used \
               " active " active " forks " forks }'
agrees vmstat-a "active and inactive" '$1 == "r" { names = $5 == "inact" && $6 == "active" }
     names && $1 ~ /^[0-9]+$/ && $6 >= held && $5 > 0 { found = 1 }
     END { if (!found) print "not found" }'
agrees vmstat-f "forks" '/forks/ && $1 > 2 { found = 1 } END { if (!found) print "not found" }'
agrees free "the sums" \
    '$1 == "Mem:" { found = $2 > 400000 && $3 >= held && $3 + $4 <= $2 + $2 / 64 && $5 > 0 && $8 <= $4 + $7 }
     $1 == "Swap:" { swap = $2 == 0 } END { if (!found || !swap) print "not found" }'
agrees top "the summary, and the holder's memory" \
    '/^MiB Mem/ { summary = $4 > 400 } /^Tasks:/ { tasks = $2 >= 3 }
     $NF == "hold" && $1 == pid { found = $6 >= held && $6 < held + 4096 && $5 >= $6 }
     END { if (!summary || !tasks || !found) print "not found" }'
agrees ps "the holder's memory" \
    '$1 == "USER" { names = $6 == "RSS" }
     $2 == pid { found = $6 >= held && $6 < held + 4096 && $5 >= $6 && $8 == "S" && /hold 32/ }
     END { if (!names || !found) print "not found" }'
agrees ps-threads "one thread" '$1 == pid && $2 == pid && $3 >= held && $5 == "hold" { found = 1 }
     END { if (!found) print "not found" }'
agrees ps-limits "the faults of 32 MiB" '$1 == pid && $5 >= held / 4 && $5 < held { found = 1 }
     END { if (!found) print "not found" }'
agrees uptime "load" '/up .*load average: [0-9.]+, [0-9.]+, [0-9.]+$/ { found = 1 }
     END { if (!found) print "not found" }'
agrees w "nobody is logged in" 'NF > 0 && NR > 1 { print "unexpected" }'
agrees prlimit "limits" '$1 == "STACK" { stack = $2 == 8388608 } $1 == "AS" { as = $2 == "unlimited" }
     END { if (!stack || !as) print "not found" }'
agrees lscpu "the processor" '/^CPU\(s\): +1$/ { cpus = 1 } /^Architecture: +(x86_64|i686)/ { found = 1 }
     END { if (!cpus || !found) print "not found" }'
agrees sysctl "settings" '/^vm.swappiness = 60$/ { one = 1 } /^kernel.pid_max = / { two = 1 }
     END { if (!one || !two) print "not found" }'
