/* Every value has a name of its own, and values that do not exist have one too. */

#include <string.h>

#include "host.h"

typedef const char *(*name_of)(unsigned value);

static const char *status_name(unsigned value)
{
    return quire_status_string((enum quire_status)value);
}

static const char *fault_name(unsigned value)
{
    return quire_fault_class_string((enum quire_fault_class)value);
}

static const char *event_name(unsigned value)
{
    return quire_event_string((enum quire_event)value);
}

static const char *memory_name(unsigned value)
{
    return quire_memory_type_string((enum quire_memory_type)value);
}

static const char *kind_name(unsigned value)
{
    return quire_frame_kind_string((enum quire_frame_kind)value);
}

static const char *zone_name(unsigned value)
{
    return quire_zone_string((enum quire_zone_id)value);
}

static void check_names(name_of name, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_string_not_equal(name(i), "unknown");
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(name(i), name(j));
    }
    assert_string_equal(name(count), "unknown");
    assert_string_equal(name(200), "unknown");
}

static void every_value_has_its_own_name(void **state)
{
    (void)state;
    check_names(status_name, QUIRE_STATUS_COUNT);
    check_names(fault_name, QUIRE_FAULT_CLASS_COUNT);
    check_names(event_name, QUIRE_EVENT_COUNT);
    check_names(memory_name, QUIRE_MEMORY_TYPE_COUNT);
    check_names(kind_name, QUIRE_FRAME_KIND_COUNT);
    check_names(zone_name, QUIRE_ZONE_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_has_its_own_name),
    };

    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
