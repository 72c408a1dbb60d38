# background jobs, wait, kill, traps
(sleep 0.2; exit 3) &
first=$!
(exit 4) &
second=$!
wait $first
echo "first: $?"
wait $second
echo "second: $?"
sleep 100 &
# The shell tells of a signal only if it waits before the end: what it says is not shown.
kill $!
wait $! 2>/dev/null
echo "killed: $?"
sleep 100 &
kill -STOP $!
kill -0 $! && echo "stopped and there"
kill -CONT $!
kill -KILL $!
wait $! 2>/dev/null
echo "killed: $?"
for i in 1 2 3 4 5; do (exit $i) & done
wait
echo "all: $?"
trap 'echo got USR1' USR1
kill -USR1 $$
echo after
trap 'echo got TERM; exit 9' TERM
(sleep 0.1; kill -TERM $$) &
wait
echo not reached
