/*
 * One sequence. Its first process draws the calls; up to two forked ones wait for their turn, so
 * that what fork shares and separates is seen from both sides. A call is made by whom its draw
 * says, and the others wait, so the records have one order.
 */
#define _GNU_SOURCE
#include "sequence.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define OTHERS 2
#define DOORS  40 /* the first of the descriptors through which processes wait for each other */
#define REPORT 255

static struct {
    int pid;
    int order, answer; /* pipes' ends of ours */
} others[OTHERS];

static uint64_t the_seed;

void emit(const char *format, ...)
{
    va_list arguments;
    size_t room = sizeof the_log->text - the_log->length;
    int n;

    va_start(arguments, format);
    n = vsnprintf(the_log->text + the_log->length, room, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= room)
        the_log->overflow = true;
    else
        the_log->length += (uint32_t)n;
}

int other_process(unsigned k)
{
    return k < OTHERS ? others[k].pid : 0;
}

unsigned sequence_calls(uint64_t seed)
{
    return 20 + (unsigned)(seed % 61);
}

static struct draw draw_of(unsigned call)
{
    struct draw draw = {the_seed * 0xd1342543de82ef95ull + call * 0xaf251af3b0f025b5ull};

    draw64(&draw);
    return draw;
}

/* ---- the others ---- */

_Noreturn static void wait_for_orders(int order, int answer)
{
    unsigned char call;

    while (read(order, &call, 1) == 1) {
        if (call == REPORT) {
            report_regions("child");
        } else {
            struct draw draw = draw_of(call);

            (void)draw64(&draw); /* which said who */
            one_call(&draw);
        }
        if (write(answer, "", 1) != 1)
            break;
    }
    _exit(0);
}

static void tell(unsigned k, unsigned char call)
{
    char answer;

    if (write(others[k].order, &call, 1) != 1 || read(others[k].answer, &answer, 1) != 1)
        emit("child %u does not answer\n", k);
}

static void make_other(unsigned k)
{
    int orders[2], answers[2], door = DOORS + 4 * (int)k, parent = getpid();

    if (pipe(orders) != 0 || pipe(answers) != 0) {
        emit("no pipes\n");
        return;
    }
    /* Far from the numbers that the calls play with, and the same on both kernels. */
    dup2(orders[0], door);
    dup2(orders[1], door + 1);
    dup2(answers[0], door + 2);
    dup2(answers[1], door + 3);
    close(orders[0]);
    close(orders[1]);
    close(answers[0]);
    close(answers[1]);
    others[k].pid = fork();
    if (others[k].pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
        close(door + 1);
        close(door + 2);
        for (unsigned i = 0; i < OTHERS; i++)
            if (i != k && others[i].pid) {
                close(others[i].order); /* or that one would never see its end */
                close(others[i].answer);
            }
        memset(others, 0, sizeof others);
        is_child = true;
        wait_for_orders(door, door + 3);
    }
    others[k].order = door + 1;
    others[k].answer = door + 2;
    close(door);
    close(door + 3);
}

static void end_other(unsigned k)
{
    int status;

    close(others[k].order);
    if (waitpid(others[k].pid, &status, 0) != others[k].pid || status != 0)
        emit("child %u ended with status %x\n", k, (unsigned)status);
    close(others[k].answer);
    others[k].pid = 0;
}

/* A process that looks at what it was given, changes it, and ends. */
static void passing_child(struct draw *draw)
{
    uint64_t page = draw_page(draw), other = draw_page(draw);
    int status;
    pid_t child;

    emit("fork");
    child = fork();
    if (child == 0) {
        look(page, 6);
        emit(poke(other, draw64(draw)) ? "; %s written" : "; %s not written", at(other));
        _exit(7);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 7 << 8)
        emit(" failed");
    look(other, 1);
    emit("\n");
}

static void forks(struct draw *draw)
{
    unsigned k = below(draw, OTHERS);

    if (one_in(draw, 2)) {
        passing_child(draw);
    } else if (others[k].pid) {
        emit("child %u ends\n", k);
        end_other(k);
    } else {
        emit("child %u begins\n", k);
        make_other(k);
    }
}

void sequence_run(uint64_t seed, struct mask mask)
{
    the_seed = seed;
    address_start();
    catch_faults();
    signal(SIGPIPE, SIG_IGN); /* of a child that died of its call */
    calls_start(seed);
    for (unsigned i = 0; i < sequence_calls(seed); i++) {
        struct draw draw = draw_of(i);
        unsigned who = (unsigned)(draw64(&draw) >> 40) % 64;

        if (!(mask.words[i / 64] >> (i % 64) & 1))
            continue;
        if (who < 5) {
            emit("%u: ", i);
            forks(&draw);
        } else if (who < 26 && others[who % OTHERS].pid) {
            emit("%u: child %u: ", i, who % OTHERS);
            tell(who % OTHERS, (unsigned char)i);
        } else {
            emit("%u: ", i);
            one_call(&draw);
        }
    }
    report_regions("end");
    for (unsigned k = 0; k < OTHERS; k++)
        if (others[k].pid) {
            tell(k, REPORT);
            end_other(k);
        }
    calls_end();
}
