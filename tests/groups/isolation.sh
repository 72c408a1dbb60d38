# What programs may not see, and buffers that are taken away while the kernel uses them; archives that
# are cut. The rest of this is compared with Linux: tests/compat/programs/hazard_*.c.

. tests/lib.sh
tools/build kernel tools image "build/tests/boot$mode/isolation" "build/tests/boot$mode/races" || exit 1

# program NAME -- PROGRAM ARGUMENT...: it checks itself, and the library's records are proved whenever
# the machine is idle
program() {
    name=$1
    shift
    if machine --timeout 180 --append check "$@" >"$work/log" 2>&1; then
        echo "ok $name"
    else
        echo "not ok $name: status $?"
        tail -n 40 "$work/log"
    fi
}

program "no address of the kernel in /proc and /sys" -- "build/tests/boot$mode/isolation"
program "buffers taken away by another thread" -- "build/tests/boot$mode/races" 1000

[ "$arch" = x86_64 ] || exit 0 # archives are read alike

tools/build build/fuzz/archive || exit 1

# cut NAME BYTES TEXT: so much of the archive at boot; the kernel says what is wrong and switches off,
# as there is nothing to run.
cut() {
    head -c "$2" build/image/base.cpio >"$work/cut"
    rm -f "$work/log"
    timeout 180 qemu-system-x86_64 -nodefaults -no-user-config -cpu "qemu64,+smep,+smap,+umip$cpu_la57" -m 128M \
        -display none -serial "file:$work/log" -no-reboot -device isa-debug-exit,iobase=0xf4 \
        -kernel build/kernel/quire.elf -initrd "$work/cut" </dev/null >"$work/qemu" 2>&1
    status=$?
    if [ "$status" -eq 33 ] && grep -qF -- "of $2: $3" "$work/log"; then
        echo "ok $1"
    else
        echo "not ok $1: status $status"
        cat "$work/log"
    fi
}

cut "archive cut in its first header" 57 'the archive ends inside a header'
cut "archive cut in a name" 110 'the archive ends inside a name'
cut "archive cut in a file" 300000 "the archive ends inside a file's content"

# The reader alone, with an archive cut at each byte: under sanitizers, and with the fuzz target's
# checks.
mkdir "$work/cuts"
size=$(wc -c <tests/fuzz/corpus/archive/tree)
at=0
while [ "$at" -le "$size" ]; do
    head -c "$at" tests/fuzz/corpus/archive/tree >"$work/cuts/$at"
    at=$((at + 1))
done
if build/fuzz/archive -runs=0 "$work/cuts" >"$work/log" 2>&1; then
    echo "ok archive cut at each of $size bytes"
else
    echo "not ok archive cut at each byte"
    tail -n 20 "$work/log"
fi
