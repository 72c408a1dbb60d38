/*
 * quire/trace.h: fault classes, counted events, and the fixed-size trace record (same format on
 * every face).
 */
#ifndef QUIRE_TRACE_H
#define QUIRE_TRACE_H

#include <quire/types.h>

/* How a page fault was resolved, or why not. Each value has a counter per CPU. */
enum quire_fault_class {
    /* resolved */
    QUIRE_FAULT_ANONYMOUS_WRITE = 0, /* empty entry, private anonymous, write: a zeroed frame */
    QUIRE_FAULT_ZERO_READ,           /* empty entry, private anonymous, read: the zero page */
    QUIRE_FAULT_ZERO_UPGRADE,        /* write to the zero page: a zeroed frame */
    QUIRE_FAULT_COPY,                /* write to a frame that others hold too: copied */
    QUIRE_FAULT_REUSE,               /* write to a frame whose last owner we are: made writable */
    QUIRE_FAULT_OBJECT_READ,         /* an object's page mapped for reading */
    QUIRE_FAULT_OBJECT_WRITE,        /* an object's page mapped shared and writable */
    QUIRE_FAULT_OBJECT_COPY,         /* write to a private mapping of an object: copied */
    QUIRE_FAULT_DEVICE,              /* a device page mapped */
    QUIRE_FAULT_SWAP_IN,             /* a slot's content brought back */
    QUIRE_FAULT_GROW,       /* a grow-down region was extended (then resolved as another class) */
    QUIRE_FAULT_UNSHARE,    /* a table shared by fork was copied or taken over (likewise) */
    QUIRE_FAULT_SPURIOUS,   /* the entry allows it already: a stale TLB entry or a race */
    QUIRE_FAULT_RACE,       /* looked again because another CPU changed something */
    QUIRE_FAULT_PAGER_WAIT, /* waited for an object's pager */
    /* not resolved */
    QUIRE_FAULT_NO_REGION,      /* nothing there */
    QUIRE_FAULT_NO_RIGHT,       /* a region is there, the right is not */
    QUIRE_FAULT_GUARD,          /* below a grow-down region, in its guard gap or beyond its limit */
    QUIRE_FAULT_KERNEL_ADDRESS, /* a kernel-half or non-canonical address from user mode */
    QUIRE_FAULT_BEYOND_END,     /* past the object's end */
    QUIRE_FAULT_POISONED,       /* an earlier swap-in or pager failure left the entry poisoned */
    QUIRE_FAULT_IO_ERROR,       /* the pager or swap device failed now */
    QUIRE_FAULT_NO_MEMORY,      /* no frame was left */
    QUIRE_FAULT_CLASS_COUNT
};

const char *quire_fault_class_string(enum quire_fault_class fault);

/* Other events that are counted per CPU. */
enum quire_event {
    QUIRE_EVENT_FRAME_ALLOC = 0,
    QUIRE_EVENT_FRAME_FREE,
    QUIRE_EVENT_TABLE_ALLOC,
    QUIRE_EVENT_TABLE_FREE,
    QUIRE_EVENT_TABLE_SHARE, /* a leaf table got one more parent at fork */
    QUIRE_EVENT_FLUSH_PAGE,
    QUIRE_EVENT_FLUSH_USER,
    QUIRE_EVENT_SHOOTDOWN,
    QUIRE_EVENT_MAP,
    QUIRE_EVENT_UNMAP,
    QUIRE_EVENT_PROTECT,
    QUIRE_EVENT_REMAP,
    QUIRE_EVENT_CLONE,
    QUIRE_EVENT_SWAP_IN,
    QUIRE_EVENT_SWAP_OUT,
    QUIRE_EVENT_PAGE_IN,      /* a pager brought a page */
    QUIRE_EVENT_PAGE_OUT,     /* it wrote one back */
    QUIRE_EVENT_REFAULT,      /* a page that had gone was needed and read again */
    QUIRE_EVENT_THRASH,       /* of those: it would still be here with twice the memory */
    QUIRE_EVENT_PAGE_REFAULT, /* a pager's page that reclaim took is brought again */
    QUIRE_EVENT_PAGE_THRASH,  /* of those: it would still be here with twice the memory */
    QUIRE_EVENT_LAZY_FREE,    /* a page was marked as of no more use: QUIRE_ADVICE_FREE */
    QUIRE_EVENT_LAZY_FREED,   /* and went without being written */
    QUIRE_EVENT_COUNT
};

const char *quire_event_string(enum quire_event event);

/* One state change: 32 bytes. `type` is a fault class, or 64 + an event. */
struct quire_trace_event {
    uint64_t clock;   /* quire_hook_clock */
    uint64_t address; /* virtual address, or 0 */
    uint64_t detail;  /* frame number, length, ... by type */
    uint32_t space;   /* the space's number, 0 for none */
    uint8_t type;
    uint8_t cpu;
    uint16_t access; /* QUIRE_ACCESS_* */
};
_Static_assert(sizeof(struct quire_trace_event) == 32, "trace records are 32 bytes on every face");

#endif
