# 1 TiB of addresses, sparsely used
exec /real/sparse
