/*
 * The MMU: a walker driven by the format's constants alone, a TLB of leaf entries, and caches of
 * the entries above them (Intel SDM vol. 3A, 4.10). It is as nasty as the manual lets it be:
 *
 *  - nothing is ever forgotten unasked: an entry stays until INVLPG, a root load or a page fault on
 * it drops it (unless a demo limits the entries);
 *  - it walks and caches at any time, for addresses near those in use (sim_speculate), setting
 * accessed bits;
 *  - a later walk starts at the lowest table that the structure cache knows, however old that
 * knowledge is;
 *  - the dirty bit is set only by a walk: a TLB entry that says dirty lets stores through without
 * looking.
 *
 * INVLPG drops every structure entry of the CPU, and global entries too; a root load drops what is
 * not global; a page fault drops what it used (4.10.4.1). Accessed and dirty bits are set by
 * compare-and-exchange on the entry that was read: a walk whose entry changed meanwhile starts
 * again.
 *
 * Each reference from a TLB or structure entry to a frame is counted in machine->held, so that
 * sim_frame_freed can tell.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* What one access needs, and what a translation gives. */
struct access {
    quire_virt address;
    bool write, execute, user;
};

/* ---- references ---- */

static void hold(struct sim_cpu *cpu, quire_phys frame, int change)
{
    if (frame < cpu->machine->ram_end)
        __atomic_fetch_add(&cpu->machine->held[frame >> QUIRE_PAGE_SHIFT], (uint32_t)change,
                           __ATOMIC_SEQ_CST);
}

static quire_virt page_of(quire_virt address, unsigned level)
{
    return address & ~(((quire_virt)1 << quire_level_shift(level)) - 1);
}

/* ---- TLB ---- */

static int32_t *chain_of(struct sim_mmu *mmu, quire_virt page, unsigned level)
{
    return level > 1 ? &mmu->large : &mmu->bucket[(page >> QUIRE_PAGE_SHIFT) % SIM_TLB_BUCKETS];
}

static void free_entries_from(struct sim_mmu *mmu, int32_t first)
{
    for (int32_t i = mmu->capacity - 1; i >= first; i--) {
        mmu->entry[i].used = false;
        mmu->entry[i].next = mmu->free;
        mmu->free = i;
    }
}

void sim_mmu_init(struct sim_cpu *cpu)
{
    struct sim_mmu *mmu = &cpu->mmu;

    pthread_mutex_init(&mmu->mutex, NULL);
    mmu->capacity = 64;
    mmu->entry = calloc((size_t)mmu->capacity, sizeof(*mmu->entry));
    mmu->free = -1;
    mmu->large = -1;
    for (unsigned i = 0; i < SIM_TLB_BUCKETS; i++)
        mmu->bucket[i] = -1;
    free_entries_from(mmu, 0);
}

void sim_mmu_destroy(struct sim_cpu *cpu)
{
    free(cpu->mmu.entry);
    pthread_mutex_destroy(&cpu->mmu.mutex);
}

static struct sim_tlb_entry *tlb_find(struct sim_mmu *mmu, quire_virt address)
{
    for (int32_t i = *chain_of(mmu, address, 1); i >= 0; i = mmu->entry[i].next)
        if (mmu->entry[i].page == page_of(address, 1))
            return &mmu->entry[i];
    for (int32_t i = mmu->large; i >= 0; i = mmu->entry[i].next)
        if (mmu->entry[i].page == page_of(address, mmu->entry[i].level))
            return &mmu->entry[i];
    return NULL;
}

static void tlb_remove(struct sim_cpu *cpu, struct sim_tlb_entry *entry)
{
    struct sim_mmu *mmu = &cpu->mmu;
    int32_t index = (int32_t)(entry - mmu->entry);
    int32_t *link = chain_of(mmu, entry->page, entry->level);

    while (*link != index)
        link = &mmu->entry[*link].next;
    *link = entry->next;
    hold(cpu, entry->frame, -1);
    entry->used = false;
    entry->next = mmu->free;
    mmu->free = index;
    mmu->count--;
}

