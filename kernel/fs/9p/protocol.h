/*
 * 9P2000.L messages: bytes in, values out, and the other way round. Nothing here knows the kernel:
 * the same code runs in the fuzzer.
 *
 * A message is size[4] type[1] tag[2] and its fields, integers little-endian, strings length[2] and
 * bytes without an end. What a server sends is not trusted: a reader never leaves its bytes, and
 * once something is missing every later value is 0 and `bad` stays set.
 *
 * Sources: Plan 9's intro(5); the 9P2000.L page of diod; include/net/9p/9p.h of Linux names the
 * numbers.
 */
#ifndef KERNEL_FS_9P_PROTOCOL_H
#define KERNEL_FS_9P_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NINEP_HEADER_SIZE  7  /* size, type, tag */
#define NINEP_READ_HEADER  11 /* of Rread: count follows; an Rlerror is as long */
#define NINEP_WRITE_HEADER 23 /* of Twrite: fid, offset, count follow */
#define NINEP_ENTRY_HEADER 24 /* of a name in Rreaddir: qid, offset, type, length */
#define NINEP_NO_TAG       0xffffu
#define NINEP_NO_FID       0xffffffffu
#define NINEP_VERSION      "9P2000.L"
#define NINEP_WALK_LIMIT   16

/* Requests; the answer's type is one more, or NINEP_RLERROR. */
enum {
    NINEP_RLERROR = 7,
    NINEP_TSTATFS = 8,
    NINEP_TLOPEN = 12,
    NINEP_TLCREATE = 14,
    NINEP_TSYMLINK = 16,
    NINEP_TMKNOD = 18,
    NINEP_TREADLINK = 22,
    NINEP_TGETATTR = 24,
    NINEP_TSETATTR = 26,
    NINEP_TREADDIR = 40,
    NINEP_TFSYNC = 50,
    NINEP_TLINK = 70,
    NINEP_TMKDIR = 72,
    NINEP_TRENAMEAT = 74,
    NINEP_TUNLINKAT = 76,
    NINEP_TVERSION = 100,
    NINEP_TATTACH = 104,
    NINEP_TFLUSH = 108,
    NINEP_TWALK = 110,
    NINEP_TREAD = 116,
    NINEP_TWRITE = 118,
    NINEP_TCLUNK = 120,
};

/* Tgetattr's mask, and what Rgetattr says is there. */
#define NINEP_GETATTR_BASIC 0x7ffull

/* Tsetattr's valid bits. */
#define NINEP_SET_MODE      0x001u
#define NINEP_SET_UID       0x002u
#define NINEP_SET_GID       0x004u
#define NINEP_SET_SIZE      0x008u
#define NINEP_SET_ATIME     0x010u
#define NINEP_SET_MTIME     0x020u
#define NINEP_SET_CTIME     0x040u
#define NINEP_SET_ATIME_VAL 0x080u
#define NINEP_SET_MTIME_VAL 0x100u

/* Flags of Tlopen and Tlcreate, which are those of Linux on x86; of Tunlinkat. */
#define NINEP_RDONLY    00u
#define NINEP_WRONLY    01u
#define NINEP_RDWR      02u
#define NINEP_CREATE    0100u
#define NINEP_EXCLUSIVE 0200u
#define NINEP_DIRECTORY 0200000u
#define NINEP_LARGEFILE 0100000u
#define NINEP_REMOVEDIR 0x200u

struct ninep_qid {
    uint8_t type;
    uint32_t version;
    uint64_t path;
};

struct ninep_time {
    uint64_t seconds, nanoseconds;
};

struct ninep_attributes {
    uint64_t valid;
    struct ninep_qid qid;
    uint32_t mode, uid, gid;
    uint64_t links, device, size, block_size, blocks;
    struct ninep_time accessed, modified, changed, born;
};

struct ninep_setattr {
    uint32_t valid, mode, uid, gid;
    uint64_t size;
    struct ninep_time accessed, modified;
};

struct ninep_statfs {
    uint32_t type, block_size;
    uint64_t blocks, blocks_free, blocks_available, files, files_free, id;
    uint32_t name_limit;
};

/* A name of a directory; not ended. */
struct ninep_entry {
    struct ninep_qid qid;
    uint64_t next; /* the offset behind it */
    uint8_t type;
    const char *name;
    size_t length;
};

/* ---- writing ---- */

struct ninep_writer {
    uint8_t *bytes;
    size_t size, used;
    bool full; /* something did not fit */
};

/* Begins a message: room for the header, which ninep_finish() fills. */
void ninep_start(struct ninep_writer *writer, uint8_t *bytes, size_t size);
void ninep_put8(struct ninep_writer *writer, uint8_t value);
void ninep_put16(struct ninep_writer *writer, uint16_t value);
void ninep_put32(struct ninep_writer *writer, uint32_t value);
void ninep_put64(struct ninep_writer *writer, uint64_t value);
void ninep_put_string(struct ninep_writer *writer, const char *text, size_t length);
void ninep_put_setattr(struct ninep_writer *writer, const struct ninep_setattr *change);
/* The size counts `more` bytes that follow from elsewhere. False: it did not fit. */
bool ninep_finish(struct ninep_writer *writer, uint8_t type, uint16_t tag, size_t more);

/* ---- reading ---- */

struct ninep_reader {
    const uint8_t *bytes;
    size_t size, at;
    bool bad;
};

uint8_t ninep_get8(struct ninep_reader *reader);
uint16_t ninep_get16(struct ninep_reader *reader);
uint32_t ninep_get32(struct ninep_reader *reader);
uint64_t ninep_get64(struct ninep_reader *reader);
/* Not ended; NULL and length 0 when it is not there. */
const char *ninep_get_string(struct ninep_reader *reader, size_t *out_length);
void ninep_get_qid(struct ninep_reader *reader, struct ninep_qid *out);
void ninep_get_attributes(struct ninep_reader *reader, struct ninep_attributes *out);
void ninep_get_statfs(struct ninep_reader *reader, struct ninep_statfs *out);
/*
 * The next name of Rreaddir's data. False: there is none, or it is broken (reader->bad): cut off,
 * empty, longer than 255, or with a slash or a zero byte in it.
 */
bool ninep_get_entry(struct ninep_reader *reader, struct ninep_entry *out);

/*
 * The head of an answer: size, type, tag against what was asked and what came (`received` bytes, of
 * which the first reader->size are at hand). 0: the fields follow; a Linux errno, positive, of an
 * Rlerror; -1: malformed.
 */
int ninep_answer(struct ninep_reader *reader, size_t received, uint8_t request, uint16_t tag);

#endif
