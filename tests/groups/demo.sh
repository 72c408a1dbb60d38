# The demos of `mm`: each ends with status 0 (it checks itself what it says), and what it prints is
# looked at once more from outside. One boot for all of them, with the library's records proved
# whenever the machine is idle.

. tests/lib.sh
tools/build kernel tools image || exit 1
large=512 # frames in the smallest large page
[ "$arch" != i386 ] || large=1024

demos=$("build/user$mode/mm" | sed -n 's/^  \([a-z]*\)  .*/\1/p')
[ -n "$demos" ] || echo "not ok mm lists its demos"

{
    for demo in $demos; do
        printf 'echo "=== %s"; mm %s 2>&1; echo "status $?"\n' "$demo" "$demo"
    done
    cat <<'END'
echo "=== questions"
mm translate self 0xzz 2>&1; echo "status $?"
mm translate 12345 0x1000 2>&1; echo "status $?"
mm nonsense 2>&1; echo "status $?"
mm segments f000:fff0; mm segments 00cf92000000ffff 10
echo "=== classes"
grep -o '^fault_[a-z_]*' /proc/vmstat
echo "=== busybox"
sleep 100 & mm pages $! 2>&1; echo "status $?"; mm map $! 2>&1; echo "status $?"; kill $!
echo "=== nobody"
su -s /bin/sh nobody -c 'mm memory' 2>&1; echo "status $?"
END
} >"$work/script"

machine --timeout 200 --mem 128M --swap 16M --append 'check selfmap=on' --add "$work/script:/script" -- sh /script \
    >"$work/all" 2>"$work/errors" || {
    echo "not ok the machine runs the demos"
    tail -n 20 "$work/all" "$work/errors"
}
cd "$work" || exit 1
awk '/^=== / { if (file != "") close(file); file = "got." $2; next } file != "" { print >file }' all

for demo in $demos; do
    check "$demo: it shows what it promises" grep -qx 'status 0' "got.$demo"
done

# shows DEMO WHAT AWK-PROGRAM: the program finds what it looks for (prints nothing)
shows() {
    complaint=$(awk -v frames="$large" "$3" "got.$1" 2>&1)
    if [ -z "$complaint" ]; then
        echo "ok $1: $2"
    else
        echo "not ok $1: $2"
        printf '%s\n' "$complaint"
        cat "got.$1"
    fi
}

shows memory "128 MiB in rows and zones, without the hole below 1 MiB" \
    '/^Base memory/ { base = $6; sub(":", "", base); extended = $0; sub(/.*1 MiB: /, "", extended) }
     /^  (DMA|DMA32|Normal|High) / { zones++; if ($1 == "DMA") dma = $5 }
     /free blocks by order/ { orders = NF - 4 }
     /0000000f0000 .. 0000000fffff/ && !/reserved/ { print "the BIOS is no memory" }
     END { if (base + 0 < 600 || base + 0 > 640) print "base memory: " base
           if (extended + 0 < 120000 || extended + 0 > 131072 - 1024) print "extended: " extended
           if (zones < 1 || dma + 0 < 14 || dma + 0 >= 16) print "zones: " zones " DMA: " dma
           if (orders < 11) print "orders: " orders }'
shows registers "paging and write protection are on" \
    '$2 == 31 || / PG  / { pg = 1 } / WP  / { wp = 1 } /^CR3/ { cr3 = $2 } /^CR1 +reserved/ { cr1 = 1 }
     END { if (!pg || !wp || !cr1 || cr3 == "" || cr3 ~ /^0x0+$/) print "missing" }'
shows descriptors "page fault is exception 14; programs run in ring 3" \
    '$1 == 14 && /page fault/ && !/programs may/ { fault = 1 }
     /code, ring 0/ { zero = 1 } /code, ring 3/ { three = 1 } /TSS, busy/ { tss = 1 }
     /stack for ring 0/ { stack = 1 }
     END { if (!fault || !zero || !three || !tss || !stack) print "missing" }'
