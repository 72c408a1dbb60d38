/* The numbers of system calls on this machine; CALL and NONE are defined by who includes it. */
#ifdef __x86_64__
#include "linux/x86_64/numbers.h"
#else
#include "linux/i386/numbers.h"
#endif
#include "linux/numbers_shared.h"
