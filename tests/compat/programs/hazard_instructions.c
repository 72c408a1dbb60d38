/* What a program's instructions may not do, and system calls at the end of the user half. */
/* only: x86_64 */
#include "compat.h"

#define INSTRUCTION(name, text)                                                                    \
    static void name(void *unused)                                                                 \
    {                                                                                              \
        (void)unused;                                                                              \
        __asm__ volatile(text ::"a"(0), "c"(0), "d"(0) : "memory", "rbx");                         \
    }

INSTRUCTION(read_dr7, "movq %%dr7, %%rbx")
INSTRUCTION(write_dr0, "movq %%rax, %%dr0")
INSTRUCTION(read_cr0, "movq %%cr0, %%rbx")
INSTRUCTION(write_cr4, "movq %%rax, %%cr4")
INSTRUCTION(write_cr8, "movq %%rax, %%cr8")
INSTRUCTION(clear_ts, "clts")
INSTRUCTION(halt, "hlt")
INSTRUCTION(disable, "cli")
INSTRUCTION(enable, "sti")
INSTRUCTION(in, "inb $0x80, %%al")
INSTRUCTION(out, "outb %%al, $0x80")
INSTRUCTION(string_out, "rep outsb")
INSTRUCTION(read_msr, "rdmsr")
INSTRUCTION(write_msr, "wrmsr")
INSTRUCTION(invalidate, "invd")
INSTRUCTION(write_back, "wbinvd")
INSTRUCTION(load_gdt, "lgdt 0x400000")
INSTRUCTION(load_idt, "lidt 0x400000")
INSTRUCTION(load_ldt, "lldt %%ax")
INSTRUCTION(load_task, "ltr %%ax")
INSTRUCTION(exchange_gs, "swapgs")
INSTRUCTION(open_user, "stac")
INSTRUCTION(close_user, "clac")
INSTRUCTION(system_return, "sysretq")
INSTRUCTION(int_2, "int $2")
INSTRUCTION(int_8, "int $8")
INSTRUCTION(int_13, "int $13")
INSTRUCTION(int_14, "int $14")
INSTRUCTION(int_32, "int $32")
INSTRUCTION(int_254, "int $254")
INSTRUCTION(load_ds, "movl $0x18, %%eax; movl %%eax, %%ds")
INSTRUCTION(load_ss, "movl $0x18, %%eax; movl %%eax, %%ss")
INSTRUCTION(load_fs, "movl $0xfff8, %%eax; movl %%eax, %%fs")
INSTRUCTION(jump_far, "ljmpl *(%%rax)")
INSTRUCTION(read_null, "movb (%%rax), %%bl")
INSTRUCTION(prefetch_null, "prefetcht0 (%%rax)")
INSTRUCTION(prefetch_kernel, "movabsq $0xffff800000100000, %%rax; prefetcht0 (%%rax)")
INSTRUCTION(verify_kernel, "movabsq $0xffff800000100000, %%rax; verr (%%rax)")
INSTRUCTION(flush_kernel, "movabsq $0xffff800000100000, %%rax; clflush (%%rax)")
INSTRUCTION(store_kernel, "movabsq $0xffffffff81000000, %%rax; movb %%al, (%%rax)")
INSTRUCTION(jump_kernel, "movabsq $0xffffffff81000000, %%rax; jmp *%%rax")
INSTRUCTION(jump_hole, "movabsq $0x900000000000, %%rax; jmp *%%rax")
INSTRUCTION(long_instruction, ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,"
                              "0x66,0x66,0x66,0x66,0x90")
INSTRUCTION(undefined, "ud2")
INSTRUCTION(lock_nothing, ".byte 0xf0, 0x90")
INSTRUCTION(divide, "divl %%ecx")

#define SHOW_INSTRUCTION(name) show_catch(#name, name, NULL)

/* The code's last byte is the page's last. */
static void at_the_end(void *page)
{
    static const unsigned char call[] = {0x0f, 0x05};
    char *end = (char *)page + PAGE;

    memcpy(end - sizeof call, call, sizeof call);
    __asm__ volatile("call *%0" ::"r"(end - sizeof call), "a"(SYS_getppid)
                     : "memory", "rcx", "r11");
}

static void ends(void)
{
    char *at;

    base = (char *)0x7fffffffe000;
    SHOW_ADDRESS(
        call_mmap((void *)0x7ffffffff000, PAGE, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    base = AREA;
    at = call_mmap(AREA, PAGE, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    show_catch("system call at a mapping's end", at_the_end, at);
}

int main(void)
{
    SHOW_INSTRUCTION(read_dr7);
    SHOW_INSTRUCTION(write_dr0);
    SHOW_INSTRUCTION(read_cr0);
    SHOW_INSTRUCTION(write_cr4);
    SHOW_INSTRUCTION(write_cr8);
    SHOW_INSTRUCTION(clear_ts);
    SHOW_INSTRUCTION(halt);
    SHOW_INSTRUCTION(disable);
    SHOW_INSTRUCTION(enable);
    SHOW_INSTRUCTION(in);
    SHOW_INSTRUCTION(out);
    SHOW_INSTRUCTION(string_out);
    SHOW_INSTRUCTION(read_msr);
    SHOW_INSTRUCTION(write_msr);
    SHOW_INSTRUCTION(invalidate);
    SHOW_INSTRUCTION(write_back);
    SHOW_INSTRUCTION(load_gdt);
    SHOW_INSTRUCTION(load_idt);
    SHOW_INSTRUCTION(load_ldt);
    SHOW_INSTRUCTION(load_task);
    SHOW_INSTRUCTION(exchange_gs);
    SHOW_INSTRUCTION(open_user);
    SHOW_INSTRUCTION(close_user);
    SHOW_INSTRUCTION(system_return);
    SHOW_INSTRUCTION(int_2);
    SHOW_INSTRUCTION(int_8);
    SHOW_INSTRUCTION(int_13);
    SHOW_INSTRUCTION(int_14);
    SHOW_INSTRUCTION(int_32);
    SHOW_INSTRUCTION(int_254);
    SHOW_INSTRUCTION(load_ds);
    SHOW_INSTRUCTION(load_ss);
    SHOW_INSTRUCTION(load_fs);
    SHOW_INSTRUCTION(jump_far);
    SHOW_INSTRUCTION(read_null);
    SHOW_INSTRUCTION(prefetch_null);
    SHOW_INSTRUCTION(prefetch_kernel);
    SHOW_INSTRUCTION(verify_kernel);
    SHOW_INSTRUCTION(flush_kernel);
    SHOW_INSTRUCTION(store_kernel);
    SHOW_INSTRUCTION(jump_kernel);
    SHOW_INSTRUCTION(jump_hole);
    SHOW_INSTRUCTION(long_instruction);
    SHOW_INSTRUCTION(undefined);
    SHOW_INSTRUCTION(lock_nothing);
    SHOW_INSTRUCTION(divide);
    ends();
    return 0;
}
