/*
 * The self-map: a view of a space's own page tables, as memory that programs may read.
 *
 * Concept. An entry of a table that leads to a table can be read by the CPU as one that leads to a
 * page: the bits are at the same places. So a root entry that leads back to the root makes the CPU
 * walk one level less, and what it takes for the page is a table. All tables of the space appear in
 * a window as large as one root entry covers: the lowest tables side by side, those above them
 * inside that, the root inside that again (quire_self_map_entry() says where).
 *
 * PAE's root has four entries that carry no rights and cannot lead to the root. There four entries
 * of a directory lead to the four directories. The directory with the kernel's last GiB is shared
 * by all spaces, so each space gets a copy of it: like the kernel half's root entries it must not
 * change any more then, which is why its empty entries get a table before the first copy is made.
 *
 * The window lies in the kernel half, in the root's own (or the copied directory's) entries, so
 * that nothing that walks the user half meets it. Its entries are open to programs, and read-only;
 * rights are those of all levels together. The kernel half's tables hang below entries that are not
 * open to programs, so they cannot be read; that they are there can be seen in the root (or the
 * copied directory), which belongs to the space.
 *
 * TLB. A window's page is a table. Once a table has left the space its page must not be readable
 * any more, on any CPU: wherever a table leaves, the range that is flushed is at least that of a
 * leaf table, which flushes all pages of the space and not single ones (prune() in table.c).
 *
 * Failure: quire_self_map_root() allocates before it changes anything.
 */
#include "table.h"

/* An entry of the window: read-only, open to programs, not executable where the format knows it. */
static quire_entry window_link(quire_phys table, unsigned level)
{
    return quire_entry_link(table, level,
                            QUIRE_ENTRY_PRESENT | QUIRE_ENTRY_USER | QUIRE_ENTRY_ACCESSED) |
           (QUIRE_HAS_NO_EXECUTE ? QUIRE_ENTRY_NO_EXECUTE : 0);
}

/* PAE: the directory that every space shares, and the first entry of the window in it. */
static struct quire_frame *shared_directory(const struct quire *q)
{
    const quire_entry *root = quire_table_entries(q, quire_frame_of(q, q->kernel.root));

    return quire_frame_of(q,
                          quire_entry_phys(root[quire_level_index(q->self_map, q->kernel.levels)]));
}

quire_virt quire_self_map_size(unsigned levels)
{
    if (QUIRE_ROOT_FIXED)
        return (quire_virt)QUIRE_ROOT_ENTRIES << quire_level_shift(2);
    return (quire_virt)1 << quire_level_shift(levels);
}

static bool stop_visit(void *context, quire_virt address, unsigned level, quire_entry *entry)
{
    (void)address, (void)level, (void)entry;
    *(bool *)context = false;
    return false;
}

/* Tables may be there, mappings not. */
static bool is_empty(struct quire *q, quire_virt window, quire_virt size)
{
    bool empty = true;

    quire_pagetable_visit(q, &q->kernel, window, window + size, stop_visit, &empty);
    return empty;
}

enum quire_status quire_self_map_init(struct quire *q, quire_virt window)
{
    const unsigned levels = q->kernel.levels;
    quire_virt size;

    if (q->kernel.root == 0)
        return QUIRE_INVALID;
    size = quire_self_map_size(levels);
    if (window & (size - 1))
        return QUIRE_UNALIGNED;
    if (!quire_canonical(window, levels) || quire_level_index(window, levels) < QUIRE_ROOT_KERNEL)
        return QUIRE_OUT_OF_RANGE;
    if (q->spaces != NULL || q->self_map != 0) /* roots that exist would lack it */
        return QUIRE_BUSY;
    if (!is_empty(q, window, size))
        return QUIRE_EXISTS;
    q->self_map = window;
    return QUIRE_OK;
}

enum quire_status quire_self_map_fix(struct quire *q)
{
    enum quire_status status;

    if (q->self_map == 0 || !QUIRE_ROOT_FIXED || q->self_map_fixed)
        return QUIRE_OK;
    status = quire_table_fill(q, shared_directory(q), 0, QUIRE_TABLE_ENTRIES,
                              QUIRE_TABLE_LINK & ~QUIRE_ENTRY_USER);
    q->self_map_fixed = status == QUIRE_OK;
    return status;
}

