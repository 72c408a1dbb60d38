# What the real programs need in the machine. Sourced in the project's root; sets `real_options`, to be
# split at spaces, and `real_cases`.

# libraries PROGRAM: the files that a dynamic program is linked with, its loader among them
libraries() {
    ldd "$1" | sed -n 's/^[^/]*\(\/[^ ]*\) .*/\1/p'
}

real_options="--mem 1G --add tests/real/cases:/cases --add tests/boot/cases/run.sh:/run.sh
    --add /bin/bash-static:/bin/bash"
for program in build/tests/real/*; do
    case $program in
    *.*) ;;
    *) real_options="$real_options --add $program:/real/${program##*/}" ;;
    esac
done
for file in /usr/bin/perl $(perl -e 'use strict; use warnings; print join " ", values %INC'); do
    real_options="$real_options --add $file"
done
for library in $({ libraries build/tests/real/allocate-mimalloc; libraries /usr/bin/perl; } | sort -u); do
    real_options="$real_options --add $(readlink -f "$library"):$library"
done
real_cases=$(for file in tests/real/cases/*.sh; do basename "$file" .sh; done)
