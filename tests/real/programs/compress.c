/*
 * zlib and liblzma, the latter with four threads and a megabyte of dictionary each: text is
 * compressed, unpacked and compared. Sizes and checksums are printed: the same library gives the
 * same everywhere.
 */
#define _GNU_SOURCE
#include "check.h"
#include "random.h"

#include <lzma.h>
#include <stdint.h>
#include <zlib.h>

#define SIZE    (3u << 20)
#define THREADS 4

static unsigned char *text, *packed, *unpacked;
static const size_t packed_size = SIZE + SIZE / 8;

/* Words of a small language, some more usual than others. */
static void write_text(void)
{
    uint64_t state = random_state(7);
    size_t at = 0;

    while (at < SIZE) {
        uint64_t word = random_next(&state) % 4096;
        unsigned length = 2 + word % 7, i;

        word = word * word / 4096;
        for (i = 0; i < length && at < SIZE; i++)
            text[at++] = (unsigned char)('a' + (word >> (i % 3 * 4)) % 26);
        if (at < SIZE)
            text[at++] = word % 11 == 0 ? '\n' : ' ';
    }
}

static void deflated(void)
{
    uLongf size = packed_size, back = SIZE;

    check(compress2(packed, &size, text, SIZE, 6) == Z_OK);
    printf("zlib: %lu bytes, checksum %08lx\n", size, crc32(0, packed, (uInt)size));
    memset(unpacked, 0, SIZE);
    check(uncompress(unpacked, &back, packed, size) == Z_OK);
    check(back == SIZE && memcmp(text, unpacked, SIZE) == 0);
    packed[size / 2] ^= 0x10;
    back = SIZE;
    check(uncompress(unpacked, &back, packed, size) != Z_OK || memcmp(text, unpacked, SIZE) != 0);
}

static void by_lzma(void)
{
    lzma_mt options = {
        .threads = THREADS, .block_size = 1u << 19, .preset = 1, .check = LZMA_CHECK_CRC64};
    lzma_stream stream = LZMA_STREAM_INIT;
    uint64_t limit = UINT64_MAX;
    size_t in = 0, out = 0;
    lzma_ret result;

    check(lzma_stream_encoder_mt(&stream, &options) == LZMA_OK);
    stream.next_in = text;
    stream.avail_in = SIZE;
    stream.next_out = packed;
    stream.avail_out = packed_size;
    do
        result = lzma_code(&stream, LZMA_FINISH);
    while (result == LZMA_OK);
    check(result == LZMA_STREAM_END);
    printf("lzma: %lu bytes, checksum %08lx\n", (unsigned long)stream.total_out,
           crc32(0, packed, (uInt)stream.total_out));
    memset(unpacked, 0, SIZE);
    check(lzma_stream_buffer_decode(&limit, 0, NULL, packed, &in, stream.total_out, unpacked, &out,
                                    SIZE) == LZMA_OK);
    check(out == SIZE && memcmp(text, unpacked, SIZE) == 0);
    lzma_end(&stream);
}

int main(void)
{
    text = malloc(SIZE);
    packed = malloc(packed_size);
    unpacked = malloc(SIZE);
    if (text == NULL || packed == NULL || unpacked == NULL)
        return 2;
    write_text();
    run(deflated);
    run(by_lzma);
    return check_failures != 0;
}
