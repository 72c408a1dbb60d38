# What bash can do, and what bash needs of a kernel: pipes, forks, signals, /dev/fd, here documents in
# pipes and files, job control without a terminal. What it prints does not depend on the machine.
set -u
shopt -s extglob nullglob
export LC_ALL=C
folder=$(mktemp -d)
cd "$folder" || exit 1

section() { printf -- '-- %s\n' "$1"; }

section "arguments and expansion"
echo "$# $1 ${2@Q} ${*: -1} ${#2} ${2/words/things} ${2^^} ${3:1:2} ${missing:-default}"
path=/usr/share/doc/bash.tar.gz
echo "${path##*/} ${path%.*} ${path%%.*} ${path//s/S} ${path@U}"
echo {a..e}{1..3} {01..10..3} "$((16#ff)) $((2 ** 40)) $((7 / 2)) $((-7 % 3)) $((1 << 62))"
(: "${missing:?is not set}") 2>&1 | sed 's/.*missing/missing/'

section "arrays"
list=(zero one "two three" [10]=ten)
list+=(eleven)
echo "${#list[@]} ${!list[*]} ${list[-1]} ${list[@]:1:2}"
unset 'list[1]'
for index in "${!list[@]}"; do printf '<%s=%s>' "$index" "${list[index]}"; done; echo
declare -A ages=([ann]=31 [bob]=27 ["with space"]=5)
ages[cid]=44
for name in $(printf '%s\n' "${!ages[@]}" | tr ' ' _ | sort); do
    echo "$name ${ages[${name//_/ }]}"
done
declare -n alias=ages
echo "by name: ${alias[ann]}, ${#alias[@]} entries"
mapfile -t lines < <(seq 1 20000)
echo "mapfile ${#lines[@]} ${lines[0]} ${lines[19999]}"
sum=0
for number in "${lines[@]}"; do ((sum += number)); done
echo "sum $sum"

section "here documents"
cat <<END
expanded $((6 * 7)) ${list[0]}
END
cat <<'END'
literal $((6 * 7)) `date`
END
cat <<-END
	without tabs
END
tr a-z A-Z <<<"a here string"
large=$(printf '%s\n' "${lines[@]}")
wc -c <<<"$large" # larger than a pipe
read -r first second rest <<<"alpha beta gamma delta"
echo "$rest $second $first"

section "functions and recursion"
factorial() { if (($1 < 2)); then echo 1; else echo $(($1 * $(factorial $(($1 - 1))))); fi; }
factorial 15
depth() { local n=$1; if ((n == 0)); then deepest=${#FUNCNAME[@]}; else depth $((n - 1)); fi; }
depth 1500
echo "depth $deepest"
hanoi() {
    if (($1 > 0)); then
        hanoi $(($1 - 1)) "$2" "$4" "$3"
        ((moves++))
        hanoi $(($1 - 1)) "$4" "$3" "$2"
    fi
}
moves=0
hanoi 10 A B C
echo "hanoi $moves"
returns() { return "$1"; }
for status in 0 1 127 255; do returns $status; echo -n "$? "; done; echo

section "conditions and matching"
if [[ "version 12.34-rc5" =~ ([0-9]+)\.([0-9]+)(-rc([0-9]+))? ]]; then
    echo "matched ${BASH_REMATCH[*]}"
fi
for word in apple.c banana.h cherry.S 42 ''; do
    case $word in
    *.[ch]) echo "$word: source" ;;&
    a*) echo "$word: with a" ;;
    +([0-9])) echo "$word: number" ;;
    '') echo "nothing" ;;
    !(*.c)) echo "$word: something else" ;;
    esac
done
[[ -d $folder && ! -e $folder/none && abc < abd ]] && echo "tests agree"

