/*
 * The model test: what a correct memory system answers, in the plainest form, and random operations
 * that compare.
 *
 * The model knows nothing of regions, tables or frames. A space is an array of pages, each with its
 * rights, what stands behind it, and four words of content at fixed places (the rest of a page is
 * zero for ever). An object is an array of such contents and a size. Every operation is a record
 * (struct op): drawn, executed on the library, and applied to the model, which says whether the
 * library's answer was right.
 */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include "sim.h"

#define PAGE QUIRE_PAGE_SIZE

/* Spaces' pages lie in three clusters: over a leaf table's end, over an upper table's end, at the
 * end of user space. */
#define CLUSTERS      3
#define CLUSTER_PAGES 160
#define SPACE_PAGES   (CLUSTERS * CLUSTER_PAGES)
#define SPACES        6
#define OBJECTS       5
#define OBJECT_PAGES  24
#define WORDS         4

/* Where a page's words are, in bytes. */
extern const size_t word_offset[WORDS];
/* Where user space ends: the last cluster of pages lies there. */
extern quire_virt model_end;

struct content {
    uint64_t word[WORDS];
};

struct model_page {
    bool mapped;
    bool own; /* private: this space wrote to it, `content` counts; otherwise the object or zeros */
    bool lazy; /* with own: `content`, or what it would be without own; whoever looks will know */
    bool lost; /* it was out, and could not be read back: whoever looks is told */
    bool touched;   /* somebody stored here, and nothing since may have taken the page away (where
                       memory is swept: but the hand, and that not from locked pages) */
    int8_t object;  /* -1: anonymous */
    uint32_t flags; /* QUIRE_PROT_* | QUIRE_REGION_* */
    uint64_t index; /* page of the object */
    struct content content;
};

struct model_space {
    struct quire_space *space; /* NULL: does not exist */
    struct model_page page[SPACE_PAGES];
};

struct model_object {
    struct quire_object *object;   /* NULL: the test has no reference; it may live on in mappings */
    struct quire_object *identity; /* the same, kept for comparing regions */
    bool exists;
    bool paged; /* from the pager; never resized or punched */
    uint64_t size;
    struct content page[OBJECT_PAGES];
};

struct model {
    bool swept;   /* memory is swept now and then */
    bool leaving; /* unlocked pages may leave without this model's knowing */
    struct model_space space[SPACES];
    struct model_object object[OBJECTS];
};

enum op_kind {
    OP_LOAD,
    OP_STORE,
    OP_FETCH,
    OP_MAP,
    OP_UNMAP,
    OP_PROTECT,
    OP_REMAP,
    OP_ADVISE,
    OP_LOCK,
    OP_RESIDENT,
    OP_POPULATE,
    OP_SPACE_READ,
    OP_SPACE_WRITE,
    OP_PAGE_OUT,
    OP_CREATE,
    OP_CLONE,
    OP_DESTROY,
    OP_OBJECT_CREATE,
    OP_OBJECT_PUT,
    OP_OBJECT_RESIZE,
    OP_OBJECT_PUNCH,
    OP_OBJECT_READ,
    OP_OBJECT_WRITE,
    OP_OBJECT_CLEAN,
    OP_OBJECT_DROP,
    OP_COUNT
};

struct op {
    enum op_kind kind;
    int space, other; /* other: the clone's place */
    int object;       /* -1: none */
    quire_virt address, new_address;
    size_t length, new_length;
    uint32_t region, flags; /* map: region flags, QUIRE_MAP_*; remap: QUIRE_REMAP_*; lock: 1 = on
                               fault, 2 = unlock */
    unsigned protection;
    enum quire_advice advice;
    uint64_t offset, end; /* into the object, bytes; clean, drop: first and last page */
    unsigned word;        /* which word of the page */
    uint64_t value;
    bool force;
    /* what the library answered */
    enum quire_status status;
    quire_virt result;
    uint64_t loaded;
    struct content content;
    struct quire_space *new_space;
    struct quire_object *new_object;
    size_t done;
    uint8_t resident[CLUSTER_PAGES + 8];
};

