# Every way to boot, up to a program's output on the serial line: QEMU's -kernel, GRUB on BIOS and UEFI,
# and quire's own boot code from drives of several kinds. What can go wrong on the way says so. And
# memory maps as bad firmware gives them: the right memory, or a message.

: "${ARCH:=x86_64}"
tools/build "ARCH=$ARCH" kernel tools image boot || exit 1

. tests/lib.sh

kernel=$project/build/kernel$suffix/quire.elf
archive=$project/build/image${suffix%-pae}/base.cpio
cpu=qemu64,+smep,+smap,+umip$cpu_la57
cd "$work" || exit 1

# A machine without anything, its serial line in `serial`. Sets $status.
qemu() {
    timeout 300 qemu-system-x86_64 -nodefaults -no-user-config -cpu "$cpu" -m 128M -display none \
        -no-reboot -device isa-debug-exit,iobase=0xf4 -serial file:serial "$@" </dev/null >qemu 2>&1
    status=$?
}

# verdict NAME STATUS TEXT...: QEMU ended so, and the serial line has each text
verdict() {
    name=$1 wanted=$2 why=
    shift 2
    [ "$status" -eq "$wanted" ] || why="QEMU's status is $status, not $wanted"
    for text; do
        grep -qF -- "$text" serial || why="$why
the serial line does not say: $text"
    done
    if [ -z "$why" ]; then
        echo "ok $name"
    else
        echo "not ok $name"
        echo "$why"
        cat qemu
        tail -n 40 serial
    fi
}

# disk FILE [OPTION]...: a disk whose program prints $output
words='-- seq -s . 5 9'
output=5.6.7.8.9
disk() {
    to=$1
    shift
    "$project/tools/boot-image" disk "$to" "$words" quire "$kernel" "$archive" "$@"
}

drive() {
    echo "file=$1,format=raw,if=$2"
}

# ---- the loader's arithmetic ----

loader_test() {
    (cd "$project" && tools/build test-loader) && "$project/build/tests/loader/loader-test"
}
check "what the loader makes of a BIOS's answers" loader_test

# ---- loaders of others ----

case $arch in
x86_64) protocol=PVH ;;
*) protocol=Multiboot1 ;;
esac
qemu -kernel "$kernel" -initrd "$archive" -append "$words"
verdict "QEMU's -kernel, $protocol" 33 "booted by $protocol" $output

"$project/tools/boot-image" iso iso "$words" quire "$kernel" "$archive"
qemu -cdrom iso -vga std
pixels='framebuffer: 1024x768, 32 bits'
verdict "GRUB on a BIOS, from a CD" 33 'booted by Multiboot2' 'memory map (Multiboot2)' "$pixels" \
    $output
qemu -drive "$(drive iso virtio)"
verdict "GRUB on a BIOS, from a stick" 33 'booted by Multiboot2' $output
qemu -m 256M -cdrom iso -vga std -bios /usr/share/ovmf/OVMF.fd
verdict "GRUB on UEFI" 33 'booted by Multiboot2' 'memory map (UEFI)' 'framebuffer: ' $output

# The menu chooses by the CPU.
if [ "$arch" != x86_64 ]; then
    (cd "$project" && tools/build ARCH=x86_64 kernel image) || exit 1
    "$project/tools/boot-image" iso both "$words" \
        wide "$project/build/kernel/quire.elf" "$project/build/image/base.cpio" \
        narrow "$kernel" "$archive"
    qemu -cdrom both
    verdict "an ISO of two kernels, 64-bit CPU" 33 'AMD QEMU Virtual CPU' $output
    qemu -cdrom both -cpu coreduo
    verdict "an ISO of two kernels, 32-bit CPU" 33 'Genuine Intel' $output
fi

# ---- quire's own ----

disk image || exit 1
own="booted by quire's boot code"
qemu -drive "$(drive image ide)" -vga std
verdict "own boot code, IDE" 33 "$own" 'memory map (E820)' "$pixels" $output
qemu -drive "$(drive image virtio)"
verdict "own boot code, virtio" 33 "$own" $output
qemu -device usb-ehci -device usb-storage,drive=stick -drive "$(drive image none),id=stick"
verdict "own boot code, USB stick" 33 "$own" $output
qemu -M q35 -m 5G -drive "$(drive image ide)" -vga cirrus
verdict "own boot code, AHCI, 5 GiB" 33 "$own" $output

words="video=text $words"
disk text
qemu -drive "$(drive text ide)" -vga std
verdict "own boot code, text mode" 33 "$own" 'screen: VGA text, 80 times 25' $output

launcher() {
    [ "$(echo input | "$work/machine" --boot "$1" --boot-tool "$project/tools/boot-image" \
        --timeout 120 -- sh -c 'cat; exit 5')" = input ]
}
check "quire run --boot disk" launcher disk

# ---- what can go wrong ----

# stops NAME TEXT QEMU-OPTION...: the loader says so, waits for a key, and restarts the machine (where
# QEMU ends)
mkfifo line keys
stops() {
    name=$1 text=$2
    shift 2
    timeout 200 qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
        -serial file:line -monitor stdio "$@" <keys >qemu 2>&1 &
    exec 3>keys
    : >serial
    while read -r said; do
        printf '%s\n' "$said" >>serial
        case $said in
        "Press a key"*) echo 'sendkey ret' >&3 ;;
        esac
    done <line
    wait $!
    status=$?
    exec 3>&-
    verdict "$name" 0 "$text" 'Press a key to restart'
}

stops "a drive without extended reads" 'cannot read this drive by sector number' \
    -drive "$(drive image floppy)"
