# RAM beyond the direct map of 32-bit kernels: processes fill it with private and file pages, all at
# once, and then look whether each page still has what was written. On x86-64's turn a short run on
# both 32-bit kernels; with `--arch`, as much as the architecture is for.

. tests/lib.sh

program=build/tests/boot-i386/fillmemory

# fill ARCH MEMORY MIB PROCESSES
fill() {
    name="$4 processes fill $3 MiB of $2 on $1"
    need=$(($3 + $3 / 4 + 512))
    free=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
    if [ "$free" -lt "$need" ]; then
        echo "skip $1-$2 the host has $free MiB free, and $need are needed to fill $3 MiB"
        return
    fi
    tools/build "ARCH=$1" kernel tools image "$program" >"$work/log" 2>&1 &&
        build/tools/quire-run --arch "$1" --kernel-file="build/kernel-$1/quire.elf" \
            --base-archive=build/image-i386/base.cpio --mem "$2" --timeout 1200 \
            -- "$program" "$3" "$4" >"$work/log" 2>&1
    if grep -qx "all $3 MiB are right" "$work/log"; then
        echo "ok $name"
    else
        echo "not ok $name"
        tail -n 40 "$work/log"
    fi
}

# kills ARCH: who fills all of it is killed for it, though the direct map keeps some memory for itself
kills() {
    name="memory beyond the direct map is exhausted on $1: the one that filled it is killed"
    tools/build "ARCH=$1" kernel tools image >"$work/log" 2>&1 &&
        build/tools/quire-run --arch "$1" --kernel-file="build/kernel-$1/quire.elf" \
            --base-archive=build/image-i386/base.cpio --mem 1280M --timeout 1200 --verbose \
            -- sh -c 'tail /dev/zero; echo "status $?"' >"$work/log" 2>&1
    if grep -qx 'status 137' "$work/log" && grep -q 'Out of memory: Killed process [0-9]* (tail)' "$work/log"; then
        echo "ok $name"
    else
        echo "not ok $name"
        tail -n 40 "$work/log"
    fi
}

# crowded ARCH MEMORY MIB: an archive that leaves the kernel no memory of its own is told, with its size
crowded() {
    name="$1 with $2: an archive of $3 MiB is refused"
    folder=kernel-$1 image=image-i386
    [ "$1" != x86_64 ] || folder=kernel image=image
    truncate -s "$3M" "$work/large"
    tools/build "ARCH=$1" kernel tools image >"$work/log" 2>&1 &&
        build/tools/quire-run --arch "$1" --kernel-file="build/$folder/quire.elf" \
            --base-archive="build/$image/base.cpio" --mem "$2" --timeout 180 \
            --add "$work/large:/large" -- true >"$work/log" 2>&1
    if [ $? -ne 0 ] && grep -q 'there is none for .* beside the initial archive of [0-9]* KiB' "$work/log"; then
        echo "ok $name"
    else
        echo "not ok $name"
        tail -n 40 "$work/log"
    fi
    rm -f "$work/large"
}

case $arch in
x86_64)
    crowded x86_64 64M 58
    fill i386 1280M 1056 3
    fill i386-pae 1280M 1056 3
    kills i386-pae
    ;;
i386) fill i386 3G 2688 4 && kills i386 && crowded i386 3G 900 ;;
i386-pae) fill i386-pae 8G 6144 6 && kills i386-pae ;;
esac
