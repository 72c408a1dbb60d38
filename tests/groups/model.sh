# The model test: random operations on the simulated machine against a plain model. A failure prints its
# arguments, which replay it. QUIRE_SEED sets the seed, QUIRE_STEPS the number of steps: twice as many are done in swept
# memory, where reads and writes fail, policies change and areas of slots come and go.

tools/build test-model || exit 1

seed=${QUIRE_SEED:-$(date +%s)}
steps=${QUIRE_STEPS:-500000}
. tests/lib.sh
export TSAN_OPTIONS=halt_on_error=1

# run NAME PROGRAM ARGUMENTS...: in the background, result in a file
run() {
    name=$1
    shift
    {
        if timeout 1700 "$@" >"$work/log.$name" 2>&1; then
            echo "ok model $name ($(sed -n 's/^model //p' "$work/log.$name"))"
        else
            echo "not ok model $name"
            tail -n 45 "$work/log.$name"
        fi
    } >"$work/result.$name"
}

{
    run "deterministic, 4 CPUs" "build/sim$suffix/fast"/model --seed "$seed" --steps "$((steps * 2 / 5))" --cpus 4
    for cpus in 1 3; do
        run "swept memory, $cpus CPUs, high memory" "build/sim$suffix/fast"/model \
            --seed "$((seed + 10 + cpus))" --steps "$((steps / 2))" --cpus $cpus --high 300 --swap
    done
    QUIRE_SELF_MAP=1 run "page tables seen by programs" \
        "build/sim$suffix/fast"/model --seed "$((seed + 4))" --steps "$((steps / 5))" --cpus 3
    run "sanitizers, 3 CPUs, high memory" \
        "build/sim$suffix/asan"/model --seed "$((seed + 2))" --steps "$((steps / 50))" --cpus 3 --high 500
    run "sanitizers, swept memory, 4 CPUs" \
        "build/sim$suffix/asan"/model --seed "$((seed + 6))" --steps "$((steps / 50))" --cpus 4 --high 300 --swap
} &
{
    run "deterministic, 2 CPUs, high memory" \
        "build/sim$suffix/fast"/model --seed "$((seed + 1))" --steps "$((steps * 2 / 5))" --cpus 2 --high 400
    for cpus in 2 4; do
        run "swept memory, $cpus CPUs" \
            "build/sim$suffix/fast"/model --seed "$((seed + 10 + cpus))" --steps "$((steps / 2))" --cpus $cpus --swap
    done
    # ThreadSanitizer knows no 32-bit programs.
    [ "$arch" != x86_64 ] || run "host threads" \
        build/sim/tsan/model --seed "$((seed + 3))" --steps "$((steps / 12))" --threads
    [ "$arch" != x86_64 ] || run "host threads, swept memory" \
        build/sim/tsan/model --seed "$((seed + 7))" --steps "$((steps / 30))" --threads --swap
    QUIRE_FRAMES=bitmap QUIRE_HEAP=firstfit run "on a bitmap and first fit" \
        "build/sim$suffix/fast"/model --seed "$((seed + 4))" --steps "$((steps / 8))" --cpus 3
    QUIRE_FRAMES=freelist run "on free lists, high memory" \
        "build/sim$suffix/fast"/model --seed "$((seed + 5))" --steps "$((steps / 8))" --cpus 2 --high 400
} &
wait
cat "$work"/result.*
