/* The order of clone's arguments on x86-64. */
#include "linux/process_calls.h"

long sys_clone(word flags, word stack, word parent_tid, word child_tid, word tls)
{
    return clone_call(flags, stack, parent_tid, child_tid, tls);
}
