/*
 * Replaying. Frames are numbered, the hand goes over them in that order, and a page that comes
 * takes the frame of the one that went: the clock of the books. (In a kernel the hand goes over
 * addresses; the policies do not know the difference.)
 */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE UINT32_MAX

static void *need(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "quire sim: not enough memory to replay this trace\n");
        exit(1);
    }
    return memory;
}

/* ---- policies ---- */

struct frame {
    uint32_t page, word;
    bool accessed, dirty;
};

struct replay {
    const struct quire_policy *policy;
    struct quire_policy_state state;
    struct frame *frame;
    uint32_t frames, used, hand;
    uint32_t met, taken; /* in this round */
    uint32_t time;
    uint32_t *place; /* frame of each page, or NOWHERE */
    uint32_t *left;  /* when it went, by evictions; NOWHERE: never */
};

static void end_round(struct replay *replay)
{
    quire_policy_end_round(replay->policy, &replay->state, replay->met, replay->taken);
    replay->hand = 0;
    replay->met = 0;
    replay->taken = 0;
}

/* The frame whose page goes. A round ends when the hand goes on from the last frame, so that the
 * page that comes there belongs to the round of those before it. */
static uint32_t choose_victim(struct replay *replay)
{
    for (;;) {
        struct frame *frame;
        struct quire_policy_page page;
        bool goes;

        if (replay->hand == replay->frames)
            end_round(replay);
        frame = &replay->frame[replay->hand++];
        page = (struct quire_policy_page){.word = &frame->word,
                                          .time = replay->time,
                                          .accessed = frame->accessed,
                                          .dirty = frame->dirty};
        frame->accessed = false;
        goes = replay->policy->look(&replay->state, &page);
        replay->met++;
        replay->taken += goes;
        if (goes)
            return replay->hand - 1;
    }
}

static void fault(struct replay *replay, uint32_t page, struct outcome *out)
{
    uint32_t at = replay->used < replay->frames ? replay->used++ : choose_victim(replay);
    struct frame *frame = &replay->frame[at];
    uint32_t distance = QUIRE_POLICY_NEVER;

    out->faults++;
    if (frame->page != NOWHERE) {
        out->writebacks += frame->dirty;
        replay->place[frame->page] = NOWHERE;
        replay->left[frame->page] = replay->state.evictions++;
    }
    if (replay->left[page] != NOWHERE)
        distance = replay->state.evictions - replay->left[page];
    *frame = (struct frame){.page = page};
    if (replay->policy->arrive != NULL)
        frame->word = replay->policy->arrive(&replay->state, distance, replay->time);
    replay->place[page] = at;
}

void replay_policy(const struct trace *trace, const struct quire_policy *policy, uint32_t frames,
                   uint32_t window, uint64_t seed, struct outcome *out)
{
    struct replay replay = {.policy = policy, .frames = frames};
    uint64_t time = 0;

    replay.state.window = window;
    replay.state.random = seed;
    replay.state.resident = frames;
    replay.frame = need(calloc(frames, sizeof(*replay.frame)));
    replay.place = need(malloc((size_t)trace->pages * sizeof(*replay.place)));
    replay.left = need(malloc((size_t)trace->pages * sizeof(*replay.left)));
    memset(replay.place, 0xff, (size_t)trace->pages * sizeof(*replay.place));
    memset(replay.left, 0xff, (size_t)trace->pages * sizeof(*replay.left));
    for (uint32_t i = 0; i < frames; i++)
        replay.frame[i].page = NOWHERE;
    if (policy->start != NULL)
        policy->start(&replay.state);
    *out = (struct outcome){0};
    for (size_t i = 0; i < trace->events; i++) {
        const struct event *event = &trace->event[i];
        uint32_t page = event->page >> 1;

        if (replay.place[page] == NOWHERE) {
            replay.time = (uint32_t)time;
            fault(&replay, page, out);
        }
        replay.frame[replay.place[page]].accessed = true;
        replay.frame[replay.place[page]].dirty |= event->page & 1;
        time += event->count;
    }
    free(replay.frame);
    free(replay.place);
    free(replay.left);
}

