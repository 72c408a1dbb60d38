/*
 * Segmentation. In protected mode two sets of checks follow each other: when the selector is loaded
 * (is there such a descriptor, is it of the right type, may this privilege use it, is it present),
 * and when it is used (is the offset inside the limit, may it be written to). The order of checks
 * is the manual's, so that the exception is the one that the CPU raises.
 */
#include "segment.h"

enum { EXCEPTION_NOT_PRESENT = 11, EXCEPTION_STACK = 12, EXCEPTION_PROTECTION = 13 };

#define SELECTOR_PRIVILEGE 3u
#define SELECTOR_LOCAL     4u
#define REAL_END           0x10fff0u /* one past ffff:ffff */

/* ---- real mode ---- */

uint32_t sim_real_linear(uint16_t segment, uint16_t offset, bool a20)
{
    uint32_t linear = ((uint32_t)segment << 4) + offset;

    return a20 ? linear : linear & ~(1u << 20);
}

bool sim_real_offset(uint32_t linear, uint16_t segment, uint16_t *out_offset)
{
    uint32_t base = (uint32_t)segment << 4;

    if (linear < base || linear - base > UINT16_MAX)
        return false;
    *out_offset = (uint16_t)(linear - base);
    return true;
}

bool sim_real_pair(uint32_t linear, uint16_t *out_segment, uint16_t *out_offset)
{
    uint32_t segment = linear >> 4;

    if (linear >= REAL_END)
        return false;
    *out_segment = (uint16_t)(segment < UINT16_MAX ? segment : UINT16_MAX);
    return sim_real_offset(linear, *out_segment, out_offset);
}

/* ---- descriptors ---- */

static bool bit(uint64_t raw, unsigned place)
{
    return (raw >> place & 1) != 0;
}

void sim_descriptor_decode(uint64_t raw, struct sim_descriptor *out)
{
    uint32_t limit = (uint32_t)(raw & 0xffff) | (uint32_t)(raw >> 32 & 0xf0000);

    *out = (struct sim_descriptor){
        .base = (uint32_t)(raw >> 16 & 0xffffff) | (uint32_t)(raw >> 32 & 0xff000000),
        .type = (unsigned)(raw >> 40) & 15,
        .segment = bit(raw, 44),
        .privilege = (unsigned)(raw >> 45) & 3,
        .present = bit(raw, 47),
        .long_mode = bit(raw, 53),
        .wide = bit(raw, 54),
        .granular = bit(raw, 55),
    };
    out->limit = out->granular ? limit << 12 | 0xfff : limit;
    if (!out->segment)
        return;
    out->code = bit(raw, 43);
    out->accessed = bit(raw, 40);
    out->conforming = out->code && bit(raw, 42);
    out->readable = !out->code || bit(raw, 41);
    out->expand_down = !out->code && bit(raw, 42);
    out->writable = !out->code && bit(raw, 41);
}

uint64_t sim_descriptor_encode(const struct sim_descriptor *descriptor)
{
    bool granular = descriptor->granular || descriptor->limit > 0xfffff;
    uint64_t limit = granular ? descriptor->limit >> 12 : descriptor->limit;
    uint64_t type = descriptor->type;

    if (descriptor->segment && descriptor->code)
        type = 8u | (unsigned)descriptor->conforming << 2 | (unsigned)descriptor->readable << 1 |
               (unsigned)descriptor->accessed;
    else if (descriptor->segment)
        type = (unsigned)descriptor->expand_down << 2 | (unsigned)descriptor->writable << 1 |
               (unsigned)descriptor->accessed;
    return (limit & 0xffff) | (uint64_t)(descriptor->base & 0xffffff) << 16 | type << 40 |
           (uint64_t)descriptor->segment << 44 | (uint64_t)(descriptor->privilege & 3) << 45 |
           (uint64_t)descriptor->present << 47 | (limit >> 16 & 15) << 48 |
           (uint64_t)descriptor->long_mode << 53 | (uint64_t)descriptor->wide << 54 |
           (uint64_t)granular << 55 | (uint64_t)(descriptor->base >> 24) << 56;
}

/* ---- protected mode ---- */

static bool refuse(struct sim_segment_result *out, unsigned exception, unsigned error_code,
                   const char *why)
{
    out->exception = exception;
    out->error_code = (uint16_t)error_code;
    out->why = why;
    return false;
}

/* The exception of everything about SS is #SS where that of other segments is another one. */
static unsigned or_stack(enum sim_segment_use use, unsigned exception)
{
    return use == SIM_SEGMENT_STACK ? EXCEPTION_STACK : exception;
}

