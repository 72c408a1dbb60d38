# What the real programs need in the machine. Sourced in the project's root after tests/lib.sh, or with
# ARCH set; sets `real_options`, to be split at spaces, and `real_cases`.

real_mode=
real_root=
if [ "${ARCH:-x86_64}" != x86_64 ]; then
    real_mode=-i386
    real_root=$PWD/build/i386 # Debian's i386, unpacked
fi

# libraries PROGRAM: the files that a dynamic program is linked with, its loader among them
libraries() {
    if [ -z "$real_root" ]; then
        ldd "$1" | sed -n 's/^[^/]*\(\/[^ ]*\) .*/\1/p'
    else
        echo "$real_root/lib/ld-linux.so.2"
        "$real_root/lib/ld-linux.so.2" --library-path \
            "$real_root/lib/i386-linux-gnu:$real_root/usr/lib/i386-linux-gnu" --list "$1" |
            sed -n 's/^.* => \(\/[^ ]*\/lib[^ ]*\) .*/\1/p'
    fi
}

real_options="--mem 1G --add tests/real/cases:/cases --add tests/boot/cases/run.sh:/run.sh
    --add $real_root/bin/bash-static:/bin/bash"
for program in "build/tests/real$real_mode"/*; do
    case $program in
    *.*) ;;
    *) real_options="$real_options --add $program:/real/${program##*/}" ;;
    esac
done
if [ -z "$real_root" ]; then
    for file in /usr/bin/perl $(perl -e 'use strict; use warnings; print join " ", values %INC'); do
        real_options="$real_options --add $file"
    done
else
    for file in /usr/bin/perl /usr/lib/i386-linux-gnu/perl-base; do
        real_options="$real_options --add $real_root$file:$file"
    done
fi
for library in $({
    libraries "build/tests/real$real_mode/allocate-mimalloc"
    libraries "$real_root/usr/bin/perl"
} | sort -u); do
    real_options="$real_options --add $(readlink -f "$library"):${library#"$real_root"}"
done
# `sparse` takes 1 TiB of addresses.
real_cases=$(for file in tests/real/cases/*.sh; do
    [ -n "$real_mode" ] && [ "$file" = tests/real/cases/sparse.sh ] || basename "$file" .sh
done)
