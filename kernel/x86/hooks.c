/* The library's ordinary hooks (<quire/hooks.h>), as far as the processor answers them. */

#include <quire/hooks.h>
#include <quire/machine.h>

#include "core/log.h"
#include "core/panic.h"
#include "x86/cpu.h"
#include "x86/time.h"

void quire_hook_panic(struct quire *q, const char *message)
{
    (void)q;
    panic("%s", message);
}

void quire_hook_log(struct quire *q, const char *line)
{
    (void)q;
    log_info("%s", line);
}

uint64_t quire_hook_clock(struct quire *q)
{
    (void)q;
    return clock_monotonic_ns();
}

/* With one CPU running the mask never names another; if it does, memory is about to be reused
   while a TLB holds it, and going on would be worse. */
void quire_hook_shootdown(struct quire *q, const uint64_t *mask, quire_virt start, quire_virt end,
                          bool kernel)
{
    (void)kernel;
    for (unsigned i = 0; i < q->cpu_count; i++) {
        if (i != cpu_id() && (mask[i / 64] >> (i % 64) & 1))
            panic("TLB shootdown of %#zx..%#zx for CPU %u, which does not run", start, end, i);
    }
}
