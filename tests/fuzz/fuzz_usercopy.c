/*
 * Any bytes as accesses to a program's memory: the kernel's own copying functions, assembly and
 * exception table included, and what is built on them: the vectors of readv and writev, the
 * argument vectors of execve.
 *
 * User memory is this process's own: a window somewhere, and one that ends where the user half
 * does. Each of their pages is writable, readable or absent, as the input says. A fault comes as
 * SIGSEGV and goes to the instruction's fixup, as trap.c does it; a fault anywhere else ends the
 * run. What every call must answer and leave behind is computed from a copy of the windows, byte by
 * byte. Addresses are drawn from the windows, what lies beyond their ends, the null page and the
 * kernel half: never from this process's other memory.
 *
 * Input: bytes 0 to 5 the pages' rights, byte 6 how rare zero bytes are in them, then calls.
 */
#define _GNU_SOURCE
#include "x86/usercopy.h"

#include "core/memory.h"
#include "kernel/linux/errno.h"
#include "kernel/linux/resource.h"
#include "kernel/linux/vectors.h"
#include "kernel/proc/exec.h"
#include "x86/trap.h"

#include <asm/prctl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "must.h"

/* Four levels of page tables. */
unsigned long user_end = USER_WINDOW_END;

#define HEADER     7
#define PAGES      20 /* of the first window */
#define TOP_PAGES  4
#define ALL_PAGES  (PAGES + TOP_PAGES)
#define WINDOW     0x0000200000000000ull
#define TOP        (USER_WINDOW_END - TOP_PAGES * PAGE_SIZE)
#define CALLS_MOST 40
#define BUFFER     (3 * PAGE_SIZE)

enum { ABSENT, READABLE, WRITABLE };

struct quire kernel_machine;
unsigned cpu_may_change;

static struct thread thread;
static struct process process;
static struct cpu cpu = {.self = &cpu, .context = &thread.context};

/* What the windows must hold. */
static uint8_t copy[ALL_PAGES][PAGE_SIZE];
static uint8_t rights[ALL_PAGES];
static bool have_top;

static const uint8_t *input, *input_end;

/* ---- the host's part ---- */

void *quire_heap_resize(struct quire *q, void *block, size_t size)
{
    void *moved = realloc(block, size);

    (void)q;
    host_blocks += moved != NULL && block == NULL;
    return moved;
}

void *quire_area_alloc(struct quire *q, size_t length, const char *name)
{
    void *bytes = malloc(length);

    (void)q, (void)name;
    host_blocks += bytes != NULL;
    return bytes;
}

enum quire_status quire_area_free(struct quire *q, void *address)
{
    (void)q;
    host_blocks--;
    free(address);
    return QUIRE_OK;
}

bool kill_pending(void)
{
    return true; /* asked only when a signal waits, which the input decides */
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    struct trap_frame frame = {.ip = (uint64_t)registers[REG_RIP]};

    (void)info;
    if (!exception_fixup(&frame))
        signal(signo, SIG_DFL); /* the instruction runs once more, and that is reported */
    registers[REG_RIP] = (greg_t)frame.ip;
}

static bool map_window(uint64_t start, size_t pages)
{
    return mmap((void *)start, pages * PAGE_SIZE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)start;
}

static void start(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};

    must(map_window(WINDOW, PAGES));
    have_top = map_window(TOP, TOP_PAGES);
    must(sigaction(SIGSEGV, &action, NULL) == 0 && sigaction(SIGBUS, &action, NULL) == 0);
    must(syscall(SYS_arch_prctl, ARCH_SET_GS, &cpu) == 0);
    thread.process = &process;
    exception_table_sort();
}

/* ---- the copy ---- */

static uint8_t *page_address(unsigned page)
{
    return (uint8_t *)(page < PAGES ? WINDOW + page * PAGE_SIZE : TOP + (page - PAGES) * PAGE_SIZE);
}

