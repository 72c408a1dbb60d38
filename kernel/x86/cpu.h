#ifndef KERNEL_X86_CPU_H
#define KERNEL_X86_CPU_H

/*
 * One CPU: its private data, its control instructions.
 *
 * In the kernel, a segment register points at the CPU's struct cpu: GS on x86-64, exchanged with
 * the program's by SWAPGS at every entry and exit; FS on i386, loaded at every entry. The first
 * fields are read by entry.S.
 */

#include "core/compiler.h"
#include "x86/layout.h"

struct thread;
struct context;

#ifdef __x86_64__
#include "x86/x86_64/cpu.h"
#else
#include "x86/i386/cpu.h"
#endif

struct cpu {
    struct cpu *self;            /* (c) so that this_cpu() is one load */
    uintptr_t stack_top;         /* top of the running thread's kernel stack: SYSCALL loads it */
    uintptr_t user_sp;           /* SYSCALL's scratch */
    struct context *context;     /* what runs here: the running thread's context */
    unsigned long syscall_limit; /* numbers of calls below it go straight to the table: 0 for a
                                    traced thread */
    uint32_t id;                 /* (c) 0 .. cpu_count - 1 */
    uint32_t interrupt_depth;    /* 0 outside interrupt handlers */
    uint32_t pagefault_disabled; /* see usercopy.h */
    bool need_reschedule;        /* set by anyone on this CPU; the scheduler clears it */
    struct cpu_mode mode;        /* what one CPU mode needs beside this */
    struct task_state *tss;      /* (c) */
};

/*
 * One field behind the segment register. The unused operand makes the compiler read again after any
 * call that it cannot see into: such a call may switch threads, and the thread may come back on
 * another CPU.
 */
extern unsigned cpu_may_change;
#define CPU_READ(type, field)                                                                      \
    ({                                                                                             \
        type cpu_value;                                                                            \
        __asm__("mov %%" CPU_SEGMENT ":%c1, %0"                                                    \
                : "=r"(cpu_value)                                                                  \
                : "i"(offsetof(struct cpu, field)), "m"(cpu_may_change));                          \
        cpu_value;                                                                                 \
    })

/* The CPU that runs this; true only while the caller cannot move to another one. */
static inline struct cpu *this_cpu(void)
{
    return CPU_READ(struct cpu *, self);
}

static inline unsigned cpu_id(void)
{
    return CPU_READ(uint32_t, id);
}

/* What runs here; the scheduler's container_of() leads to its thread. */
static inline struct context *this_context(void)
{
    return CPU_READ(struct context *, context);
}

extern struct cpu **cpu_table; /* by id; cpu_count of them */
extern unsigned cpu_count;

/*
 * The kernel stack that an address lies on, if it is one that this CPU uses: the running
 * context's, the boot stack, an interrupt stack.
 */
bool cpu_stack_find(uintptr_t address, uintptr_t *out_bottom, uintptr_t *out_top);

/* What runs here, for reports. Before there are threads: "the boot thread". */
const char *cpu_running_name(void);

/* What the CPU has and boot turned on; all constant after cpu_init(). */
struct cpu_features {
    bool no_execute, smep, smap, umip, global_pages, pat, write_protect, gib_pages, erms, sse;
    uint8_t physical_bits; /* of an address in an entry */
    char vendor[13];
    char brand[49];
};
extern struct cpu_features cpu_features;

/* --- interrupts ------------------------------------------------------------------------------ */

#define RFLAGS_CF    (1u << 0)
#define RFLAGS_FIXED (1u << 1)
#define RFLAGS_TF    (1u << 8)
#define RFLAGS_IF    (1u << 9)
#define RFLAGS_DF    (1u << 10)
#define RFLAGS_IOPL  (3u << 12)
#define RFLAGS_NT    (1u << 14)
#define RFLAGS_RF    (1u << 16)
#define RFLAGS_VM    (1u << 17)
#define RFLAGS_AC    (1u << 18)

static inline unsigned long cpu_flags(void)
{
    unsigned long flags;
    __asm__ volatile("pushf; pop %0" : "=r"(flags)::"memory");
    return flags;
}

