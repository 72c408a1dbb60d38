#include "x86/layout.h"

#ifdef __x86_64__
OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
#else
#undef i386
OUTPUT_FORMAT("elf32-i386")
OUTPUT_ARCH(i386)
#endif
#ifdef __x86_64__
ENTRY(boot_entry)
#else
ENTRY(boot_entry_physical)
#endif

PHDRS
{
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    data PT_LOAD FLAGS(6);
    note PT_NOTE FLAGS(4);
}

SECTIONS
{
    . = KERNEL_IMAGE + 0x100000;
    _kernel_start = .;

    _text_start = .;
    .text : AT(ADDR(.text) - KERNEL_IMAGE) {
        KEEP(*(.multiboot2))
        *(.text.boot)
        *(.text.entry)
        *(.text.hot .text.hot.*)
        *(.text .text.[a-eg-z_]*)
        *(.text.fixup)
        . = ALIGN(PAGE_SIZE);
    } :text
    _text_end = .;

    _rodata_start = .;
    .notes : AT(ADDR(.notes) - KERNEL_IMAGE) {
        KEEP(*(.note.pvh))
    } :rodata :note
    .rodata : AT(ADDR(.rodata) - KERNEL_IMAGE) {
        *(.rodata .rodata.*)
        . = ALIGN(8);
        _exception_table_start = .;
        KEEP(*(.exception_table))
        _exception_table_end = .;
        _smap_patch_start = .;
        KEEP(*(.smap_patch))
        _smap_patch_end = .;
        . = ALIGN(16);
        _initcall_start = .;
        KEEP(*(SORT(.initcall.*)))
        _initcall_end = .;
        . = ALIGN(8);
        KEEP(*(.symbols))
        . = ALIGN(PAGE_SIZE);
    } :rodata
    _rodata_end = .;

    _data_start = .;
    .data : AT(ADDR(.data) - KERNEL_IMAGE) {
        *(.data .data.*)
        . = ALIGN(16);
    } :data
    .bss : AT(ADDR(.bss) - KERNEL_IMAGE) {
        . = ALIGN(16);
        _bss_start = .;
        *(.bss .bss.* COMMON)
        . = ALIGN(16);
        _bss_end = .;
        . = ALIGN(PAGE_SIZE);
        *(.boot_tables)
        . = ALIGN(PAGE_SIZE);
        _data_end = .;
        /* The guard page of the boot stack: in the image's range, never mapped. */
        . += PAGE_SIZE;
        _boot_stack_start = .;
        *(.boot_stack)
        . = ALIGN(PAGE_SIZE);
        _boot_stack_end = .;
    } :data
    _kernel_end = .;

    /DISCARD/ : {
        *(.comment)
        *(.eh_frame)
        *(.note.GNU-stack)
        *(.note.gnu.*)
    }
}