/* Which page an address is in; -1: none that may be touched. */
static int page_of(uint64_t address)
{
    if (address >= WINDOW && address < WINDOW + PAGES * PAGE_SIZE)
        return (int)((address - WINDOW) / PAGE_SIZE);
    if (have_top && address >= TOP && address < USER_WINDOW_END)
        return PAGES + (int)((address - TOP) / PAGE_SIZE);
    return -1;
}

static uint8_t *copy_at(uint64_t address, unsigned right)
{
    int page = page_of(address);

    return page >= 0 && rights[page] >= right ? &copy[page][address % PAGE_SIZE] : NULL;
}

/* Bytes from an address on that may be read or written; none if the range as a whole is bad. */
static size_t reach(uint64_t address, size_t size, unsigned right)
{
    size_t n = 0;

    if (size > USER_WINDOW_END || address > USER_WINDOW_END - size)
        return 0;
    while (n < size && copy_at(address + n, right) != NULL)
        n++;
    return n;
}

static void read_copy(uint64_t address, void *to, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)to)[i] = *copy_at(address + i, READABLE);
}

static void write_copy(uint64_t address, const void *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *copy_at(address + i, WRITABLE) = ((const uint8_t *)from)[i];
}

static void set_rights(unsigned page, unsigned right)
{
    static const int protection[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE};

    if (page < PAGES || have_top)
        must(mprotect(page_address(page), PAGE_SIZE, protection[right]) == 0);
    rights[page] = (uint8_t)right;
}

static void fill_windows(unsigned rarity)
{
    uint32_t state = rarity;

    for (unsigned page = 0; page < ALL_PAGES; page++) {
        if (page >= PAGES && !have_top)
            return;
        set_rights(page, WRITABLE);
        for (unsigned i = 0; i < PAGE_SIZE; i++) {
            state = state * 1664525 + 1013904223;
            copy[page][i] = (state >> 8) % (rarity * 8 + 2) == 0 ? 0 : (uint8_t)(state >> 24 | 1);
        }
        memcpy(page_address(page), copy[page], PAGE_SIZE);
    }
}

static void compare_windows(void)
{
    for (unsigned page = 0; page < ALL_PAGES; page++)
        if (rights[page] != ABSENT && (page < PAGES || have_top))
            must(memcmp(page_address(page), copy[page], PAGE_SIZE) == 0);
}

/* ---- choices ---- */

static unsigned byte(void)
{
    return input < input_end ? *input++ : 0;
}

static uint64_t choose_address(void)
{
    static const uint64_t edges[] = {
        0,
        8,
        USER_WINDOW_END,
        USER_WINDOW_END - 1,
        USER_WINDOW_END - 8,
        USER_WINDOW_END - 16,
        USER_WINDOW_END + 8,
        1ull << 47,
        1ull << 63,
        0xffff800000000000,
        0xffffffff80100000,
        ~0ull - 7,
        ~0ull,
    };
    unsigned choice = byte();
    uint64_t address;

    if (choice < 32) {
        address = edges[choice % ARRAY_SIZE(edges)];
        /* Without the window nothing of ours is there, but something of the host's may be. */
        return !have_top && address < USER_WINDOW_END && address > PAGE_SIZE ? 0 : address;
    }
    address = choice < 208 ? WINDOW + byte() * PAGE_SIZE % (PAGES * PAGE_SIZE)
                           : TOP + byte() % TOP_PAGES * PAGE_SIZE;
    if (!have_top && address >= TOP)
        address = WINDOW;
    choice = byte();
    return choice < 128 ? address + choice : address + PAGE_SIZE - (choice - 127);
}

static size_t choose_size(void)
{
    unsigned choice = byte();

    if (choice < 180)
        return choice;
    if (choice < 240)
        return byte() * 40 + choice;
    return choice < 248 ? USER_WINDOW_END - choice : ~0ull - byte() * 999;
}

/* ---- calls ---- */

