/* splice, tee, vmsplice and sendfile with pipes: they wait for something, never for all. */
#include "compat.h"

#include <signal.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#define BIG (300 * 1024)

static char big[BIG] __attribute__((aligned(4096))), back[BIG];
static int ends[2];

static long drain(void)
{
    long sum = 0, n;

    while ((n = read(ends[0], back, BIG)) > 0)
        sum += n;
    return sum;
}

static void fresh(void)
{
    pipe(ends);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

static int file_of(size_t size)
{
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);

    write(fd, big, size);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

int main(void)
{
    struct iovec all = {big, BIG}, none = {big, 0}, parts[2] = {{big, 10}, {big + 10, 5000}};
    struct iovec wild = {(void *)8, 10};
    int file, other[2], appended;
    loff_t at;
    off_t *fixed = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    memset(big, 'b', sizeof big);
    fresh();
    SHOW(vmsplice(ends[1], &all, 1, 0));
    SHOW(vmsplice(ends[1], &all, 1, SPLICE_F_NONBLOCK));
    SHOW(drain());
    SHOW(vmsplice(ends[1], parts, 2, 0));
    SHOW(vmsplice(ends[0], &all, 1, 0));
    SHOW(vmsplice(ends[0], &all, 1, SPLICE_F_NONBLOCK));
    SHOW(vmsplice(ends[1], &none, 1, 0));
    SHOW(vmsplice(ends[1], &wild, 1, 0));
    SHOW(vmsplice(ends[1], &all, 1, 16));
    SHOW(vmsplice(999, &all, 1, 0));
    file = file_of(BIG);
    SHOW(vmsplice(file, &all, 1, 0));

    SHOW(splice(file, NULL, ends[1], NULL, BIG, 0));
    SHOW(splice(file, NULL, ends[1], NULL, BIG, SPLICE_F_NONBLOCK));
    SHOW(lseek(file, 0, SEEK_CUR));
    SHOW(drain());
    at = BIG - 100;
    SHOW(splice(file, &at, ends[1], NULL, BIG, 0));
    SHOW(at == BIG);
    SHOW(splice(file, &at, ends[1], NULL, BIG, 0));
    pipe(other);
    SHOW(tee(ends[0], other[1], BIG, 0));
    SHOW(tee(ends[0], ends[1], BIG, 0));
    SHOW(splice(ends[0], NULL, other[1], NULL, BIG, 0));
    SHOW(splice(ends[0], NULL, other[1], NULL, BIG, SPLICE_F_NONBLOCK));
    SHOW(tee(ends[0], other[1], BIG, SPLICE_F_NONBLOCK));
    SHOW(splice(other[0], NULL, file, NULL, BIG, 0));
    SHOW(lseek(file, 0, SEEK_END));
    SHOW(splice(other[0], NULL, file, NULL, BIG, SPLICE_F_NONBLOCK));
    SHOW(splice(file, NULL, file, NULL, 10, 0));
    SHOW(splice(other[0], NULL, other[1], NULL, 10, SPLICE_F_NONBLOCK));
    write(other[1], "text", 4);
    appended = open("file", O_WRONLY | O_APPEND);
    SHOW(splice(other[0], NULL, appended, NULL, 4, 0));
    SHOW(splice(other[0], &at, file, NULL, 4, 0));

    lseek(file, 0, SEEK_SET);
    SHOW(sendfile(ends[1], file, NULL, BIG));
    SHOW(lseek(file, 0, SEEK_CUR));
    SHOW(drain());
    SHOW(sendfile(ends[1], file, fixed, 0));
    SHOW(sendfile(ends[1], file, fixed, 5));
    close(other[0]);
    signal(SIGPIPE, SIG_IGN);
    SHOW(splice(file, NULL, other[1], NULL, 4, 0));
    SHOW(vmsplice(other[1], parts, 2, 0));
    close(ends[1]);
    SHOW(drain());
    SHOW(vmsplice(ends[0], &all, 1, 0));
    SHOW(splice(ends[0], NULL, file, NULL, 4, 0));
    return 0;
}
