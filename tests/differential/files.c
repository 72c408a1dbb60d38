/*
 * The grammar: files, System V segments, copies by the kernel into and out of memory.
 *
 * Not asked for: mappings of /dev/zero, which Linux keeps as a file's when they are private, and
 * gives an object that is too short when they are shared and not from its start; copies that meet a
 * fault at an odd place, of which Linux may leave out the last bytes; where the data of a file are
 * to which fallocate() gave pages, since to Linux they are a hole until they are written; a file's
 * blocks once process_vm_readv() has run, which on Linux fills holes that it then does not reach.
 */
#define _GNU_SOURCE
#include "sequence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH "/tmp/sequence"

static int segments[SEGMENTS] = {-1, -1};

/* A descriptor's number, which may not be open. */
unsigned draw_file(struct draw *draw)
{
    return FIRST + (one_in(draw, 3) ? below(draw, FILES) : 0);
}

/* ---- files ---- */

static void fill(int file, struct draw *draw)
{
    uint64_t words[2];

    for (unsigned i = 0; i < 6; i++) {
        if (one_in(draw, 3))
            continue; /* a hole */
        words[0] = draw64(draw);
        words[1] = draw64(draw);
        if (pwrite(file, words, 8, (off_t)(i * PAGE)) != 8 ||
            pwrite(file, words + 1, 8, (off_t)(i * PAGE + PAGE - 8)) != 8)
            emit(" not filled");
    }
}

void make_file(struct draw *draw)
{
    unsigned number = draw_file(draw), kind = below(draw, 12);
    static const uint64_t sizes[] = {0,        PAGE,      3 * PAGE,  6 * PAGE,
                                     6 * PAGE, 10 * PAGE, 16 * PAGE, 5 * PAGE + 100};
    uint64_t length = sizes[below(draw, 8)];
    int file, again;

    emit("file %u kind %u %s", number, kind, size(length));
    if (kind < 6)
        file = memfd_create("m", kind < 3 ? MFD_ALLOW_SEALING : 0);
    else
        file = open(PATH, O_RDWR | O_CREAT | (kind < 9 ? O_TRUNC : 0), 0666);
    if (file < 0) {
        emit_result(-errno);
        emit("\n");
        return;
    }
    if (ftruncate(file, (off_t)length) != 0)
        emit_result(-errno);
    if (one_in(draw, 2))
        fill(file, draw);
    if (kind == 10 || kind == 9) { /* another description of it, with fewer rights */
        again = open(PATH, kind == 9 ? O_RDONLY : O_WRONLY);
        close(file);
        file = again;
    }
    if (one_in(draw, 2))
        unlink(PATH);
    dup2(file, (int)number);
    close(file);
    emit("\n");
}

static void call_resize(struct draw *draw)
{
    static const int modes[] = {0, 1, 3, 3, 3, 3, 2, 8, 0x10, 0x11, 0x20, 0x40};
    unsigned file = draw_file(draw);
    uint64_t offset = below(draw, 12) * PAGE + (one_in(draw, 4) ? below(draw, 4096) : 0);
    uint64_t length = one_in(draw, 30) ? draw_length(draw) : 1 + below(draw, 6 * PAGE);
    int mode = modes[below(draw, 12)];

    if (one_in(draw, 3))
        length &= ~(PAGE - 1);
    if (one_in(draw, 2)) {
        emit("ftruncate %u %lx", file, offset);
        emit_result(raw(SYS_ftruncate, file, offset, 0, 0, 0, 0));
    } else {
        the_log->allocated |= mode < 2;
        emit("fallocate %u mode %x %lx %lx", file, (unsigned)mode, offset, length);
        emit_result(raw(SYS_fallocate, file, (uint64_t)mode, offset, length, 0, 0));
    }
    look(draw_page(draw), 4);
    emit("\n");
}

