/* The system calls that are this architecture's own, or take their arguments in its own way. */
#ifdef __x86_64__
#include "linux/x86_64/calls.h"
#else
#include "linux/i386/calls.h"
#endif
