/*
 * Eviction of a whole region, and of a whole process, as one operation each. Nothing is short of
 * memory here: who asks knows that the pages will not be needed for long.
 */
#include "mm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES 64

bool has_swap(void)
{
    char *text = read_file("/proc/swaps"), *line = text != NULL ? strchr(text, '\n') : NULL;
    bool has = line != NULL && line[1] != 0;

    free(text);
    return has;
}

static wide *word_of(char *region, size_t page)
{
    return (wide *)(void *)(region + page * page_size);
}

static void fill(char *region, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        *word_of(region, i) = 1000 + i;
}

static bool is_whole(char *region, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        if (*word_of(region, i) != 1000 + i)
            return false;
    return true;
}

static void show(const char *what, char *region)
{
    char line[PAGES + 1];

    draw_pages(region, PAGES, line);
    printf("  %-20s %s\n", what, line);
}

/* ---- a process ---- */

struct load {
    char *region;
    size_t pages;
};

static int work(char letter, void *context)
{
    struct load *load = context;

    if (letter == 'f')
        fill(load->region, load->pages);
    return is_whole(load->region, load->pages);
}

static wide resident_of(pid_t pid)
{
    char path[40], *text;
    wide size, resident;

    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    text = read_file(path);
    if (text == NULL || sscanf(text, "%llu %llu", &size, &resident) != 2)
        fail("%s cannot be read", path);
    free(text);
    return resident * page_size;
}

static void send_out(pid_t pid)
{
    char path[40];
    int fd;

    snprintf(path, sizeof path, "/proc/%d/reclaim", (int)pid);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "all", 3) != 3)
        fail("%s: %s", path, strerror(errno));
    close(fd);
}

static void whole_process(void)
{
    struct load load = {.pages = ((size_t)4 << 20) / page_size};
    wide before, after, free_before = meminfo("SwapFree");
    struct child child;

    load.region = new_pages(load.pages);
    child_start(&child, work, &load);
    if (!child_tell(&child, 'f'))
        fail("the helper's memory is wrong before anything happened");
    before = resident_of(child.pid);
    send_out(child.pid);
    after = resident_of(child.pid);
    printf("  in memory            %10s\n", size_text(before));
    printf("  sent out             %10s, and %s of swap are taken\n", size_text(after),
           size_text((free_before - meminfo("SwapFree")) * 1024));
    if (after > before / 4)
        fail("most of it stayed");
    if (!child_tell(&child, 'r'))
        fail("the helper's memory came back wrong");
    printf("  looked at all of it  %10s: each page is as it was\n",
           size_text(resident_of(child.pid)));
    child_end(&child);
}

int demo_evict(int argc, char **argv)
{
    struct counters before, after;
    wide came;
    char *region;

    (void)argc, (void)argv;
    if (!has_swap())
        fail("there is no swap area; `quire demo evict` brings one");
    region = new_pages(PAGES);
    say("A region of %u pages, one letter each: 'a' is in memory, 's' lies in a swap slot. "
        "madvise(MADV_PAGEOUT) sends a whole region out by one walk over its table, in runs of "
        "neighbouring slots. A read brings a page back, and neighbours with it.",
        PAGES);
    show("mapped", region);
    fill(region, PAGES);
    show("written", region);
    if (madvise(region, PAGES * page_size, MADV_PAGEOUT) != 0)
        fail("madvise: %s", strerror(errno));
    show("sent out", region);
    counters_read(&before);
    (void)*(volatile char *)(region + 20 * page_size);
    counters_read(&after);
    show("page 20 read", region);
    came = counter_of(&after, "fault_swap_in") - counter_of(&before, "fault_swap_in");
    if (came != 1)
        fail("%llu faults of class swap_in, not one", came);
    if (!is_whole(region, PAGES))
        fail("the region came back wrong");
    show("all read", region);
    printf("\n");
    say("The same for all that another process has: `echo all > /proc/PID/reclaim`.");
    whole_process();
    munmap(region, PAGES * page_size);
    return 0;
}