/* A CPU may forget at any time; one with few entries must. */
static void tlb_make_room(struct sim_cpu *cpu)
{
    struct sim_mmu *mmu = &cpu->mmu;
    struct sim_tlb_entry *oldest = NULL;

    if (cpu->machine->options.tlb_entries == 0 || mmu->count < cpu->machine->options.tlb_entries)
        return;
    for (int32_t i = 0; i < mmu->capacity; i++)
        if (mmu->entry[i].used && (oldest == NULL || mmu->entry[i].last_use < oldest->last_use))
            oldest = &mmu->entry[i];
    tlb_remove(cpu, oldest);
    mmu->evictions++;
}

static void tlb_insert(struct sim_cpu *cpu, const struct sim_tlb_entry *value)
{
    struct sim_mmu *mmu = &cpu->mmu;
    struct sim_tlb_entry *old = tlb_find(mmu, value->page);
    int32_t *link, index;

    if (old != NULL)
        tlb_remove(cpu, old);
    tlb_make_room(cpu);
    if (mmu->free < 0) {
        int32_t first = mmu->capacity;

        mmu->capacity *= 2;
        mmu->entry = realloc(mmu->entry, (size_t)mmu->capacity * sizeof(*mmu->entry));
        free_entries_from(mmu, first);
    }
    index = mmu->free;
    mmu->free = mmu->entry[index].next;
    link = chain_of(mmu, value->page, value->level);
    mmu->entry[index] = *value;
    mmu->entry[index].used = true;
    mmu->entry[index].last_use = mmu->hits + mmu->misses;
    mmu->entry[index].next = *link;
    *link = index;
    hold(cpu, value->frame, 1);
    mmu->count++;
}

/* ---- structure cache ---- */

static void structures_drop(struct sim_cpu *cpu)
{
    for (unsigned i = 0; i < cpu->mmu.structures; i++)
        hold(cpu, cpu->mmu.structure[i].table, -1);
    cpu->mmu.structures = 0;
}

static const struct sim_structure_entry *structure_find(const struct sim_mmu *mmu,
                                                        quire_virt address)
{
    const struct sim_structure_entry *best = NULL;

    for (unsigned i = 0; i < mmu->structures; i++) {
        const struct sim_structure_entry *entry = &mmu->structure[i];

        if (entry->prefix == page_of(address, entry->level + 1) &&
            (best == NULL || entry->level < best->level))
            best = entry;
    }
    return best;
}

static void structure_insert(struct sim_cpu *cpu, const struct sim_structure_entry *value)
{
    struct sim_mmu *mmu = &cpu->mmu;
    unsigned at;

    for (at = 0; at < mmu->structures; at++)
        if (mmu->structure[at].level == value->level && mmu->structure[at].prefix == value->prefix)
            break;
    if (at == SIM_STRUCTURE_ENTRIES)
        at = (unsigned)sim_draw(cpu, SIM_STRUCTURE_ENTRIES);
    if (at < mmu->structures)
        hold(cpu, mmu->structure[at].table, -1);
    else
        mmu->structures++;
    mmu->structure[at] = *value;
    hold(cpu, value->table, 1);
}

/* ---- flushing; the CPU's mutex is held, or it is the only thread ---- */

static void drop_page(struct sim_cpu *cpu, quire_virt address)
{
    struct sim_tlb_entry *entry;

    while ((entry = tlb_find(&cpu->mmu, address)) != NULL)
        tlb_remove(cpu, entry);
    structures_drop(cpu);
}

static void drop_all(struct sim_cpu *cpu, bool global)
{
    struct sim_mmu *mmu = &cpu->mmu;

    for (int32_t i = 0; mmu->count > 0 && i < mmu->capacity; i++)
        if (mmu->entry[i].used && (global || !mmu->entry[i].global))
            tlb_remove(cpu, &mmu->entry[i]);
    structures_drop(cpu);
}

void sim_mmu_drop(struct sim_cpu *cpu, quire_virt start, quire_virt end, bool global)
{
    pthread_mutex_lock(&cpu->mmu.mutex);
    cpu->mmu.flushes++;
    if (end == 0 && !global) {
        drop_all(cpu, false);
    } else if (end - start > 32 * QUIRE_PAGE_SIZE) {
        drop_all(cpu, global);
    } else {
        for (quire_virt at = start; at != end; at += QUIRE_PAGE_SIZE)
            drop_page(cpu, at);
    }
    pthread_mutex_unlock(&cpu->mmu.mutex);
}

void sim_flush_page(quire_virt address)
{
    struct sim_cpu *cpu = sim_this_cpu();

    quire_platform_point();
    sim_mmu_drop(cpu, address & QUIRE_PAGE_MASK, (address & QUIRE_PAGE_MASK) + QUIRE_PAGE_SIZE,
                 true);
}

