# Page tables of five levels: the kernel on a CPU that has LA57, and told not to use it. The library's
# own tests with five levels are run by their groups' programs with QUIRE_LEVELS=5.

. tests/lib.sh
[ "$arch" = x86_64 ] || exit 0

tools/build kernel tools image test-boot build/tests/hostile/random_calls test-machine test-model || exit 1

programs=build/tests/boot

wide() {
    wanted=$1
    shift
    [ "$(machine "$@" -- $programs/wide | head -n 1)" = "$wanted" ]
}

check "five levels where the CPU has them" wide "five levels" --la57
check "four levels where it has not" wide "four levels"
check "nolva57 refuses them" wide "four levels" --la57 --append nolva57
check "no5lvl refuses them" wide "four levels" --la57 --append no5lvl

# Each checks itself. (memory and exceptions know one end of the user half; wide looks at both.)
for name in wide processes signals threads files hostile races failnth isolation; do
    check "program: $name" status 0 machine --la57 --mem 512M --timeout 180 --append check -- \
        $programs/$name
done
check "much memory" status 0 machine --la57 --mem 6G -- $programs/wide
check "random hostile programs" status 0 machine --la57 --timeout 180 --append check -- \
    build/tests/hostile/random_calls swarm 3 300

for program in pagetable space object mmu; do
    check "machine: $program" env QUIRE_LEVELS=5 timeout 120 build/tests/machine/test_$program
done
model() {
    QUIRE_LEVELS=5 timeout 300 build/sim/fast/model --seed "$seed" --steps 20000 --cpus 3
}
seed=${QUIRE_SEED:-$(date +%s)}
check "model, seed $seed" model
