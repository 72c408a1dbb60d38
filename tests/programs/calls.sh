# A program under strace: what it writes, how its processes end, its signals; numbers of processes
# and times left out.
strace -f -o "$TMPDIR/calls" -e trace='!mmap,munmap,brk' \
    sh -c 'echo one; (exit 3); echo $?; kill -USR1 $$' >"$TMPDIR/said" 2>&1
echo "status $?"
cat "$TMPDIR/said"
sed -e 's/^[0-9]* *//' -e '/^[a-z_0-9]*(.*\(write\|exit\)/!{/^\(write\|exit_group\|---\|+++\|kill\)/!d};/^execve/d' \
    -e 's/kill([0-9]*/kill(PID/' -e 's/si_pid=[0-9]*/si_pid=PID/; s/si_[us]time=[^,}]*/TIME/g; s/  *= / = /' "$TMPDIR/calls"
