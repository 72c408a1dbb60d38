/*
 * The grammar: mappings, their rights, advice, locks, limits. Each function draws one call, makes
 * it and tells it in one record: what was asked, what came back, and often what a few words of the
 * memory concerned are now (not always: looking fills pages, and empty ones are to be met too).
 *
 * Not asked for, because the answer is not the memory system's or cannot be the same: sizes that
 * only the amount of memory refuses; userfaultfd, which quire does not have; advice that poisons
 * frames.
 */
#define _GNU_SOURCE
#include "sequence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif
#define GROWS_DOWN 0x01000000ul /* PROT_GROWSDOWN */
#define GROWS_UP   0x02000000ul

bool privileged;
bool is_child;

static const char *protection_name(unsigned protection)
{
    static const char *const names[] = {"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx"};

    return names[protection & 7];
}

static void sometimes_look(struct draw *draw, uint64_t address, uint64_t length)
{
    uint64_t pages = (length + PAGE - 1) / PAGE;

    if (one_in(draw, 2) || pages > 1ul << 20)
        return;
    look(address, pages > 6 ? 6 : pages ? (unsigned)pages : 1);
}

/* ---- mmap and its kin ---- */

static uint64_t draw_map_flags(struct draw *draw)
{
    static const uint64_t more[] = {
        0x100 /* GROWSDOWN */,   0x2000 /* LOCKED */,
        0x4000 /* NORESERVE */,  0x4000,
        0x8000 /* POPULATE */,   0x8000,
        0x10000 /* NONBLOCK */,  0x20000 /* STACK */,
        0x40 /* 32BIT */,        0x800 /* DENYWRITE */,
        0x1000 /* EXECUTABLE */, 0x4000000 /* UNINITIALIZED */,
        0x8000 | 0x10000,        0x100 | 0x20000,
        0x200000 /* unknown */,
    };
    uint64_t flags = one_in(draw, 3) ? MAP_SHARED : MAP_PRIVATE;

    if (one_in(draw, 30)) /* MAP_SHARED_VALIDATE, which alone looks at MAP_SYNC */
        flags = one_in(draw, 4) ? 3 | MAP_SYNC : 3;
    if (one_in(draw, 60))
        flags = below(draw, 16);
    while (one_in(draw, 3))
        flags |= more[below(draw, sizeof more / sizeof *more)];
    return flags;
}

static void call_mmap(struct draw *draw)
{
    uint64_t address = draw_address(draw), length = draw_length(draw), offset = 0;
    uint64_t protection = draw_protection(draw), flags = draw_map_flags(draw), file = (uint64_t)-1;
    long result;

    switch (below(draw, 20)) {
    case 0:
    case 1:
    case 2:
    case 3:
        address = 0;
        break;
    case 4:
    case 5:
    case 6:
        break; /* a wish */
    case 7:
    case 8:
        flags |= MAP_FIXED_NOREPLACE;
        break;
    default:
        flags |= MAP_FIXED;
    }
    if (!one_in(draw, 3)) {
        flags |= MAP_ANONYMOUS;
        if (one_in(draw, 20))
            offset = below(draw, 4) * PAGE;
    } else {
        file = draw_file(draw);
        offset = one_in(draw, 2) ? 0 : below(draw, 6) * PAGE;
        if (one_in(draw, 40))
            offset = one_in(draw, 2) ? 0ull - PAGE : 100;
    }
    result = raw(SYS_mmap, address, length, protection, flags, file, offset);
    emit("mmap %s %s %s flags %lx file %ld offset %lx", at(address), size(length),
         protection_name((unsigned)protection), flags, (long)file, offset);
    emit_place(result);
    if (result > 0)
        sometimes_look(draw, (uint64_t)result, length);
    emit("\n");
}

