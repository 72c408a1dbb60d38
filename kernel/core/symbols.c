#include "core/symbols.h"

#include "x86/layout.h"

/* Made by symbols.awk between the two links; absent in the first. */
struct symbol {
    uint32_t offset; /* from KERNEL_IMAGE, ascending */
    uint32_t name;   /* offset in symbol_names */
};

extern const struct symbol symbol_table[] __attribute__((weak));
extern const struct symbol symbol_table_end[] __attribute__((weak));
extern const char symbol_names[] __attribute__((weak));
extern const char _text_start[], _text_end[];

bool symbol_lookup(uintptr_t address, const char **out_name, size_t *out_offset)
{
    size_t low = 0, high = (size_t)(symbol_table_end - symbol_table);
    uintptr_t offset = address - KERNEL_IMAGE;

    if (address < (uintptr_t)_text_start || address >= (uintptr_t)_text_end || high == 0 ||
        offset < symbol_table[0].offset)
        return false;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (symbol_table[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    *out_name = symbol_names + symbol_table[low].name;
    *out_offset = offset - symbol_table[low].offset;
    return true;
}
