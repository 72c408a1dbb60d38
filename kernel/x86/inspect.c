/*
 * Reading the CPU's registers back. Tables are found as the CPU finds them: the GDT by SGDT, the
 * task state by its descriptor in the GDT.
 */

#include "x86/inspect.h"

#include "core/string.h"
#include "x86/cpu.h"

#define MSR_PAT 0x277

struct table_pointer {
    uint16_t limit;
    uintptr_t base;
} __attribute__((packed));

/* Base and limit of a system descriptor; in 64-bit mode it takes two places (SDM 3A 8.2.3). */
static void find_task_state(struct cpu_registers *out)
{
    size_t at = out->task & ~7u;
    uint64_t low, high = 0;

    if (at == 0 || at + sizeof low - 1 > out->gdt.limit)
        return;
    memcpy(&low, (const void *)(out->gdt.base + at), sizeof low);
    if (sizeof(uintptr_t) == 8 && at + 2 * sizeof low - 1 <= out->gdt.limit)
        memcpy(&high, (const void *)(out->gdt.base + at + sizeof low), sizeof high);
    out->task_state =
        (uintptr_t)((low >> 16 & 0xffffff) | (low >> 56 & 0xff) << 24 | (high & 0xffffffff) << 32);
    out->task_state_size = (uint32_t)((low & 0xffff) | (low >> 32 & 0xf0000)) + 1;
}

void cpu_inspect(struct cpu_registers *out)
{
    struct table_pointer gdt, idt;
    uint32_t extended = cpuid(0x80000001, 0).edx;

    memset(out, 0, sizeof *out);
    out->cr0 = (uintptr_t)cr0_read();
    out->cr2 = (uintptr_t)cr2_read();
    out->cr3 = (uintptr_t)cr3_read();
    out->cr4 = (uintptr_t)cr4_read();
#ifdef __x86_64__
    __asm__ volatile("movq %%cr8, %0" : "=r"(out->cr8));
#endif
    /* EFER is there with no-execute or long mode. */
    out->has_efer = (extended & (1u << 20 | 1u << 29)) != 0;
    if (out->has_efer)
        out->efer = msr_read(MSR_EFER);
    out->has_pat = (cpuid(1, 0).edx & (1u << 16)) != 0;
    if (out->has_pat)
        out->pat = msr_read(MSR_PAT);
    __asm__ volatile("sgdt %0" : "=m"(gdt));
    __asm__ volatile("sidt %0" : "=m"(idt));
    __asm__ volatile("str %0" : "=r"(out->task));
    __asm__ volatile("sldt %0" : "=r"(out->local));
    out->gdt = (struct cpu_table_register){gdt.base, gdt.limit};
    out->idt = (struct cpu_table_register){idt.base, idt.limit};
    find_task_state(out);
}