/* Something to play with: anonymous or a file's, in the arena's first island. */
static void first_mapping(struct draw *draw, uint64_t start, uint64_t pages)
{
    static const uint64_t kinds[] = {0x32, 0x32, 0x32, 0x31, 0x11, 0x12};
    uint64_t flags = kinds[below(draw, 6)], protection = one_in(draw, 4) ? 1 : 3;
    uint64_t address = arena_at(start);

    emit("start: mmap %s %lup %lu flags %lx", at(address), pages, protection, flags);
    emit_place(raw(SYS_mmap, address, pages * PAGE, protection, flags, FIRST, 0));
    if (one_in(draw, 2))
        look(address, 4);
    emit("\n");
}

static void call_munmap(struct draw *draw)
{
    uint64_t address = draw_address(draw), length = draw_length(draw);

    emit("munmap %s %s", at(address), size(length));
    emit_result(raw(SYS_munmap, address, length, 0, 0, 0, 0));
    sometimes_look(draw, address & ~(PAGE - 1), length);
    emit("\n");
}

static void call_mprotect(struct draw *draw)
{
    uint64_t address = draw_address(draw), length = draw_length(draw);
    uint64_t protection = draw_protection(draw), key = (uint64_t)(int64_t)(int)below(draw, 4) - 1;

    the_log->hidden |= protection == PROT_NONE;
    if (one_in(draw, 15))
        protection |= GROWS_DOWN;
    if (one_in(draw, 60))
        protection |= one_in(draw, 2) ? GROWS_UP : 0x10;
    if (one_in(draw, 12)) {
        emit("pkey_mprotect %s %s %lx key %d", at(address), size(length), protection, (int)key);
        emit_result(raw(SYS_pkey_mprotect, address, length, protection, key, 0, 0));
    } else {
        emit("mprotect %s %s %s %lx", at(address), size(length),
             protection_name((unsigned)protection), protection);
        emit_result(raw(SYS_mprotect, address, length, protection, 0, 0, 0));
    }
    sometimes_look(draw, address & ~(PAGE - 1), length);
    emit("\n");
}

static void call_mremap(struct draw *draw)
{
    static const uint64_t usual[] = {0,
                                     MREMAP_MAYMOVE,
                                     MREMAP_MAYMOVE,
                                     MREMAP_MAYMOVE | MREMAP_FIXED,
                                     MREMAP_MAYMOVE | MREMAP_FIXED,
                                     MREMAP_MAYMOVE | 4,
                                     MREMAP_MAYMOVE | MREMAP_FIXED | 4};
    uint64_t old = draw_address(draw), length = draw_length(draw), wanted = draw_length(draw);
    uint64_t flags = usual[below(draw, sizeof usual / sizeof *usual)], new = draw_address(draw);
    bool apart;
    long result;

    if (one_in(draw, 40))
        flags = below(draw, 16);
    if (flags & 4 && !one_in(draw, 8))
        wanted = length;
    if (one_in(draw, 15))
        length = 0;
    result = raw(SYS_mremap, old, length, wanted, flags, new, 0);
    apart = result == -EFAULT && kept_apart(old, old + length);
    emit("mremap %s %s to %s flags %lx %s", at(old), size(length), size(wanted), flags, at(new));
    emit_place(result);
    if (result > 0)
        sometimes_look(draw, (uint64_t)result, wanted);
    sometimes_look(draw, old & ~(PAGE - 1), length);
    emit("\n");
    if (apart)
        emit("# kept apart\n");
}

static void call_brk(struct draw *draw)
{
    uint64_t now = (uint64_t)raw(SYS_brk, 0, 0, 0, 0, 0, 0), wanted;

    wanted = now + below(draw, 6 * PAGE) - below(draw, 5 * PAGE);
    if (one_in(draw, 20))
        wanted = draw_address(draw);
    if (one_in(draw, 2))
        wanted &= ~(PAGE - 1);
    emit("brk %s", at(wanted));
    emit_place(raw(SYS_brk, wanted, 0, 0, 0, 0, 0));
    if (one_in(draw, 2))
        look(heap_page(0), 3);
    emit("\n");
}

