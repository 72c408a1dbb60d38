/*
 * Levels of page tables in long mode: five where the CPU can (LA57), four otherwise or where the
 * kernel is told so: nolva57, or no5lvl as Linux names it. The kernel's own addresses are the same
 * in both; programs may have addresses of 56 bits with five levels, and get such only on their
 * wish (quire_space.window_end).
 */

#include "x86/paging.h"

#include "core/boot_info.h"
#include "core/log.h"
#include "x86/cpu.h"

void boot_enter_five_levels(void);

unsigned long user_end = USER_WINDOW_END;

static unsigned levels = QUIRE_LEVELS_DEFAULT;

static bool can_five_levels(void)
{
    return cpuid(0, 0).eax >= 7 && (cpuid(7, 0).ecx & (1u << 16)) != 0;
}

void paging_init(void)
{
    if (!can_five_levels())
        return;
    if (boot_option("nolva57") != NULL || boot_option("no5lvl") != NULL) {
        log_info("paging: four levels, as the command line asks; the CPU can five");
        return;
    }
    boot_enter_five_levels();
    levels = 5;
    user_end = quire_user_limit(levels);
    log_info("paging: five levels");
}

unsigned paging_levels(void)
{
    return levels;
}
