/*
 * The boot sector. The BIOS loads it to 0x7c00 and jumps to it in real mode, with the drive's number
 * in DL. It reads the loader from the sectors that follow through int 13h's extensions, which take
 * sector numbers instead of cylinders, and jumps to it. Nothing of the drive's geometry is used, so
 * that the same image boots from an IDE or virtio disk and from a USB stick.
 *
 * It has the shape that BIOSes look for on a stick: a jump over the place where a file system has
 * its parameters (some BIOSes write there), and a partition table with one active entry.
 *
 * Each failure has its line, on the screen and on the first serial port.
 */

#include "boot/disk_header.h"

#define SERIAL_PORT  0x3f8
#define READ_TRIES   3

    .code16
    .text
    .globl sector_start
sector_start:
    jmp 1f
    .org 0x3e               /* where a FAT file system's parameters end */
1:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $sector_start, %sp
    ljmp $0, $2f            /* some BIOSes come here as 0x7c0:0 */
2:
    sti
    cld
    movb %dl, drive

    movw $no_extensions, %si
    movb $0x41, %ah         /* are there extensions? */
    movw $0x55aa, %bx
    int $0x13
    jc fail
    cmpw $0xaa55, %bx
    jne fail
    testb $1, %cl           /* those that read and write */
    jz fail

    movw $READ_TRIES, %bp
3:
    movw $packet, %si
    movw $LOADER_SECTORS, packet_count      /* the BIOS may have changed it */
    movb drive, %dl
    movb $0x42, %ah         /* extended read */
    int $0x13
    jnc 4f
    xorw %ax, %ax           /* reset the drive */
    movb drive, %dl
    int $0x13
    decw %bp
    jnz 3b
    movw $read_error, %si
    jmp fail
4:
    movw $no_loader, %si
    cmpl $LOADER_MAGIC, LOADER_ADDRESS
    jne fail
    movb drive, %dl
    jmp *(LOADER_ADDRESS + 4)

/* SI: the message. The machine restarts at a key. */
fail:
    call print
    movw $press_a_key, %si
    call print
    xorw %ax, %ax
    int $0x16
    ljmp $0xffff, $0

print:
    lodsb
    testb %al, %al
    jz 2f
    pushw %ax
    movb $0x0e, %ah
    movw $7, %bx
    int $0x10
    popw %ax
    movw $SERIAL_PORT, %dx  /* as the firmware left it; without a port this goes nowhere */
    outb %al, %dx
    movw $SERIAL_PORT + 5, %dx
    xorw %cx, %cx
1:
    inb %dx, %al            /* until the byte has gone, or 65,536 times */
    testb $0x20, %al
    loopz 1b
    jmp print
2:
    ret

no_extensions:
    .asciz "quire: the BIOS cannot read this drive by sector number"
read_error:
    .asciz "quire: the drive cannot be read"
no_loader:
    .asciz "quire: there is no loader on this drive"
press_a_key:
    .asciz "\r\nPress a key to restart.\r\n"

    .balign 4
packet:
    .byte 16, 0
packet_count:
    .short LOADER_SECTORS
    .short 0, LOADER_ADDRESS >> 4
    .quad 1
drive:
    .byte 0

/* One active partition over all that follows; tools/disk sets its length. */
    .org 446
    .byte 0x80, 0xfe, 0xff, 0xff, 0xda, 0xfe, 0xff, 0xff
    .long 1, LOADER_SECTORS
    .org 510
    .short 0xaa55
