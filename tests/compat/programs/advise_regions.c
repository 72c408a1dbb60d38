/* An advice that changes a region's nature cuts it; the opposite advice joins it again. */
#include "advice.h"

static void both(int set, int unset)
{
    char *at = anonymous(6);
    char label[32];

    mprotect(at, PAGE, PROT_NONE); /* fences: what lies beside is not ours */
    mprotect(at + 5 * PAGE, PAGE, PROT_NONE);
    snprintf(label, sizeof label, "advice %d", set);
    tell(label, call_madvise(at + 2 * PAGE, PAGE, set));
    regions("  cut", at, 6 * PAGE);
    tell("  opposite", call_madvise(at + 2 * PAGE, PAGE, unset));
    regions("  joined", at, 6 * PAGE);
    munmap(at, 6 * PAGE);
}

int main(void)
{
    both(MADV_RANDOM, MADV_NORMAL);
    both(MADV_SEQUENTIAL, MADV_NORMAL);
    both(MADV_DONTFORK, MADV_DOFORK);
    both(MADV_MERGEABLE, MADV_UNMERGEABLE);
    both(MADV_HUGEPAGE, MADV_NOHUGEPAGE);
    both(MADV_NOHUGEPAGE, MADV_HUGEPAGE);
    both(MADV_DONTDUMP, MADV_DODUMP);
    both(MADV_WIPEONFORK, MADV_KEEPONFORK);
    both(MADV_WILLNEED, MADV_NORMAL);
    both(MADV_DONTNEED, MADV_NORMAL);
    both(MADV_RANDOM, MADV_SEQUENTIAL);
    return 0;
}
