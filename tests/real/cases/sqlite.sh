# SQLite: 100,000 rows, indices, journals, mapped files
cd /tmp
/real/sqlite fill base 100000 && /real/sqlite script base /cases/script.sql || exit
ls base*
