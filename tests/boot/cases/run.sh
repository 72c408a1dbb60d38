# Runs the cases in the machine, one after the other: NAME... below /cases. Each prints its output
# between two marks, the second with its exit status.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
for name; do
    echo "==== $name"
    timeout -s KILL 250 sh /cases/"$name".sh </dev/null 2>&1
    echo "==== status $?"
    cd / && rm -rf /tmp/* 2>/dev/null
done
