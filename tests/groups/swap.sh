# Swap on devices: what comes back is what went out; swapon and swapoff beside Linux's answers; areas
# made here and by Debian's mkswap; devices that fail, and servers that go.

. tests/lib.sh
PATH=$PATH:/usr/sbin:/sbin
tools/build "ARCH=$arch" kernel tools image test-swap || exit 1
programs=build/tests/swap$mode
trap 'rm -rf "$work"; [ ! -s "$work/nbd.pid" ] || kill "$(cat "$work/nbd.pid")" 2>/dev/null' EXIT

# prints NAME PATTERN...: what the last machine printed, and then its kernel, has these lines, in this
# order
prints() {
    prints_name=$1
    shift
    for pattern; do
        echo "$pattern"
    done >"$work/patterns"
    cat "$work/said" >>"$work/out"
    if awk 'NR == FNR { want[NR] = $0; n = NR; next }
            at < n && $0 ~ want[at + 1] { at++ }
            END { if (at < n) { print "no line like: " want[at + 1]; exit 1 } }' \
        "$work/patterns" "$work/out" >"$work/log"; then
        echo "ok $prints_name"
    else
        echo "not ok $prints_name"
        cat "$work/log"
        tail -n 40 "$work/out"
    fi
}

# run OPTION...: the machine, with the programs in /swap; its output is $work/out, the kernel's words
# $work/said
run() {
    machine --timeout 240 --verbose --append check --add "$programs:/swap" "$@" >"$work/out" 2>"$work/said"
}

# blank NAME SIZE: a new disk of zeros
blank() {
    rm -f "$work/$1"
    truncate -s "$2" "$work/$1"
}

# disk NAME [DRIVE]: QEMU's words for it; a failure is told to the guest
disk() {
    echo "-drive if=none,id=$1,format=raw,file=$work/$1${2:-} -device virtio-blk-pci,drive=$1,werror=report,rerror=report"
}

# failing NAME KIND PAGE: the same, and each read, or write, of a page fails
failing() {
    printf '[inject-error]\nevent = "none"\niotype = "%s"\nerrno = "5"\nsector = "%s"\n' \
        "$2" $(($3 * 8)) >"$work/$1.fails"
    echo "-drive if=none,id=$1,driver=raw,file.driver=blkdebug,file.config=$work/$1.fails,file.image.driver=file,file.image.filename=$work/$1 -device virtio-blk-pci,drive=$1,werror=report,rerror=report"
}

# ---- what went out comes back ----

run --mem 64M --swap 160M -- /swap/hog 96 2
prints "96 MiB of memory in 64" '^pass 2' '^ok$'

case $arch in
i386*)
    # Frames beyond the direct map go to the device as they are.
    run --mem 1100M --swap 64M -- /swap/lost 4096
    prints "frames beyond the direct map" '^lost 0 of 4096$'
    ;;
*)
    run --mem 64M --swap 96M --swap 96M -- /swap/hog 40 1 3
    prints "three processes, two devices" '^ok$'
    ;;
esac

# ---- calls ----

if [ "$arch" = x86_64 ]; then
    blank a 1M
    blank b 1M
    machine --qemu "$(disk a) $(disk b)" -- "$programs/calls" /dev/vda /dev/vdb >"$work/out" 2>&1
    check "swapon, swapoff and /dev/vda answer as Linux's" diff tests/swap/calls.expected "$work/out"
fi

# ---- areas by busybox, by Debian ----

blank a 8M
run --qemu "$(disk a)" -- sh -c '
    mkswap -L mine /dev/vda && swapon /dev/vda && free && cat /proc/swaps && /swap/lost 256 &&
    grep -E "Swap(Total|Free)" /proc/meminfo && swapoff /dev/vda && cat /proc/swaps && echo end'
prints "busybox: mkswap, swapon, free, swapoff" '^Swap: *8188 ' '^/dev/vda .*partition.8188..0..-2' \
    '^lost 0 of 256$' '^SwapTotal: *8188 kB' '^Filename' '^end$'
check "Debian's blkid knows the area that was made here" \
    sh -c "blkid -p -o export '$work/a' | tr '\n' ' ' | grep 'LABEL=mine.* TYPE=swap'"
