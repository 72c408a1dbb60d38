/* modify_ldt's functions, sizes and entries: what is refused, what is kept, how much is read. */
#include "ldt.h"

static uint64_t table[8192 + 2];

static void show_table(unsigned entries)
{
    long result = call_modify_ldt(LDT_READ, table, entries * sizeof *table);

    show_ldt("read", result);
    for (unsigned i = 0; i < entries; i++)
        if (table[i])
            printf("%u: %016llx\n", i, (unsigned long long)table[i]);
}

static void arguments(void)
{
    struct segment good = {.number = 3, .base = 0x1234000, .limit = 0xfff, .wide = 1};

    SHOW_LDT(call_modify_ldt(LDT_READ, table, sizeof table));
    SHOW_LDT(call_modify_ldt(LDT_READ, (void *)8, 64));
    memset(table, 0xff, sizeof table);
    SHOW_LDT(call_modify_ldt(LDT_READ_DEFAULT, table, sizeof table));
    printf("%llx, then %llx\n", (unsigned long long)table[0], (unsigned long long)table[16]);
    SHOW_LDT(call_modify_ldt(LDT_READ_DEFAULT, table, 5));
    SHOW_LDT(call_modify_ldt(LDT_READ_DEFAULT, (void *)8, 8));
    for (int function = -1; function <= 0x20; function++)
        if (function != LDT_WRITE && (function < 0 || function > LDT_READ_DEFAULT))
            if ((int)call_modify_ldt(function, &good, sizeof good) != -1 && errno != ENOSYS)
                printf("%d\n", function);
    SHOW_LDT(call_modify_ldt(0x10, &good, sizeof good));
    SHOW_LDT(call_modify_ldt(LDT_WRITE, &good, 15));
    SHOW_LDT(call_modify_ldt(LDT_WRITE, &good, 17));
    SHOW_LDT(call_modify_ldt(LDT_WRITE, NULL, sizeof good));
    SHOW_LDT(call_modify_ldt(LDT_WRITE, NULL, 0));
    SHOW_LDT(write_ldt(&good));
    show_table(8);
    good.number = 8192;
    SHOW_LDT(write_ldt(&good));
    good.number = UINT32_MAX;
    SHOW_LDT(write_ldt(&good));
}

/* Each way to describe a segment, by both functions. */
static void each(int function)
{
    for (unsigned bits = 0; bits < 128; bits++) {
        struct segment segment = {
            .number = 5,
            .base = 0xfedcba98,
            .limit = 0x76543,
            .wide = bits & 1,
            .contents = bits >> 1 & 3,
            .read_only = bits >> 3 & 1,
            .in_pages = bits >> 4 & 1,
            .absent = bits >> 5 & 1,
            .usable = bits >> 6 & 1,
        };
        long result;

        /* Debian's kernel of 64 bits has no segments of 16. */
        if (sizeof(long) == 8 && !segment.wide)
            continue;
        result = call_modify_ldt(function, &segment, sizeof segment);
        if ((int)result != 0)
            printf("%02x: refused\n", bits);
        else if (call_modify_ldt(LDT_READ, table, 48) != 48)
            printf("%02x: lost\n", bits);
        else
            printf("%02x: %016llx\n", bits, (unsigned long long)table[5]);
    }
}

static void empty(void)
{
    struct segment segment = {.number = 5, .read_only = 1, .absent = 1};

    SHOW_LDT(write_ldt(&segment));
    show_table(6);
    segment = (struct segment){.number = 6, .base = 1, .wide = 1};
    SHOW_LDT(write_ldt(&segment));
    /* Base and limit 0: empty to the old function only. */
    segment.base = 0;
    SHOW_LDT(write_ldt(&segment));
    show_table(7);
    SHOW_LDT(call_modify_ldt(LDT_WRITE_OLD, &segment, sizeof segment));
    show_table(7);
    segment = (struct segment){.number = 7, .base = 0x1000, .limit = 1, .wide = 1, .lm = 1};
    SHOW_LDT(write_ldt(&segment));
    show_table(8);
}

static void sizes(void)
{
    struct segment last = {.number = 8191, .base = 1, .limit = 2, .wide = 1};

    SHOW_LDT(call_modify_ldt(LDT_READ, table, 0));
    SHOW_LDT(call_modify_ldt(LDT_READ, table, 7));
    SHOW_LDT(write_ldt(&last));
    SHOW_LDT(call_modify_ldt(LDT_READ, table, sizeof table));
    printf("%016llx\n", (unsigned long long)table[8191]);
    SHOW_LDT(call_modify_ldt(LDT_READ, (char *)-4096, 8));
    map_pages(AREA, 1);
    /* The table fits, what is zeroed behind it does not; and the other way round. */
    SHOW_LDT(call_modify_ldt(LDT_READ, AREA, PAGE));
    SHOW_LDT(call_modify_ldt(LDT_READ, AREA, PAGE + 8));
    SHOW_LDT(call_modify_ldt(LDT_READ, AREA + 8, PAGE));
}

int main(void)
{
    arguments();
    each(LDT_WRITE);
    each(LDT_WRITE_OLD);
    empty();
    sizes();
    return 0;
}
