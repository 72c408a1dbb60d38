/* userfaultfd is answered as by a kernel that is built without it; no flag, no right changes that.
 */
/* only: x86_64 */
#include "compat.h"

int main(void)
{
    SHOW(syscall(323, 0));
    SHOW(syscall(323, 1));
    SHOW(syscall(323, O_CLOEXEC | O_NONBLOCK));
    SHOW(syscall(323, ~0ul));
    become_user();
    SHOW(syscall(323, 0));
    return 0;
}
