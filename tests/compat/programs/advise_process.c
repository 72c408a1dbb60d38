/* process_madvise: only what does not destroy, only with good arguments, as far as it came. */
#include "advice.h"

#include <sys/uio.h>

static long process_advise(int fd, const void *vectors, size_t count, int number, unsigned flags)
{
    return syscall(SYS_process_madvise, fd, vectors, count, number, flags);
}

int main(void)
{
    char *at = anonymous(8);
    struct iovec good[3] = {{at, 2 * PAGE}, {at + 4 * PAGE, PAGE}, {at + 6 * PAGE, 2 * PAGE}};
    struct iovec bad[3] = {{at, 2 * PAGE}, {at + 4 * PAGE + 1, PAGE}, {at + 6 * PAGE, PAGE}};
    struct iovec empty[2] = {{at, 0}, {at, PAGE}};
    struct iovec negative[2] = {{at, PAGE}, {at, (size_t)-1}};
    static struct iovec many[1025];
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0), file = make_file(1);

    fill(at, 8, 'A');
    printf("pidfd_open: %s\n", self >= 0 ? "descriptor" : errno_name(errno));
    for (size_t i = 0; i < ADVICE_COUNT; i++)
        tell(every_advice[i].name, process_advise(self, good, 3, every_advice[i].number, 0));
    pages_of("pages", at, 8);
    SHOW(process_advise(self, good, 3, 77, 0));
    SHOW(process_advise(self, good, 3, 20, 1));
    SHOW(process_advise(self, good, 0, 20, 0));
    SHOW(process_advise(self, NULL, 0, 20, 0));
    SHOW(process_advise(self, NULL, 1, 20, 0));
    SHOW(process_advise(self, bad, 3, 20, 0));
    SHOW(process_advise(self, bad + 1, 2, 20, 0));
    SHOW(process_advise(self, empty, 2, 20, 0));
    SHOW(process_advise(self, negative, 2, 20, 0));
    for (int i = 0; i < 1025; i++)
        many[i] = (struct iovec){at, PAGE};
    SHOW(process_advise(self, many, 1024, 20, 0));
    SHOW(process_advise(self, many, 1025, 20, 0));
    SHOW(process_advise(-1, good, 3, 20, 0));
    SHOW(process_advise(99, good, 3, 20, 0));
    SHOW(process_advise(file, good, 3, 20, 0));
    SHOW(process_advise(-1, good, 3, 4, 0));
    SHOW(process_advise(-1, NULL, 3, 20, 0));
    SHOW(munmap(at + 5 * PAGE, PAGE));
    good[1].iov_len = 2 * PAGE;
    SHOW(process_advise(self, good, 3, 20, 0));
    SHOW(process_advise(self, good + 1, 2, 20, 0));
    SHOW(process_advise(self, good + 1, 2, MADV_WILLNEED, 0));
    SHOW(mlock(at, PAGE));
    SHOW(process_advise(self, good, 1, 20, 0));
    SHOW(process_advise(self, good, 1, 21, 0));
    SHOW(process_advise(self, good, 1, MADV_WILLNEED, 0));
    return 0;
}
