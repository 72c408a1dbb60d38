# What holds of a program's standard streams, whatever runs it: sourced by the groups that ask it of
# the launcher alone and of the kernel. `launch` is the command that runs a program.

head -c 5000000 /dev/urandom >random
binary_clean() {
    launch -- cat <random >copy && cmp random copy
}
check "standard input and output are binary-clean" binary_clean

kept_apart() {
    launch -- sh -c 'echo out; echo err >&2' >out 2>err &&
        [ "$(cat out)" = out ] && [ "$(cat err)" = err ]
}
check "standard output and error are kept apart" kept_apart

end_of_file() {
    [ "$(printf 'a\nb' | launch -- wc -c)" -eq 3 ] && [ "$(launch -- wc -c </dev/null)" -eq 0 ]
}
check "end of file arrives" end_of_file

unread_input() {
    yes | head -c 4000000 | status 3 launch -- sh -c 'exit 3'
}
check "a program that reads nothing ends all the same" unread_input

reader_gone() {
    # The program writes without end; it dies of SIGPIPE when head has gone.
    { launch -- yes || echo $? >code; } | head -n 1 >/dev/null
    [ "$(cat code)" -eq 141 ]
}
check "a reader that goes ends the writer with SIGPIPE" reader_gone

stalled_output() {
    # Standard error passes while nobody reads standard output.
    mkfifo stalled
    launch -- sh -c 'echo first >&2; seq 1 200000' >stalled 2>err &
    exec 5<stalled
    until grep -q first err; do
        kill -0 $! || return 1
        sleep 0.05
    done
    seq 1 200000 | cmp - /dev/fd/5
    result=$?
    exec 5<&-
    wait
    return $result
}
check "a stalled reader loses nothing and stops nobody else" stalled_output

check "a closed descriptor is closed for the program" status 1 launch -- cat <&-

not_terminals() {
    launch -- sh -c 'test -t 0 || test -t 1 || test -t 2; echo $?' </dev/null 2>err | grep -qx 1
}
check "pipes are not terminals for the program" not_terminals

shell_reads_pipe() {
    [ "$(echo 'echo $((6 * 7))' | launch 2>/dev/null)" = 42 ]
}
check "a shell without a terminal reads its commands" shell_reads_pipe
