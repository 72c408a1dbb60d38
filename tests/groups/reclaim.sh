# More memory than RAM: 64 MiB, and swap. Every byte is verified; the library's records are proved
# whenever the machine is idle.

. tests/lib.sh
tools/build kernel tools image "build/tests/boot$mode/reclaim" "build/tests/boot$mode/fillmemory" ||
    exit 1

program=build/tests/boot$mode/reclaim

# swapping TIMEOUT ARGUMENT...: in the small machine
swapping() {
    machine --timeout 600 --append check --mem 64M --swap 256M --add "$program:/reclaim" "$@"
}

# right NAME ARGUMENT...: the program ends well, and says that its pages are right
right() {
    right_name=$1
    shift
    check "$right_name" status 0 says_right "$@"
}
says_right() {
    swapping -- /reclaim "$@" >"$work/output" 2>&1
    got=$?
    /bin/cat "$work/output"
    /bin/grep -q '^reclaim: [0-9]* pages are right' "$work/output" && return $got
    return 1
}

right "advice acts, and /proc tells resident, swapped and untouched pages apart" advice
right "what is wanted in order comes in few reads, and nothing in vain" ahead
right "a whole process is swapped out, and goes on" whole
right "fork with everything swapped out" fork 90
right "eight threads in memory that is being swept" threads 90 8
right "locked memory stays" lock 100 16
right "pages in an order by chance" random 110 8000
right "another policy every few pages" policies 90
right "who asked for it is told of pressure" trigger 100

mkdir "$work/files"
truncate -s 64M "$work/files/large"
check "swappiness, and pages of a file that are not needed" status 0 swapping \
    --mount "$work/files:/data:ro" -- /reclaim files /data/large
check "files in memory, private memory and swap" status 0 swapping \
    --add "build/tests/boot$mode/fillmemory:/fillmemory" -- /fillmemory 100 3

# Each policy from the boot on; the file that switches it; what the pressure file looks like.
cat >"$work/policies" <<'END'
set -e
for policy in clock fifo aging wsclock random tide; do
    echo $policy >/proc/sys/vm/policy
    grep -q "\[$policy\]" /proc/sys/vm/policy
    /reclaim fill 100 3 1
done
if echo nobody >/proc/sys/vm/policy; then exit 1; fi
for resource in memory io cpu; do
    grep -qE '^some avg10=[0-9]+\.[0-9][0-9] avg60=[0-9]+\.[0-9][0-9] avg300=[0-9]+\.[0-9][0-9] total=[0-9]+$' /proc/pressure/$resource
    grep -qE '^full avg10=[0-9]+\.[0-9][0-9] avg60=[0-9]+\.[0-9][0-9] avg300=[0-9]+\.[0-9][0-9] total=[0-9]+$' /proc/pressure/$resource
done
for resource in memory io cpu; do
    grep -q '^some.*total=[1-9]' /proc/pressure/$resource
done
grep -q '^full.*total=[1-9]' /proc/pressure/memory
for counter in pswpin pswpout pgmajfault allocstall_normal pgscan_direct pgsteal_direct; do
    grep -q "^$counter [1-9]" /proc/vmstat
done
END
check "fill with each policy, /proc/pressure, /proc/vmstat" status 0 swapping \
    --add "$work/policies:/policies" -- busybox sh /policies
check "policy= at boot" status 0 machine --append policy=aging -- \
    busybox grep -q '\[aging\]' /proc/sys/vm/policy
check "an unknown policy is said" says 'policy=nobody: there is no such policy' \
    machine --verbose --append policy=nobody -- busybox grep -q '\[clock\]' /proc/sys/vm/policy

# The killer: only when neither RAM nor swap is left.
hogs() {
    machine --timeout 240 --mem 64M --swap 64M --verbose --append check \
        --add "$program:/reclaim" -- /reclaim hog
}
check "out of memory and swap" status 137 hogs
for text in 'KiB of swap, 0 KiB free; stalled for want of memory' 'swapents oom_score_adj name' \
    '[1-9][0-9]*             0 reclaim$' 'Out of memory: Killed process'; do
    if grep -q "$text" "$work/log"; then
        echo "ok the log says: $text"
    else
        echo "not ok the log does not say: $text"
    fi
done

# Promises: with swap there is more to promise, without it less again.
cat >"$work/promises" <<'END'
set -e
limit() { awk '$1 == "CommitLimit:" { print $2 }' /proc/meminfo; }
with=$(limit)
swapoff /dev/vda
without=$(limit)
test $((with - without)) -eq 262140
swapon /dev/vda
test $(limit) -eq $with
END
check "what may be promised follows the swap" status 0 swapping --add "$work/promises:/promises" -- \
    busybox sh /promises