section "files and globbing"
mkdir -p tree/{a,b}/{x,y}
for file in tree/{a,b}/{x,y}/{1,2}.txt; do echo "$file" >"$file"; done
shopt -s globstar
echo tree/**/1.txt
echo tree/@(a|c)/*/[!1].txt none/*
cat tree/*/*/* | sort -r | head -n 3
exec 7>numbered 8<tree/a/x/1.txt
echo "through seven" >&7
exec 7>&-
read -r line <&8
exec 8<&-
echo "$(<numbered), $line"
[[ tree/a/x/1.txt -ef tree/b/../a/x/1.txt ]] && echo "one file"

section "pipelines and substitution"
seq 1 1000 | grep 7 | while read -r number; do echo $((number * 2)); done | awk '{ s += $1 } END { print s }'
paste <(seq 1 5) <(seq 6 10) <(seq 11 15 | sort -rn)
seq 1 100 | tee >(wc -l >count) >(tail -n 1 >last) >/dev/null
until [[ -s count && -s last ]]; do :; done
echo "$(<count) $(<last)"
false | true | (exit 5) | true
echo "pipe status ${PIPESTATUS[*]}"
(set -o pipefail; false | true; echo "pipefail $?")
shopt -s lastpipe
seq 1 10 | while read -r number; do last=$number; done
echo "last pipe $last"
{ echo to out; echo to err >&2; } 2>&1 >/dev/null | sed 's/^/swapped: /'

section "processes and job control"
set -m
coproc adder { while read -r a b; do echo $((a + b)); done; }
for pair in "1 2" "30 12" "999 1"; do
    echo "$pair" >&"${adder[1]}"
    read -r answer <&"${adder[0]}"
    echo "coproc $pair = $answer"
done
input=${adder[1]} child=$adder_PID
exec {input}>&-
wait "$child"
echo "coproc ended $?"
for status in 3 5 7; do (exit $status) & children+=($!); done
for child in "${children[@]}"; do wait "$child"; echo -n "$? "; done; echo
sleep 100 &
kill -STOP %%
wait %% 2>/dev/null
echo "stopped by $(kill -l $?)"
jobs | sed 's/  */ /g'
exec {told}>&2 2>/dev/null # whether bash tells of the job's end depends on when it looks
kill -CONT %% && kill -TERM %%
wait $!
echo "terminated $?"
set +m
exec 2>&"$told" {told}>&-
{ bash -c 'kill -SEGV $$'; } 2>/dev/null
echo "died of $(kill -l $?)"

section "traps"
trap 'echo "got USR1"' USR1
for _ in 1 2 3; do kill -USR1 $$; done
trap 'echo "in the subshell: usr2"; exit 4' USR2
(kill -USR2 $BASHPID; echo "not caught") 2>/dev/null
echo "subshell $?"
(trap 'echo "on exit $?"' EXIT; trap 'echo "failed command"' ERR; false; exit 9)
echo "status $?"
count=0
trap '((count++))' DEBUG
:; :; :
trap - DEBUG
echo "debug $count"
bash -c 'trap "echo interrupted; exit 6" INT; kill -INT $$; echo no'
echo "status $?"

section "printf and strings"
printf '%5d|%-8s|%08.3f|%x|%o|%e|%q|%b|%c\n' 42 left 3.14159 255 8 12345.678 'a b$c' 'tab\there' xyz
printf '%s %s\n' one two three
printf -v text '%03d,' {1..12}
echo "${text%,}"
string=$(printf 'x%.0s' {1..10000})
for _ in {1..6}; do string+=$string; done
echo "${#string} ${string:639990}"
IFS=: read -ra fields <<<"root:x:0:0::/root:/bin/sh"
echo "${#fields[@]} ${fields[6]} <${fields[4]}>"
join() { local IFS=$1; shift; echo "$*"; }
join , a b c

section "options"
options() {
    local OPTIND=1 option
    while getopts ':ab:c' option; do
        case $option in
        b) echo "b with $OPTARG" ;;
        :) echo "$OPTARG needs a value" ;;
        \?) echo "unknown $OPTARG" ;;
        *) echo "$option" ;;
        esac
    done
    shift $((OPTIND - 1))
    echo "rest: $*"
}
options -a -bvalue -c x y
options -cz -b

section "sieve"
limit=5000
sieve=()
for ((i = 2; i * i <= limit; i++)); do
    [[ -n ${sieve[i]-} ]] || for ((j = i * i; j <= limit; j += i)); do sieve[j]=1; done
done
primes=0
for ((i = 2; i <= limit; i++)); do [[ -n ${sieve[i]-} ]] || ((primes++)); done
echo "$primes primes up to $limit"

section "many children"
total=0
for i in {1..150}; do total=$((total + $(echo "$i"))); done
echo "total $total"
cd / && rm -rf "$folder"
echo "end ${SECONDS:+of the script}"