/* ---- OPT ---- */

uint32_t *replay_next_uses(const struct trace *trace)
{
    uint32_t *next = need(malloc(trace->events * sizeof(*next)));
    uint32_t *seen = need(malloc((size_t)trace->pages * sizeof(*seen)));

    memset(seen, 0xff, (size_t)trace->pages * sizeof(*seen));
    for (size_t i = trace->events; i-- > 0;) {
        uint32_t page = trace->event[i].page >> 1;

        next[i] = seen[page];
        seen[page] = (uint32_t)i;
    }
    free(seen);
    return next;
}

/* A heap of resident pages, the one used last (or never again) on top. */
struct heap {
    uint32_t *page;  /* by place in the heap */
    uint32_t *place; /* by page; NOWHERE: not resident */
    uint32_t *use;   /* by page: the event that uses it next */
    uint32_t count;
};

static void put(struct heap *heap, uint32_t at, uint32_t page)
{
    heap->page[at] = page;
    heap->place[page] = at;
}

static void rise(struct heap *heap, uint32_t at)
{
    uint32_t page = heap->page[at];

    while (at > 0 && heap->use[heap->page[(at - 1) / 2]] < heap->use[page]) {
        put(heap, at, heap->page[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(heap, at, page);
}

static void sink(struct heap *heap, uint32_t at)
{
    uint32_t page = heap->page[at];

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= heap->count)
            break;
        if (child + 1 < heap->count &&
            heap->use[heap->page[child + 1]] > heap->use[heap->page[child]])
            child++;
        if (heap->use[heap->page[child]] <= heap->use[page])
            break;
        put(heap, at, heap->page[child]);
        at = child;
    }
    put(heap, at, page);
}

void replay_optimum(const struct trace *trace, const uint32_t *next, uint32_t frames,
                    struct outcome *out)
{
    size_t pages = trace->pages;
    struct heap heap = {.page = need(malloc(frames * sizeof(uint32_t))),
                        .place = need(malloc(pages * sizeof(uint32_t))),
                        .use = need(malloc(pages * sizeof(uint32_t)))};
    bool *dirty = need(calloc(pages, sizeof(*dirty)));

    memset(heap.place, 0xff, pages * sizeof(uint32_t));
    *out = (struct outcome){0};
    for (size_t i = 0; i < trace->events; i++) {
        uint32_t page = trace->event[i].page >> 1;

        heap.use[page] = next[i];
        if (heap.place[page] != NOWHERE) {
            rise(&heap, heap.place[page]); /* its next use is later than the one that came */
        } else if (heap.count < frames) {
            out->faults++;
            put(&heap, heap.count, page);
            rise(&heap, heap.count++);
        } else {
            uint32_t victim = heap.page[0];

            out->faults++;
            out->writebacks += dirty[victim];
            dirty[victim] = false;
            heap.place[victim] = NOWHERE;
            put(&heap, 0, page);
            sink(&heap, 0);
        }
        dirty[page] |= trace->event[i].page & 1;
    }
    free(heap.page);
    free(heap.place);
    free(heap.use);
    free(dirty);
}

/* ---- working set ---- */

void replay_working_set(const struct trace *trace, uint64_t window, uint32_t *out, size_t points)
{
    uint64_t *used = need(calloc(trace->pages, sizeof(*used))); /* time of the last use, plus one */
    uint64_t now = 0, oldest = 0;                               /* times of the events below */
    size_t tail = 0, point = 0;
    uint32_t size = 0;

    for (size_t i = 0; i < trace->events; i++) {
        const struct event *event = &trace->event[i];
        uint32_t page = event->page >> 1;

        size += used[page] == 0;
        now += event->count;
        used[page] = now; /* its last reference ends here */
        while (now > window && oldest + trace->event[tail].count <= now - window) {
            uint32_t old = trace->event[tail].page >> 1;

            oldest += trace->event[tail++].count;
            if (used[old] == oldest) {
                used[old] = 0;
                size--;
            }
        }
        while (point < points && now * points >= (point + 1) * trace->references)
            out[point++] = size;
    }
    while (point < points)
        out[point++] = size;
    free(used);
}
