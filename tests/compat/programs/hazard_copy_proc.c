/* Files that look regular and have no pages: copied, advised, read ahead, synced, sought. */
#include "compat.h"

int main(void)
{
    static const char *const names[] = {"/proc/self/maps", "/proc/self/comm", "/proc/version"};
    int file = make_file(1);

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        int in = open(names[i], O_RDONLY), comm = open("/proc/self/comm", O_RDWR);
        char byte;

        puts(names[i]);
        SHOW(syscall(SYS_copy_file_range, in, NULL, comm, NULL, 100, 0));
        SHOW(syscall(SYS_copy_file_range, in, NULL, file, NULL, 100, 0));
        SHOW(syscall(SYS_copy_file_range, file, NULL, comm, NULL, 100, 0));
        SHOW(syscall(SYS_copy_file_range, in, NULL, in, NULL, 100, 0));
        SHOW(posix_fadvise(in, 0, 0, 4));
        SHOW(readahead(in, 0, 4096));
        SHOW(syncfs(in));
        SHOW(fsync(in) == 0 || errno == EINVAL);
        SHOW(lseek(in, 0, SEEK_END) > 0);
        SHOW(lseek(in, 0, SEEK_DATA) > 0);
        SHOW(read(in, &byte, 1) >= 0);
        SHOW(fcntl(in, F_GET_SEALS));
        close(in);
        close(comm);
    }
    return 0;
}
