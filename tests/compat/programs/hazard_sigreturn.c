/* sigreturn with selectors and flags that a program may not have: who dies, by what, and who lives.
 */
#include "ldt.h"

#include <ucontext.h>

#ifdef __x86_64__
#define FIELDS  2
#define IP      REG_RIP
#define FLAGS() __builtin_ia32_readeflags_u64()
static const char *const names[FIELDS] = {"cs", "ss"};
static const unsigned selectors[] = {0,    3,    8,    0xb,  0x10, 0x13, 0x18,           0x1b,
                                     0x2b, 0x33, 0x38, 0x40, 0x43, 0x50, 0x53,           0xf8,
                                     4,    7,    0xf,  0x17, 0x1f, 0x27, SELECTOR(8191), 0xffff};
#else
#define FIELDS  6
#define IP      REG_EIP
#define FLAGS() __builtin_ia32_readeflags_u32()
static const char *const names[FIELDS] = {"cs", "ss", "ds", "es", "fs", "gs"};
static const int places[FIELDS] = {REG_CS, REG_SS, REG_DS, REG_ES, REG_FS, REG_GS};
static const unsigned selectors[] = {0,    3,    8,    0x33, 0x3b, 0x43,           0x60,
                                     0x63, 0x68, 0x6b, 0x73, 0x7b, 0x80,           0x83,
                                     0xf8, 4,    7,    0xf,  0x17, SELECTOR(8191), 0xffff};
#endif

static int field;
static unsigned selector, set_flags, clear_flags;

static void on_user(int signo, siginfo_t *info, void *context)
{
    ucontext_t *user = context;

    (void)signo;
    (void)info;
#ifdef __x86_64__
    if (field >= 0) {
        int shift = field == 0 ? 0 : 48;
        uint64_t word = (uint64_t)user->uc_mcontext.gregs[REG_CSGSFS];

        word &= ~(0xffffull << shift);
        user->uc_mcontext.gregs[REG_CSGSFS] = (greg_t)(word | (uint64_t)selector << shift);
    }
#else
    if (field >= 0)
        user->uc_mcontext.gregs[places[field]] = (greg_t)selector;
#endif
    user->uc_mcontext.gregs[REG_EFL] |= set_flags;
    user->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)clear_flags;
}

static void send(void)
{
    struct sigaction action = {.sa_sigaction = on_user, .sa_flags = SA_SIGINFO};

    sigaction(SIGUSR1, &action, NULL);
    syscall(SYS_kill, getpid(), SIGUSR1);
}

static void with_selector(void *unused)
{
    (void)unused;
    send();
}

static void each_selector(void)
{
    for (field = 0; field < FIELDS; field++)
        for (unsigned i = 0; i < sizeof selectors / sizeof *selectors; i++) {
            selector = selectors[i];
            printf("%s %#x: ", names[field], selector);
            fflush(stdout);
            in_child(with_selector, NULL);
        }
    field = -1;
}

/* IOPL, NT, RF, VM, AC, VIF, VIP, ID; DF and TF are in use. */
static void with_flags(void *unused)
{
    unsigned long flags;

    (void)unused;
    send();
    flags = FLAGS();
    __asm__ volatile("cld");
    printf("%#lx ", flags & 0x3f7600);
    fflush(stdout);
}

static void each_flag(void)
{
    static const unsigned sets[] = {0,        0x100,    0x400,   0x3000,     0x4000,
                                    0x10000,  0x20000,  0x23000, 0x40000,    0x80000,
                                    0x100000, 0x200000, 0x8002,  0xffc00000, 0x3f7000};

    for (unsigned i = 0; i < sizeof sets / sizeof *sets; i++) {
        set_flags = sets[i];
        printf("flags with %#x: ", set_flags);
        fflush(stdout);
        in_child(with_flags, NULL);
    }
    set_flags = 0;
    clear_flags = 0x202;
    printf("flags without %#x: ", clear_flags);
    fflush(stdout);
    in_child(with_flags, NULL);
    clear_flags = 0;
}

/* Entries 1 to 3: data, code, absent data. */
static void make_table(void)
{
    struct segment data = {.number = 1, .limit = 0xfffff, .in_pages = 1, .wide = 1}, code = data,
                   absent = data;

    code.number = 2;
    code.contents = CONTENTS_CODE;
    absent.number = 3;
    absent.absent = 1;
    if (write_ldt(&data) != 0 || write_ldt(&code) != 0 || write_ldt(&absent) != 0)
        puts("not written");
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    each_selector();
    each_flag();
    puts("with a local table");
    make_table();
    each_selector();
    return 0;
}
