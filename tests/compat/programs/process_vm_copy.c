/* process_vm_readv and writev: pieces that do not match, partial results, counts and flags. */
#include "probe.h"

#include <sys/uio.h>

static long get(long pid, const void *local, size_t n, const void *remote, size_t m, long flags)
{
    return syscall(SYS_process_vm_readv, pid, local, n, remote, m, flags);
}

static long put(long pid, const void *local, size_t n, const void *remote, size_t m, long flags)
{
    return syscall(SYS_process_vm_writev, pid, local, n, remote, m, flags);
}

int main(void)
{
    char *at = map_pages(AREA, 4), *to = map_pages(AREA + 16 * PAGE, 4);
    struct iovec two[2] = {{to, 100}, {to + PAGE, 200}}, one = {at, 250}, none = {at, 0};
    struct iovec across = {at + PAGE - 50, 100}, half[2] = {{at, 100}, {at + 2 * PAGE, 100}};
    struct iovec negative = {at, (size_t)-1}, kernel = {(void *)0xffff800000000000, 8};
    static struct iovec many[1025];
    long self = getpid();

    fill(at, 4, 'A');
    SHOW(get(self, two, 2, &one, 1, 0));
    printf("%c %c %d\n", to[99], to[PAGE + 149], to[PAGE + 150]);
    SHOW(get(self, &one, 1, two, 2, 0));
    SHOW(put(self, &one, 1, two, 2, 0));
    SHOW(get(self, two, 2, &none, 1, 0));
    SHOW(get(self, two, 2, NULL, 0, 0));
    SHOW(get(self, NULL, 0, NULL, 0, 0));
    SHOW(get(self, NULL, 0, &one, 1, 0));
    SHOW(get(self, NULL, 1, &one, 1, 0));
    SHOW(get(self, &one, 1, NULL, 1, 0));
    SHOW(get(self, two, 2, &one, 1, 1));
    SHOW(get(self, &negative, 1, &one, 1, 0));
    SHOW(get(self, &one, 1, &negative, 1, 0));
    SHOW(get(self, &kernel, 1, &one, 1, 0));
    SHOW(get(self, &one, 1, &kernel, 1, 0));
    for (int i = 0; i < 1025; i++)
        many[i] = (struct iovec){to, 1};
    SHOW(get(self, many, 1024, &one, 1, 0));
    SHOW(get(self, many, 1025, &one, 1, 0));
    SHOW(get(self, &one, 1, many, 1024, 0));
    SHOW(get(self, &one, 1, many, 1025, 0));
    call_munmap(at + PAGE, PAGE);
    SHOW(get(self, two, 2, &across, 1, 0));
    SHOW(put(self, two, 2, &across, 1, 0));
    SHOW(get(self, two, 2, half, 2, 0));
    half[0].iov_base = at + PAGE;
    SHOW(get(self, two, 2, half, 2, 0));
    half[0].iov_base = at;
    half[1].iov_base = at + PAGE;
    SHOW(get(self, two, 2, half, 2, 0));
    call_mprotect(at, PAGE, PROT_READ);
    SHOW(put(self, two, 1, &one, 1, 0));
    SHOW(get(self, two, 1, &one, 1, 0));
    call_mprotect(at, PAGE, PROT_NONE);
    SHOW(get(self, two, 1, &one, 1, 0));
    SHOW(put(self, two, 1, &one, 1, 0));
    call_mprotect(to, PAGE, PROT_READ);
    one.iov_base = at + 2 * PAGE;
    SHOW(get(self, two, 2, &one, 1, 0));
    SHOW(get(-1, two, 2, &one, 1, 0));
    SHOW(get(0, two, 2, &one, 1, 0));
    SHOW(get(4000000, two, 2, &one, 1, 0));
    SHOW(get(4000000, NULL, 0, NULL, 0, 0));
    return 0;
}
