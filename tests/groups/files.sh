# Host folders in the machine, by 9P: what files promise, random operations against a folder in
# memory and against what the host sees, changes by the host, full folders, killed programs, little
# memory, --mount and --root.

. tests/lib.sh
tools/build "ARCH=$arch" kernel tools image test-files || exit 1

programs=build/tests/files$mode
folder=$work/folder
mkdir "$folder" || exit 1

# guest [OPTION]... SCRIPT: a shell in the machine, the folder as /m, the test programs in /t; the
# library's records are proved whenever it is idle
guest() {
    for script; do :; done
    options=
    while [ $# -gt 1 ]; do
        options="$options $1"
        shift
    done
    # The options are words.
    # shellcheck disable=SC2086
    machine --timeout 300 --append check --add "$programs:/t" --mount "$folder:/m" $options \
        -- sh -c "$script"
}

# wait_until TEST FILE: for a minute at most, what the machine does to the folder
wait_until() {
    for _ in $(seq 600); do
        [ "$1" "$2" ] && break
        sleep 0.1
    done
}

afresh() {
    rm -rf "$folder" && mkdir "$folder"
}

# no_fids_left LOG: no session ended with fids that the server still knows
no_fids_left() {
    ! grep -q 'fids of a session' "$1" || {
        grep 'fids of a session' "$1"
        return 1
    }
}

# ---- what files promise ----

guest 'mkdir /r; /t/checks /r; echo "status $?"' >"$work/memory" 2>&1
guest '/t/checks /m shared; echo "status $?"' >"$work/shared" 2>&1
grep -E '^(not )?ok ' "$work/shared" | sed 's/^ok /ok 9P: /; s/^not ok /not ok 9P: /'
check "files in memory keep the same promises" grep -qx 'status 0' "$work/memory"
check "all promises were looked at" grep -qx 'status 0' "$work/shared"

# ---- random operations ----

# model SEED STEPS: the same in both folders, and then for the host
model() {
    afresh
    guest "mkdir /r && /t/model run /m /r $1 $2 && sync && /t/model list /r" >"$work/lines" || {
        head -n 3 "$work/lines"
        return 1
    }
    "$programs/model" list "$folder" >"$work/here"
    sed 1d "$work/lines" | diff - "$work/here" && [ -s "$work/here" ]
}
for seed in 1 2 3; do
    check "6,000 random operations, seed $seed" model "$seed" 6000
done

# ---- the host's side ----

many() {
    afresh
    mkdir "$folder/many" && (cd "$folder/many" && seq 10000 | xargs touch)
    guest 'ls /m/many | sort -n | md5sum' >"$work/lines" || return 1
    [ "$(cat "$work/lines")" = "$(seq 10000 | md5sum)" ] || cat "$work/lines"
}
check "10,000 names made by the host are listed" many

# The machine says where it is by names in the folder; each side waits for the other's.
changes() {
    afresh
    echo one >"$folder/file"
    echo old >"$folder/replaced"
    mkdir "$folder/sub" && echo below >"$folder/sub/name"
    guest 'wait_for() { until [ -e "/m/$1" ]; do usleep 50000; done; }
        cat /m/file /m/replaced /m/sub/name; cat /m/nothing 2>/dev/null
        exec 3</m/replaced; touch /m/read; wait_for changed
        cat /m/file /m/replaced /m/nothing; cat <&3; cat /m/sub/name 2>&1; stat -c %s /m/file
        cat /m/moved/name' >"$work/lines" 2>&1 &
    machine=$!
    wait_until -e "$folder/read"
    echo another >"$folder/file"
    echo new >"$folder/replacement" && mv "$folder/replacement" "$folder/replaced"
    echo something >"$folder/nothing"
    mv "$folder/sub" "$folder/moved"
    touch "$folder/changed"
    wait "$machine"
    printf '%s\n' one old below another new something old \
        "cat: can't open '/m/sub/name': No such file or directory" 8 below |
        diff - "$work/lines"
}
check "what the host changes is seen when a file is opened" changes

left_to_end() {
    afresh
    guest 'seq 50000 >/m/a; exec 3>/m/open; seq 1000 >&3; echo unsynced >&3' || return 1
    [ "$(md5sum <"$folder/a")" = "$(seq 50000 | md5sum)" ] &&
        [ "$(tail -n 1 "$folder/open")" = unsynced ]
}
check "what is dirty when the machine ends is written" left_to_end
period() {
    afresh
    guest 'cd /proc/sys/vm && echo 20 >dirty_writeback_centisecs && echo 20 >dirty_expire_centisecs
        exec 3>/m/open; echo text >&3
        until [ -e /m/seen ]; do usleep 50000; done' &
    machine=$!
    wait_until -s "$folder/open"
    written=$(cat "$folder/open") # before the machine ends, which writes everything
    touch "$folder/seen"
    wait "$machine" && [ "$written" = text ]
}
check "an open file is written by the period's end" period

# Periods pass; what has not been dirty for long stays, until it counts as long.
expiry() {
    afresh
    guest 'cd /proc/sys/vm && echo 5 >dirty_writeback_centisecs && echo 1000000 >dirty_expire_centisecs
        exec 3>/m/open; echo text >&3; usleep 500000; touch /m/passed
        until [ -e /m/looked ]; do usleep 50000; done
        echo 0 >dirty_expire_centisecs; until [ -e /m/seen ]; do usleep 50000; done' &
    machine=$!
    wait_until -e "$folder/passed"
    early=$(cat "$folder/open")
    touch "$folder/looked"
    wait_until -s "$folder/open"
    late=$(cat "$folder/open")
    touch "$folder/seen"
    wait "$machine" && [ -z "$early" ] && [ "$late" = text ]
}
check "an open file is not written before it has been dirty for dirty_expire_centisecs" expiry

# Four files, none of which is closed, and a large piece: the limit is for all of them together. It
# is of the memory that could be dirty, which changes meanwhile: each look compares with the limit of
# that moment, which the last writer may have known higher: an eighth more passes.
throttled() {
    afresh
    guest --mem 32M 'echo 1000000 >/proc/sys/vm/dirty_expire_centisecs
        of() { sed -n "s/^$1 //p" /proc/vmstat; }
        look() {
            now=$(of nr_dirty) limit=$(of nr_dirty_threshold)
            [ "$now" -le "$most" ] || most=$now
            [ "$now" -le $((limit + limit / 8)) ] || echo "$now of $limit"
        }
        most=0
        exec 3>/m/a 4>/m/b 5>/m/c 6>/m/d
        for i in 1 2 3 4 5 6 7 8; do
            for file in 3 4 5 6; do dd if=/dev/zero bs=64k count=12 2>/dev/null >&$file; look; done
        done
        sync; dd if=/dev/zero bs=10M count=1 2>/dev/null >&3; look
        [ "$most" -ge $((limit / 4)) ] && echo kept
        echo "at most $most of $limit"
        echo 8192 >/proc/sys/vm/dirty_bytes; cat /proc/sys/vm/dirty_ratio; of nr_dirty_threshold
        echo 30 >/proc/sys/vm/dirty_ratio; cat /proc/sys/vm/dirty_bytes' >"$work/lines" 2>&1
    cat "$work/lines"
    [ "$(grep -v '^at most' "$work/lines" | tr '\n' ' ')" = 'kept 0 2 0 ' ]
}
check "writers of several files leave no more dirty than dirty_ratio" throttled

# ---- full, killed, short ----

full() {
    afresh
    if ! mount -t tmpfs -o size=2m none "$folder" 2>/dev/null; then
        echo "no right to mount a small folder"
        return 0
    fi
    guest 'dd if=/dev/zero of=/m/big bs=64k count=64 conv=fsync 2>&1 | grep -o "No space left.*"
        echo more >>/m/big && sync; rm /m/big; sync; echo fits >/m/small && sync && cat /m/small' \
        >"$work/lines" 2>&1
    result=$?
    small=$(cat "$folder/small")
    umount "$folder"
    cat "$work/lines"
    [ $result -eq 0 ] && [ "$small" = fits ] && grep -q 'No space left' "$work/lines" &&
        grep -qx fits "$work/lines"
}
check "a full folder: ENOSPC, and the shell lives" full

room_again() {
    afresh
    mount -t tmpfs -o size=3m none "$folder" 2>/dev/null || return 0
    guest 'dd if=/dev/zero of=/m/other bs=64k count=24 conv=fsync 2>/dev/null
        seq 1 330000 >/tmp/all; cat /tmp/all >/m/file
        written() { dd if=/dev/null of=/m/file conv=notrunc,fsync 2>/dev/null; }
        written && echo too early; rm /m/other; written && echo written' >"$work/lines" 2>&1
    seq 1 330000 | cmp - "$folder/file"
    result=$?
    umount "$folder"
    [ $result -eq 0 ] && grep -qx written "$work/lines" && ! grep -q early "$work/lines"
}
check "what did not fit is written when there is room again" room_again

unwritable() {
    afresh
    mount -t tmpfs -o size=1m none "$folder" 2>/dev/null || return 0
    guest --verbose 'dd if=/dev/zero of=/m/big bs=64k count=32 2>/dev/null; umount /m; dmesg -c >/dev/null
        mount -t 9p folder0 /m && ls /m && rm /m/big && echo room >/m/small && umount /m &&
            echo unmounted' >"$work/lines" 2>&1
    small=$(cat "$folder/small")
    umount "$folder"
    grep -qx unmounted "$work/lines" && [ "$small" = room ] &&
        grep -q 'could not be written before the folder was unmounted: error 28' "$work/lines" || {
        tail -n 5 "$work/lines"
        return 1
    }
}
check "what cannot be written is told when the folder is unmounted" unwritable

# A server that answers a few requests a second.
slow() {
    afresh
    head -c 4000000 /dev/urandom >"$folder/big"
    machine --append check --verbose --qemu "-fsdev local,id=slow,path=$folder,security_model=none,throttling.bps-total=400000
        -device virtio-9p-pci,fsdev=slow,mount_tag=slow" -- sh -c 'mkdir /m; mount -t 9p slow /m || exit
        for i in 1 2 3 4; do
            cat /m/big >/dev/null & usleep ${i}00000; kill -9 %1; wait
        done
        umount /m && mount -t 9p slow /m && head -c 10 /m/big | wc -c && umount /m && echo again' \
        >"$work/lines" 2>&1
    grep -qx again "$work/lines" && no_fids_left "$work/lines" || {
        tail -n 5 "$work/lines"
        return 1
    }
}
check "programs killed while the server is at work" slow

killed() {
    afresh
    guest --verbose 'mkdir /r
        for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
            rm -rf /r /m/*; mkdir /r
            /t/model run /m /r $i 100000 >/dev/null &
            dd if=/dev/zero of=/m/zeros bs=1M count=100 2>/dev/null &
            usleep ${i}5000
            kill -9 %1 %2; wait
        done
        rm -rf /m/*; umount /m && mount -t 9p folder0 /m && echo fine >/m/after && umount /m &&
            echo again' >"$work/lines" 2>&1 || {
        tail -n 5 "$work/lines"
        return 1
    }
    grep -qx again "$work/lines" && [ "$(cat "$folder/after")" = fine ] &&
        no_fids_left "$work/lines"
}
check "programs killed at any time leave nothing behind" killed

short() {
    afresh
    head -c 60000000 /dev/urandom >"$folder/big"
    guest --mem 40M 'cp /m/big /m/copy && cmp /m/big /m/copy && echo equal' >"$work/lines" 2>&1
    cat "$work/lines"
    grep -qx equal "$work/lines" && cmp "$folder/big" "$folder/copy"
}
check "files larger than memory are copied and compared" short

# A file that does not fit is read twice; then one that does.
refaults() {
    afresh
    head -c 40000000 /dev/zero >"$folder/big" && head -c 400000 /dev/zero >"$folder/small"
    guest --mem 32M 'of() { sed -n "s/^workingset_$1_file //p" /proc/vmstat; }
        stalled() { sed -n "s/^some.*total=//p" /proc/pressure/memory; }
        cat /m/small /m/small >/dev/null; echo "$(of refault) $(of activate) $(stalled)"
        cat /m/big /m/big >/dev/null
        [ "$(of refault)" -gt 1000 ] && [ "$(of activate)" -gt 1000 ] && [ "$(stalled)" -gt 0 ] && echo missed' \
        >"$work/lines" 2>&1
    cat "$work/lines"
    [ "$(cat "$work/lines")" = "$(printf '0 0 0\nmissed')" ]
}
check "pages that went too early are told, and who waits for them stalls on memory" refaults

no_memory() {
    afresh
    guest --verbose '/t/failing /m && umount /m && mount -t 9p folder0 /m && umount /m && echo again' \
        >"$work/lines" 2>&1
    grep -qx again "$work/lines" && no_fids_left "$work/lines" || {
        tail -n 5 "$work/lines"
        return 1
    }
}
check "each allocation of each call fails once" no_memory

mapped() {
    afresh
    guest --mem 40M '/t/bigmap write /m/big 90 7' >"$work/lines" 2>&1 || {
        tail -n 5 "$work/lines"
        return 1
    }
    "$programs/bigmap" verify "$folder/big" 90 7
}
check "a file larger than memory is written through a mapping" mapped

# ---- devices that fail, servers that lie ----

# The device wants to be reset in the middle of a file: what was open fails, a new mount works.
device_fails() {
    afresh
    echo here >"$folder/name" && head -c 5000000 /dev/urandom >"$folder/big"
    guest --append break9p=30 --verbose 'cat /m/name; cat /m/big /m/big | wc -c; ls /m; echo more >/m/new; sync
        umount /m && mount -t 9p folder0 /m && cat /m/name && md5sum </m/big && umount /m && echo again' \
        >"$work/lines" 2>&1
    grep -q 'the device has failed' "$work/lines" && [ "$(grep -cx here "$work/lines")" = 2 ] &&
        grep -q "can't create /m/new: Input/output error" "$work/lines" &&
        grep -qF "$(md5sum <"$folder/big")" "$work/lines" && grep -qx again "$work/lines" &&
        ! grep -qx 10000000 "$work/lines" && no_fids_left "$work/lines" || {
        tail -n 15 "$work/lines"
        return 1
    }
}
check "a device that wants to be reset: errors, and a new mount works" device_fails

# One answer of eight is not what the server said: the kernel option changes it (transport.c). What
# programs get is an error or nonsense; a file that is said to have no end is read until it is killed.
liar() {
    afresh
    mkdir "$folder/sub"
    for i in 1 2 3 4 5 6 7 8; do
        echo "$i" >"$folder/f$i" && ln -s "f$i" "$folder/l$i" && echo "$i" >"$folder/sub/x$i"
    done
    head -c 3000000 /dev/urandom >"$folder/big"
    cat >"$work/round" <<'END'
ls -laR /m; cat /m/* /m/sub/*; cp /m/big /m/copy; rm -f /m/f$1; mv /m/l$1 /m/sub/; echo new >/m/new$1
mkdir /m/d$1; stat -f /m; sync; chmod 600 /m/sub/x1; ln /m/f5 /m/h$1; rm -r /m/d$1; >/m/copy
END
    machine --timeout 300 --append check --append "lie9p=$1" --verbose --add "$programs:/t" --add "$work/round:/round" \
        --qemu "-fsdev local,id=liar,path=$folder,security_model=none
            -device virtio-9p-pci,fsdev=liar,mount_tag=liar" -- sh -c 'mkdir /m /r
        try() { for i in $(seq 40); do mount -t 9p liar /m 2>/dev/null && return; done; echo "no mount"; }
        for round in 1 2 3 4 5 6; do
            try; timeout -s KILL 5 sh /round $round >/dev/null 2>&1; umount /m || umount -l /m
        done
        try; timeout -s KILL 5 /t/model run /m /r 1 3000 >/dev/null 2>&1; umount -l /m; echo alive' \
        >"$work/lines" 2>&1
    grep -q 'makes no sense' "$work/lines" && grep -qx alive "$work/lines" || {
        tail -n 5 "$work/lines"
        return 1
    }
}
for seed in 1 2 3; do
    check "a server that lies, seed $seed" liar "$seed"
done

# ---- mounts ----

mounts() {
    afresh
    echo here >"$folder/name"
    guest 'cd /m; umount /m 2>&1 | grep -o busy; cd /; grep "/m 9p" /proc/mounts | cut -d" " -f1-3
        grep 9p /proc/filesystems; umount -l /m; ls /m; mount -t 9p -o trans=virtio,ro folder0 /m
        cat /m/name; touch /m/new 2>&1 | grep -o "Read-only.*"; mount -t 9p folder0 /mnt 2>&1
        mount -t 9p -o trans=tcp none /mnt 2>&1; mount -t 9p none /mnt 2>&1' >"$work/lines" 2>&1
    printf '%s\n' busy 'folder0 /m 9p' "$(printf 'nodev\t9p')" here 'Read-only file system' |
        diff - "$work/lines" | grep -v -e '^[0-9]' -e 'mounting' | diff /dev/null -
}
check "mount, umount, /proc/mounts" mounts
read_only() {
    afresh
    echo here >"$folder/name"
    machine --mount "$folder:/a b/c:ro" -- sh -c 'cat "/a b/c/name"; rm "/a b/c/name"' \
        >"$work/lines" 2>&1
    grep -qx here "$work/lines" && grep -q 'Read-only file system' "$work/lines" &&
        [ -e "$folder/name" ]
}
check "a folder mounted :ro, at a path with a blank" read_only
refuses() {
    says "$1" status 125 machine "$2" "$3" -- sh
}
check "a folder that is missing" refuses 'No such file' --mount "$work/missing:/m"
check "a file as folder" refuses 'it is not a folder' --mount "$work/log:/m"
check "a mount without a place" refuses 'GUEST begins with /' --mount "$folder"
check "a folder as root, which is the root's business" refuses 'by --root' --mount "$folder:/"

root_folder() {
    afresh
    mkdir "$folder/bin" && cp build/tests/files$mode/model "$folder/bin/model" || return 1
    machine --root "$folder" -- /bin/model list /bin >"$work/lines" 2>&1 &&
        grep -q '^model mode 100755' "$work/lines"
}
check "--root: a program of the folder" root_folder
root_of_host() {
    machine --root / --append check -- /bin/sh -c 'grep -c . /etc/passwd; touch /x 2>&1
        echo t >/tmp/t && cat /tmp/t; touch /run/r /dev/shm/s && echo memory' >"$work/lines" 2>&1
    cat "$work/lines"
    grep -qx "$(grep -c . /etc/passwd)" "$work/lines" && grep -q 'Read-only' "$work/lines" &&
        grep -qx t "$work/lines" && grep -qx memory "$work/lines"
}
if [ "$arch" = x86_64 ]; then
    check "--root /: the host, read-only, with folders in memory" root_of_host
fi
