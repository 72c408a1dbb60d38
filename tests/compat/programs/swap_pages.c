/* machine: --swap 64M */
/* Pages that are paged out, as pagemap, mincore, smaps and status tell them; and their ways back.
 */
#include "proc.h"

#include <sys/swap.h>

#define COUNT 32

static char *swapped_pages(void)
{
    char *at = map_pages(AREA, COUNT);

    for (int page = 0; page < COUNT; page++)
        memset(at + page * PAGE, 'A' + page, PAGE);
    madvise(at, COUNT * PAGE, MADV_RANDOM); /* one page at a time comes back */
    madvise(at, COUNT * PAGE, MADV_PAGEOUT);
    return at;
}

static void count_words(const char *title, const char *at)
{
    int present = 0, swapped = 0, offsets = 0, areas = 0;
    uint64_t before = 0;

    for (int page = 0; page < COUNT; page++) {
        uint64_t word = pagemap_word("/proc/self/pagemap", at + page * PAGE);

        present += (word & PAGEMAP_PRESENT) != 0;
        swapped += (word & PAGEMAP_SWAPPED) != 0;
        if (word & PAGEMAP_SWAPPED) {
            areas += (word & 31) != 0; /* the first area's number is 0 */
            offsets += (word & PAGEMAP_FRAME) >> 5 != before && (word & PAGEMAP_FRAME) >> 5 != 0;
            before = (word & PAGEMAP_FRAME) >> 5;
        }
    }
    printf("%s: present %d, swapped %d, places %d, other areas %d, smaps Swap %ld\n", title,
           present, swapped, offsets, areas, smaps_value(at, "Swap"));
}

static int wrong_bytes(const char *at)
{
    int wrong = 0;

    for (int page = 0; page < COUNT; page++)
        for (size_t i = 0; i < PAGE; i++)
            wrong += at[page * PAGE + i] != 'A' + page;
    return wrong;
}

int main(void)
{
    char *at;

    swapon("/dev/vda", 0); /* where it is on already it is busy */
    at = swapped_pages();
    show_page("out", at);
    count_words("all out", at);
    show_smaps("all out", at);
    ((volatile char *)at)[0] = 'A';
    count_words("one written", at);
    printf("wrong %d\n", wrong_bytes(at));
    count_words("all read", at);
    call_munmap(at, COUNT * PAGE);

    at = swapped_pages();
    call_madvise(at, COUNT / 2 * PAGE, MADV_DONTNEED);
    count_words("half given up", at);
    call_madvise(at, COUNT * PAGE, MADV_FREE);
    count_words("all freed", at);
    printf("%d %d\n", at[0], at[(COUNT - 1) * PAGE]);
    call_munmap(at, COUNT * PAGE);

    at = swapped_pages();
    call_mprotect(at, COUNT * PAGE, PROT_NONE);
    count_words("no rights", at);
    call_mprotect(at, COUNT * PAGE, READ_WRITE);
    SHOW(mlock(at, COUNT * PAGE));
    count_words("locked", at);
    SHOW(madvise(at, COUNT * PAGE, MADV_PAGEOUT));
    SHOW(munlock(at, COUNT * PAGE));
    SHOW(madvise(at, COUNT * PAGE, MADV_PAGEOUT));
    count_words("out again", at);
    printf("wrong %d\n", wrong_bytes(at));
    call_munmap(at, COUNT * PAGE);
    return 0;
}
