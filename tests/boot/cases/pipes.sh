# pipelines, substitutions, here documents, redirections
echo one two three | tr ' ' '\n' | sort -r | while read -r word; do echo "<$word>"; done
echo "$(echo inner $(echo deeper))" `echo old`
cat <<END | sed 's/x/y/g'
axxb $((6 * 7))
END
(echo out; echo err >&2) 2>&1 | sort
{ echo a; echo b; } >/tmp/pipes && cat </tmp/pipes >>/tmp/pipes.copy && cat /tmp/pipes.copy
seq 1 100000 | head -n 3
yes | head -n 2
yes 0123456789 | head -c 1000000 | wc -c
seq 1 20000 | tee /tmp/pipes | tail -n 1 | cat -A
cmp /tmp/pipes /tmp/pipes && wc -l </tmp/pipes
(exit 3) | true
echo "pipe: $?"
! true
echo "not: $?"
exec 3>/tmp/pipes.three
echo three >&3
exec 3>&-
cat /tmp/pipes.three
echo gone >&3
echo "closed: $?"
mkfifo /tmp/fifo
(echo through the fifo >/tmp/fifo) &
cat /tmp/fifo
wait
echo text | { read -r line; echo "read: $line"; cat; }
cat /dev/null | wc -c
ls /nowhere
echo "ls: $?"
set -o noclobber
echo x >/tmp/pipes
echo "noclobber: $?"
