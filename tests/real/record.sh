#!/bin/sh
# tests/real/record.sh [CASE]...: runs the cases under Debian's Linux kernel, in the same machine with
# the same archive, and keeps what they print as what quire must print: tests/real/expected/.

set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
tools/build tools image test-tools test-real
. tests/real/machine.sh
output=$(mktemp)
trap 'rm -f "$output"' EXIT
cases=${*:-$real_cases}
# Large pages would count against a program that touches one page in each.
LINUX_ARGUMENTS=transparent_hugepage=never
export LINUX_ARGUMENTS
# The lists are meant to be split.
# shellcheck disable=SC2086
tests/linux/run $real_options --timeout 900 -- sh /run.sh $cases >"$output"
# On 32 bits, what differs from x86-64.
kept=tests/real/expected
[ "${ARCH:-x86_64}" = x86_64 ] || kept=$kept/i386
mkdir -p "$kept"
sh tests/boot/split.sh "$kept" <"$output"
for case in $cases; do
    tail -n 1 "$kept/$case" | grep -q '^status 0' || echo "$case: failed" >&2
    [ "$kept" = tests/real/expected ] || ! cmp -s "$kept/$case" "tests/real/expected/$case" ||
        rm "$kept/$case"
done
rmdir "$kept" 2>/dev/null || true