static void check_copies(uint64_t address, size_t size, bool out)
{
    size_t room = size < BUFFER ? size : BUFFER, moved;
    uint8_t *buffer = malloc(BUFFER + 16), *expected = malloc(BUFFER + 16);

    /* A size that the buffer has not may be asked for only where the range must be refused. */
    if (size > BUFFER && size <= USER_WINDOW_END && address <= USER_WINDOW_END - size)
        size = room;
    must(buffer != NULL && expected != NULL);
    for (unsigned i = 0; i < BUFFER + 16; i++)
        buffer[i] = (uint8_t)(i * 31 + size);
    memcpy(expected, buffer, BUFFER + 16);
    moved = reach(address, size, out ? WRITABLE : READABLE);
    if (out) {
        must(copy_to_user((void *)address, buffer, size) == size - moved);
        write_copy(address, buffer, moved);
    } else {
        must(copy_from_user(buffer, (void *)address, size) == size - moved);
        read_copy(address, expected, moved);
    }
    must(memcmp(buffer, expected, BUFFER + 16) == 0);
    free(buffer);
    free(expected);
}

static void check_clear(uint64_t address, size_t size)
{
    size_t moved;

    if (size > BUFFER && size <= USER_WINDOW_END && address <= USER_WINDOW_END - size)
        size %= BUFFER;
    moved = reach(address, size, WRITABLE);
    must(clear_user((void *)address, size) == size - moved);
    for (size_t i = 0; i < moved; i++)
        *copy_at(address + i, WRITABLE) = 0;
}

/* The length of a string, as strnlen_user must say it. */
static long string_length(uint64_t address, size_t limit)
{
    for (size_t n = 0; n < limit; n++) {
        const uint8_t *at = copy_at(address + n, READABLE);

        if (address + n < address || at == NULL)
            return USERCOPY_FAULT;
        if (*at == 0)
            return (long)n;
    }
    return (long)limit;
}

static void check_strings(uint64_t address, size_t limit)
{
    char buffer[512];
    long length;

    if (limit > 1ul << 40)
        limit = 1ul << 40;
    must(strnlen_user((char *)address, limit) == string_length(address, limit));
    if (limit > sizeof buffer)
        limit = sizeof buffer;
    memset(buffer, 0x77, sizeof buffer);
    length = strncpy_from_user(buffer, (char *)address, limit);
    must(length == string_length(address, limit));
    if (length < 0)
        return;
    for (size_t i = 0; i < sizeof buffer; i++)
        must(i < limit && i <= (size_t)length ? buffer[i] == (char)*copy_at(address + i, READABLE)
                                              : buffer[i] == 0x77);
}

