/* Descriptors after fork: one offset for both, one set of status flags, tables of their own. */
#include "process.h"

int main(void)
{
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), status;
    char text[8] = "";
    pid_t pid;

    NEED(write(fd, "abcdefghij", 10) == 10 && lseek(fd, 0, SEEK_SET) == 0);
    pid = fork();
    if (pid == 0) {
        NEED(read(fd, text, 3) == 3);
        say("child reads %s", text);
        NEED(fcntl(fd, F_SETFL, O_APPEND) == 0);
        NEED(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
        close(1);
        _exit(0);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    NEED(read(fd, text, 3) == 3);
    say("parent reads %s", text);
    say("append %d, close on exec %d", (fcntl(fd, F_GETFL) & O_APPEND) != 0, fcntl(fd, F_GETFD));
    pid = fork();
    if (pid == 0) {
        NEED(write(fd, "X", 1) == 1);
        close(fd);
        _exit(0);
    }
    NEED(waitpid(pid, &status, 0) == pid);
    say("offset %ld", (long)lseek(fd, 0, SEEK_CUR));
    unlink("file");
    return 0;
}
