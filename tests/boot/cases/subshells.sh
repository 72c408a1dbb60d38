# subshells, functions, variables, exit statuses
x=outer
(x=inner; echo $x)
echo $x
f() { local x=local; echo "$x $1 $#"; return 7; }
f a b
echo $?
(cd /tmp && pwd)
pwd
(exit 42)
echo $?
sh -c 'exit 300'
echo $?
false || echo or
true && echo and
for i in 1 2 3; do
    [ $i = 2 ] && continue
    echo $i
done
case abc in a*) echo match ;; *) echo none ;; esac
i=0
while [ $i -lt 1000 ]; do i=$((i + 1)); done
echo $i
for i in 1 2 3 4 5 6 7 8 9 10; do (for j in 1 2 3; do :; done; exit $i); echo -n "$? "; done
echo
n=0
for i in $(seq 1 100); do n=$((n + $(echo $i))); done
echo $n
/nonexistent
echo $?
/etc/passwd
echo $?
nosuchcommand
echo $?
sh -c 'kill -SEGV $$'
echo $?
sh -c 'kill -9 $$'
echo $?
set -- a "b c" d
echo $# "$2"
env -i A=1 B=2 env | sort
umask 027
umask
touch /tmp/masked
stat -c %a /tmp/masked
