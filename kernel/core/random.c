/*
 * Random bytes. A ChaCha20 block function (D. J. Bernstein; RFC 8439) with fast key erasure: each
 * request draws blocks from the key, and the first 32 bytes of the first block replace the key, so
 * that what was given out cannot be found from a later state.
 *
 * The key starts from RDRAND where the CPU has it, the boot clock, and the jitter of the time stamp
 * counter against memory and port accesses; it takes in the counter at every request.
 */
#include "core/random.h"

#include "core/string.h"
#include "x86/cpu.h"

#include <quire/lock.h>

#define JITTER_ROUNDS 512

static struct {
    struct quire_spinlock lock;
    uint32_t key[8];
    bool seeded;
} pool;

static uint32_t rotate(uint32_t word, unsigned n)
{
    return (word << n) | (word >> (32 - n));
}

static void quarter_round(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 7);
}

static void chacha_block(const uint32_t key[8], uint64_t counter, uint64_t nonce, uint32_t out[16])
{
    const uint32_t start[16] = {0x61707865,
                                0x3320646e,
                                0x79622d32,
                                0x6b206574,
                                key[0],
                                key[1],
                                key[2],
                                key[3],
                                key[4],
                                key[5],
                                key[6],
                                key[7],
                                (uint32_t)counter,
                                (uint32_t)(counter >> 32),
                                (uint32_t)nonce,
                                (uint32_t)(nonce >> 32)};

    memcpy(out, start, sizeof start);
    for (unsigned round = 0; round < 10; round++) {
        quarter_round(out, 0, 4, 8, 12);
        quarter_round(out, 1, 5, 9, 13);
        quarter_round(out, 2, 6, 10, 14);
        quarter_round(out, 3, 7, 11, 15);
        quarter_round(out, 0, 5, 10, 15);
        quarter_round(out, 1, 6, 11, 12);
        quarter_round(out, 2, 7, 8, 13);
        quarter_round(out, 3, 4, 9, 14);
    }
    for (unsigned i = 0; i < 16; i++)
        out[i] += start[i];
}

static bool hardware_random(unsigned long *out)
{
    static int present = -1;
    unsigned char ok;

    if (present < 0)
        present = cpuid(0, 0).eax >= 1 && (cpuid(1, 0).ecx & (1u << 30)) != 0;
    if (!present)
        return false;
    for (unsigned attempt = 0; attempt < 10; attempt++) {
        __asm__ volatile("rdrand %0; setc %1" : "=r"(*out), "=qm"(ok)::"cc");
        if (ok)
            return true;
    }
    return false;
}

/* Folds a word into the key: the key becomes part of a block made from the key and the word. The
 * lock is held. */
static void mix_word(uint64_t word)
{
    uint32_t block[16];

    chacha_block(pool.key, word, tsc_read(), block);
    memcpy(pool.key, block, sizeof pool.key);
}

/* The port read is a bus access (or a virtual machine's exit): its duration varies by what else the
 * machine does. */
static void seed(void)
{
    unsigned long hardware;
    uint64_t word = 0;

    for (unsigned i = 0; i < JITTER_ROUNDS; i++) {
        (void)port_read8(0x61);
        word = ((word << 7) | (word >> 57)) ^ tsc_read();
        if ((i & 15) == 15)
            mix_word(word);
    }
    for (unsigned i = 0; i < 4; i++)
        if (hardware_random(&hardware))
            mix_word(hardware);
    pool.seeded = true;
}

void random_mix(const void *bytes, size_t size)
{
    quire_spin_lock(&pool.lock);
    for (const char *at = bytes; size > 0;) {
        uint64_t word = 0;
        size_t n = size < sizeof word ? size : sizeof word;

        memcpy(&word, at, n);
        mix_word(word);
        at += n;
        size -= n;
    }
    quire_spin_unlock(&pool.lock);
}

void random_bytes(void *buffer, size_t size)
{
    uint32_t key[8], block[16];
    uint64_t nonce = tsc_read(), counter = 1;
    char *at = buffer;

    quire_spin_lock(&pool.lock);
    if (!pool.seeded)
        seed();
    chacha_block(pool.key, 0, nonce, block);
    memcpy(pool.key, block, sizeof pool.key);
    memcpy(key, block + 8, sizeof key);
    quire_spin_unlock(&pool.lock);
    while (size > 0) {
        size_t n = size < sizeof block ? size : sizeof block;

        chacha_block(key, counter++, nonce, block);
        memcpy(at, block, n);
        at += n;
        size -= n;
    }
    memset(key, 0, sizeof key);
    memset(block, 0, sizeof block);
}
