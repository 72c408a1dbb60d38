/* Memory calls that this Linux does not have, or has switched off, are ENOSYS. */
#include "probe.h"

int main(void)
{
    SHOW(syscall(SYS_memfd_secret, 0));
    SHOW(syscall(453, 0, PAGE, 0));       /* map_shadow_stack */
    SHOW(syscall(462, AREA, PAGE, 0));    /* mseal */
    SHOW(syscall(451, 0, NULL, NULL, 0)); /* cachestat */
    return 0;
}