# The address in the last entry and the offset make the physical address; a large page of the kernel.
shows translate "entries and offsets add up to physical addresses" \
    'function hex(text,   i, value) {
         value = 0
         sub(/^0x/, "", text)
         for (i = 1; i <= length(text); i++)
             value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
         return value
     }
     / offset 0x/ { offset = hex($NF); levels = 0 }
     /^  (PML5|PML4|PDPT|PD|PT) / { entry = $4; level = $1; levels++ }
     /-> physical/ {
         addresses++
         frame = hex(substr(entry, length(entry) - 11))
         frame -= frame % (level == "PT" ? 4096 : 4096 * frames)
         if (level == "PD") large++
         if (hex($3) != frame + offset) print "0x" $3 " is not " entry " with " offset
     }
     /nothing is present: inaccessible/ { inaccessible = 1 } /zero-page/ { zero = 1 }
     END { if (addresses < 6 || large < 1 || !inaccessible || !zero)
               print addresses " addresses, " large " large" }'
shows alias "three addresses, one frame" \
    '/^  0x/ { rows++; if ($2 " " $3 != "written once") print "reads " $2; frame[$4]++
               if ($5 != rows + 1) print "references " $5; dirty += /dirty/ }
     END { for (f in frame) different++
           if (rows != 3 || different != 1 || dirty != 1) print rows, different, dirty }'
shows bits "the CPU sets them, the kernel clears them" \
    '/ 0x/ { states = states " " $(NF - 1) $NF }
     END { if (states != " 00 10 00 10 11 10 11") print "states" states }'
awk '/^fault_/ { sub("fault_", ""); print "class " $1 }' got.classes >>got.faults
shows faults "each class that the kernel counts is met, and counted once" \
    '/ -> / { rows++; for (i = 1; i <= NF; i++) if ($i == "->") {
         if ($(i + 1) != $(i - 1) + 1) print $0; seen[$(i - 2)]++ } }
     /SIGSEGV, no right/ { right++ } /SIGSEGV, not mapped/ { mapped++ }
     / SIGBUS$/ { bus = bus " " $(NF - 4) }
     / swap_in / { swapped++ } /^-- on a simulated/ { if (swapped != 1) print "nothing came from the disk" }
     /^class / { classes++; if (!seen[$2]) print "no row for " $2 }
     END { if (classes < 20) print classes " classes"
           if (right != 2 || mapped != 3 || bus != " beyond_end io_error poisoned") print "signals:" bus }'
shows cow "the writer gets the copy, the last owner writes in place" \
    '/before the fork/ { first = $5 } /after the fork/ { shared = $6 == 1 && $7 == 2 }
     /parent wrote .P./ { copy = $6 != first } $1 == "child" { child = $2; count[++n] = $3; kept = kept $5 }
     /nobody wrote/ { two = $(NF - 3) == 2 }
     $1 == "child" && $2 != first && $NF != "'"'A'"'" { print "the child left its frame" }
     END { if (!shared || !copy || !two || n != 4) print "shared " shared " copy " copy " rows " n }'
shows shared "one frame for the text, two for the data" \
    '/^  text/ { text = /one +object/ } /^  read-only data/ { constant = /one +object/ }
     /^  a variable/ { data = /two +anonymous/ } END { if (!text || !constant || !data) print "wrong" }'
shows stack "it grows up to its limit" \
    '/calls deep/ { size = $(NF - 4) " " $(NF - 3); grown = $(NF - 1); if (grown < last) print "shrinks"
                    last = grown } /signal 11/ { signal = 1 } /class guard: 1/ { guard = 1 }
     END { if (!signal || !guard || last < 20) print "signal " signal " grown " last }'
shows demand "pages come in when they are touched" \
    '/^  mapped / { none = $2 !~ /[fa]/ } /page 20 read/ { read = gsub(/f/, "f", $4) }
     /page 22 written/ { copy = $4 ~ /fa/ } /page 50 written/ { alone = $4 ~ /\.a\./ }
     END { if (!none || read < 1 || read > 16 || !copy || !alone) print none, read, copy, alone }'
shows pages "its own states" \
    '/^      a\.\.\.z\.\.\.a/ { drawn = 1 } /not in memory/ { some = $1 > 0 } /page of zeros/ { zeros = $1 == 8 }
     END { if (!drawn || !some || !zeros) print "wrong" }'
