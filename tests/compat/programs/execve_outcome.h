/*
 * execve of ./program in a child, for programs that damage ELF files: the error's name, the signal
 * that ended it, or "exit N".
 */
#ifndef EXECVE_OUTCOME_H
#define EXECVE_OUTCOME_H

#include "compat.h"

/* late: Linux finds out when the old program is gone already, and kills; quire still refuses. */
static const char *execve_outcome(bool late)
{
    static char text[64];
    int report[2], error = 0, status;
    pid_t child;

    if (pipe2(report, O_CLOEXEC) != 0)
        return "no pipe";
    child = fork();
    if (child == 0) {
        char *argv[] = {"program", NULL};

        execve("program", argv, NULL);
        error = errno;
        if (write(report[1], &error, sizeof error) != sizeof error)
            _exit(98);
        _exit(99);
    }
    close(report[1]);
    if (read(report[0], &error, sizeof error) < 0)
        error = -1;
    close(report[0]);
    waitpid(child, &status, 0);
    if (late && (error != 0 || WIFSIGNALED(status)))
        return "not started";
    if (error != 0)
        snprintf(text, sizeof text, "%s", errno_name(error));
    else if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "%s", signal_name(WTERMSIG(status)));
    else
        snprintf(text, sizeof text, "exit %d", WEXITSTATUS(status));
    return text;
}

/* The statement changes the fresh image, which outcome() writes and runs. */
#define ATTEMPT(late, change)                                                                      \
    do {                                                                                           \
        fresh();                                                                                   \
        change;                                                                                    \
        printf("%s: %s\n", #change, outcome(late));                                                \
    } while (0)

#endif
