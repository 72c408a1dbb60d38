# The screen and the keyboard: pictures of QEMU's display are read by comparing them with the font.

: "${ARCH:=x86_64}"
tools/build "ARCH=$ARCH" kernel tools image boot test-tools test-screen || exit 1

. tests/lib.sh
scripts=tests/screen
kernel=build/kernel$suffix/quire.elf
archive=build/image${suffix%-pae}/base.cpio
cpu=qemu64,+smep,+smap,+umip$cpu_la57

for program in build/tests/screen/test_*; do
    case $program in
    *.*) continue ;;
    esac
    CMOCKA_MESSAGE_OUTPUT=TAP timeout 120 "$program" 2>&1 ||
        [ $? -lt 100 ] || echo "not ok $program did not end by itself"
done

# drive SCRIPT QEMU-OPTION...
drive() {
    script=$1
    shift
    build/tests/screen-drive -t 300 -f kernel/drivers/font/spleen-8x16.psf "$scripts/$script.screen" -- \
        qemu-system-x86_64 -nodefaults -no-user-config -cpu "$cpu" -m 256M -display none \
        -no-reboot "$@" </dev/null
}

# shows NAME SCRIPT KERNEL-ARGUMENTS QEMU-OPTION...
shows() {
    name=$1 script=$2 words=$3
    shift 3
    check "$name" drive "$script" -kernel "$kernel" -initrd "$archive" -append "$words" "$@"
}

shows "the boot log, a shell and its keyboard" shell check -vga std
shows "colours, lines, regions, an editor, a pager" drawing "" -device bochs-display
shows "far scrolling, and back" scroll "" -vga std
shows "16 bits a pixel" small video=800x600-16 -vga std
shows "24 bits a pixel" small video=800x600-24 -vga std
shows "VGA text" text video=text -vga std
shows "the console on the screen alone" only console=tty0 -vga std
shows "the last report, on a framebuffer" panic "" -vga std
shows "the last report, before there is a screen" panic_text selftest=nullderef -vga std

# Framebuffers that a loader found.
tools/boot-image iso "$work/iso" '' quire "$kernel" "$archive"
check "GRUB's framebuffer, BIOS" drive loader -cdrom "$work/iso" -vga std
check "GRUB's framebuffer, UEFI" drive loader -cdrom "$work/iso" -vga std \
    -bios /usr/share/ovmf/OVMF.fd
tools/boot-image disk "$work/disk" '' quire "$kernel" "$archive"
check "the framebuffer of quire's boot code" drive loader -vga std \
    -drive "file=$work/disk,format=raw,if=ide"
echo '0 ffffffffff reserved' >"$work/map"
tools/boot-image disk "$work/disk" '' quire "$kernel" "$archive" --memory-map "$work/map"
check "a refusal, on a framebuffer" drive refusal -vga std \
    -drive "file=$work/disk,format=raw,if=ide"

# A screen and no keyboard controller: the shell is there, and the serial line is its keyboard.
without_keyboard() {
    mkfifo "$work/keys" && exec 3<>"$work/keys" || return 1
    timeout 300 qemu-system-x86_64 -nodefaults -no-user-config -machine pc,i8042=off -m 256M \
        -display none -vga std -serial stdio -no-reboot \
        -device isa-debug-exit,iobase=0xf4,iosize=4 -kernel "$kernel" \
        -initrd "$archive" <&3 >"$work/serial" &
    qemu=$!
    # What is typed before a prompt may be thrown away, and is echoed into what a program prints.
    until grep -qF "# $(printf '\033')[6n" "$work/serial" || ! kill -0 $qemu; do sleep 0.2; done
    printf 'echo by hand $((40 + 2))\r' >&3
    until grep -q '^by hand 42' "$work/serial" || ! kill -0 $qemu; do sleep 0.2; done
    printf 'exit\r' >&3
    wait $qemu
    [ $? -eq 33 ] && grep -q '^by hand 42' "$work/serial" &&
        grep -q 'no keyboard controller' "$work/serial"
}
check "no keyboard controller is no hang" without_keyboard

# A picture from a machine that the launcher started, whose program has no part in it.
check "a program's output with a screen beside it" \
    test "$(machine --qemu '-vga std' -- echo here 2>&1)" = here

check "a screen shown on a terminal" build/tests/pty-drive -t 300 -s 30x100 "$scripts/curses.pty" -- \
    env TERM=xterm "$work/machine" --display=curses
with_display() {
    [ "$(machine --display=none -- sh -c 'echo piped; exit 3' </dev/null; echo $?)" = "piped
3" ]
}
check "with a screen, a pipe is a pipe" with_display

# How the CPU caches the framebuffer, from what is in the page attribute table and in the page table.
cat >"$work/caching" <<'END'
set -- $(grep ' framebuffer$' /proc/quire/mappings)
address=$2 end=$3
pat=$(sed -n 's/^pat //p' /proc/quire/registers)
while [ $((address < end)) = 1 ]; do
    exec 3<>/proc/quire/translate
    echo "0 $address" >&3
    set -- $(grep '^step' <&3 | tail -n 1)
    [ "$2" -gt 1 ] && bit=12 size=$((4096 * 512)) || bit=7 size=4096
    index=$((($5 >> 3 & 3) | ($5 >> bit & 1) << 2))
    echo "$((pat >> 8 * index & 255))"
    address=$(printf '0x%x' $((address / size * size + size)))
done | sort -u
END
caching() {
    [ "$(machine --qemu "-vga std $2" --add "$work/caching:/caching" -- sh /caching 2>&1)" = "$1" ]
}
check "the framebuffer is write-combining" caching 1

# The kernel's own word for it; a CPU without PAT has nothing better than uncached.
without_pat() {
    machine --verbose --qemu "-vga std -cpu $cpu,-pat" -- true 2>&1 | grep 'framebuffer: .* uncached'
}
check "without PAT it is uncached" without_pat
