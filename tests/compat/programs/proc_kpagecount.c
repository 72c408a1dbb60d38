/* kpagecount says how often a frame is mapped, kpageflags what it is. */
#include "proc.h"

#define COUNT "/proc/kpagecount"
#define FLAGS "/proc/kpageflags"

static void show(const char *title, uint64_t frame)
{
    uint64_t flags = frame_word(FLAGS, frame);

    printf("%s: mapped %lu%s%s%s%s%s\n", title, (unsigned long)frame_word(COUNT, frame),
           flags >> 11 & 1 ? " mapped" : "", flags >> 12 & 1 ? " anonymous" : "",
           flags >> 14 & 1 ? " swap-backed" : "", flags >> 26 & 1 ? " table" : "",
           flags >> 7 & 1 ? " slab" : "");
}

static void child(void *frame)
{
    show("forked", *(uint64_t *)frame);
    touch(AREA, 1);
    show("old one", *(uint64_t *)frame);
    show("new one", frame_of(AREA));
}

int main(void)
{
    char *file = AREA + 64 * PAGE, *again = AREA + 128 * PAGE;
    int fd = make_file(4), count = open(COUNT, O_RDONLY);
    uint64_t frame, words[4];

    map_pages(AREA, 2);
    touch(AREA, 2);
    frame = frame_of(AREA);
    show("private", frame);
    in_child(child, &frame);
    show("alone again", frame);
    call_mmap(file, 4 * PAGE, READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    touch(file, 1);
    show("file", frame_of(file));
    call_mmap(again, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
    look(again, 1);
    show("file, twice", frame_of(file));
    frame = frame_of(file);
    call_munmap(file, 4 * PAGE);
    call_munmap(again, 4 * PAGE);
    show("file, not mapped", frame);
    SHOW(pread(count, words, 32, 4096));
    SHOW(pread(count, words, 7, 4096));
    SHOW(pread(count, words, 8, 4097));
    SHOW(write(count, words, 8));
    return 0;
}
