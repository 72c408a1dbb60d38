# traps: EXIT, ignored signals, signals while a command runs, reset in subshells
sh -c 'trap "echo leaving" EXIT; echo in; exit 5'
echo $?
sh -c 'trap "echo leaving" EXIT; kill -INT $$; echo unreached'
echo $?
sh -c 'trap "" INT; kill -INT $$; echo survived'
echo $?
sh -c 'trap "echo caught" USR2; (kill -USR2 $$); sleep 0.1; echo end'
echo $?
sh -c 'trap "" TERM; sh -c "kill -TERM \$\$; echo inherited"'
echo $?
sh -c 'trap "echo parent" USR1; (trap - USR1; sh -c "kill -USR1 \$\$"; echo $?)'
echo $?
sh -c 'trap "echo pipe" PIPE; yes | head -n 1; echo done'
timeout 0.3 sleep 10
echo "timeout: $?"
timeout -s KILL 0.3 sleep 10
echo "timeout: $?"
timeout 5 true
echo "timeout: $?"
sh -c 'ulimit -t 1; while :; do :; done'
echo "cpu limit: $?"
for signal in HUP INT QUIT ABRT KILL SEGV PIPE ALRM TERM USR1; do
    sh -c "kill -$signal \$\$" 2>/dev/null
    echo "$signal $?"
done
