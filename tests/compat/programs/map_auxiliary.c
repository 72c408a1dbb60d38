/* What exec tells a program in its auxiliary vector agrees with itself. */
#include "compat.h"

#include <sys/auxv.h>

int main(void)
{
    const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
    bool zero = true;

    SHOW(getauxval(AT_PAGESZ));
    SHOW(getauxval(AT_CLKTCK));
    SHOW(getauxval(AT_PHENT));
    SHOW(getauxval(AT_PHNUM) > 0);
    SHOW(getauxval(AT_ENTRY) != 0);
    SHOW(getauxval(AT_BASE));
    SHOW(getauxval(AT_FLAGS));
    SHOW(getauxval(AT_UID));
    SHOW(getauxval(AT_EUID));
    SHOW(getauxval(AT_GID));
    SHOW(getauxval(AT_EGID));
    SHOW(getauxval(AT_SECURE));
    SHOW(getauxval(AT_SYSINFO_EHDR));
    printf("%s\n", (const char *)getauxval(AT_PLATFORM));
    printf("%s\n", strncmp((const char *)getauxval(AT_EXECFN), "/compat/map_auxiliary.", 22) == 0
                       ? "the program's path"
                       : (const char *)getauxval(AT_EXECFN));
    for (int i = 0; i < 16; i++)
        zero = zero && random[i] == 0;
    SHOW(zero);
    SHOW((uintptr_t)&zero % 16 < 16 && (char *)getauxval(AT_EXECFN) > (char *)&zero);
    return 0;
}