enum quire_status quire_self_map_root(struct quire *q, struct quire_frame *root)
{
    const unsigned levels = q->kernel.levels;
    quire_entry *entries = quire_table_entries(q, root), *directory;
    unsigned slot = quire_level_index(q->self_map, levels);
    struct quire_frame *shared, *copy;

    if (q->self_map == 0)
        return QUIRE_OK;
    if (!QUIRE_ROOT_FIXED) {
        quire_entry_write(&entries[slot], window_link(quire_frame_phys(q, root), levels));
        return QUIRE_OK;
    }
    copy = quire_table_alloc(q, 2);
    if (copy == NULL)
        return QUIRE_NO_MEMORY;
    shared = shared_directory(q);
    directory = quire_table_entries(q, copy);
    __builtin_memcpy(directory, quire_table_entries(q, shared), QUIRE_PAGE_SIZE);
    copy->table.live = shared->table.live;
    quire_entry_write(&entries[slot],
                      quire_entry_link(quire_frame_phys(q, copy), levels, QUIRE_TABLE_LINK));
    for (unsigned i = 0; i < QUIRE_ROOT_ENTRIES; i++)
        quire_entry_write(&directory[quire_level_index(q->self_map, 2) + i],
                          window_link(quire_entry_phys(entries[i]), 2));
    return QUIRE_OK;
}

/* PAE: the directory that a root's window lies in. */
static struct quire_frame *own_directory(const struct quire *q, const struct quire_frame *root)
{
    const quire_entry *entries = quire_table_entries(q, root);

    return quire_frame_of(
        q, quire_entry_phys(entries[quire_level_index(q->self_map, q->kernel.levels)]));
}

void quire_self_map_drop(struct quire *q, struct quire_frame *root, bool defer)
{
    struct quire_frame *directory;

    if (q->self_map == 0 || !QUIRE_ROOT_FIXED)
        return;
    directory = own_directory(q, root);
    if (directory == shared_directory(q))
        return; /* its own was not made yet */
    if (!defer) {
        quire_table_discard(q, directory);
    } else if (quire_frame_drop(directory)) {
        quire_count_event(q, QUIRE_EVENT_TABLE_FREE);
        quire_defer_table(q, directory);
    }
}

/* The window's entries with the CPU's own marks left out. */
static bool leads_to(quire_entry entry, quire_phys table, unsigned level)
{
    return ((entry ^ window_link(table, level)) & ~QUIRE_ENTRY_ACCESSED) == 0;
}

/* PAE: the copy is the kernel's directory but for the window. */
static unsigned check_directory(struct quire *q, const struct quire_frame *root)
{
    const quire_entry *entries = quire_table_entries(q, root), *directory, *shared;
    unsigned first = quire_level_index(q->self_map, 2), wrong = 0;
    struct quire_frame *copy = own_directory(q, root);

    if (copy->kind != QUIRE_FRAME_TABLE || copy == shared_directory(q))
        return 1;
    copy->table.seen++;
    directory = quire_table_entries(q, copy);
    shared = quire_table_entries(q, shared_directory(q));
    for (unsigned i = 0; i < QUIRE_TABLE_ENTRIES; i++) {
        if (i - first < QUIRE_ROOT_ENTRIES)
            wrong += !leads_to(directory[i], quire_entry_phys(entries[i - first]), 2);
        else
            wrong +=
                ((directory[i] ^ shared[i]) & ~(QUIRE_ENTRY_ACCESSED | QUIRE_ENTRY_DIRTY)) != 0;
    }
    return wrong;
}

unsigned quire_self_map_check(struct quire *q, struct quire_frame *root)
{
    const unsigned levels = q->kernel.levels;

    if (q->self_map == 0)
        return 0;
    if (QUIRE_ROOT_FIXED)
        return check_directory(q, root);
    return !leads_to(quire_table_entries(q, root)[quire_level_index(q->self_map, levels)],
                     quire_frame_phys(q, root), levels);
}

quire_virt quire_self_map_entry(const struct quire *q, quire_virt address, unsigned level)
{
    const quire_virt inside = quire_self_map_size(q->kernel.levels) - 1;

    for (; level > 0; level--)
        address = q->self_map + (((address >> QUIRE_PAGE_SHIFT) * sizeof(quire_entry)) & inside);
    return address;
}
