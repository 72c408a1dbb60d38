# SQLite: processes that share a data base, by locks and by shared memory
cd /tmp
for mode in delete wal; do
    echo "PRAGMA journal_mode = $mode; PRAGMA synchronous = normal;" >mode
    /real/sqlite script base mode && /real/sqlite contend base 4 25 || exit
done
