/*
 * Bring-up, in the order in which each step's needs are met. boot.S calls kernel_main() on the boot
 * stack, in long mode, interrupts off, the first page table loaded.
 */

#include "core/boot.h"
#include "core/boot_info.h"
#include "core/compiler.h"
#include "core/init.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "x86/context.h"
#include "x86/cpu.h"
#include "x86/interrupt.h"
#include "x86/paging.h"
#include "x86/serial.h"
#include "x86/time.h"
#include "x86/trap.h"

_Noreturn void kernel_main(uint32_t magic, uint64_t loader_info);

static void set_log_level(void)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    const char *wanted = boot_option("loglevel");

    for (unsigned level = 0; wanted && level < ARRAY_SIZE(names); level++) {
        if (strcmp(wanted, names[level]) == 0)
            log_set_console_level(level);
    }
}

/* The linker sorted them by level. */
static void run_initcalls(void)
{
    extern const struct initcall *const _initcall_start[], *const _initcall_end[];

    for (const struct initcall *const *call = _initcall_start; call < _initcall_end; call++) {
        int result = (*call)->function();

        if (result != 0)
            log_error("%s: %d", (*call)->name, result);
    }
}

_Noreturn void kernel_main(uint32_t magic, uint64_t loader_info)
{
    serial_init(SERIAL_COM1);
    cpu_init_features();
    cpu_init_early();
    trap_init(); /* from here on a fault is a report, not a reset */

    boot_info_read(magic, loader_info, &boot_map);
    set_log_level();
    cpu_log_features();
    paging_init();

    memory_init(); /* frames, heap, page tables, areas */
    cpu_init_stacks();
    fpu_init();

    irq_init();
    time_init();
    interrupts_enable();

    selftest_run();
    run_initcalls(); /* buses, drivers, file systems, process tables */
    process_init_start();

    for (;;)
        cpu_idle();
}