#define check_word(bits)                                                                           \
    do {                                                                                           \
        uint##bits##_t value = 0, expected = 0, n = bits / 8;                                      \
        bool bad = reach(address, n, READABLE) != n;                                               \
        must(get_user(&value, (uint##bits##_t *)address) == (bad ? USERCOPY_FAULT : 0));           \
        if (!bad)                                                                                  \
            read_copy(address, &expected, n);                                                      \
        must(value == expected);                                                                   \
        value = (uint##bits##_t)0x8877665544332211;                                                \
        bad = reach(address, n, WRITABLE) != n;                                                    \
        must(put_user(value, (uint##bits##_t *)address) == (bad ? USERCOPY_FAULT : 0));            \
        if (!bad)                                                                                  \
            write_copy(address, &value, n);                                                        \
    } while (0)

static void check_words(uint64_t address)
{
    check_word(8);
    check_word(16);
    check_word(32);
    check_word(64);
}

static void check_exchange(uint64_t address)
{
    uint32_t found = 5, there = 0;
    int result;

    address &= ~3ull;
    result = cmpxchg_user_u32((uint32_t *)address, 0x41414141, 3, &found);
    must(result == (reach(address, 4, WRITABLE) == 4 ? 0 : USERCOPY_FAULT));
    if (result != 0)
        return;
    read_copy(address, &there, 4);
    must(found == there && there != 0x41414141);
    must(cmpxchg_user_u32((uint32_t *)address, there, ~there, &found) == 0 && found == there);
    there = ~there;
    write_copy(address, &there, 4);
}

static void check_fault_in(uint64_t address, size_t size, bool write)
{
    bool good = size <= USER_WINDOW_END && address <= USER_WINDOW_END - size;

    if (good && size > BUFFER)
        size = BUFFER;
    for (uint64_t at = address; good && at < address + size; at = (at | (PAGE_SIZE - 1)) + 1)
        good = copy_at(at, write ? WRITABLE : READABLE) != NULL;
    must(usercopy_fault_in((void *)address, size, write) == (good ? 0 : USERCOPY_FAULT));
}

/* ---- vectors ---- */

/* Puts words into user memory, where that is possible; the pages' rights are as the input said. */
static void plant(uint64_t address, uint64_t word)
{
    if (reach(address, 8, WRITABLE) != 8)
        return;
    memcpy((void *)address, &word, 8);
    write_copy(address, &word, 8);
}

static void check_vectors(uint64_t list, unsigned count)
{
    struct iovec_abi expected[64];
    size_t total = 0, step = 1 + byte() * 16, moved;
    struct vectors v;
    bool in = byte() % 2;
    int result, wanted = 0;

    for (unsigned i = 0; i < count && i < 12; i++) {
        plant(list + 16 * i, choose_address());
        plant(list + 16 * i + 8, choose_size());
    }
    if (count > 64)
        count = byte() % 2 ? 64 : 1025 + count;
    result = vectors_get(&v, list, count);
    if (count > 1024) {
        must(result == -EINVAL);
        return;
    }
    if (reach(list, count * 16, READABLE) != count * 16) {
        must(count == 0 ? result == 0 || result == -EFAULT : result == -EFAULT);
        if (result == 0)
            vectors_done(&v);
        return;
    }
    read_copy(list, expected, count * 16);
    for (unsigned i = 0; i < count && wanted == 0; i++) {
        if ((int64_t)expected[i].length < 0)
            wanted = -EINVAL;
        else if (expected[i].length > USER_WINDOW_END ||
                 expected[i].base > USER_WINDOW_END - expected[i].length)
            wanted = -EFAULT;
        if (expected[i].length > RW_LIMIT - total)
            expected[i].length = RW_LIMIT - total;
        total += expected[i].length;
    }
    must(result == wanted);
    if (result != 0)
        return;
    must(v.transfer.length == total);

    /* The kernel moves it in steps; each piece goes as far as memory lets it. */
    for (unsigned i = 0; i < count; i++) {
        size_t done = 0,
               good = reach(expected[i].base, expected[i].length, in ? READABLE : WRITABLE);

        while (done < expected[i].length) {
            uint8_t buffer[PAGE_SIZE];
            size_t n = expected[i].length - done < step ? expected[i].length - done : step;
            size_t can = good - done < n ? good - done : n;

            memset(buffer, (int)n, sizeof buffer);
            if (in) {
                moved = transfer_in(&v.transfer, buffer, n);
                for (size_t j = 0; j < moved; j++)
                    must(buffer[j] == *copy_at(expected[i].base + done + j, READABLE));
            } else {
                moved = transfer_out(&v.transfer, buffer, n);
                write_copy(expected[i].base + done, buffer, can);
            }
            must(moved == can);
            done += moved;
            if (moved < n) {
                vectors_done(&v);
                return;
            }
        }
    }
    must(v.transfer.length == 0 && transfer_in(&v.transfer, &step, 8) == 0);
    vectors_done(&v);
}

/* ---- arguments ---- */

struct expected_strings {
    uint32_t count;
    size_t bytes;
    int error;
};

/* One vector, by the book; compares with what was copied from `at` on. */
static struct expected_strings expect_strings(uint64_t vector, const char *at, size_t used,
                                              size_t limit)
{
    struct expected_strings expected = {0};

    for (; vector != 0; vector += 8) {
        uint64_t pointer = 0;
        long length;

        if (reach(vector, 8, READABLE) != 8)
            expected.error = -EFAULT;
        else
            read_copy(vector, &pointer, 8);
        if (expected.error != 0 || pointer == 0)
            return expected;
        length = string_length(pointer, 128 * 1024);
        if (length < 0)
            expected.error = -EFAULT;
        else if (used + expected.bytes + (size_t)length + 1 > limit ||
                 expected.count >= limit / 8 - 8)
            expected.error = -E2BIG;
        if (expected.error != 0)
            return expected;
        for (long i = 0; at != NULL && i <= length; i++)
            must(at[expected.bytes + (size_t)i] == (char)*copy_at(pointer + i, READABLE));
        expected.bytes += (size_t)length + 1;
        expected.count++;
    }
    return expected;
}

static void check_arguments(uint64_t argv, uint64_t envp)
{
    struct exec_strings strings;
    struct expected_strings arguments, environment = {0};
    unsigned planted = byte() % 24;
    int result;

    for (unsigned i = 0; i < planted; i++)
        plant(argv + i * 8, i + 1 == planted ? 0 : choose_address());
    for (unsigned i = 0; i < planted / 2; i++)
        plant(envp + i * 8, i + 1 == planted / 2 ? 0 : choose_address());
    process.limits[RLIMIT_STACK].soft = byte() << 14;
    exec_strings_init(&strings);
    must(strings.limit >= 128 * 1024);
    result = exec_strings_from_user(&strings, (void *)argv, (void *)envp);
    arguments = expect_strings(argv, result == 0 ? strings.bytes : NULL, 0, strings.limit);
    if (arguments.error == 0)
        environment =
            expect_strings(envp, result == 0 ? strings.bytes + strings.environment_start : NULL,
                           arguments.count ? arguments.bytes : 1, strings.limit);
    if (result == 0) {
        must(arguments.error == 0 && environment.error == 0);
        must(strings.argument_count == (arguments.count ? arguments.count : 1));
        must(strings.environment_count == environment.count);
        must(strings.size == strings.environment_start + environment.bytes);
        must(strings.environment_start == (arguments.count ? arguments.bytes : 1));
        must(strings.size + 8ull * (strings.argument_count + strings.environment_count) <=
             strings.limit);
    } else if (result == -E2BIG) {
        must(arguments.error == -E2BIG || environment.error == -E2BIG ||
             arguments.bytes + environment.bytes + 9 +
                     8ull * (arguments.count + environment.count) >
                 strings.limit);
    } else {
        must(result == -EFAULT && (arguments.error == -EFAULT || environment.error == -EFAULT));
    }
    exec_strings_done(&strings);
}

/* ---- one input ---- */

static void call(void)
{
    unsigned choice = byte();
    uint64_t address = choose_address();

    switch (choice % 10) {
    case 0:
        check_copies(address, choose_size(), false);
        break;
    case 1:
        check_copies(address, choose_size(), true);
        break;
    case 2:
        check_clear(address, choose_size());
        break;
    case 3:
        check_strings(address, choose_size());
        break;
    case 4:
        check_words(address);
        break;
    case 5:
        check_exchange(address);
        break;
    case 6:
        check_fault_in(address, choose_size(), choice >= 128);
        break;
    case 7:
    case 8:
        check_vectors(address, byte());
        break;
    default:
        check_arguments(address, choose_address());
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEADER)
        return 0;
    if (cpu.self->context == &thread.context && thread.process == NULL)
        start();
    fill_windows(data[6]);
    for (unsigned page = 0; page < ALL_PAGES; page++) {
        static const uint8_t right[] = {WRITABLE, WRITABLE, READABLE, ABSENT};

        set_rights(page, right[data[page / 4] >> page % 4 * 2 & 3]);
    }
    input = data + HEADER;
    input_end = data + size;
    for (unsigned i = 0; i < CALLS_MOST && input < input_end; i++)
        call();
    compare_windows();
    must(host_blocks == 0);
    return 0;
}
