# Ten programs on each of the other formats, in one boot of each, and 100,000 steps of the model test.
# Everything of a format: `quire test --arch ARCH`, `quire test --la57`.

. tests/lib.sh

programs="exceptions files isolation memory processes races signals stress threads hello-musl-pie"
seed=${QUIRE_SEED:-$(date +%s)}

# choose FORMAT: sets what tells make, the launcher and the tests of the host which one it is
choose() {
    format_arch=$1 format_suffix=-$1 format_mode=-i386 format_option='' format_levels=''
    if [ "$1" = la57 ]; then
        format_arch=x86_64 format_suffix='' format_mode='' format_option=--la57 format_levels='--levels 5'
    fi
}

# ten FORMAT: boots it and runs the programs one after the other; they check themselves
ten() {
    folder=build/tests/boot$format_mode
    format=$1
    set -- --mem 512M --timeout 600 --append check
    for program in $programs; do
        set -- "$@" --add "$folder/$program:/ten/$program"
    done
    # Words are meant to be split, here and below.
    # shellcheck disable=SC2086
    build/tools/quire-run --arch "$format_arch" $format_option \
        --kernel-file="build/kernel$format_suffix/quire.elf" \
        --base-archive="build/image$format_mode/base.cpio" "$@" -- sh -c '
        for program in "$@"; do
            case $program in
            races) /ten/$program 300 ;;
            hello*) /ten/$program a 7 ;;
            *) /ten/$program ;;
            esac
            echo "== $program $?"
        done' sh $programs >"$work/$format.out" 2>"$work/$format.err"
}

model() {
    # shellcheck disable=SC2086
    timeout 1200 "build/sim$format_suffix/fast/model" --seed "$seed" --cpus 3 $format_levels "$@"
}

# One machine and one model at a time, beside each other.
for format in i386 i386-pae la57; do
    choose "$format"
    # shellcheck disable=SC2046,SC2086
    tools/build "ARCH=$format_arch" kernel tools image "build/sim$format_suffix/fast/model" \
        $(printf " build/tests/boot$format_mode/%s" $programs) >"$work/log" 2>&1 || {
        echo "not ok $format: builds"
        tail -n 40 "$work/log"
        continue
    }
    ten "$format" &
    check "$format: 75,000 steps of the model, seed $seed" model --steps 75000 --high 300
    check "$format: 25,000 steps with swept memory, seed $seed" model --steps 25000 --swap
    wait
    for program in $programs; do
        wanted=0
        [ "$program" != hello-musl-pie ] || wanted=7
        ended_well() {
            grep -qx "== $program $wanted" "$work/$format.out" || {
                tail -n 30 "$work/$format.out" "$work/$format.err"
                return 1
            }
        }
        check "$format: $program" ended_well
    done
done
