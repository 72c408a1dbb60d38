/*
 * What a 9P server may send: the decoder reads any bytes as any answer, stays inside them, and
 * never lets a name through that a directory cannot have.
 */
#include "fs/9p/protocol.h"
#include "must.h"

#include <stdlib.h>
#include <string.h>

/* Strings point into the message. */
static void look_at_string(struct ninep_reader *reader, const uint8_t *bytes, size_t size)
{
    size_t length;
    const char *text = ninep_get_string(reader, &length);

    must(text != NULL || length == 0);
    must(text == NULL ||
         ((const uint8_t *)text >= bytes && (const uint8_t *)text + length <= bytes + size));
}

static void look_at_names(struct ninep_reader *reader)
{
    struct ninep_entry entry;

    while (ninep_get_entry(reader, &entry)) {
        must(entry.length > 0 && entry.length <= 255);
        must(memchr(entry.name, '/', entry.length) == NULL);
        must(memchr(entry.name, 0, entry.length) == NULL);
    }
    must(reader->bad || reader->at == reader->size);
}

static void look_at_answer(const uint8_t *bytes, size_t size, uint8_t request)
{
    struct ninep_reader reader = {.bytes = bytes, .size = size};
    struct ninep_attributes attributes;
    struct ninep_statfs facts;
    struct ninep_qid qid;
    int error = ninep_answer(&reader, size, request, 7);

    must(error >= -1 && error < 512);
    if (error != 0)
        return;
    switch (request) {
    case NINEP_TGETATTR:
        ninep_get_attributes(&reader, &attributes);
        break;
    case NINEP_TSTATFS:
        ninep_get_statfs(&reader, &facts);
        break;
    case NINEP_TREADLINK:
    case NINEP_TVERSION:
        (void)ninep_get32(&reader);
        look_at_string(&reader, bytes, size);
        break;
    case NINEP_TWALK:
        for (unsigned n = ninep_get16(&reader); n > 0 && !reader.bad; n--)
            ninep_get_qid(&reader, &qid);
        break;
    case NINEP_TREADDIR:
        (void)ninep_get32(&reader);
        look_at_names(&reader);
        break;
    default:
        (void)ninep_get8(&reader);
        (void)ninep_get64(&reader);
        break;
    }
    must(reader.at <= reader.size && reader.size <= size);
}

/* What was put in comes out. */
static void write_and_read(const uint8_t *bytes, size_t size)
{
    uint8_t message[64];
    struct ninep_writer writer;
    struct ninep_reader reader = {.bytes = message};
    size_t length;

    ninep_start(&writer, message, sizeof(message));
    ninep_put32(&writer, (uint32_t)size);
    ninep_put_string(&writer, (const char *)bytes, size);
    ninep_put64(&writer, size * 3);
    if (!ninep_finish(&writer, NINEP_TWALK + 1, 9, 0)) {
        must(size > sizeof(message) - NINEP_HEADER_SIZE - 14);
        return;
    }
    reader.size = writer.used;
    must(ninep_answer(&reader, writer.used, NINEP_TWALK, 9) == 0);
    must(ninep_get32(&reader) == (uint32_t)size);
    must(memcmp(ninep_get_string(&reader, &length), bytes, size) == 0 && length == size);
    must(ninep_get64(&reader) == size * 3 && !reader.bad);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t requests[] = {NINEP_TGETATTR, NINEP_TSTATFS, NINEP_TREADLINK,
                                       NINEP_TVERSION, NINEP_TWALK,   NINEP_TREADDIR,
                                       NINEP_TREAD,    NINEP_TWRITE,  NINEP_TLOPEN};
    uint8_t *copy = malloc(size ? size : 1); /* so that what is behind its end is seen */

    memcpy(copy, data, size);
    for (unsigned i = 0; i < sizeof(requests); i++)
        look_at_answer(copy, size, requests[i]);
    look_at_names(&(struct ninep_reader){.bytes = copy, .size = size});
    write_and_read(copy, size);
    free(copy);
    return 0;
}
