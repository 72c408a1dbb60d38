# The kernel's ground: it boots on machines of several kinds, its protections are on, and what it
# must catch is caught with a readable report. Uses the kernel's own selftest= option.

tools/build "ARCH=${ARCH:-x86_64}" kernel || exit 1

. tests/lib.sh
kernel=$project/build/kernel$suffix/quire.elf
case $arch in
x86_64) plain=qemu64$cpu_la57 no_execute=+nx ip='rip ' ;;
i386) plain=qemu32 no_execute= ip='eip ' ;;
i386-pae) plain=qemu32,+pse36 no_execute=+nx ip='eip ' ;;
esac
cpu=$plain${no_execute:+,$no_execute},+smep,+smap,+umip
nx=on
[ -n "$no_execute" ] || nx=off

# boot CPU MEMORY APPEND [QEMU OPTIONS]: the serial line in $work/log, QEMU's status in $status
boot() {
    boot_cpu=$1 boot_memory=$2 boot_append=$3
    shift 3
    timeout 180 qemu-system-x86_64 -nodefaults -no-user-config -cpu "$boot_cpu" -m "$boot_memory" \
        -display none -serial "file:$work/log" -no-reboot -device isa-debug-exit,iobase=0xf4 \
        -kernel "$kernel" -append "$boot_append" "$@" </dev/null >"$work/qemu" 2>&1
    status=$?
}

# verdict NAME STATUS TEXT...: QEMU ended so, and the serial line has each text
verdict() {
    name=$1 wanted=$2 why=
    shift 2
    [ "$status" -eq "$wanted" ] || why="QEMU's status is $status, not $wanted"
    for text; do
        grep -qF -- "$text" "$work/log" || why="$why
the log does not say: $text"
    done
    if [ -z "$why" ]; then
        echo "ok $name"
    else
        echo "not ok $name"
        echo "$why"
        cat "$work/qemu" "$work/log"
    fi
}

# 33: switched off in order; 127: the kernel died (kernel/x86/power.h).
well=selftest=wx,usercopy,timer
for machine in pc q35; do
    boot "$cpu" 256M $well -M $machine
    verdict "boots on $machine" 33 "WP on, NX $nx, SMEP on, SMAP on, UMIP on" \
        'selftest wx: ok' 'selftest usercopy: ok' 'selftest timer: ok'
done
boot "$cpu" 20M $well
verdict "boots in 20 MiB" 33 'selftest wx: ok' 'selftest usercopy: ok'
boot "$cpu" 128M selftest=wxplanted
verdict "mappings with too many rights are found" 33 'selftest wxplanted: ok' 'has too many rights'
case $arch in
x86_64)
    boot "$cpu,+pdpe1gb" 6G $well
    verdict "boots in 6 GiB with 1 GiB pages" 33 'zone normal' 'selftest wx: ok' \
        'selftest usercopy: ok'
    ;;
i386)
    boot "$cpu" 6G $well
    verdict "boots in 6 GiB, of which it uses what entries can name" 33 'zone high' \
        'is left out' 'selftest usercopy: ok'
    boot pentium3 128M $well
    verdict "boots on a Pentium III" 33 'SMEP off, SMAP off' 'selftest usercopy: ok'
    ;;
i386-pae)
    boot "$cpu" 6G $well
    verdict "boots in 6 GiB" 33 'zone high' 'selftest wx: ok' 'selftest usercopy: ok'
    boot "$cpu,-pse36" 6G $well
    verdict "boots in 6 GiB on a CPU of 32 physical bits" 33 'is left out' 'selftest usercopy: ok'
    ;;
esac
boot "$plain" 256M $well
verdict "boots without SMEP and SMAP" 33 'SMEP off, SMAP off' 'selftest usercopy: ok'
boot "$plain,-nx" 256M $well
verdict "boots without NX" 33 'this CPU has no NX' 'selftest usercopy: ok'

# GRUB by Multiboot2, with a module in place of the initial archive.
if command -v grub-mkrescue >/dev/null && command -v xorriso >/dev/null; then
    mkdir -p "$work/iso/boot/grub"
    # GRUB looks for the entry among virtual addresses; QEMU's -kernel wants the physical one on i386.
    entry=$(nm "$kernel" | sed -n 's/^\([0-9a-f]*\) . boot_entry$/0x\1/p')
    objcopy --set-start="$entry" "$kernel" "$work/iso/boot/quire.elf"
    cat >"$work/iso/boot/grub/grub.cfg" <<'END'
set timeout=0
menuentry quire {
    multiboot2 /boot/quire.elf selftest=wx,usercopy,timer
    module2 /boot/grub/grub.cfg
}
END
    grub-mkrescue -o "$work/quire.iso" "$work/iso" >"$work/grub" 2>&1
    timeout 180 qemu-system-x86_64 -cpu "$cpu" -m 128M -display none -serial "file:$work/log" \
        -no-reboot -device isa-debug-exit,iobase=0xf4 -cdrom "$work/quire.iso" </dev/null \
        >"$work/qemu" 2>&1
    status=$?
    verdict "boots from GRUB" 33 'booted by Multiboot2' 'selftest wx: ok' 'selftest usercopy: ok'
else
    echo "skip GRUB grub-mkrescue or xorriso is not installed"
fi

# dies NAME OPTION TEXT...: the kernel bug is reported, with registers and callers
dies() {
    name=$1 option=$2
    shift 2
    boot "$cpu" 128M "selftest=$option"
    verdict "$name" 127 'kernel bug: ' "$ip" 'cr2 ' ' at          ' "$@"
    if grep -q 'nothing stopped it' "$work/log"; then
        echo "not ok $name: survived"
    fi
}

dies "null pointer" nullderef 'null pointer: write of an absent page' 'test_nullderef+' \
    'called from' 'kernel_main+'
dies "SMAP stops a stray read of user memory" smap 'outside the usercopy functions: read'
dies "SMEP stops execution of user memory" smep 'execution of a present page'
[ "$nx" = off ] || dies "data cannot be executed" nx 'execution of a present page' '(kernel data)'
dies "text cannot be written" text 'write of a present page' '(kernel text)'
dies "text cannot be written through the direct map" textdirect 'write of a present page'
dies "double fault" df 'kernel bug: double fault'
dies "kernel stack overflow" overflow 'kernel stack overflow of thread' 'called from' 'deeper+'
dies "boot stack overflow" overflowboot 'kernel stack overflow of thread' 'deeper+'
dies "invalid opcode" ud 'invalid opcode' 'test_ud+'
dies "protection fault" gp 'general protection fault' 'test_gp+'

# A CPU that cannot run this kernel is told so.
case $arch in
i386)
    boot 486 64M $well
    verdict "a 486 is refused" 127 'this CPU is too old'
    ;;
i386-pae)
    boot qemu32,-pae 64M $well
    verdict "a CPU without PAE is refused" 127 'this CPU has no PAE'
    ;;
esac

# What a program can do to the CPU; the same program passes under Linux.
if tools/build "ARCH=$arch" tools image "build/tests/boot$mode/exceptions" >"$work/log" 2>&1; then
    machine -- "build/tests/boot$mode/exceptions" >"$work/log" 2>"$work/qemu" </dev/null
    status=$?
    verdict "exceptions of programs" 0 'addresses: ok' 'sigreturn_frames: ok' 'registers: ok'
else
    echo "not ok exceptions of programs"
    cat "$work/log"
fi