check "Debian's swaplabel too" sh -c "swaplabel '$work/a' | grep mine"
blank a 8M
mkswap -L debian "$work/a" >/dev/null 2>&1
run --swap "$work/a" -- sh -c 'cat /proc/swaps; /swap/lost 256; swapoff /dev/vda; echo $?'
prints "an area by Debian's mkswap is switched on at boot" '^/dev/vda .*partition.8188' '^lost 0 of 256$' '^0$'
run --swap "$work/a" --append swap=off -- cat /proc/swaps
check "swap=off leaves that to the user" sh -c "! grep ^/dev '$work/out'"

# ---- several devices ----

blank a 4M
blank b 4M
blank c 4M
run --qemu "$(disk a) $(disk b) $(disk c)" -- sh -c '
    for disk in a b c; do mkswap /dev/vd$disk >/dev/null; done
    /swap/on /dev/vda 5; /swap/on /dev/vdb 7; /swap/on /dev/vdc 7
    /swap/lost 1024 1 cat /proc/swaps; /swap/lost 2200 1 cat /proc/swaps'
prints "a higher priority is filled first, equals take turns" '^/dev/vda .*partition.4092..0..5' \
    '^/dev/vdb .*partition.4092..(1[0-9]..|2...)..7' '^/dev/vdc .*partition.4092..(1...|2...)..7' \
    '^/dev/vda .*partition.4092..[0-9][0-9]*..5' '^/dev/vdb .*partition.4092..4...?.?.?7' '^/dev/vdc .*partition.4092..4...?.?.?7'

# ---- beyond 2^32 sectors ----

if truncate -s 3T "$work/c" 2>"$work/log"; then
    run --qemu "$(disk c)" -- sh -c '
        blockdev --getsize64 /dev/vda; tail -n 1 /proc/partitions
        echo far away | dd of=/dev/vda bs=1M seek=2621440 2>/dev/null
        dd if=/dev/vda bs=1M skip=2621440 count=1 2>/dev/null | head -n 1; head -c 4 /dev/vda | hexdump
        mkswap /dev/vda >/dev/null; swapon /dev/vda 2>&1; cat /proc/swaps; echo alive'
    prints "a disk of 3 TiB" '^3298534883328$' ' 3221225472 vda$' '^far away$' '^0000000 0000 0000'
    case $arch in
    i386) prints "of which page table entries can name a part" '^/dev/vda .*partition' '^alive' \
        'only [0-9]* of its [0-9]* pages can be named' ;;
    *) prints "for whose slots there is no memory" 'Cannot allocate memory' '^alive' \
        'no memory for the records of its [0-9]* pages' ;;
    esac
else
    echo "skip 3-tib-disk no file here can be so large"
fi

# ---- the launcher ----

check "a file that is not there" says "truncate -s 512M" status 125 machine --swap "$work/none" -- true
printf 'a letter' >"$work/letter"
truncate -s 1M "$work/letter"
check "a file with something else in it" says "it holds something else" status 125 \
    machine --swap "$work/letter" -- true
: >"$work/empty"
check "a file that is too small" says "too small" status 125 machine --swap "$work/empty" -- true
blank a 4M
run --swap "$work/a" -- cat /proc/swaps
prints "a blank file becomes an area" '^/dev/vda .*partition.4092' 'was blank and is a swap area now'

# ---- what does not fit ----

tools/build "ARCH=$arch" "build/tests/boot$mode/failnth" || exit 1
run --swap 8M --append "swap=off check" --add "build/tests/boot$mode/failnth:/failnth" -- /failnth swap
prints "every allocation fails once" '^swap: ok'

run --mem 64M --swap 128M -- /swap/off /dev/vda 96
prints "swapoff that does not fit, and one that does" '^swapoff: ENOMEM' '^after it: on' \
    '^swapoff: ok' '^after it: off'
blank a 32M
run --append "swap=/dev/vda check" --qemu "$(disk a ,throttling.iops-total=500)" -- /swap/off /dev/vda 8 killed
prints "who is killed in swapoff leaves the device on" '^swapoff: Killed' '^after it: on' \
    '^swapoff: ok' '^after it: off'
run --mem 64M --swap 16M -- sh -c '/swap/hog 128; echo status $?; cat /proc/swaps'
prints "swap and RAM full: the killer acts, the shell is alive" '^status 137' '^/dev/vda' \
    'Out of memory: Killed process'

# ---- devices that fail ----

