/*
 * One CPU's own state: features, control registers, stacks.
 *
 * Some exceptions have a stack of their own (INTERRUPT_STACKS of them; cpu_state.h says which).
 * Each comes from the area layer, so an unmapped page lies below it; until that layer lives all
 * share a static one.
 */

#include "x86/cpu.h"

#include <quire/area.h>

#include "core/assert.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "x86/context.h"
#include "x86/cpu_state.h"
#include "x86/usercopy.h"

#define INTERRUPT_STACK_SIZE 8192

/* PAT as the CPU has it after reset, but entry 4 is write-combining (SDM 3A 12.12). */
#define PAT_VALUE 0x0007040100070406ull

struct cpu_features cpu_features;

/* The boot thread: runs kernel_main and then the idle loop. */
extern char boot_stack_bottom[], boot_stack_top[];
static struct context boot_context;

static struct cpu_state boot_cpu;
static struct cpu *boot_table[] = {&boot_cpu.cpu};
static char early_stack[4096] __attribute__((aligned(16)));

struct cpu **cpu_table = boot_table;
unsigned cpu_count = 1;
unsigned cpu_may_change;

/* --- features -------------------------------------------------------------------------------- */

static void read_names(void)
{
    struct cpuid_result r = cpuid(0, 0);

    memcpy(cpu_features.vendor, &r.ebx, 4);
    memcpy(cpu_features.vendor + 4, &r.edx, 4);
    memcpy(cpu_features.vendor + 8, &r.ecx, 4);
    if (cpuid(0x80000000, 0).eax < 0x80000004)
        return;
    for (uint32_t i = 0; i < 3; i++) {
        r = cpuid(0x80000002 + i, 0);
        memcpy(cpu_features.brand + 16 * i, &r, 16);
    }
}

/* CPUs that do not say how long their physical addresses are have 36 bits, or 32 (SDM 3A 4.1.4). */
static uint8_t physical_bits(uint32_t basic)
{
    if (cpuid(0x80000000, 0).eax >= 0x80000008)
        return (uint8_t)cpuid(0x80000008, 0).eax;
    return basic & (1u << 17) ? 36 : 32;
}

/* Entries of 32 bits have no room for the bit, and EFER is there only where the bit is. */
static bool can_no_execute(uint32_t extended)
{
    return QUIRE_FORMAT != QUIRE_FORMAT_I386 && (extended & (1u << 20)) != 0;
}

void cpu_init_features(void)
{
    uint32_t highest = cpuid(0, 0).eax;
    uint32_t basic = cpuid(1, 0).edx;
    uint32_t extended = cpuid(0x80000000, 0).eax >= 0x80000001 ? cpuid(0x80000001, 0).edx : 0;
    struct cpuid_result structured = {0, 0, 0, 0};
    unsigned long cr0 = CR0_MP | CR0_NE | CR0_WP | CR0_AM, cr4 = CR4_OSFXSR;

    /* Beyond its highest leaf a CPU answers with the highest one's values. */
    if (highest >= 7)
        structured = cpuid(7, 0);
    read_names();

    if (basic & (1u << 7))
        cr4 |= CR4_MCE;
    if (basic & (1u << 13))
        cr4 |= CR4_PGE;
    if (basic & (1u << 25))
        cr4 |= CR4_OSXMMEXCPT;
    if (structured.ebx & (1u << 7))
        cr4 |= CR4_SMEP;
    if (structured.ebx & (1u << 20))
        cr4 |= CR4_SMAP;
    if (structured.ecx & (1u << 2))
        cr4 |= CR4_UMIP;
    /* Whole values, not bits added: nothing stays on that the boot loader left on (OSXSAVE with
       states that are not saved, caches off). Only the paging mode is kept. */
    cr0_write((cr0_read() & (CR0_PE | CR0_ET | CR0_PG)) | cr0);
    cr4_write((cr4_read() & (CR4_PSE | CR4_PAE | CR4_LA57)) | cr4);
    if (can_no_execute(extended))
        msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NXE);
    cpu_features.pat = (basic & (1u << 16)) != 0;
    if (cpu_features.pat)
        msr_write(MSR_PAT, PAT_VALUE);

    cpu_features.sse = (basic & (1u << 25)) != 0;
    cpu_features.physical_bits = physical_bits(basic);
    cpu_features.gib_pages = (extended & (1u << 26)) != 0;
    cpu_features.erms = (structured.ebx & (1u << 9)) != 0;

    /* What is on is what can be read back. */
    cr0 = cr0_read();
    cr4 = cr4_read();
    cpu_features.write_protect = (cr0 & CR0_WP) != 0;
    cpu_features.no_execute = can_no_execute(extended) && (msr_read(MSR_EFER) & EFER_NXE) != 0;
    cpu_features.global_pages = (cr4 & CR4_PGE) != 0;
    cpu_features.smep = (cr4 & CR4_SMEP) != 0;
    cpu_features.smap = (cr4 & CR4_SMAP) != 0;
    cpu_features.umip = (cr4 & CR4_UMIP) != 0;
}