static bool find(const struct sim_segmentation *tables, uint16_t selector,
                 struct sim_segment_result *out)
{
    bool local = (selector & SELECTOR_LOCAL) != 0;
    const uint64_t *table = local ? tables->local : tables->global;
    uint32_t limit = local ? tables->local_limit : tables->global_limit;
    uint32_t at = selector & ~(SELECTOR_LOCAL | SELECTOR_PRIVILEGE);

    if (at == 0 && !local)
        return refuse(out, EXCEPTION_PROTECTION, 0, "the null selector names no segment");
    if (table == NULL || at + sizeof(*table) - 1 > limit)
        return refuse(out, EXCEPTION_PROTECTION, selector & ~SELECTOR_PRIVILEGE,
                      "the selector lies beyond the table's limit");
    sim_descriptor_decode(table[at / sizeof(*table)], &out->descriptor);
    out->found = true;
    return true;
}

static bool may_load_code(const struct sim_descriptor *d, unsigned current, unsigned requested,
                          const char **why)
{
    if (!d->code) {
        *why = "only code can be executed";
        return false;
    }
    *why = "code of another privilege is entered by a gate, not by a jump";
    if (d->conforming)
        return d->privilege <= current;
    return d->privilege == current && requested <= current;
}

static bool may_load_stack(const struct sim_descriptor *d, unsigned current, unsigned requested,
                           const char **why)
{
    *why = "a stack must be writable data";
    if (!d->writable)
        return false;
    *why = "a stack has exactly the privilege of the code that runs";
    return requested == current && d->privilege == current;
}

static bool may_load_data(const struct sim_descriptor *d, unsigned current, unsigned requested,
                          const char **why)
{
    *why = "this code may only be executed, not read";
    if (!d->readable)
        return false;
    *why = "the segment belongs to more privileged code";
    return d->conforming || d->privilege >= (current > requested ? current : requested);
}

/* What MOV to a segment register or a far jump checks. */
static bool load(const struct sim_segmentation *tables, uint16_t selector, enum sim_segment_use use,
                 struct sim_segment_result *out)
{
    unsigned requested = selector & SELECTOR_PRIVILEGE, code = selector & ~SELECTOR_PRIVILEGE;
    unsigned current = tables->privilege;
    const struct sim_descriptor *d = &out->descriptor;
    const char *why = "";
    bool allowed;

    if (!find(tables, selector, out))
        return false;
    if (!d->segment)
        return refuse(out, EXCEPTION_PROTECTION, code, "a system descriptor is no segment");
    if (use == SIM_SEGMENT_EXECUTE)
        allowed = may_load_code(d, current, requested, &why);
    else if (use == SIM_SEGMENT_STACK)
        allowed = may_load_stack(d, current, requested, &why);
    else
        allowed = may_load_data(d, current, requested, &why);
    if (!allowed)
        return refuse(out, EXCEPTION_PROTECTION, code, why);
    if (!d->present)
        return refuse(out, or_stack(use, EXCEPTION_NOT_PRESENT), code,
                      "the segment is not present");
    return true;
}

static bool inside(const struct sim_descriptor *d, uint64_t offset, uint64_t size)
{
    uint64_t last = offset + (size > 0 ? size - 1 : 0);

    if (d->expand_down)
        return offset > d->limit && last <= (d->wide ? UINT32_MAX : UINT16_MAX);
    return last <= d->limit;
}

void sim_segment_translate(const struct sim_segmentation *tables, uint16_t selector,
                           uint32_t offset, uint32_t size, enum sim_segment_use use,
                           struct sim_segment_result *out)
{
    *out = (struct sim_segment_result){.why = ""};
    if (!load(tables, selector, use, out))
        return;
    if (use == SIM_SEGMENT_WRITE && !out->descriptor.writable) {
        (void)refuse(out, EXCEPTION_PROTECTION, 0, "the segment may not be written to");
        return;
    }
    if (!inside(&out->descriptor, offset, size)) {
        (void)refuse(out, or_stack(use, EXCEPTION_PROTECTION), 0,
                     "the offset lies beyond the segment's limit");
        return;
    }
    out->allowed = true;
    out->linear = (uint32_t)(out->descriptor.base + offset);
}

bool sim_segment_offset(const struct sim_descriptor *descriptor, uint32_t linear,
                        uint32_t *out_offset)
{
    uint32_t offset = linear - descriptor->base;

    if (!inside(descriptor, offset, 1))
        return false;
    *out_offset = offset;
    return true;
}
