/* The policies there are, and what happens when the hand has come around. */
#include <quire/policy.h>

const struct quire_policy *const quire_policies[] = {
    &quire_policy_clock,
    &quire_policy_fifo,
    &quire_policy_aging,
    &quire_policy_wsclock,
    &quire_policy_random,
    &quire_policy_tide,
    NULL,
};

static bool same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

const struct quire_policy *quire_policy_find(const char *name)
{
    for (size_t i = 0; quire_policies[i] != NULL; i++)
        if (same(quire_policies[i]->name, name))
            return quire_policies[i];
    return NULL;
}

/* A round in which hardly any page went is one in which the policy asks too much. */
void quire_policy_end_round(const struct quire_policy *policy, struct quire_policy_state *state,
                            uint32_t met, uint32_t taken)
{
    __atomic_store_n(&state->resident, met, __ATOMIC_RELAXED);
    state->urgency = taken > 0 && taken >= met / 512 ? 0 : state->urgency + 1;
    __atomic_store_n(&state->round, state->round + 1, __ATOMIC_RELAXED);
    if (policy->round != NULL)
        policy->round(state);
}
