# stress-ng's stressors of memory, each a bounded number of operations, verified.
while read -r name options; do
    # The options are meant to be split.
    # shellcheck disable=SC2086
    stress-ng "--$name" 1 "--$name-ops" $options --timeout 0 --verify --temp-path "$TMPDIR" \
        --metrics-brief >"$TMPDIR/out" 2>&1
    status=$?
    # "metrc: [PID] NAME OPERATIONS SECONDS ...": done, and by this stressor.
    operations=$(awk -v name="$name" '$4 == name && $5 > 0 { print "done"; exit }' "$TMPDIR/out")
    echo "$name ${operations:-nothing} $status"
    [ "$status" = 0 ] || sed "s/^/$name: /" "$TMPDIR/out" >&2
done <<END
vm 60 --vm-bytes 16M
mmap 2 --mmap-bytes 8M
mremap 6 --mremap-bytes 8M
brk 2000
stack 2
bigheap 200
mmapfork 1
madvise 1
mincore 200
msync 50 --msync-bytes 4M
shm 2 --shm-bytes 4M
vm-segv 5
END
