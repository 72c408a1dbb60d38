/*
 * The simulated machine: RAM, CPUs with an MMU and a TLB that forget nothing unasked, a disk that
 * can fail. It answers the library's hooks, so that the same library runs on it as on a PC.
 *
 * Two ways to run several CPUs. sim_run(): the CPUs are coroutines of one host thread and change
 * over at the library's atomic accesses, locks and flushes, in an order drawn from the seed: the
 * same seed gives the same run. sim_run_threads(): each CPU is a host thread (for ThreadSanitizer).
 * Outside both, sim_enter() makes the calling thread act as one CPU.
 *
 * What is wrong ends the process through sim_fail(): a report with seed, step, CPU and the last
 * events.
 */
#ifndef SIM_H
#define SIM_H

#include <pthread.h>
#include <ucontext.h>

#include <quire/quire.h>

#define SIM_CPUS 16

/* ---- random numbers ---- */

struct sim_random {
    uint64_t state;
};

/* Uniform in [0, n); n > 0. */
uint64_t sim_random_below(struct sim_random *random, uint64_t n);
/* True once in n. */
bool sim_random_once_in(struct sim_random *random, uint64_t n);

/* ---- MMU ---- */

/* A translation that a CPU remembers. */
struct sim_tlb_entry {
    quire_virt page;  /* first address of the page it covers */
    quire_phys frame; /* of that page */
    unsigned level;   /* 1: 4 KiB, 2: 2 MiB, 3: 1 GiB */
    bool used, write, user, execute, global, dirty;
    uint64_t last_use; /* with a limit: when it was hit */
    int32_t next;      /* in its hash chain, or in the list of free entries */
};

/* An entry above the leaf that a CPU remembers: where the table of `level` for this prefix is. */
struct sim_structure_entry {
    quire_virt prefix; /* address bits above the table's reach */
    quire_phys table;
    unsigned level; /* of the table it leads to: 1 .. levels - 1 */
    bool write, user, execute;
};

#define SIM_TLB_BUCKETS       256
#define SIM_STRUCTURE_ENTRIES 32
#define SIM_RECENT            32

struct sim_mmu {
    pthread_mutex_t mutex; /* taken by others to flush; held during one access: an interrupt comes
                              between two */
    quire_phys root;       /* 0: paging is off */
    quire_entry fixed[QUIRE_ROOT_ENTRIES]; /* with QUIRE_ROOT_FIXED: the root's entries as they were
                                              when it was loaded */
    struct sim_tlb_entry *entry;
    int32_t capacity, free; /* free: first unused entry */
    int32_t bucket[SIM_TLB_BUCKETS];
    int32_t large; /* chain of entries above level 1 */
    size_t count;
    struct sim_structure_entry structure[SIM_STRUCTURE_ENTRIES];
    unsigned structures;
    quire_virt recent[SIM_RECENT]; /* addresses that speculation starts from */
    unsigned recent_next;
    bool accessing; /* between the start of a walk and the end of the access */
    uint64_t hits, misses, flushes;
    uint64_t evictions; /* with a limit on entries */
};

/* ---- CPUs ---- */

struct sim_machine;

enum sim_cpu_state {
    SIM_CPU_OFF, /* not inside sim_run */
    SIM_CPU_READY,
    SIM_CPU_ASLEEP, /* in quire_hook_sleep */
    SIM_CPU_DONE,
};

#define SIM_FRAME_SLOTS 8

/* A device's memory at these physical addresses: the MMU reaches it, the library must not. */
#define SIM_DEVICE_START ((quire_phys)0x800000)
#define SIM_DEVICE_BYTES ((size_t)64 * 1024)

/* Where kernel areas are. */
#define SIM_AREA_BYTES ((size_t)256 << 20)
#define SIM_AREA_START ((quire_virt)0 - 2 * SIM_AREA_BYTES)

