/* After fork private memory is separate, both ways; shared memory and files are common. */
#include "compat.h"

static char *private_, *shared, *file, *file_private;

static void show_all(const char *who)
{
    printf("%s: %c %c %c %c\n", who, private_[0], shared[0], file[0], file_private[0]);
}

static void child(void *argument)
{
    (void)argument;
    show_all("child");
    private_[0] = shared[0] = file[0] = file_private[0] = 'c';
    show_all("child");
}

int main(void)
{
    int fd = make_file(1);

    private_ = map_pages(AREA, 1);
    shared = call_mmap(AREA + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    file = call_mmap(AREA + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    file_private =
        call_mmap(AREA + 6 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
    private_[0] = shared[0] = file[0] = file_private[0] = 'p';
    show_all("parent");
    in_child(child, NULL);
    show_all("parent");
    private_[0] = 'q';
    in_child(child, NULL);
    show_all("parent");
    return 0;
}
