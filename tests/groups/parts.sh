# The library's exchangeable parts under real programs, with its records proved whenever the machine is
# idle; and what a large machine costs to bring up.

. tests/lib.sh
programs=build/tests/boot$mode
tools/build kernel tools image "$programs/memory" "$programs/processes" "$programs/stress" \
    build/tests/count-plugin.so || exit 1

# ---- frames=, heap= ----

# chosen 'WORDS' MANAGER HEAP [WARNING]: what the kernel says it uses, and says when a word is wrong
chosen() {
    machine --append "$1" --verbose -- cat /proc/quire/zones >"$work/zones" 2>"$work/messages" &&
        grep -qx "manager $2" "$work/zones" && grep -qx "heap $3" "$work/zones" &&
        grep -q "frame manager $2, heap $3\$" "$work/messages" &&
        { [ -z "$4" ] || grep -q "warning: $4" "$work/messages"; }
}
check "without words: buddy system and slabs" chosen "" buddy slab
check "a frame manager that is not there" chosen "frames=best" buddy slab \
    "frames=best: there is no such frame manager"
check "a heap that is not there" chosen "heap=worst" buddy slab "heap=worst: there is no such heap"

for words in "frames=bitmap" "frames=freelist" "heap=firstfit" "frames=freelist heap=firstfit"; do
    frames=buddy heap=slab
    case $words in *frames=*) frames=${words#frames=} frames=${frames%% *} ;; esac
    case $words in *heap=*) heap=${words##*heap=} ;; esac
    check "$words" chosen "$words" "$frames" "$heap"
    for program in memory processes stress; do
        check "$words: $program" \
            status 0 machine --timeout 180 --append "check $words" --mem 512M -- "$programs/$program"
    done
done

# What was taken apart page by page, in the end, from one end of memory to the other.
pieces() {
    machine --timeout 120 --append "check frames=$1" --mem 128M -- sh -c '
        for i in 1 2 3; do
            for j in $(seq 1 80); do dd if=/dev/zero of=/tmp/$j bs=1M count=1 2>/dev/null || exit 1; done
            for j in $(seq 1 2 80); do rm /tmp/$j; done
            for j in $(seq 1 80); do sh -c "echo $j" >/dev/null || exit 1; done
            rm -f /tmp/[0-9]*
        done
        echo whole' | grep -qx whole
}
for frames in bitmap freelist; do
    check "frames=$frames: memory in pieces serves programs as before" pieces $frames
done

# ---- a large machine ----

# instructions SIZE: of a machine from reset to the end of a program, the least of three runs (what time
# has a part in only adds)
instructions() {
    for run in 1 2 3; do
        machine --timeout 120 --mem "$1" \
            --qemu "-plugin $project/build/tests/count-plugin.so,out=$work/count.$run" -- true || return 1
    done
    sort -n "$work"/count.[123] | head -n 1
}

no_dearer() {
    small=$(instructions 256M) && large=$(instructions 16G) || return 1
    echo "256M: $small instructions, 16G: $large"
    [ "$large" -le $((small + small / 5)) ]
}

all_there() {
    machine --timeout 120 --append check --mem 16G -- sh -c '
        awk "/^MemTotal/ { print (\$2 > 16000000) }" /proc/meminfo' | grep -qx 1
}

# QEMU reserves the memory, and the machine touches little of it.
host=$(awk '/^MemTotal/ { total = $2 } /^MemAvailable/ { free = $2 }
    END { print (total > 17 * 1048576 && free > 1048576) ? "large" : "small" }' /proc/meminfo)
if [ "$arch" != x86_64 ]; then
    : # no such machine
elif [ "$host" = large ]; then
    check "16G comes up with at most a fifth more instructions than 256M" no_dearer
    check "16G are all there" all_there
else
    echo "skip 16G comes up with at most a fifth more instructions than 256M: the host has less than 17G"
    echo "skip 16G are all there: the host has less than 17G"
fi
