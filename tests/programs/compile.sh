# gcc -O2 -c of the files of this project's library that are named in `sources`. COMPILE_FLAGS are the
# compiler's besides.
while read -r source; do
    # The flags are meant to be split.
    # shellcheck disable=SC2086
    (cd "$ROOT" && gcc -std=gnu11 -O2 ${COMPILE_FLAGS--g} -Iinclude -Imm -c "mm/$source" \
        -o "$TMPDIR/object.o") && echo "$source $(md5sum <"$TMPDIR/object.o")"
done <sources