static void call_seals(struct draw *draw)
{
    unsigned file = draw_file(draw), seals = 1u << below(draw, 6);

    if (one_in(draw, 3) || seals == 1) {
        emit("seals of %u", file);
        emit_result(raw(SYS_fcntl, file, F_GET_SEALS, 0, 0, 0, 0));
    } else {
        emit("seal %u with %x", file, seals);
        emit_result(raw(SYS_fcntl, file, F_ADD_SEALS, seals, 0, 0, 0));
    }
    emit("\n");
}

static void call_state(struct draw *draw)
{
    unsigned file = draw_file(draw);
    struct stat state;
    int error = fstat((int)file, &state) == 0 ? 0 : errno;
    long offset = (long)(below(draw, 12) * PAGE);

    emit("state of %u", file);
    if (error)
        emit_result(-error);
    else
        emit(": size %ld", (long)state.st_size);
    if (error == 0 && !the_log->pinned && !the_log->paged_out)
        emit(" blocks %ld", S_ISREG(state.st_mode) ? (long)state.st_blocks : 0l);
    if (error == 0 && S_ISREG(state.st_mode) && !the_log->allocated && !the_log->paged_out) {
        emit("; data");
        emit_result(raw(SYS_lseek, file, (uint64_t)offset, SEEK_DATA, 0, 0, 0));
        emit(" hole");
        emit_result(raw(SYS_lseek, file, (uint64_t)offset, SEEK_HOLE, 0, 0, 0));
    }
    emit("\n");
}

static void call_close(struct draw *draw)
{
    unsigned file = draw_file(draw);

    emit("close %u", file);
    emit_result(raw(SYS_close, file, 0, 0, 0, 0, 0));
    emit("\n");
}

static void call_make_file(struct draw *draw)
{
    make_file(draw);
}

/* ---- copies ---- */

static unsigned draw_vector(struct draw *draw, struct iovec *vector)
{
    unsigned count = 1 + below(draw, 4);

    for (unsigned i = 0; i < count; i++) {
        vector[i].iov_base =
            (void *)((draw_address(draw) + (one_in(draw, 3) ? below(draw, 4096) : 0)) & ~7ul);
        vector[i].iov_len = one_in(draw, 40) ? draw_length(draw) : below(draw, 3 * PAGE) & ~7u;
        emit(" %s+%lx", at((uint64_t)vector[i].iov_base), vector[i].iov_len);
    }
    return count;
}

static void call_copy(struct draw *draw)
{
    unsigned file = draw_file(draw), kind = below(draw, 4), count;
    uint64_t offset = below(draw, 8) * PAGE + (one_in(draw, 2) ? below(draw, 512) * 8 : 0);
    struct iovec vector[4];

    emit("%s %u at %lx:", kind < 2 ? "read" : "write", file, offset);
    count = draw_vector(draw, vector);
    if (kind == 0)
        emit_result(
            raw(SYS_pread64, file, (uint64_t)vector[0].iov_base, vector[0].iov_len, offset, 0, 0));
    else if (kind == 1)
        emit_result(raw(SYS_preadv, file, (uint64_t)vector, count, offset, 0, 0));
    else if (kind == 2)
        emit_result(
            raw(SYS_pwrite64, file, (uint64_t)vector[0].iov_base, vector[0].iov_len, offset, 0, 0));
    else
        emit_result(raw(SYS_pwritev, file, (uint64_t)vector, count, offset, 0, 0));
    look((uint64_t)vector[0].iov_base & ~(PAGE - 1), 3);
    emit("\n");
}

static void call_process_vm(struct draw *draw)
{
    struct iovec local[4], remote[4];
    unsigned locals, remotes, kind = below(draw, 4);
    int pid = other_process(kind) ? other_process(kind) : getpid();
    bool write = one_in(draw, 2);
    long result;

    emit("process_vm_%s %s", write ? "writev" : "readv", pid == getpid() ? "self" : "child");
    locals = draw_vector(draw, local);
    emit(" |");
    remotes = draw_vector(draw, remote);
    result = raw(write ? SYS_process_vm_writev : SYS_process_vm_readv, (uint64_t)pid,
                 (uint64_t)local, locals, (uint64_t)remote, remotes, one_in(draw, 40));
    the_log->pinned = true;
    emit_result(result);
    look((uint64_t)local[0].iov_base & ~(PAGE - 1), 3);
    emit("\n");
}

