/*
 * model [--seed N] [--steps N] [--cpus N] [--frames N] [--high N] [--levels N] [--threads]
 *
 * Prints its seed, runs, and says how much of what was done. A failure prints a report and ends
 * with status 1; the same arguments replay it (not with --threads).
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t number_after(int argc, char **argv, int *at)
{
    if (*at + 1 >= argc) {
        fprintf(stderr, "%s wants a number\n", argv[*at]);
        exit(2);
    }
    return strtoull(argv[++*at], NULL, 0);
}

static void report(const struct test *test, uint64_t faults[QUIRE_FAULT_CLASS_COUNT])
{
    const struct sim_disk *disk = &test->machine->disk;

    printf("  %llu pages written to slots, %llu read, %llu reads failed, %llu pages lost by that\n",
           (unsigned long long)disk->writes, (unsigned long long)disk->reads,
           (unsigned long long)disk->read_failures, (unsigned long long)test->lost_ever);
    printf("  %llu areas of slots came, %llu went; pagers failed %llu times\n",
           (unsigned long long)test->areas_came, (unsigned long long)test->areas_went,
           (unsigned long long)model_pager_failures);
    for (unsigned i = 0; i < OP_COUNT; i++)
        printf("  %-14s %llu\n", op_name((enum op_kind)i), (unsigned long long)test->counts[i]);
    for (unsigned i = 0; i < QUIRE_STATUS_COUNT; i++)
        if (test->refusals[i] != 0)
            printf("  -> %-24s %llu\n", quire_status_string((enum quire_status)i),
                   (unsigned long long)test->refusals[i]);
    for (unsigned i = 0; i < QUIRE_FAULT_CLASS_COUNT; i++)
        if (faults[i] != 0)
            printf("  fault %-18s %llu\n", quire_fault_class_string((enum quire_fault_class)i),
                   (unsigned long long)faults[i]);
}

int main(int argc, char **argv)
{
    struct sim_options options = {
        .cpus = 4,
        .frames = 1300,
        .seed = (uint64_t)time(NULL),
        .point_mean = 24,
    };
    uint64_t steps = 20000, faults[QUIRE_FAULT_CLASS_COUNT] = {0};
    bool verbose = false;
    uint64_t check_every = 0, compare_every = 0;
    struct test test;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0)
            options.seed = number_after(argc, argv, &i);
        else if (strcmp(argv[i], "--steps") == 0)
            steps = number_after(argc, argv, &i);
        else if (strcmp(argv[i], "--cpus") == 0)
            options.cpus = (unsigned)number_after(argc, argv, &i);
        else if (strcmp(argv[i], "--frames") == 0)
            options.frames = (uint32_t)number_after(argc, argv, &i);
        else if (strcmp(argv[i], "--high") == 0)
            options.high = (uint32_t)number_after(argc, argv, &i);
        else if (strcmp(argv[i], "--levels") == 0)
            options.levels = (unsigned)number_after(argc, argv, &i);
        else if (strcmp(argv[i], "--check-every") == 0)
            check_every = number_after(argc, argv, &i);
        else if (strcmp(argv[i], "--compare-every") == 0)
            compare_every = number_after(argc, argv, &i);
        else if (strcmp(argv[i], "--swap") == 0)
            options.swap = true;
        else if (strcmp(argv[i], "--threads") == 0)
            options.threads = true;
        else if (strcmp(argv[i], "--verbose") == 0)
            verbose = true;
        else {
            fprintf(stderr, "unknown option %s\n", argv[i]);
            return 2;
        }
    }
    if (options.cpus < 1 || options.cpus > 4 || options.frames < 800) {
        fprintf(stderr, "cpus 1 to 4, frames from 800\n");
        return 2;
    }
    printf("model --seed %llu --steps %llu --cpus %u --frames %u --high %u%s%s\n",
           (unsigned long long)options.seed, (unsigned long long)steps, options.cpus,
           options.frames, options.high, options.swap ? " --swap" : "",
           options.threads ? " --threads" : "");
    fflush(stdout);
    test_start(&test, &options);
    if (check_every != 0)
        test.check_every = check_every;
    if (compare_every != 0)
        test.compare_every = compare_every;
    if (options.threads)
        test_run_threads(&test, steps);
    else
        test_run(&test, steps);
    for (unsigned i = 0; i < options.cpus; i++)
        for (unsigned j = 0; j < QUIRE_FAULT_CLASS_COUNT; j++)
            faults[j] += test.machine->q->cpu[i].fault[j];
    if (verbose)
        report(&test, faults);
    test_end(&test);
    printf("done\n");
    return 0;
}
