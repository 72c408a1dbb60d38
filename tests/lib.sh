# What groups of tests share. Sourced in the project's root; leaves
#
#   $project   the project's root          $work    a folder that goes when the group ends
#   $arch      what is tested              $suffix  -ARCH, empty for x86_64
#   $mode      -i386 for both i386 formats: what ends the names of folders with programs for the
#              machine, empty for x86_64
#   $la57      --la57 where five levels are tested (QUIRE_LA57), otherwise empty
#   $cpu_la57  ,+la57 then: for QEMU's -cpu
#   machine    (command) `quire run` with what is built here, 180 s long unless told otherwise
#
# and the functions check, status and says.

project=$PWD
# Which architecture is tested, and what its folders' names below build/ end in.
arch=${ARCH:-x86_64}
suffix=
mode=
[ "$arch" = x86_64 ] || suffix=-$arch mode=-i386
la57=${QUIRE_LA57:+--la57}
cpu_la57=${QUIRE_LA57:+,+la57}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# command_in_work NAME OPTION...: NAME is the launcher with these options before its own
command_in_work() {
    command_name=$1
    shift
    {
        echo '#!/bin/sh'
        printf 'exec'
        printf " '%s'" "$project/build/tools/quire-run" $la57 "$@"
        echo ' "$@"'
    } >"$work/$command_name" && chmod +x "$work/$command_name" || exit 1
}

command_in_work machine --arch "$arch" --kernel-file="$project/build/kernel$suffix/quire.elf" \
    --base-archive="$project/build/image$mode/base.cpio" --timeout 180
PATH=$work:$PATH

# check NAME COMMAND...: the command succeeds. What it prints is shown when it does not.
check() {
    check_name=$1
    shift
    if ("$@") >"$work/log" 2>&1; then
        echo "ok $check_name"
    else
        echo "not ok $check_name"
        tail -n 40 "$work/log"
    fi
}

# status WANTED COMMAND...
status() {
    wanted=$1
    shift
    "$@"
    got=$?
    [ "$got" -eq "$wanted" ] || {
        echo "status $got, not $wanted: $*"
        return 1
    }
}

# says TEXT COMMAND...: standard error has the text; the status is the command's
says() {
    text=$1
    shift
    "$@" 2>"$work/said"
    got=$?
    /bin/cat "$work/said"
    /bin/grep -qF -- "$text" "$work/said" || {
        echo "it does not say: $text"
        return 1
    }
    return $got
}
