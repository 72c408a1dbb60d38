/* Names in words: causes, fault classes, events, kinds. For logs and tests; never NULL. */

#include <quire/bootmap.h>
#include <quire/frame.h>
#include <quire/trace.h>
#include <quire/types.h>

/* A table may have holes when a value is added and its name forgotten: those read "unknown" too. */
static const char *name_in(const char *const *names, size_t count, unsigned value)
{
    if (value >= count || names[value] == NULL)
        return "unknown";
    return names[value];
}

const char *quire_status_string(enum quire_status status)
{
    static const char *const names[QUIRE_STATUS_COUNT] = {
        [QUIRE_OK] = "ok",
        [QUIRE_NO_MEMORY] = "no memory",
        [QUIRE_NO_SPACE] = "no space",
        [QUIRE_NO_MAPPING] = "no mapping",
        [QUIRE_NO_PERMISSION] = "no permission",
        [QUIRE_BEYOND_END] = "beyond the end of the object",
        [QUIRE_IO_ERROR] = "input/output error",
        [QUIRE_UNALIGNED] = "not aligned to a page",
        [QUIRE_ZERO_LENGTH] = "zero length",
        [QUIRE_OVERFLOW] = "overflow",
        [QUIRE_OUT_OF_RANGE] = "out of range",
        [QUIRE_EXISTS] = "mapped already",
        [QUIRE_INVALID] = "invalid",
        [QUIRE_BUSY] = "busy",
        [QUIRE_NOT_ALLOCATED] = "not allocated",
        [QUIRE_LIMIT] = "limit reached",
        [QUIRE_LOCK_LIMIT] = "limit on locked pages reached",
        [QUIRE_COMMIT_LIMIT] = "too much memory promised",
        [QUIRE_RETRY] = "look again",
        [QUIRE_BROKEN] = "inconsistent state",
    };

    return name_in(names, QUIRE_STATUS_COUNT, (unsigned)status);
}

const char *quire_fault_class_string(enum quire_fault_class fault)
{
    static const char *const names[QUIRE_FAULT_CLASS_COUNT] = {
        [QUIRE_FAULT_ANONYMOUS_WRITE] = "anonymous_write",
        [QUIRE_FAULT_ZERO_READ] = "zero_read",
        [QUIRE_FAULT_ZERO_UPGRADE] = "zero_upgrade",
        [QUIRE_FAULT_COPY] = "copy",
        [QUIRE_FAULT_REUSE] = "reuse",
        [QUIRE_FAULT_OBJECT_READ] = "object_read",
        [QUIRE_FAULT_OBJECT_WRITE] = "object_write",
        [QUIRE_FAULT_OBJECT_COPY] = "object_copy",
        [QUIRE_FAULT_DEVICE] = "device",
        [QUIRE_FAULT_SWAP_IN] = "swap_in",
        [QUIRE_FAULT_GROW] = "grow",
        [QUIRE_FAULT_UNSHARE] = "unshare",
        [QUIRE_FAULT_SPURIOUS] = "spurious",
        [QUIRE_FAULT_RACE] = "race",
        [QUIRE_FAULT_PAGER_WAIT] = "pager_wait",
        [QUIRE_FAULT_NO_REGION] = "no_region",
        [QUIRE_FAULT_NO_RIGHT] = "no_right",
        [QUIRE_FAULT_GUARD] = "guard",
        [QUIRE_FAULT_KERNEL_ADDRESS] = "kernel_address",
        [QUIRE_FAULT_BEYOND_END] = "beyond_end",
        [QUIRE_FAULT_POISONED] = "poisoned",
        [QUIRE_FAULT_IO_ERROR] = "io_error",
        [QUIRE_FAULT_NO_MEMORY] = "no_memory",
    };

    return name_in(names, QUIRE_FAULT_CLASS_COUNT, (unsigned)fault);
}