/* The file that goes through rights: what a debugger uses. */
static void call_proc_mem(struct draw *draw)
{
    uint64_t address = draw_address(draw);
    unsigned length = 1 + below(draw, 2 * PAGE);
    static char bytes[2 * PAGE];
    bool write = one_in(draw, 2);
    int file = open("/proc/self/mem", write ? O_WRONLY : O_RDONLY);
    long result;

    if (write)
        memset(bytes, (int)draw64(draw), length);
    result = raw(write ? SYS_pwrite64 : SYS_pread64, (uint64_t)file, (uint64_t)bytes, length,
                 address, 0, 0);
    close(file);
    emit("mem %s %s %x", write ? "write" : "read", at(address), length);
    emit_result(result);
    if (result > 0 && !write)
        emit(" %02x %02x", (uint8_t)bytes[0], (uint8_t)bytes[result - 1]);
    look(address & ~(PAGE - 1), 3);
    emit("\n");
}

/* ---- segments ---- */

static void call_segment(struct draw *draw)
{
    static const int attach_flags[] = {0,          0,
                                       SHM_RDONLY, SHM_RND,
                                       SHM_REMAP,  SHM_REMAP | SHM_RND,
                                       SHM_EXEC,   SHM_RDONLY | SHM_REMAP};
    unsigned k = below(draw, SEGMENTS);
    uint64_t address = one_in(draw, 3) ? 0 : draw_address(draw), length = draw_length(draw);
    int flags = attach_flags[below(draw, 8)];
    struct shmid_ds state;
    long result;

    switch (below(draw, 8)) {
    case 0:
    case 1:
        if (segments[k] >= 0)
            shmctl(segments[k], IPC_RMID, NULL);
        if (length > 64 * PAGE && length < 1ul << 48)
            length = 3 * PAGE;
        result = raw(SYS_shmget, IPC_PRIVATE, length, 0600 | IPC_CREAT, 0, 0, 0);
        segments[k] = (int)result;
        emit("segment %u %s", k, size(length));
        emit_result(result >= 0 ? 0 : result);
        break;
    case 2:
    case 3:
    case 4:
        result = raw(SYS_shmat, (uint64_t)segments[k], address, (uint64_t)flags, 0, 0, 0);
        emit("attach %u %s %x", k, at(address), (unsigned)flags);
        emit_place(result);
        if (result > 0)
            look((uint64_t)result, 2);
        break;
    case 5:
    case 6:
        address = draw_address(draw);
        emit("detach %s", at(address));
        emit_result(raw(SYS_shmdt, address, 0, 0, 0, 0, 0));
        look(address & ~(PAGE - 1), 2);
        break;
    default:
        if (one_in(draw, 2)) {
            emit("remove %u", k);
            emit_result(segments[k] >= 0 ? shmctl(segments[k], IPC_RMID, NULL) : -1);
        } else if (segments[k] >= 0 && shmctl(segments[k], IPC_STAT, &state) == 0) {
            emit("segment %u: size %ld attached %ld mode %o", k, (long)state.shm_segsz,
                 (long)state.shm_nattch, state.shm_perm.mode);
        } else {
            emit("segment %u: %s", k, strerror(segments[k] < 0 ? 0 : errno));
        }
    }
    emit("\n");
}

const struct choice file_choices[] = {
    {6, call_make_file}, {8, call_resize}, {3, call_seals},      {3, call_state},
    {2, call_close},     {9, call_copy},   {5, call_process_vm}, {5, call_proc_mem},
    {10, call_segment},  {0, NULL},
};

void files_end(void)
{
    for (unsigned k = 0; k < SEGMENTS; k++)
        if (segments[k] >= 0)
            shmctl(segments[k], IPC_RMID, NULL);
    unlink(PATH);
}
