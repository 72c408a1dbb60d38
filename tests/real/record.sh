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
mkdir -p tests/real/expected
sh tests/boot/split.sh tests/real/expected <"$output"
for case in $cases; do
    tail -n 1 "tests/real/expected/$case" | grep -q '^status 0' || echo "$case: failed" >&2
done
