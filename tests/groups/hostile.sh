# Programs that mean harm, with the library's records proved whenever the machine is idle. Seeds are
# fixed, and yet no two runs are the same: the processes race.
#
# For more: tests/hostile/run PROGRAMS SEED

. tests/lib.sh
tools/build kernel tools image "build/tests/boot$mode/broken" "build/tests/boot$mode/hostile" || exit 1
programs=build/tests/boot$mode

# hostile NAME [OPTION]... -- PROGRAM ARGUMENT...
hostile() {
    name=$1
    shift
    check "$name" status 0 machine --timeout 180 --append check "$@"
}

random_calls=build/tests/hostile$mode/random_calls
hostile "damaged programs, stacks, files" -- $programs/broken 1 300

# QEMU's translator reads a program's far returns and IRETs with the kernel's rights: where there is SMAP
# they all fail.
hostile "segments and flags, without SMAP" --qemu "-cpu Nehalem" -- $programs/hostile 1

tools/build test-hostile || exit 1
hostile "1,400 random programs" -- $random_calls swarm 1 1400
hostile "600 random programs in little memory" --mem 48M -- $random_calls swarm 2 600
hostile "long random programs" -- $random_calls run 1 12 300
hostile "long random programs in little memory" --mem 64M -- $random_calls run 4 6 300
