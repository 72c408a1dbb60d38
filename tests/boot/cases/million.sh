# a million lines sorted, a million entries in an array, 64 MiB through a file
cd /tmp
awk 'BEGIN { x = 1; for (i = 0; i < 1000000; i++) { x = (x * 1103515245 + 12345) % 2147483648; print x } }' >lines
wc -l <lines
sort -n lines | md5sum
awk '{ seen[NR] = $1 } END { n = 0; for (i = 1; i <= NR; i++) n += seen[i] % 7; print NR, n }' lines
dd if=/dev/zero of=big bs=1M count=64 2>/dev/null
stat -c %s big
md5sum big
dd if=big bs=64k 2>/dev/null | tail -c 1000000 | md5sum
rm big lines
