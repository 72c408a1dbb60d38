/*
 * Segmentation, as the CPU does it before paging: real mode (segment times 16 plus offset) and
 * protected mode (a selector chooses a descriptor; base, limit, type and privilege are checked).
 * Nothing here touches a machine: tables and selectors are given, an address or an exception comes
 * back. Intel SDM vol. 3A, 3.4, 5.3 to 5.8, and 20.1.1.
 */
#ifndef SIM_SEGMENT_H
#define SIM_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- real mode ---- */

/*
 * The linear address of segment:offset, at most 0x10ffef. Without the A20 line bit 20 is lost, so
 * that the last 64 KiB wrap to address 0 as on an 8086.
 */
uint32_t sim_real_linear(uint16_t segment, uint16_t offset, bool a20);

/* The offset that reaches a linear address in this segment; false: it lies outside its 64 KiB. */
bool sim_real_offset(uint32_t linear, uint16_t segment, uint16_t *out_offset);

/* The segment with the smallest offset for a linear address (0 .. 15 below 1 MiB); false: no
 * segment reaches it. Up to 4096 pairs name the same byte. */
bool sim_real_pair(uint32_t linear, uint16_t *out_segment, uint16_t *out_offset);

/* ---- descriptors ---- */

struct sim_descriptor {
    uint32_t base;
    uint32_t limit;     /* the last offset, in bytes */
    unsigned privilege; /* DPL */
    unsigned type;      /* of system descriptors: the four bits */
    bool segment;       /* code or data; else a system descriptor */
    bool code;
    bool writable;    /* data */
    bool readable;    /* code; data always is */
    bool expand_down; /* data: valid offsets lie above the limit */
    bool conforming;  /* code: may be called from less privilege, and keeps it */
    bool accessed;
    bool present;
    bool wide;      /* D/B: 32-bit */
    bool long_mode; /* code: 64-bit */
    bool granular;  /* the limit was counted in pages */
};

void sim_descriptor_decode(uint64_t raw, struct sim_descriptor *out);

/* The raw descriptor. A limit that needs more than 20 bits is counted in pages: its last 12 bits
 * are ones then. */
uint64_t sim_descriptor_encode(const struct sim_descriptor *descriptor);

/* ---- protected mode ---- */

/* Tables, each of descriptors of eight bytes; the limits are the last valid byte. An empty local
 * table is NULL. */
struct sim_segmentation {
    const uint64_t *global;
    uint32_t global_limit;
    const uint64_t *local;
    uint32_t local_limit;
    unsigned privilege; /* CPL: of the code that runs */
};

enum sim_segment_use {
    SIM_SEGMENT_READ,
    SIM_SEGMENT_WRITE,
    SIM_SEGMENT_EXECUTE, /* a fetch, after a far jump to the selector */
    SIM_SEGMENT_STACK,   /* a write through SS */
};

struct sim_segment_result {
    bool allowed;
    uint64_t linear;     /* where allowed: wraps at 4 GiB */
    const char *why;     /* the check that failed, in words; "" where none */
    unsigned exception;  /* 11 #NP, 12 #SS, 13 #GP */
    uint16_t error_code; /* the selector without its RPL, or 0 */
    bool found;          /* there was a descriptor */
    struct sim_descriptor descriptor;
};

/* Loads the selector for this use, and then uses `size` bytes at offset. */
void sim_segment_translate(const struct sim_segmentation *tables, uint16_t selector,
                           uint32_t offset, uint32_t size, enum sim_segment_use use,
                           struct sim_segment_result *out);

/* The offset that reaches a linear address through a descriptor; false: it lies beyond its limit.
 */
bool sim_segment_offset(const struct sim_descriptor *descriptor, uint32_t linear,
                        uint32_t *out_offset);

#endif
