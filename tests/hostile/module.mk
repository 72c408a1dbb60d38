# Random hostile programs, which the group hostile runs in the machine.

HOSTILE_SOURCES := $(sort $(wildcard tests/hostile/*.c))

.PHONY: test-hostile
test-hostile: $(BUILD)/tests/hostile$(GUEST_SUFFIX)/random_calls
tests: test-hostile

$(BUILD)/tests/hostile$(GUEST_SUFFIX)/random_calls: $(HOSTILE_SOURCES) $(wildcard tests/hostile/*.h) tests/boot/programs/holdings.h
	$(call say,CC,tests/hostile)
	@mkdir -p $(@D)
	$(Q)$(GUEST_GCC) -std=gnu11 -g -O1 $(WARNINGS) -static -no-pie $(HOSTILE_SOURCES) -o $@