head -c 512 image >sector
stops "a boot sector alone" 'the drive cannot be read' -drive "$(drive sector ide)"
truncate -s 2M sector
stops "a boot sector and nothing" 'there is no loader on this drive' -drive "$(drive sector ide)"
head -c 1048576 image >cut
stops "a disk that is cut" 'the drive is too short: it has 2048 sectors' -drive "$(drive cut ide)"

# fails_at SECTOR: reads of it give an error
fails_at() {
    printf '[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "%s"\n' "$1" >inject
    echo "driver=raw,if=ide,file.driver=blkdebug,file.config=inject,file.image.driver=file,file.image.filename=image"
}
stops "a read error in the loader" 'the drive cannot be read' -drive "$(fails_at 3)"
stops "a read error in the kernel" 'the drive cannot be read at sector' -drive "$(fails_at 200)"

cp image damaged
printf 'x' | dd of=damaged bs=1 seek=100000 conv=notrunc 2>dd
stops "a damaged kernel" 'the kernel on this drive is damaged' -drive "$(drive damaged ide)"
cp image damaged
end=$(LC_ALL=C grep -abo 'TRAILER!!!' image | tail -n 1 | cut -d: -f1) # of the archive
printf 'x' | dd of=damaged bs=1 seek="$end" conv=notrunc 2>dd
stops "a damaged archive" 'the archive on this drive is damaged' -drive "$(drive damaged ide)"
head -c 5000 /dev/zero >nothing
"$project/tools/boot-image" disk image2 '' quire nothing "$archive"
stops "a kernel that is no ELF file" 'the kernel is not an ELF file' -drive "$(drive image2 ide)"
for place in 4 16 54; do
    cp "$kernel" odd
    printf '\377' | dd of=odd bs=1 seek=$place conv=notrunc 2>dd
    "$project/tools/boot-image" disk image2 '' quire odd "$archive"
    stops "a kernel with byte $place of its header wrong" "the kernel" -drive "$(drive image2 ide)"
done
stops "too little memory for the kernel" 'too little memory: the kernel needs' -m 1M \
    -drive "$(drive image ide)"
stops "too little memory for the archive" 'too little memory: the archive needs' -m 4M \
    -drive "$(drive image ide)"
qemu -m 5M -kernel "$kernel" -initrd "$archive" -append "$words"
verdict "too little memory, found by the kernel" 127 'the kernel cannot start'
! grep 'kernel bug' serial

# ---- memory maps ----
#
# A disk can carry a map that the kernel gets in place of the BIOS's. The loader itself goes by the
# BIOS's, so that the kernel always starts; the machine has 256 MiB.

low='0 9fbff usable
9fc00 9ffff reserved
f0000 fffff reserved'
low_kib=632 # without page 0 and the page that is cut

# map NAME: a disk with the map from standard input
map() {
    cat >map && disk mapped --memory-map map
    name=$1
    qemu -m 256M -drive "$(drive mapped ide)"
}

# gives KIB: it starts, and so much is RAM
gives() {
    verdict "map: $name" 33 "memory: $1 KiB of RAM" $output
}

# refused TEXT
refused() {
    verdict "map: $name" 127 "$1" 'the kernel cannot start'
    ! grep 'kernel bug' serial
}

map "rows that overlap and repeat" <<END
100000 fffffff usable
100000 fffffff usable
800000 bffffff type9
800000 bfffff reserved
a00000 13fffff acpi
500000 8fffff usable
$low
END
gives $((low_kib + 7 * 1024 + 64 * 1024))
map "rows in no order, empty ones between" <<END
fffc0000 ffffffff reserved
4000000 fffffff usable
5000000 4ffffff reserved
0 ffffffffffffffff type0
f0000 fffff reserved
100000 3ffffff usable
0 ffffffffffffffff usable
0 9fbff usable
9fc00 9ffff reserved
END
gives $((low_kib + 255 * 1024))
map "a reserved row that wraps" <<END
$low
100000 fffffff usable
10000000 1000 reserved
END
gives $((low_kib + 255 * 1024))
map "rows that begin and end inside pages" <<END
$low
100001 80000c usable
80000d fffff80 usable
END
gives $((low_kib + 255 * 1024 - 8))
map "4,000 rows" <<END
$low
100000 1ffffff usable
$(awk 'BEGIN { for (i = 0; i < 3996; i++)
    printf "%x %x %s\n", 33554432 + i * 32768, 33554432 + i * 32768 + 16383, i % 2 ? "usable" : "nvs" }')
END
gives $((low_kib + 31 * 1024 + 1998 * 16))
map "no rows" </dev/null
refused 'the boot loader gave no memory map'
map "rows of zeros" <<END
0 ffffffffffffffff type0
0 ffffffffffffffff type0
END
refused 'the boot loader gave no memory map'
map "nothing is usable" <<END
0 ffffffffff reserved
END
refused 'the memory map has no usable memory'
map "no memory where the archive is" <<END
$low
4000000 fffffff usable
END
refused 'the memory map has no memory where the initial archive is'
map "more rows than there is room for" <<END
$low
100000 3ffffff usable
$(awk 'BEGIN { for (i = 0; i < 6000; i++)
    printf "%x %x nvs\n", 67108864 + i * 12288, 67108864 + i * 12288 + 8191 }')
END
refused 'the memory map is too long'
map "more memory than there is" <<END
$low
100000 12bfffff usable
END
refused 'the memory map is wrong: nothing answers at 0x12bff000'
map "a usable row that wraps" <<END
$low
100000 fff usable
END
refused 'the memory map is wrong: nothing answers at'
