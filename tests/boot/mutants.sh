#!/bin/sh
# tests/boot/mutants.sh [GROUP]...: do the groups that start machines see what they are there to see?
#
# Each mutant is the whole tree, in build/mutants/GROUP, with one small mistake in it. The group must fail
# on it; a mutant that lives is a hole in the group. An edit that no longer finds its line fails too.
# One mutant takes as long as its group: this is not run by a test.
#
# shellcheck disable=SC2016 # the programs are for sed

cd "$(dirname "$0")/../.." || exit 1
wanted=$*
failed=0

# mutant GROUP WHAT FILE SED-PROGRAM [SCRIPT-FILTER]: the filter, a sed program, leaves out what of the group's
# script takes long and looks at other things
mutant() {
    [ -z "$wanted" ] || case " $wanted " in *" $1 "*) ;; *) return ;; esac
    dir=build/mutants/$1
    rm -rf "$dir"
    mkdir -p "$dir" && git ls-files -z | xargs -0 cp --parents -p -t "$dir" || exit 1
    # What is built already spares time: only what the mistake touches is compiled anew.
    mkdir -p "$dir/build"
    for built in build/kernel* build/image* build/user* build/tools; do
        [ ! -e "$built" ] || cp -a "$built" "$dir/build/"
    done
    sed -i "$4" "$dir/$3"
    if cmp -s "$3" "$dir/$3"; then
        echo "not ok $1: $2: the line it changes in $3 is gone"
        failed=1
        return
    fi
    [ -z "${5:-}" ] || sed -i "$5" "$dir/tests/groups/$1.sh"
    (cd "$dir" && tests/run "$1") >"$dir/log" 2>&1
    if grep -q 'make: \*\*\*' "$dir/log"; then
        echo "not ok $1: $2: it does not compile, see $dir/log"
        failed=1
    elif grep -q '^FAILED' "$dir/log"; then
        echo "ok $1: $2 ($(grep -c '^FAILED' "$dir/log"): $(sed -n 's/^FAILED *[a-z0-9]* *//p' "$dir/log" | head -n 1))"
        rm -rf "$dir"
    else
        echo "not ok $1: $2: nothing saw it, see $dir/log"
        failed=1
    fi
}

mutant parts "frames= is not listened to" kernel/core/parts.c \
    's/return found ? found : &quire_frame_buddy;/return \&quire_frame_buddy;/' \
    's/"\$programs\/\$program"$/true/; /^# ---- a large machine/,$d'
mutant la57 "nolva57 is not listened to" kernel/x86/x86_64/paging.c \
    's/boot_option("nolva57") != NULL || //' '/^# Each checks itself/,$d'
mutant highmem "a temporary slot keeps its old translation" kernel/x86/i386/highmem.c \
    's/__asm__ volatile("invlpg.*/(void)slot;/' 's/^    crowded.*//'
mutant screen "letters are drawn upside down" kernel/drivers/framebuffer.c \
    's/font_bitmap(VT_GLYPH(cell))\[row\]/font_bitmap(VT_GLYPH(cell))[FONT_HEIGHT - 1 - row]/' \
    '/^shows "colours/,$d'
mutant formats "directories of PAE's top entries are freed when they are empty" mm/table.c \
    's/target < pt->levels - QUIRE_ROOT_FIXED;/target < pt->levels;/' \
    's/^for format in .*; do/for format in i386-pae; do/'

exit $failed
