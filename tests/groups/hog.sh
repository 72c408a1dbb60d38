# Programs larger than memory, every byte verified: 256 MiB with 64 MiB of RAM, and with
# `quire test --all` 2 GiB with 96 MiB.

. tests/lib.sh
tools/build kernel tools image test-swap || exit 1

# hog MEMORY SWAP MIB
hog() {
    machine --timeout 3600 --mem "$1" --swap "$2" -- "build/tests/swap$mode/hog" "$3" 1 >"$work/out" &&
        [ "$(tail -n 1 "$work/out")" = ok ]
}

check "256 MiB with 64 MiB of RAM" hog 64M 1G 256
[ -z "${QUIRE_TEST_ALL:-}" ] || check "2 GiB with 96 MiB of RAM" hog 96M 3G 2048
