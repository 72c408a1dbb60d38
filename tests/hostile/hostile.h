/*
 * Random programs that mean harm: what the parts share.
 *
 *   grammar.c  random arguments and calls
 *   code.c     random bytes, run as code; code_x86_64.h, code_i386.h: what it is made of
 *   play.c     what a process and its threads do
 *   keeper.c   starts the processes, ends them, and says whether the machine is as it was
 */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include <stdint.h>

#define ARENA        0x10000000ul /* the window that memory calls play with */
#define ARENA_PAGES  512
#define BLOCKS       0x30000000ul /* one block a thread: its state, its signal stack, its stack */
#define BLOCK_SIZE   0x20000ul
#define THREADS      6
#define SCRATCH_SIZE 16384
#define DIRECTORY    "/tmp/random_calls"

/* What a register holds. */
typedef unsigned long word;

/* What a program is made of. */
enum profile {
    PROFILE_ALL,    /* any call, threads, forks, some code */
    PROFILE_MEMORY, /* memory calls and accesses in a small window */
    PROFILE_CODE,   /* random bytes as code */
    PROFILE_RACE,   /* threads in a small window under signals at random instants */
};

struct block {
    uint64_t state;
    void *again[5]; /* where a handler returns to: see __builtin_setjmp() */
    enum profile profile;
    unsigned pages;      /* of the arena that are played with */
    unsigned left;       /* calls */
    unsigned depth;      /* of forks */
    unsigned threads;    /* started by this one */
    volatile int inside; /* the loop may be returned to */
    uint8_t scratch[SCRATCH_SIZE] __attribute__((aligned(4096)));
    uint8_t signal_stack[16384];
};

extern int verbose;
extern int keeper; /* process number of the first process */

/* ---- grammar.c ---- */

struct block *mine(void);
uint64_t next_random(uint64_t *state);
uint64_t random64(void);
word random_word(void);
unsigned below(unsigned n);
word edge(void);
word arena_page(void);
word pointer(void);

long call6(long number, const word a[6]);
long call(long number, word a, word b, word c, word d);
/* mmap: at, length, rights, flags, descriptor; from the file's beginning. */
long call_mmap(word at, word length, word rights, word flags, word descriptor);

void grammar_start(void);
void one_call(void);
void one_memory_call(void);

/* ---- code.c ---- */

void random_code(void);

/* ---- play.c ---- */

/* Becomes one hostile process. */
_Noreturn void play_program(uint64_t seed, enum profile profile, unsigned calls);

#endif