void sim_flush_user(void)
{
    quire_platform_point();
    sim_mmu_drop(sim_this_cpu(), 0, 0, false);
}

void sim_flush_all(void)
{
    quire_platform_point();
    sim_mmu_drop(sim_this_cpu(), 0, ~(quire_virt)0, true);
}

void sim_mmu_set_root(struct sim_cpu *cpu, quire_phys root)
{
    __atomic_store_n(&cpu->mmu.root, root, __ATOMIC_RELAXED);
    if (QUIRE_ROOT_FIXED)
        memcpy(cpu->mmu.fixed, sim_bytes(cpu->machine, root), sizeof(cpu->mmu.fixed));
}

void sim_load_root(quire_phys root)
{
    struct sim_cpu *cpu = sim_this_cpu();

    quire_platform_point();
    pthread_mutex_lock(&cpu->mmu.mutex);
    sim_mmu_set_root(cpu, root);
    drop_all(cpu, false);
    pthread_mutex_unlock(&cpu->mmu.mutex);
}

/* ---- the walk ---- */

static quire_entry *entry_at(struct sim_cpu *cpu, quire_phys table, quire_virt address,
                             unsigned level)
{
    return (quire_entry *)sim_bytes(cpu->machine, table) + quire_level_index(address, level);
}

/* Bits that must be zero in a present entry; a CPU would raise a page fault with the reserved bit.
 */
static void check_reserved(struct sim_cpu *cpu, quire_virt address, unsigned level,
                           quire_entry entry)
{
    bool large = level > 1 && (entry & QUIRE_ENTRY_LARGE);
    bool wrong = false;

    if (large && !(QUIRE_LARGE_LEVELS & (1u << level)))
        wrong = true;
    if (large &&
        (entry & QUIRE_ENTRY_ADDRESS & ~QUIRE_ENTRY_PAT_LARGE & quire_level_mask(level)) != 0)
        wrong = true;
    if (level > 1 && !large && (entry & ~(QUIRE_TABLE_FLAGS(level) | QUIRE_ENTRY_NO_EXECUTE)) != 0)
        wrong = true;
    if (!large && level > 1 && quire_entry_phys(entry) >= cpu->machine->ram_end)
        wrong = true;
    if (wrong)
        sim_fail(cpu->machine, "reserved bits in the level %u entry 0x%llx for address 0x%llx",
                 level, (unsigned long long)entry, (unsigned long long)address);
}

static bool allows(const struct sim_tlb_entry *entry, const struct access *access)
{
    return (!access->user || entry->user) && (!access->write || entry->write) &&
           (!access->execute || entry->execute);
}