shows map "text, data, heap and stack" \
    '/LOAD .* r-x/ { load = 1 } / r-xp .*  text/ { text = 1 } / rw-p .*  data/ { data = 1 }
     /heap: grows/ { heap = 1 } /stack: grows/ { stack = 1 } /null pointers/ { null = 1 }
     END { if (!load || !text || !data || !heap || !stack || !null) print "missing" }'
shows commit "promised is not used" \
    '/at first/ { promised = $3; free = $4 } /32 MiB mapped/ { if ($4 < promised + 31744 || $5 < free - 256)
         print } /32 MiB touched/ { if ($5 > free - 31744) print } /Cannot allocate/ { refused = 1 }
     END { if (!refused) print "nothing was refused" }'
shows evict "a region goes out at once, and comes back by and by" \
    'function count(letter, line) { return gsub(letter, letter, line) }
     /^  mapped / { none = count("[.]", $2) } /^  written / { all = count("a", $2) }
     /^  sent out  *s/ { out = count("s", $3) } /^  page 20 read/ { back = count("[ac]", $4); there = substr($4, 21, 1) }
     /^  all read/ { last = count("[ac]", $3) } /^  sent out  *[0-9]/ { process = /MiB of swap/ }
     /each page is as it was/ { whole = 1 }
     END { if (none != 64 || all != 64 || out != 64 || back < 1 || back > 32 || there == "s" || last != 64 || !process || !whole)
               print none, all, out, back, there, last, process, whole }'
shows mappings "text is not writable, data not executable" \
    '/kernel text$/ && / r-x / { text = 1 } /kernel data$/ && / rw- / { data = 1 }
     / [r-]wx / { print "writable and executable: " $0 } /2 MiB|4 MiB|1 GiB/ { large = 1 }
     END { if (!text || !data || !large) print "missing" }'
shows devices "registers of devices are not cached" \
    '/ (pci|framebuffer)/ && NF > 6 { if (!/uncached|combining/) print; n++ } END { if (n == 0) print "none" }'
shows selfmap "entries are read, and nothing else" \
    '/^  (PT|PD|PDPT|PML4|PML5) / { levels++ } /SIGSEGV/ { refused++ }
     END { if (levels < 2 || refused != 3) print levels, refused }'
shows buddy "a block splits, and merges again" \
    '/^  at first/ { first = $NF } /^  a: / { halves = index($NF, "a01.2...3.......4...............5.") == 1 }
     /b given back/ { merged = index($NF, "ac1.2...dddddddd4..") == 1 } /^  c given back/ { last = $NF }
     /is refused/ { refused = 1 }
     END { if (length(first) != 64 || index(first, "6.....") != 1 || last != first || !halves || !merged ||
               !refused) print first, halves, merged, last, refused }'
shows fragmentation "first fit refuses with room, frames do not" \
    '/^  it wants/ { wants = $3; largest = $NF; if (wants > $5 || wants <= largest) print }
     /^  contiguous/ { segments = $NF } /^  frames / { paged = $NF " " $(NF - 2) }
     END { if (segments < 1 || paged !~ /^0 [0-9]+$/) print segments, paged }'
shows limit "below it works, above it faults" \
    '/^  read/ { result = result (/page fault/ ? "f" : "r"); if ($3 ~ /physical/ && "0x" $2 == $4) print }
     END { if (result != "rrffrf") print result }'
shows tlb "sixteen entries" \
    '/in turn/ && $(NF - 1) > 99 { fits = 1 } /one page more/ && NF > 7 { thrash = $(NF - 1) == "0.0" }
     /one large page/ && NF > 7 { large = $(NF - 3) == 1 } END { if (!fits || !thrash || !large) print "wrong" }'
shows segments "real mode, A20, and the exceptions" \
    '/ffff:0010/ { wraps = /= 100000/ && /000000 without A20/ } /1985 names/ { names = 1 }
     /#GP/ { gp++ } /#SS/ { ss++ } /#NP/ { np++ } /linear 00100123/ { linear = 1 }
     END { if (!wraps || !names || gp != 8 || ss != 1 || np != 1 || !linear) print wraps, names, gp, ss, np }'
