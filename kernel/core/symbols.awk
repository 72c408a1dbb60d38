# nm -n of the kernel in, an assembler table of its functions out: for each one its offset from
# KERNEL_IMAGE and the offset of its name, sorted by address.
BEGIN {
    print "#include \"x86/layout.h\""
    print ".section .symbols, \"a\""
    print ".globl symbol_table, symbol_table_end, symbol_names"
    print ".balign 4"
    print "symbol_table:"
    bytes = 0
}
$2 ~ /^[tTwW]$/ && $3 !~ /^\.L|^_text_|^_kernel_|_physical$/ && $1 != last {
    last = $1
    printf ".long 0x%s - KERNEL_IMAGE, %d\n", $1, bytes
    name[count++] = $3
    bytes += length($3) + 1
}
END {
    print "symbol_table_end:"
    print "symbol_names:"
    for (i = 0; i < count; i++)
        printf ".asciz \"%s\"\n", name[i]
    print ".section .note.GNU-stack, \"\", @progbits"
}
