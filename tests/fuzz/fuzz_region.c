/*
 * Any bytes as a sequence of operations on address spaces, on the simulated machine with little
 * memory; quire_check and the MMU's audit after each.
 *
 * Two readings, chosen by the first byte:
 *
 *   model    the model test (tests/model) draws its operations as always, one or several at once,
 *            but every choice is the next byte of the input instead of a random number. Every
 *            answer and all contents are compared with the model's.
 *   hostile  (region_hostile.c) arguments that the model cannot follow: any address, length, flags.
 *            Every answer must keep its promises, and nothing may be lost.
 *
 * Input: byte 0 the reading and the number of CPUs, bytes 1 and 2 the seed of what is not an
 * argument (the MMU's whims, where CPUs change over), byte 3 the memory's size, the rest choices.
 */
#include "fuzz_region.h"

#include <stdio.h>
#include <stdlib.h>

#define HEADER     4
#define STEPS_MOST 150

static struct test test;
static struct fuzz_bytes choices;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- choices ---- */

uint64_t fuzz_below(struct fuzz_bytes *bytes, uint64_t n)
{
    uint64_t value = 0;

    for (uint64_t reach = 1; reach < n; reach <<= 8) {
        value = value << 8 | (bytes->at < bytes->end ? *bytes->at : 0);
        bytes->at += bytes->at < bytes->end;
        if (reach >= (uint64_t)1 << 56)
            break;
    }
    return value % n;
}

/*
 * In the place of sim_random_below and _once_in (the linker's --wrap). Values that only have to
 * differ, and all that comes after the input's end, are drawn as ever.
 */
uint64_t __real_sim_random_below(struct sim_random *random, uint64_t n);
uint64_t __wrap_sim_random_below(struct sim_random *random, uint64_t n);
bool __wrap_sim_random_once_in(struct sim_random *random, uint64_t n);

uint64_t __wrap_sim_random_below(struct sim_random *random, uint64_t n)
{
    if (random != &test.random || n > 65536 || choices.at == choices.end)
        return __real_sim_random_below(random, n);
    return fuzz_below(&choices, n);
}

bool __wrap_sim_random_once_in(struct sim_random *random, uint64_t n)
{
    return __wrap_sim_random_below(random, n) == 0;
}

/* ---- running ---- */

/* libFuzzer keeps the input of what aborts. */
static void on_failure(struct sim_machine *machine, const char *text)
{
    fprintf(stderr, "FAILED at step %llu (%s): %s\n", (unsigned long long)machine->steps,
            machine->doing != NULL ? machine->doing : "starting", text);
    for (uint64_t i = machine->lines > 8 ? machine->lines - 8 : 0; i < machine->lines; i++)
        fprintf(stderr, "  log: %s\n", machine->line[i % SIM_LINES]);
    abort();
}

static void run_model(const struct sim_options *options, size_t size)
{
    uint64_t steps = 4 + size / 6;

    test_start(&test, options);
    test.machine->on_failure = on_failure;
    test.compare_every = 4;
    test_run(&test, steps < STEPS_MOST ? steps : STEPS_MOST);
    test_end(&test);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_options options = {0};

    if (size < HEADER)
        return 0;
    options.cpus = 1 + data[0] / 2 % 3;
    options.point_mean = options.cpus == 1 ? 0 : 24;
    options.seed = (uint64_t)data[1] << 8 | data[2];
    options.frames = 800 + data[3] % 64 * 4;
    options.high = data[3] / 64 == 3 ? 200 : 0;
    choices = (struct fuzz_bytes){data + HEADER, data + size};
    if (data[0] % 2 == 0)
        run_model(&options, size);
    else
        region_hostile(&options, &choices, on_failure);
    return 0;
}
