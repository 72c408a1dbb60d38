# What tools can see without running anything.

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
# Nothing to look at is no success: git refuses a tree that belongs to another user.
sources=$(git ls-files '*.c' '*.h') && [ -n "$sources" ] || exit 1
folders=
for folder in mm kernel sim tools; do
    [ -z "$(git ls-files "$folder/*.c")" ] || folders="$folders $folder"
done

# Succeeds when the command does and prints nothing.
check() {
    name=$1
    shift
    if "$@" >"$log" 2>&1 && [ ! -s "$log" ]; then
        echo "ok $name"
    else
        echo "not ok $name"
        head -n 60 "$log"
    fi
}

formatted() {
    # The list is meant to be split; our names have no spaces.
    # shellcheck disable=SC2086
    clang-format --dry-run -Werror $sources 2>&1 |
        awk -F: '/error:/ { places[$1]++ } END { for (f in places) print f ": " places[f] " places" }'

}
check "clang-format changes nothing" formatted

unfinished() {
    git grep -nwE 'TODO|FIXME|XXX|HACK' -- '*.c' '*.h' '*.S' '*.mk' Makefile quire tests/run \
        ':!tests/groups/lint.sh'
    true
}
check "nothing is marked as unfinished" unfinished

scripts() {
    for script in $(git grep -l '^#!/bin/sh') $(git ls-files '*.sh'); do
        [ ! -e "$script" ] || sh -n "$script"
    done
}
check "shell scripts parse" scripts

include_rule() {
    # Imports point one way: the library includes nothing of the kernel's or the simulator's.
    git grep -nE '#include "([^"]*/)?(kernel|sim|tools|tests|user)/' -- mm include
    git grep -nE '#include <(stdio|stdlib|string|errno|unistd|pthread|assert)\.h>' -- mm include
    true
}
check "the library includes only itself" include_rule

# Symbols of the linker are compared, and volatile memory is written with what it held: both are
# what kernels do, and so no findings. Warnings, cppcheck's guesses, are for the host's programs.
cppcheck_all() {
    set -- --quiet --std=c11 -j2 --inline-suppr --library=tests/lint/cppcheck.cfg \
        --suppress=missingInclude --suppress=preprocessorErrorDirective \
        --suppress=internalAstError --suppress=syntaxError --suppress=selfAssignment \
        --suppress=comparePointers -D__x86_64__ -D__GNUC__ -I. -Iinclude -Imm -Ikernel
    # shellcheck disable=SC2086
    cppcheck "$@" --enable=portability,performance --suppress=uninitvar \
        --suppress=objectIndex --suppress=arrayIndexThenCheck $folders
    cppcheck "$@" --enable=warning,portability,performance tools tests/tools
}
check "cppcheck has nothing to say" cppcheck_all

tidy() {
    { tools/build -k lint-tidy; tools/build -k ARCH=i386 lint-tidy; } 2>&1 |
        grep -vE '^  TIDY|^make.*(Error|Nothing to be done|not remade)'
    true
}
check "clang-tidy has nothing to say" tidy