struct sim_cpu {
    struct sim_here here;    /* first: what the inlined hooks use */
    uint32_t held_countdown; /* while sim_hold() */
    struct sim_machine *machine;
    struct sim_mmu mmu;
    struct quire_space *space; /* loaded, or NULL */
    struct sim_random random;  /* threads only; coroutines share the machine's */
    /* temporary slots for frames beyond the direct map */
    uint8_t *slot_window;
    unsigned slots_used;
    /* coroutine */
    enum sim_cpu_state state;
    const void *sleep_key;
    ucontext_t context;
    uint8_t *stack;
    void *fake_stack;
    void (*task)(struct sim_cpu *cpu, void *argument);
    void *argument;
};

/* ---- the machine ---- */

struct sim_options {
    unsigned cpus;    /* 1 .. SIM_CPUS */
    uint32_t frames;  /* of RAM, about; 64 of them below 16 MiB */
    uint32_t high;    /* how many of those lie beyond the direct map */
    uint32_t reserve; /* frames kept for write-out */
    unsigned levels;  /* of page tables; 0: QUIRE_LEVELS of the environment, or the format's */
    uint64_t seed;
    unsigned point_mean; /* points between two change-overs, on average; 0: never */
    bool threads;        /* for sim_run_threads */
    bool swap;           /* the reclaimer takes pages from spaces and objects too */
    bool self_map;       /* programs see their page tables; QUIRE_SELF_MAP=1 in the environment: in
                            all machines */
    size_t tlb_entries;  /* the least recently used one goes when there are so many; 0: any number,
                            so that nothing is forgotten unasked */
};

/* In one step of the test the reclaimer gives so often. */
#define SIM_RECLAIMS 64

#define SIM_EVENTS 64
#define SIM_LINES  32

/* A write that has started and not ended. */
struct sim_write {
    uint64_t slot;
    quire_phys frame;
    bool failed;
};

#define SIM_WRITES 64

/* A disk of pages behind the slots, and its faults. */
struct sim_disk {
    struct sim_write write[SIM_WRITES];
    unsigned writing;
    uint8_t (*page)[4096];
    bool *valid;
    uint64_t pages;
    uint64_t reads, writes;         /* pages that were moved */
    uint64_t read_runs, write_runs; /* transfers that were asked for */
    uint64_t bad_slot;              /* every transfer of it fails; 0: none */
    uint64_t fail_at;               /* the n-th transfer from now on fails (1: the next); 0: none */
    unsigned fail_once_in;          /* random failures; 0: none */
    unsigned write_fail_once_in;    /* of writes alone */
    unsigned read_fail_once_in;     /* of reads alone */
    uint64_t read_failures;         /* pages */
};

struct sim_machine {
    struct quire *q;
    struct sim_options options;
    struct sim_random random;
    struct sim_cpu *cpu;
    uint64_t steps;    /* the test counts its operations here, for reports */
    const char *doing; /* and says what it does */
    /* RAM */
    int memory; /* file descriptor */
    quire_phys ram_end, direct_end;
    uint8_t *direct; /* what the library sees: nothing beyond direct_end */
    uint8_t *view;   /* what the MMU sees: everything */
    uint8_t *windows;
    uint32_t *held; /* per frame: how many TLB and structure entries of all CPUs refer to it */
    bool *stored;   /* per frame: user stores went there since it was allocated */
    /* running */
    ucontext_t scheduler;
    void *scheduler_fake_stack;
    const void *scheduler_stack;
    size_t scheduler_stack_size;
    bool running;
    uint64_t relaxed; /* turns of waiting since somebody last did something */
    uint64_t clock;
    /* faults to inject */
    uint64_t fail_allocation_at;      /* the n-th frame allocation from now on fails; 0: none */
    unsigned fail_allocation_once_in; /* random failures; 0: none */
    uint64_t allocations;             /* attempts so far */
    uint64_t allocation_failures;     /* injected so far */
    uint64_t lowest_free;             /* fewest free frames seen by an allocation */
    uint64_t reclaim_step;            /* when memory was short last */
    unsigned reclaims;                /* times in that step */
    struct sim_disk disk;
    /* reports */
    struct quire_trace_event event[SIM_EVENTS];
    uint64_t events;
    char line[SIM_LINES][160];
    uint64_t lines;
    void (*on_failure)(struct sim_machine *machine, const char *text); /* NULL: print and exit */
};

