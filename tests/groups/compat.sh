# Memory calls as Linux answers them: the programs of tests/compat, and what the same files print under
# Debian's Linux 6.1 (tests/compat/expected, made by `./quire test --record`).

. tests/lib.sh
names=$(for file in tests/compat/programs/*.c; do basename "$file" .c; done)
folders=tests/compat/expected
# With five levels the user half ends elsewhere, and some programs say so.
[ -z "$la57" ] || folders="tests/compat/expected/la57 $folders"
if [ "$arch" != x86_64 ]; then
    # What Linux of 32 bits printed: both formats alike, or with PAE alone. Programs with an empty file
    # print the same as on x86-64.
    own=tests/compat/expected/i386
    [ "$arch" = i386 ] || own="tests/compat/expected/$arch $own"
    folders="$own tests/compat/expected"
    # A list of words.
    # shellcheck disable=SC2086
    recorded=$(find $own -type f | sed -e 's|.*/||' -e 's|\..*||' | sort -u)
    for name in $names; do
        if printf '%s\n' "$recorded" | grep -qx "$name"; then
            continue
        elif grep -q '^/\* only: x86_64 \*/' "tests/compat/programs/$name.c"; then
            echo "skip $name: written for the registers of x86-64"
        else
            echo "skip $name: what Linux of 32 bits prints is not recorded"
        fi
    done
    names=$recorded
fi
libcs="glibc musl"
targets=build/tests/compat$mode/runner
for name in $names; do
    for libc in $libcs; do
        targets="$targets build/tests/compat$mode/$name.$libc"
    done
done
# Lists of words, here and below.
# shellcheck disable=SC2086
tools/build kernel tools image $targets || exit 1
# shellcheck disable=SC2086
COMPAT_LIBCS=$libcs tests/compat/run quire "$work" $names

# expected_of NAME LIBC: the file with what is expected, the architecture's before all others'; or nothing
expected_of() {
    for folder in $folders; do
        for file in "$folder/$1.quire.$2" "$folder/$1.quire" "$folder/$1.$2" "$folder/$1"; do
            if [ -s "$file" ]; then
                echo "$file"
                return
            fi
        done
        # Only the other C library's is known.
        [ ! -s "$folder/$1.glibc" ] || return
    done
}

for name in $names; do
    reason=$(sed -n "s/^$name  *//p" tests/compat/differences)
    # Those of an architecture stand as i386/NAME, i386-pae/NAME.
    for folder in $folders; do
        : "${reason:=$(sed -n "s|^${folder##*/}/$name  *||p" tests/compat/differences)}"
    done
    proves=$(sed -n '1{s|^/\* ||;s| \*/$||;s|\.$||;p}' "tests/compat/programs/$name.c")
    for libc in $libcs; do
        [ -n "$(expected_of "$name" "$libc")" ] || {
            echo "skip $name.$libc: calls with times of 64 bits, which these numbers do not take"
            continue
        }
        check "$name.$libc: ${reason:+(differs: $reason) }$proves" \
            diff -u --label expected --label "$name.$libc" "$(expected_of "$name" "$libc")" \
            "$work/$name.$libc"
    done
done
for file in tests/compat/expected/*; do
    name=$(basename "$file")
    [ ! -d "$file" ] || continue
    [ -e "tests/compat/programs/${name%%.*}.c" ] || {
        echo "not ok $name: is expected of a program that is not there"
        continue
    }
done
