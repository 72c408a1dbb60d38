# Memory calls as Linux answers them: the programs of tests/compat, and what the same files print under
# Debian's Linux 6.1 (tests/compat/expected, made by `./quire test --record`).

tools/build kernel tools image test-compat || exit 1
. tests/lib.sh
names=$(for file in tests/compat/programs/*.c; do basename "$file" .c; done)
# The list is meant to be split.
# shellcheck disable=SC2086
tests/compat/run quire "$work" $names

for name in $names; do
    reason=$(sed -n "s/^$name  *//p" tests/compat/differences)
    proves=$(sed -n '1{s|^/\* ||;s| \*/$||;s|\.$||;p}' "tests/compat/programs/$name.c")
    for libc in glibc musl; do
        expected=tests/compat/expected/$name
        if [ -n "$reason" ]; then
            expected=$expected.quire
        elif [ -e "$expected.$libc" ]; then
            expected=$expected.$libc
        fi
        check "$name.$libc: ${reason:+(differs: $reason) }$proves" \
            diff -u --label expected --label "$name.$libc" "$expected" "$work/$name.$libc"
    done
done
for file in tests/compat/expected/*; do
    name=$(basename "$file")
    [ -e "tests/compat/programs/${name%%.*}.c" ] || {
        echo "not ok $name: is expected of a program that is not there"
        continue
    }
done
