# glibc's allocator: eight threads, random sizes, memory returned
exec /real/allocate
