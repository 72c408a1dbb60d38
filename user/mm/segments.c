/* Segmentation: real mode and protected mode, by the translator of the simulator. */
#include "mm.h"
#include "segment.h"

#include <stdlib.h>
#include <string.h>

/* ---- real mode ---- */

static void real_row(uint16_t segment, uint16_t offset, const char *what)
{
    uint32_t with = sim_real_linear(segment, offset, true);
    uint32_t without = sim_real_linear(segment, offset, false);

    printf("  %04x:%04x   %05x0 + %04x = %06x   ", segment, offset, segment, offset, with);
    if (with != without)
        printf("%06x without A20   ", without);
    printf("%s\n", what);
}

static void show_real(void)
{
    unsigned pairs = 0;
    uint16_t offset;

    heading("real mode: segment times 16 plus offset");
    real_row(0x0000, 0x7c00, "where the BIOS loads a boot sector");
    real_row(0x07c0, 0x0000, "the same byte by another name");
    real_row(0xb800, 0x0000, "the text screen");
    real_row(0xf000, 0xfff0, "where the BIOS begins");
    real_row(0xffff, 0x0010, "the first byte above 1 MiB: an 8086 wraps to 0");
    for (unsigned segment = 0; segment < 0x10000; segment++)
        pairs += sim_real_offset(0x7c00, (uint16_t)segment, &offset);
    printf("\n");
    say("Nothing is checked: any program reaches any byte of the first MiB, and byte 0x7c00 has %u "
        "names.",
        pairs);
    if (pairs != 0x7c1)
        fail("byte 0x7c00 has %u names", pairs);
}

/* ---- protected mode ---- */

static uint64_t table[8];
static const struct sim_segmentation kernel = {table, sizeof table - 1, NULL, 0, 0};
static const struct sim_segmentation program = {table, sizeof table - 1, NULL, 0, 3};

static void make_table(void)
{
    struct sim_descriptor d = {.limit = 0xffffffff,
                               .segment = true,
                               .code = true,
                               .readable = true,
                               .present = true,
                               .wide = true};

    table[1] = sim_descriptor_encode(&d);
    d.code = false;
    d.writable = true;
    table[2] = sim_descriptor_encode(&d);
    d.privilege = 3;
    table[3] = sim_descriptor_encode(&d);
    d.base = 0x100000;
    d.limit = 0xfff;
    table[4] = sim_descriptor_encode(&d);
    d.expand_down = true;
    table[5] = sim_descriptor_encode(&d);
    d.expand_down = false;
    d.writable = false;
    table[6] = sim_descriptor_encode(&d);
    d.present = false;
    table[7] = sim_descriptor_encode(&d);
}

static void show_table(void)
{
    heading("a global descriptor table");
    printf("  %-8s %-18s %-10s %-10s %-5s %s\n", "selector", "descriptor", "base", "limit", "ring",
           "kind");
    for (unsigned i = 1; i < sizeof table / sizeof table[0]; i++) {
        struct sim_descriptor d;

        sim_descriptor_decode(table[i], &d);
        printf("  0x%02x     %016llx   0x%08x 0x%08x %-5u %s%s%s%s\n", i * 8, (wide)table[i],
               d.base, d.limit, d.privilege, d.code ? "code" : "data",
               d.writable ? ", writable" : "", d.expand_down ? ", grows down" : "",
               d.present ? "" : ", not present");
    }
    printf("\n");
}

static const char *const uses[] = {"read", "write", "execute", "stack"};

static void use(const struct sim_segmentation *who, uint16_t selector, uint32_t offset,
                enum sim_segment_use how)
{
    struct sim_segment_result result;

    sim_segment_translate(who, selector, offset, 4, how, &result);
    printf("  ring %u  %-7s %02x:%08x   ", who->privilege, uses[how], selector, offset);
    if (result.allowed)
        printf("linear %08llx\n", (wide)result.linear);
    else
        printf("%s(%x): %s\n",
               result.exception == 13   ? "#GP"
               : result.exception == 12 ? "#SS"
                                        : "#NP",
               result.error_code, result.why);
}

static void show_protected(void)
{
    make_table();
    show_table();
    heading("protected mode: base plus offset, if the checks let it");
    use(&kernel, 0x10, 0x1234, SIM_SEGMENT_WRITE);
    use(&program, 0x23, 0x123, SIM_SEGMENT_WRITE);
    use(&program, 0x23, 0xffd, SIM_SEGMENT_WRITE);
    use(&program, 0x23, 0xffd, SIM_SEGMENT_STACK);
    use(&program, 0x2b, 0x1000, SIM_SEGMENT_WRITE);
    use(&program, 0x2b, 0xfff, SIM_SEGMENT_WRITE);
    use(&program, 0x33, 0x10, SIM_SEGMENT_READ);
    use(&program, 0x33, 0x10, SIM_SEGMENT_WRITE);
    use(&program, 0x3b, 0x10, SIM_SEGMENT_READ);
    use(&program, 0x10, 0x10, SIM_SEGMENT_READ);
    use(&kernel, 0x13, 0x10, SIM_SEGMENT_READ);
    use(&program, 0x08, 0x10, SIM_SEGMENT_EXECUTE);
    use(&program, 0x00, 0x10, SIM_SEGMENT_READ);
    use(&program, 0x40, 0x10, SIM_SEGMENT_READ);
    printf("\n");
    say("A selector is an index into the table, times 8, and in the lowest bits the privilege that "
        "is asked for. With base 0 and a limit of 4 GiB in all segments nothing is left of it but "
        "the ring: that is how paging systems use it. Ask yourself: mm segments SEGMENT:OFFSET, or "
        "mm segments DESCRIPTOR OFFSET (hexadecimal).");
}

/* ---- questions ---- */

static bool number(const char *text, char until, uint64_t most, uint64_t *out)
{
    char *end;

    *out = strtoull(text, &end, 16);
    return end != text && *end == until && *out <= most;
}

static int answer_real(const char *text)
{
    uint64_t segment, offset;
    const char *colon = strchr(text, ':');

    if (!number(text, ':', 0xffff, &segment) || !number(colon + 1, 0, 0xffff, &offset))
        fail("'%s' is no SEGMENT:OFFSET of two 16-bit hexadecimal numbers", text);
    real_row((uint16_t)segment, (uint16_t)offset, "");
    return 0;
}

static int answer_protected(const char *descriptor, const char *offset)
{
    uint64_t raw, place;

    if (!number(descriptor, 0, UINT64_MAX, &raw) || !number(offset, 0, UINT32_MAX, &place))
        fail("a descriptor of 64 bits and an offset of 32 bits are hexadecimal numbers");
    memset(table, 0, sizeof table);
    table[1] = raw;
    for (unsigned how = SIM_SEGMENT_READ; how <= SIM_SEGMENT_STACK; how++)
        use(&kernel, 0x08, (uint32_t)place, (enum sim_segment_use)how);
    for (unsigned how = SIM_SEGMENT_READ; how <= SIM_SEGMENT_STACK; how++)
        use(&program, 0x0b, (uint32_t)place, (enum sim_segment_use)how);
    return 0;
}

int demo_segments(int argc, char **argv)
{
    if (argc == 2)
        return answer_real(argv[1]);
    if (argc == 3)
        return answer_protected(argv[1], argv[2]);
    show_real();
    show_protected();
    return 0;
}
