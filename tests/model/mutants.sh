#!/bin/sh
# tests/model/mutants.sh [NAME]...: does the model test see what it is there to see?
#
# Each mutant is the library with one small mistake in it. The model test must fail on every one of them within a
# number of steps; a mutant that lives is a hole in the test. An edit that no longer finds its line fails too.

cd "$(dirname "$0")/../.." || exit 1
steps=${QUIRE_STEPS:-60000}
out=build/mutants
options=
failed=0

# mutant NAME FILE AWK-PROGRAM: `changed` must be set by the program where it edits
mutant() {
    name=$1
    file=$2
    program=$3
    if [ -n "$wanted" ]; then
        case " $wanted " in
        *" $name "*) ;;
        *) return ;;
        esac
    fi
    dir=$out/$name
    mkdir -p "$dir"
    for source in mm/*.[ch]; do
        cmp -s "$source" "$dir/${source#mm/}" || cp -p "$source" "$dir/"
    done
    if ! awk "$program END { exit !changed }" "mm/$file" >"$dir/$file.new"; then
        echo "not ok mutant $name: the line it changes in $file is gone"
        failed=1
        return
    fi
    mv "$dir/$file.new" "$dir/$file"
    if ! make --no-print-directory -j2 MUTANT="$dir" "$dir/build/fast/model" >"$dir/log" 2>&1; then
        echo "not ok mutant $name: it does not compile"
        grep error "$dir/log"
        failed=1
        return
    fi
    for seed in 1 2 3; do
        # shellcheck disable=SC2086 # words
        if ! timeout 60 "$dir/build/fast/model" --seed $seed --steps "$steps" --cpus 4 $options >"$dir/log" 2>&1; then
            echo "ok mutant $name ($(grep -q '^FAILED' "$dir/log" &&
                sed -n 's/^FAILED //p' "$dir/log" | cut -c1-110 || echo it does not end))"
            rm -rf "$dir/build"
            return
        fi
    done
    echo "not ok mutant $name lives"
    failed=1
}

wanted=$*

mutant protect-does-not-flush protect.c '
    /^void quire_protect_entries/ { inside = 1 }
    inside && /quire_flush_space/ { sub(/quire_flush_space\(.*\);/, "{ }"); changed = 1 }
    /^}/ { inside = 0 }
    { print }'

mutant protect-flushes-only-here table.c '
    /^void quire_flush_space/ { inside = 1 }
    inside && /cpu_count > 1/ { sub(/cpu_count > 1/, "cpu_count > 99"); changed = 1 }
    /^}/ { inside = 0 }
    { print }'

mutant clone-loses-a-table-reference clone.c '
    /quire_frame_get\(leaf->table\)/ { sub(/quire_frame_get\(leaf->table\);/, ";"); changed = 1 }
    { print }'

mutant clone-loses-a-frame-reference clone.c '
    /quire_frame_get\(frame\)/ { sub(/quire_frame_get\(frame\);/, ";"); changed = 1 }
    { print }'

mutant clone-does-not-flush clone.c '
    /quire_flush_space\(parent/ { sub(/quire_flush_space\(.*\);/, ";"); changed = 1 }
    { print }'

mutant lookup-returns-a-neighbour fault.c '
    /found = fault->view.start <= fault->page;/ { sub(/fault->view.start <= fault->page/, "true"); changed = 1 }
    { print }'

mutant unmap-ends-one-page-early table.c '
    /^void quire_zap_range/ { inside = 1 }
    inside && /quire_level_index\(to - 1, 1\) \+ 1/ { sub(/\(to - 1, 1\) \+ 1/, "(to - 1, 1)"); changed = 1 }
    /^}/ { inside = 0 }
    { print }'

mutant protect-ends-one-page-early protect.c '
    /^void quire_protect_entries/ { inside = 1 }
    inside && /at < end;/ { sub(/at < end;/, "at + QUIRE_PAGE_SIZE < end;"); changed = 1 }
    /^}/ { inside = 0 }
    { print }'

mutant frames-freed-before-the-flush table.c '
    /^void quire_gather_flush/ { inside = 1 }
    inside && /flush_gathered\(gather\);/ { sub(/flush_gathered\(gather\);/, ";"); changed = 1 }
    /^}/ { if (inside) { sub(/^}/, "    flush_gathered(gather);\n}") } inside = 0 }
    { print }'

mutant unmap-does-not-flush table.c '
    /^static void flush_gathered/ { inside = 1 }
    inside && /quire_flush_space\(gather->space/ { sub(/quire_flush_space\(.*\);/, "{ }"); changed = 1 }
    /^}/ { inside = 0 }
    { print }'

mutant dirty-bit-lost-when-unmapped table.h '
    /^QUIRE_INLINE void quire_frame_gather_dirty/ { inside = 1 }
    inside && /entry & QUIRE_ENTRY_DIRTY/ { sub(/QUIRE_ENTRY_DIRTY/, "QUIRE_ENTRY_GLOBAL"); changed = 1 }
    /^}/ { inside = 0 }
    { print }'

mutant dirty-bit-lost-when-protected protect.c '
    /quire_entry value = entry & ~rights;/ { sub(/entry & ~rights;/, "entry \\& ~rights \\& ~QUIRE_ENTRY_DIRTY;"); changed = 1 }
    { print }'

mutant last-owner-not-checked fault.c '
    /^static bool may_reuse_locked/ { inside = 1 }
    inside && /== 1/ { sub(/== 1/, ">= 1"); changed = 1 }
    /^}/ { inside = 0 }
    { print }'

mutant fault-does-not-look-again fault.c '
    /^static bool still_valid/ { inside = 1 }
    inside && /== fault->view.sequence/ { sub(/== fault->view.sequence/, "!= ~(uint64_t)0"); changed = 1 }
    /^}/ { inside = 0 }
    { print }'

mutant shared-table-changed-in-place table.h '
    /^QUIRE_INLINE bool quire_leaf_is_shared/ { inside = 1 }
    inside && /return/ { sub(/return .*;/, "return leaf == NULL;"); changed = 1 }
    /^}/ { inside = 0 }
    { print }'

# Memory that is swept: reclaim, slots, files.
options=--swap

mutant sweep-does-not-flush reclaim.c '
    /^static quire_virt sweep_table/ { inside = 1 }
    inside && /quire_gather_flush\(&flush\);/ { sub(/quire_gather_flush\(&flush\);/, ";"); changed = 1 }
    /^}/ { inside = 0 }
    { print }'

mutant sweep-takes-locked-pages reclaim.c '
    /!\(view->flags & QUIRE_REGION_LOCKED\) &&/ { sub(/!\(view->flags & QUIRE_REGION_LOCKED\) &&/, ""); changed = 1 }
    { print }'

mutant clone-loses-a-slot-reference clone.c '
    /quire_slot_get\(/ { sub(/quire_slot_get\(.*\);/, ";"); changed = 1 }
    { print }'

mutant written-frame-taken-while-written slot.c '
    /record->state == QUIRE_SLOT_VALID &&/ && !changed { sub(/record->state == QUIRE_SLOT_VALID &&/, "true \\&\\&"); changed = 1 }
    { print }'

mutant failed-write-forgotten slot.c '
    /record->state = failed \? QUIRE_SLOT_BAD : QUIRE_SLOT_VALID;/ {
        sub(/failed \? QUIRE_SLOT_BAD : QUIRE_SLOT_VALID/, "QUIRE_SLOT_VALID"); changed = 1 }
    { print }'

# That what a failed read left is nobody's content, tests/machine/test_slot.c sees
# (a_failed_read_is_nobodys_content): few steps here come between the read and its end.

mutant dropped-though-dirty object_pager.c '
    /^static bool take_clean_locked/ { inside = 1 }
    inside && /quire_frame_is_dirty\(frame\)/ { sub(/quire_frame_is_dirty\(frame\)/, "false"); changed = 1 }
    /^}/ { inside = 0 }
    { print }'

mutant failed-clean-forgotten object_pager.c '
    /^static enum quire_status write_run/ { inside = 1 }
    inside && /status != QUIRE_OK/ { sub(/status != QUIRE_OK/, "false"); changed = 1 }
    /^}/ { inside = 0 }
    { print }'

exit $failed
