# The numbers of system calls and the layouts of their structures, against Linux's own headers.

. tests/lib.sh

# numbers WORD_SIZE FOLDER LAST: the table has each number up to LAST, once, and no other
numbers() {
    printf '#include <asm/unistd.h>\n' | gcc "-m$1" -E -dM - |
        awk -v last="$3" '$2 ~ /^__NR_/ && $3 ~ /^[0-9]+$/ && $3 <= last { print $3 }' |
        sort -n >"$work/wanted"
    sed -n 's/^\(CALL\|NONE\)(\([0-9]*\),.*/\2/p' "kernel/linux/$2/numbers.h" \
        kernel/linux/numbers_shared.h | sort -n >"$work/found"
    [ -s "$work/wanted" ] && diff "$work/wanted" "$work/found"
}
check "numbers of x86-64" numbers 64 x86_64 450
check "numbers of i386" numbers 32 i386 450

for size in 64 32; do
    check "layouts of $size bits" gcc "-m$size" -std=gnu11 -fsyntax-only tests/abi/layouts.c
done
