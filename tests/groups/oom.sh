# Memory truly exhausted: the out-of-memory killer in a small machine, with the library's records
# proved whenever it is idle.

tools/build kernel tools image build/tests/boot/oom || exit 1

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# oom NAME [OPTION]... -- PROGRAM ARGUMENT...
oom() {
    name=$1
    shift
    if build/tools/quire-run --kernel-file=build/kernel/quire.elf \
        --base-archive=build/image/base.cpio --timeout 180 --append check --verbose \
        "$@" >"$work/log" 2>&1; then
        echo "ok $name"
    else
        echo "not ok $name: status $?"
        tail -n 60 "$work/log"
    fi
}

oom "64 MiB" --mem 64M -- build/tests/boot/oom 50
for text in '^.*warning: Out of memory: Killed process [0-9]* (oom) total-vm:[0-9]*kB, anon-rss:' \
    'Tasks state (memory values in pages):' 'was killed because it holds the most' \
    'was killed because its oom_score_adj of 1000'; do
    if grep -q "$text" "$work/log"; then
        echo "ok the log says: $text"
    else
        echo "not ok the log does not say: $text"
    fi
done