shows questions "bad addresses, processes and names are told" \
    '/^status 1/ { one++ } /^status 2/ { two++ } /is no address/ { address = 1 } /no process 12345/ { process = 1 }
     /f000:fff0 .* = 0ffff0/ { real = 1 } /ring 0 +write +08:00000010 +linear 00000010/ { linear = 1 }
     END { if (one != 2 || two != 1 || !address || !process || !real || !linear) print "wrong" }'
shows busybox "another process" \
    '/^status 0/ { n++ } /busybox/ { name = 1 } / text$/ { text = 1 }
     END { if (n != 2 || !name || !text) print "wrong" }'
shows nobody "only uid 0 looks into the kernel" \
    '/this demo needs quire, and uid 0/ { told = 1 } /^status 1/ { n = 1 }
     END { if (!told || !n) print "wrong" }'

shows managers "buddy and bitmap join, the list does not" \
    '/^  (buddy|bitmap|freelist) / { last = last $1 "=" $NF " " }
     END { if (last != "buddy=yes bitmap=yes freelist=no ") print last }'
shows heap "both serve the same objects" \
    '/^  (slab|firstfit) / { n++; if ($3 < 20 || $4 < 20 || $4 > 100 || $7 > $3) print }
     END { if (n != 2) print "missing" }'

# What lies behind the image is free memory: the end symbol must be its end, and in use at boot.
kernel_end() {
    kernel=$project/build/kernel$suffix/quire.elf
    symbol=$(nm "$kernel" | awk '$3 == "_kernel_end" { print toupper($1) }')
    [ -n "$symbol" ] || return 1
    nm -S "$kernel" | awk -v end="$symbol" '
        # Same length, so that comparing text compares numbers.
        $3 ~ /^[A-Za-z]$/ && length($2) == length($1) && $3 !~ /^[aA]$/ {
            if (toupper($1) >= end && $4 != "_kernel_end") { print "behind the end: " $4; bad = 1 }
            symbols++
        }
        END { exit bad || symbols < 1000 }'
}
check "the kernel's end symbol is its end" kernel_end

# Without the option nothing is there.
off() {
    machine -- mm selfmap | grep -q 'booted without it'
}
check "selfmap: off unless asked for" off

# Without a swap area a demo that needs one says so, and one that does not goes on.
without_swap() {
    machine --mem 128M --append check -- sh -c 'mm faults || exit 3; mm evict; echo "status $?"' >"$work/none" 2>&1
    [ "$(grep -c ' swap_in .* -> .* nothing' "$work/none")" = 1 ] &&
        grep -q 'there is no swap area' "$work/none" && grep -qx 'status 1' "$work/none"
}
check "faults, evict: without a swap area" without_swap

# The front: a list without a machine, options before the name.
front() {
    "$project/quire" demo | grep -q '^  cow  ' && "$project/quire" demo --arch "$arch" --mem 64M alias | grep -q 'written once'
}
check "quire demo" front

# docs/heritage.md: files, functions, tests and demos that it names are there.
names() {
    cd "$project" || return 1
    demos_here=" $(echo "$demos" | tr '\n' ' ') "
    grep -o '`[^`]*`' docs/heritage.md | tr -d '`' | sort -u | while read -r name; do
        case $name in
        'mm '*) case $demos_here in *" ${name#mm } "*) ;; *) echo "no demo: $name" ;; esac ;;
        ./quire* | --* | *=* | /proc/* | mappages | walkpgdir | setupkvm | switchkvm | boot_alloc | NAME | boot.S | mm | demo) ;;
        */*) [ -e "$name" ] || echo "no file: $name" ;;
        *) git grep -qw -e "${name%()}" -- '*.c' '*.h' '*.S' || echo "nowhere: $name" ;;
        esac
    done >"$work/nowhere"
    cat "$work/nowhere"
    [ ! -s "$work/nowhere" ]
}
check "docs/heritage.md names what is there" names
