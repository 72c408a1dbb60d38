# Memory calls as Linux answers them: the programs of tests/compat, and what the same files print under
# Debian's Linux 6.1 (tests/compat/expected, made by `./quire test --record`).

. tests/lib.sh
if [ "$arch" = x86_64 ]; then
    folders=tests/compat/expected
    libcs="glibc musl"
    names=$(for file in tests/compat/programs/*.c; do basename "$file" .c; done)
else
    # What Linux of 32 bits printed, by glibc: both formats together, or with PAE alone. Programs with
    # an empty file print the same as on x86-64.
    own=tests/compat/expected/i386
    [ "$arch" = i386 ] || own="tests/compat/expected/$arch $own"
    folders="$own tests/compat/expected"
    libcs=glibc
    # A list of words.
    # shellcheck disable=SC2086
    names=$(find $own -type f | sed 's|.*/||' | sort -u)
fi
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

# expected_of NAME LIBC: the file with what is expected, the architecture's before all others'
expected_of() {
    for folder in $folders; do
        for file in "$folder/$1.quire" "$folder/$1.$2" "$folder/$1"; do
            if [ -s "$file" ]; then
                echo "$file"
                return
            fi
        done
    done
}

for name in $names; do
    reason=$(sed -n "s/^$name  *//p" tests/compat/differences)
    proves=$(sed -n '1{s|^/\* ||;s| \*/$||;s|\.$||;p}' "tests/compat/programs/$name.c")
    for libc in $libcs; do
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
