# Programs that mean harm, with the library's records proved whenever the machine is idle. Seeds are
# fixed, and yet no two runs are the same: the processes race.
#
# For more: ./quire run --append check -- build/tests/boot/random_calls run SEED ROUNDS MILLISECONDS

tools/build kernel tools image test-boot || exit 1

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
programs=build/tests/boot

# hostile NAME [OPTION]... -- PROGRAM ARGUMENT...
hostile() {
    name=$1
    shift
    if build/tools/quire-run --kernel-file=build/kernel/quire.elf \
        --base-archive=build/image/base.cpio --timeout 180 --append check "$@" >"$work/log" 2>&1; then
        echo "ok $name"
    else
        echo "not ok $name: status $?"
        tail -n 40 "$work/log"
    fi
}

for seed in 1 2 3; do
    hostile "random calls, seed $seed" -- $programs/random_calls run $seed 12 300
done
hostile "damaged programs, stacks, files" -- $programs/broken 1 300
hostile "little memory" --mem 64M -- $programs/random_calls run 4 6 300
