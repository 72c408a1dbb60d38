# 64 MiB through files
cd /tmp
dd if=/dev/zero of=big bs=1M count=64 2>/dev/null
stat -c %s big
md5sum big
dd if=big of=copy bs=64k 2>/dev/null
cmp big copy && echo same
dd if=big bs=64k 2>/dev/null | tail -c 1000000 | md5sum
