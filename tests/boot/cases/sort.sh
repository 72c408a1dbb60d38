# a million lines sorted
cd /tmp
awk 'BEGIN { x = 1; for (i = 0; i < 1000000; i++) { x = (x * 1103515245 + 12345) % 2147483648; print x } }' >lines
wc -l <lines
sort -n lines | md5sum