const char *quire_event_string(enum quire_event event)
{
    static const char *const names[QUIRE_EVENT_COUNT] = {
        [QUIRE_EVENT_FRAME_ALLOC] = "frame_alloc",
        [QUIRE_EVENT_FRAME_FREE] = "frame_free",
        [QUIRE_EVENT_TABLE_ALLOC] = "table_alloc",
        [QUIRE_EVENT_TABLE_FREE] = "table_free",
        [QUIRE_EVENT_TABLE_SHARE] = "table_share",
        [QUIRE_EVENT_FLUSH_PAGE] = "flush_page",
        [QUIRE_EVENT_FLUSH_USER] = "flush_user",
        [QUIRE_EVENT_SHOOTDOWN] = "shootdown",
        [QUIRE_EVENT_MAP] = "map",
        [QUIRE_EVENT_UNMAP] = "unmap",
        [QUIRE_EVENT_PROTECT] = "protect",
        [QUIRE_EVENT_REMAP] = "remap",
        [QUIRE_EVENT_CLONE] = "clone",
        [QUIRE_EVENT_SWAP_IN] = "swap_in",
        [QUIRE_EVENT_SWAP_OUT] = "swap_out",
        [QUIRE_EVENT_PAGE_IN] = "page_in",
        [QUIRE_EVENT_PAGE_OUT] = "page_out",
        [QUIRE_EVENT_REFAULT] = "refault",
        [QUIRE_EVENT_THRASH] = "thrash",
        [QUIRE_EVENT_PAGE_REFAULT] = "page_refault",
        [QUIRE_EVENT_PAGE_THRASH] = "page_thrash",
        [QUIRE_EVENT_LAZY_FREE] = "lazy_free",
        [QUIRE_EVENT_LAZY_FREED] = "lazy_freed",
    };

    return name_in(names, QUIRE_EVENT_COUNT, (unsigned)event);
}

const char *quire_memory_type_string(enum quire_memory_type type)
{
    static const char *const names[QUIRE_MEMORY_TYPE_COUNT] = {
        [QUIRE_MEMORY_NONE] = "nothing",
        [QUIRE_MEMORY_USABLE] = "usable",
        [QUIRE_MEMORY_SOFT_RESERVED] = "soft reserved",
        [QUIRE_MEMORY_PERSISTENT] = "persistent",
        [QUIRE_MEMORY_ACPI] = "ACPI tables",
        [QUIRE_MEMORY_NVS] = "ACPI non-volatile",
        [QUIRE_MEMORY_RESERVED] = "reserved",
        [QUIRE_MEMORY_UNUSABLE] = "unusable",
        [QUIRE_MEMORY_BOOT] = "in use at boot",
    };

    return name_in(names, QUIRE_MEMORY_TYPE_COUNT, (unsigned)type);
}

const char *quire_frame_kind_string(enum quire_frame_kind kind)
{
    static const char *const names[QUIRE_FRAME_KIND_COUNT] = {
        [QUIRE_FRAME_FREE] = "free",           [QUIRE_FRAME_RESERVED] = "reserved",
        [QUIRE_FRAME_BOOT] = "boot",           [QUIRE_FRAME_KERNEL] = "kernel",
        [QUIRE_FRAME_HEAP] = "heap",           [QUIRE_FRAME_TABLE] = "table",
        [QUIRE_FRAME_ANONYMOUS] = "anonymous", [QUIRE_FRAME_OBJECT] = "object",
    };

    return name_in(names, QUIRE_FRAME_KIND_COUNT, (unsigned)kind);
}

const char *quire_zone_string(enum quire_zone_id zone)
{
    static const char *const names[QUIRE_ZONE_COUNT] = {
        [QUIRE_ZONE_DMA] = "DMA",
        [QUIRE_ZONE_DMA32] = "DMA32",
        [QUIRE_ZONE_NORMAL] = "normal",
        [QUIRE_ZONE_HIGH] = "high",
    };

    return name_in(names, QUIRE_ZONE_COUNT, (unsigned)zone);
}
