# Debian's programs, dynamically linked, as they are installed here: the host's files are the machine's
# root (--root /). What they print is compared with what they print here (tests/programs/run.sh); what
# only the machine can show is known beforehand.
#
# On i386 and i386-pae they are Debian's i386 programs, unpacked into a folder that is the machine's root.

. tests/lib.sh
tools/build ARCH="$arch" kernel tools image || exit 1
mkdir -p "$work/programs" "$work/got" "$work/want"
cp tests/programs/* "$work/programs"

# i386_bash ARCH: the script of jobs by bash, its loader and its libraries
i386_bash() {
    for file in bin/bash lib/ld-linux.so.2 lib/i386-linux-gnu/libc.so.6 lib/i386-linux-gnu/libtinfo.so.6; do
        [ -e "build/i386/$file" ] || tools/debian-i386 bash libc6 libtinfo6 || return 1
    done
    build/tools/quire-run --arch "$1" --kernel-file="build/kernel-$1/quire.elf" --timeout 200 \
        --base-archive=build/image-i386/base.cpio --append check \
        --add build/i386/bin/bash:/bin/bash-i386 \
        --add "$(readlink -f build/i386/lib/ld-linux.so.2):/lib/ld-linux.so.2" \
        --add "$(readlink -f build/i386/lib/i386-linux-gnu/libc.so.6):/lib/libc.so.6" \
        --add "$(readlink -f build/i386/lib/i386-linux-gnu/libtinfo.so.6):/lib/libtinfo.so.6" \
        --add tests/programs/jobs.bash:/jobs.bash \
        -- bash-i386 /jobs.bash >"$work/jobs.$1" 2>"$work/errors" </dev/null || cat "$work/errors"
    LC_ALL=C bash tests/programs/jobs.bash 2>/dev/null </dev/null >"$work/jobs.here"
    diff "$work/jobs.here" "$work/jobs.$1"
}

# Debian's i386 programs with the libraries they name. What a package's scripts would do is done here.
fetch_root() {
    # shellcheck disable=SC2046
    tools/debian-i386 --to "$root" $(sed 's/#.*//' tests/programs/packages-i386) || return 1
    (
        cd "$root" && mkdir -p dev proc root run sys tmp || exit 1
        ln -sf mawk usr/bin/awk && ln -sf python3.11 usr/bin/python3 && ln -sf gcc-12 usr/bin/gcc &&
            : >fetched
    )
}

# A few files of the library, or all of them (test --all).
if [ -n "${QUIRE_TEST_ALL:-}" ]; then
    (cd mm && ls ./*.c) | sed 's|./||' >"$work/programs/sources"
else
    printf '%s\n' grace.c commit.c slot.c >"$work/programs/sources"
fi

root=/
options="--root /"   # of the machine
in_root="ROOT=$project" # variables for programs there
if [ "$arch" != x86_64 ]; then
    root=$project/build/i386/root
    [ -e "$root/fetched" ] || fetch_root || exit 1
    options="--root $root:ro --mount $project:/project:ro"
    # /dev/shm is in memory. There are no headers of a C library.
    in_root="ROOT=/project TMPDIR=/dev/shm COMPILE_FLAGS=-ffreestanding"
    export OTHER_ROOT="$root" COMPILE_FLAGS=-ffreestanding
fi

here="python perl bash gcc strace sqlite mmap"
first="python perl bash frames strace gcc"
second="mmap sqlite stress"
limit=600
[ -z "${QUIRE_TEST_ALL:-}" ] || limit=3000

# in_machine BATCH NAME...
in_machine() {
    batch=$1
    shift
    # Lists of words.
    # shellcheck disable=SC2086
    machine --timeout $limit --mem 512M $options --mount "$work/programs:/programs:ro" -- \
        /usr/bin/env $in_root sh /programs/run.sh /programs "$@" >"$work/$batch" \
        2>"$work/$batch.err" </dev/null || tail -n 5 "$work/$batch.err"
}

# The lists are meant to be split.
# shellcheck disable=SC2086
{
    in_machine one $first &
    in_machine two $second
    ROOT=$project sh tests/programs/run.sh "$work/programs" $here >"$work/here" 2>&1 </dev/null
    wait
}
sh tests/boot/split.sh "$work/want" <"$work/here"
cat "$work/one" "$work/two" >"$work/all"
sh tests/boot/split.sh "$work/got" <"$work/all"

cat >"$work/want/frames" <<'END'
pages of text in both: many
in other frames: 0
data that was written in other frames: True
status 0
END
for stressor in vm mmap mremap brk stack bigheap mmapfork madvise mincore msync shm vm-segv; do
    echo "$stressor done 0"
done >"$work/want/stress"
echo 'status 0' >>"$work/want/stress"

same() {
    [ -e "$work/got/$1" ] || cat "$work/one.err" "$work/two.err"
    diff "$work/want/$1" "$work/got/$1" && return
    grep -v '^quire run' "$work/one.err" "$work/two.err"
    return 1
}
check "python3: json, hashlib, subprocess, threading, mmap, fork, ctypes" same python
if [ -e "$root/usr/lib/python3.11/test/test_mmap.py" ]; then
    check "python3: its test_mmap" same mmap
else
    echo "skip test_mmap libpython3.11-testsuite is not installed"
fi
check "perl: fork, regular expressions, files, pipes" same perl
check "bash: jobs, traps, coprocesses" same bash
check "sqlite3: 100000 rows, integrity_check" same sqlite
check "gcc -O2 -c of the library: the same object files as here" same gcc
check "stress-ng: memory stressors, verified" same stress
check "the C library's text is in the same frames for two programs" same frames
if strace -o /dev/null true 2>/dev/null; then
    check "strace: calls, ends and signals as here" same strace
else
    echo "skip strace nothing may be traced here"
fi
[ "$arch" = x86_64 ] || exit 0
tools/build ARCH=i386 kernel image || exit 1
check "Debian's i386 bash and its libraries: jobs, traps, coprocesses" i386_bash i386
