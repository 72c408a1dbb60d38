/*
 * Second chance (Corbató's clock): a page that was used since the hand was here last stays, once
 * more. What the hand finds unused goes. Approximates least recently used with one bit a page.
 */
#include <quire/policy.h>

static bool look(struct quire_policy_state *state, struct quire_policy_page *page)
{
    (void)state;
    return !page->accessed;
}

const struct quire_policy quire_policy_clock = {
    .name = "clock",
    .idea = "second chance: what was used since the hand came by stays",
    .look = look,
};
