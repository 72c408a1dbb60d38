# gcc -O2 -c of the files of this project's library that are named in `sources`.
while read -r source; do
    (cd "$ROOT" && gcc -std=gnu11 -O2 -g -Iinclude -Imm -c "mm/$source" -o "$TMPDIR/object.o") &&
        echo "$source $(md5sum <"$TMPDIR/object.o")"
done <sources
