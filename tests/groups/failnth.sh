# Every allocation inside the kernel fails once, step by step; and the first allocations of a whole
# session. The kernel lives, and loses nothing.

tools/build kernel tools image build/tests/boot/failnth || exit 1

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

boot() {
    build/tools/quire-run --kernel-file=build/kernel/quire.elf --base-archive=build/image/base.cpio \
        --timeout 120 "$@" >"$work/log" 2>&1
}

if boot --append check -- build/tests/boot/failnth; then
    echo "ok steps"
else
    echo "not ok steps: status $?"
    tail -n 40 "$work/log"
fi

# The shell may say "out of memory", or die; the machine may not (124 to 126 are its own).
failed=
for n in 1 2 3 4 5 7 10 14 20 28 40 56; do
    boot --append "check failnth=$n" -- /bin/sh -c 'ls /proc | cat >/dev/null; (cd /tmp; echo x >y; rm y); sleep 0'
    case $? in 124 | 125 | 126) failed="$failed $n" ;; esac
done
if [ -z "$failed" ]; then
    echo "ok kernel option failnth="
else
    echo "not ok kernel option failnth=: the machine died with$failed"
fi
