#ifndef KERNEL_X86_MEMORY_TYPE_H
#define KERNEL_X86_MEMORY_TYPE_H

#include "core/compiler.h"

/*
 * How the CPU caches what is mapped at [address, address + size): "write-combining", "uncached" and
 * so on, read back from the page table entries and from the page attribute table (MSR 0x277; SDM 3A
 * 12.12); "mixed" where they differ, "not mapped" where one is absent. The firmware's MTRRs may
 * make it stricter. For kernel addresses.
 */
const char *memory_type_name(const void *address, size_t size);

/* The memory map has RAM in this physical range. After boot_info_read(). */
bool memory_is_ram(uint64_t physical, uint64_t size);

/* A device while the boot loader's page table is in use; NULL: it does not reach there, or is not
   used any more. For a report before memory_init(). */
void *memory_early_device(uint64_t physical, uint64_t size);

#endif
