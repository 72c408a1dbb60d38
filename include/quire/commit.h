/*
 * quire/commit.h, layer 4: how much memory has been promised, and may be.
 *
 * A page is promised long before it is touched. Each page of a private writable mapping counts as
 * promised, and each page of a memory object: all of them from its creation on
 * (quire_object_reserve), or else each when it comes to exist. Spaces and objects give back what
 * they hold when it goes. The rules and the three policies are those of Linux's
 * vm.overcommit_memory.
 *
 * The count is kept per CPU, so that mapping memory writes no line that other CPUs write; only the
 * strict policy adds the counts up.
 */
#ifndef QUIRE_COMMIT_H
#define QUIRE_COMMIT_H

#include <quire/machine.h>

enum quire_commit_mode {
    QUIRE_COMMIT_ALWAYS = 0, /* everything is promised (the policy until the embedder sets one) */
    QUIRE_COMMIT_HEURISTIC,  /* one request for more than RAM and swap together is refused */
    QUIRE_COMMIT_STRICT,     /* all promises together stay below the limit; QUIRE_REGION_NO_RESERVE
                                has no meaning */
};

/*
 * Pages in `limit` for the strict policy. Of them `administrator` pages are kept from spaces
 * without limits.administrator, and from each space the smaller of `user` pages and 1/32 of its
 * own size, so that it can still be stopped in an orderly way. Takes effect for promises made from
 * now on. Any context.
 */
void quire_commit_set(struct quire *q, enum quire_commit_mode mode, uint64_t limit,
                      uint64_t administrator, uint64_t user);

/* Pages promised now. With other CPUs at work it may be off by what they are just changing. */
uint64_t quire_commit_pages(const struct quire *q);

/*
 * Promise pages on behalf of a space (NULL: of the kernel); false: the policy refuses, and nothing
 * is promised. Given back by quire_commit_release.
 */
bool quire_commit_charge(struct quire *q, const struct quire_space *space, uint64_t pages);
void quire_commit_release(struct quire *q, uint64_t pages);

#endif
