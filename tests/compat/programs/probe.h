/*
 * What the programs about advice, locks, truncation and other processes' memory share: mappings of
 * each kind wherever the kernel puts them, and looks at many pages at once.
 */
#ifndef COMPAT_PROBE_H
#define COMPAT_PROBE_H

#include "compat.h"

/* ---- telling ---- */

__attribute__((unused)) static void tell(const char *label, long value)
{
    show_result(label, value, errno);
}

/* ---- mappings; a failure here is the machine's, and ends the program ---- */

static void *must_map(size_t length, int protection, int flags, int fd, off_t offset)
{
    void *place = mmap(NULL, length, protection, flags, fd, offset);

    if (place == MAP_FAILED) {
        printf("mmap: %s\n", errno_name(errno));
        exit(99);
    }
    return place;
}

__attribute__((unused)) static char *anonymous(size_t pages)
{
    return must_map(pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

__attribute__((unused)) static char *shared_anonymous(size_t pages)
{
    return must_map(pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

__attribute__((unused)) static char *file_map(int fd, size_t pages, int flags)
{
    return must_map(pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
}

/* Page i becomes full of the letter first + i. */
__attribute__((unused)) static void fill(char *at, size_t pages, char first)
{
    for (size_t i = 0; i < pages; i++)
        memset(at + i * PAGE, first + (int)i, PAGE);
}

/* ---- touches ---- */

static void told_fault(const void *touched)
{
    printf("%s %s", signal_name(caught.si_signo), code_name(caught.si_signo, caught.si_code));
    printf(" at touched%+ld\n", (long)((const char *)caught.si_addr - (const char *)touched));
}

/* Reads a byte: "LABEL: 'a'", or the signal, its address relative to the byte's. */
__attribute__((unused)) static void peek(const char *label, const void *at)
{
    bool happened = catch (access_read, (void *)at);

    printf("%s: ", label);
    if (happened)
        told_fault(at);
    else
        print_byte(access_byte);
}

/* Writes a byte: "LABEL: fine", or the signal. */
__attribute__((unused)) static void poke(const char *label, void *at, char byte)
{
    bool happened;

    access_byte = (unsigned char)byte;
    happened = catch (access_write, at);
    printf("%s: ", label);
    if (happened)
        told_fault(at);
    else
        puts("fine");
}

/* One letter for each page: its first byte, '0' for zero; '!' where reading it is a SIGSEGV, '#'
 * where it is a SIGBUS. */
__attribute__((unused)) static void pages_of(const char *label, const char *at, size_t pages)
{
    printf("%s: ", label);
    for (size_t i = 0; i < pages; i++) {
        if (catch (access_read, (void *)(at + i * PAGE)))
            putchar(caught.si_signo == SIGBUS ? '#' : '!');
        else
            putchar(access_byte ? access_byte : '0');
    }
    putchar('\n');
}

/* Which pages are in memory, a 1 or 0 each. */
__attribute__((unused)) static void resident(const char *label, void *at, size_t pages)
{
    unsigned char bytes[512] = {0};

    if (syscall(SYS_mincore, at, pages * PAGE, bytes) != 0) {
        printf("%s: -1 %s\n", label, errno_name(errno));
        return;
    }
    printf("%s: ", label);
    for (size_t i = 0; i < pages; i++)
        putchar('0' + (bytes[i] & 1));
    putchar('\n');
}

__attribute__((unused)) static long locked_kib(void)
{
    return number_after("/proc/self/status", "VmLck:");
}

/* The regions of /proc/self/maps within [at, at + length): offsets in pages, and rights. */
__attribute__((unused)) static void regions(const char *label, const void *at, size_t length)
{
    unsigned long low = (unsigned long)at, start, end;
    char rights[8];

    printf("%s:", label);
    for (const char *line = read_file("/proc/self/maps"); line && *line;
         line = strchr(line, '\n'), line += line != NULL) {
        if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) != 3 || end <= low ||
            start >= low + length)
            continue;
        if (start < low)
            start = low;
        if (end > low + length)
            end = low + length;
        printf(" %lu-%lu %s", (start - low) / PAGE, (end - low) / PAGE, rights);
    }
    printf("\n");
}

#endif
