# `quire sim`: what the policies make of traces, from data files whose results the books tell.

tools/build build/tools/quire-sim || exit 1
. tests/lib.sh
sim=build/tools/quire-sim

# faults WANTED POLICY FRAMES TRACE
faults() {
    got=$("$sim" --csv --policy "$2" --frames "$3" "$4" | awk -F, 'NR == 2 { print $4 }')
    if [ "$got" = "$1" ]; then
        echo "ok $2, $3 frames, $(basename "$4"): $1 faults"
    else
        echo "not ok $2, $3 frames, $(basename "$4"): $1 faults, not $got"
    fi
}

# Belady's anomaly: more frames, more faults; the optimum has no such thing.
faults 9 fifo 3 examples/traces/belady.csv
faults 10 fifo 4 examples/traces/belady.csv
faults 7 opt 3 examples/traces/belady.csv
faults 6 opt 4 examples/traces/belady.csv
# The table of twelve references (its first four lines fill the frames).
faults 11 fifo 4 examples/traces/twelve.csv
faults 6 opt 4 examples/traces/twelve.csv

# A loop larger than memory, and a scan through a hot set: what keeps nothing of them has lost.
awk 'BEGIN {
    print "page"
    for (lap = 0; lap < 60; lap++) for (i = 0; i < 500; i++) print i
}' >"$work/loop.csv"
awk 'BEGIN {
    srand(3)
    print "page"
    for (i = 0; i < 60000; i++) print i % 3 == 0 ? "s" i % 3000 : int(rand() * rand() * 400)
}' >"$work/scan.csv"
tide_wins() {
    "$sim" --csv --frames "$2" "$1" | awk -F, -v percent="$3" '
        $1 == "tide" { tide = $4 }
        NR > 1 && $1 != "tide" && $1 != "opt" && (best == 0 || $4 < best) { best = $4 }
        END { exit !(tide > 0 && tide * 100 < best * percent) }'
}
check "tide is best in a loop larger than memory" tide_wins "$work/loop.csv" 450 100
check "tide is best where a scan passes a hot set" tide_wins "$work/scan.csv" 500 100
# Registers say more than one bit: aging keeps what is used often apart from what was used once.
ages() {
    "$sim" --csv --policy clock,aging --frames 300 "$work/scan.csv" |
        awk -F, '{ faults[$1] = $4 } END { exit !(faults["aging"] * 100 < faults["clock"] * 99) }'
}
check "aging knows more than clock" ages

# The same references in each format, plain and packed, give the same table.
awk 'BEGIN {
    srand(7)
    for (i = 0; i < 20000; i++) {
        page = int(rand() * rand() * 300)
        write = rand() < 0.3
        printf " %s %x,4\n", write ? "S" : "L", page * 4096 + 16 >"'"$work"'/lackey"
        printf "%d,%s\n", page * 4096 + 16, write ? "w" : "r" >"'"$work"'/numbers.csv"
        printf "%s%d,%s\n", "p", page, write ? "w" : "r" >"'"$work"'/body"
    }
}'
{ echo page,operation; cat "$work/body"; } >"$work/names.csv"
gzip -k "$work/lackey"
xz -k "$work/numbers.csv"
"$sim" --csv --frames 20..200..60 "$work/lackey" >"$work/wanted"
for file in lackey.gz numbers.csv numbers.csv.xz names.csv; do
    "$sim" --csv --frames 20..200..60 "$work/$file" >"$work/got" 2>&1
    check "$file gives what the plain trace gives" cmp "$work/wanted" "$work/got"
done
lines_are_right() {
    awk -F, 'NR == 1 { bad += $0 != "policy,frames,references,faults,writebacks"; next }
        { faults[$1, $2] = $4; lines++; bad += $3 != 20000 || $5 > $4; policy[$1]; frames[$2] }
        END {
            for (p in policy) for (f in frames) bad += faults["opt", f] > faults[p, f]
            exit bad > 0 || lines < 24
        }' "$1"
}
check "nobody beats the optimum" lines_are_right "$work/wanted"

from_pipe() {
    for packed in cat "gzip -c" "zstd -qc" "bzip2 -c"; do
        $packed "$work/lackey" | "$sim" --csv --frames 20..200..60 - | cmp - "$work/wanted" || return 1
    done
}
check "standard input, plain or packed, gives the same" from_pipe
# A trace that need not be kept is not, and gives the same. (The events of three million references
# take 24 MB.)
passed() {
    "$sim" --csv --frames 20..200..60 --policy clock,tide "$work/lackey" >"$work/got" || return 1
    grep -E '^(policy|clock|tide),' "$work/wanted" | cmp - "$work/got"
}
check "a trace that is not kept gives the same" passed
long() {
    awk 'BEGIN { print "page"; for (i = 0; i < 3000000; i++) print i % 700 }' |
        (ulimit -v 20000 && exec "$sim" --csv --policy clock --frames 500 -) |
        grep -q '^clock,500,3000000,3000000,0$'
}
check "three million references from a pipe in 20 MB of addresses" long
# A reference over a page's end is one to both; one over the end of all addresses is a mistake.
printf ' L 1fff,2\n S fffffffffffff000,8\nI  08048000,5\n' >"$work/ends"
faults 4 fifo 9 "$work/ends"
echo ' L ffffffffffffffff,8' >>"$work/ends"
check "a reference over the end of all addresses is no line" \
    says '1 lines could not be read; the first is line 4' "$sim" --frames 9 "$work/ends"
: >"$work/empty"
check "an empty trace is refused by name" says 'there is no reference in it' \
    status 1 "$sim" "$work/empty"

sed '5s/.*/nonsense/; 9s/.*/ L 12g,4/' "$work/lackey" >"$work/broken"
check "broken lines are counted, and the first is shown with its number" \
    says '2 lines could not be read; the first is line 5: nonsense' "$sim" --frames 50 "$work/broken"
check "an unknown policy is refused" says 'there is no such policy: lru' \
    status 2 "$sim" --policy lru "$work/lackey"
head -c 3000 "$work/lackey.gz" >"$work/cut.gz"
check "a packed trace that is cut is refused" says 'cannot be unpacked to its end' \
    status 1 "$sim" "$work/cut.gz"
report() {
    "$sim" --frames 20..200 --report "$work/report.html" "$work/lackey" >/dev/null &&
        grep -q 'faults per 100 references' "$work/report.html" &&
        [ "$(grep -c '<polyline' "$work/report.html")" -ge 7 ]
}
check "the report has a curve for each policy" report
