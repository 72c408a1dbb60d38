/*
 * Promised memory.
 *
 * The sum of all CPUs' counts is what has been promised; a single one means nothing, as a page may
 * be given back on another CPU. A promise is counted first and judged afterwards: two CPUs that
 * promise at once may both be refused near the limit, and never both be served beyond it.
 *
 * A space's promises follow its regions. space->charged is what the space has taken from the count,
 * space->pages.accounted how many pages its accounted regions have. A writer takes what the new
 * regions will need before it changes anything (quire_space_charge), and at its end gives back
 * whatever is not needed (quire_space_settle): pages that went, or all of it when it failed. So at
 * quiet points the two are equal, which check verifies.
 */
#include "region.h"

#include <quire/commit.h>

void quire_commit_set(struct quire *q, enum quire_commit_mode mode, uint64_t limit,
                      uint64_t administrator, uint64_t user)
{
    __atomic_store_n(&q->commit.limit, limit, __ATOMIC_RELAXED);
    __atomic_store_n(&q->commit.administrator, administrator, __ATOMIC_RELAXED);
    __atomic_store_n(&q->commit.user, user, __ATOMIC_RELAXED);
    __atomic_store_n(&q->commit.mode, (uint32_t)mode, __ATOMIC_RELAXED);
}

uint64_t quire_commit_pages(const struct quire *q)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < q->cpu_count; i++)
        sum += __atomic_load_n(&q->cpu[i].committed, __ATOMIC_RELAXED);
    return sum > 0 ? (uint64_t)sum : 0;
}

/* What has been promised, the request included, stays below what this space may bring it to. */
static bool is_below_limit(const struct quire *q, const struct quire_space *space)
{
    uint64_t allowed = __atomic_load_n(&q->commit.limit, __ATOMIC_RELAXED), kept = 0;

    if (space != NULL) {
        uint64_t share = space->pages.total / 32;

        kept = __atomic_load_n(&q->commit.user, __ATOMIC_RELAXED);
        if (kept > share)
            kept = share;
        if (!space->limits.administrator)
            kept += __atomic_load_n(&q->commit.administrator, __ATOMIC_RELAXED);
    }
    return allowed > kept && quire_commit_pages(q) < allowed - kept;
}

bool quire_commit_charge(struct quire *q, const struct quire_space *space, uint64_t pages)
{
    uint32_t mode = __atomic_load_n(&q->commit.mode, __ATOMIC_RELAXED);

    if (mode == QUIRE_COMMIT_HEURISTIC &&
        pages > __atomic_load_n(&q->commit.machine, __ATOMIC_RELAXED))
        return false;
    quire_commit_add(q, (int64_t)pages);
    if (QUIRE_LIKELY(mode != QUIRE_COMMIT_STRICT) || is_below_limit(q, space))
        return true;
    quire_commit_add(q, -(int64_t)pages);
    return false;
}

void quire_commit_release(struct quire *q, uint64_t pages)
{
    quire_commit_add(q, -(int64_t)pages);
}

bool quire_space_charge(struct quire_space *space, uint32_t flags, size_t length)
{
    uint64_t pages = length >> QUIRE_PAGE_SHIFT;

    if (!(flags & QUIRE_REGION_ACCOUNTED))
        return true;
    if (!quire_commit_charge(space->q, space, pages))
        return false;
    space->charged += pages;
    return true;
}

uint32_t quire_accounted_flags(const struct quire *q, uint32_t flags)
{
    if (__atomic_load_n(&q->commit.mode, __ATOMIC_RELAXED) == QUIRE_COMMIT_STRICT)
        flags &= ~(uint32_t)QUIRE_REGION_NO_RESERVE;
    if ((flags & (QUIRE_PROT_WRITE | QUIRE_REGION_SHARED | QUIRE_REGION_NO_RESERVE)) ==
        QUIRE_PROT_WRITE)
        flags |= QUIRE_REGION_ACCOUNTED;
    return flags;
}
