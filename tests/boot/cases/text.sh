# the tools that move much data
cd /tmp
seq 1 100000 | awk '{ print ($1 * 7919) % 200003 }' >numbers
sort -n numbers | md5sum
sort numbers | uniq | wc -l
grep -c 99 numbers
find /bin /usr -name 'g*' | sort | md5sum
gzip -c numbers >numbers.gz && gunzip -c numbers.gz | cmp - numbers && echo same
tar cf all.tar numbers numbers.gz /etc 2>/dev/null && tar tf all.tar | head -n 3
mkdir out && tar xf all.tar -C out && cmp out/numbers numbers && echo same
md5sum numbers
sha256sum numbers
sed -n '/777/p' numbers | wc -l
cut -c1-2 numbers | sort | uniq -c | sort -rn | head -n 3
xargs -n 1000 echo <numbers | wc -l
head -c 1000000 /dev/zero | tr '\0' 'x' | fold -w 1000 | wc
find out -type f -exec wc -c {} + | tail -n 1
diff numbers out/numbers && echo no difference
echo 'a b c' | awk '{ $2 = "x"; print; print NF }'
bc <<END
2^200
END
expr 6 \* 7
printf '%05d %x %s\n' 42 255 text
od -An -tx1 </etc/hostname | head -n 1
base64 </etc/hostname
rm -r out all.tar
