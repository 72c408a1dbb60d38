# making, moving, linking, removing; errors as Linux words them
mkdir /tmp/files && cd /tmp/files
mkdir -p a/b/c
echo text >a/b/file
ln a/b/file hard
ln -s a/b/file soft
stat -c '%n %F %h %s %a' hard soft a a/b/file
cat soft
rm a/b/file
cat soft
cat hard
mv hard a/b/moved
ls -R
rmdir a
mkdir a
mv a/b a/b/c
cp -r a copy
find copy | sort
chmod 640 copy/b/moved
ls -l copy/b/moved | cut -c1-10
rm -r copy
ls copy
touch -d '2020-02-03 04:05:06' stamp
TZ=UTC ls -l --full-time stamp | awk '{ print $6, $7 }'
test stamp -ot a && echo older
ln -s loop loop
cat loop
cat a/
echo x >a
cd nowhere
rm nowhere
rmdir nowhere
mkdir a
touch soft/x
name=$(printf '%0256d' 0)
touch $name 2>&1 | sed 's/0000*/N/'
truncate -s 1000000 sparse
stat -c '%s %b' sparse
echo end >>sparse
tail -c 4 sparse
wc -c sparse
dd if=/dev/zero of=/tmp/files/full bs=1 count=1 seek=10 2>/dev/null
od -c full
echo 123456789 | dd of=full bs=1 seek=2 conv=notrunc 2>/dev/null
od -c full
dd if=/dev/full of=/dev/null bs=10 count=1 2>/dev/null && echo read full
echo x >/dev/full
head -c 5 /dev/zero | od -c
[ "$(head -c 32 /dev/urandom | md5sum)" != "$(head -c 32 /dev/urandom | md5sum)" ] && echo random
mktemp -d /tmp/files/XXXXXX | wc -c
mkdir many && cd many
for i in $(seq 1 500); do : >file$i; done
ls | wc -l
rm file?
ls | wc -l
rm *
ls | wc -l
cd .. && rmdir many
cp /bin/busybox /tmp/files/sh
./sh -c 'echo a copied program, $0' name
ls -l /proc/self/fd/0 /proc/self/exe | sed 's/.*->/->/'
mkdir deep && cd deep
for i in $(seq 1 30); do mkdir d && cd d; done
pwd | wc -c
cd /tmp && rm -r files
pwd
