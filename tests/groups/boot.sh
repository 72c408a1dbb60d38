# The kernel in QEMU: programs that nobody here wrote, and what they print compared with what the
# same files print under Debian's Linux (tests/boot/expected, made by tests/boot/record.sh).

tools/build kernel tools image test-tools test-boot || exit 1

. tests/lib.sh
tests=$project/tests/boot
programs=$project/build/tests/boot$mode
drive=$project/build/tests/pty-drive
cd "$work" || exit 1

# run_cases BATCH SECONDS CASE...: one boot runs them all; leaves BATCH.out
run_cases() {
    batch=$1 seconds=$2
    shift 2
    machine --mem 512M --timeout "$seconds" --add "$tests/cases:/cases" \
        -- sh /cases/run.sh "$@" >"$batch.out" 2>"$batch.err"
}

# These take long, and run beside the rest.
long="copy sort array"
# shellcheck disable=SC2086
run_cases long 900 $long &
long_cases=$!

# ---- programs ----

for kind in hello hello-pie hello-musl hello-musl-pie; do
    hello() {
        status 7 machine -- "$programs/$kind" argument 7 >out 2>err &&
            [ "$(cat out)" = "hello, world: 3 argument /root 5 3.143" ] &&
            [ "$(cat err)" = "errors are apart" ]
    }
    check "$kind runs" hello
done

# Programs that check themselves, the same under Linux.
for source in "$tests"/programs/*.c; do
    name=$(basename "$source" .c)
    case $name in
    hello | terminal) continue ;;
    oom) continue ;;    # group oom
    broken) continue ;; # group hostile
    reclaim) continue ;; # group reclaim
    wide) [ "$arch" = x86_64 ] || continue ;;
    esac
    check "program: $name" status 0 machine --mem 512M -- "$programs/$name"
done

# ---- what Linux prints ----

# compare BATCH CASE...
compare() {
    batch=$1
    shift
    mkdir "got.$batch"
    sh "$tests/split.sh" "got.$batch" <"$batch.out"
    for case; do
        same() {
            [ -e "got.$batch/$case" ] || cat "$batch.err"
            wanted=$tests/expected/$case
            [ -z "$mode" ] || [ ! -e "$tests/expected/i386/$case" ] || wanted=$tests/expected/i386/$case
            diff "$wanted" "got.$batch/$case"
        }
        check "$case: $(sed -n '1s/^# //p' "$tests/cases/$case.sh")" same
    done
}

usual="pipes subshells background traps listing files processes text"
# The list is meant to be split.
# shellcheck disable=SC2086
run_cases usual 400 $usual
# shellcheck disable=SC2086
compare usual $usual

# ---- streams ----

launch() {
    machine "$@"
}
. "$project/tests/streams.sh"

much_output() {
    [ "$(machine -- dd if=/dev/zero bs=64k count=1024 2>/dev/null | md5sum)" = \
        "7f614da9329cd3aebf59b91aadc30bf0  -" ]
}
check "64 MiB of output arrive" much_output

input_left() {
    printf 'one\ntwo\n' >lines
    { machine -- true && cat; } <lines | cmp - lines
}
check "input that nobody reads stays with the host" input_left

late_writer() {
    # What a background process writes until the program ends is kept; then the machine ends.
    machine -- sh -c '(while :; do echo again; done) & sleep 0.2; exit 6' >out
    [ $? -eq 6 ] && [ "$(sort -u out)" = again ]
}
check "the machine ends with its program" late_writer

# ---- status ----

check "exit status is the program's" status 42 machine -- sh -c 'exit 42'
for signal in 9 11 15; do
    check "status is 128 + $signal when signal $signal ended it" \
        status $((128 + signal)) machine -- sh -c "kill -$signal \$\$"
done
check "a program that is nowhere is 125" status 125 machine -- no-such-program
check "a file that is no program is 125" status 125 machine -- /etc
check "timeout is status 124" status 124 machine --timeout 2 -- sleep 100
check "poweroff ends the machine" status 0 machine -- sh -c 'poweroff; sleep 10'

kernel_died() {
    status 126 machine --append selftest=nullderef -- true 2>err && grep -q 'kernel bug: ' err
}
check "the kernel's death is status 126, with its report" kernel_died

wild_access() {
    printf 'int main(void) { *(volatile int *)0x10 = 1; }\n' >wild.c
    gcc ${mode:+-m32} -static -o wild wild.c && status 139 machine -- ./wild 2>err && grep -q 'write at 0x10 ' err
}
check "a wild access is told in one line" wild_access

many_arguments() {
    # The words are meant to be split.
    # shellcheck disable=SC2046
    [ "$(machine -- sh -c 'echo $#' x $(seq 1 60000))" = 60000 ]
}
check "60,000 arguments arrive" many_arguments

other_machine() {
    [ "$(machine --qemu '-machine q35' -- echo here)" = here ]
}
check "the channel works on a q35 machine" other_machine

signal_passed() {
    mkfifo ready
    machine -- sh -c 'trap "echo got it; exit 9" TERM; echo ready >&2; while :; do sleep 0.05; done' \
        >out 2>ready &
    launcher=$!
    exec 6<ready
    read -r line <&6
    kill -TERM $launcher
    wait $launcher
    result=$?
    exec 6<&-
    [ "$result" -eq 9 ] && [ "$(cat out)" = "got it" ]
}
check "SIGTERM reaches the program" signal_passed

no_slash_script() {
    printf 'echo "script $0 $1"\n' >script
    chmod +x script
    [ "$(machine --add script:/bin/script -- script 5)" = "script /bin/script 5" ]
}
check "a script without #! is given to the shell" no_slash_script

# ---- without the launcher ----

# What is typed before the shell has its prompt is for nobody: the serial line forgets it.
type_by_hand() {
    tries=0
    until grep -q '# ' serial; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || return
        sleep 0.2
    done
    printf 'echo by hand $((40 + 2))\rexit\r'
    until grep -q 'by hand 42' serial; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || return
        sleep 0.2
    done
}

by_hand() {
    : >serial
    type_by_hand |
        timeout 180 qemu-system-x86_64 -nodefaults -no-user-config \
            -cpu "qemu64,+smep,+smap,+umip$cpu_la57" \
            -m 256M -display none -serial stdio -no-reboot \
            -device isa-debug-exit,iobase=0xf4,iosize=4 \
            -kernel "$project/build/kernel$suffix/quire.elf" \
            -initrd "$project/build/image$mode/base.cpio" >serial
    [ $? -eq 33 ] && grep -q '^by hand 42' serial
}
check "booted by hand, a shell on the serial line" by_hand

# ---- terminal ----

for script in "$tests"/*.pty "$project"/tests/tools/*.pty; do
    case $(basename "$script" .pty) in
    terminal) set -- machine -- "$programs/terminal" ;;
    keys) set -- machine -- cat -v ;;
    pager) set -- sh -c 'machine -- sh -c "test -t 0; echo \$?; cat" | sed s/^/piped:/' ;;
    shell | window) [ "$(dirname "$script")" = "$tests" ] || continue && set -- machine ;;
    *) set -- machine ;;
    esac
    check "terminal: $(sed -n '1s/^# //p' "$script")" timeout 200 "$drive" -t 60 "$script" -- "$@"
done

# ---- what took long ----

wait $long_cases
# shellcheck disable=SC2086
compare long $long