blank a 16M
run --append "swap=/dev/vda check" --qemu "$(failing a read 100)" -- sh -c '
    # What is still on its way out is not read: then another turn meets the bad page.
    for turn in $(seq 60); do
        found=$(/swap/lost 512); echo "$found"
        [ "$found" = "lost 0 of 512" ] || break
    done
    /swap/lost 512 7; swapoff /dev/vda; echo off $?'
prints "a page that cannot be read is lost to one program" '^lost 1 of 512$' '^lost 0 of 512$' '^off 0' \
    'page 100 cannot be read'
run --append "swap=/dev/vda check" --qemu "$(failing a write 100)" -- sh -c '
    /swap/lost 512; /swap/lost 512 7; swapoff /dev/vda; echo off $?'
prints "a page that cannot be written stays" '^lost 0 of 512$' '^lost 0 of 512$' '^off 0'
check "and its place is not used any more" sh -c "[ \$(grep -c 'page 100 cannot be written' '$work/out') -eq 1 ]"

# until PATTERN FILE: waits for a line, as long as the machine runs
until_line() {
    until grep -q "$1" "$2" || ! kill -0 "$machine_job" 2>/dev/null; do
        sleep 0.1
    done
}

# QEMU makes one disk larger, and takes another away while pages are on it.
blank a 16M
blank b 8M
mkfifo "$work/input" "$work/monitor.in" "$work/monitor.out"
: >"$work/out"
run --append "swap=/dev/vda check" \
    --qemu "$(disk a) $(disk b) -chardev pipe,id=monitor,path=$work/monitor -mon chardev=monitor" -- sh -c '
    blockdev --getsize64 /dev/vdb
    /swap/lost 512 1 /bin/sh -c "echo waiting; read line"; echo status $?
    blockdev --getsize64 /dev/vdb; tail -n 1 /proc/partitions
    /swap/lost 256; swapoff /dev/vda; echo alive' <"$work/input" &
machine_job=$!
cat "$work/monitor.out" >"$work/monitor.log" &
exec 8>"$work/input" 9>"$work/monitor.in"
until_line '^waiting' "$work/out"
printf 'block_resize b 16M\ndrive_del a\ninfo status\n' >&9
until_line 'VM status' "$work/monitor.log"
echo go >&8
exec 8>&- 9>&-
wait $machine_job
prints "a disk that grows" '^8388608$' '^16777216$' ' 16384 vdb$' 'vdb: its size is now 16384 KiB'
prints "a device that is gone" '^lost 512 of 512' '^lost 0 of 256' '^alive$' \
    'cannot be read .input/output error'

# One request that the device cannot accept, in the middle of the write-outs (virtio.c).
run --mem 64M --swap 64M --append breakdisk=12 -- sh -c '/swap/lost 512; /swap/lost 256; echo alive'
prints "a device that wants to be reset" '^lost [0-9]* of 512' '^lost 0 of 256' '^alive$' \
    'the device has failed' 'cannot be written .the device is gone'

# ---- another machine's memory ----

if ! command -v nbdkit >/dev/null; then
    echo "skip nbd nbdkit is missing"
    exit 0
fi
port=$((20000 + $$ % 20000))
nbdkit -P "$work/nbd.pid" -i 127.0.0.1 -p "$port" memory 128M
run --mem 64M --swap "nbd://127.0.0.1:$port/" -- /swap/hog 96 1
prints "memory of an NBD server" '^ok$' 'was blank and is a swap area now'
: >"$work/out"
run --mem 64M --swap "nbd://127.0.0.1:$port/" -- sh -c '
    /swap/hog 96 1000; echo status $?; free; echo alive' &
machine_job=$!
until_line '^pass 1' "$work/out"
kill -9 "$(cat "$work/nbd.pid")"
: >"$work/nbd.pid"
wait $machine_job
prints "an NBD server killed in mid-run" '^pass 1' '^status 135' '^Swap:' '^alive' \
    'swap: /dev/vda: page [0-9]* cannot be'

# ---- processes that die while the device works for them ----

blank a 16M
run --append "swap=/dev/vda check" --qemu "$(disk a ,throttling.iops-total=2000)" -- sh -c '
    /swap/killed 8; echo status $?; swapoff /dev/vda; echo off $?'
prints "killed in every stage of its input and output" '^seed' '^nothing is left' '^status 0' '^off 0'
