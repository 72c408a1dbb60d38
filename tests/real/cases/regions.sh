# 20,000 regions
exec /real/regions
