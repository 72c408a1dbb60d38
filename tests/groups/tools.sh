# The host's side: launcher, archives, terminal; without a kernel. The guest is
# tests/tools/guest_agent.c, which runs the programs on this host.

tools/build tools image test-tools || exit 1

. tests/lib.sh
tests=$project/tests/tools
drive="$project/build/tests/pty-drive"
base=$project/build/image/base.cpio
QUIRE_QEMU=$project/build/tests/guest-agent
export QUIRE_QEMU
cd "$work" || exit 1

# A guest on this host in place of the machine.
command_in_work launch --kernel-file=/dev/null --base-archive="$base" --timeout 20

# ---- streams ----

. "$project/tests/streams.sh"

in_order() {
    launch -- sh -c 'for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.02; echo e$i >&2; sleep 0.02
        done' >both 2>&1 && [ "$(tr -d '\n' <both)" = 1e12e23e34e45e56e67e78e8 ]
}
check "two descriptors of one file keep the order" in_order

# ---- status ----

check "exit status is the program's" status 42 launch -- sh -c 'exit 42'
check "status is 128 + n when signal n ended it" status 143 launch -- sh -c 'kill -TERM $$'
check "power-off is status 0" status 0 launch -- guest-power-off
check "a guest that lingers after the end is ended" status 5 launch -- guest-linger

timed_out() {
    says 'ended after 0.3 seconds' status 124 launch --timeout 0.3 -- sleep 100
}
check "timeout is status 124" timed_out

kernel_died() {
    says 'kernel bug: it fell over' status 126 launch -- guest-panic
}
check "a dead kernel is status 126, with its messages" kernel_died

check "a guest that vanishes is status 126" status 126 launch -- guest-vanish
check "a guest that sends nonsense is status 126" status 126 launch -- guest-garbage

# Nobody reads what it writes: credit cannot come back while it sends.
no_credit() {
    mkfifo unread
    status 126 launch -- guest-no-credit 5<>unread >unread
}
check "a guest that sends beyond its credit is status 126" no_credit

stranger() {
    HOST_GUEST=stranger says 'version 2' status 125 launch -- true
}
check "another version of the channel is refused" stranger

wild_access() {
    says 'write to 0x10: no region is near' status 139 launch -- guest-wild
}
check "the reason of a signal is shown" wild_access

no_machine() {
    QUIRE_QEMU=/nonexistent/qemu says '/nonexistent/qemu: No such file' status 125 launch -- true &&
        HOST_GUEST=refuse says 'bad option' status 125 launch -- true
}
check "QEMU missing or refusing is status 125" no_machine

messages_when_verbose() {
    launch --verbose -- true 2>&1 | grep -q 'guest_agent: here' &&
        ! launch -- true 2>&1 | grep -q guest_agent
}
check "kernel messages are shown with --verbose only" messages_when_verbose

