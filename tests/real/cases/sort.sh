# eight threads sort a mapped file
exec /real/sort