/* Set bits in the entry that was read; false: it changed meanwhile. */
static bool update_entry(quire_entry *slot, quire_entry seen, quire_entry bits)
{
    if ((seen & bits) == bits)
        return true;
    return __atomic_compare_exchange_n(slot, &seen, seen | bits, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

enum walk_result { WALK_FAULT, WALK_DONE, WALK_AGAIN };

/*
 * From the structure cache or the root down to a leaf. With `pause`, other CPUs may run between two
 * levels. Sets accessed bits on the way, and the dirty bit for a store that the leaf allows.
 */
static enum walk_result walk(struct sim_cpu *cpu, const struct access *access, bool pause,
                             struct sim_tlb_entry *out)
{
    struct sim_mmu *mmu = &cpu->mmu;
    const struct sim_structure_entry *known = structure_find(mmu, access->address);
    struct sim_structure_entry at = {.table = mmu->root,
                                     .level = cpu->machine->q->kernel.levels,
                                     .write = true,
                                     .user = true,
                                     .execute = true};

    if (known != NULL)
        at = *known;
    for (;; at.level--) {
        bool fixed = QUIRE_ROOT_FIXED && at.level == cpu->machine->q->kernel.levels;
        quire_entry *slot = fixed ? &mmu->fixed[quire_level_index(access->address, at.level)]
                                  : entry_at(cpu, at.table, access->address, at.level);
        quire_entry entry, rights;
        bool leaf;

        if (pause && sim_draw(cpu, 4) == 0)
            sim_yield(cpu);
        entry = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
        if (!(entry & QUIRE_ENTRY_PRESENT))
            return WALK_FAULT;
        check_reserved(cpu, access->address, at.level, entry);
        leaf = at.level == 1 || (entry & QUIRE_ENTRY_LARGE);
        rights = quire_entry_rights(entry, at.level, leaf);
        at.write &= (rights & QUIRE_ENTRY_WRITE) != 0;
        at.user &= (rights & QUIRE_ENTRY_USER) != 0;
        at.execute &= !(entry & QUIRE_ENTRY_NO_EXECUTE);
        if (leaf) {
            bool store = access->write && at.write && (!access->user || at.user);
            quire_entry bits = QUIRE_ENTRY_ACCESSED | (store ? QUIRE_ENTRY_DIRTY : 0);

            if (!update_entry(slot, entry, bits))
                return WALK_AGAIN;
            *out = (struct sim_tlb_entry){
                .page = page_of(access->address, at.level),
                .frame =
                    at.level == 1 ? quire_entry_phys(entry) : (entry & QUIRE_ENTRY_ADDRESS_LARGE),
                .level = at.level,
                .write = at.write,
                .user = at.user,
                .execute = at.execute,
                .global = (entry & QUIRE_ENTRY_GLOBAL) != 0,
                .dirty = ((entry | bits) & QUIRE_ENTRY_DIRTY) != 0,
            };
            return WALK_DONE;
        }
        if (!update_entry(slot, entry, QUIRE_ENTRY_ACCESSED & QUIRE_TABLE_FLAGS(at.level)))
            return WALK_AGAIN;
        at.table = quire_entry_phys(entry);
        at.prefix = page_of(access->address, at.level);
        at.level--;
        structure_insert(cpu, &at);
        at.level++;
    }
}

/*
 * One translation as the CPU does it. False: page fault; what the CPU knew about the address is
 * forgotten then (SDM 3A 4.10.4.1).
 */
static bool translate(struct sim_cpu *cpu, const struct access *access, bool pause, quire_phys *out)
{
    struct sim_mmu *mmu = &cpu->mmu;
    struct sim_tlb_entry *hit = tlb_find(mmu, access->address);
    struct sim_tlb_entry found;
    enum walk_result result;

    mmu->recent[mmu->recent_next++ % SIM_RECENT] = access->address;
    if (hit != NULL && !allows(hit, access)) {
        drop_page(cpu, access->address);
        return false;
    }
    if (hit != NULL && (!access->write || hit->dirty)) {
        mmu->hits++;
        hit->last_use = mmu->hits + mmu->misses;
        found = *hit;
    } else {
        mmu->misses++;
        do {
            result = walk(cpu, access, pause, &found);
        } while (result == WALK_AGAIN);
        if (result == WALK_DONE)
            tlb_insert(cpu, &found);
        if (result == WALK_FAULT || !allows(&found, access)) {
            drop_page(cpu, access->address);
            return false;
        }
    }
    *out =
        found.frame + (access->address & (((quire_virt)1 << quire_level_shift(found.level)) - 1));
    return true;
}

void sim_speculate(struct sim_cpu *cpu)
{
    struct sim_mmu *mmu = &cpu->mmu;
    struct access access = {.user = false};
    struct sim_tlb_entry found;

    pthread_mutex_lock(&mmu->mutex);
    access.address = mmu->recent[sim_draw(cpu, SIM_RECENT)] +
                     (quire_virt)(sim_draw(cpu, 3) * QUIRE_PAGE_SIZE) - QUIRE_PAGE_SIZE;
    /* Tables are pages too then, which a CPU may remember at any time. */
    if (cpu->machine->q->self_map != 0 && sim_draw(cpu, 2) == 0)
        access.address =
            quire_self_map_entry(cpu->machine->q, access.address, 1 + (unsigned)sim_draw(cpu, 2));
    if (mmu->root != 0 && quire_canonical(access.address, cpu->machine->q->kernel.levels) &&
        tlb_find(mmu, access.address) == NULL && walk(cpu, &access, false, &found) == WALK_DONE)
        tlb_insert(cpu, &found);
    pthread_mutex_unlock(&mmu->mutex);
}

/* ---- accesses ---- */

/* Where programs may read tables. */
static bool in_self_map(const struct quire *q, const struct access *access)
{
    return q->self_map != 0 && !access->write &&
           access->address - q->self_map < quire_self_map_size(q->kernel.levels);
}

/* A use of a frame that is free, or of a page where none ever was. */
static void check_use(struct sim_cpu *cpu, const struct access *access, quire_phys at)
{
    struct quire *q = cpu->machine->q;
    const struct quire_frame *frame = quire_frame_find(q, at);

    if (frame != NULL && frame->kind == QUIRE_FRAME_FREE)
        sim_fail(cpu->machine, "cpu %u uses address 0x%llx through a stale entry: frame %u is free",
                 cpu->here.number, (unsigned long long)access->address,
                 quire_frame_number(q, frame));
    if (frame != NULL && access->user && frame->kind != QUIRE_FRAME_ANONYMOUS &&
        frame->kind != QUIRE_FRAME_OBJECT && !in_self_map(q, access) &&
        at - SIM_DEVICE_START >= SIM_DEVICE_BYTES && at - (at & ~QUIRE_PAGE_MASK) != q->frame.zero)
        sim_fail(cpu->machine, "a program on cpu %u reaches a frame of kind %s at 0x%llx",
                 cpu->here.number, quire_frame_kind_string((enum quire_frame_kind)frame->kind),
                 (unsigned long long)access->address);
    if (access->write && at - (at & ~QUIRE_PAGE_MASK) == q->frame.zero)
        sim_fail(cpu->machine, "cpu %u writes to the zero page at 0x%llx", cpu->here.number,
                 (unsigned long long)access->address);
}

/* Eight bytes in or out, or a page fault (false). An interrupt comes before or after, never
 * between. */
static bool touch(struct sim_cpu *cpu, const struct access *access, uint64_t *value)
{
    struct sim_machine *machine = cpu->machine;
    quire_phys at;
    bool done;

    pthread_mutex_lock(&cpu->mmu.mutex);
    cpu->mmu.accessing = true;
    done = translate(cpu, access, !machine->options.threads, &at);
    if (done) {
        uint64_t *word;

        check_use(cpu, access, at);
        word = (uint64_t *)sim_bytes(machine, at);
        if (access->write) {
            __atomic_store_n(word, *value, __ATOMIC_RELAXED);
            __atomic_store_n(&machine->stored[at >> QUIRE_PAGE_SHIFT], true, __ATOMIC_RELAXED);
        } else {
            *value = __atomic_load_n(word, __ATOMIC_RELAXED);
        }
    }
    cpu->mmu.accessing = false;
    pthread_mutex_unlock(&cpu->mmu.mutex);
    return done;
}

/* More page faults than this on one access, and the library makes no progress. */
#define FAULTS 2000

static enum quire_status user_access(struct sim_cpu *cpu, const struct access *access,
                                     unsigned kind, uint64_t *value)
{
    if (!quire_canonical(access->address, cpu->machine->q->kernel.levels))
        return QUIRE_OUT_OF_RANGE;
    for (unsigned faults = 0; !touch(cpu, access, value); faults++) {
        enum quire_status status;

        if (faults == FAULTS)
            sim_fail(cpu->machine, "%u page faults on one access to 0x%llx", FAULTS,
                     (unsigned long long)access->address);
        status = quire_space_fault(cpu->space, access->address, kind, NULL);
        if (status != QUIRE_OK)
            return status;
    }
    return QUIRE_OK;
}

enum quire_status sim_load(struct sim_cpu *cpu, quire_virt address, uint64_t *out)
{
    struct access access = {.address = address, .user = true};

    return user_access(cpu, &access, QUIRE_ACCESS_READ, out);
}

enum quire_status sim_store(struct sim_cpu *cpu, quire_virt address, uint64_t value)
{
    struct access access = {.address = address, .user = true, .write = true};

    return user_access(cpu, &access, QUIRE_ACCESS_WRITE, &value);
}

enum quire_status sim_fetch(struct sim_cpu *cpu, quire_virt address, uint64_t *out)
{
    struct access access = {.address = address, .user = true, .execute = true};

    /* The error code tells a fetch from a read only where there is no-execute (SDM 3A 4.7). */
    return user_access(cpu, &access,
                       QUIRE_HAS_NO_EXECUTE ? QUIRE_ACCESS_EXECUTE : QUIRE_ACCESS_READ, out);
}

bool sim_kernel_load(struct sim_cpu *cpu, quire_virt address, uint64_t *out)
{
    struct access access = {.address = address};

    return touch(cpu, &access, out);
}

bool sim_kernel_store(struct sim_cpu *cpu, quire_virt address, uint64_t value)
{
    struct access access = {.address = address, .write = true};

    return touch(cpu, &access, &value);
}

void sim_switch(struct sim_cpu *cpu, struct quire_space *space)
{
    struct quire_space *previous = cpu->space;

    cpu->space = space;
    quire_space_load(cpu->machine->q, space, previous);
}

/* ---- the audit ---- */

/* The tables' own answer, without any cache and without setting bits; stops above `lowest`. */
static bool look_up(struct sim_cpu *cpu, quire_virt address, unsigned lowest,
                    struct sim_tlb_entry *out)
{
    quire_phys table = cpu->mmu.root;

    *out = (struct sim_tlb_entry){.write = true, .user = true, .execute = true};
    for (unsigned level = cpu->machine->q->kernel.levels;; level--) {
        quire_entry entry = *entry_at(cpu, table, address, level);
        bool leaf = level == 1 || (entry & QUIRE_ENTRY_LARGE);
        quire_entry rights = quire_entry_rights(entry, level, leaf);

        if (!(entry & QUIRE_ENTRY_PRESENT))
            return false;
        out->write &= (rights & QUIRE_ENTRY_WRITE) != 0;
        out->user &= (rights & QUIRE_ENTRY_USER) != 0;
        out->execute &= !(entry & QUIRE_ENTRY_NO_EXECUTE);
        out->level = level;
        out->dirty = (entry & QUIRE_ENTRY_DIRTY) != 0;
        out->global = (entry & QUIRE_ENTRY_GLOBAL) != 0;
        if (leaf) {
            out->frame = level == 1 ? quire_entry_phys(entry) : (entry & QUIRE_ENTRY_ADDRESS_LARGE);
            return true;
        }
        table = quire_entry_phys(entry);
        out->frame = table;
        if (level == lowest)
            return true;
    }
}

static void audit_entry(struct sim_cpu *cpu, const struct sim_tlb_entry *entry)
{
    struct sim_tlb_entry now;
    const char *wrong = NULL;

    if (!look_up(cpu, entry->page, 0, &now))
        wrong = "the tables map nothing there";
    else if (now.level != entry->level || now.frame != entry->frame)
        wrong = "the tables map another frame there";
    else if ((entry->write && !now.write) || (entry->user && !now.user) ||
             (entry->execute && !now.execute))
        wrong = "it gives a right that the tables no longer give";
    else if (entry->dirty && !now.dirty)
        wrong = "the tables' dirty bit was cleared behind it: stores will go unseen";
    else if (entry->global && !now.global)
        wrong = "it is global and the tables' entry is not";
    if (wrong != NULL)
        sim_fail(cpu->machine,
                 "cpu %u holds a stale TLB entry: 0x%llx -> frame %llu%s%s: %s (now frame %llu)",
                 cpu->here.number, (unsigned long long)entry->page,
                 (unsigned long long)(entry->frame >> QUIRE_PAGE_SHIFT),
                 entry->write ? " writable" : "", entry->dirty ? " dirty" : "", wrong,
                 (unsigned long long)(now.frame >> QUIRE_PAGE_SHIFT));
}

static void audit_structure(struct sim_cpu *cpu, const struct sim_structure_entry *entry)
{
    struct sim_tlb_entry now;
    bool found = look_up(cpu, entry->prefix, entry->level + 1, &now);

    if (!found || now.frame != entry->table || (entry->write && !now.write) ||
        (entry->user && !now.user) || (entry->execute && !now.execute))
        sim_fail(cpu->machine,
                 "cpu %u holds a stale structure entry: 0x%llx -> level %u table in frame %llu%s",
                 cpu->here.number, (unsigned long long)entry->prefix, entry->level,
                 (unsigned long long)(entry->table >> QUIRE_PAGE_SHIFT),
                 entry->write ? " writable" : "");
}

void sim_audit(struct sim_machine *machine)
{
    for (unsigned i = 0; i < machine->options.cpus; i++) {
        struct sim_cpu *cpu = &machine->cpu[i];
        struct sim_mmu *mmu = &cpu->mmu;
        size_t left = mmu->count;

        for (int32_t j = 0; left > 0; j++) {
            if (mmu->entry[j].used) {
                left--;
                audit_entry(cpu, &mmu->entry[j]);
            }
        }
        for (unsigned j = 0; j < mmu->structures; j++)
            audit_structure(cpu, &mmu->structure[j]);
    }
}