static void call_remap_file_pages(struct draw *draw)
{
    uint64_t address = draw_address(draw), length = draw_length(draw);
    uint64_t protection = one_in(draw, 8) ? draw_protection(draw) : 0;
    uint64_t page = one_in(draw, 20) ? 0ull - 2 : below(draw, 8), flags = one_in(draw, 4) << 16;

    emit("remap_file_pages %s %s %lx page %ld flags %lx", at(address), size(length), protection,
         (long)page, flags);
    emit_result(raw(SYS_remap_file_pages, address, length, protection, page, flags, 0));
    sometimes_look(draw, address & ~(PAGE - 1), length);
    emit("\n");
}

/* ---- advice, residence, locks ---- */

static void call_madvise(struct draw *draw)
{
    /* Not 100 and 101, which poison frames; not 12 and 13, sharing of equal pages. */
    static const uint8_t advices[] = {0,  1,  2,  3,  4,  4,  4,  4,  8,  8,  9,  9,  10, 11, 14,
                                      15, 16, 17, 18, 18, 19, 20, 21, 22, 22, 23, 23, 5,  24, 99};
    uint64_t address = draw_address(draw), length = draw_length(draw);
    uint64_t advice = advices[below(draw, sizeof advices)];

    the_log->paged_out |= advice == 21;
    emit("madvise %s %s %lu", at(address), size(length), advice);
    emit_result(raw(SYS_madvise, address, length, advice, 0, 0, 0));
    sometimes_look(draw, address & ~(PAGE - 1), length);
    emit("\n");
}

static void call_mincore(struct draw *draw)
{
    static uint8_t vector[4096];
    uint64_t address = draw_address(draw), length = draw_length(draw);
    uint64_t pages = (length + PAGE - 1) / PAGE, where = (uint64_t)vector;
    long result;

    if (pages > sizeof vector || one_in(draw, 20))
        where = draw_page(draw);
    memset(vector, 9, pages > sizeof vector ? 0 : pages);
    result = raw(SYS_mincore, address, length, where, 0, 0, 0);
    emit("mincore %s %s", at(address), size(length));
    emit_result(result);
    /* Pages that were only read are told differently: in a child, when the kernel shares tables;
     * when process_vm_readv() had them in its hands; and after all rights were taken. */
    if (result == 0 && where == (uint64_t)vector && !is_child && !the_log->pinned &&
        !the_log->hidden) {
        emit(": ");
        for (unsigned i = 0; i < pages && i < 64; i++)
            emit("%u", vector[i]);
    }
    emit("\n");
}

static void call_msync(struct draw *draw)
{
    uint64_t address = draw_address(draw), length = draw_length(draw), flags = below(draw, 9);

    emit("msync %s %s %lu", at(address), size(length), flags);
    emit_result(raw(SYS_msync, address, length, flags, 0, 0, 0));
    emit("\n");
}

static void call_mlock(struct draw *draw)
{
    uint64_t address = draw_address(draw), length = draw_length(draw), flags = below(draw, 3);

    switch (below(draw, 5)) {
    case 0:
    case 1:
        emit("munlock %s %s", at(address), size(length));
        emit_result(raw(SYS_munlock, address, length, 0, 0, 0, 0));
        break;
    case 2:
        emit("mlock2 %s %s %lu", at(address), size(length), flags);
        emit_result(raw(SYS_mlock2, address, length, flags, 0, 0, 0));
        break;
    default:
        emit("mlock %s %s", at(address), size(length));
        emit_result(raw(SYS_mlock, address, length, 0, 0, 0, 0));
    }
    sometimes_look(draw, address & ~(PAGE - 1), length);
    emit("\n");
}

static void call_mlockall(struct draw *draw)
{
    uint64_t flags = one_in(draw, 4) ? below(draw, 9) : 2 + below(draw, 2) * 4;

    if (one_in(draw, 2)) {
        emit("munlockall");
        emit_result(raw(SYS_munlockall, 0, 0, 0, 0, 0, 0));
    } else {
        emit("mlockall %lu", flags);
        emit_result(raw(SYS_mlockall, flags, 0, 0, 0, 0, 0));
    }
    emit("\n");
}