static const char *on_off(bool on)
{
    return on ? "on" : "off";
}

void cpu_log_features(void)
{
    unsigned long cr0 = cr0_read(), cr4 = cr4_read();
    const char *brand = cpu_features.brand;

    while (*brand == ' ')
        brand++;
    log_info("cpu 0: %s %s", cpu_features.vendor, brand);
    log_info("protection: WP %s, NX %s, SMEP %s, SMAP %s, UMIP %s; global pages %s",
             on_off(cr0 & CR0_WP), on_off(cpu_features.no_execute), on_off(cr4 & CR4_SMEP),
             on_off(cr4 & CR4_SMAP), on_off(cr4 & CR4_UMIP), on_off(cr4 & CR4_PGE));
    if (!cpu_features.no_execute)
        log_warn("this CPU has no NX: readable memory is executable");
}

/*
 * usercopy.h leaves three-byte NOPs where STAC and CLAC belong. Runs while the image is still
 * writable.
 */
static void patch_smap(void)
{
    struct patch {
        int32_t offset; /* from this field */
        uint32_t open;
    };
    extern const struct patch _smap_patch_start[], _smap_patch_end[];

    if (!cpu_features.smap)
        return;
    for (const struct patch *p = _smap_patch_start; p < _smap_patch_end; p++) {
        uint8_t *at = (uint8_t *)(uintptr_t)&p->offset + p->offset;

        at[0] = 0x0f;
        at[1] = 0x01;
        at[2] = p->open ? 0xcb : 0xca;
    }
}

/* --- bring-up -------------------------------------------------------------------------------- */

void cpu_init_early(void)
{
    struct cpu *cpu = &boot_cpu.cpu;

    boot_context.stack_bottom = (uintptr_t)boot_stack_bottom;
    boot_context.stack_top = (uintptr_t)boot_stack_top;
    cpu->self = cpu;
    cpu->context = &boot_context;
    cpu->stack_top = boot_context.stack_top;
    cpu->tss = &boot_cpu.tss;
    cpu_set_kernel_stack(cpu, cpu->stack_top);
    for (unsigned i = 0; i < INTERRUPT_STACKS; i++)
        cpu_set_interrupt_stack(cpu, i, (uintptr_t)early_stack + sizeof early_stack);

    cpu_load_descriptors(&boot_cpu);
    patch_smap();
    exception_table_sort();
}

void cpu_init_stacks(void)
{
    for (unsigned i = 0; i < INTERRUPT_STACKS; i++) {
        char *stack = quire_area_alloc(&kernel_machine, INTERRUPT_STACK_SIZE, "interrupt stack");

        if (!stack)
            panic("no memory for the interrupt stacks");
        cpu_set_interrupt_stack(this_cpu(), i, (uintptr_t)stack + INTERRUPT_STACK_SIZE);
    }
}

