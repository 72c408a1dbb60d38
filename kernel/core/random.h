#ifndef KERNEL_CORE_RANDOM_H
#define KERNEL_CORE_RANDOM_H

#include <stddef.h>

/* Cryptographically strong random bytes (ChaCha20, see random.c). Any context but interrupt
 * handlers. */
void random_bytes(void *buffer, size_t size);

/* Adds to the state what someone wrote to /dev/random; never makes it weaker. */
void random_mix(const void *bytes, size_t size);

#endif
