/* The sizes in status follow what a program maps, to the page. */
#include "proc.h"

static const char *const keys[] = {"VmSize", "VmData", "VmStk", "VmExe",
                                   "VmLib",  "VmLck",  "VmPin", "VmSwap"};
#define KEYS (sizeof keys / sizeof keys[0])

static long before[KEYS];

static long value(const char *key)
{
    char with_colon[32];

    snprintf(with_colon, sizeof with_colon, "%s:", key);
    return number_after("/proc/self/status", with_colon);
}

/* What changed since the last call. */
static void show(const char *title)
{
    printf("%s:", title);
    for (size_t i = 0; i < KEYS; i++) {
        long now = value(keys[i]);

        if (now != before[i])
            printf(" %s %+ld", keys[i], now - before[i]);
        before[i] = now;
    }
    puts("");
}

static char deep(size_t pages)
{
    volatile char frame[16 * 4096];

    frame[0] = 1;
    return (char)(frame[0] + (pages > 16 ? deep(pages - 16) : 0) + frame[0]);
}

int main(void)
{
    int fd = make_file(4);

    for (size_t i = 0; i < KEYS; i++)
        before[i] = value(keys[i]);
    map_pages(AREA, 100);
    show("100 pages");
    call_mmap(AREA + 128 * PAGE, 10 * PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0);
    show("10 to read");
    call_mprotect(AREA + 128 * PAGE, 5 * PAGE, READ_WRITE);
    show("5 of them to write");
    call_mmap(AREA + 256 * PAGE, 7 * PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1,
              0);
    show("7 shared");
    call_mmap(AREA + 300 * PAGE, 4 * PAGE, READ_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
    show("4 of a file");
    call_mmap(AREA + 310 * PAGE, 4 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0);
    show("4 to execute");
    call_mmap(AREA + 400 * PAGE, 6 * PAGE, READ_WRITE, ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1,
              0);
    show("6 that grow");
    mlock(AREA, 20 * PAGE);
    show("20 locked");
    call_munmap(AREA, 50 * PAGE);
    show("50 unmapped");
    access_byte = (unsigned char)deep(100);
    printf("the stack grew: %d\n", value("VmStk") > before[2]);
    return 0;
}