signal_passed() {
    mkfifo ready
    launch -- sh -c 'trap "echo got it; exit 9" TERM; echo ready >&2; while :; do sleep 0.05; done' \
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

# A program, or a kernel, that does not care: the machine ends all the same.
signal_ignored() {
    rm -f ready
    mkfifo ready
    launch -- sh -c 'trap "" TERM; echo ready >&2; while :; do sleep 0.05; done' >out 2>ready &
    launcher=$!
    exec 6<ready
    read -r line <&6
    kill -TERM $launcher
    cat <&6 >said
    wait $launcher
    result=$?
    exec 6<&-
    [ "$result" -eq 143 ] && grep -q 'went on after signal 15' said
}
check "SIGTERM that the program ignores ends the machine" signal_ignored

signal_early() {
    mkfifo messages
    HOST_GUEST=mute launch --verbose -- true 2>messages &
    launcher=$!
    read -r line <messages # the machine is there, and will not say READY
    kill -TERM $launcher
    wait $launcher
    [ $? -eq 143 ]
}
check "SIGTERM before the program has started ends the machine" signal_early

# ---- what goes into the machine ----

printf 'int main(void) { return 23; }\n' >program.c
gcc -static -o static program.c
gcc -o dynamic program.c

refuses() {
    says "$1" status 125 launch "$2"
}
check "a static program of the host runs" status 23 launch -- ./static
check "a dynamic program of the host runs, with the host's files" status 23 launch ./dynamic
check "and it is said" says 'dynamically linked: the host' status 23 launch ./dynamic
printf '#!/usr/bin/env perl\nexit 24\n' >script.pl
chmod +x script.pl
check "a script finds its interpreter on the host" says 'needs /' status 24 launch ./script.pl
check "a file that is no program is refused" refuses 'not executable' ./program.c
check "a missing file is named" refuses './missing: No such file' ./missing
check "a folder is refused" refuses 'folder' ./
check "a bad option is refused" refuses 'unrecognized option' --nonsense
check "a bad size is refused" refuses 'not a size' --mem=12X
check "a program that is nowhere is named" refuses 'no-such-program: No such file' no-such-program

# What the launcher adds, as cpio sees it: the archive is what QEMU would have been given.
cat >list-archive <<'END'
#!/bin/sh
while [ "$1" != -initrd ]; do shift; done
tail -c +$(($(stat -L -c %s "$BASE_ARCHIVE") + 1)) "$2" >"$LISTED"
END
chmod +x list-archive

# added OPTION...: leaves the added archive in ./added.cpio
added() {
    BASE_ARCHIVE=$base LISTED=$work/added.cpio QUIRE_QEMU=$work/list-archive launch "$@" \
        >/dev/null 2>&1
    [ -s added.cpio ]
}

mkdir -p 'tree/sub dir'
echo hello >tree/file
ln tree/file tree/hard
ln -s file tree/link
ln -s /nowhere tree/dangling
mkfifo tree/pipe
chmod 640 tree/file
chmod 750 'tree/sub dir'
head -c 100001 /dev/urandom >'tree/sub dir/odd size'
: >tree/empty
touch -d '2020-02-02 02:02:02 UTC' tree/file

folder_added() {
    added --add tree:/opt/tree -- true && rm -rf out && mkdir out &&
        (cd out && cpio -idm --quiet <../added.cpio) && diff -r --no-dereference --exclude=pipe tree out/opt/tree &&
        [ "$(stat -c '%a %Y %h' out/opt/tree/file)" = "$(stat -c '%a %Y %h' tree/file)" ] &&
        [ "$(stat -c %i out/opt/tree/file)" = "$(stat -c %i out/opt/tree/hard)" ] &&
        [ "$(readlink out/opt/tree/link)" = file ] && [ -p out/opt/tree/pipe ] &&
        [ "$(readlink out/opt/tree/dangling)" = /nowhere ] &&
        [ "$(stat -c %a 'out/opt/tree/sub dir')" = 750 ]
}
check "a folder is added with links, modes, times" folder_added

same_path() {
    added --add tree/file -- true && cpio -t --quiet <added.cpio | grep -qx "${work#/}/tree/file" &&
        added --add tree/file:/etc/ -- true && cpio -t --quiet <added.cpio | grep -qx etc/file &&
        added -- ./static && cpio -t --quiet <added.cpio | grep -qx "${work#/}/static"
}
check "files keep their path unless another is given" same_path

too_large() {
    truncate -s 4294967296 huge
    says 'at most 4 GiB - 1' status 125 launch --add huge -- true
    result=$?
    rm -f huge
    return $result
}
check "a file of 4 GiB is refused by name" too_large

base_image() {
    rm -rf out && mkdir out && (cd out && cpio -idm --quiet <"$base") &&
        [ "$(readlink out/bin/sh)" = /bin/busybox ] && cmp out/bin/busybox /bin/busybox &&
        [ -x out/sbin/poweroff ] && grep -q ^root: out/etc/passwd &&
        [ "$(stat -c %a out/tmp)" = 1777 ]
}
check "the base archive holds a small Unix" base_image

# ---- the front ----

front_help() {
    "$project/quire" help | grep -q '^  run ' && "$project/quire" run --help | grep -q -- --timeout &&
        says "no command 'nonsense'" status 125 "$project/quire" nonsense
}
check "help names the commands" front_help

# A user without rights on a machine where qemu and cppcheck are missing.
missing_packages() {
    mkdir path
    for command in sh dirname readlink cat gcc make ld clang clang-format clang-tidy musl-gcc cpio \
        grub-mkrescue xorriso mformat pmap prlimit python3 perl sqlite3 strace stress-ng nbdkit xz zstd bzip2; do
        ln -s "$(command -v $command)" path/$command
    done
    printf '#!/bin/sh\nexit 99\n' >path/apt-get
    printf '#!/bin/sh\necho 1000\n' >path/id
    chmod +x path/apt-get path/id
    line="-c 'apt-get update && apt-get install -y --no-install-recommends qemu-system-x86 cppcheck'"
    PATH=$work/path says "  su -l $line" status 125 "$project/quire" test tools || return 1
    printf '#!/bin/sh\nexit 1\n' >path/sudo # it is there, and asks for a password
    chmod +x path/sudo
    PATH=$work/path says "  sudo sh $line" status 125 "$project/quire" test tools
}
check "missing packages without rights: the line to type" missing_packages

# ---- terminal ----

# In the machine the shell is root's; on this host it prompts alike whoever runs the tests.
echo "PS1='# '" >prompt
HOST_SHELL_START=$work/prompt
export HOST_SHELL_START
for script in shell window escape stop pager keys hangup; do
    case $script in
    shell | window | escape | stop | hangup) set -- launch ;;
    keys) set -- launch -- cat -v ;;
    pager) set -- sh -c 'launch -- sh -c "test -t 0; echo \$?; cat" | sed s/^/piped:/' ;;
    esac
    check "terminal: $(sed -n '1s/^# //p' "$tests/$script.pty")" \
        timeout 60 "$drive" "$tests/$script.pty" -- "$@"
done

"$project/build/tests/channel-test"
