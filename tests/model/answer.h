/* What the parts of the reference model share: its pages, and the judging of answers. */
#ifndef TESTS_MODEL_ANSWER_H
#define TESTS_MODEL_ANSWER_H

#include "model.h"

/* An operation that was executed, and what is right about it. */
struct answer {
    struct model *model;
    const struct op *op;
    struct allowance allowance;
    const char *why;
};

/* ---- model.c ---- */

/* Number of the page at an address, SIZE_MAX outside the clusters; and the other way round. */
size_t model_index_of(quire_virt address);
/* The page, or NULL where nothing is mapped. */
struct model_page *model_mapped_at(struct model *model, int space, quire_virt address);
/* The page is as if it had never been mapped. */
void model_forget(struct model_page *page);
/* What an access to a mapped page gives. */
enum quire_status model_access_status(struct model *model, const struct model_page *page,
                                      unsigned access);
/* What a store changes: the object's content, or the page's own, which it gets by this. */
struct content *model_writable_content(struct model *model, struct model_page *page);
/* The library may have made a private copy; whoever looks will know. */
void model_maybe_own(struct model *model, struct model_page *page);
/* Zeros bytes of an object. Whole pages leave the mappings that show them; a pager fills them
 * again. */
void model_punch(struct model *model, int object, uint64_t start, uint64_t end);

/* Says what was wrong; always false. */
bool answer_wrong(struct answer *answer, const char *why);
/* The operation's status is `right`, or a shortage that is allowed: then *refused is set and
 * nothing happened. */
bool answer_judge(struct answer *answer, enum quire_status right, bool *refused);

/* ---- ranges.c ---- */

bool apply_map(struct answer *answer);
bool apply_unmap(struct answer *answer);
bool apply_protect(struct answer *answer);
bool apply_advise(struct answer *answer);
bool apply_lock(struct answer *answer);
bool apply_resident(struct answer *answer);
bool apply_populate(struct answer *answer);
bool apply_page_out(struct answer *answer);
bool apply_remap(struct answer *answer);

#endif
