#!/bin/sh
# Short runs of the fuzz targets. A failure leaves the input in build/fuzz and prints how to repeat it. QUIRE_SEED sets
# the seed; without it each run takes another.

cd "$(dirname "$0")/../.." || exit 125
tools/build -s fuzz 2>&1 || exit 1

# fuzz NAME SECONDS LENGTH: one target, from the committed seeds and what earlier runs found
fuzz() {
    mkdir -p "build/fuzz/corpus-$1"
    if output=$(timeout 120 "build/fuzz/$1" -max_total_time="$2" -timeout=60 -max_len="$3" -print_final_stats=1 \
        ${QUIRE_SEED:+-seed="$QUIRE_SEED"} -artifact_prefix="build/fuzz/$1-" "build/fuzz/corpus-$1" "tests/fuzz/corpus/$1" 2>&1); then
        echo "ok $1 ($(echo "$output" | sed -n 's/^stat::number_of_executed_units: *//p') inputs)"
    else
        echo "not ok $1"
        echo "$output" | grep -a -v -e REDUCE -e NEW | tail -n 40 | sed 's/^/  /'
        echo "  repeat with: build/fuzz/$1 build/fuzz/$1-crash-..."
    fi
}

fuzz bootmap 6 1024
fuzz archive 6 1024
fuzz elf 7 5200
fuzz region 9 400
fuzz usercopy 7 600
fuzz ninep 5 800
