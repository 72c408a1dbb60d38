/* Segments of a program's own: bounds and rights, and over switches, forks, threads and exec. */
#include "ldt.h"

#include <pthread.h>
#include <sched.h>

static void show_offset(const char *name, void (*access)(void *), unsigned long offset)
{
    char text[60];

    snprintf(text, sizeof text, "%s %#lx", name, offset);
    show_catch(text, access, (void *)offset);
}

static void set(unsigned number, unsigned limit, unsigned contents, bool read_only, bool absent)
{
    struct segment segment = {.number = number,
                              .base = (uint32_t)(uintptr_t)0x40000000,
                              .limit = limit,
                              .wide = 1,
                              .contents = contents,
                              .read_only = read_only,
                              .absent = absent};

    if (write_ldt(&segment) != 0)
        puts("not written");
}

static void load(unsigned selector)
{
    char text[40];

    snprintf(text, sizeof text, "load %#x", selector);
    show_catch(text, load_free_segment, (void *)(uintptr_t)selector);
    printf("there is %#x\n", read_free_segment());
}

static void loads(void)
{
    load(SELECTOR(1)); /* no table yet */
    set(1, 0xfff, CONTENTS_DATA, false, false);
    set(2, 0xfff, CONTENTS_DATA, true, false);
    set(3, 0xfff, CONTENTS_DATA, false, true);
    set(4, 0xfff, CONTENTS_CODE, false, false); /* readable */
    set(5, 0xfff, CONTENTS_CODE, true, false);  /* not readable */
    set(6, 0xfff, CONTENTS_DATA_DOWN, false, false);
    for (unsigned i = 1; i <= 7; i++)
        load(SELECTOR(i));
    load(SELECTOR(1) & ~3u); /* any wished privilege */
    load(SELECTOR(8191));
    load(4); /* the first entry of the local table is one like any other */
    load(0);
}

/* Long mode knows bases and no limits. */
static void accesses(void)
{
    map_pages((void *)0x40000000, 3);
    load(SELECTOR(1));
    show_offset("write", write_by_segment, 0);
    show_offset("read", read_by_segment, 0);
    printf("%c\n", access_byte);
    if (sizeof(long) == 8) {
        show_offset("read", read_by_segment, 0x3000);
        return;
    }
    show_offset("write", write_by_segment, 0xfff);
    show_offset("write", write_by_segment, 0x1000);
    show_offset("read", read_by_segment, 0xffffffff);
    load(SELECTOR(2));
    show_offset("read", read_by_segment, 0);
    show_offset("write", write_by_segment, 0);
    load(SELECTOR(4));
    show_offset("read", read_by_segment, 0);
    show_offset("write", write_by_segment, 0);
    load(SELECTOR(6));
    show_offset("read", read_by_segment, 0xfff);
    show_offset("read", read_by_segment, 0x1000);
    load(0);
    show_offset("read", read_by_segment, 0);
}

static void yield(void)
{
    for (int i = 0; i < 50; i++)
        sched_yield();
}

/* The base is the segment's, after others ran, too. */
static void in_fork(void *unused)
{
    (void)unused;
    read_by_segment(0);
    printf("child reads %c by %#x\n", access_byte, read_free_segment());
    *(char *)0x40000000 = 'c';
    /* Its table is its own. */
    set(1, 0xfff, CONTENTS_DATA, false, true);
    show_catch("load", load_free_segment, (void *)SELECTOR(1));
}

static void forks(void)
{
    int status;
    pid_t child;

    load(SELECTOR(1));
    child = fork();
    if (child == 0) {
        in_fork(NULL);
        fflush(stdout);
        _exit(0);
    }
    yield();
    waitpid(child, &status, 0);
    read_by_segment(0);
    printf("parent reads %c by %#x\n", access_byte, read_free_segment());
    load(SELECTOR(1));
}

static void *in_thread(void *unused)
{
    (void)unused;
    printf("thread has %#x\n", read_free_segment());
    load(SELECTOR(1));
    set(1, 0xfff, CONTENTS_DATA, false, true); /* both threads' */
    return NULL;
}

/* An entry that goes is met when the selector is loaded again, at the latest after a switch. */
static void threads(void)
{
    pthread_t thread;

    load(SELECTOR(2));
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
    load(SELECTOR(1));
    set(2, 0xfff, CONTENTS_DATA, false, true);
    in_child(in_fork, NULL);
    printf("after a switch %#x\n", read_free_segment());
}

static void executes(char *self)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        execl(self, self, "again", NULL);
        _exit(1);
    }
    waitpid(child, &status, 0);
    print_status(status);
}

int main(int count, char **arguments)
{
    uint64_t table[4];

    setvbuf(stdout, NULL, _IONBF, 0);
    if (count > 1) {
        SHOW_LDT(call_modify_ldt(LDT_READ, table, sizeof table));
        printf("%#x\n", read_free_segment());
        return 0;
    }
    loads();
    accesses();
    forks();
    threads();
    executes(arguments[0]);
    return 0;
}
