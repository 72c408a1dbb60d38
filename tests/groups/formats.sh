# Ten programs on each of the other formats, in one boot of each. Everything of a format:
# `quire test --arch ARCH`.

. tests/lib.sh

programs="exceptions files isolation memory processes races signals stress threads hello-musl-pie"

# ten ARCH: boots it and runs the programs one after the other; they check themselves
ten() {
    folder=build/tests/boot-i386
    # A list of words, here and below.
    # shellcheck disable=SC2046,SC2086
    tools/build "ARCH=$1" kernel tools image $(printf " $folder/%s" $programs) || return 1
    set -- "$1" --mem 512M --timeout 300 --append check
    for program in $programs; do
        set -- "$@" --add "$folder/$program:/ten/$program"
    done
    arch=$1
    shift
    # shellcheck disable=SC2086
    build/tools/quire-run --arch "$arch" --kernel-file="build/kernel-$arch/quire.elf" \
        --base-archive=build/image-i386/base.cpio "$@" -- sh -c '
        for program in "$@"; do
            case $program in
            races) /ten/$program 300 ;;
            hello*) /ten/$program a 7 ;;
            *) /ten/$program ;;
            esac
            echo "== $program $?"
        done' sh $programs >"$work/$arch.out" 2>"$work/$arch.err"
}

for other in i386 i386-pae; do
    ten "$other"
    for program in $programs; do
        wanted=0
        [ "$program" != hello-musl-pie ] || wanted=7
        ended_well() {
            grep -qx "== $program $wanted" "$work/$other.out" || {
                tail -n 30 "$work/$other.out" "$work/$other.err"
                return 1
            }
        }
        check "$other: $program" ended_well
    done
done