/* What the outcome may also be, beside the right answer. */
struct allowance {
    bool no_memory; /* memory was short, or an allocation was made to fail */
    bool io_error;  /* a pager or the disk failed */
};

/* ---- model.c ---- */

/* The page at an address, or NULL outside the clusters. */
struct model_page *model_page_at(struct model *model, int space, quire_virt address);
/* The address of the page with that index in a space. */
quire_virt model_address_of(size_t index);
quire_virt model_cluster(size_t cluster);

/*
 * Apply an executed operation. True: the answer was right (or allowed) and the model has moved on;
 * false: *why says what was wrong and the model is undefined.
 */
bool model_apply(struct model *model, const struct op *op, struct allowance allowance,
                 const char **why);

/* What a load of a word must give; QUIRE_OK and the value, or the fault. */
enum quire_status model_load(struct model *model, int space, quire_virt address, unsigned access,
                             struct content *out);

/* The whole content was seen: decides a lazy page. False: it is neither. */
bool model_observe(struct model *model, int space, quire_virt address,
                   const struct content *content);

/* At rest: an object that nobody refers to any more is gone. */
void model_collect_objects(struct model *model);

/*
 * A store's page fault copies a private page before the store itself is tried again: the copy may
 * stay, or be inherited, without it.
 */
void model_maybe_copied(struct model *model, int space, quire_virt address);

/*
 * The operation ran out of memory on its way: each page of its range is as before or done. flags_of
 * tells the flags that the library has now. False: they are neither.
 */
bool model_apply_partly(struct model *model, const struct op *op,
                        uint32_t (*flags_of)(void *context, quire_virt address), void *context,
                        const char **why);

/* What the pager has of each paged object, and what it begins with. */
extern struct content model_stored[OBJECTS][OBJECT_PAGES];
struct content model_pager_content(int object, uint64_t index);

/* ---- operation.c ---- */

const char *op_name(enum op_kind kind);
/* Draw an operation that makes sense in the model's state. */
void op_draw(const struct model *model, struct sim_random *random, struct op *op);
/* The same, restricted to one cluster of a space and to what touches only it. */
void op_draw_inside(const struct model *model, struct sim_random *random, int space, size_t cluster,
                    struct op *op);
/* Execute on this CPU; fills in what the library answered. */
void op_execute(struct sim_cpu *cpu, struct model *model, struct op *op);
/* Two operations whose order makes a difference. */
bool op_conflicts(const struct model *model, const struct op *a, const struct op *b);
/* It may reach an object: only safe while nobody else works. */
bool op_shares_object(const struct model *model, const struct op *op);
void op_describe(const struct op *op, char *out, size_t size);

extern const struct quire_pager model_pager;
extern uint64_t model_pager_failures; /* so far */

/* ---- rounds.c ---- */

struct test {
    struct sim_machine *machine;
    struct model *model;
    struct sim_random random;
    uint64_t check_every;                       /* steps between two full checks */
    uint64_t compare_every;                     /* steps between two comparisons of all regions */
    struct quire_slot_area *slots, *more_slots; /* more: comes and goes, NULL now and then */
    bool changing_slots;                        /* (a) somebody makes it come or go */
    uint64_t read_failures;                     /* as of the last look at what they lost */
    uint64_t lost, lost_ever; /* pages that could not be read back: now, and in all */
    uint64_t areas_came, areas_went;
    struct sim_random sweeping;
    struct op together[SIM_CPUS]; /* for reports: what ran at once last */
    unsigned together_count;
    uint64_t counts[OP_COUNT], refusals[QUIRE_STATUS_COUNT];
};

void test_start(struct test *test, const struct sim_options *options);
/* Random rounds until `steps` operations were done. */
void test_run(struct test *test, uint64_t steps);
/* The same on host threads. */
void test_run_threads(struct test *test, uint64_t steps);
/* Give everything back; no frame may be missing. */
void test_end(struct test *test);

#endif
