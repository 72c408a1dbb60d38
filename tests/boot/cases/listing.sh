# ls -lR; all of / can be walked
export TZ=UTC
umask 022
mkdir -p /tmp/tree/a/b /tmp/tree/empty
cd /tmp/tree
echo one >a/one
seq 1 1000 >a/b/thousand
ln -s ../one a/b/link
mkfifo pipe
mknod null c 1 3
chmod 4755 a/one
touch -d '2021-03-04 05:06:07' a/one a/b/thousand pipe null a/b a empty
ls -lR /tmp/tree | awk '/->/ { $6 = $7 = $8 = "-" } { print }'
ls -aF
ls -lS a/b | awk '{ print $5, $9 }'
ls -l /etc /var /usr/local | awk '{ print $1, $2, $3, $4, $9 }'
ls -ld /tmp /root /proc /dev | awk '{ print $1, $3, $4, $NF }'
ls -lR / >/tmp/all 2>/dev/null
[ "$(wc -l </tmp/all)" -gt 500 ] && echo walked
ls -la /dev | awk '$NF ~ /^(null|zero|full|random|urandom|tty|console)$/ { print $1, $3, $4, $5, $6, $NF }'
readlink /bin/ls
find /tmp/tree -type f -size +1k
find / -xdev -name passwd -type f 2>/dev/null | sort
du -s /etc
