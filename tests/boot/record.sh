#!/bin/sh
# tests/boot/record.sh [CASE]...: runs the cases under Debian's Linux kernel, in the same machine with
# the same archive, and keeps what they print as what quire must print: tests/boot/expected/. With
# ARCH=i386 or i386-pae, under Linux of 32 bits, it keeps what differs in expected/i386/.

set -eu
here=$(dirname "$(readlink -f "$0")")
cases=${*:-$(cd "$here/cases" && for file in *.sh; do [ "$file" = run.sh ] || echo "${file%.sh}"; done)}
output=$(mktemp)
trap 'rm -f "$output"' EXIT
# Case names have no spaces.
# shellcheck disable=SC2086
"$here/../linux/run" --mem 512M --timeout 600 --add "$here/cases:/cases" \
    -- sh /cases/run.sh $cases >"$output"
kept=$here/expected
[ "${ARCH:-x86_64}" = x86_64 ] || kept=$here/expected/i386
mkdir -p "$kept"
sh "$here/split.sh" "$kept" <"$output"
for case in $cases; do
    tail -n 1 "$kept/$case" | grep -q '^status ' || echo "$case: did not end" >&2
    [ "$kept" = "$here/expected" ] || ! cmp -s "$kept/$case" "$here/expected/$case" ||
        rm "$kept/$case"
done
rmdir "$kept" 2>/dev/null || true
