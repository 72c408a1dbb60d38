#include "arch.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

#define I386_PROGRAMS ELFCLASS32, EM_386, "it is not a program for i386"

const struct arch arch_default = {
    "x86_64", "qemu64,+smep,+smap,+umip", ELFCLASS64, EM_X86_64, "it is not a program for x86-64",
};

static const struct arch others[] = {
    {"i386", "qemu32,+smep,+smap,+umip", I386_PROGRAMS},
    {"i386-pae", "qemu32,+pse36,+nx,+smep,+smap,+umip", I386_PROGRAMS},
};

const struct arch *arch_find(const char *name)
{
    if (strcmp(name, arch_default.name) == 0)
        return &arch_default;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strcmp(name, others[i].name) == 0)
            return &others[i];
    return NULL;
}
