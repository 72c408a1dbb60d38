/*
 * quire sim [OPTION]... TRACE: replays a recorded trace of references by replacement policies,
 * those of the library itself (mm/policy_*.c) and OPT, and prints what they cost.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define MOST_POINTS 4096
/* Window of the working set where the number of references is not known beforehand. */
#define PASSED_WINDOW 1000000

struct options {
    const char *trace, *policies, *report;
    uint32_t first, last, step; /* frames; 0: half of the pages */
    uint64_t page_size, window, working_set, seed;
    bool csv;
};

static const char usage[] =
    "usage: quire sim [OPTION]... TRACE\n"
    "\n"
    "  --frames N | A..B[..STEP]  how many frames there are (default: half of the pages used)\n"
    "  --policy NAME,...|all      default all; `quire sim --list` names them\n"
    "  --window N                 virtual time that counts as the working set, in references\n"
    "  --working-set N            window of the working-set curve (default: a hundredth of all;\n"
    "                             a million if the trace is not kept)\n"
    "  --page-size N              bytes of a page (default 4096)\n"
    "  --seed N                   of policies that throw dice (default 1)\n"
    "  --csv                      lines policy,frames,references,faults,writebacks\n"
    "  --report FILE.html         a picture of it all\n"
    "\n"
    "TRACE is Valgrind's lackey format or CSV (address[,operation] or page[,operation]), plain or\n"
    "packed by gzip, bzip2, xz or zstd; - is standard input. `quire trace` records one. A trace "
    "is\n"
    "not kept in memory if --frames is given and every policy is on-line (not opt; wsclock only "
    "with\n"
    "--window, whose default is a hundredth of all references).\n";

static void __attribute__((noreturn)) refuse(const char *what, const char *value)
{
    fprintf(stderr, "quire sim: %s: %s\n%s", what, value, usage);
    exit(2);
}

static uint64_t number(const char *text, char **end, const char *option)
{
    uint64_t value;

    errno = 0;
    value = strtoull(text, end, 0);
    if (*end == text || errno != 0 || *text == '-')
        refuse("not a number", option);
    return value;
}

static uint64_t whole_number(const char *text, uint64_t least, uint64_t most, const char *option)
{
    char *end;
    uint64_t value = number(text, &end, option);

    if (*end != '\0' || value < least || value > most)
        refuse("not a number that can be meant", option);
    return value;
}

/* N, A..B or A..B..STEP */
static void read_frames(struct options *options, const char *text)
{
    uint64_t value[3] = {0, 0, 0};
    unsigned count = 0;
    const char *at = text;
    char *end;

    do {
        value[count++] = number(at, &end, "--frames");
        at = end + 2;
    } while (count < 3 && strncmp(end, "..", 2) == 0);
    if (count == 1)
        value[1] = value[0];
    if (*end != '\0' || value[0] == 0 || value[0] > value[1] || value[1] > UINT32_MAX / 2 ||
        value[2] > UINT32_MAX)
        refuse("--frames is N, A..B or A..B..STEP, from 1 on", text);
    options->first = (uint32_t)value[0];
    options->last = (uint32_t)value[1];
    options->step = (uint32_t)value[2];
}

static void list_policies(void)
{
    for (size_t i = 0; quire_policies[i] != NULL; i++)
        printf("%-10s %s\n", quire_policies[i]->name, quire_policies[i]->idea);
    printf("%-10s %s\n", "opt", "Belady's optimum: what will be used last goes; knows the future");
}

static void read_options(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(name, "--csv") == 0) {
            options->csv = true;
            continue;
        }
        if (strcmp(name, "--list") == 0) {
            list_policies();
            exit(0);
        }
        if (strcmp(name, "--help") == 0) {
            fputs(usage, stdout);
            exit(0);
        }
        if (strncmp(name, "--", 2) != 0) {
            if (options->trace != NULL)
                refuse("one trace at a time", name);
            options->trace = name;
            continue;
        }
        if (value == NULL)
            refuse("a value is missing", name);
        i++;
        if (strcmp(name, "--frames") == 0)
            read_frames(options, value);
        else if (strcmp(name, "--policy") == 0)
            options->policies = value;
        else if (strcmp(name, "--report") == 0)
            options->report = value;
        else if (strcmp(name, "--window") == 0)
            options->window = whole_number(value, 1, UINT32_MAX, name);
        else if (strcmp(name, "--working-set") == 0)
            options->working_set = whole_number(value, 1, UINT64_MAX, name);
        else if (strcmp(name, "--page-size") == 0)
            options->page_size = whole_number(value, 1, (uint64_t)1 << 40, name);
        else if (strcmp(name, "--seed") == 0)
            options->seed = whole_number(value, 0, UINT64_MAX, name);
        else
            refuse("unknown option", name);
    }
    if (options->trace == NULL)
        refuse("which trace?", "none is named");
}

