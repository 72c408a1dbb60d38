/* Ranges: find, insert, remove, resize and free space, against a plain array of pages. */
#include "machine.h"

#define PAGES 200
#define BASE  ((quire_virt)0x10000)

struct model {
    struct quire_range_tree tree;
    struct quire_range node[PAGES]; /* node i starts at page i */
    bool used[PAGES];               /* node i is in the tree */
    int owner[PAGES];               /* page -> node, -1 free */
};

static quire_virt address_of(size_t page)
{
    return BASE + page * PAGE;
}

static void model_init(struct model *model)
{
    quire_range_init(&model->tree);
    for (size_t i = 0; i < PAGES; i++) {
        model->used[i] = false;
        model->owner[i] = -1;
    }
}

static void own(struct model *model, size_t start, size_t end, int owner)
{
    for (size_t i = start; i < end; i++)
        model->owner[i] = owner;
}

static bool is_free(const struct model *model, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++)
        if (model->owner[i] >= 0)
            return false;
    return true;
}

static void insert(struct model *model, size_t start, size_t end)
{
    model->node[start].start = address_of(start);
    model->node[start].end = address_of(end);
    model->used[start] = true;
    own(model, start, end, (int)start);
    quire_range_insert(&model->tree, &model->node[start]);
}

static void erase(struct model *model, size_t start)
{
    size_t end = (model->node[start].end - BASE) / PAGE;

    quire_range_remove(&model->tree, &model->node[start]);
    model->used[start] = false;
    own(model, start, end, -1);
}

static void compare_lookups(const struct model *model)
{
    const struct quire_range *expected = NULL;

    for (size_t i = PAGES; i-- > 0;) {
        if (model->owner[i] >= 0)
            expected = &model->node[model->owner[i]];
        assert_ptr_equal(quire_range_at_or_above(&model->tree, address_of(i)), expected);
        assert_ptr_equal(quire_range_at_or_above(&model->tree, address_of(i) + PAGE - 1), expected);
    }
    assert_null(quire_range_at_or_above(&model->tree, address_of(PAGES)));
    assert_ptr_equal(quire_range_at_or_above(&model->tree, 0), expected);
    assert_ptr_equal(model->tree.first, expected);
}

static void compare_free(const struct model *model, size_t low, size_t high, size_t length)
{
    size_t first = SIZE_MAX, last = 0;
    struct quire_range *above;
    quire_virt found;

    for (size_t i = low; i + length <= high; i++) {
        if (is_free(model, i, i + length)) {
            first = first == SIZE_MAX ? i : first;
            last = i;
        }
    }
    if (first == SIZE_MAX) {
        assert_status(quire_range_find_low(&model->tree, address_of(low), address_of(high),
                                           length * PAGE, &found, &above),
                      QUIRE_NO_SPACE);
        assert_status(quire_range_find_high(&model->tree, address_of(low), address_of(high),
                                            length * PAGE, &found, &above),
                      QUIRE_NO_SPACE);
        return;
    }
    assert_ok(quire_range_find_low(&model->tree, address_of(low), address_of(high), length * PAGE,
                                   &found, &above));
    assert_int_equal(found, address_of(first));
    assert_ptr_equal(above, quire_range_at_or_above(&model->tree, found));
    assert_ok(quire_range_find_high(&model->tree, address_of(low), address_of(high), length * PAGE,
                                    &found, &above));
    assert_int_equal(found, address_of(last));
    assert_ptr_equal(above, quire_range_at_or_above(&model->tree, found));
}

static void compare_order(const struct model *model)
{
    const struct quire_range *previous = NULL;
    size_t count = 0;

    for (size_t i = 0; i < PAGES; i++) {
        if (!model->used[i])
            continue;
        assert_ptr_equal(model->node[i].previous, previous);
        if (previous != NULL)
            assert_ptr_equal(previous->next, &model->node[i]);
        previous = &model->node[i];
        count++;
    }
    assert_ptr_equal(model->tree.last, previous);
    assert_int_equal(model->tree.count, count);
    assert_int_equal(quire_range_check(&model->tree), 0);
}

static void resize(struct model *model, struct sim_random *random, size_t start)
{
    size_t end = (model->node[start].end - BASE) / PAGE, new_end = end;

    if (sim_random_once_in(random, 2)) {
        while (new_end > start + 1 && !sim_random_once_in(random, 3))
            new_end--;
    } else {
        while (new_end < PAGES && model->owner[new_end] < 0 && !sim_random_once_in(random, 3))
            new_end++;
    }
    own(model, start, end, -1);
    own(model, start, new_end, (int)start);
    quire_range_resize(&model->tree, &model->node[start], address_of(start), address_of(new_end));
}

static void agrees_with_an_array(void **state)
{
    struct sim_random random = {machine_seed()};
    struct model model;

    (void)state;
    model_init(&model);
    for (unsigned step = 0; step < 4000; step++) {
        size_t start = sim_random_below(&random, PAGES);
        size_t length = 1 + sim_random_below(&random, 8);
        size_t low = sim_random_below(&random, PAGES);
        size_t high = low + sim_random_below(&random, PAGES - low + 1);

        if (model.used[start] && sim_random_once_in(&random, 2))
            erase(&model, start);
        else if (model.used[start])
            resize(&model, &random, start);
        else if (start + length <= PAGES && is_free(&model, start, start + length))
            insert(&model, start, start + length);
        compare_order(&model);
        if (high > low)
            compare_free(&model, low, high, 1 + sim_random_below(&random, 12));
        if (step % 8 == 0)
            compare_lookups(&model);
    }
    print_message("%zu ranges at the end\n", model.tree.count);
}

static void ascending_and_descending_stay_balanced(void **state)
{
    struct model model;

    (void)state;
    model_init(&model);
    for (size_t i = 0; i < PAGES; i += 2)
        insert(&model, i, i + 1);
    assert_true(model.tree.root->height <= 9);
    assert_int_equal(quire_range_check(&model.tree), 0);
    for (size_t i = PAGES; i-- > 0;)
        if (model.used[i])
            erase(&model, i);
    assert_null(model.tree.root);
    assert_null(model.tree.first);
    assert_null(model.tree.last);
    for (size_t i = PAGES; i-- > 0;)
        insert(&model, i, i + 1);
    assert_true(model.tree.root->height <= 11);
    compare_order(&model);
}

static void searches_of_the_whole_address_space(void **state)
{
    struct quire_range_tree tree;
    struct quire_range top = {.start = ~(quire_virt)0 - 2 * PAGE + 1,
                              .end = ~(quire_virt)0 - PAGE + 1};
    struct quire_range *above;
    quire_virt found;

    (void)state;
    quire_range_init(&tree);
    assert_ok(quire_range_find_low(&tree, PAGE, top.end, top.end - PAGE, &found, &above));
    assert_int_equal(found, PAGE);
    assert_status(quire_range_find_low(&tree, PAGE, top.end, top.end, &found, &above),
                  QUIRE_NO_SPACE);
    quire_range_insert(&tree, &top);
    assert_ok(quire_range_find_high(&tree, PAGE, top.end, PAGE, &found, &above));
    assert_int_equal(found, top.start - PAGE);
    assert_status(quire_range_find_high(&tree, top.start, top.end, PAGE, &found, &above),
                  QUIRE_NO_SPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_an_array),
        cmocka_unit_test(ascending_and_descending_stay_balanced),
        cmocka_unit_test(searches_of_the_whole_address_space),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
