# Memory truly exhausted: the out-of-memory killer in a small machine, with the library's records
# proved whenever it is idle.

. tests/lib.sh
tools/build kernel tools image "build/tests/boot$mode/oom" || exit 1

# What the program says stands once more at the end, without the kernel's many lines.
killer() {
    status 0 machine --timeout 180 --append check --verbose --mem 64M -- "build/tests/boot$mode/oom" 50 >"$work/said" 2>&1
    got=$?
    cat "$work/said"
    grep -v 'warning: ' "$work/said" | tail -n 30
    return $got
}
check "64 MiB" killer
for text in '^.*warning: Out of memory: Killed process [0-9]* (oom) total-vm:[0-9]*kB, anon-rss:' \
    'Tasks state (memory values in pages):' 'was killed because it holds the most' \
    'was killed because its oom_score_adj of 1000'; do
    if grep -q "$text" "$work/log"; then
        echo "ok the log says: $text"
    else
        echo "not ok the log does not say: $text"
    fi
done