/* ---- series ---- */

static bool is_wanted(const char *list, const char *name)
{
    size_t length = strlen(name);

    if (strcmp(list, "all") == 0)
        return true;
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

static void check_names(const char *list)
{
    char name[32];

    for (const char *at = list; *at != '\0'; at += *at == ',') {
        size_t length = strcspn(at, ",");

        snprintf(name, sizeof(name), "%.*s", (int)length, at);
        if (length >= sizeof(name) || (quire_policy_find(name) == NULL &&
                                       strcmp(name, "opt") != 0 && strcmp(list, "all") != 0))
            refuse("there is no such policy", name);
        at += length;
    }
}

/* The numbers of frames to try: all of A..B, or evenly chosen ones where those are many. */
static void choose_frames(struct study *study, const struct options *options)
{
    uint32_t first = options->first, last = options->last, step = options->step;
    size_t points;

    if (first == 0)
        first = last = study->trace->pages > 1 ? study->trace->pages / 2 : 1;
    if (step == 0)
        step = last - first < 64 ? 1 : (last - first + 63) / 64;
    points = (size_t)(last - first) / step + 1;
    if (points > MOST_POINTS)
        refuse("too many numbers of frames", "choose a larger step");
    study->frames = calloc(points + 1, sizeof(*study->frames));
    for (size_t i = 0; i < points; i++)
        study->frames[study->points++] = first + (uint32_t)i * step;
    if (study->frames[points - 1] != last)
        study->frames[study->points++] = last;
}

/* The series in the order of the library, opt last. */
static void make_series(struct study *study, const char *policies)
{
    size_t most = 1;

    while (quire_policies[most - 1] != NULL)
        most++;
    study->series = calloc(most, sizeof(*study->series));
    for (size_t i = 0; i < most; i++) {
        const char *name = quire_policies[i] != NULL ? quire_policies[i]->name : "opt";

        if (!is_wanted(policies, name))
            continue;
        study->series[study->count].name = name;
        study->series[study->count++].outcome =
            calloc(study->points, sizeof(*study->series->outcome));
    }
}

/* Each policy and number of frames by itself, over the kept trace. */
static void run(struct study *study, const struct options *options)
{
    uint32_t *next = NULL;

    for (size_t i = 0; i < study->count; i++) {
        struct series *series = &study->series[i];
        const struct quire_policy *policy = quire_policy_find(series->name);

        if (policy == NULL && next == NULL)
            next = replay_next_uses(study->trace);
        for (size_t j = 0; j < study->points; j++) {
            if (policy != NULL)
                replay_policy(study->trace, policy, study->frames[j], (uint32_t)options->window,
                              options->seed, &series->outcome[j]);
            else
                replay_optimum(study->trace, next, study->frames[j], &series->outcome[j]);
        }
    }
    free(next);
    for (size_t i = 0; i < study->trace->events; i++)
        working_set_event(&study->working_set, &study->trace->event[i]);
}

/* All of them side by side, over a trace that is not kept. */
struct passing {
    struct replay **replay;
    size_t count;
    struct working_set *working_set;
};

static void pass(void *context, const struct event *event)
{
    struct passing *passing = context;

    for (size_t i = 0; i < passing->count; i++)
        replay_event(passing->replay[i], event);
    working_set_event(passing->working_set, event);
}

static void run_passing(struct study *study, const struct options *options, struct trace *trace)
{
    struct passing passing = {.count = study->count * study->points,
                              .working_set = &study->working_set};

    passing.replay = calloc(passing.count, sizeof(struct replay *));
    for (size_t i = 0; i < passing.count; i++)
        passing.replay[i] = replay_begin(quire_policy_find(study->series[i / study->points].name),
                                         study->frames[i % study->points],
                                         (uint32_t)options->window, options->seed);
    trace_pass(trace, options->trace, options->page_size, pass, &passing);
    for (size_t i = 0; i < passing.count; i++)
        replay_end(passing.replay[i], &study->series[i / study->points].outcome[i % study->points]);
    free(passing.replay);
}

/* Does nothing need to be known of the whole trace? */
static bool need_not_keep(const struct options *options)
{
    return options->first != 0 && !is_wanted(options->policies, "opt") &&
           (options->window != 0 || !is_wanted(options->policies, "wsclock"));
}

/* ---- printing ---- */

static void print_csv(const struct study *study)
{
    printf("policy,frames,references,faults,writebacks\n");
    for (size_t i = 0; i < study->count; i++)
        for (size_t j = 0; j < study->points; j++)
            printf("%s,%u,%llu,%llu,%llu\n", study->series[i].name, study->frames[j],
                   (unsigned long long)study->trace->references,
                   (unsigned long long)study->series[i].outcome[j].faults,
                   (unsigned long long)study->series[i].outcome[j].writebacks);
}

static void print_one(const struct study *study)
{
    printf("%u frames\n\n%-10s %14s %12s %14s\n", study->frames[0], "policy", "faults",
           "of 100 refs", "writebacks");
    for (size_t i = 0; i < study->count; i++) {
        const struct outcome *outcome = &study->series[i].outcome[0];

        printf("%-10s %14llu %12.4f %14llu\n", study->series[i].name,
               (unsigned long long)outcome->faults,
               100.0 * (double)outcome->faults / (double)study->trace->references,
               (unsigned long long)outcome->writebacks);
    }
}

static void print_curves(const struct study *study)
{
    printf("faults\n\n%10s", "frames");
    for (size_t i = 0; i < study->count; i++)
        printf(" %12s", study->series[i].name);
    printf("\n");
    for (size_t j = 0; j < study->points; j++) {
        printf("%10u", study->frames[j]);
        for (size_t i = 0; i < study->count; i++)
            printf(" %12llu", (unsigned long long)study->series[i].outcome[j].faults);
        printf("\n");
    }
}

static void print_working_set(const struct working_set *set)
{
    uint64_t sum = 0;
    uint32_t most = 0;

    if (set->points == 0)
        return;
    for (size_t i = 0; i < set->points; i++) {
        sum += set->size[i];
        most = set->size[i] > most ? set->size[i] : most;
    }
    printf("\nworking set over %llu references: %llu pages on average, %u at most\n",
           (unsigned long long)set->window,
           (unsigned long long)((sum + set->points / 2) / set->points), most);
    for (size_t i = 0; i < 8; i++) {
        size_t at = (i + 1) * set->points / 8;

        printf("  at %3zu %% of the trace %10u pages\n", (i + 1) * 100 / 8,
               set->size[at > 0 ? at - 1 : 0]);
    }
}

static void print_bad_lines(const struct options *options, const struct trace *trace)
{
    if (trace->bad_lines > 0)
        fprintf(stderr, "quire sim: %s: %llu lines could not be read; the first is line %llu: %s\n",
                options->trace, (unsigned long long)trace->bad_lines,
                (unsigned long long)trace->first_bad_line, trace->first_bad);
}

static void refuse_empty(const struct options *options, const struct trace *trace)
{
    print_bad_lines(options, trace);
    if (trace->events == 0) {
        fprintf(stderr, "quire sim: %s: there is no reference in it\n", options->trace);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    struct options options = {.policies = "all", .page_size = 4096, .seed = 1};
    struct trace trace;
    struct study study = {.trace = &trace};

    read_options(&options, argc, argv);
    check_names(options.policies);
    study.path = options.trace;
    if (need_not_keep(&options)) {
        choose_frames(&study, &options);
        make_series(&study, options.policies);
        working_set_begin(&study.working_set,
                          options.working_set != 0 ? options.working_set : PASSED_WINDOW);
        run_passing(&study, &options, &trace);
        refuse_empty(&options, &trace);
    } else {
        uint64_t hundredth;

        trace_read(&trace, options.trace, options.page_size);
        refuse_empty(&options, &trace);
        hundredth = trace.references / 100 + 1;
        if (options.window == 0)
            options.window = hundredth < UINT32_MAX ? hundredth : UINT32_MAX;
        choose_frames(&study, &options);
        make_series(&study, options.policies);
        working_set_begin(&study.working_set,
                          options.working_set != 0 ? options.working_set : hundredth);
        run(&study, &options);
    }
    working_set_end(&study.working_set);
    if (options.csv) {
        print_csv(&study);
    } else {
        printf("%s: %llu references (%llu writes) to %u pages; ", options.trace,
               (unsigned long long)trace.references, (unsigned long long)trace.writes, trace.pages);
        if (study.points == 1)
            print_one(&study);
        else
            print_curves(&study);
        print_working_set(&study.working_set);
    }
    if (options.report != NULL)
        report_write(&study, options.report);
    for (size_t i = 0; i < study.count; i++)
        free(study.series[i].outcome);
    free(study.series);
    free(study.frames);
    trace_free(&trace);
    return 0;
}