/* --- stacks ---------------------------------------------------------------------------------- */

/*
 * Threads come and go much faster than memory should be mapped and unmapped, so some stacks of dead
 * threads are kept, linked through their lowest word.
 */
#define SPARE_STACKS_MAX 32

static struct quire_spinlock spare_lock;
static uintptr_t spare_stacks;      /* (spare_lock) */
static unsigned spare_stacks_count; /* (spare_lock) */

static uintptr_t take_spare_stack(void)
{
    unsigned long flags = interrupts_save();
    uintptr_t stack;

    quire_spin_lock(&spare_lock);
    stack = spare_stacks;
    if (stack) {
        spare_stacks = *(uintptr_t *)stack;
        spare_stacks_count--;
    }
    quire_spin_unlock(&spare_lock);
    interrupts_restore(flags);
    return stack;
}

static bool keep_spare_stack(uintptr_t stack)
{
    unsigned long flags = interrupts_save();
    bool kept;

    quire_spin_lock(&spare_lock);
    kept = spare_stacks_count < SPARE_STACKS_MAX;
    if (kept) {
        *(uintptr_t *)stack = spare_stacks;
        spare_stacks = stack;
        spare_stacks_count++;
    }
    quire_spin_unlock(&spare_lock);
    interrupts_restore(flags);
    return kept;
}

static void free_stack(uintptr_t bottom)
{
    enum quire_status status = quire_area_free(&kernel_machine, (void *)bottom);

    if (status != QUIRE_OK)
        panic("freeing a kernel stack at %#zx: %s", bottom, quire_status_string(status));
}

bool kernel_stack_alloc(uintptr_t *out_bottom, uintptr_t *out_top)
{
    uintptr_t stack = take_spare_stack();

    while (!stack) {
        stack = (uintptr_t)quire_area_alloc(&kernel_machine, KERNEL_STACK_SIZE, "kernel stack");
        if (!stack && !memory_reclaim(KERNEL_STACK_SIZE / PAGE_SIZE))
            break;
    }
    *out_bottom = stack;
    *out_top = stack + KERNEL_STACK_SIZE;
    return stack != 0;
}

void kernel_stack_free(uintptr_t bottom)
{
    if (!keep_spare_stack(bottom))
        free_stack(bottom);
}

size_t kernel_stack_trim(void)
{
    size_t frames = 0;
    uintptr_t stack;

    while ((stack = take_spare_stack()) != 0) {
        free_stack(stack);
        frames += KERNEL_STACK_SIZE / PAGE_SIZE;
    }
    return frames;
}

static bool stack_holds(uintptr_t address, uintptr_t bottom, uintptr_t top, uintptr_t *out_bottom,
                        uintptr_t *out_top)
{
    *out_bottom = bottom;
    *out_top = top;
    return address >= bottom && address < top;
}

bool cpu_stack_find(uintptr_t address, uintptr_t *out_bottom, uintptr_t *out_top)
{
    const struct cpu *cpu = this_cpu();
    const struct context *context = cpu->context;

    if (stack_holds(address, context->stack_bottom, context->stack_top, out_bottom, out_top) ||
        stack_holds(address, (uintptr_t)boot_stack_bottom, (uintptr_t)boot_stack_top, out_bottom,
                    out_top) ||
        stack_holds(address, (uintptr_t)early_stack, (uintptr_t)early_stack + sizeof early_stack,
                    out_bottom, out_top))
        return true;
    for (unsigned i = 0; i < INTERRUPT_STACKS; i++) {
        uintptr_t top = cpu_interrupt_stack(cpu, i);

        if (stack_holds(address, top - INTERRUPT_STACK_SIZE, top, out_bottom, out_top))
            return true;
    }
    return false;
}

const char *cpu_running_name(void)
{
    const struct context *context = this_context();

    return context == &boot_context ? "the boot thread" : context_name(context);
}
