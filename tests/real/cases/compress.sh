# zlib and liblzma with threads
exec /real/compress
