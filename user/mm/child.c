/* A process that waits for orders. */
#include "mm.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void serve(int from, int to, int (*act)(char letter, void *context), void *context)
{
    char letter;

    while (read(from, &letter, 1) == 1) {
        int result = act(letter, context);

        if (write(to, &result, sizeof result) != sizeof result)
            break;
    }
    _exit(0);
}

void child_start(struct child *child, int (*act)(char letter, void *context), void *context)
{
    int orders[2], answers[2];

    if (pipe(orders) != 0 || pipe(answers) != 0)
        fail("pipe: %s", strerror(errno));
    fflush(NULL);
    child->pid = fork();
    if (child->pid < 0)
        fail("fork: %s", strerror(errno));
    if (child->pid == 0) {
        close(orders[1]);
        close(answers[0]);
        serve(orders[0], answers[1], act, context);
    }
    close(orders[0]);
    close(answers[1]);
    child->to = orders[1];
    child->from = answers[0];
}

int child_tell(struct child *child, char letter)
{
    int result;

    if (write(child->to, &letter, 1) != 1 ||
        read(child->from, &result, sizeof result) != sizeof result)
        fail("the helper process is gone");
    return result;
}

int child_end(struct child *child)
{
    int status = 0;

    close(child->to);
    close(child->from);
    if (waitpid(child->pid, &status, 0) != child->pid)
        fail("waitpid: %s", strerror(errno));
    return status;
}
