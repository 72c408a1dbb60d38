/* 9P2000.L messages: see protocol.h. */
#include "fs/9p/protocol.h"

#include "core/string.h"

#define NAME_LIMIT  255
#define ERRNO_LIMIT 512 /* above it are the kernel's own numbers */

/* ---- writing ---- */

void ninep_start(struct ninep_writer *writer, uint8_t *bytes, size_t size)
{
    *writer = (struct ninep_writer){.bytes = bytes, .size = size, .used = NINEP_HEADER_SIZE};
}

static void put(struct ninep_writer *writer, uint64_t value, size_t n)
{
    if (writer->size - writer->used < n) {
        writer->full = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        writer->bytes[writer->used++] = (uint8_t)(value >> (8 * i));
}

void ninep_put8(struct ninep_writer *writer, uint8_t value)
{
    put(writer, value, 1);
}

void ninep_put16(struct ninep_writer *writer, uint16_t value)
{
    put(writer, value, 2);
}

void ninep_put32(struct ninep_writer *writer, uint32_t value)
{
    put(writer, value, 4);
}

void ninep_put64(struct ninep_writer *writer, uint64_t value)
{
    put(writer, value, 8);
}

void ninep_put_string(struct ninep_writer *writer, const char *text, size_t length)
{
    if (length > UINT16_MAX || writer->size - writer->used < length + 2) {
        writer->full = true;
        return;
    }
    put(writer, length, 2);
    memcpy(writer->bytes + writer->used, text, length);
    writer->used += length;
}

void ninep_put_setattr(struct ninep_writer *writer, const struct ninep_setattr *change)
{
    ninep_put32(writer, change->valid);
    ninep_put32(writer, change->mode);
    ninep_put32(writer, change->uid);
    ninep_put32(writer, change->gid);
    ninep_put64(writer, change->size);
    ninep_put64(writer, change->accessed.seconds);
    ninep_put64(writer, change->accessed.nanoseconds);
    ninep_put64(writer, change->modified.seconds);
    ninep_put64(writer, change->modified.nanoseconds);
}

bool ninep_finish(struct ninep_writer *writer, uint8_t type, uint16_t tag, size_t more)
{
    struct ninep_writer head = {.bytes = writer->bytes, .size = NINEP_HEADER_SIZE};

    put(&head, writer->used + more, 4);
    put(&head, type, 1);
    put(&head, tag, 2);
    return !writer->full;
}

/* ---- reading ---- */

static uint64_t get(struct ninep_reader *reader, size_t n)
{
    uint64_t value = 0;

    if (reader->bad || reader->size - reader->at < n) {
        reader->bad = true;
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)reader->bytes[reader->at++] << (8 * i);
    return value;
}

uint8_t ninep_get8(struct ninep_reader *reader)
{
    return (uint8_t)get(reader, 1);
}

uint16_t ninep_get16(struct ninep_reader *reader)
{
    return (uint16_t)get(reader, 2);
}

uint32_t ninep_get32(struct ninep_reader *reader)
{
    return (uint32_t)get(reader, 4);
}

uint64_t ninep_get64(struct ninep_reader *reader)
{
    return get(reader, 8);
}

const char *ninep_get_string(struct ninep_reader *reader, size_t *out_length)
{
    size_t length = ninep_get16(reader);
    const char *text = (const char *)reader->bytes + reader->at;

    *out_length = 0;
    if (reader->bad || reader->size - reader->at < length) {
        reader->bad = true;
        return NULL;
    }
    reader->at += length;
    *out_length = length;
    return text;
}

void ninep_get_qid(struct ninep_reader *reader, struct ninep_qid *out)
{
    out->type = ninep_get8(reader);
    out->version = ninep_get32(reader);
    out->path = ninep_get64(reader);
}

static void get_time(struct ninep_reader *reader, struct ninep_time *out)
{
    out->seconds = ninep_get64(reader);
    out->nanoseconds = ninep_get64(reader);
}

void ninep_get_attributes(struct ninep_reader *reader, struct ninep_attributes *out)
{
    out->valid = ninep_get64(reader);
    ninep_get_qid(reader, &out->qid);
    out->mode = ninep_get32(reader);
    out->uid = ninep_get32(reader);
    out->gid = ninep_get32(reader);
    out->links = ninep_get64(reader);
    out->device = ninep_get64(reader);
    out->size = ninep_get64(reader);
    out->block_size = ninep_get64(reader);
    out->blocks = ninep_get64(reader);
    get_time(reader, &out->accessed);
    get_time(reader, &out->modified);
    get_time(reader, &out->changed);
    get_time(reader, &out->born);
    (void)ninep_get64(reader); /* generation */
    (void)ninep_get64(reader); /* data version */
}

void ninep_get_statfs(struct ninep_reader *reader, struct ninep_statfs *out)
{
    out->type = ninep_get32(reader);
    out->block_size = ninep_get32(reader);
    out->blocks = ninep_get64(reader);
    out->blocks_free = ninep_get64(reader);
    out->blocks_available = ninep_get64(reader);
    out->files = ninep_get64(reader);
    out->files_free = ninep_get64(reader);
    out->id = ninep_get64(reader);
    out->name_limit = ninep_get32(reader);
}

bool ninep_get_entry(struct ninep_reader *reader, struct ninep_entry *out)
{
    if (reader->bad || reader->at == reader->size)
        return false;
    ninep_get_qid(reader, &out->qid);
    out->next = ninep_get64(reader);
    out->type = ninep_get8(reader);
    out->name = ninep_get_string(reader, &out->length);
    if (reader->bad)
        return false;
    if (out->length == 0 || out->length > NAME_LIMIT || memchr(out->name, '/', out->length) ||
        memchr(out->name, 0, out->length)) {
        reader->bad = true;
        return false;
    }
    return true;
}

int ninep_answer(struct ninep_reader *reader, size_t received, uint8_t request, uint16_t tag)
{
    uint32_t size = ninep_get32(reader);
    uint8_t type = ninep_get8(reader);
    uint16_t answered = ninep_get16(reader);

    if (reader->bad || size < NINEP_HEADER_SIZE || size > received || answered != tag)
        return -1;
    if (size < reader->size)
        reader->size = size;
    if (type == NINEP_RLERROR) {
        uint32_t error = ninep_get32(reader);

        if (reader->bad)
            return -1;
        return error > 0 && error < ERRNO_LIMIT ? (int)error : 5 /* EIO */;
    }
    return type == request + 1 ? 0 : -1;
}
