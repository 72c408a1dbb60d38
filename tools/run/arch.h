/* The architectures of the machine: what the launcher must know of each. */
#ifndef RUN_ARCH_H
#define RUN_ARCH_H

#include <stdint.h>

struct arch {
    const char *name;
    const char *cpu;         /* QEMU's model, with the protections that the kernel can use */
    uint8_t elf_class;       /* of its programs */
    uint16_t elf_machine;    /* likewise */
    const char *not_program; /* said of a program for another one */
};

extern const struct arch arch_default;

/* By its name, or NULL. */
const struct arch *arch_find(const char *name);

/* All names, for messages. */
#define ARCH_NAMES "x86_64, i386, i386-pae"

#endif