/* A machine with its library brought up to spaces; the caller runs as CPU 0. Never NULL. */
struct sim_machine *sim_create(const struct sim_options *options);
/* The library's own structures vanish with the RAM. */
void sim_destroy(struct sim_machine *machine);

/* The calling host thread acts as this CPU from now on. */
void sim_enter(struct sim_machine *machine, unsigned cpu);
/* The CPU that the caller is. */
struct sim_cpu *sim_this_cpu(void);

/* Runs task[i] on CPU i (NULL: nothing), interleaved by the seed, until all have returned. */
void sim_run(struct sim_machine *machine, void (*const *task)(struct sim_cpu *, void *),
             void *const *argument);
/* The same on host threads. */
void sim_run_threads(struct sim_machine *machine, void (*const *task)(struct sim_cpu *, void *),
                     void *const *argument);

/* The frame's content is somewhere else too now: what was stored to it until now counts no more. */
void sim_forget_stores(struct sim_machine *machine, const struct quire_frame *frame);

/*
 * While a test looks at the machine nothing happens by chance, so that looking more often changes
 * nothing: points are not counted between sim_hold(true) and sim_hold(false).
 */
void sim_hold(struct sim_machine *machine, bool hold);

/* Every CPU passes a quiet point, often enough that all that was deferred is freed. */
void sim_quiesce(struct sim_machine *machine);

/* Prints the report and exits with status 1. */
void sim_fail(struct sim_machine *machine, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

/* ---- what programs and kernels do on a CPU ---- */

/* Load a space's root (NULL: the kernel's). */
void sim_switch(struct sim_cpu *cpu, struct quire_space *space);

/*
 * A user access of 8 bytes (not across a page): translation, rights, page fault, quire_space_fault,
 * once more. QUIRE_OK, or why the program would get a signal.
 */
enum quire_status sim_load(struct sim_cpu *cpu, quire_virt address, uint64_t *out);
enum quire_status sim_store(struct sim_cpu *cpu, quire_virt address, uint64_t value);
enum quire_status sim_fetch(struct sim_cpu *cpu, quire_virt address, uint64_t *out);

/* A kernel access, to an area for example: false where nothing is mapped or it is not allowed. */
bool sim_kernel_load(struct sim_cpu *cpu, quire_virt address, uint64_t *out);
bool sim_kernel_store(struct sim_cpu *cpu, quire_virt address, uint64_t value);

/* Speculation: the CPU walks to an address near one it used and remembers what it finds. */
void sim_speculate(struct sim_cpu *cpu);

/*
 * At a quiet point: every TLB entry and every structure entry of every CPU agrees with the tables,
 * and gives no right that they do not give. Ends in sim_fail().
 */
void sim_audit(struct sim_machine *machine);

/* ---- between the parts of the simulator ---- */

uint64_t sim_draw(struct sim_cpu *cpu, uint64_t n); /* from the CPU's or the machine's generator */
void sim_yield(struct sim_cpu *cpu);                /* let another coroutine run */
uint8_t *sim_bytes(struct sim_machine *machine, quire_phys address);
void sim_mmu_init(struct sim_cpu *cpu);
void sim_mmu_destroy(struct sim_cpu *cpu);
void sim_mmu_set_root(struct sim_cpu *cpu, quire_phys root);
void sim_mmu_drop(struct sim_cpu *cpu, quire_virt start, quire_virt end, bool global);
/* Every write that has started ends. */
void sim_disk_finish(struct sim_machine *machine);
void sim_disk_destroy(struct sim_machine *machine);

#endif
