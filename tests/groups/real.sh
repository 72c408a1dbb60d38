# Programs that people use, and programs that use memory hard (tests/real): what they print under
# quire compared with what they print under Debian's Linux (tests/real/expected, made by
# tests/real/record.sh). Two machines share the cases.

tools/build kernel tools image test-real || exit 1

. tests/lib.sh
. tests/real/machine.sh

# run_cases BATCH CASE...: one boot runs them all; leaves BATCH.out
run_cases() {
    batch=$1
    shift
    # The options are meant to be split.
    # shellcheck disable=SC2086
    machine $real_options --timeout 600 -- sh /run.sh "$@" >"$work/$batch.out" 2>"$work/$batch.err"
}

# About half of the time; the others are taken as they come.
first="sqlite sqlite-processes lua bash"
second=
for case in $real_cases; do
    case " $first " in
    *" $case "*) ;;
    *) second="$second $case" ;;
    esac
done

# compare BATCH CASE...
compare() {
    batch=$1
    shift
    mkdir "$work/$batch"
    sh tests/boot/split.sh "$work/$batch" <"$work/$batch.out"
    for case; do
        same() {
            [ -e "$work/$batch/$case" ] || cat "$work/$batch.err"
            wanted=tests/real/expected/$case
            [ -z "$mode" ] || [ ! -e "tests/real/expected/i386/$case" ] ||
                wanted=tests/real/expected/i386/$case
            diff "$wanted" "$work/$batch/$case"
        }
        check "$case: $(sed -n '1s/^# //p' "tests/real/cases/$case.sh")" same
    done
}

# The lists are meant to be split.
# shellcheck disable=SC2086
run_cases first $first &
# shellcheck disable=SC2086
run_cases second $second
wait
# shellcheck disable=SC2086
compare first $first
# shellcheck disable=SC2086
compare second $second
[ -z "$mode" ] || echo "skip sparse: 1 TiB of addresses"
