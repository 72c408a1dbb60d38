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
    uint64_t time;
    struct outcome outcome;
    uint32_t pages;  /* that the next two have room for */
    uint32_t *place; /* frame of each page, or NOWHERE */
    uint32_t *left;  /* the word that it went with; 0: never */
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
                                          .time = (uint32_t)replay->time,
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

static void fault(struct replay *replay, uint32_t page)
{
    uint32_t at = replay->used < replay->frames ? replay->used++ : choose_victim(replay);
    struct frame *frame = &replay->frame[at];

    replay->outcome.faults++;
    if (frame->page != NOWHERE) {
        replay->outcome.writebacks += frame->dirty;
        replay->place[frame->page] = NOWHERE;
        replay->left[frame->page] = frame->word;
        replay->state.evictions++;
    }
    *frame = (struct frame){.page = page};
    if (replay->policy->arrive != NULL)
        frame->word =
            replay->policy->arrive(&replay->state, replay->left[page], (uint32_t)replay->time);
    replay->place[page] = at;
}

struct replay *replay_begin(const struct quire_policy *policy, uint32_t frames, uint32_t window,
                            uint64_t seed)
{
    struct replay *replay = need(calloc(1, sizeof(*replay)));

    replay->policy = policy;
    replay->frames = frames;
    replay->state.window = window;
    replay->state.random = seed;
    replay->state.resident = frames;
    replay->frame = need(calloc(frames, sizeof(*replay->frame)));
    for (uint32_t i = 0; i < frames; i++)
        replay->frame[i].page = NOWHERE;
    if (policy->start != NULL)
        policy->start(&replay->state);
    return replay;
}

static void make_room(struct replay *replay, uint32_t page)
{
    uint32_t pages = replay->pages, more = page < 2048 ? 4096 : 2 * page;

    replay->place = need(realloc(replay->place, more * sizeof(*replay->place)));
    replay->left = need(realloc(replay->left, more * sizeof(*replay->left)));
    memset(replay->place + pages, 0xff, (more - pages) * sizeof(*replay->place));
    memset(replay->left + pages, 0, (more - pages) * sizeof(*replay->left));
    replay->pages = more;
}

void replay_event(struct replay *replay, const struct event *event)
{
    uint32_t page = event->page >> 1;
    struct frame *frame;

    if (page >= replay->pages)
        make_room(replay, page);
    if (replay->place[page] == NOWHERE)
        fault(replay, page);
    frame = &replay->frame[replay->place[page]];
    frame->accessed = true;
    frame->dirty |= event->page & 1;
    replay->time += event->count;
}

void replay_end(struct replay *replay, struct outcome *out)
{
    *out = replay->outcome;
    free(replay->frame);
    free(replay->place);
    free(replay->left);
    free(replay);
}

void replay_policy(const struct trace *trace, const struct quire_policy *policy, uint32_t frames,
                   uint32_t window, uint64_t seed, struct outcome *out)
{
    struct replay *replay = replay_begin(policy, frames, window, seed);

    for (size_t i = 0; i < trace->events; i++)
        replay_event(replay, &trace->event[i]);
    replay_end(replay, out);
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

/* The pages in it as a list, from the one used last to the one used first. Links are page numbers,
 * plus one; 0 ends the list. */
struct working_set_pages {
    struct link {
        uint64_t used; /* time of the last use; 0: not in the list */
        uint32_t newer, older;
    } * link;
    size_t room;
    uint32_t newest, oldest, count;
    uint64_t now;
};

void working_set_begin(struct working_set *set, uint64_t window)
{
    memset(set, 0, sizeof(*set));
    set->window = window;
    set->step = 1;
    set->pages = need(calloc(1, sizeof(*set->pages)));
}

static struct link *link_of(struct working_set_pages *pages, uint32_t number)
{
    return &pages->link[number - 1];
}

static void take_out(struct working_set_pages *pages, uint32_t number)
{
    struct link *link = link_of(pages, number);

    *(link->newer != 0 ? &link_of(pages, link->newer)->older : &pages->newest) = link->older;
    *(link->older != 0 ? &link_of(pages, link->older)->newer : &pages->oldest) = link->newer;
    link->used = 0;
    pages->count--;
}

static void put_first(struct working_set_pages *pages, uint32_t number)
{
    struct link *link = link_of(pages, number);

    *link = (struct link){.used = pages->now, .older = pages->newest};
    *(pages->newest != 0 ? &link_of(pages, pages->newest)->newer : &pages->oldest) = number;
    pages->newest = number;
    pages->count++;
}

static void note_size(struct working_set *set)
{
    if (set->points == WORKING_SET_POINTS) {
        for (size_t i = 0; i < WORKING_SET_POINTS / 2; i++)
            set->size[i] = set->size[2 * i + 1];
        set->points /= 2;
        set->step *= 2;
    }
    set->size[set->points++] = set->pages->count;
}

void working_set_event(struct working_set *set, const struct event *event)
{
    struct working_set_pages *pages = set->pages;
    uint32_t number = (event->page >> 1) + 1;

    if (number > pages->room) {
        size_t room = pages->room;

        pages->room = 2 * (size_t)number + 1024;
        pages->link = need(realloc(pages->link, pages->room * sizeof(*pages->link)));
        memset(pages->link + room, 0, (pages->room - room) * sizeof(*pages->link));
    }
    pages->now += event->count;
    if (pages->newest == number) {
        link_of(pages, number)->used = pages->now;
    } else {
        if (link_of(pages, number)->used != 0)
            take_out(pages, number);
        put_first(pages, number);
    }
    while (link_of(pages, pages->oldest)->used + set->window <= pages->now)
        take_out(pages, pages->oldest);
    while (pages->now >= (set->points + 1) * set->step)
        note_size(set);
}

void working_set_end(struct working_set *set)
{
    free(set->pages->link);
    free(set->pages);
    set->pages = NULL;
}
