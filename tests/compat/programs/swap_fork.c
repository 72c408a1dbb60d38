/* machine: --swap 64M */
/* Pages that are out when a process forks, and pages that two have when they are told to go out. */
#include "proc.h"

#include <sys/swap.h>

#define COUNT 16

static void show(const char *title, const char *at)
{
    int present = 0, swapped = 0;

    for (int page = 0; page < COUNT; page++) {
        uint64_t word = pagemap_word("/proc/self/pagemap", at + page * PAGE);

        present += (word & PAGEMAP_PRESENT) != 0;
        swapped += (word & PAGEMAP_SWAPPED) != 0;
    }
    printf("%s: present %d, swapped %d, Swap %ld, SwapPss %ld\n", title, present, swapped,
           smaps_value(at, "Swap"), smaps_value(at, "SwapPss"));
    fflush(stdout);
}

static void fill_pages(char *at)
{
    for (int page = 0; page < COUNT; page++)
        memset(at + page * PAGE, 'A' + page, PAGE);
}

static int wrong_pages(const char *at)
{
    int wrong = 0;

    for (int page = 0; page < COUNT; page++)
        wrong += at[page * PAGE] != 'A' + page || at[page * PAGE + 4095] != 'A' + page;
    return wrong;
}

int main(void)
{
    char *at = map_pages(AREA, COUNT);
    int status;

    swapon("/dev/vda", 0);
    call_madvise(at, COUNT * PAGE, MADV_RANDOM);
    fill_pages(at);
    call_madvise(at, COUNT * PAGE, MADV_PAGEOUT);
    show("out", at);
    fflush(stdout);
    if (fork() == 0) {
        show("child", at);
        printf("child: wrong %d\n", wrong_pages(at));
        show("child has read", at);
        memset(at, 'z', PAGE);
        exit(0);
    }
    wait(&status);
    show("parent", at);
    printf("parent: wrong %d\n", wrong_pages(at));
    fflush(stdout);
    if (fork() == 0) {
        call_madvise(at, COUNT * PAGE, MADV_PAGEOUT);
        show("two have them", at);
        memset(at, 'z', COUNT / 2 * PAGE);
        call_madvise(at, COUNT * PAGE, MADV_PAGEOUT);
        show("the child has its own of half", at);
        exit(0);
    }
    wait(&status);
    show("parent", at);
    call_madvise(at, COUNT * PAGE, MADV_PAGEOUT);
    show("one has them", at);
    printf("wrong %d\n", wrong_pages(at));
    return 0;
}
