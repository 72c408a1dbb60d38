#!/bin/sh
# tests/boot/record.sh [CASE]...: runs the cases under Debian's Linux kernel, in the same machine with
# the same archive, and keeps what they print as what quire must print: tests/boot/expected/.

set -eu
here=$(dirname "$(readlink -f "$0")")
cases=${*:-$(cd "$here/cases" && for file in *.sh; do [ "$file" = run.sh ] || echo "${file%.sh}"; done)}
output=$(mktemp)
trap 'rm -f "$output"' EXIT
# Case names have no spaces.
# shellcheck disable=SC2086
"$here/../linux/run" --mem 512M --timeout 600 --add "$here/cases:/cases" \
    -- sh /cases/run.sh $cases >"$output"
mkdir -p "$here/expected"
sh "$here/split.sh" "$here/expected" <"$output"
for case in $cases; do
    tail -n 1 "$here/expected/$case" | grep -q '^status ' || echo "$case: did not end" >&2
done
