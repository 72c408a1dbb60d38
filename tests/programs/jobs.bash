# Debian's bash with job control: groups, the foreground, signals, traps, substitutions.
set -m
echo "${BASH_VERSION%%.*}" $((7 ** 11)) {a..e}{1,2}
sleep 100 &
first=$!
sleep 100 | cat &
second=$!
jobs
kill -TERM %1
wait "$first"
echo "status $?"
kill -STOP %2
until jobs -s | grep -q Stopped; do :; done
kill -CONT %2
until jobs -r | grep -q Running; do :; done
kill -TERM %2
wait "$second"
echo "status $?"
trap 'echo trapped' USR1
kill -USR1 $$
(trap 'echo in a subshell; exit 9' TERM; kill -TERM "$BASHPID"; sleep 100)
echo "status $?"
cat <(printf '%s\n' b a | sort) <(echo "substituted")
coproc tr a-z A-Z
# Bash closes its own ends when it learns that the coprocess has ended.
exec {in}<&"${COPROC[0]}" {out}>&"${COPROC[1]}"
echo "through a coprocess" >&"$out"
exec {out}>&-
eval "exec ${COPROC[1]}>&-"
cat <&"$in"
declare -A map=([one]=1 [two]=2)
mapfile -t lines < <(for key in "${!map[@]}"; do echo "$key=${map[$key]}"; done | sort)
printf '<%s>' "${lines[@]}"
echo
read -r -t 1 line <<<"here string" && echo "$line"
[[ "abc 123" =~ ([a-z]+)\ ([0-9]+) ]] && echo "${BASH_REMATCH[2]} ${BASH_REMATCH[1]}"
