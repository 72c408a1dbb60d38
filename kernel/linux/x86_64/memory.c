/* Memory calls of x86-64 alone. */
#include "linux/memory.h"
#include "linux/syscalls.h"

long sys_mmap(word address, word length, word protection, word flags, word fd, word offset)
{
    return mmap_call(address, length, protection, flags, fd, offset);
}