/* ---- limits ---- */

/* In KiB, from /proc/self/status; 0 when it is not there. */
static long status_field(const char *name)
{
    static char text[4096];
    int file = open("/proc/self/status", O_RDONLY);
    ssize_t n = file < 0 ? 0 : read(file, text, sizeof text - 1);
    char *found;

    close(file);
    text[n > 0 ? n : 0] = 0;
    found = strstr(text, name);
    return found ? atol(found + strlen(name)) : 0;
}

/* Relative to what is used now: two kernels put different things beside a program. */
static void call_limit(struct draw *draw)
{
    static const int resources[] = {RLIMIT_AS, RLIMIT_AS, RLIMIT_DATA, RLIMIT_DATA, RLIMIT_MEMLOCK};
    int resource = resources[below(draw, 5)];
    long most = below(draw, 24), used = 0;
    struct rlimit limit;

    if (resource == RLIMIT_AS)
        used = status_field("VmSize:") / 4;
    else if (resource == RLIMIT_DATA)
        used = status_field("VmData:") / 4;
    getrlimit(resource, &limit);
    limit.rlim_cur = (rlim_t)(used + most) * PAGE + (one_in(draw, 4) ? 100 : 0);
    if (one_in(draw, 3) || (privileged && one_in(draw, 2)))
        limit.rlim_cur = limit.rlim_max;
    emit("limit %d %ld", resource,
         limit.rlim_cur == limit.rlim_max ? -1 : (long)(limit.rlim_cur / PAGE) - used);
    emit_result(setrlimit(resource, &limit));
    emit("\n");
}

static void call_usage(struct draw *draw)
{
    static long size_before, data_before;
    long now_size = status_field("VmSize:"), now_data = status_field("VmData:");

    (void)draw;
    emit("usage: size %+ld data %+ld anonymous %ld\n", size_before ? now_size - size_before : 0,
         size_before ? now_data - data_before : 0, 0l);
    size_before = now_size;
    data_before = now_data;
}

static void call_access(struct draw *draw)
{
    access_memory(draw);
    emit("\n");
}

static const struct choice choices[] = {
    {26, call_mmap},
    {10, call_munmap},
    {14, call_mprotect},
    {10, call_mremap},
    {4, call_brk},
    {16, call_madvise},
    {2, call_remap_file_pages},
    {5, call_mincore},
    {3, call_msync},
    {7, call_mlock},
    {2, call_mlockall},
    {3, call_limit},
    {2, call_usage},
    {34, call_access},
    {0, NULL},
};

static unsigned total(const struct choice *list)
{
    unsigned sum = 0;

    for (; list->make; list++)
        sum += list->weight;
    return sum;
}

void one_call(struct draw *draw)
{
    unsigned here = total(choices), choice = below(draw, here + total(file_choices));
    const struct choice *list = choices;

    if (choice >= here) {
        choice -= here;
        list = file_choices;
    }
    for (; choice >= list->weight; list++)
        choice -= list->weight;
    list->make(draw);
}

/* Every second sequence has no rights and may lock 64 pages. A file is there, and some memory. */
void calls_start(uint64_t seed)
{
    struct draw draw = {seed};

    privileged = seed % 2 == 0;
    if (!privileged) {
        struct rlimit limit = {64 * PAGE, 64 * PAGE};

        if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || setresuid(1000, 1000, 1000) != 0)
            emit("no user without rights\n");
        prctl(PR_SET_DUMPABLE, 1);
    }
    make_file(&draw);
    first_mapping(&draw, 8, 6 + below(&draw, 8));
    first_mapping(&draw, 18 + below(&draw, 4), 4 + below(&draw, 6));
    emit("start: ");
    call_usage(&draw);
}

void calls_end(void)
{
    files_end();
}
