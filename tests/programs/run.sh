# run.sh FOLDER NAME...: runs these programs one after the other: "==== NAME", what it prints,
# "==== status N". FOLDER holds what this folder does, and `sources`. ROOT is the project. With
# OTHER_ROOT the programs that answer by their size of words are those of an i386 Debian unpacked there.
cd "$1" || exit 1
shift
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/tmp
TMPDIR=$(mktemp -d) || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
begin() {
    echo "==== $1"
}
end() {
    echo "==== status $?"
}
# other COMMAND...
other() {
    if [ -z "${OTHER_ROOT:-}" ]; then
        "$@"
    else
        env PATH="$OTHER_ROOT/usr/bin:$PATH" \
            LD_LIBRARY_PATH="$OTHER_ROOT/lib/i386-linux-gnu:$OTHER_ROOT/usr/lib/i386-linux-gnu" "$@"
    fi
}
for name; do
    begin "$name"
    case $name in
    python) python3 python.py ;;
    mmap) (cd "$TMPDIR" && other python3 -B -m unittest test.test_mmap 2>&1 | sed 's/ in [0-9.]*s$//') ;;
    perl) perl perl.pl ;;
    bash) bash jobs.bash 2>/dev/null ;;
    sqlite) sqlite3 "$TMPDIR/rows.db" <rows.sql ;;
    stress) sh stress.sh ;;
    gcc) other sh compile.sh ;;
    frames) python3 frames.py ;;
    strace) sh calls.sh ;;
    esac </dev/null
    end
done
