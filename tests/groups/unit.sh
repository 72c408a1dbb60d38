#!/bin/sh
# Layers 0 to 2 of the library on the host: cmocka programs under sanitizers, the archive as it is
# installed, and the example that uses no more than that.

cd "$(dirname "$0")/../.." || exit 125
export TSAN_OPTIONS=halt_on_error=1
. tests/lib.sh
unit=build/unit$suffix
tools/build -s test-unit 2>&1 || exit 1

# report NAME: the TAP of a program, with its name in front of each test's
report() {
    CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$unit/$1" 2>&1 | awk -v program="$1" '
        /^(not )?ok [0-9]+ - / {
            word = $1 == "not" ? "not ok" : "ok"
            sub(/^(not )?ok [0-9]+ - /, "")
            print word " " program ": " $0
            results++
            next
        }
        /^(not )?ok [0-9]+ # SKIP / {
            sub(/^(not )?ok [0-9]+ # SKIP /, "")
            print "skip " program ": " $0 ": more memory than a 32-bit program can address"
            results++
            next
        }
        /^1\.\.[0-9]+/ { planned += substr($0, 4); next }
        /^# (not )?ok - / { next }
        { print "  " $0 }
        END {
            if (results == 0 || results < planned)
                print "not ok " program ": ended early"
        }'
}

for variant in release debug; do
    for program in "$unit/$variant"/test_*; do
        [ -x "$program" ] && report "$variant/$(basename "$program")"
    done
done
[ "$arch" != x86_64 ] && exit # the rest is the same for all, or knows no 32-bit programs
report thread/test_threads

check "library: compiles with clang" tools/build -s check-clang
check "library: needs only hooks and mem* functions" tools/build -s check-symbols
check "example: builds from the installed files with four hooks" tools/build -s test-install
check "example: runs" build/stage/frames
