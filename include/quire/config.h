/*
 * quire/config.h: every option with its meaning and default. An embedder's own choices come first:
 * compile with -DQUIRE_CONFIG_HEADER='"my_config.h"' and define there what differs.
 */
#ifndef QUIRE_CONFIG_H
#define QUIRE_CONFIG_H

#ifdef QUIRE_CONFIG_HEADER
#include QUIRE_CONFIG_HEADER
#endif

/* log2 of the page size. Every x86 format has 4 KiB pages at its lowest level. */
#ifndef QUIRE_PAGE_SHIFT
#define QUIRE_PAGE_SHIFT 12
#endif

/* The paging format: a header of constants below mm/x86/ (see <quire/format.h>). */
#define QUIRE_FORMAT_I386     1 /* two levels of 32-bit entries */
#define QUIRE_FORMAT_I386_PAE 2 /* three levels of 64-bit entries, the top one with four */
#define QUIRE_FORMAT_X86_64   3 /* four levels; five where the machine says so at boot */
#ifndef QUIRE_FORMAT
#define QUIRE_FORMAT QUIRE_FORMAT_X86_64
#endif

/* Largest block of the buddy system: 2^order frames. 10 is 4 MiB of contiguous memory. */
#ifndef QUIRE_MAX_ORDER
#define QUIRE_MAX_ORDER 10
#endif

/* Records of the frame table are written 2^order frames at a time, when they are first needed. */
#ifndef QUIRE_SECTION_ORDER
#define QUIRE_SECTION_ORDER (QUIRE_MAX_ORDER > 12 ? QUIRE_MAX_ORDER : 12)
#endif

/*
 * Low memory that ordinary requests leave to those who can use no other, as a share of the memory
 * above it: a zone keeps 1/LOW_SHARE of the direct-mapped memory above it from requests that any of
 * that could serve, and 1/HIGH_SHARE of the memory beyond the direct map from requests for which
 * that would do. 0: keeps nothing.
 */
#ifndef QUIRE_LOW_SHARE
#define QUIRE_LOW_SHARE 256
#endif
#ifndef QUIRE_HIGH_SHARE
#define QUIRE_HIGH_SHARE 32
#endif

/* Frames that one CPU keeps for itself (a stack of frame numbers), and how many move at a time. */
#ifndef QUIRE_FRAME_CACHE_SIZE
#define QUIRE_FRAME_CACHE_SIZE 256
#endif
#ifndef QUIRE_FRAME_CACHE_BATCH
#define QUIRE_FRAME_CACHE_BATCH 64
#endif

/* Pages that one unmapping collects before it flushes TLBs and frees them. Lives on the stack. */
#ifndef QUIRE_GATHER_FRAMES
#define QUIRE_GATHER_FRAMES 128
#endif

/* Object pages mapped around a read fault when they are resident (a power of two, at most 32). */
#ifndef QUIRE_FAULT_AROUND
#define QUIRE_FAULT_AROUND 16
#endif

/* Distance kept free below a region that grows down, in pages (Linux: stack_guard_gap, 256). */
#ifndef QUIRE_STACK_GUARD_PAGES
#define QUIRE_STACK_GUARD_PAGES 256
#endif

/* 1: poison freed frames and heap objects, keep lock owners, verify invariants on the way. */
#ifndef QUIRE_DEBUG
#define QUIRE_DEBUG 0
#endif

/* 1: call quire_hook_trace for each state change. */
#ifndef QUIRE_TRACE
#define QUIRE_TRACE 0
#endif

/* Data that different CPUs write lies on different lines of this size. */
#ifndef QUIRE_CACHE_LINE
#define QUIRE_CACHE_LINE 64
#endif

#if QUIRE_PAGE_SHIFT != 12
#error                                                                                             \
    "quire: QUIRE_PAGE_SHIFT must be 12: every x86 paging format has 4 KiB pages at its lowest level"
#endif
#if QUIRE_FORMAT < 1 || QUIRE_FORMAT > 3
#error "quire: QUIRE_FORMAT must be QUIRE_FORMAT_I386, QUIRE_FORMAT_I386_PAE or QUIRE_FORMAT_X86_64"
#endif
#if QUIRE_MAX_ORDER < 0 || QUIRE_MAX_ORDER > 18
#error "quire: QUIRE_MAX_ORDER must be 0 to 18 (18 is 1 GiB)"
#endif
#if QUIRE_SECTION_ORDER < QUIRE_MAX_ORDER || QUIRE_SECTION_ORDER > 20
#error "quire: QUIRE_SECTION_ORDER must be QUIRE_MAX_ORDER to 20: no block reaches across sections"
#endif
#if QUIRE_LOW_SHARE < 0 || QUIRE_HIGH_SHARE < 0
#error "quire: QUIRE_LOW_SHARE and QUIRE_HIGH_SHARE are divisors, or 0"
#endif
#if QUIRE_FRAME_CACHE_BATCH < 1 || QUIRE_FRAME_CACHE_SIZE < 2 * QUIRE_FRAME_CACHE_BATCH
#error "quire: QUIRE_FRAME_CACHE_SIZE must hold at least two batches of QUIRE_FRAME_CACHE_BATCH"
#endif
#if QUIRE_GATHER_FRAMES < 8 || QUIRE_GATHER_FRAMES > 512
#error "quire: QUIRE_GATHER_FRAMES must be 8 to 512: it lives on the kernel stack"
#endif
#if QUIRE_FAULT_AROUND < 1 || QUIRE_FAULT_AROUND > 32 ||                                           \
    (QUIRE_FAULT_AROUND & (QUIRE_FAULT_AROUND - 1))
#error "quire: QUIRE_FAULT_AROUND must be a power of two from 1 to 32"
#endif
#if QUIRE_CACHE_LINE < 16 || (QUIRE_CACHE_LINE & (QUIRE_CACHE_LINE - 1))
#error "quire: QUIRE_CACHE_LINE must be a power of two, at least 16"
#endif

#endif
