/*
 * Random sequences of memory calls, the same on two kernels: what the parts share.
 *
 *   main.c      runs sequences, one process each, and prints their records or only hashes
 *   sequence.c  one sequence: which process makes which call; the report at its end
 *   address.c   where calls go, how addresses are named; accesses that may fault
 *   calls.c     the grammar: each call is drawn, made and told
 *   files.c     the calls of the grammar about files, segments and copies
 *
 * A sequence is given by its seed. Call number i draws from a generator that only the seed and i
 * determine, so that a sequence with some calls left out makes the others as before.
 */
#ifndef TESTS_DIFFERENTIAL_SEQUENCE_H
#define TESTS_DIFFERENTIAL_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE      4096ul
#define CALLS_MAX 80
#define LOG       0x10000000ul /* below all that is played with */
#define LOG_SIZE  (256u * 1024)
#define FILES     4 /* numbers 10 to 13 */
#define FIRST     10
#define SEGMENTS  2

/* What the processes of a sequence share: records, one a line. */
struct log {
    uint32_t length;
    bool overflow;
    bool allocated; /* by fallocate */
    bool pinned;    /* pages, by process_vm_readv or writev */
    bool hidden;    /* pages, by mprotect to no right at all */
    bool paged_out; /* by advice: Linux drops pages of holes that were only read */
    char text[LOG_SIZE - 8];
};

#define the_log ((struct log *)LOG)

struct mask {
    uint64_t words[2]; /* bit i: call i is made */
};

/* ---- sequence.c ---- */

void sequence_run(uint64_t seed, struct mask mask);
unsigned sequence_calls(uint64_t seed);
void emit(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A process of the sequence that was forked and waits, or 0. */
int other_process(unsigned k);

/* ---- address.c ---- */

struct draw {
    uint64_t state;
};

uint64_t draw64(struct draw *draw);
unsigned below(struct draw *draw, unsigned n);
bool one_in(struct draw *draw, unsigned n);

uint64_t draw_page(struct draw *draw);    /* mostly in the arena */
uint64_t draw_address(struct draw *draw); /* mostly aligned */
uint64_t draw_length(struct draw *draw);
uint64_t arena_at(uint64_t page);  /* this page of the arena */
uint64_t heap_page(uint64_t page); /* this page of what brk gives */
unsigned draw_protection(struct draw *draw);

void address_start(void);
const char *at(uint64_t address);
const char *size(uint64_t length);
void emit_result(long result);
void emit_place(long result);

/* Faults are told, not died of. */
void catch_faults(void);
void look(uint64_t address, unsigned pages);
bool poke(uint64_t address, uint64_t value);
void access_memory(struct draw *draw);
void report_regions(const char *who);
bool kept_apart(uint64_t start, uint64_t end);
long raw(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);

/* ---- calls.c, files.c ---- */

extern bool privileged;
extern bool is_child; /* one that was forked and waits */

void calls_start(uint64_t seed);
void calls_end(void);
void one_call(struct draw *draw);

struct choice {
    unsigned weight;
    void (*make)(struct draw *draw);
};

extern const struct choice file_choices[];
void files_end(void);
unsigned draw_file(struct draw *draw);
void make_file(struct draw *draw);

#endif
