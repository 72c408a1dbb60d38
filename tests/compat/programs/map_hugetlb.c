/* MAP_HUGETLB with an empty pool: no memory, whatever the size; with a file that is none, refused.
 */
#include "compat.h"

#define HUGE(shift) ((int)((unsigned)(shift) << MAP_HUGE_SHIFT))

static void *map(size_t length, int flags)
{
    return call_mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_HUGETLB | flags, -1, 0);
}

int main(void)
{
    int fd = make_file(1);

    SHOW_ADDRESS(map((size_t)2 << 20, MAP_PRIVATE | MAP_ANONYMOUS));
    SHOW_ADDRESS(map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS));
    SHOW_ADDRESS(map((size_t)2 << 20, MAP_SHARED | MAP_ANONYMOUS));
    SHOW_ADDRESS(map((size_t)2 << 20, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE));
    SHOW_ADDRESS(map((size_t)2 << 20, MAP_PRIVATE | MAP_ANONYMOUS | HUGE(21)));
    SHOW_ADDRESS(map((size_t)1 << 30, MAP_PRIVATE | MAP_ANONYMOUS | HUGE(30)));
    SHOW_ADDRESS(map((size_t)2 << 20, MAP_PRIVATE | MAP_ANONYMOUS | HUGE(16)));
    SHOW_ADDRESS(map((size_t)2 << 20, MAP_PRIVATE | MAP_ANONYMOUS | HUGE(12)));
    SHOW_ADDRESS(map((size_t)2 << 20, MAP_PRIVATE | MAP_ANONYMOUS | HUGE(1)));
    SHOW_ADDRESS(map(0, MAP_PRIVATE | MAP_ANONYMOUS));
    SHOW_ADDRESS(map((size_t)-1, MAP_PRIVATE | MAP_ANONYMOUS));
    SHOW_ADDRESS(map((size_t)1 << 50, MAP_PRIVATE | MAP_ANONYMOUS));
    SHOW_ADDRESS(map((size_t)2 << 20, MAP_ANONYMOUS));
    SHOW_ADDRESS(map((size_t)2 << 20, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE));
    SHOW_ADDRESS(call_mmap(AREA + PAGE, (size_t)2 << 20, PROT_READ,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED, -1, 0));
    SHOW_ADDRESS(call_mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_HUGETLB, fd, 0));
    SHOW_ADDRESS(call_mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_HUGETLB, -1, 0));
    SHOW(call_mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | HUGE(21), -1, 0) !=
         MAP_FAILED);
    return 0;
}