static inline void interrupts_enable(void)
{
    __asm__ volatile("sti" ::: "memory");
}

static inline void interrupts_disable(void)
{
    __asm__ volatile("cli" ::: "memory");
}

static inline bool interrupts_enabled(void)
{
    return (cpu_flags() & RFLAGS_IF) != 0;
}

/* Turns interrupts off and says what they were; give that to interrupts_restore(). Nests. */
static inline unsigned long interrupts_save(void)
{
    unsigned long flags = cpu_flags();
    interrupts_disable();
    return flags;
}

static inline void interrupts_restore(unsigned long flags)
{
    if (flags & RFLAGS_IF)
        interrupts_enable();
}

/* Sleeps until an interrupt; interrupts are on when it returns. No wakeup is lost when the caller
   looked for work with interrupts off. */
static inline void cpu_wait_for_interrupt(void)
{
    __asm__ volatile("sti; hlt" ::: "memory");
}

static inline void cpu_relax(void)
{
    __builtin_ia32_pause();
}

/* --- model-specific registers, time stamp, CPUID --------------------------------------------- */

#define MSR_EFER 0xc0000080
#define MSR_PAT  0x277

static inline uint64_t msr_read(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return ((uint64_t)high << 32) | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static inline uint64_t tsc_read(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
}

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

/* --- control registers ----------------------------------------------------------------------- */

#define CR0_PE         (1ul << 0)
#define CR0_MP         (1ul << 1)
#define CR0_EM         (1ul << 2)
#define CR0_TS         (1ul << 3)
#define CR0_ET         (1ul << 4)
#define CR0_NE         (1ul << 5)
#define CR0_WP         (1ul << 16)
#define CR0_AM         (1ul << 18)
#define CR0_PG         (1ul << 31)
#define CR4_PSE        (1ul << 4)
#define CR4_PAE        (1ul << 5)
#define CR4_LA57       (1ul << 12)
#define CR4_MCE        (1ul << 6)
#define CR4_PGE        (1ul << 7)
#define CR4_OSFXSR     (1ul << 9)
#define CR4_OSXMMEXCPT (1ul << 10)
#define CR4_UMIP       (1ul << 11)
#define CR4_SMEP       (1ul << 20)
#define CR4_SMAP       (1ul << 21)
#define EFER_SCE       (1ul << 0)
#define EFER_LME       (1ul << 8)
#define EFER_NXE       (1ul << 11)

#define CONTROL_REGISTER(n)                                                                        \
    static inline unsigned long cr##n##_read(void)                                                 \
    {                                                                                              \
        unsigned long value;                                                                       \
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(value)::"memory");                            \
        return value;                                                                              \
    }                                                                                              \
    static inline void cr##n##_write(unsigned long value)                                          \
    {                                                                                              \
        __asm__ volatile("mov %0, %%cr" #n ::"r"(value) : "memory");                               \
    }
CONTROL_REGISTER(0)
CONTROL_REGISTER(2)
CONTROL_REGISTER(3)
CONTROL_REGISTER(4)
#undef CONTROL_REGISTER

/* --- ports ----------------------------------------------------------------------------------- */

static inline void port_write8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void port_write16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port));
}

static inline void port_write32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint8_t port_read8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint16_t port_read16(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint32_t port_read32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/*
 * The local descriptor table that selectors of programs may mean; NULL, 0: none. Segment registers
 * keep what they hold. With interrupts off.
 */
void cpu_load_ldt(const uint64_t *table, unsigned entries);

/* --- bring-up (kernel_main only) ------------------------------------------------------------- */

/* Feature bits and control registers of this CPU; before any mapping uses no-execute. */
void cpu_init_features(void);

/* GDT, TSS, per-CPU area of the boot CPU on static memory; GS is valid afterwards. */
void cpu_init_early(void);

/* Interrupt stacks with guard pages, from the area layer; SYSCALL registers. */
void cpu_init_stacks(void);

/* Logs one line: which protections are on, read back from the registers. */
void cpu_log_features(void);

#endif
