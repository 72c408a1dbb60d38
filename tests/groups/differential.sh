# Random sequences of memory calls: what quire answers to 500 of them, compared with what Debian's
# Linux 6.1 answered (tests/differential/expected). tests/differential/known lists those that differ,
# and why; both have a .la57 for five levels. For more, and to see a difference: tests/differential/run COUNT FIRST

tools/build kernel tools image test-differential || exit 1

. tests/lib.sh

sequences() {
    machine --timeout 300 --append check -- build/tests/differential/sequences sums 1 500 \
        >"$work/sums" || return 1
    awk 'FILENAME ~ /known(.la57)?$/ { if ($1 !~ /^#/) known[$1] = 1; next }
        FILENAME ~ /expected(.la57)?$/ { wanted[$1] = $2; n++; next }
        { told++ }
        wanted[$1] != $2 && !($1 in known) { print "sequence " $1 " differs"; failed = 1 }
        END { exit failed || told != n || n != 500 }' \
        "tests/differential/known${la57:+.la57}" "tests/differential/expected${la57:+.la57}" "$work/sums"
}
check "500 random sequences of memory calls as under Linux" sequences
