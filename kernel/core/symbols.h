#ifndef KERNEL_CORE_SYMBOLS_H
#define KERNEL_CORE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The function that holds a text address; false when none does. Any context. */
bool symbol_lookup(uintptr_t address, const char **out_name, size_t *out_offset);

#endif
